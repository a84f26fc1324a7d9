import Foundation
import Kubernetes
import Testing

/// A real server's objects pass what this room asks of objects.
@Suite struct RecordedObjectTests {
  /// Every document of a file, the items of lists by themselves.
  static func objects(_ path: String) throws -> [KubernetesObject] {
    try YAML.documents(Recorded.text(path)).flatMap { document -> [JSON] in
      document["items"]?.arrayValue ?? (document.isNull ? [] : [document])
    }.map(KubernetesObject.init)
  }

  @Test(arguments: [
    ("a-install/03-rbac-and-crd.yaml", "a-install/05-requests-succeeded.yaml"),
    ("i-api-change/01b-crd.yaml", "i-api-change/02-new-fields-used.yaml"),
  ])
  func requestsFitTheirDefinition(definition: String, requests: String) throws {
    let crd = try #require(try Self.objects(definition).first { $0.kind == "CustomResourceDefinition" })
    #expect(CustomResourceDefinitions.validate(crd).map(\.description) == [])
    #expect(CustomResourceDefinitions.validate(crd, old: crd).map(\.description) == [])
    #expect(CustomResourceDefinitions.defaulted(crd) == crd)
    let schema = StructuralSchema(json: try #require(crd["spec"]?["versions"]?[0]?["schema"]?["openAPIV3Schema"]))
    let found = try Self.objects(requests).filter { $0.kind == "MongoDB" }
    #expect(!found.isEmpty)
    for request in found {
      #expect(schema.validate(request.json).map(\.description) == [])
      #expect(schema.pruning(request.json).removed == [])
      #expect(schema.applyingDefaults(to: request.json) == request.json)
      #expect(NameRules.dns1123Subdomain(request.name) == [])
      #expect(NameRules.labels(request.labels) == [])
      #expect(NameRules.annotations(request.annotations) == [])
    }
  }

  /// Recorded: defaults that come with a new schema appear in objects that were stored before.
  @Test func newDefaultsAppear() throws {
    let crd = try #require(try Self.objects("i-api-change/01b-crd.yaml").first)
    let schema = StructuralSchema(json: try #require(crd["spec"]?["versions"]?[0]?["schema"]?["openAPIV3Schema"]))
    let stored: JSON = ["apiVersion": "promise.kratix.io/v1alpha1", "kind": "MongoDB", "spec": ["majorVersion": 4]]
    #expect(schema.applyingDefaults(to: stored)["spec"] == ["majorVersion": 4, "members": 3])
  }

  /// Every recorded YAML file reads, and what is written of it reads back.
  @Test func everyFileComesBack() throws {
    var count = 0
    for folder in ["a-install", "d-pinned", "h-compound", "j-promise-release-and-health"] {
      for file in try Recorded.files(in: folder) where file.hasSuffix(".yaml") {
        let documents = try YAML.documents(Recorded.text("\(folder)/\(file)"))
        count += documents.count
        let back = try YAML.documents(YAML.text(documents: documents))
        #expect(back.map(withWholeNumbers) == documents.map(withWholeNumbers), "\(folder)/\(file)")
        for document in documents { #expect(try JSON(parsing: document.serialized()) == withWholeNumbers(document)) }
      }
    }
    #expect(count > 100)
  }
}
