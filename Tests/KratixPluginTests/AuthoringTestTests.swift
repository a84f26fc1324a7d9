import ArgumentParser
import Foundation
import KratixModel
import Kubernetes
import PromiseAuthoring
import PromiseReview
import Testing

@testable import KratixPlugin

@Suite struct AuthoringInitTests {
  private let arguments = [
    "promise", "database", "--group", "platform.example.org", "--kind", "Database", "--property", "size:integer",
    "--property",
    "name:string", "--property", "backup.enabled:boolean",
  ]

  @Test func scaffoldPassesItsTestAndTheRules() async throws {
    let scratch = try Scratch()
    try await InitCommand.parse(arguments + ["--dir", scratch.path]).run()
    try await TestCommand.parse([scratch.path, "--engine", "process"]).run()
    try await PackageCommand.parse([scratch.path, "-o", scratch.file("out.yaml")]).run()
    let subject = try ReviewSubject.read(scratch.file("out.yaml"))
    #expect(PromiseReview.review(candidate: subject.promise).filter { $0.severity == .deny } == [])
    let api = try #require(subject.promise.api)
    let request = try YAML.parse(scratch.read("example-resource.yaml"))
    let result = RequestValidation.result(request, index: 0, file: "", api: api)
    #expect(result.messages == [] && result.pruned == [])
    #expect(api.definition.name == "databases.platform.example.org")
    #expect(
      api.schema?[path: "properties", "spec", "properties", "backup", "properties", "enabled", "type"] == "boolean")
  }

  /// As in the kratix CLI.
  @Test func aLaterPropertyReplacesAnEarlierOne() async throws {
    let scratch = try Scratch()
    let words = ["a.b:string", "c:object", "a:integer", "a:string", "c.d:boolean"].flatMap { ["--property", $0] }
    try await InitCommand.parse(
      ["thing", "--group", "example.org", "--kind", "Thing", "--dir", scratch.path] + words
    ).run()
    let promise = try YAML.parse(scratch.read("promise.yaml"))
    let version = promise[path: "spec", "api", "spec", "versions"]?[0]
    let spec = version?[path: "schema", "openAPIV3Schema", "properties", "spec", "properties"]
    #expect(spec == ["a": ["type": "string"], "c": ["type": "object", "properties": ["d": ["type": "boolean"]]]])
    try await TestCommand.parse([scratch.path, "--engine", "process"]).run()
  }

  @Test func doesNotOverwrite() async throws {
    let scratch = try Scratch()
    try scratch.write("README.md", "mine\n")
    await #expect(throws: Failure.self) { try await InitCommand.parse(arguments + ["--dir", scratch.path]).run() }
    #expect(try scratch.names == ["README.md"])
  }

  @Test(
    arguments: [
      (["Database"], "the name \"Database\" cannot be used"),
      ([String(repeating: "a", count: 31)], "is longer than the 30 characters"),
      (["a", "--group", "example"], "the group \"example\" needs a domain"),
      (["a", "--kind", "database"], "the kind \"database\" must begin with a capital"),
      (["a", "--property", "size"], "\"size\" is no property; write NAME:TYPE"),
      (["a", "--property", "size:int"], "property size has the type \"int\"; the types are string, number"),
      (["a", "--property", "a..b:string"], "\"a..b\" is no name of a property"),
      (
        ["a", "--property", "b:string", "--property", "b.c:string"],
        "property b.c is inside of b, which is a string, not an object"
      ),
      (["a", "--version", "1"], "the version \"1\" cannot be used"),
    ])
  func sentences(arguments: [String], sentence: String) async throws {
    let scratch = try Scratch()
    var all = arguments + ["--dir", scratch.path]
    if !arguments.contains("--group") { all += ["--group", "example.org"] }
    if !arguments.contains("--kind") { all += ["--kind", "Thing"] }
    let failure = await #expect(throws: Failure.self) { try await InitCommand.parse(all).run() }
    #expect(failure?.message.contains(sentence) == true, "\(failure?.message ?? "")")
    #expect(try scratch.names == [])
  }
}

@Suite struct AuthoringTestTests {
  private func scaffold() async throws -> Scratch {
    let scratch = try Scratch()
    try await InitCommand.parse([
      "thing", "--group", "example.org", "--kind", "Thing", "--property", "size:integer", "--dir", scratch.path,
    ]).run()
    return scratch
  }

  private func exitCode(_ arguments: String...) async throws -> Int32 {
    do {
      try await TestCommand.parse(arguments + ["--engine", "process"]).run()
      return 0
    } catch let code as ExitCode {
      return code.rawValue
    }
  }

  @Test func differencesFailAndUpdateAcceptsThem() async throws {
    let scratch = try await scaffold()
    let expected = "tests/resource/configure/instance/example/output/configmap.yaml"
    let right = try scratch.read(expected)
    try scratch.write(expected, right.replacing("\"1\"", with: "\"2\""))
    try scratch.write("tests/resource/configure/instance/example/output/more.yaml", "gone\n")
    #expect(try await exitCode(scratch.path) == 1)
    #expect(try scratch.read(expected) != right)
    #expect(try await exitCode(scratch.path, "--update") == 0)
    #expect(try scratch.read(expected) == right)
    #expect(try await exitCode(scratch.path) == 0)
  }

  @Test func withoutTestsUpdateMakesThem() async throws {
    let scratch = try await scaffold()
    try FileManager.default.removeItem(atPath: scratch.file("tests"))
    await #expect(throws: Failure.self) { try await exitCode(scratch.path) }
    #expect(try await exitCode(scratch.path, "--update") == 0)
    let output = try scratch.read("tests/resource/configure/instance/example-resource/output/configmap.yaml")
    #expect(output.contains("name: thing-example-thing"))
    #expect(try await exitCode(scratch.path) == 0)
  }

  @Test func pipelinesThatFail() async throws {
    let scratch = try await scaffold()
    try scratch.write(
      "workflows/resource/configure/instance/configure/scripts/pipeline.sh", "echo broken >&2; exit 3\n")
    #expect(try await exitCode(scratch.path) == 1)
    // What a pipeline put out before it failed is no expectation.
    #expect(try await exitCode(scratch.path, "--update") == 1)
  }

  @Test func testsOfOtherPipelines() async throws {
    let scratch = try await scaffold()
    try scratch.write("tests/resource/configure/other/x/input.yaml", "kind: Thing\n")
    let failure = await #expect(throws: Failure.self) { try await exitCode(scratch.path) }
    #expect(failure?.message.hasSuffix("is for a pipeline that the Promise does not have; it has instance") == true)
    #expect(try await exitCode(scratch.path, "--only", "resource/configure/instance") == 0)
    await #expect(throws: Failure.self) { try await exitCode(scratch.path, "--only", "resource/configure/inst") }
  }
}
