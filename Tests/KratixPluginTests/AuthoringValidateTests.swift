import ArgumentParser
import Foundation
import KratixModel
import Kubernetes
import PromiseReview
import Testing

@testable import KratixPlugin

@Suite struct AuthoringValidateTests {
  static let definition = """
    apiVersion: apiextensions.k8s.io/v1
    kind: CustomResourceDefinition
    metadata: {name: things.example.org}
    spec:
      group: example.org
      names: {kind: Thing, plural: things, singular: thing, listKind: ThingList}
      scope: Namespaced
      versions:
      - name: v1
        served: true
        storage: true
        schema:
          openAPIV3Schema:
            type: object
            properties:
              spec:
                type: object
                required: [size]
                properties:
                  size: {type: integer, maximum: 5}
                  color: {type: string, default: red}
    """

  static func promise(_ definition: String = definition, version: String = "v1.0.0") -> String {
    """
    apiVersion: platform.kratix.io/v1alpha1
    kind: Promise
    metadata:
      name: thing
      labels:
        kratix.io/promise-version: \(version)
    spec:
      api:
    \(definition.split(separator: "\n").map { "    \($0)" }.joined(separator: "\n"))
    """
  }

  private func exitCode(_ arguments: [String]) async throws -> Int32 {
    do {
      try await ValidateCommand.parse(arguments).run()
      return 0
    } catch let code as ExitCode {
      return code.rawValue
    } catch let failure as Failure {
      return failure.exitCode
    }
  }

  /// A file's text, what it is compared with, the exit code.
  static let files: [(String, String?, Int32)] = [
    (promise(), nil, 0),
    (definition, nil, 0),
    // A field that is gone, a bound that is tightened.
    (promise(definition.replacing("color:", with: "colour:")), promise(), 1),
    (definition.replacing("maximum: 5", with: "maximum: 4"), definition, 1),
    (definition.replacing("maximum: 5", with: "maximum: 4"), promise(), 1),
    (promise(definition.replacing("maximum: 5", with: "maximum: 4")), definition, 1),
    // Loosened.
    (definition.replacing("maximum: 5", with: "maximum: 6"), definition, 0),
    (promise(definition.replacing("maximum: 5", with: "maximum: 6"), version: "v1.1.0"), promise(), 0),
    (promise(definition.replacing("Namespaced", with: "Cluster")), nil, 1),
    ("kind: Pod\napiVersion: v1\n", nil, 1),
    ("", nil, 2), ("a: [", nil, 2), ("- a\n", nil, 2), ("kind: A\n---\nkind: B\n", nil, 2),
    (promise(), "", 2),
  ]

  @Test(arguments: files)
  func exitCodes(text: String, against: String?, expected: Int32) async throws {
    let scratch = try Scratch()
    try scratch.write("new.yaml", text)
    var arguments = ["-f", scratch.file("new.yaml")]
    if let against {
      try scratch.write("old.yaml", against)
      arguments += ["--against", scratch.file("old.yaml")]
    }
    for format in ["table", "wide", "json", "yaml", "sarif"] {
      #expect(try await exitCode(arguments + ["-o", format]) == expected)
    }
  }

  @Test func unreadableFiles() async throws {
    #expect(try await exitCode(["-f", "/nowhere"]) == 2)
    #expect(try await exitCode(["-f", "/"]) == 2)
  }

  private func report(_ text: String) throws -> ValidationReport {
    let scratch = try Scratch()
    try scratch.write("promise.yaml", text)
    let subject = try ReviewSubject.read(scratch.file("promise.yaml"))
    return ValidationReport(subject: subject, findings: PromiseReview.review(candidate: subject.promise))
  }

  @Test func findingsAsData() throws {
    let report = try report(Self.promise(Self.definition.replacing("Namespaced", with: "Cluster")))
    let finding = try #require(report.json["findings"]?.arrayValue?.first { $0["rule"] == "api-cluster-scoped" })
    #expect(finding["severity"] == "deny")
    #expect(finding["path"] == "spec.api.spec.scope")
    #expect(finding["line"] == 15)
    #expect(finding["message"]?.stringValue?.isEmpty == false && finding["remedy"]?.stringValue?.isEmpty == false)
    let run = try #require(report.sarif["runs"]?[0])
    let result = try #require(run["results"]?.arrayValue?.first { $0["ruleId"] == "api-cluster-scoped" })
    #expect(result["level"] == "error")
    let location = result["locations"]?[0]
    #expect(location?[path: "physicalLocation", "region", "startLine"] == 15)
    #expect(location?["logicalLocations"]?[0]?["fullyQualifiedName"] == "spec.api.spec.scope")
    let rules = run[path: "tool", "driver", "rules"]?.arrayValue ?? []
    #expect(rules.contains { $0["id"] == "api-cluster-scoped" })
    #expect(report.text(showsInfo: false).contains("api-cluster-scoped"))
  }

