import Foundation
import Kubernetes
import Testing

/// Inputs that were given to a real API server with real Kratix, and its exact refusals and warnings
/// (shared/recorded/k-admission).
@Suite(.platform(arguments: ["--no-webhook"]), .serialized)
struct RecordedAdmissionTests {
  struct Recording: Sendable, CustomTestStringConvertible {
    var title: String
    var input: String
    var exitCode: Int32
    var answer: String

    var testDescription: String { title }
  }

  /// What is not replayed, and why.
  private static let leftOut: [String: String] = [
    "Promise create: spec.api is a ConfigMap": "Kratix crashes; the sandbox says a sentence",
    "Promise create: spec.api without spec": "Kratix crashes; the sandbox says a sentence",
    "Promise create: required Promise at an old version that is still a revision": "the revision is not there",
    "PromiseRelease create: unreachable url": "the words are of the recording's resolver",
  ]

  static let recordings: [Recording] = {
    let path = "\(Platform.root)/../shared/recorded/k-admission/denials-and-warnings.md"
    guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { return [] }
    return text.components(separatedBy: "\n## ").dropFirst().compactMap { section in
      let title = String(section.prefix { $0 != "\n" })
      let parts = section.components(separatedBy: "```")
      guard parts.count >= 3, parts[1].hasPrefix("yaml\n"), !parts[1].contains("(the live Promise"),
        let code = parts[2].split(separator: "\n").first?.split(separator: " ").last.flatMap({ Int32($0) })
      else { return nil }
      return Recording(
        title: title, input: String(parts[1].dropFirst(5)), exitCode: code,
        answer: parts.count >= 5 ? parts[3].trimmingCharacters(in: .whitespacesAndNewlines) : "")
    }
  }()

  @Test func theRecordingsAreThere() { #expect(Self.recordings.count >= 50) }

  @Test(arguments: recordings.filter { leftOut[$0.title] == nil })
  func answersAsTheRealServerDid(_ recording: Recording) async throws {
    let platform = try Platform.require()
    if try await platform.kubectl("get", "promise", "mongodb").exitCode != 0 {
      let promise = try String(contentsOfFile: "\(Platform.root)/../shared/promises/mongodb.yaml", encoding: .utf8)
        .replacing(
          "  name: mongodb\nspec:", with: "  name: mongodb\n  labels: {kratix.io/promise-version: v4.0.0}\nspec:")
      try await platform.kubectl("apply", "-f", "-", input: promise).succeeded()
      try await platform.wait("promise/mongodb", for: "jsonpath={.status.kind}=MongoDB")
    }
    let result = try await platform.kubectl("apply", "-f", "-", "--dry-run=server", input: recording.input)
    let answer = (result.error + result.output).trimmingCharacters(in: .whitespacesAndNewlines)
    #expect(result.exitCode == recording.exitCode)
    #expect(withoutRandomness(answer) == withoutRandomness(recording.answer))
  }

  /// The name of the Job that Kratix tries ends in five random characters.
  private func withoutRandomness(_ text: String) -> String {
    text.replacing(#/-[0-9a-f]{5}" is invalid/#, with: "-RANDOM\" is invalid")
  }
}
