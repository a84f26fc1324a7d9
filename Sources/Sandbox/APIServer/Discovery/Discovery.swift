import Crypto
import Foundation
import Kubernetes

/// The documents by which a client learns what a server serves: the aggregated form that kubectl has read since 1.26
/// (`apidiscovery.k8s.io/v2`), and the older ones, a document for each group and version.
public enum Discovery {
  /// `APIGroupDiscoveryList` of every group but the core one, for `/apis`.
  public static func aggregatedAPIs(_ resources: [ServedResource]) -> JSON {
    aggregated(ServedGroups(resources).groups.filter { !$0.name.isEmpty })
  }

  /// `APIGroupDiscoveryList` of the core group, for `/api`.
  public static func aggregatedCore(_ resources: [ServedResource]) -> JSON {
    aggregated(ServedGroups(resources).groups.filter { $0.name.isEmpty })
  }

  /// `APIVersions`, for `/api`.
  /// - Parameter serverAddress: host and port that clients reach the server at.
  public static func apiVersions(serverAddress: String) -> JSON {
    [
      "kind": "APIVersions", "versions": ["v1"],
      "serverAddressByClientCIDRs": [["clientCIDR": "0.0.0.0/0", "serverAddress": .string(serverAddress)]],
    ]
  }

  /// `APIGroupList`, for `/apis`.
  public static func apiGroupList(_ resources: [ServedResource]) -> JSON {
    let groups = ServedGroups(resources).groups.filter { !$0.name.isEmpty }
    return ["kind": "APIGroupList", "apiVersion": "v1", "groups": .array(groups.map(json(of:)))]
  }

  /// `APIGroup`, for `/apis/GROUP`; nil when nothing of the group is served.
  public static func apiGroup(_ group: String, _ resources: [ServedResource]) -> JSON? {
    guard !group.isEmpty, let served = ServedGroups(resources).group(group) else { return nil }
    var json = json(of: served)
    json["kind"] = "APIGroup"
    json["apiVersion"] = "v1"
    return json
  }

  /// `APIResourceList`, for `/apis/GROUP/VERSION` and `/api/v1`; nil when nothing of the version is served.
  public static func apiResourceList(group: String, version: String, _ resources: [ServedResource]) -> JSON? {
    guard let served = ServedGroups(resources).version(version, of: group) else { return nil }
    var entries: [JSON] = []
    for resource in served.resources {
      var entry: JSON = [
        "name": .string(resource.type.plural), "singularName": .string(resource.singular),
        "namespaced": .bool(resource.type.isNamespaced), "kind": .string(resource.type.kind),
        "verbs": JSON(resource.discoveryVerbs),
      ]
      if !resource.shortNames.isEmpty { entry["shortNames"] = JSON(resource.shortNames) }
      if !resource.categories.isEmpty { entry["categories"] = JSON(resource.categories) }
      if resource.verbs.contains("list") { entry["storageVersionHash"] = .string(storageVersionHash(resource)) }
      entries.append(entry)
      for part in resource.subresources {
        var entry: JSON = [
          "name": .string("\(resource.type.plural)/\(part.name)"), "singularName": "",
          "namespaced": .bool(resource.type.isNamespaced), "kind": .string(part.kind.kind),
          "verbs": JSON(part.verbs),
        ]
        if part.kind.apiVersion != resource.type.apiVersion {
          entry["group"] = .string(part.kind.group)
          entry["version"] = .string(part.kind.version)
        }
        entries.append(entry)
      }
    }
    return [
      "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": .string(served.groupVersion),
      "resources": .array(entries),
    ]
  }

  private static func aggregated(_ groups: [ServedGroups.Group]) -> JSON {
    let items = groups.map { group -> JSON in
      let versions = group.versions.map { version -> JSON in
        [
          "version": .string(version.name), "freshness": "Current",
          "resources": .array(version.resources.map(aggregated)),
        ]
      }
      let metadata: JSON = group.name.isEmpty ? .emptyObject : ["name": .string(group.name)]
      return ["metadata": metadata, "versions": .array(versions)]
    }
    return [
      "kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": [:],
      "items": .array(items),
    ]
  }

  private static func aggregated(_ resource: ServedResource) -> JSON {
    var entry: JSON = [
      "resource": .string(resource.type.plural), "responseKind": json(of: resource.type.groupVersionKind),
      "scope": resource.type.isNamespaced ? "Namespaced" : "Cluster",
      "singularResource": .string(resource.singular), "verbs": JSON(resource.discoveryVerbs),
    ]
    if !resource.shortNames.isEmpty { entry["shortNames"] = JSON(resource.shortNames) }
    if !resource.categories.isEmpty { entry["categories"] = JSON(resource.categories) }
    let parts = resource.subresources
    if !parts.isEmpty {
      entry["subresources"] = .array(
        parts.map { part in
          ["subresource": .string(part.name), "responseKind": json(of: part.kind), "verbs": JSON(part.verbs)]
        })
    }
    return entry
  }

  private static func json(of kind: GroupVersionKind) -> JSON {
    ["group": .string(kind.group), "version": .string(kind.version), "kind": .string(kind.kind)]
  }

  private static func json(of group: ServedGroups.Group) -> JSON {
    let versions = group.versions.map { version -> JSON in
      ["groupVersion": .string(version.groupVersion), "version": .string(version.name)]
    }
    return [
      "name": .string(group.name), "versions": .array(versions), "preferredVersion": versions.first ?? .emptyObject,
    ]
  }

  /// The first eight bytes of a SHA-256 over `group/version/kind` of what is stored, in base64.
  private static func storageVersionHash(_ resource: ServedResource) -> String {
    let name = "\(resource.type.group)/\(resource.storageVersion)/\(resource.type.kind)"
    return Data(SHA256.hash(data: Data(name.utf8)).prefix(8)).base64EncodedString()
  }
}
