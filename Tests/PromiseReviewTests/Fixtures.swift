import Foundation
import KratixModel
import Kubernetes

@testable import PromiseReview

/// Objects for the tests, and what was recorded of a real platform.
enum Fixtures {
  struct Missing: Error, CustomStringConvertible {
    let description: String
  }

  /// The folder with the recordings, beside the package.
  static var shared: URL {
    URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appending(path: "shared")
  }

  static func text(_ path: String) throws -> String {
    let file = shared.appending(path: path)
    guard let data = FileManager.default.contents(atPath: file.path) else {
      throw Missing(description: "there is no \(file.path), which this test reads")
    }
    return String(decoding: data, as: UTF8.self)
  }

  static func documents(_ path: String) throws -> [KubernetesObject] {
    try YAML.documents(text(path)).filter { !$0.isNull }.map(KubernetesObject.init)
  }

  static func promise(_ yaml: String) throws -> Promise { Promise(KubernetesObject(try YAML.parse(yaml))) }

  /// The first Promise of a multi-document recording.
  static func promise(recorded path: String) throws -> Promise {
    guard let object = try documents(path).first(where: { $0.kind == "Promise" }) else {
      throw Missing(description: "there is no Promise in \(path)")
    }
    return Promise(object)
  }

  /// What a recording holds of the fleet of MongoDBs.
  static func fleet(recorded path: String) throws -> FleetEvidence {
    let objects = try documents(path)
    return FleetEvidence(
      resources: objects.filter { $0.kind == "MongoDB" }.map(ResourceRequest.init),
      bindings: objects.filter { $0.kind == "ResourceBinding" }.map(ResourceBinding.init),
      revisions: objects.filter { $0.kind == "PromiseRevision" }.map(PromiseRevision.init),
      placements: objects.filter { $0.kind == "WorkPlacement" }.map(WorkPlacement.init))
  }

  /// A Promise that no rule has anything against but that its image is not pinned.
  static func clean(
    name: String = "thing", version: String? = "v1.0.0", schema: JSON = ["size": ["type": "string"]],
    required: [String] = [], image: String = "registry.example.com/thing:v1.0.0", pipeline: String = "configure"
  ) -> Promise {
    var spec: JSON = ["type": "object", "properties": schema]
    if !required.isEmpty { spec["required"] = JSON(required) }
    var object: JSON = [
      "apiVersion": "platform.kratix.io/v1alpha1", "kind": "Promise", "metadata": ["name": .string(name)],
      "spec": [
        "api": [
          "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
          "metadata": ["name": "things.test.example.com"],
          "spec": [
            "group": "test.example.com", "scope": "Namespaced",
            "names": ["kind": "Thing", "plural": "things", "singular": "thing"],
            "versions": [
              [
                "name": "v1", "served": true, "storage": true,
                "schema": ["openAPIV3Schema": ["type": "object", "properties": ["spec": spec]]],
              ]
            ],
          ],
        ],
        "workflows": ["resource": ["configure": [Self.pipeline(pipeline, image: image)]]],
      ],
    ]
    if let version { object.set(.string(version), at: ["metadata", "labels", KratixLabels.promiseVersion]) }
    return Promise(KubernetesObject(object))
  }

  static func pipeline(_ name: String, image: String = "registry.example.com/thing:v1.0.0") -> JSON {
    [
      "apiVersion": "platform.kratix.io/v1alpha1", "kind": "Pipeline", "metadata": ["name": .string(name)],
      "spec": [
        "jobOptions": ["backoffLimit": 1],
        "containers": [["name": "main", "image": .string(image)]],
      ],
    ]
  }

  /// Things `a`, `b`, ... with the specs given.
  static func things(_ specs: JSON...) -> [ResourceRequest] {
    specs.enumerated().map { index, spec in thing("thing-\(index + 1)", spec) }
  }

  static func thing(_ name: String, _ spec: JSON, version: String? = nil) -> ResourceRequest {
    var object = KubernetesObject(
      apiVersion: "test.example.com/v1", kind: "Thing", name: name, namespace: "default")
    object.spec = spec
    if let version { object.status = ["promiseVersion": .string(version)] }
    return ResourceRequest(object)
  }

  static func binding(_ resource: String, _ version: String, upgrade: Condition? = nil) -> ResourceBinding {
    var object = KubernetesObject(
      apiVersion: ResourceType.resourceBindings.apiVersion, kind: "ResourceBinding", name: "\(resource)-thing",
      namespace: "default")
    object.spec = [
      "promiseRef": ["name": "thing"], "resourceRef": ["name": .string(resource), "namespace": "default"],
      "version": .string(version),
    ]
    if let upgrade { object.status = ["conditions": [upgrade.json]] }
    return ResourceBinding(object)
  }

  static func destination(_ name: String, _ labels: [String: String] = [:], strict: Bool = false) -> Destination {
    var object = KubernetesObject(
      apiVersion: ResourceType.destinations.apiVersion, kind: "Destination", name: name)
    object.labels = labels
    object.spec = ["path": .string(name), "strictMatchLabels": .bool(strict)]
    return Destination(object)
  }
}

extension Promise {
  /// The same Promise with one value of its spec changed.
  func setting(_ path: String..., to value: JSON?) -> Promise {
    var copy = self
    copy.object.json.set(value, at: (["spec"] + path)[...])
    return copy
  }

  func labelled(_ version: String?) -> Promise {
    var copy = self
    copy.object.labels[KratixLabels.promiseVersion] = version
    return copy
  }
}

extension [Finding] {
  func of(_ rule: RuleID) -> [Finding] { filter { $0.rule == rule } }
  var denials: [Finding] { filter { $0.severity == .deny } }
}
