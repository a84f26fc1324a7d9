import Foundation
import KratixModel
import Testing

@testable import PromiseAuthoring

/// Texts that are broken at random end in a sentence or in a plan that can be undone, never in a trap.
@Suite struct BumpFuzzTests {
  /// Pieces that mean something to a YAML parser.
  static let pieces: [[UInt8]] =
    [
      "\n", "\r\n", "\r", "\t", " ", "  ", "- ", ": ", "? ", "#", "'", "\"", "|", ">-", "|2\n", "{", "}", "[", "]", ",",
      "&a ",
      "*a", "!!str ", "!", "---\n", "...\n", "%", "@", "<<: *a\n", "\u{85}", "\u{2028}", "é", "😀", "\u{FEFF}", "\\",
      "\\x41",
      "image: ", "Promise",
    ].map { Array($0.utf8) } + [[0xFF], [0x00], [0xC3]]

  static var rounds: UInt64 {
    ProcessInfo.processInfo.environment["KRATIX_FUZZ_ROUNDS"].flatMap(UInt64.init) ?? 40
  }

  @Test(arguments: RealPromises.names.filter { $0 != "mongodb-full" })
  func mutations(name: String) throws {
    let original = try RealPromises.bytes(name)
    for seed in 0..<Self.rounds {
      var random = SeededGenerator(seed)
      var text = original
      for _ in 0..<Int.random(in: 1...6, using: &random) {
        let position = Int.random(in: 0...text.count, using: &random)
        let end = min(text.count, position + Int.random(in: 0...12, using: &random))
        switch Int.random(in: 0..<4, using: &random) {
        case 0: text.removeSubrange(position..<end)
        case 1: text.replaceSubrange(position..<end, with: Self.pieces.randomElement(using: &random) ?? [])
        case 2: text.insert(contentsOf: text[position..<end], at: Int.random(in: 0...text.count, using: &random))
        default: text.insert(contentsOf: Self.pieces.randomElement(using: &random) ?? [], at: position)
        }
      }
      if let failure = Self.failure(text) { Issue.record("\(name), seed \(seed): \(failure)") }
      _ = try? PromisePackaging.package([SourceFile(path: "promise.yaml", bytes: text)])
      _ = FieldLines(text).line(of: "spec.api.spec.versions[0]")
    }
  }

  /// What went wrong with the bump of a text, in a way that the text is not to blame for.
  private static func failure(_ text: [UInt8]) -> String? {
    guard let containers = try? ImageBump.containers(in: text) else { return nil }
    for image in Set(containers.map(\.image)) {
      guard var reference = ImageReference(image) else { continue }
      reference.tag = "v9.9.9"
      let request = BumpRequest(image: reference, scope: .exactly(image))
      let result = Result { try ImageBump.plan(text: text, requests: [request], promiseVersion: .set("v9")) }
      switch result {
      case .success(let plan):
        var undoing = plan
        undoing.edits = plan.undo
        if undoing.applied(to: plan.applied(to: text)) != text { return "the edits of \(image) cannot be undone" }
      case .failure(let error):
        let sentence = "\(error)"
        if sentence.hasPrefix("would not read as intended") { return sentence }
      }
    }
    return nil
  }
}
