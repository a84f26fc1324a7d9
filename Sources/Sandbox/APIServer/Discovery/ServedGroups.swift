import Kubernetes

/// What is served, arranged as discovery shows it: groups in the order of a real server, each group's versions by
/// priority, each version's resources by name.
struct ServedGroups {
  struct Group {
    var name: String
    /// The preferred one first.
    var versions: [Version]
  }

  struct Version {
    var group: String
    var name: String
    var resources: [ServedResource]

    var groupVersion: String { group.isEmpty ? name : "\(group)/\(name)" }
  }

  var groups: [Group]

  init(_ resources: [ServedResource]) {
    let byGroup = Dictionary(grouping: resources, by: \.type.group)
    groups = byGroup.map { name, members in
      let byVersion = Dictionary(grouping: members, by: \.type.version)
      let versions = byVersion.map { version, members in
        Version(group: name, name: version, resources: members.sorted { $0.type.plural < $1.type.plural })
      }
      return Group(name: name, versions: versions.sorted { VersionPriority($0.name) < VersionPriority($1.name) })
    }
    groups.sort { (Self.rank($0.name), $0.name) < (Self.rank($1.name), $1.name) }
  }

  func group(_ name: String) -> Group? { groups.first { $0.name == name } }

  func version(_ version: String, of group: String) -> Version? {
    self.group(group)?.versions.first { $0.name == version }
  }

  /// The priorities that kube-aggregator gives to the groups that are built in; others come after them, by name.
  private static let order = [
    "", "apps", "events.k8s.io", "authentication.k8s.io", "authorization.k8s.io", "autoscaling", "batch",
    "certificates.k8s.io", "networking.k8s.io", "policy", "rbac.authorization.k8s.io", "storage.k8s.io",
    "admissionregistration.k8s.io", "apiextensions.k8s.io", "scheduling.k8s.io", "coordination.k8s.io",
  ]

  private static func rank(_ group: String) -> Int { order.firstIndex(of: group) ?? order.count }
}

/// A part of a resource with a path of its own: `status`, `scale`, `log`.
struct ServedSubresource {
  var name: String
  var kind: GroupVersionKind
  var verbs: [String]
}

extension ServedResource {
  /// The verbs in the order that a real server lists them in: sorted, but for custom resources.
  var discoveryVerbs: [String] { isCustom ? verbs : verbs.sorted() }

  /// In the order of their names.
  var subresources: [ServedSubresource] {
    var all: [ServedSubresource] = []
    if hasStatus {
      all.append(
        ServedSubresource(name: "status", kind: type.groupVersionKind, verbs: ["get", "patch", "update"]))
    }
    if scale != nil {
      all.append(
        ServedSubresource(
          name: "scale", kind: GroupVersionKind(group: "autoscaling", version: "v1", kind: "Scale"),
          verbs: ["get", "patch", "update"]))
    }
    if !isCustom {
      switch type.qualifiedResource {
      case "pods":
        all.append(ServedSubresource(name: "log", kind: type.groupVersionKind, verbs: ["get"]))
      case "namespaces":
        all.append(ServedSubresource(name: "finalize", kind: type.groupVersionKind, verbs: ["update"]))
      case "serviceaccounts":
        all.append(
          ServedSubresource(
            name: "token", kind: GroupVersionKind(group: "authentication.k8s.io", version: "v1", kind: "TokenRequest"),
            verbs: ["create"]))
      default: break
      }
    }
    return all.sorted { $0.name < $1.name }
  }
}
