import Kubernetes

/// Decides by Roles, ClusterRoles and their bindings what a user may do.
public struct RBACEvaluator: Sendable {
  /// What somebody wants to do.
  public struct Attributes: Sendable, Hashable {
    public var verb: String
    /// Empty for the whole cluster.
    public var namespace: String
    public var group: String
    /// The plural; empty for a path that is no resource.
    public var resource: String
    public var subresource: String
    public var name: String
    /// `/healthz`, when `resource` is empty.
    public var path: String

    public init(
      verb: String, namespace: String = "", group: String = "", resource: String = "", subresource: String = "",
      name: String = "", path: String = ""
    ) {
      self.verb = verb
      self.namespace = namespace
      self.group = group
      self.resource = resource
      self.subresource = subresource
      self.name = name
      self.path = path
    }

    public var isResource: Bool { !resource.isEmpty }
  }

  public struct Decision: Sendable, Hashable {
    public var isAllowed: Bool
    /// Why, in the server's words; empty where there is nothing to say.
    public var reason: String

    public init(isAllowed: Bool, reason: String = "") {
      self.isAllowed = isAllowed
      self.reason = reason
    }
  }

  /// One rule that applies to a user, and what gives it.
  struct Grant: Sendable {
    var rule: JSON
    var reason: String
  }

  private let roles: [String: KubernetesObject]
  private let clusterRoles: [String: KubernetesObject]
  private let bindings: [KubernetesObject]
  private let clusterBindings: [KubernetesObject]

  /// - Parameter objects: Roles, ClusterRoles, RoleBindings and ClusterRoleBindings; others are passed over.
  public init(_ objects: [KubernetesObject]) {
    func named(_ kind: String) -> [String: KubernetesObject] {
      Dictionary(
        objects.filter { $0.kind == kind }.map { ($0.qualifiedName, $0) }, uniquingKeysWith: { first, _ in first })
    }
    roles = named("Role")
    clusterRoles = named("ClusterRole")
    bindings = objects.filter { $0.kind == "RoleBinding" }
    clusterBindings = objects.filter { $0.kind == "ClusterRoleBinding" }
  }

  /// Administrators may do everything; everybody else what a rule that is bound to them allows.
  public func decide(_ user: UserInfo, _ attributes: Attributes) -> Decision {
    if user.groups.contains("system:masters") { return Decision(isAllowed: true) }
    for grant in grants(for: user, namespace: attributes.namespace) where Self.allows(grant.rule, attributes) {
      return Decision(isAllowed: true, reason: grant.reason)
    }
    return Decision(isAllowed: false)
  }

  /// The refusal of a server that enforces this.
  public static func forbidden(_ user: UserInfo, _ attributes: Attributes) -> StatusError {
    let name = user.name.isEmpty ? "system:anonymous" : user.name
    guard attributes.isResource else {
      return StatusError(
        code: 403, reason: .forbidden,
        message: "forbidden: User \"\(name)\" cannot \(attributes.verb) path \"\(attributes.path)\"")
    }
    let resource = attributes.resource + (attributes.subresource.isEmpty ? "" : "/\(attributes.subresource)")
    let scope = attributes.namespace.isEmpty ? "at the cluster scope" : "in the namespace \"\(attributes.namespace)\""
    let qualified = attributes.group.isEmpty ? attributes.resource : "\(attributes.resource).\(attributes.group)"
    let subject = attributes.name.isEmpty ? qualified : "\(qualified) \"\(attributes.name)\""
    return StatusError(
      code: 403, reason: .forbidden,
      message: "\(subject) is forbidden: User \"\(name)\" cannot \(attributes.verb) resource \"\(resource)\" "
        + "in API group \"\(attributes.group)\" \(scope)", name: attributes.name, group: attributes.group,
      kind: attributes.resource)
  }

  // MARK: Grants

  /// Every rule that applies to a user in a namespace, or in the cluster when the namespace is empty.
  func grants(for user: UserInfo, namespace: String) -> [Grant] {
    var grants: [Grant] = []
    if user.groups.contains("system:authenticated") {
      grants += Self.everybody.map { Grant(rule: $0, reason: "") }
    }
    for binding in clusterBindings {
      grants += self.grants(by: binding, user: user, kind: "ClusterRoleBinding", namespace: "")
    }
    if !namespace.isEmpty {
      for binding in bindings where binding.namespace == namespace {
        grants += self.grants(by: binding, user: user, kind: "RoleBinding", namespace: namespace)
      }
    }
    return grants
  }

