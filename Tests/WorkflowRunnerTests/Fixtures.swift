import Foundation
import KratixModel
import Kubernetes

@testable import WorkflowRunner

enum Project {
  /// The package's directory.
  static let root: String = {
    var url = URL(fileURLWithPath: #filePath)
    for _ in 0..<3 { url.deleteLastPathComponent() }
    return url.path
  }()
}

/// A directory that is removed with its test.
final class TemporaryDirectory: Sendable {
  let path: String

  init() throws {
    path = NSTemporaryDirectory() + "workflow-runner-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func write(_ text: String, to name: String, mode: Int = 0o644) throws {
    let file = "\(path)/\(name)"
    try FileManager.default.createDirectory(
      atPath: (file as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
    try text.write(toFile: file, atomically: true, encoding: .utf8)
    try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: file)
  }
}

enum Runs {
  static let promise: Promise = Promise(
    KubernetesObject([
      "apiVersion": "platform.kratix.io/v1alpha1", "kind": "Promise", "metadata": ["name": "mongodb"],
      "spec": [
        "api": [
          "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
          "metadata": ["name": "mongodbs.promise.kratix.io"],
          "spec": [
            "group": "promise.kratix.io", "scope": "Namespaced",
            "names": ["kind": "MongoDB", "plural": "mongodbs", "singular": "mongodb"],
            "versions": [["name": "v1alpha1", "served": true, "storage": true, "schema": ["openAPIV3Schema": [:]]]],
          ],
        ]
      ],
    ]))

  static func resource(_ name: String = "mongo-v4", majorVersion: JSON = 4) -> KubernetesObject {
    KubernetesObject([
      "apiVersion": "promise.kratix.io/v1alpha1", "kind": "MongoDB",
      "metadata": [
        "name": .string(name), "namespace": "default", "uid": "1238cdb0-fc28-4873-b044-70cb9b9d1205",
        "annotations": ["note": "spec:\n  majorVersion: 9\n"],
      ],
      "spec": ["majorVersion": majorVersion],
    ])
  }

  /// A run of containers for the resource.
  static func run(
    _ containers: [JSON], volumes: [JSON] = [], resource: KubernetesObject = resource(),
    action: WorkflowAction = .configure, isDryRun: Bool = false,
    resolvedEnvironment: [String: [EnvironmentVariable]] = [:]
  ) -> WorkflowRun {
    let pipeline = Pipeline([
      "apiVersion": "platform.kratix.io/v1alpha1", "kind": "Pipeline", "metadata": ["name": "configure-workflow"],
      "spec": ["containers": .array(containers), "volumes": .array(volumes)],
    ])
    return WorkflowRun(
      pipeline: pipeline,
      environment: .resource(
        resource, promise: promise, pipeline: pipeline.name, action: action, isDryRun: isDryRun),
      object: resource, resolvedEnvironment: resolvedEnvironment)
  }

  /// A container of the image `shell` that runs a script.
  static func shell(_ script: String, name: String = "main") -> JSON {
    ["name": .string(name), "image": "shell", "command": ["/bin/sh", "-ec", .string(script)]]
  }
}

extension WorkflowResult {
  func text(_ path: String) -> String? {
    files.first { $0.path == path }.map { String(decoding: $0.bytes, as: UTF8.self) }
  }
}
