import KratixModel
import Testing

@testable import PromiseAuthoring

/// Source texts of one Promise with two containers, `r.io/a:1` and `r.io/b:1`, written in one way each.
@Suite struct ImageBumpTests {
  /// A Promise whose `containers` are written as given, below a block sequence of pipelines.
  static func promise(_ containers: String, metadata: String = "metadata:\n  name: p\n") -> String {
    """
    apiVersion: platform.kratix.io/v1alpha1
    kind: Promise
    \(metadata)spec:
      workflows:
        resource:
          configure:
          - kind: Pipeline
            metadata:
              name: pipe
            spec:
              containers:
    \(containers.split(separator: "\n", omittingEmptySubsequences: false).map { $0.isEmpty ? "" : "    \($0)" }
      .joined(separator: "\n"))
    """
  }

  static let styles: [(rule: String, before: String, after: String)] = [
    ("plain", "      - image: r.io/a:1\n", "      - image: r.io/a:2\n"),
    ("plain, comment behind it", "      - image: r.io/a:1   # r.io/a:1\n", "      - image: r.io/a:2   # r.io/a:1\n"),
    ("single quotes", "      - image: 'r.io/a:1'\n", "      - image: 'r.io/a:2'\n"),
    ("double quotes", "      - image: \"r.io/a:1\"\n", "      - image: \"r.io/a:2\"\n"),
    ("double quotes with escapes", "      - image: \"r.io\\/a\\x3a1\"\n", "      - image: \"r.io/a:2\"\n"),
    (
      "flow", "      - {name: x, image: r.io/a:1, args: [r.io/a:1]}\n",
      "      - {name: x, image: r.io/a:2, args: [r.io/a:1]}\n"
    ),
    (
      "JSON in flow", "      - {\"image\":\"r.io/a:1\",\"name\":\"x\"}\n",
      "      - {\"image\":\"r.io/a:2\",\"name\":\"x\"}\n"
    ),
    ("anchored", "      - image: &img r.io/a:1\n", "      - image: &img r.io/a:2\n"),
    ("tagged", "      - image: !!str r.io/a:1\n", "      - image: !!str r.io/a:2\n"),
    (
      "anchor, tag, comment and a line between", "      - image: &i !!str # why\n          r.io/a:1\n",
      "      - image: &i !!str # why\n          r.io/a:2\n"
    ),
    ("on the next line", "      - image:\n          r.io/a:1\n", "      - image:\n          r.io/a:2\n"),
    ("literal block", "      - image: |-\n          r.io/a:1\n", "      - image: |-\n          r.io/a:2\n"),
    (
      "folded block with a break", "      - image: >\n          r.io/a:1\n        name: x\n",
      "      - image: >\n          r.io/a:2\n        name: x\n"
    ),
    (
      "literal block, indentation named", "      - image: |2-\n          r.io/a:1\n",
      "      - image: |2-\n          r.io/a:2\n"
    ),
    ("quoted key", "      - \"image\": r.io/a:1\n", "      - \"image\": r.io/a:2\n"),
    ("explicit key", "      - ? image\n        : r.io/a:1\n", "      - ? image\n        : r.io/a:2\n"),
    (
      "text of several bytes before it", "      - {name: \"äöü€😀\", image: r.io/a:1}\n",
      "      - {name: \"äöü€😀\", image: r.io/a:2}\n"
    ),
    ("tab before a comment", "      - image: r.io/a:1\t# tab\n", "      - image: r.io/a:2\t# tab\n"),
    (
      "the same text elsewhere stays",
      "      - image: r.io/a:1\n        args: [r.io/a:1]\n        env: [{name: I, value: 'r.io/a:1'}]\n",
      "      - image: r.io/a:2\n        args: [r.io/a:1]\n        env: [{name: I, value: 'r.io/a:1'}]\n"
    ),
    (
      "another repository with the same beginning stays",
      "      - image: r.io/a:1\n      - image: r.io/a-b:1\n      - image: r.io/a/c:1\n",
      "      - image: r.io/a:2\n      - image: r.io/a-b:1\n      - image: r.io/a/c:1\n"
    ),
    (
      "two containers with the same image", "      - image: r.io/a:1\n      - image: r.io/a:1\n",
      "      - image: r.io/a:2\n      - image: r.io/a:2\n"
    ),
    ("digest", "      - image: r.io/a@sha256:\(String(repeating: "0", count: 64))\n", "      - image: r.io/a:2\n"),
  ]

  @Test(arguments: styles)
  func keepsStyle(rule: String, before: String, after: String) throws {
    let text = Self.promise(before)
    #expect(try Self.bumped(text, "r.io/a:2") == Self.promise(after))
  }

  /// The same, in every dress a file can wear.
  @Test(arguments: styles)
  func keepsDress(rule: String, before: String, after: String) throws {
    for dress in Self.dresses {
      let text = dress.wear(Self.promise(before))
      #expect(try Self.bumped(text, "r.io/a:2") == dress.wear(Self.promise(after)), "\(dress.rule)")
    }
  }

