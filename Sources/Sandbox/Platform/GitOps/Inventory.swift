import KratixModel
import Kubernetes

/// What a sync has applied: so that what did not change is not written again, and what is not wanted any more is
/// deleted. It is kept in the cluster that it is about, in a few ConfigMaps, so that a write changes a small one.
struct Inventory: Sendable, Hashable {
  struct Entry: Sendable, Hashable {
    var identity: Manifest.Identity
    /// Of what was applied last.
    var hash: String
    var file: String
  }

  static let namespace = "kube-system"
  static let shards = 16
  private static let key = "objects"

  var entries: [Manifest.Identity: Entry] = [:]

  init(_ entries: [Entry] = []) {
    for entry in entries { self.entries[entry.identity] = entry }
  }

  /// From the ConfigMaps of a destination.
  init(configMaps: [KubernetesObject]) {
    for map in configMaps {
      guard let text = map[path: "data", Self.key]?.stringValue, let list = try? JSON(parsing: Array(text.utf8)) else {
        continue
      }
      for item in list.arrayValue ?? [] {
        guard let apiVersion = item["apiVersion"]?.stringValue, let kind = item["kind"]?.stringValue,
          let name = item["name"]?.stringValue
        else { continue }
        let identity = Manifest.Identity(
          apiVersion: apiVersion, kind: kind, namespace: item["namespace"]?.stringValue, name: name)
        entries[identity] = Entry(
          identity: identity, hash: item["hash"]?.stringValue ?? "", file: item["file"]?.stringValue ?? "")
      }
    }
  }

  /// The text of each shard that holds anything.
  var texts: [Int: String] {
    var lists: [Int: [Entry]] = [:]
    for entry in entries.values { lists[Self.shard(of: entry.identity), default: []].append(entry) }
    return lists.mapValues { list in
      JSON.array(
        list.map { entry -> JSON in
          var item: JSON = [
            "apiVersion": .string(entry.identity.apiVersion), "kind": .string(entry.identity.kind),
            "name": .string(entry.identity.name), "hash": .string(entry.hash), "file": .string(entry.file),
          ]
          if let namespace = entry.identity.namespace { item["namespace"] = .string(namespace) }
          return item
        }.sorted { $0.text() < $1.text() }
      ).text()
    }
  }

  static func shard(of identity: Manifest.Identity) -> Int {
    let digest = Hashes.md5("\(identity.apiVersion) \(identity)")
    return Int(digest.prefix(4), radix: 16).map { $0 % shards } ?? 0
  }

  static func hash(of object: KubernetesObject) -> String { Hashes.md5(object.json.serialized()) }

  static func labels(destination: String) -> [String: String] {
    [KratixLabels.managedBy: "sandbox-gitops", KratixLabels.targetDestinationName: destination]
  }

  static func configMap(destination: String, shard: Int, text: String) -> KubernetesObject {
    var map = KubernetesObject(
      apiVersion: "v1", kind: "ConfigMap", name: "gitops-inventory-\(destination)-\(shard)", namespace: namespace)
    map.labels = labels(destination: destination)
    map["data"] = [key: .string(text)]
    return map
  }

  /// What is not wanted any more, in an order that works: what needs others before what others need.
  /// - Parameters:
  ///   - wanted: what the files hold.
  ///   - unreadable: files of which nobody knows what they hold; what they held stays.
  func obsolete(wanted: Set<Manifest.Identity>, unreadable: Set<String>) -> [Entry] {
    entries.values.filter { !wanted.contains($0.identity) && !unreadable.contains($0.file) }
      .sorted {
        let (a, b) = (
          Manifest.rank($0.identity.groupVersionKind), Manifest.rank($1.identity.groupVersionKind)
        )
        return a != b ? a > b : $0.identity.description < $1.identity.description
      }
  }
}
