import Kubernetes
import Testing

@testable import APIServer

@Suite struct OpenAPITests {
  private func mongoDB() throws -> ServedResource {
    let definition = try #require(
      Recording.objects("a-install/03-rbac-and-crd.yaml").first { $0.kind == "CustomResourceDefinition" })
    return try #require(Recording.resources(of: definition).first)
  }

  /// Every `$ref` of a document.
  private func references(_ value: JSON) -> Set<String> {
    switch value {
    case .object(let members):
      var found: Set<String> = []
      for (key, member) in members {
        if key == "$ref", let text = member.stringValue {
          found.insert(text)
        } else {
          found.formUnion(references(member))
        }
      }
      return found
    case .array(let elements): return elements.reduce(into: []) { $0.formUnion(references($1)) }
    default: return []
    }
  }

  @Test func everyReferenceLeadsSomewhere() throws {
    let all = DiscoveryTests.resources + [try mongoDB()] + BuiltInResources.all
    let v2 = OpenAPI.v2Document(all)
    let definitions = v2["definitions"]?.objectValue ?? [:]
    for reference in references(v2) {
      #expect(definitions[String(reference.dropFirst("#/definitions/".count))] != nil, "\(reference)")
    }
    for group in ServedGroups(all).groups {
      for version in group.versions {
        let v3 = try #require(OpenAPI.v3Document(group: group.name, version: version.name, all))
        let schemas = v3[path: "components", "schemas"]?.objectValue ?? [:]
        for reference in references(v3) {
          #expect(schemas[String(reference.dropFirst("#/components/schemas/".count))] != nil, "\(reference)")
        }
      }
    }
  }

  @Test(arguments: BuiltInResources.all)
  func everyBuiltInKindHasItsFields(resource: ServedResource) {
    let name = BuiltInTypes.kinds[resource.type.groupVersionKind]
    #expect(name != nil, "\(resource.type.groupVersionKind)")
    #expect(name.flatMap { BuiltInTypes.definitions[$0] }?.fields.isEmpty == false)
  }

  @Test func builtInKindsCarryTheirPatchStrategies() throws {
    let document = OpenAPI.v2Document([.builtIn(.pods)])
    let spec = document[path: "definitions", "io.k8s.api.core.v1.PodSpec", "properties"]
    #expect(spec?[path: "containers", "x-kubernetes-patch-merge-key"] == "name")
    #expect(spec?[path: "containers", "x-kubernetes-patch-strategy"] == "merge")
    #expect(spec?[path: "volumes", "x-kubernetes-patch-strategy"] == "merge,retainKeys")
    let container = document[path: "definitions", "io.k8s.api.core.v1.Container"]
    #expect(container?[path: "properties", "ports", "x-kubernetes-list-map-keys"] == ["containerPort", "protocol"])
    #expect(container?["required"] == ["name"])
    #expect(
      document[path: "definitions", "io.k8s.api.core.v1.Pod", "x-kubernetes-group-version-kind"] == [
        ["group": "", "version": "v1", "kind": "Pod"]
      ])
    let object = document[path: "definitions", "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta", "properties"]
    #expect(object?[path: "ownerReferences", "x-kubernetes-patch-merge-key"] == "uid")
    #expect(object?[path: "finalizers", "x-kubernetes-list-type"] == "set")
  }

  @Test func customResourcesCarryTheirSchema() throws {
    let document = try #require(
      OpenAPI.v3Document(group: "promise.kratix.io", version: "v1alpha1", [try mongoDB()]))
    let schema = document[path: "components", "schemas", "io.kratix.promise.v1alpha1.MongoDB"]
    #expect(schema?[path: "properties", "spec", "properties", "majorVersion", "type"] == "number")
    #expect(schema?[path: "properties", "metadata", "allOf"]?[0]?["$ref"]?.stringValue?.hasSuffix("ObjectMeta") == true)
    #expect(
      schema?["x-kubernetes-group-version-kind"] == [
        ["group": "promise.kratix.io", "version": "v1alpha1", "kind": "MongoDB"]
      ])
    #expect(document[path: "components", "schemas", "io.kratix.promise.v1alpha1.MongoDBList"] != nil)
  }

  @Test func patchOperationsTakeDryRunAndFieldValidation() throws {
    let path = "/apis/promise.kratix.io/v1alpha1/namespaces/{namespace}/mongodbs/{name}"
    let v3 = try #require(OpenAPI.v3Document(group: "promise.kratix.io", version: "v1alpha1", [try mongoDB()]))
    let operation = v3[path: "paths", path, "patch"]
    let names = operation?["parameters"]?.arrayValue?.compactMap { $0["name"]?.stringValue } ?? []
    #expect(Set(names).isSuperset(of: ["dryRun", "fieldManager", "fieldValidation", "force", "name", "namespace"]))
    #expect(operation?[path: "x-kubernetes-group-version-kind", "kind"] == "MongoDB")
    #expect(v3[path: "paths", path + "/status", "patch"] != nil)
    let v2 = OpenAPI.v2Document([try mongoDB(), .builtIn(.pods)])
    let consumes = v2[path: "paths", path, "patch", "consumes"]?.stringArrayValue ?? []
    #expect(consumes.contains("application/merge-patch+json"))
    #expect(!consumes.contains("application/strategic-merge-patch+json"))
    let pods = v2[path: "paths", "/api/v1/namespaces/{namespace}/pods/{name}", "patch", "consumes"]
    #expect(pods?.stringArrayValue?.contains("application/strategic-merge-patch+json") == true)
  }

  @Test func version2LeavesOutWhatItCannotSay() {
    let schema: JSON = [
      "type": "object",
      "properties": [
        "spec": [
          "type": "object", "required": ["a", "b"],
          "properties": [
            "a": ["type": "object", "nullable": true, "properties": ["x": ["type": "string"]]],
            "b": [
              "type": "object", "x-kubernetes-preserve-unknown-fields": true, "properties": ["x": ["type": "string"]],
            ],
            "c": ["x-kubernetes-int-or-string": true, "anyOf": [["type": "integer"], ["type": "string"]]],
            "d": ["type": "array"],
            "e": ["type": "object", "x-kubernetes-embedded-resource": true, "properties": [:]],
          ],
        ]
      ],
    ]
    func spec(_ version: OpenAPIVersion) -> JSON? {
      OpenAPISchemas(version: version).definitions(of: [DiscoveryTests.custom("v1", schema: schema)])[
        "io.kratix.promise.v1.MongoDB"]?[path: "properties", "spec"]
    }
    let v2 = spec(.v2)
    #expect(v2?["required"] == ["b"])
    #expect(v2?[path: "properties", "a"] == [:])
    #expect(v2?[path: "properties", "b"] == ["x-kubernetes-preserve-unknown-fields": true])
    #expect(v2?[path: "properties", "c"] == ["x-kubernetes-int-or-string": true])
    #expect(v2?[path: "properties", "d"] == [:])
    #expect(v2?[path: "properties", "e", "required"] == ["kind", "apiVersion"])
    let v3 = spec(.v3)
    #expect(v3?["required"] == ["a", "b"])
    #expect(v3?[path: "properties", "a", "nullable"] == true)
    #expect(v3?[path: "properties", "c", "anyOf"] != nil)
    #expect(v3?[path: "properties", "e", "properties", "metadata"] != nil)
  }

  @Test(arguments: [OpenAPIVersion.v2, .v3])
  func aSchemaThatKeepsUnknownFieldsRefusesNothing(version: OpenAPIVersion) {
    let schema: JSON = [
      "type": "object", "x-kubernetes-preserve-unknown-fields": true, "properties": ["spec": ["type": "object"]],
    ]
    let published = OpenAPISchemas(version: version).definitions(of: [DiscoveryTests.custom("v1", schema: schema)])[
      "io.kratix.promise.v1.MongoDB"]
    #expect((published?["properties"] == nil) == (version == .v2))
  }

  @Test func addressesChangeWithTheSchema() {
    func address(_ schema: JSON) -> JSON? {
      OpenAPI.v3Index([DiscoveryTests.custom("v1", schema: schema), .builtIn(.pods)])[
        path: "paths", "apis/promise.kratix.io/v1", "serverRelativeURL"]
    }
    let first = address(["type": "object"])
    #expect(first?.stringValue?.hasPrefix("/openapi/v3/apis/promise.kratix.io/v1?hash=") == true)
    #expect(first?.stringValue?.count == "/openapi/v3/apis/promise.kratix.io/v1?hash=".count + 128)
    #expect(first == address(["type": "object"]))
    #expect(first != address(["type": "object", "properties": [:]]))
    let core = OpenAPI.v3Index([.builtIn(.pods)])[path: "paths", "api/v1", "serverRelativeURL"]
    #expect(core?.stringValue?.hasPrefix("/openapi/v3/api/v1?hash=") == true)
  }
}