  static let dresses: [(rule: String, wear: @Sendable (String) -> String)] = [
    ("CRLF", { $0.replacing("\n", with: "\r\n") }),
    ("byte order mark", { "\u{FEFF}" + $0 }),
    ("byte order mark and CRLF", { "\u{FEFF}" + $0.replacing("\n", with: "\r\n") }),
    ("no final newline", { String($0.dropLast()) }),
    ("comment of several bytes and a next line character before it", { "# ä €\u{85}# 😀\n" + $0 }),
    ("document markers", { "%YAML 1.1\n---\n" + $0 + "...\n" }),
    ("another document before it", { "kind: ConfigMap\ndata: {image: r.io/a:1}\n---\n" + $0 }),
    ("another document behind it", { $0 + "---\nimage: r.io/a:1\n" }),
    ("in a list", { "kind: List\nitems:\n- " + $0.split(separator: "\n").joined(separator: "\n  ") + "\n" }),
    (
      "in a literal block",
      { "data:\n  promise.yaml: |\n    " + $0.split(separator: "\n").joined(separator: "\n    ") + "\n" }
    ),
    (
      "in a literal block with tabs",
      {
        "data:\n  promise.yaml: |\n    # a\ttab\n\n    " + $0.split(separator: "\n").joined(separator: "\n    ") + "\n"
      }
    ),
    (
      "in a literal block in a literal block with CRLF",
      {
        let inner = "data:\n  p: |\n    " + $0.split(separator: "\n").joined(separator: "\n    ") + "\n"
        let outer = "data:\n  q: |+\n    " + inner.split(separator: "\n").joined(separator: "\n    ") + "\n\n"
        return outer.replacing("\n", with: "\r\n")
      }
    ),
    (
      "in double quotes",
      {
        "data: \""
          + $0.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
          .replacing("\t", with: "\\t") + "\"\n"
      }
    ),
  ]

  static func bumped(_ text: String, _ image: String) throws -> String {
    let bumping = try Bumping(text, image)
    try expectUndoable(bumping.plan, bumping.text)
    return bumping.result
  }

  /// Undoing the replaced ranges gives back the input, byte for byte.
  static func expectUndoable(_ plan: BumpPlan, _ bytes: [UInt8]) throws {
    var undoing = plan
    undoing.edits = plan.undo
    #expect(undoing.applied(to: plan.applied(to: bytes)) == bytes)
    #expect(plan.edits.allSatisfy { Array(bytes[$0.range]) == $0.old })
  }

  @Test func allWorkflowsAndInitContainers() throws {
    let pipeline = { (name: String, image: String) in
      """
            - metadata: {name: \(name)}
              spec:
                initContainers: [{name: i, image: 'r.io/a:1'}]
                containers: [{name: c, image: \(image)}]
      """
    }
    let text = """
      apiVersion: platform.kratix.io/v1alpha1
      kind: Promise
      metadata: {name: p}
      spec:
        workflows:
          promise:
            configure:
      \(pipeline("pc", "r.io/a:1"))
            delete:
      \(pipeline("pd", "r.io/a:1"))
          resource:
            configure:
      \(pipeline("rc", "r.io/a:1"))
            delete:
      \(pipeline("rd", "r.io/a:1"))
      """
    #expect(try Self.bumped(text, "r.io/a:2") == text.replacing("r.io/a:1", with: "r.io/a:2"))
    let plan = try Bumping(text, "r.io/a:3", container: "resource/delete/rd/c").plan
    #expect(plan.images.map(\.address.description) == ["resource/delete/rd/c"])
    #expect(plan.images.map(\.path.description) == ["spec.workflows.resource.delete[0].spec.containers[0].image"])
  }

  @Test func numbersAreQuoted() throws {
    // `1.10` alone would be read as a number.
    let text = Self.promise(
      "      - image: 77\n", metadata: "metadata:\n  name: p\n  labels:\n    kratix.io/promise-version: v1\n")
    let result = try Bumping(text, "77:1", version: .set("1.10")).result
    #expect(result.contains("image: \"77:1\"\n"))
    #expect(result.contains("kratix.io/promise-version: \"1.10\"\n"))
  }

  @Test func sharedAnchorsAreReported() throws {
    let text = Self.promise(
      """
            - name: one
              image: &img r.io/a:1
              args: [*img]
            - name: two
              image: *img
            - &three
              name: three
              image: r.io/b:1
            - <<: *three
              name: four
      """)
    let bytes = Array(text.utf8)
    let plan = try ImageBump.plan(
      text: bytes,
      requests: [
        BumpRequest(image: try #require(ImageReference("r.io/a:2"))),
        BumpRequest(
          image: try #require(ImageReference("r.io/b:2")),
          containers: try #require(ContainerFilter(containerAddress: "four"))),
      ])
    let containers = "spec.workflows.resource.configure[0].spec.containers"
    #expect(
      plan.warnings.map { [$0.path.description] + $0.elsewhere.map(\.description) } == [
        ["\(containers)[0].image", "\(containers)[0].args[0]"],
        ["\(containers)[3].image", "\(containers)[2].image", "\(containers)[3].<<.image"],
      ])
    #expect(plan.warnings.map(\.line) == [15, 21])
    #expect(plan.edits.count == 2)
    try Self.expectUndoable(plan, bytes)
  }

  @Test func nothingToChangeIsNoEdit() throws {
    let text = Self.promise("      - image: r.io/a:1\n")
    #expect(try Bumping(text, "r.io/a:1", version: .raise).plan.edits.isEmpty)
  }

  @Test func jsonInSingleQuotes() throws {
    let text = """
      data: '{"apiVersion": "platform.kratix.io/v1alpha1", "kind": "Promise", "it": "isn''t",

        "spec": {"workflows": {"resource": {"configure": [{"spec": {"containers": [
          {"image": "r.io/a:1"}]}}]}}}}'
      """
    #expect(try Self.bumped(text, "r.io/a:2") == text.replacing("r.io/a:1", with: "r.io/a:2"))
  }

  @Test func dockerHubHasOneName() throws {
    let text = Self.promise("      - image: alpine:3.20\n")
    #expect(
      try Self.bumped(text, "docker.io/library/alpine:3.21")
        == Self.promise("      - image: docker.io/library/alpine:3.21\n"))
  }
}
