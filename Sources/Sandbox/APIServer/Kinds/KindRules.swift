import Kubernetes

/// What a real server does for one built-in kind beyond storing it. Each rule is a function of the object alone, so that
/// it can be tested without a server.
struct KindRules: Sendable {
  /// The complaints about a name; nothing for a good one.
  var validateName: @Sendable (String) -> [String] = NameRules.dns1123Subdomain
  /// Whether the kind counts generations: 1 at creation, one more with each change of `generationFields`.
  var generationFields: [String] = []
  /// The defaults that reads show, set on every write.
  var applyDefaults: @Sendable (inout KubernetesObject) -> Void = { _ in }
  /// What the server fills in once: called after uid and creationTimestamp are set, status already reset.
  var prepareForCreate: @Sendable (inout KubernetesObject) -> Void = { _ in }
  /// What an update may not change without being an error: taken from the old object.
  var prepareForUpdate: @Sendable (inout KubernetesObject, _ old: KubernetesObject) -> Void = { _, _ in }
  var validate: @Sendable (KubernetesObject, _ old: KubernetesObject?) -> [FieldError] = { _, _ in [] }
  /// Beside metadata.name and metadata.namespace.
  var selectableFields: [String] = []
  var selectableValue: @Sendable (KubernetesObject, String) -> String? = { object, path in
    object.json.value(at: path.split(separator: ".").map(String.init)[...]).map(\.selectorText) ?? ""
  }
  /// The status of a new object; nil where the kind has none.
  var initialStatus: JSON?
  /// DELETE answers with the object instead of a Status.
  var returnsDeletedObject = false
  /// PUT creates what is not there.
  var createsOnUpdate = false

  static func forBuiltIn(_ type: ResourceType) -> KindRules { byCollection[type.qualifiedResource] ?? KindRules() }

  private static let byCollection: [String: KindRules] = [
    "namespaces": CoreKinds.namespace,
    "configmaps": CoreKinds.configMap,
    "secrets": CoreKinds.secret,
    "serviceaccounts": CoreKinds.serviceAccount,
    "services": CoreKinds.service,
    "nodes": KindRules(selectableFields: ["spec.unschedulable"], initialStatus: .emptyObject),
    "persistentvolumeclaims": CoreKinds.persistentVolumeClaim,
    "persistentvolumes": KindRules(initialStatus: ["phase": "Pending"]),
    "events": CoreKinds.event,
    "events.events.k8s.io": CoreKinds.newEvent,
    "pods": PodKind.rules,
    "jobs.batch": JobKind.rules,
    "cronjobs.batch": WorkloadKinds.cronJob,
    "deployments.apps": WorkloadKinds.deployment,
    "replicasets.apps": WorkloadKinds.replicaSet,
    "statefulsets.apps": WorkloadKinds.statefulSet,
    "daemonsets.apps": WorkloadKinds.daemonSet,
    "leases.coordination.k8s.io": KindRules(createsOnUpdate: true),
    "ingresses.networking.k8s.io": KindRules(
      generationFields: ["spec"], initialStatus: ["loadBalancer": .emptyObject]),
    "networkpolicies.networking.k8s.io": KindRules(generationFields: ["spec"]),
    "poddisruptionbudgets.policy": KindRules(generationFields: ["spec"], initialStatus: .emptyObject),
    "roles.rbac.authorization.k8s.io": RBACKinds.role,
    "clusterroles.rbac.authorization.k8s.io": RBACKinds.role,
    "rolebindings.rbac.authorization.k8s.io": RBACKinds.binding,
    "clusterrolebindings.rbac.authorization.k8s.io": RBACKinds.binding,
    "customresourcedefinitions.apiextensions.k8s.io": DefinitionKind.rules,
    "validatingwebhookconfigurations.admissionregistration.k8s.io": WebhookKinds.validating,
    "mutatingwebhookconfigurations.admissionregistration.k8s.io": WebhookKinds.mutating,
    "priorityclasses.scheduling.k8s.io": WorkloadKinds.priorityClass,
  ]
}