@Suite struct OpenAPIProtobufTests {
  /// The fields of a message, in order: number and, for strings and messages, the bytes.
  private func fields(_ bytes: ArraySlice<UInt8>) -> [(number: Int, bytes: ArraySlice<UInt8>)] {
    var rest = bytes
    var fields: [(Int, ArraySlice<UInt8>)] = []
    func varint() -> Int {
      var value = 0
      var shift = 0
      while let byte = rest.popFirst() {
        value |= Int(byte & 0x7F) << shift
        shift += 7
        if byte < 0x80 { break }
      }
      return value
    }
    while !rest.isEmpty {
      let tag = varint()
      switch tag & 7 {
      case 0: fields.append((tag >> 3, [UInt8(truncatingIfNeeded: varint())]))
      case 1:
        fields.append((tag >> 3, rest.prefix(8)))
        rest = rest.dropFirst(8)
      case 2:
        let count = varint()
        fields.append((tag >> 3, rest.prefix(count)))
        rest = rest.dropFirst(count)
      default:
        Issue.record("wire type \(tag & 7)")
        return fields
      }
    }
    return fields
  }

  private func text(_ bytes: ArraySlice<UInt8>?) -> String { String(decoding: bytes ?? [], as: UTF8.self) }

  @Test func documentReadsBack() throws {
    let resources: [ServedResource] = [.builtIn(.configMaps), DiscoveryTests.custom("v1")]
    let document = fields(OpenAPI.v2Protobuf(resources)[...])
    #expect(document.map(\.number) == [1, 2, 8, 9])
    #expect(text(document.first?.bytes) == "2.0")
    let names = fields(document[3].bytes).map { text(fields($0.bytes).first?.bytes) }
    #expect(Set(names) == Set(OpenAPI.v2Document(resources)["definitions"]?.objectValue?.keys ?? [:].keys))
    #expect(names.contains("io.kratix.promise.v1.MongoDB"))
    let paths = fields(document[2].bytes).map { text(fields($0.bytes).first?.bytes) }
    #expect(paths.contains("/api/v1/namespaces/{namespace}/configmaps/{name}"))
  }

  @Test func numbersAreWrittenAsTheFormatWants() {
    var writer = ProtobufWriter()
    writer.int(1, 300)
    writer.int(2, -1)
    writer.int(3, 0)
    writer.bool(4, true)
    writer.bool(5, false)
    writer.double(6, 1)
    writer.string(31, "é")
    #expect(
      writer.bytes == [
        0x08, 0xAC, 0x02, 0x10, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01, 0x20, 0x01, 0x31, 0, 0, 0,
        0,
        0, 0, 0xF0, 0x3F, 0xFA, 0x01, 0x02, 0xC3, 0xA9,
      ])
  }
}
