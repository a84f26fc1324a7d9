import Crypto
import Kubernetes

/// The OpenAPI documents: a v3 document for each group and version, and the one v2 document, which kubectl still reads
/// when it makes a patch.
public enum OpenAPI {
  /// The media type of `v2Protobuf`, as a response names it.
  public static let v2ProtobufMediaType = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"

  /// `/openapi/v3`: where each group's document is. The address has a hash of the document, so that a client may keep
  /// it for as long as the hash stays.
  public static func v3Index(_ resources: [ServedResource]) -> JSON {
    var paths: [String: JSON] = [:]
    for group in ServedGroups(resources).groups {
      for version in group.versions {
        let path = version.group.isEmpty ? "api/\(version.name)" : "apis/\(version.groupVersion)"
        paths[path] = [
          "serverRelativeURL": .string("/openapi/v3/\(path)?hash=\(hash(of: version.resources))")
        ]
      }
    }
    return ["paths": .object(paths)]
  }

  /// `/openapi/v3/apis/GROUP/VERSION`, or `/openapi/v3/api/v1`; nil when nothing of the version is served.
  public static func v3Document(group: String, version: String, _ resources: [ServedResource]) -> JSON? {
    guard let served = ServedGroups(resources).version(version, of: group) else { return nil }
    let schemas = OpenAPISchemas(version: .v3).definitions(of: served.resources)
    return [
      "openapi": "3.0.0", "info": info,
      "paths": .object(OpenAPIPaths(version: .v3).paths(of: served.resources)),
      "components": ["schemas": .object(schemas)],
    ]
  }

  /// `/openapi/v2` as JSON.
  public static func v2Document(_ resources: [ServedResource]) -> JSON {
    [
      "swagger": "2.0", "info": info,
      "paths": .object(OpenAPIPaths(version: .v2).paths(of: resources)),
      "definitions": .object(OpenAPISchemas(version: .v2).definitions(of: resources)),
    ]
  }

  /// `/openapi/v2` as the protocol buffer `openapi.v2.Document` of gnostic, which is what kubectl asks for.
  public static func v2Protobuf(_ resources: [ServedResource]) -> [UInt8] {
    OpenAPIProtobuf.document(v2Document(resources))
  }

  /// A hash of everything that a document of these resources is made of, which costs less than making it.
  private static func hash(of resources: [ServedResource]) -> String {
    var sha = builtInTypes
    for resource in resources {
      let parts = [
        resource.type.path(), resource.type.kind, resource.singular, resource.listKind,
        resource.verbs.joined(separator: ","), resource.subresources.map(\.name).joined(separator: ","),
        resource.selectableFields.joined(separator: ","),
      ]
      sha.update(data: Array(parts.joined(separator: " ").utf8))
      if let schema = resource.schema { sha.update(data: schema.serialized()) }
    }
    return sha.finalize().map { byte in
      let text = String(byte, radix: 16, uppercase: true)
      return byte < 16 ? "0" + text : text
    }.joined()
  }

  /// The types that are no resource's own belong to every document.
  private static let builtInTypes: SHA512 = {
    var sha = SHA512()
    sha.update(data: Array((BuiltInTypes.core + BuiltInTypes.groups).utf8))
    return sha
  }()

  private static let info: JSON = ["title": "Kubernetes", "version": "v1.36.2"]
}
