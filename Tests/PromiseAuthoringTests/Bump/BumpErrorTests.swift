import KratixModel
import Testing

@testable import PromiseAuthoring

@Suite struct BumpErrorTests {
  static let one = ImageBumpTests.promise("      - {name: x, image: r.io/a:1}\n      - {name: y, image: r.io/b:1}\n")

  static let sentences: [(String, String)] = [
    ("", "is empty; a Promise is expected"),
    ("# nothing\n", "is empty; a Promise is expected"),
    ("kind: Pod\n---\nkind: Service\n", "holds no Promise of platform.kratix.io; it holds Pod, Service"),
    // Promises of other groups are not Kratix's.
    ("kind: Promise\napiVersion: example.org/v1\n", "holds no Promise of platform.kratix.io; it holds Promise"),
    ("a: b\n  c: d\n", "is not YAML: line 2, column 4: mapping values are not allowed in this context"),
    // Also when only the second document is wrong.
    (one + "---\na: [\n", "is not YAML: line 18, column 1: did not find expected node content"),
    ("a: &a [*a]\n", "is not YAML: line 1, column 8: an alias of what no anchor before it names, or of what it is in"),
    (
      ImageBumpTests.promise("      - name: x\n"),
      "has no container for r.io/a; there are resource/configure/pipe/x ()"
    ),
    (
      "kind: Promise\napiVersion: platform.kratix.io/v1alpha1\nmetadata: {name: p}\n",
      "holds the Promise p, which has no container in any workflow"
    ),
    (
      ImageBumpTests.promise("      - {name: x, image: r.io/a:1}\n      - {name: y, image: r.io/a:3}\n"),
      "has several containers for r.io/a, which differ: resource/configure/pipe/x (r.io/a:1), "
        + "resource/configure/pipe/y (r.io/a:3); say which with --container, --pipeline or --promise"
    ),
    // Two documents with a Promise each.
    (
      one + "---\n" + one.replacing("name: p\n", with: "name: q\n"),
      "has several containers for r.io/a, which differ: p: resource/configure/pipe/x (r.io/a:1), "
        + "q: resource/configure/pipe/x (r.io/a:1); say which with --container, --pipeline or --promise"
    ),
  ]

  @Test(arguments: sentences)
  func sentence(text: String, expected: String) throws {
    let error = #expect(throws: BumpError.self) { try Bumping(text, "r.io/a:2") }
    #expect(error?.description == expected)
  }

  @Test func unknownImageListsContainers() throws {
    let error = #expect(throws: BumpError.self) { try Bumping(Self.one, "r.io/c:2") }
    #expect(
      error?.description == "has no container for r.io/c; there are resource/configure/pipe/x (r.io/a:1), "
        + "resource/configure/pipe/y (r.io/b:1)")
  }

  @Test func twoImagesForOneContainer() throws {
    let error = #expect(throws: BumpError.self) { try Bumping(Self.one, "r.io/a:2", "r.io/a:3") }
    #expect(error?.description == "cannot give resource/configure/pipe/x both r.io/a:2 and r.io/a:3")
  }

  @Test func pipelineWithSeveralContainersAsksWhich() throws {
    let error = #expect(throws: BumpError.self) {
      try Bumping(Self.one, "r.io/c:2", pipeline: "resource/configure/pipe")
    }
    #expect(
      error?.description.hasPrefix("has several containers for workflow resource/configure, pipeline pipe") == true)
  }

  @Test(arguments: ["", "has space", "-x", "a+b", String(repeating: "v", count: 64)])
  func versionsThatAreNoLabelValue(version: String) {
    let error = #expect(throws: BumpError.self) { try Bumping(Self.one, version: .set(version)) }
    guard case .invalidVersion(version, _)? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  @Test func notUTF8() {
    #expect(throws: BumpError.notUTF8) { try ImageBump.plan(text: [0x61, 0x3A, 0xFF], requests: []) }
  }

  /// Nine levels of nine aliases each stand for 387 million values.
  @Test func aliasesThatExpand() {
    var text = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
    for level in 1..<9 {
      text += "a\(level): &a\(level) [\(Array(repeating: "*a\(level - 1)", count: 9).joined(separator: ", "))]\n"
    }
    let error = #expect(throws: BumpError.self) { try Bumping(text) }
    #expect(error?.description.hasSuffix("the aliases of this document expand to too many values") == true)
  }

  @Test(arguments: ["a/", "/a", "a//b", "a/b/c", "x/configure/p/c", "resource/x/p/c", "a/b/c/d/e"])
  func addressesThatAreNone(text: String) {
    #expect(ContainerFilter(containerAddress: text) == nil)
  }
}
