import Kubernetes

/// What every cluster has from its first moment.
struct Bootstrap: Sendable {
  let pipeline: RequestPipeline
  private let user = UserInfo(name: "system:apiserver", groups: ["system:masters"])

  init(pipeline: RequestPipeline) { self.pipeline = pipeline }

  func run() async throws {
    for name in ["kube-system", "default", "kube-public", "kube-node-lease"] {
      try await create(.namespaces, KubernetesObject(apiVersion: "v1", kind: "Namespace", name: name))
      try await NamespaceController(pipeline: pipeline).fill(name)
    }
    var service = KubernetesObject(apiVersion: "v1", kind: "Service", name: "kubernetes", namespace: "default")
    service.labels = ["component": "apiserver", "provider": "kubernetes"]
    service.spec = [
      "clusterIP": "10.96.0.1", "ports": [["name": "https", "port": 443, "targetPort": 6443, "protocol": "TCP"]],
    ]
    try await create(.services, service)
    for (name, rules) in Self.clusterRoles {
      var role = KubernetesObject(apiVersion: "rbac.authorization.k8s.io/v1", kind: "ClusterRole", name: name)
      role.labels = ["kubernetes.io/bootstrapping": "rbac-defaults"]
      role.annotations = ["rbac.authorization.kubernetes.io/autoupdate": "true"]
      role["rules"] = rules
      try await create(.clusterRoles, role)
    }
    var binding = KubernetesObject(
      apiVersion: "rbac.authorization.k8s.io/v1", kind: "ClusterRoleBinding", name: "cluster-admin")
    binding.labels = ["kubernetes.io/bootstrapping": "rbac-defaults"]
    binding.annotations = ["rbac.authorization.kubernetes.io/autoupdate": "true"]
    binding["roleRef"] = ["apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"]
    binding["subjects"] = [["apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "system:masters"]]
    try await create(.clusterRoleBindings, binding)
  }

  private static let clusterRoles: [(String, JSON)] = [
    (
      "cluster-admin",
      [
        ["apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]],
        ["nonResourceURLs": ["*"], "verbs": ["*"]],
      ]
    ),
    (
      "view",
      [
        [
          "apiGroups": ["", "apps", "batch", "networking.k8s.io", "policy"], "resources": ["*"],
          "verbs": ["get", "list", "watch"],
        ]
      ]
    ),
  ]

  private func create(_ type: ResourceType, _ object: KubernetesObject) async throws {
    guard let kind = pipeline.registry.kind(type),
      pipeline.store.get(kind.id(namespace: object.namespace, name: object.name)) == nil
    else { return }
    _ = try await pipeline.create(
      RequestTarget(kind: kind, namespace: object.namespace, user: user), DecodedBody(object: object),
      options: WriteOptions(fieldManager: "kube-apiserver"))
  }
}
