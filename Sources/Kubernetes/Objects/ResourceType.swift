/// A group, a version and a kind, as `apiVersion` and `kind` of an object name them.
public struct GroupVersionKind: Sendable, Hashable, CustomStringConvertible {
  /// Empty for the core group.
  public var group: String
  public var version: String
  public var kind: String

  public init(group: String, version: String, kind: String) {
    self.group = group
    self.version = version
    self.kind = kind
  }

  /// From `apps/v1` or `v1`.
  public init(apiVersion: String, kind: String) {
    let parts = apiVersion.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
    if parts.count == 2 {
      self.init(group: String(parts[0]), version: String(parts[1]), kind: kind)
    } else {
      self.init(group: "", version: apiVersion, kind: kind)
    }
  }

  public var apiVersion: String { group.isEmpty ? version : "\(group)/\(version)" }
  public var description: String { "\(apiVersion), Kind=\(kind)" }
}

/// A resource as the API serves it: what a client needs to make a path, and an object of the kind.
public struct ResourceType: Sendable, Hashable {
  public var group: String
  public var version: String
  /// The plural, lower-case name in paths: `promises`.
  public var plural: String
  public var kind: String
  public var isNamespaced: Bool

  public init(group: String, version: String, plural: String, kind: String, isNamespaced: Bool) {
    self.group = group
    self.version = version
    self.plural = plural
    self.kind = kind
    self.isNamespaced = isNamespaced
  }

  public var apiVersion: String { group.isEmpty ? version : "\(group)/\(version)" }
  public var groupVersionKind: GroupVersionKind { GroupVersionKind(group: group, version: version, kind: kind) }
  /// `promises.platform.kratix.io`, or `pods` for the core group: how kubectl and error messages name a resource.
  public var qualifiedResource: String { group.isEmpty ? plural : "\(plural).\(group)" }

  /// `/apis/GROUP/VERSION[/namespaces/NS]/PLURAL[/NAME[/SUBRESOURCE]]`.
  public func path(namespace: String? = nil, name: String? = nil, subresource: String? = nil) -> String {
    var path = group.isEmpty ? "/api/\(version)" : "/apis/\(group)/\(version)"
    if isNamespaced, let namespace { path += "/namespaces/\(namespace)" }
    path += "/\(plural)"
    if let name { path += "/\(name)" }
    if let subresource { path += "/\(subresource)" }
    return path
  }
}

/// The built-in kinds that this project speaks of.
extension ResourceType {
  public static let namespaces = core("namespaces", "Namespace", isNamespaced: false)
  public static let pods = core("pods", "Pod")
  public static let configMaps = core("configmaps", "ConfigMap")
  public static let secrets = core("secrets", "Secret")
  public static let serviceAccounts = core("serviceaccounts", "ServiceAccount")
  public static let services = core("services", "Service")
  public static let events = ResourceType(
    group: "events.k8s.io", version: "v1", plural: "events", kind: "Event", isNamespaced: true)
  public static let deployments = ResourceType(
    group: "apps", version: "v1", plural: "deployments", kind: "Deployment", isNamespaced: true)
  public static let jobs = ResourceType(
    group: "batch", version: "v1", plural: "jobs", kind: "Job", isNamespaced: true)
  public static let leases = ResourceType(
    group: "coordination.k8s.io", version: "v1", plural: "leases", kind: "Lease", isNamespaced: true)
  public static let roles = rbac("roles", "Role", isNamespaced: true)
  public static let roleBindings = rbac("rolebindings", "RoleBinding", isNamespaced: true)
  public static let clusterRoles = rbac("clusterroles", "ClusterRole", isNamespaced: false)
  public static let clusterRoleBindings = rbac("clusterrolebindings", "ClusterRoleBinding", isNamespaced: false)
  public static let customResourceDefinitions = ResourceType(
    group: "apiextensions.k8s.io", version: "v1", plural: "customresourcedefinitions",
    kind: "CustomResourceDefinition", isNamespaced: false)
  public static let validatingWebhookConfigurations = ResourceType(
    group: "admissionregistration.k8s.io", version: "v1", plural: "validatingwebhookconfigurations",
    kind: "ValidatingWebhookConfiguration", isNamespaced: false)
  public static let mutatingWebhookConfigurations = ResourceType(
    group: "admissionregistration.k8s.io", version: "v1", plural: "mutatingwebhookconfigurations",
    kind: "MutatingWebhookConfiguration", isNamespaced: false)

  private static func core(_ plural: String, _ kind: String, isNamespaced: Bool = true) -> ResourceType {
    ResourceType(group: "", version: "v1", plural: plural, kind: kind, isNamespaced: isNamespaced)
  }

  private static func rbac(_ plural: String, _ kind: String, isNamespaced: Bool) -> ResourceType {
    ResourceType(
      group: "rbac.authorization.k8s.io", version: "v1", plural: plural, kind: kind, isNamespaced: isNamespaced)
  }
}
