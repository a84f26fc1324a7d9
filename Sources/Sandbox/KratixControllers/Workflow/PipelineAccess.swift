import KratixModel
import Kubernetes

/// The ServiceAccount of a pipeline and what it may do (contract, sections 3.2 and 5.4).
struct PipelineAccess: Sendable {
  var promise: Promise
  var pipeline: Pipeline
  var type: WorkflowType
  var action: WorkflowAction
  /// Where the Job runs.
  var namespace: String
  /// nil for the Promise's own workflow.
  var resourceNamespace: String?

  private static let group = "rbac.authorization.k8s.io"
  private static let everyNamespaceLabel = "kratix_all_namespaces"
  private static let everyNamespaceName = "kratix-all-namespaces"

  var id: String {
    KratixNames.pipelineID(promise: promise.name, type: type, action: action, pipeline: pipeline.name)
  }

  private var labels: [String: String] { [KratixLabels.promiseName: promise.name] }

  var permissionLabels: [String: String] {
    [
      KratixLabels.promiseName: promise.name, KratixLabels.pipelineName: pipeline.name,
      KratixLabels.pipelineNamespace: namespace, KratixLabels.workflowType: type.rawValue,
      KratixLabels.workflowAction: action.rawValue,
    ]
  }

  var serviceAccount: KubernetesObject {
    var account = KubernetesObject(
      apiVersion: "v1", kind: "ServiceAccount", name: pipeline.serviceAccount ?? id, namespace: namespace)
    account.labels = labels
    return account
  }

  /// Roles, RoleBindings, ClusterRoles, ClusterRoleBindings.
  var objects: [ManagedObject] {
    let roles = self.roles
    let clusterRoles = self.clusterRoles
    return roles.map { ManagedObject(.roles, $0) }
      + roleBindings(roles, clusterRoles).map { ManagedObject(.roleBindings, $0) }
      + clusterRoles.map { ManagedObject(.clusterRoles, $0) }
      + clusterRoleBindings(clusterRoles).map { ManagedObject(.clusterRoleBindings, $0) }
  }

  private static let verbs = JSON(["get", "list", "update", "create", "patch"])

  private var resourceRule: JSON {
    let plural = promise.api?.plural ?? ""
    return [
      "apiGroups": [.string(promise.api?.group ?? "")], "resources": [.string(plural), .string("\(plural)/status")],
      "verbs": Self.verbs,
    ]
  }

  private func role(_ kind: String, _ name: String, _ labels: [String: String], _ rules: [JSON]) -> KubernetesObject {
    var role = KubernetesObject(
      apiVersion: "\(Self.group)/v1", kind: kind, name: name, namespace: kind == "Role" ? namespace : nil)
    role.labels = labels
    role["rules"] = .array(rules)
    return role
  }

  private var roles: [KubernetesObject] {
    var roles: [KubernetesObject] = []
    if type == .resource {
      let works: JSON = ["apiGroups": [.string(ResourceType.kratixGroup)], "resources": ["works"], "verbs": ["*"]]
      roles.append(role("Role", id, labels, [resourceRule, works]))
    }
    let own = permissions[""] ?? []
    if !own.isEmpty {
      roles.append(role("Role", KratixNames.deterministic(id), permissionLabels, own))
    }
    return roles
  }

  private var clusterRoles: [KubernetesObject] {
    var roles: [KubernetesObject] = []
    if type == .promise {
      let rule: JSON = [
        "apiGroups": [.string(ResourceType.kratixGroup)], "resources": ["promises", "promises/status", "works"],
        "verbs": Self.verbs,
      ]
      roles.append(role("ClusterRole", id, labels, [rule]))
    } else if let resourceNamespace, namespace != resourceNamespace {
      roles.append(role("ClusterRole", "\(id)-\(resourceNamespace)", labels, [resourceRule]))
    }
    for (target, rules) in permissions.sorted(by: { $0.key < $1.key }) where !target.isEmpty {
      var labels = permissionLabels
      labels[KratixLabels.resourceNamespace] = target == "*" ? Self.everyNamespaceLabel : target
      let suffix = target == "*" ? Self.everyNamespaceName : target
      roles.append(role("ClusterRole", KratixNames.deterministic("\(id)-\(suffix)"), labels, rules))
    }
    return roles
  }

  /// The author's rules by the namespace that they are for: empty is the Job's own, `*` is every one.
  private var permissions: [String: [JSON]] {
    var byNamespace: [String: [JSON]] = [:]
    for permission in pipeline.permissions {
      var rule = permission
      rule["resourceNamespace"] = nil
      byNamespace[permission["resourceNamespace"]?.stringValue ?? "", default: []].append(rule)
    }
    return byNamespace
  }

  private func binding(
    _ kind: String, _ name: String, namespace target: String?, _ labels: [String: String], to roleKind: String,
    _ roleName: String
  ) -> KubernetesObject {
    var binding = KubernetesObject(apiVersion: "\(Self.group)/v1", kind: kind, name: name, namespace: target)
    binding.labels = labels
    binding["roleRef"] = [
      "apiGroup": .string(Self.group), "kind": .string(roleKind), "name": .string(roleName),
    ]
    binding["subjects"] = [
      [
        "kind": "ServiceAccount", "name": .string(serviceAccount.name), "namespace": .string(namespace),
      ]
    ]
    return binding
  }

  private func roleBindings(_ roles: [KubernetesObject], _ clusterRoles: [KubernetesObject]) -> [KubernetesObject] {
    roles.map { binding("RoleBinding", $0.name, namespace: namespace, $0.labels, to: "Role", $0.name) }
      + clusterRoles.compactMap { role in
        guard let target = role.labels[KratixLabels.resourceNamespace], target != Self.everyNamespaceLabel else {
          return nil
        }
        return binding(
          "RoleBinding", KratixNames.deterministic("\(id)-\(namespace)"), namespace: target, role.labels,
          to: "ClusterRole", role.name)
      }
  }

  private func clusterRoleBindings(_ clusterRoles: [KubernetesObject]) -> [KubernetesObject] {
    clusterRoles.compactMap { role in
      switch role.labels[KratixLabels.resourceNamespace] {
      case nil:
        binding("ClusterRoleBinding", role.name, namespace: nil, labels, to: "ClusterRole", role.name)
      case Self.everyNamespaceLabel:
        binding(
          "ClusterRoleBinding", KratixNames.deterministic("\(id)-\(namespace)"), namespace: nil, permissionLabels,
          to: "ClusterRole", role.name)
      default: nil
      }
    }
  }
}