  @Test func linesOfABareDefinition() throws {
    let report = try report(Self.definition.replacing("Namespaced", with: "Cluster"))
    let finding = report.json["findings"]?.arrayValue?.first { $0["rule"] == "api-cluster-scoped" }
    #expect(finding?["line"] == 7)
  }

  /// A request, its messages, the fields that are lost, the defaults
  static let requests: [(String, [String], [String], [String])] = [
    ("{apiVersion: example.org/v1, kind: Thing, metadata: {name: a}, spec: {size: 3}}", [], [], ["spec.color"]),
    (
      "{apiVersion: example.org/v1, kind: Thing, metadata: {name: a}, spec: {size: 3, color: blue, x: {y: 1}}}", [],
      ["spec.x"], []
    ),
    (
      "{apiVersion: example.org/v1, kind: Thing, metadata: {name: a}, spec: {}}", ["spec.size: Required value"], [],
      ["spec.color"]
    ),
    (
      "{apiVersion: example.org/v1, kind: Thing, metadata: {generateName: a-}, spec: {size: 3}}", [], [], ["spec.color"]
    ),
    (
      "{apiVersion: example.org/v2, kind: Thing, metadata: {name: a}}",
      ["no matches for kind \"Thing\" in version \"example.org/v2\"; the Promise serves Thing in example.org/v1"], [],
      []
    ),
    ("[]", ["the document is no object; a Thing is expected"], [], []),
  ]

  @Test(arguments: requests)
  func requestsAsTheServerTakesThem(text: String, messages: [String], pruned: [String], defaults: [String]) throws {
    let api = PromiseAPI(KubernetesObject(try YAML.parse(Self.definition)))
    let result = RequestValidation.result(try YAML.parse(text), index: 0, file: "r.yaml", api: api)
    #expect(result.messages == messages)
    #expect(result.pruned == pruned)
    #expect(result.defaults.map(\.path) == defaults)
    #expect(result.json["valid"] == .bool(messages.isEmpty))
  }

  @Test func requestsOfSeveralDocuments() async throws {
    let scratch = try Scratch()
    try scratch.write("promise.yaml", Self.promise())
    let good = "{apiVersion: example.org/v1, kind: Thing, metadata: {name: a}, spec: {size: 3}}"
    try scratch.write("good.yaml", "---\n\(good)\n---\n\(good)\n")
    try scratch.write("bad.yaml", good.replacing("size: 3", with: "size: x"))
    try scratch.write("empty.yaml", "---\n")
    let promise = ["-f", scratch.file("promise.yaml")]
    #expect(try await exitCode(promise + ["--request", scratch.file("good.yaml")]) == 0)
    #expect(try await exitCode(promise + ["--request", scratch.file("good.yaml"), scratch.file("bad.yaml")]) == 1)
    #expect(try await exitCode(promise + ["--request", scratch.file("empty.yaml")]) == 2)
    #expect(try await exitCode(promise + ["--request", scratch.file("none.yaml")]) == 2)
  }

  @Test(arguments: ["app-as-a-service", "mongodb-full"])
  func realPromises(name: String) async throws {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let shared = root.deletingLastPathComponent().appending(path: "shared/promises")
    let code = try await exitCode([
      "-f", shared.appending(path: "\(name).yaml").path, "--request",
      shared.appending(path: "\(name).request.yaml").path,
    ])
    #expect(code != 2)
  }

  @Test(arguments: [["-o", "html"], ["--rule", "nothing=deny"], ["--rule", "api-no-versions=never"]])
  func wrongUsage(arguments: [String]) {
    #expect(throws: (any Error).self) { try ValidateCommand.parse(["-f", "x"] + arguments) }
  }
}
