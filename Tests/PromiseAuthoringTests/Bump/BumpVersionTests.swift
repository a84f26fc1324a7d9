import KratixModel
import Testing

@testable import PromiseAuthoring

@Suite struct BumpVersionTests {
  static func promise(_ metadata: String, image: String = "r.io/a:v1.2.3") -> String {
    ImageBumpTests.promise("      - image: \(image)\n", metadata: metadata)
  }

  static let insertions: [(rule: String, before: String, after: String)] = [
    (
      "value replaced", "metadata:\n  name: p\n  labels:\n    kratix.io/promise-version: v1.0.0 # now\n",
      "metadata:\n  name: p\n  labels:\n    kratix.io/promise-version: v2 # now\n"
    ),
    (
      "quoted key and value", "metadata: {name: p, labels: {'kratix.io/promise-version': \"v1.0.0\"}}\n",
      "metadata: {name: p, labels: {'kratix.io/promise-version': \"v2\"}}\n"
    ),
    (
      "below the name", "metadata:\n  name: p # the name\n  annotations: {}\n",
      "metadata:\n  name: p # the name\n  labels:\n    kratix.io/promise-version: v2\n  annotations: {}\n"
    ),
    (
      "indented by four", "metadata:\n    name: p\n",
      "metadata:\n    name: p\n    labels:\n        kratix.io/promise-version: v2\n"
    ),
    (
      "into labels", "metadata:\n  labels: # all of them\n    # the team\n    team: x\n  name: p\n",
      "metadata:\n  labels: # all of them\n    kratix.io/promise-version: v2\n    # the team\n    team: x\n  name: p\n"
    ),
    (
      "into empty labels", "metadata:\n  labels:\n  name: p\n",
      "metadata:\n  labels:\n    kratix.io/promise-version: v2\n  name: p\n"
    ),
    (
      "into flow labels", "metadata:\n  labels: {team: x}\n  name: p\n",
      "metadata:\n  labels: {\"kratix.io/promise-version\": \"v2\", team: x}\n  name: p\n"
    ),
    (
      "into empty flow labels", "metadata:\n  labels: {}\n  name: p\n",
      "metadata:\n  labels: {\"kratix.io/promise-version\": \"v2\"}\n  name: p\n"
    ),
    (
      "into flow metadata", "metadata: {name: p}\n",
      "metadata: {\"labels\": {\"kratix.io/promise-version\": \"v2\"}, name: p}\n"
    ),
  ]

  @Test(arguments: insertions)
  func label(rule: String, before: String, after: String) throws {
    for dress in ImageBumpTests.dresses where !dress.rule.contains("quotes") {
      let bumping = try Bumping(dress.wear(Self.promise(before)), version: .set("v2"))
      #expect(bumping.result == dress.wear(Self.promise(after)), "\(dress.rule)")
      try ImageBumpTests.expectUndoable(bumping.plan, bumping.text)
    }
  }

  /// With no image to go by, a version goes up by a patch.
  @Test func raisesAlone() throws {
    let text = Self.promise("metadata:\n  name: p\n  labels:\n    kratix.io/promise-version: v1.2.3\n")
    #expect(try Bumping(text, version: .raise).plan.versions.map(\.to) == ["v1.2.4"])
  }

  @Test func raisingNeedsAVersion() throws {
    for (metadata, sentence) in [
      ("metadata:\n  name: p\n", "has no label kratix.io/promise-version on the Promise p that could be raised"),
      (
        "metadata:\n  name: p\n  labels:\n    kratix.io/promise-version: blue\n",
        "has the version \"blue\" on the Promise p, which is no semantic version"
      ),
    ] {
      let error = #expect(throws: BumpError.self) { try Bumping(Self.promise(metadata), version: .raise) }
      #expect(error?.description.hasPrefix(sentence) == true)
    }
  }

  /// YAML 1.1 has line breaks that editors do not show: the name's line ends at one here.
  @Test func belowANameThatALineSeparatorEnds() throws {
    let text = "kind: Promise\napiVersion: platform.kratix.io/v1alpha1\nmetadata:\n  name: p\u{2028}spec: {}\n"
    #expect(
      try Bumping(text, version: .set("v2")).result
        == text.replacing(
          "\u{2028}", with: "\u{2028}  labels:\u{2028}    kratix.io/promise-version: v2\u{2028}"))
  }

  @Test func metadataAtTheEndWithoutNewline() throws {
    let text = "kind: Promise\napiVersion: platform.kratix.io/v1alpha1\nmetadata:\r\n  name: p"
    #expect(
      try Bumping(text, version: .set("v2")).result
        == text + "\n  labels:\n    kratix.io/promise-version: v2")
  }

  @Test(
    arguments: [
      // the Promise's version, the image's tag before and after, the Promise's version after
      ("v1.0.0", "v1.2.3", "v1.2.4", "v1.0.1"),
      ("v1.0.0", "v1.2.3", "v1.3.0", "v1.1.0"),
      ("v1.0.0", "v1.2.3", "v2.0.0", "v2.0.0"),
      ("1.4.7", "v1.2.3", "v2.0.0", "2.0.0"),
      // Backwards is a change of the same size.
      ("v1.0.0", "v1.2.3", "v1.1.0", "v1.1.0"),
      // A prerelease becomes its release.
      ("v1.0.0-beta.1", "v1.2.3", "v1.2.4", "v1.0.0"),
      ("v1.0.0-beta.1", "v1.2.3", "v2.0.0", "v1.0.0"),
      // Tags that are no versions count as a patch.
      ("v0.1.0", "main", "release", "v0.1.1"),
      ("v0.1.0", "v0.1.0", "v0.2.0", "v0.2.0"),
    ])
  func raises(version: String, from: String, to: String, expected: String) throws {
    let text = Self.promise(
      "metadata:\n  name: p\n  labels:\n    kratix.io/promise-version: \(version)\n", image: "r.io/a:\(from)")
    let plan = try Bumping(text, "r.io/a:\(to)", version: .raise).plan
    #expect(plan.versions.map(\.to) == [expected])
    #expect(plan.edits.count == 2)
  }
}
