import Foundation
import Kubernetes
import Testing

/// A folder of shared/recorded that is done again on the suite's platform.
struct RecordedScenario: Sendable {
  var folder: String
  var subject: Recording.Subject

  init(_ folder: String, of subject: Recording.Subject = .mongoDB) {
    self.folder = folder
    self.subject = subject
  }

  /// kubectl on the platform; it has to succeed.
  @discardableResult
  func kubectl(_ arguments: String..., input: String = "") async throws -> CommandResult {
    let platform = try Platform.require()
    return try await platform.run("kubectl", ["--context", platform.platform] + arguments, input: input).succeeded()
  }

  /// A file that was given to the recorded platform.
  func input(_ file: String) -> String { "\(Recording.root)/\(folder)/input/\(file).yaml" }

  /// Applies the Promise as it was at a moment of this scenario.
  func applyPromise(of moment: String) async throws {
    let promise = try Recording("\(folder)/\(moment)", of: subject).promise(named: subject.promise)
    try await kubectl("apply", "-f", "-", input: promise)
  }

  /// Applies a request of the recorded Promises that are no marketplace's.
  func request(_ name: String) async throws {
    let request: JSON = [
      "apiVersion": "demo.example.com/v1", "kind": .string(subject.kind),
      "metadata": ["name": .string(name), "namespace": "default"], "spec": ["size": "s"],
    ]
    try await kubectl("apply", "-f", "-", input: request.text())
  }

  /// Waits until the platform is as it was then; see `Platform.matches`.
  func moment(
    _ name: String, of other: Recording.Subject? = nil, without: Set<String> = [], paths: [String] = [],
    works: Bool = false, sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    try await Platform.require().matches(
      "\(folder)/\(name)", of: other ?? subject, without: without, paths: paths, works: works,
      sourceLocation: sourceLocation)
  }
}

/// The image of the recorded Promises' pipelines: a shell.
enum Busybox {
  /// For `sandbox up`.
  static let images = ["--image", "busybox:1.36=\(Platform.root)/Tests/EndToEndTests/Images/busybox"]
}
