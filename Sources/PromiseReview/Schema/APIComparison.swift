import KratixModel
import Kubernetes

/// The differences between two CustomResourceDefinitions: what is around the schemas, and the schemas of each version.
public struct APIComparison: Sendable, Hashable {
  public let changes: [SchemaChange]

  public var verdict: Verdict { changes.map(\.verdict).max() ?? .compatible }

  public init(old: PromiseAPI, new: PromiseAPI) {
    var changes = Self.identity(old, new)
    let before = Self.versions(old)
    let after = Self.versions(new)
    for (name, version) in before.sorted(by: { $0.key < $1.key }) {
      guard let other = after[name] else {
        changes.append(
          SchemaChange(
            .versionRemoved, .breaking, at: SchemaPath(), keyword: "versions", old: .string(name),
            summary: "no longer has the version \(name)"))
        continue
      }
      if Self.isServed(version), !Self.isServed(other) {
        changes.append(
          SchemaChange(
            .versionNotServed, .breaking, at: SchemaPath(), keyword: "served", old: true, new: false,
            summary: "no longer serves the version \(name)"))
      }
      let schemas = SchemaComparison(
        old: version[path: "schema", "openAPIV3Schema"] ?? .emptyObject,
        new: other[path: "schema", "openAPIV3Schema"] ?? .emptyObject)
      changes += schemas.changes.map { change in
        var change = change
        // With one version there is nothing to tell apart.
        if before.count > 1 { change.version = name }
        return change
      }
    }
    for name in after.keys.sorted() where before[name] == nil {
      changes.append(
        SchemaChange(
          .versionAdded, .compatible, at: SchemaPath(), keyword: "versions", new: .string(name),
          summary: "has the new version \(name)"))
    }
    if let from = old.storageVersion?["name"]?.stringValue, let to = new.storageVersion?["name"]?.stringValue,
      from != to, after[from] != nil
    {
      changes.append(
        SchemaChange(
          .storageVersionChanged, .warn, at: SchemaPath(), keyword: "storage", old: .string(from), new: .string(to),
          summary: "is stored as \(to), no longer as \(from)"))
    }
    self.changes = changes
  }

  private static func versions(_ api: PromiseAPI) -> [String: JSON] {
    Dictionary(
      api.versions.compactMap { version in version["name"]?.stringValue.map { ($0, version) } },
      uniquingKeysWith: { first, _ in first })
  }

  private static func isServed(_ version: JSON) -> Bool { version["served"]?.boolValue ?? false }

  /// The names with those that the API server makes up when they are left out: one of the two may come from a server.
  private static func names(_ api: PromiseAPI) -> JSON {
    var names = api.definition[path: "spec", "names"] ?? .emptyObject
    if names["singular"] == nil { names["singular"] = .string(api.kind.lowercased()) }
    if names["listKind"] == nil { names["listKind"] = .string(api.kind + "List") }
    return names
  }

  private static func identity(_ old: PromiseAPI, _ new: PromiseAPI) -> [SchemaChange] {
    var changes: [SchemaChange] = []
    func note(_ kind: SchemaChange.Kind, _ keyword: String, _ old: JSON?, _ new: JSON?, _ what: String) {
      guard old != new else { return }
      changes.append(
        SchemaChange(
          kind, .breaking, at: SchemaPath(), keyword: keyword, old: old, new: new,
          summary: "changes its \(what) from \(old?.text() ?? "none") to \(new?.text() ?? "none")"))
    }
    note(.groupChanged, "group", old.definition[path: "spec", "group"], new.definition[path: "spec", "group"], "group")
    // Kratix refuses any difference, short names and categories included (contract, section 9.1).
    note(.namesChanged, "names", names(old), names(new), "names")
    note(
      .scopeChanged, "scope", .string(old.isNamespaced ? "Namespaced" : "Cluster"),
      .string(new.isNamespaced ? "Namespaced" : "Cluster"), "scope")
    return changes
  }
}
