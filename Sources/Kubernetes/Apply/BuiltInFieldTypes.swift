// The types of built-in kinds, as Kubernetes' OpenAPI has them. Only what is not plain is listed: lists that are merged
// by keys, sets, maps, and objects that are owned as a whole.
extension FieldType {
  static let metadata = record([
    "labels": .labels, "annotations": .labels, "finalizers": .set, "managedFields": .leaf,
    "ownerReferences": .map("uid", of: .leaf),
  ])

  private static let conditions = map("type")
  private static let status = record(["conditions": .conditions])

  private static let container = record([
    "ports": .map("containerPort", "protocol", defaults: ["protocol": "TCP"]),
    "env": .map(
      "name",
      of: .record([
        "valueFrom": .record([
          "configMapKeyRef": .leaf, "secretKeyRef": .leaf, "fieldRef": .leaf, "resourceFieldRef": .leaf,
          "fileKeyRef": .leaf,
        ])
      ])),
    "volumeMounts": .map("mountPath"), "volumeDevices": .map("devicePath"),
    "resources": .record(["limits": .labels, "requests": .labels, "claims": .map("name")]),
  ])

  private static let podSpec = record([
    "containers": .map("name", of: container), "initContainers": .map("name", of: container),
    "ephemeralContainers": .map("name", of: container),
    "volumes": .map(
      "name",
      of: .record([
        "csi": .record(["volumeAttributes": .labels, "nodePublishSecretRef": .leaf]),
        "flexVolume": .record(["options": .labels, "secretRef": .leaf]),
        "ephemeral": .record([
          "volumeClaimTemplate": .record(["metadata": metadata, "spec": volumeClaim])
        ]),
      ])),
    "imagePullSecrets": .map("name", of: .leaf), "hostAliases": .map("ip"), "nodeSelector": .leaf,
    "topologySpreadConstraints": .map(
      "topologyKey", "whenUnsatisfiable", of: .record(["labelSelector": .leaf])),
    "schedulingGates": .map("name"), "resourceClaims": .map("name"), "overhead": .labels,
    "resources": .record(["limits": .labels, "requests": .labels, "claims": .map("name")]),
    "affinity": .record(["nodeAffinity": .record(["requiredDuringSchedulingIgnoredDuringExecution": .leaf])]),
  ])

  private static let volumeClaim = record([
    "resources": .record(["limits": .labels, "requests": .labels]), "selector": .leaf, "dataSource": .leaf,
  ])

  private static let template = record(["metadata": metadata, "spec": podSpec])
  private static let workload = record([
    "spec": .record(["selector": .leaf, "template": template]), "status": status, "metadata": metadata,
  ])
  private static let jobSpec = record(["selector": .leaf, "template": template])
  private static let webhooks = record([
    "metadata": metadata,
    "webhooks": .map(
      "name",
      of: .record(["namespaceSelector": .leaf, "objectSelector": .leaf, "matchConditions": .map("name")])),
  ])
  private static let roleBinding = record(["metadata": metadata, "roleRef": .leaf])
  private static let event = record([
    "metadata": metadata, "involvedObject": .leaf, "regarding": .leaf, "related": .leaf,
  ])

  private static let kinds: [String: FieldType] = [
    "Pod": record([
      "metadata": metadata, "spec": podSpec,
      "status": .record([
        "conditions": conditions, "podIPs": .map("ip"), "hostIPs": .replaced(mergedBy: "ip"),
        "resourceClaimStatuses": .map("name"),
      ]),
    ]),
    "PodTemplate": record(["metadata": metadata, "template": template]),
    "ReplicationController": record([
      "metadata": metadata, "spec": .record(["selector": .leaf, "template": template]), "status": status,
    ]),
    "Service": record([
      "metadata": metadata,
      "spec": .record([
        "ports": .map("port", "protocol", defaults: ["protocol": "TCP"]), "selector": .leaf,
      ]),
      "status": status,
    ]),
    "ConfigMap": record(["metadata": metadata, "data": .labels, "binaryData": .labels]),
    "Secret": record(["metadata": metadata, "data": .labels, "stringData": .labels]),
    "ServiceAccount": record(["metadata": metadata, "secrets": .map("name", of: .leaf)]),
    "Namespace": record(["metadata": metadata, "status": status]),
    "Event": event,
    "PersistentVolumeClaim": record([
      "metadata": metadata, "spec": volumeClaim,
      "status": .record(["conditions": conditions, "capacity": .labels, "allocatedResources": .labels]),
    ]),
    "PersistentVolume": record(["metadata": metadata, "spec": .record(["capacity": .labels])]),
    "Node": record([
      "metadata": metadata,
      "spec": .record(["podCIDRs": .set]),
      "status": .record([
        "conditions": conditions, "addresses": .map("type"), "capacity": .labels, "allocatable": .labels,
      ]),
    ]),
    "ResourceQuota": record([
      "metadata": metadata, "spec": .record(["hard": .labels, "scopeSelector": .leaf]),
      "status": .record(["hard": .labels, "used": .labels]),
    ]),
    "Deployment.apps": workload, "ReplicaSet.apps": workload, "StatefulSet.apps": workload, "DaemonSet.apps": workload,
    "Job.batch": record([
      "metadata": metadata, "spec": jobSpec,
      "status": .record([
        "conditions": .replaced(mergedBy: "type"),
        "uncountedTerminatedPods": .record(["succeeded": .set, "failed": .set]),
      ]),
    ]),
    "CronJob.batch": record([
      "metadata": metadata, "spec": .record(["jobTemplate": .record(["metadata": metadata, "spec": jobSpec])]),
    ]),
    "Event.events.k8s.io": event,
    "ClusterRole.rbac.authorization.k8s.io": record(["metadata": metadata]),
    "Role.rbac.authorization.k8s.io": record(["metadata": metadata]),
    "ClusterRoleBinding.rbac.authorization.k8s.io": roleBinding,
    "RoleBinding.rbac.authorization.k8s.io": roleBinding,
    "CustomResourceDefinition.apiextensions.k8s.io": record(["metadata": metadata, "status": status]),
    "ValidatingWebhookConfiguration.admissionregistration.k8s.io": webhooks,
    "MutatingWebhookConfiguration.admissionregistration.k8s.io": webhooks,
    "StorageClass.storage.k8s.io": record(["metadata": metadata, "parameters": .labels]),
    "NetworkPolicy.networking.k8s.io": record(["metadata": metadata, "spec": .record(["podSelector": .leaf])]),
    "PodDisruptionBudget.policy": record([
      "metadata": metadata, "spec": .record(["selector": .leaf]),
      "status": .record(["conditions": conditions, "disruptedPods": .labels]),
    ]),
    "APIService.apiregistration.k8s.io": record(["metadata": metadata, "status": status]),
  ]

  /// The groups of Kubernetes itself, whose kinds without exceptions are plain.
  private static func isBuiltIn(_ group: String) -> Bool {
    ["", "apps", "batch", "autoscaling", "policy"].contains(group)
      || (group.hasSuffix(".k8s.io") && group.split(separator: ".").count == 3)
  }

  static func builtIn(_ kind: GroupVersionKind) -> FieldType? {
    kinds[kind.group.isEmpty ? kind.kind : "\(kind.kind).\(kind.group)"]
      ?? (isBuiltIn(kind.group) ? record(["metadata": metadata]) : nil)
  }
}
