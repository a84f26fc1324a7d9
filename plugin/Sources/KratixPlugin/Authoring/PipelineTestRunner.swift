import Foundation
import KratixModel
import Kubernetes
import PromiseAuthoring
import WorkflowRunner

/// Runs tests of pipelines and compares what they put out with what is checked in.
struct PipelineTestRunner {
  var directory: String
  var promise: Promise
  var engine: any WorkflowEngine
  var limits: WorkflowLimits

  struct Outcome {
    var isGood: Bool
    var word: String
    /// Differences, or why there was no output; ends with a newline when not empty.
    var text: String
  }

  /// - Throws: `Failure` for a test that is not written rightly.
  func run(_ test: PipelineTestCase, updates: Bool) async throws(Failure) -> Outcome {
    guard let pipeline = promise.pipelines(test.type, test.action).first(where: { $0.name == test.pipeline }) else {
      let known = promise.pipelines(test.type, test.action).map(\.name).joined(separator: ", ")
      throw Failure(
        "\(directory)/\(test.path) is for a pipeline that the Promise does not have"
          + (known.isEmpty ? "" : "; it has \(known)"))
    }
    let input = try input(of: test)
    let environment =
      test.type == .resource
      ? WorkflowEnvironment.resource(input, promise: promise, pipeline: pipeline.name, action: test.action)
      : WorkflowEnvironment.promise(promise, pipeline: pipeline.name, action: test.action)
    let result: WorkflowResult
    do {
      result = try await engine.run(
        WorkflowRun(pipeline: pipeline, environment: environment, object: input), limits: limits)
    } catch {
      return Outcome(
        isGood: false, word: "FAILED",
        text: "  \(error)\n" + error.lastLines.map { "  | \($0)\n" }.joined())
    }
    let actual = Self.files(result)
    let expected = try expectedFiles(of: test)
    let difference = difference(test, expected, actual)
    guard updates, !difference.isEmpty else {
      return Outcome(isGood: difference.isEmpty, word: difference.isEmpty ? "ok" : "FAILED", text: difference)
    }
    try replace(test, expected, actual)
    return Outcome(isGood: true, word: "updated", text: difference)
  }

  /// The object as the API would serve it: with defaults, in a namespace.
  private func input(of test: PipelineTestCase) throws(Failure) -> KubernetesObject {
    let path = "\(directory)/\(test.path)/input.yaml"
    let documents = try ReviewSubject.documents(path).documents.filter { !$0.isNull }
    guard documents.count == 1, let document = documents.first, document.objectValue != nil else {
      throw Failure("\(path) must hold one object; it holds \(documents.count) documents")
    }
    var object = KubernetesObject(document)
    guard test.type == .resource else { return object }
    guard let api = promise.api, object.kind == api.kind else {
      throw Failure("\(path) is a \(object.kind), and the Promise serves \(promise.api?.kind ?? "nothing")")
    }
    if object.namespace == nil, api.isNamespaced { object.namespace = "default" }
    if let schema = api.schema { object.json = StructuralSchema(json: schema).applyingDefaults(to: object.json) }
    return object
  }

  /// What a run put out, by path below /kratix; metadata as YAML with sorted keys.
  private static func files(_ result: WorkflowResult) -> [String: [UInt8]] {
    var files: [String: [UInt8]] = [:]
    for file in result.files { files["output/\(file.path)"] = file.bytes }
    if let status = result.status { files["metadata/status.yaml"] = Array(YAML.text(status).utf8) }
    if !result.destinationSelectors.isEmpty {
      let selectors = result.destinationSelectors.map { selector -> JSON in
        var json: JSON = ["matchLabels": JSON(selector.matchLabels)]
        if selector.directory != "." { json["directory"] = .string(selector.directory) }
        return json
      }
      files["metadata/destination-selectors.yaml"] = Array(YAML.text(.array(selectors)).utf8)
    }
    return files
  }

  private func expectedFiles(of test: PipelineTestCase) throws(Failure) -> [String: [UInt8]] {
    var files: [String: [UInt8]] = [:]
    let root = "\(directory)/\(test.path)"
    for part in ["output", "metadata"] {
      guard let names = FileManager.default.enumerator(atPath: "\(root)/\(part)") else { continue }
      for case let name as String in names {
        var isDirectory: ObjCBool = false
        let path = "\(root)/\(part)/\(name)"
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory), !isDirectory.boolValue else {
          continue
        }
        files["\(part)/\(name)"] = try AtomicFile.read(path)
      }
    }
    return files
  }

  private func difference(
    _ test: PipelineTestCase, _ expected: [String: [UInt8]], _ actual: [String: [UInt8]]
  ) -> String {
    Set(expected.keys).union(actual.keys).sorted().map { path in
      let old = expected[path]
      let new = actual[path]
      // Metadata is compared by what it says, not by how it is written.
      if path.hasPrefix("metadata/"), let old, let new, Self.value(old) == Self.value(new) { return "" }
      if old == nil || new == nil, (old ?? new)?.isEmpty == true {
        return old == nil ? "the empty file \(path) is new\n" : "the empty file \(path) is missing\n"
      }
      return UnifiedDiff.text(
        old ?? [], new ?? [], oldName: old == nil ? "/dev/null" : "\(test.path)/\(path)",
        newName: new == nil ? "/dev/null" : "/kratix/\(path)")
    }.joined()
  }

  private static func value(_ bytes: [UInt8]) -> JSON? {
    try? YAML.parse(String(decoding: bytes, as: UTF8.self))
  }

  private func replace(
    _ test: PipelineTestCase, _ expected: [String: [UInt8]], _ actual: [String: [UInt8]]
  ) throws(Failure) {
    let root = "\(directory)/\(test.path)"
    for path in expected.keys where actual[path] == nil { unlink("\(root)/\(path)") }
    try SourceTree.write(
      actual.filter { expected[$0.key] != $0.value }.sorted { $0.key < $1.key }.map {
        SourceFile(path: $0.key, bytes: $0.value)
      }, to: root, replacing: true)
  }
}
