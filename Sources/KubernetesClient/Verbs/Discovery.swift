import Kubernetes

/// REST mapping: which resource serves a kind, by the server's discovery documents, which are kept. A kind that is not
/// among them is asked for anew, since a CustomResourceDefinition may have come in between.
actor Discovery {
  private let transport: Transport
  /// By group and version, in the server's order.
  private var resources: [GroupVersion: [ResourceType]] = [:]
  /// The versions of each group, the preferred one first.
  private var versions: [String: [String]] = [:]
  /// Set when the server has no aggregated discovery: then resources are read for each group and version on demand.
  private var isLegacy = false
  private var loading: Task<Documents, any Error>?

  private struct GroupVersion: Hashable {
    var group: String
    var version: String
    var path: String { group.isEmpty ? "/api/\(version)" : "/apis/\(group)/\(version)" }
  }

  private struct Documents: Sendable {
    var resources: [GroupVersion: [ResourceType]] = [:]
    var versions: [String: [String]] = [:]
    var isLegacy = false
  }

  init(transport: Transport) { self.transport = transport }

  /// - Parameter kind: an empty version takes the group's preferred one that has the kind.
  func resourceType(for kind: GroupVersionKind) async throws -> ResourceType? {
    if let known = try await lookUp(kind) { return known }
    try await reload()
    return try await lookUp(kind)
  }

  private func lookUp(_ kind: GroupVersionKind) async throws -> ResourceType? {
    let candidates = kind.version.isEmpty ? versions[kind.group] ?? [] : [kind.version]
    for version in candidates where versions[kind.group]?.contains(version) == true {
      let key = GroupVersion(group: kind.group, version: version)
      if resources[key] == nil, isLegacy { resources[key] = try await legacyResources(of: key) }
      if let found = resources[key]?.first(where: { $0.kind == kind.kind }) { return found }
    }
    return nil
  }

  private func reload() async throws {
    let task = loading ?? Task { [transport] in try await Self.load(transport) }
    loading = task
    defer { loading = nil }
    let documents = try await task.value
    resources = documents.resources
    versions = documents.versions
    isLegacy = documents.isLegacy
  }

  private static let aggregated =
    "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,"
    + "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json"

  private static func load(_ transport: Transport) async throws -> Documents {
    var documents = Documents()
    for path in ["/api", "/apis"] {
      let json = try await document(path, accept: aggregated, transport)
      if json["kind"]?.stringValue == "APIGroupDiscoveryList" {
        for item in json["items"]?.arrayValue ?? [] { read(aggregated: item, into: &documents) }
      } else {
        documents.isLegacy = true
        read(legacy: json, into: &documents)
      }
    }
    return documents
  }

  private static func document(_ path: String, accept: String, _ transport: Transport) async throws -> JSON {
    var request = APIRequest(method: .GET, path: path)
    request.accept = accept
    let response = try await transport.send(request)
    guard let json = try? JSON(parsing: response.body), json.objectValue != nil else {
      throw ConnectionError.notKubernetes(
        server: transport.configuration.server.description, reason: "its answer to \(path) is no JSON object")
    }
    return json
  }

  /// One `APIGroupDiscovery`.
  private static func read(aggregated item: JSON, into documents: inout Documents) {
    let group = item[path: "metadata", "name"]?.stringValue ?? ""
    for entry in item["versions"]?.arrayValue ?? [] {
      guard let version = entry["version"]?.stringValue else { continue }
      documents.versions[group, default: []].append(version)
      let types = (entry["resources"]?.arrayValue ?? []).compactMap { resource -> ResourceType? in
        guard let plural = resource["resource"]?.stringValue,
          let kind = resource[path: "responseKind", "kind"]?.stringValue
        else { return nil }
        return ResourceType(
          group: group, version: version, plural: plural, kind: kind,
          isNamespaced: resource["scope"]?.stringValue == "Namespaced")
      }
      documents.resources[GroupVersion(group: group, version: version)] = types
    }
  }

  /// An `APIVersions` or an `APIGroupList`.
  private static func read(legacy json: JSON, into documents: inout Documents) {
    if let core = json["versions"]?.stringArrayValue { documents.versions[""] = core }
    for item in json["groups"]?.arrayValue ?? [] {
      guard let group = item["name"]?.stringValue else { continue }
      var versions = (item["versions"]?.arrayValue ?? []).compactMap { $0["version"]?.stringValue }
      if let preferred = item[path: "preferredVersion", "version"]?.stringValue {
        versions = [preferred] + versions.filter { $0 != preferred }
      }
      documents.versions[group] = versions
    }
  }

  /// An `APIResourceList`; empty when the group and version are gone meanwhile.
  private func legacyResources(of key: GroupVersion) async throws -> [ResourceType] {
    let json: JSON
    do {
      json = try await Self.document(key.path, accept: "application/json", transport)
    } catch let error as StatusError where error.code == 404 {
      return []
    }
    return (json["resources"]?.arrayValue ?? []).compactMap { resource in
      guard let plural = resource["name"]?.stringValue, !plural.contains("/"),
        let kind = resource["kind"]?.stringValue
      else { return nil }
      return ResourceType(
        group: key.group, version: key.version, plural: plural, kind: kind,
        isNamespaced: resource["namespaced"]?.boolValue ?? false)
    }
  }
}
