import Kubernetes

/// Role and ClusterRole, RoleBinding and ClusterRoleBinding: any path segment is a name there.
enum RBACKinds {
  static let role = KindRules(
    validateName: pathSegmentComplaints,
    applyDefaults: { object in if object["rules"] == nil { object["rules"] = .null } },
    validate: { object, _ in
      var errors: [FieldError] = []
      for (index, rule) in (object["rules"]?.arrayValue ?? []).enumerated() {
        if (rule["verbs"]?.arrayValue ?? []).isEmpty {
          errors.append(.required("rules[\(index)].verbs", "verbs must contain at least one value"))
        }
        guard (rule["nonResourceURLs"]?.arrayValue ?? []).isEmpty else { continue }
        if (rule["apiGroups"]?.arrayValue ?? []).isEmpty {
          errors.append(.required("rules[\(index)].apiGroups", "resource rules must supply at least one api group"))
        }
        if (rule["resources"]?.arrayValue ?? []).isEmpty {
          errors.append(.required("rules[\(index)].resources", "resource rules must supply at least one resource"))
        }
      }
      return errors
    })

  static let binding = KindRules(
    validateName: pathSegmentComplaints,
    applyDefaults: { object in
      let group: JSON = "rbac.authorization.k8s.io"
      if object["roleRef"] != nil, object[path: "roleRef", "apiGroup"]?.stringValue ?? "" == "" {
        object[path: "roleRef", "apiGroup"] = group
      }
      guard let subjects = object["subjects"]?.arrayValue else { return }
      object["subjects"] = .array(
        subjects.map { subject in
          var subject = subject
          if subject["apiGroup"] == nil, subject["kind"] == "User" || subject["kind"] == "Group" {
            subject["apiGroup"] = group
          }
          return subject
        })
    },
    validate: { object, old in
      var errors: [FieldError] = []
      let role = object["roleRef"]
      if role?["name"]?.stringValue ?? "" == "" { errors.append(.required("roleRef.name")) }
      let kinds = object.kind == "RoleBinding" ? ["ClusterRole", "Role"] : ["ClusterRole"]
      if let kind = role?["kind"]?.stringValue, !kinds.contains(kind) {
        errors.append(.notSupported("roleRef.kind", .string(kind), supported: kinds))
      }
      if let old, old["roleRef"] != role {
        errors.append(.invalid("roleRef", role ?? .null, "cannot change roleRef"))
      }
      return errors
    })

  @Sendable private static func pathSegmentComplaints(_ name: String) -> [String] {
    if name == "." || name == ".." { return ["may not be '\(name)'"] }
    return ["/", "%"].filter(name.contains).map { "may not contain '\($0)'" }
  }
}
