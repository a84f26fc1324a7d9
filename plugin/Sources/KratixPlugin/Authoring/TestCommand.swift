import ArgumentParser
import Foundation
import KratixModel
import Kubernetes
import PromiseAuthoring
import WorkflowRunner

/// `kubectl kratix test`: pipelines on their example inputs.
public struct TestCommand: AsyncParsableCommand {
  public static let configuration = CommandConfiguration(
    commandName: "test",
    abstract: "Run a Promise's pipelines on example inputs and compare with the outputs that are checked in.",
    discussion: """
      A test is a directory tests/TYPE/ACTION/PIPELINE/CASE of the Promise's source directory: input.yaml is what the \
      pipeline gets, output/ and metadata/ hold what it must write below /kratix. Images come from the directory's own \
      Dockerfiles; --image says where others are.

      Examples:
        kubectl kratix test .
        kubectl kratix test . --update
        kubectl kratix test . --only resource/configure/instance

      Exit codes: 0 every output is as expected, 1 one is not, or a test could not be run.
      """)

  @Argument(help: "The Promise's source directory.")
  var directory: String

  @Flag(help: "Write the outputs as the expected ones; without any test, make one of each example request.")
  var update = false

  @Option(help: "Only the tests whose name begins so: TYPE/ACTION/PIPELINE/CASE.")
  var only: String?

  @OptionGroup var engine: EngineArguments

  public init() {}

  public func run() async throws {
    let files = try SourceTree.read(directory)
    let package = try SourceTree.package(files, of: directory)
    var cases = files.compactMap { PipelineTestCase(path: $0.path) }
    if cases.isEmpty, update { cases = try writeExamples(package) }
    if let only { cases = cases.filter { $0.description == only || $0.description.hasPrefix(only + "/") } }
    guard !cases.isEmpty else {
      throw Failure(
        "\(directory) has no tests\(only.map { " that begin with \($0)" } ?? ""); make some of its example requests "
          + "with --update")
    }
    let runner = PipelineTestRunner(
      directory: directory, promise: Promise(package.promise), engine: try engine.make(images: images(package)),
      limits: engine.limits)
    var failures = 0
    for test in cases.sorted(by: { $0.description < $1.description }) {
      let outcome = try await runner.run(test, updates: update)
      Console.out("\(outcome.word) \(test)")
      if !outcome.text.isEmpty { Console.out(bytes: Array(outcome.text.utf8)) }
      if !outcome.isGood { failures += 1 }
    }
    guard failures == 0 else {
      Console.note("\(failures) of \(cases.count) tests failed; accept what is right with --update")
      throw ExitCode(1)
    }
  }

  /// The directory's own images, and those that the options name.
  private func images(_ package: PromisePackage) throws(Failure) -> ImageMap {
    let root = URL(filePath: directory).standardizedFileURL.path
    var map: [String: String] = [:]
    for source in package.images { map[source.image.description] = "\(root)/\(source.directory)" }
    for image in engine.images { map[image.reference] = try image.absolutePath() }
    return ImageMap(map, collections: ["\(root)/pipelines"])
  }

  /// One test for each example request and each pipeline that runs for requests.
  private func writeExamples(_ package: PromisePackage) throws(Failure) -> [PipelineTestCase] {
    var cases: [PipelineTestCase] = []
    let pipelines = Promise(package.promise).pipelines(.resource, .configure)
    for file in package.companions where !file.path.hasSuffix(".md") {
      let stem = String(file.path.prefix { $0 != "." })
      for pipeline in pipelines {
        let test = PipelineTestCase(type: .resource, action: .configure, pipeline: pipeline.name, name: stem)
        try SourceTree.write([SourceFile(path: "\(test.path)/input.yaml", bytes: file.bytes)], to: directory)
        cases.append(test)
      }
    }
    return cases
  }
}
