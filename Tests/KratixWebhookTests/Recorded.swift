import Foundation
import KratixModel
import Kubernetes

@testable import KratixWebhook

/// What was recorded of a real platform.
enum Recorded {
  struct Missing: Error, CustomStringConvertible {
    let description: String
  }

  static var shared: URL {
    URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appending(path: "shared")
  }

  static func bytes(_ path: String) throws -> [UInt8] {
    let file = shared.appending(path: path)
    guard let data = FileManager.default.contents(atPath: file.path) else {
      throw Missing(description: "there is no \(file.path), which this test reads")
    }
    return [UInt8](data)
  }

  static func review(_ name: String) throws -> JSON {
    try JSON(parsing: bytes("recorded/admissionreview/\(name).json"))
  }

  static let mongodbs = ResourceType(
    group: "promise.kratix.io", version: "v1alpha1", plural: "mongodbs", kind: "MongoDB", isNamespaced: true)

  /// The objects of a recorded moment, as an API that can be watched.
  static func platform(_ path: String) throws -> FakeAPI {
    let text = String(decoding: try bytes(path), as: UTF8.self)
    let types: [String: ResourceType] = [
      "Promise": .promises, "PromiseRevision": .promiseRevisions, "ResourceBinding": .resourceBindings,
      "Destination": .destinations, "MongoDB": mongodbs,
    ]
    let objects = try YAML.documents(text).filter { !$0.isNull }.map(KubernetesObject.init)
    return FakeAPI(objects.compactMap { object in types[object.kind].map { ($0, object) } })
  }
}

extension JSON {
  /// A review of an update from one object to another, by a person.
  static func review(
    _ type: ResourceType, operation: String = "UPDATE", object: KubernetesObject?, old: KubernetesObject?,
    user: String = "kubernetes-admin", dryRun: Bool = false
  ) -> JSON {
    var request: JSON = [
      "uid": "4c44d09f-7384-4dcf-8c91-853f9810e82c", "operation": .string(operation),
      "kind": ["group": .string(type.group), "version": .string(type.version), "kind": .string(type.kind)],
      "resource": [
        "group": .string(type.group), "version": .string(type.version), "resource": .string(type.plural),
      ],
      "name": .string((object ?? old)?.name ?? ""), "userInfo": ["username": .string(user)], "dryRun": .bool(dryRun),
    ]
    request["namespace"] = (object ?? old)?.namespace.map(JSON.string)
    request["object"] = object?.json
    request["oldObject"] = old?.json
    return ["apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request]
  }
}

/// An answer, as a client reads it.
struct Answer {
  let json: JSON

  init(_ bytes: [UInt8]) throws { json = try JSON(parsing: bytes)["response"] ?? .null }

  var uid: String { json["uid"]?.stringValue ?? "" }
  var isAllowed: Bool? { json["allowed"]?.boolValue }
  var message: String { json[path: "status", "message"]?.stringValue ?? "" }
  var warnings: [String] { json["warnings"]?.stringArrayValue ?? [] }
  var audit: [String: String] { json["auditAnnotations"]?.stringMapValue ?? [:] }
  var patch: JSON? {
    get throws {
      guard let text = json["patch"]?.stringValue, let bytes = Base64.decoded(text) else { return nil }
      return try JSON(parsing: bytes)
    }
  }
}
