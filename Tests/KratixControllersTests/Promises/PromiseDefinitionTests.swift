import KratixModel
import Kubernetes
import Testing

@testable import KratixControllers

@Suite struct PromiseDefinitionTests {
  @Test func isWhatKratixWasSeenToInstall() throws {
    let promise = Promise(try Recorded.object("a-install/02-promise-installed.yaml", "Promise", "mongodb"))
    let recorded = try Recorded.object("a-install/03-rbac-and-crd.yaml", "CustomResourceDefinition")
    let definition = try PromiseDefinition.definition(of: promise)
    #expect(differences(definition.spec, recorded.spec, ignoring: [".conversion"]) == [])
    let server: Set<String> = [".uid", ".resourceVersion", ".creationTimestamp", ".generation"]
    #expect(differences(definition.metadata, recorded.metadata, ignoring: server) == [])
  }

  private func promise(_ versions: JSON) -> Promise {
    var object = KubernetesObject(apiVersion: "platform.kratix.io/v1alpha1", kind: "Promise", name: "thing")
    object.spec = [
      "api": [
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": ["name": "things.example.com"],
        "spec": [
          "group": "example.com", "names": ["kind": "Thing", "plural": "things"], "scope": "Namespaced",
          "versions": versions,
        ],
      ]
    ]
    return Promise(object)
  }

  @Test func authorsColumnsStayAndScaleIsLost() throws {
    let columns: JSON = [["name": "size", "type": "string", "jsonPath": ".spec.size"]]
    let definition = try PromiseDefinition.definition(
      of: promise([
        [
          "name": "v1", "served": true, "storage": true, "additionalPrinterColumns": columns,
          "subresources": ["scale": ["specReplicasPath": ".spec.replicas"]],
          "schema": ["openAPIV3Schema": ["type": "object"]],
        ]
      ]))
    let version = definition[path: "spec", "versions"]?[0]
    #expect(version?["additionalPrinterColumns"] == columns)
    #expect(version?["subresources"] == ["status": [:]])
  }

  @Test func onlyTheStorageVersionLimitsTheName() throws {
    let definition = try PromiseDefinition.definition(
      of: promise([
        ["name": "v1", "served": true, "storage": false, "schema": ["openAPIV3Schema": ["type": "object"]]],
        ["name": "v2", "served": true, "storage": true, "schema": ["openAPIV3Schema": ["type": "object"]]],
      ]))
    let versions = definition[path: "spec", "versions"]
    let path: ArraySlice<String> = ["schema", "openAPIV3Schema", "properties", "metadata"]
    #expect(versions?[0]?.value(at: path) == nil)
    #expect(
      versions?[1]?.value(at: path) == ["type": "object", "properties": ["name": ["type": "string", "maxLength": 63]]])
  }

  @Test func aVersionWithoutASchemaIsRefusedInASentence() {
    #expect(throws: ReconcileError("spec.api.spec.versions[0] of Promise thing has no schema.openAPIV3Schema: add one"))
    {
      try PromiseDefinition.definition(of: promise([["name": "v1", "served": true, "storage": true]]))
    }
  }
}
