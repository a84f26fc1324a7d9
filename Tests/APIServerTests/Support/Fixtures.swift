import Kubernetes

@testable import APIServer

/// Objects that tests use.
enum Fixtures {
  static let mongoDBs = ResourceType(
    group: "promise.kratix.io", version: "v1alpha1", plural: "mongodbs", kind: "MongoDB", isNamespaced: true)

  /// The definition of MongoDB, with defaults, bounds and a status.
  static func definition(
    versions extra: [JSON] = [], spec properties: JSON = ["version": ["type": "string"]]
  ) -> KubernetesObject {
    var spec: [String: JSON] = ["majorVersion": ["type": "number", "default": 6, "maximum": 9]]
    spec.merge(properties.objectValue ?? [:]) { $1 }
    var object = KubernetesObject(
      apiVersion: "apiextensions.k8s.io/v1", kind: "CustomResourceDefinition", name: "mongodbs.promise.kratix.io")
    let schema: JSON = [
      "type": "object",
      "properties": [
        "spec": ["type": "object", "properties": .object(spec)],
        "status": ["type": "object", "x-kubernetes-preserve-unknown-fields": true],
      ],
    ]
    let version: JSON = [
      "name": "v1alpha1", "served": true, "storage": true, "schema": ["openAPIV3Schema": schema],
      "subresources": ["status": .emptyObject], "selectableFields": [["jsonPath": ".spec.version"]],
      "additionalPrinterColumns": [["name": "message", "type": "string", "jsonPath": ".status.message"]],
    ]
    object.spec = [
      "group": "promise.kratix.io", "scope": "Namespaced",
      "names": ["kind": "MongoDB", "plural": "mongodbs", "singular": "mongodb", "shortNames": ["mg"]],
      "versions": .array([version] + extra),
    ]
    return object
  }

  static func mongoDB(_ name: String, namespace: String = "default", spec: JSON = .emptyObject) -> KubernetesObject {
    var object = KubernetesObject(
      apiVersion: "promise.kratix.io/v1alpha1", kind: "MongoDB", name: name, namespace: namespace)
    object.spec = spec
    return object
  }

  static func configMap(
    _ name: String, namespace: String = "default", data: [String: String] = ["a": "1"], labels: [String: String] = [:]
  ) -> KubernetesObject {
    var object = KubernetesObject(apiVersion: "v1", kind: "ConfigMap", name: name, namespace: namespace)
    object["data"] = JSON(data)
    object.labels = labels
    return object
  }
}

extension KubernetesAPI {
  /// Waits, by watching, until an object is as wanted; the object, or nil when it is gone and that is wanted.
  func waitFor(
    _ type: ResourceType, namespace: String?, name: String, until isDone: (KubernetesObject?) -> Bool
  ) async throws -> KubernetesObject? {
    for try await event in observe(type, namespace: namespace, fieldSelector: "metadata.name=\(name)") {
      switch event {
      case .snapshot(let objects): if isDone(objects.first) { return objects.first }
      case .added(let object), .modified(let object): if isDone(object) { return object }
      case .deleted: if isDone(nil) { return nil }
      }
    }
    return nil
  }

  func waitUntilGone(_ type: ResourceType, namespace: String?, name: String) async throws {
    _ = try await waitFor(type, namespace: namespace, name: name) { $0 == nil }
  }
}

/// The error that a body throws; nil when it throws none, or another kind.
func statusError(_ body: () async throws -> Void) async -> StatusError? {
  do {
    try await body()
    return nil
  } catch {
    return error as? StatusError
  }
}
