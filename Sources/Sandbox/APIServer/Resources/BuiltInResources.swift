import Kubernetes

/// The resources that are there without a CustomResourceDefinition, as a real server's discovery describes them.
enum BuiltInResources {
  static let all: [ServedResource] =
    core + apps + batch + events + coordination + rbac + networking + policy + registration + reviews + scheduling

  private static let watchable = ServedResource.allVerbs

  private static func resource(
    _ group: String, _ version: String, _ plural: String, _ kind: String, namespaced: Bool = true,
    short: [String] = [], categories: [String] = [], verbs: [String] = watchable, status: Bool = false,
    scale: Bool = false
  ) -> ServedResource {
    ServedResource(
      type: ResourceType(group: group, version: version, plural: plural, kind: kind, isNamespaced: namespaced),
      singular: kind.lowercased(), shortNames: short, categories: categories, verbs: verbs, hasStatus: status,
      scale: scale
        ? ServedResource.ScalePaths(
          specReplicas: ".spec.replicas", statusReplicas: ".status.replicas", labelSelector: ".spec.selector") : nil)
  }

  private static let core: [ServedResource] = [
    resource("", "v1", "configmaps", "ConfigMap", short: ["cm"]),
    resource("", "v1", "events", "Event", short: ["ev"]),
    resource(
      "", "v1", "namespaces", "Namespace", namespaced: false, short: ["ns"],
      verbs: watchable.filter { $0 != "deletecollection" }, status: true),
    resource("", "v1", "nodes", "Node", namespaced: false, short: ["no"], status: true),
    resource("", "v1", "persistentvolumeclaims", "PersistentVolumeClaim", short: ["pvc"], status: true),
    resource("", "v1", "persistentvolumes", "PersistentVolume", namespaced: false, short: ["pv"], status: true),
    resource("", "v1", "pods", "Pod", short: ["po"], categories: ["all"], status: true),
    resource("", "v1", "secrets", "Secret"),
    resource("", "v1", "serviceaccounts", "ServiceAccount", short: ["sa"]),
    resource("", "v1", "services", "Service", short: ["svc"], categories: ["all"], status: true),
  ]

  private static let apps: [ServedResource] = [
    resource("apps", "v1", "daemonsets", "DaemonSet", short: ["ds"], categories: ["all"], status: true),
    resource(
      "apps", "v1", "deployments", "Deployment", short: ["deploy"], categories: ["all"], status: true, scale: true),
    resource("apps", "v1", "replicasets", "ReplicaSet", short: ["rs"], categories: ["all"], status: true, scale: true),
    resource(
      "apps", "v1", "statefulsets", "StatefulSet", short: ["sts"], categories: ["all"], status: true, scale: true),
  ]

  private static let batch: [ServedResource] = [
    resource("batch", "v1", "cronjobs", "CronJob", short: ["cj"], categories: ["all"], status: true),
    resource("batch", "v1", "jobs", "Job", categories: ["all"], status: true),
  ]

  private static let events: [ServedResource] = [
    resource("events.k8s.io", "v1", "events", "Event", short: ["ev"])
  ]

  private static let coordination: [ServedResource] = [resource("coordination.k8s.io", "v1", "leases", "Lease")]

  private static let rbac: [ServedResource] = [
    resource("rbac.authorization.k8s.io", "v1", "clusterrolebindings", "ClusterRoleBinding", namespaced: false),
    resource("rbac.authorization.k8s.io", "v1", "clusterroles", "ClusterRole", namespaced: false),
    resource("rbac.authorization.k8s.io", "v1", "rolebindings", "RoleBinding"),
    resource("rbac.authorization.k8s.io", "v1", "roles", "Role"),
  ]

  private static let networking: [ServedResource] = [
    resource("networking.k8s.io", "v1", "ingresses", "Ingress", short: ["ing"], status: true),
    resource("networking.k8s.io", "v1", "networkpolicies", "NetworkPolicy", short: ["netpol"]),
  ]

  private static let policy: [ServedResource] = [
    resource("policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget", short: ["pdb"], status: true)
  ]

  private static let registration: [ServedResource] = [
    resource(
      "admissionregistration.k8s.io", "v1", "mutatingwebhookconfigurations", "MutatingWebhookConfiguration",
      namespaced: false, categories: ["api-extensions"]),
    resource(
      "admissionregistration.k8s.io", "v1", "validatingwebhookconfigurations", "ValidatingWebhookConfiguration",
      namespaced: false, categories: ["api-extensions"]),
    resource(
      "apiextensions.k8s.io", "v1", "customresourcedefinitions", "CustomResourceDefinition", namespaced: false,
      short: ["crd", "crds"], categories: ["api-extensions"], status: true),
  ]

  private static let scheduling: [ServedResource] = [
    resource("scheduling.k8s.io", "v1", "priorityclasses", "PriorityClass", namespaced: false, short: ["pc"])
  ]

  /// Questions: created, answered, never stored.
  private static let reviews: [ServedResource] = [
    resource(
      "authentication.k8s.io", "v1", "selfsubjectreviews", "SelfSubjectReview", namespaced: false, verbs: ["create"]),
    resource("authentication.k8s.io", "v1", "tokenreviews", "TokenReview", namespaced: false, verbs: ["create"]),
    resource(
      "authorization.k8s.io", "v1", "localsubjectaccessreviews", "LocalSubjectAccessReview", verbs: ["create"]),
    resource(
      "authorization.k8s.io", "v1", "selfsubjectaccessreviews", "SelfSubjectAccessReview", namespaced: false,
      verbs: ["create"]),
    resource(
      "authorization.k8s.io", "v1", "selfsubjectrulesreviews", "SelfSubjectRulesReview", namespaced: false,
      verbs: ["create"]),
    resource(
      "authorization.k8s.io", "v1", "subjectaccessreviews", "SubjectAccessReview", namespaced: false, verbs: ["create"]),
  ]
}

extension ServedResource {
  /// A question that is answered and never stored, such as SelfSubjectAccessReview.
  var isReview: Bool { verbs == ["create"] }
}
