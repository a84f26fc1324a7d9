import KratixModel
import Kubernetes
import Testing

@testable import PromiseAuthoring

/// For any text: undoing the edits gives the text byte for byte, and the result parses to the same values but at the
/// paths that were asked for.
@Suite struct BumpPropertyTests {
  @Test(arguments: RealPromises.names)
  func realPromises(name: String) throws {
    let original = try RealPromises.bytes(name)
    let text = String(decoding: original, as: UTF8.self)
    let dresses: [[UInt8]] =
      [original, Array(text.replacing("\n", with: "\r\n").utf8), Array(("\u{FEFF}" + text).utf8)]
      + [Array(("data:\n  p: |\n" + text.split(separator: "\n").map { "    \($0)\n" }.joined()).utf8)]
    for bytes in dresses { try check(bytes, name) }
  }

  @Test(arguments: UInt64(0)..<120)
  func generatedPromises(seed: UInt64) throws {
    var generator = GeneratedPromise(seed: seed)
    try check(Array(generator.text().utf8), "seed \(seed)")
  }

  private func check(_ bytes: [UInt8], _ name: String) throws {
    let containers = try ImageBump.containers(in: bytes)
    #expect(!containers.isEmpty)
    for image in Set(containers.map(\.image)) {
      guard var reference = ImageReference(image) else {
        Issue.record("\(name): \(image)")
        continue
      }
      reference.tag = "v9.8.7"
      reference.digest = nil
      let plan = try ImageBump.plan(
        text: bytes, requests: [BumpRequest(image: reference, scope: .exactly(image))], promiseVersion: .set("v9.0.0"))
      try ImageBumpTests.expectUndoable(plan, bytes)
      let before = try YAML.documents(String(decoding: bytes, as: UTF8.self))
      let after = try YAML.documents(String(decoding: plan.applied(to: bytes), as: UTF8.self))
      let changed = zip(before, after).flatMap { Self.differences($0, $1, []) }
      #expect(before.count == after.count)
      #expect(!changed.isEmpty)
      // Every difference is at a path that the plan names, as an edit or as a place that an anchor shares; a text that
      // holds a document differs as a whole.
      let named = Set(
        (plan.edits.map(\.path) + plan.warnings.flatMap(\.elsewhere)).map { path in
          path.steps.prefix { step in if case .text = step { false } else { true } }.map(Self.text)
            .filter { $0 != "<<" }
        })
      for change in changed {
        let isBelow = named.contains { $0.count > change.path.count && $0.starts(with: change.path) }
        #expect(named.contains(change.path) || isBelow && change.old == nil, "\(name): \(change) of \(named)")
      }
      #expect(
        changed.contains {
          $0.new == .string(reference.description) || $0.new?.stringValue?.contains(reference.description) == true
        })
    }
  }

  private static func text(_ step: FieldPath.Step) -> String {
    switch step {
    case .key(let key): key
    case .index(let index): "\(index)"
    case .text: "|"
    }
  }

  struct Difference {
    var path: [String]
    var old: JSON?
    var new: JSON?
  }

  static func differences(_ old: JSON?, _ new: JSON?, _ path: [String]) -> [Difference] {
    if old == new { return [] }
    if let one = old?.objectValue, let other = new?.objectValue {
      return Set(one.keys).union(other.keys).sorted().flatMap { differences(one[$0], other[$0], path + ["\($0)"]) }
    }
    if let one = old?.arrayValue, let other = new?.arrayValue, one.count == other.count {
      return one.indices.flatMap { differences(one[$0], other[$0], path + ["\($0)"]) }
    }
    return [Difference(path: path, old: old, new: new)]
  }
}

/// A Promise's text written at random: styles, indentation, comments, line breaks, text of several bytes.
struct GeneratedPromise {
  private var random: SeededGenerator
  private var anchors = 0

  init(seed: UInt64) { random = SeededGenerator(seed) }