  private func grants(
    by binding: KubernetesObject, user: UserInfo, kind: String, namespace: String
  ) -> [Grant] {
    let subject = (binding["subjects"]?.arrayValue ?? []).first {
      Self.applies($0, to: user, namespace: namespace)
    }
    guard let subject else { return [] }
    let role = binding[path: "roleRef", "name"]?.stringValue ?? ""
    let roleKind = binding[path: "roleRef", "kind"]?.stringValue ?? ""
    let reason =
      "RBAC: allowed by \(kind) \"\(binding.qualifiedName)\" of \(roleKind) \"\(role)\" to \(Self.text(of: subject))"
    return rules(ofRole: role, kind: roleKind, namespace: namespace).map { Grant(rule: $0, reason: reason) }
  }

  private func rules(ofRole name: String, kind: String, namespace: String) -> [JSON] {
    if kind == "Role" { return roles["\(namespace)/\(name)"]?["rules"]?.arrayValue ?? [] }
    guard let role = clusterRoles[name] else { return name == "cluster-admin" ? Self.everything : [] }
    var rules = role["rules"]?.arrayValue ?? []
    for selector in role[path: "aggregationRule", "clusterRoleSelectors"]?.arrayValue ?? [] {
      guard let selector = try? LabelSelector(json: selector) else { continue }
      for other in clusterRoles.values.sorted(by: { $0.name < $1.name }) where other.name != name {
        if selector.matches(other.labels) { rules += other["rules"]?.arrayValue ?? [] }
      }
    }
    return rules
  }

  private static func applies(_ subject: JSON, to user: UserInfo, namespace: String) -> Bool {
    let name = subject["name"]?.stringValue ?? ""
    switch subject["kind"]?.stringValue {
    case "User": return name == user.name
    case "Group": return user.groups.contains(name)
    case "ServiceAccount":
      let own = subject["namespace"]?.stringValue.flatMap { $0.isEmpty ? nil : $0 } ?? namespace
      return user.name == "system:serviceaccount:\(own):\(name)"
    default: return false
    }
  }

  private static func text(of subject: JSON) -> String {
    let kind = subject["kind"]?.stringValue ?? ""
    let name = subject["name"]?.stringValue ?? ""
    return kind == "ServiceAccount"
      ? "\(kind) \"\(name)/\(subject["namespace"]?.stringValue ?? "")\"" : "\(kind) \"\(name)\""
  }

  // MARK: Rules

  static let everything: [JSON] = [
    ["verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]], ["verbs": ["*"], "nonResourceURLs": ["*"]],
  ]

  /// What `system:basic-user`, `system:discovery` and `system:public-info-viewer` give to whoever is authenticated.
  private static let everybody: [JSON] = [
    [
      "verbs": ["create"], "apiGroups": ["authorization.k8s.io"],
      "resources": ["selfsubjectaccessreviews", "selfsubjectrulesreviews"],
    ],
    ["verbs": ["create"], "apiGroups": ["authentication.k8s.io"], "resources": ["selfsubjectreviews"]],
    [
      "verbs": ["get"],
      "nonResourceURLs": [
        "/api", "/api/*", "/apis", "/apis/*", "/healthz", "/livez", "/openapi", "/openapi/*", "/readyz", "/version",
        "/version/",
      ],
    ],
  ]

  private static func allows(_ rule: JSON, _ attributes: Attributes) -> Bool {
    func list(_ key: String) -> [String] { rule[key]?.stringArrayValue ?? [] }
    func names(_ key: String, _ value: String) -> Bool {
      let list = list(key)
      return list.contains("*") || list.contains(value)
    }
    guard names("verbs", attributes.verb) else { return false }
    guard attributes.isResource else {
      return list("nonResourceURLs").contains { pattern in
        pattern == "*" || pattern == attributes.path
          || pattern.hasSuffix("*") && attributes.path.hasPrefix(pattern.dropLast())
      }
    }
    guard names("apiGroups", attributes.group) else { return false }
    let isResourceNamed = list("resources").contains { entry in
      if entry == "*" { return true }
      if attributes.subresource.isEmpty { return entry == attributes.resource }
      return entry == "\(attributes.resource)/\(attributes.subresource)" || entry == "*/\(attributes.subresource)"
    }
    guard isResourceNamed else { return false }
    let resourceNames = list("resourceNames")
    return resourceNames.isEmpty || resourceNames.contains(attributes.name)
  }
}
