import Crypto
import HTTPTypes
import Hummingbird
import Kubernetes
import NIOCore
import Synchronization

/// Everything that is no resource: health, version, discovery, OpenAPI. The documents are made once for each state of
/// what is served, and answered with 304 to whoever has them.
final class DocumentEndpoints: Sendable {
  private struct Document: Sendable {
    var bytes: [UInt8]
    var type: String
    var tag: String
  }

  private struct Cache {
    var stamp: UInt64 = 0
    var documents: [String: Document] = [:]
  }

  private let registry: ResourceRegistry
  private let serverAddress: Mutex<String>
  private let cache = Mutex(Cache())

  init(registry: ResourceRegistry) {
    self.registry = registry
    serverAddress = Mutex("127.0.0.1:6443")
  }

  func setServerAddress(_ address: String) { serverAddress.withLock { $0 = address } }

  /// What an anonymous client gets too.
  func open(_ path: String, isVerbose: Bool = false) -> Response? {
    switch path {
    case "/version", "/version/":
      var body = Self.version.serialized(JSON.Format(escapesHTML: true, indent: 2))
      body.append(0x0A)
      return ResponseWriting.bytes(body, type: "application/json")
    case "/livez", "/readyz", "/healthz":
      guard isVerbose else { return ResponseWriting.text("ok") }
      return ResponseWriting.text("[+]ping ok\n[+]log ok\n[+]etcd ok\n\(path.dropFirst()) check passed\n")
    default:
      guard path.hasPrefix("/livez/") || path.hasPrefix("/readyz/") || path.hasPrefix("/healthz/") else { return nil }
      return ResponseWriting.text("ok")
    }
  }

  private static let version: JSON = [
    "major": "1", "minor": "36", "emulationMajor": "1", "emulationMinor": "36", "minCompatibilityMajor": "1",
    "minCompatibilityMinor": "35", "gitVersion": "v1.36.2", "gitCommit": "98b35193b2ac7a23a673325f5e9b830ecd5ba406",
    "gitTreeState": "clean", "buildDate": "2026-08-21T00:00:00Z", "goVersion": "go1.26.6", "compiler": "gc",
    "platform": "linux/amd64",
  ]

  /// - Parameter segments: The path's parts.
  /// - Returns: nil for a path that is none of these.
  func respond(
    segments: [String], accept: String?, ifNoneMatch: String?, head: HTTPRequest
  ) throws -> Response? {
    let resources = registry.resources
    switch (segments.first, segments.count) {
    case (nil, _):
      return try json("/") {
        ["paths": ["/api", "/apis", "/healthz", "/livez", "/openapi/v2", "/openapi/v3", "/readyz", "/version"]]
      }
    case ("api", 1), ("apis", 1):
      let isCore = segments[0] == "api"
      let form = try MediaTypes.form(accept: accept)
      if form.isAggregated {
        return try tagged(
          "aggregated/\(segments[0])",
          type: "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList", ifNoneMatch
        ) {
          (isCore ? DiscoveryEdge.aggregatedCore(resources) : DiscoveryEdge.aggregatedAPIs(resources)).serialized()
        }
      }
      let address = serverAddress.withLock { $0 }
      return try json(segments[0]) {
        isCore ? DiscoveryEdge.apiVersions(serverAddress: address) : DiscoveryEdge.apiGroupList(resources)
      }
    case ("api", 2), ("apis", 3):
      let (group, version) = segments.count == 2 ? ("", segments[1]) : (segments[1], segments[2])
      return try json("list/\(group)/\(version)") {
        DiscoveryEdge.apiResourceList(group: group, version: version, resources)
      }
    case ("apis", 2): return try json("group/\(segments[1])") { DiscoveryEdge.apiGroup(segments[1], resources) }
    case ("openapi", 2) where segments[1] == "v3":
      return try tagged("openapi/v3", type: "application/json", ifNoneMatch) {
        DiscoveryEdge.openAPIIndex(resources).serialized()
      }
    case ("openapi", 4) where segments[1] == "v3" && segments[2] == "api":
      return try openAPI(group: "", version: segments[3], resources, ifNoneMatch)
    case ("openapi", 5) where segments[1] == "v3" && segments[2] == "apis":
      return try openAPI(group: segments[3], version: segments[4], resources, ifNoneMatch)
    case ("openapi", 2) where segments[1] == "v2":
      if accept?.contains("protobuf") == true {
        return try tagged(
          "openapi/v2.pb", type: "application/com.github.proto-openapi.spec.v2.v1.0+protobuf", ifNoneMatch
        ) { DiscoveryEdge.openAPIProtobuf(resources) }
      }
      return try tagged("openapi/v2", type: "application/json", ifNoneMatch) {
        DiscoveryEdge.openAPIV2(resources).serialized()
      }
    default: return nil
    }
  }

  private func openAPI(
    group: String, version: String, _ resources: [ServedResource], _ ifNoneMatch: String?
  ) throws -> Response? {
    try tagged("openapi/v3/\(group)/\(version)", type: "application/json", ifNoneMatch) {
      DiscoveryEdge.openAPIDocument(group: group, version: version, resources)?.serialized()
    }
  }

  private func json(_ key: String, _ make: () -> JSON?) throws -> Response? {
    guard
      let document = document(
        key, type: "application/json",
        {
          var bytes = make()?.serialized()
          bytes?.append(0x0A)
          return bytes
        })
    else { return ResponseWriting.text("404 page not found\n", code: 404) }
    return ResponseWriting.bytes(document.bytes, type: document.type)
  }

  private func tagged(
    _ key: String, type: String, _ ifNoneMatch: String?, _ make: () -> [UInt8]?
  ) throws -> Response? {
    guard let document = document(key, type: type, make) else {
      return ResponseWriting.text("404 page not found\n", code: 404)
    }
    var response: Response
    if ifNoneMatch == document.tag {
      response = Response(status: .notModified)
    } else {
      response = ResponseWriting.bytes(document.bytes, type: document.type)
    }
    response.headers[.eTag] = document.tag
    response.headers[.vary] = "Accept"
    return response
  }

  private func document(_ key: String, type: String, _ make: () -> [UInt8]?) -> Document? {
    let stamp = registry.stamp
    let known = cache.withLock { cache -> Document? in
      if cache.stamp != stamp { cache = Cache(stamp: stamp) }
      return cache.documents[key]
    }
    if let known { return known }
    guard let bytes = make() else { return nil }
    let digits = Array("0123456789ABCDEF")
    let digest = SHA512.hash(data: bytes).flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
    let document = Document(bytes: bytes, type: type, tag: "\"\(String(digest))\"")
    cache.withLock { cache in
      if cache.stamp == stamp { cache.documents[key] = document }
    }
    return document
  }
}