  private mutating func pick<T>(_ choices: [T]) -> T { choices[Int.random(in: 0..<choices.count, using: &random)] }
  private mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }

  mutating func text() -> String {
    var lines: [String] = []
    if chance(30) { lines.append("# \(pick(["a comment", "äöü €", "image: r.io/no:1", "😀\ttab"]))") }
    if chance(20) { lines.append("---") }
    var members = [["apiVersion: platform.kratix.io/v1alpha1"], ["kind: \(scalar("Promise"))"], metadata(), spec()]
    members.shuffle(using: &random)
    lines += members.joined()
    if chance(20) { lines += ["---", "kind: Other", "image: r.io/no:1"] }
    if chance(25) {
      lines = ["data:", "  p.yaml: |\(pick(["", "-", "+"]))"] + lines.map { $0.isEmpty ? "" : "     \($0)" }
    }
    var text = lines.joined(separator: "\n") + (chance(80) ? "\n" : "")
    if chance(30) { text = text.replacing("\n", with: "\r\n") }
    return (chance(20) ? "\u{FEFF}" : "") + text
  }

  private mutating func metadata() -> [String] {
    switch Int.random(in: 0..<4, using: &random) {
    case 0: ["metadata: {name: p, labels: {team: x}}"]
    case 1: ["metadata:", "    labels: # some", "      team: 'ä: {x'", "    name: p"]
    case 2: ["metadata:", "  name: p", "  labels:", "    kratix.io/promise-version: \(scalar("v1.0.0"))"]
    default: ["metadata:", "  name: \(scalar("p"))", "  annotations: {}"]
    }
  }

  private mutating func spec() -> [String] {
    var lines = ["spec:", "  workflows:"]
    for type in ["promise", "resource"] {
      lines.append("    \(type):")
      for action in ["configure", "delete"] {
        lines.append("      \(action):" + comment())
        let indent = chance(50) ? "      " : "        "
        for index in 0..<Int.random(in: 1...2, using: &random) { lines += pipeline(index).map { indent + $0 } }
      }
    }
    return lines
  }

  private mutating func pipeline(_ index: Int) -> [String] {
    var lines = ["- kind: Pipeline", "  metadata:", "    name: pipe-\(index)", "  spec:"]
    lines.append("    containers:")
    for container in 0..<Int.random(in: 1...3, using: &random) {
      let image = "r.io/\(pick(["a", "b/c", "d_e"])):\(pick(["v1.0.0", "2", "main"]))"
      switch Int.random(in: 0..<3, using: &random) {
      case 0:
        lines.append("    - {name: c\(container), image: \(flowScalar(image)), args: [\"ü\", \(flowScalar(image))]}")
      case 1:
        anchors += 1
        lines += ["    - image: &a\(anchors) \(scalar(image))\(comment())", "      name: c\(container)"]
        if chance(50) { lines.append("      args: [*a\(anchors)]") }
      default:
        lines.append("    - name: c\(container)")
        lines += block("      image: ", image)
        if chance(30) { lines += ["      command:", "      - |", "        echo\ttab \(image)", "", "          more"] }
      }
    }
    return lines
  }

  private mutating func block(_ key: String, _ value: String) -> [String] {
    switch Int.random(in: 0..<4, using: &random) {
    case 0: [key + "|-", "        " + value]
    case 1: [key + ">-" + comment(), "       " + value]
    case 2: [key, "          " + value]
    default: [key + scalar(value) + comment()]
    }
  }

  private mutating func scalar(_ value: String) -> String {
    pick([value, "'\(value)'", "\"\(value)\"", "!!str \(value)"])
  }
  private mutating func flowScalar(_ value: String) -> String { pick(["'\(value)'", "\"\(value)\""]) }
  private mutating func comment() -> String { pick(["", "", " # r.io/a:v1.0.0", "  # ä", "\t# tab"]) }
}
