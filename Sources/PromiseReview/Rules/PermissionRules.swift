import KratixModel
import Kubernetes

/// What pipelines may do on the platform cluster, and whether it becomes more.
enum PermissionRules {
  /// One thing that a pipeline may do; `*` in a member covers any value of it.
  struct Permission: Hashable {
    /// Empty for the namespace of the workflow.
    var namespace: String
    var group: String
    var resource: String
    var verb: String
    /// Empty for every name.
    var name: String
    /// Of a path that is no resource; empty otherwise.
    var url: String

    func covers(_ other: Permission) -> Bool {
      func takes(_ own: String, _ wanted: String) -> Bool { own == wanted || own == "*" }
      return takes(namespace, other.namespace) && takes(group, other.group) && takes(verb, other.verb)
        && (takes(resource, other.resource))
        && (name.isEmpty || name == other.name)
        && (url == other.url || (url.hasSuffix("*") && other.url.hasPrefix(url.dropLast())))
    }

    var description: String {
      guard url.isEmpty else { return "\(verb) \(url)" }
      let qualified = group.isEmpty ? resource : "\(resource).\(group)"
      let place = namespace.isEmpty ? "" : namespace == "*" ? " in every namespace" : " in namespace \(namespace)"
      return "\(verb) \(qualified)\(name.isEmpty ? "" : "/\(name)")\(place)"
    }
  }

  static func findings(candidate: Promise, live: Promise) -> [Finding] {
    WorkflowType.allCases.flatMap { type in
      WorkflowAction.allCases.flatMap { findings(candidate: candidate, live: live, type, $0) }
    }
  }

  private static func findings(
    candidate: Promise, live: Promise, _ type: WorkflowType, _ action: WorkflowAction
  ) -> [Finding] {
    // A permission that moves from one pipeline of the workflow to another is no wider.
    let before = Set(live.pipelines(type, action).flatMap(permissions))
    let accountsBefore = Set(live.pipelines(type, action).compactMap(\.serviceAccount))
    var findings: [Finding] = []
    for (index, pipeline) in candidate.pipelines(type, action).enumerated() {
      let path = "spec.workflows.\(type.rawValue).\(action.rawValue)[\(index)].spec.rbac"
      let wider = Set(permissions(pipeline)).filter { permission in !before.contains { $0.covers(permission) } }
      if !wider.isEmpty {
        let names = wider.map(\.description).sorted()
        findings.append(
          Finding(
            .permissionsWidened, path: "\(path).permissions",
            message: "pipeline \"\(pipeline.name)\" may now \(NameList.text(names))", evidence: names))
      }
      if let account = pipeline.serviceAccount, !accountsBefore.contains(account) {
        findings.append(
          Finding(
            .permissionsWidened, path: "\(path).serviceAccount",
            message: "pipeline \"\(pipeline.name)\" runs as ServiceAccount \(account) now, with whatever that may do"))
      }
    }
    return findings
  }

  static func permissions(_ pipeline: Pipeline) -> [Permission] {
    pipeline.permissions.flatMap { json -> [Permission] in
      func texts(_ key: String, orElse fallback: [String]) -> [String] {
        let values = json[key]?.stringArrayValue ?? []
        return values.isEmpty ? fallback : values
      }
      let namespace = json["resourceNamespace"]?.stringValue ?? ""
      let verbs = texts("verbs", orElse: [])
      let urls = texts("nonResourceURLs", orElse: [])
      var permissions = urls.flatMap { url in
        verbs.map { Permission(namespace: "", group: "", resource: "", verb: $0, name: "", url: url) }
      }
      for group in texts("apiGroups", orElse: [""]) {
        for resource in texts("resources", orElse: []) {
          for verb in verbs {
            for name in texts("resourceNames", orElse: [""]) {
              permissions.append(
                Permission(
                  namespace: namespace, group: group, resource: resource, verb: verb, name: name, url: ""))
            }
          }
        }
      }
      return permissions
    }
  }
}
