import Kubernetes
import Testing

@Suite struct JSONPatchTests {
  static let cases: [(String, JSON, JSON, JSON)] = [
    ("add a member", ["a": 1], [["op": "add", "path": "/b", "value": [1]]], ["a": 1, "b": [1]]),
    ("add replaces a member", ["a": 1], [["op": "add", "path": "/a", "value": 2]], ["a": 2]),
    ("insert", ["l": [1, 3]], [["op": "add", "path": "/l/1", "value": 2]], ["l": [1, 2, 3]]),
    ("append", ["l": [1]], [["op": "add", "path": "/l/-", "value": 2]], ["l": [1, 2]]),
    ("add a null", ["a": 1], [["op": "add", "path": "/b", "value": .null]], ["a": 1, "b": .null]),
    ("remove a member", ["a": 1, "b": 2], [["op": "remove", "path": "/b"]], ["a": 1]),
    ("remove an element", ["l": [1, 2]], [["op": "remove", "path": "/l/0"]], ["l": [2]]),
    ("remove the last element", ["l": [1, 2]], [["op": "remove", "path": "/l/-1"]], ["l": [1]]),
    ("replace", ["a": ["b": 1]], [["op": "replace", "path": "/a/b", "value": 2]], ["a": ["b": 2]]),
    ("replace an element", ["l": [1, 2]], [["op": "replace", "path": "/l/1", "value": 9]], ["l": [1, 9]]),
    ("replace all", ["a": 1], [["op": "replace", "path": "", "value": ["b": 1]]], ["b": 1]),
    ("move", ["a": ["b": 1], "c": [:]], [["op": "move", "from": "/a/b", "path": "/c/d"]], ["a": [:], "c": ["d": 1]]),
    ("copy", ["a": [1]], [["op": "copy", "from": "/a", "path": "/b"]], ["a": [1], "b": [1]]),
    ("escapes", ["a/b": ["c~d": 1]], [["op": "remove", "path": "/a~1b/c~0d"]], ["a/b": [:]]),
    ("~01 is ~1", ["~1": 1], [["op": "remove", "path": "/~01"]], [:]),
    (
      "test, then act", ["a": 1],
      [["op": "test", "path": "/a", "value": 1.0], ["op": "add", "path": "/b", "value": true]], ["a": 1, "b": true]
    ),
    ("an absent member tests as null", ["a": 1], [["op": "test", "path": "/b", "value": .null]], ["a": 1]),
  ]

  @Test(arguments: cases.indices) func applies(index: Int) throws {
    let (name, document, patch, expected) = Self.cases[index]
    #expect(try JSONPatch.apply(patch, to: document) == expected, "\(name)")
  }

  static let refusals: [(JSON, PatchError)] = [
    (["op": "add"], PatchError(.malformed, "a JSON patch must be an array of operations, not object")),
    ([["op": "jump", "path": "/a"]], PatchError(.notApplicable, "Unexpected kind: jump")),
    ([["op": "add"]], PatchError(.notApplicable, "add operation failed to decode path: missing value")),
    (
      [["op": "add", "path": "/x/y", "value": 1]],
      PatchError(.notApplicable, "add operation does not apply: doc is missing path: \"/x/y\": missing value")
    ),
    (
      [["op": "remove", "path": "/x"]],
      PatchError(
        .notApplicable, "error in remove for path: '/x': Unable to remove nonexistent key: x: missing value")
    ),
    (
      [["op": "replace", "path": "/x", "value": 1]],
      PatchError(.notApplicable, "replace operation does not apply: doc is missing key: /x: missing value")
    ),
    (
      [["op": "test", "path": "/a", "value": 2]],
      PatchError(.notApplicable, "testing value /a failed: test failed")
    ),
    (
      [["op": "add", "path": "/l/5", "value": 1]],
      PatchError(
        .notApplicable,
        "error in add for path: '/l/5': Unable to access invalid index: 5: invalid index referenced")
    ),
    (
      [["op": "move", "from": "/l", "path": "/l/0"]],
      PatchError(.notApplicable, "move operation does not apply: /l/0 is inside of /l")
    ),
  ]

  @Test(arguments: refusals.indices) func refuses(index: Int) {
    let (patch, error) = Self.refusals[index]
    #expect(throws: error) { try JSONPatch.apply(patch, to: ["a": 1, "l": [1, 2]]) }
  }

  /// Copies of copies double a document with every operation.
  @Test func boundsItsCost() {
    let copies = JSON.array((0..<64).map { _ in ["op": "copy", "from": "/a", "path": "/a/-"] })
    do throws(PatchError) {
      _ = try JSONPatch.apply(copies, to: ["a": ["some text"]])
      Issue.record("a patch of many copies was taken")
    } catch {
      #expect(error.kind == .tooLarge)
      #expect(error.statusError.code == 413)
    }
    let many = JSON.array(Array(repeating: ["op": "add", "path": "/b", "value": 1], count: 10_001))
    #expect(
      throws: PatchError(.tooLarge, "The allowed maximum operations in a JSON patch is 10000, got 10001")
    ) { try JSONPatch.apply(many, to: [:]) }
  }

  @Test func answersAsTheServer() {
    #expect(PatchError(.notApplicable, "x").statusError.code == 422)
    #expect(
      PatchError(.notApplicable, "x").statusError.message
        == "the server rejected our request due to an error in our request")
    #expect(PatchError(.malformed, "x").statusError.code == 400)
  }
}

@Suite struct MergePatchTests {
  /// The table of RFC 7386, appendix A: document, patch, result.
  static let cases: [(JSON, JSON, JSON)] = [
    (["a": "b"], ["a": "c"], ["a": "c"]),
    (["a": "b"], ["b": "c"], ["a": "b", "b": "c"]),
    (["a": "b"], ["a": .null], [:]),
    (["a": "b", "b": "c"], ["a": .null], ["b": "c"]),
    (["a": ["b"]], ["a": "c"], ["a": "c"]),
    (["a": "c"], ["a": ["b"]], ["a": ["b"]]),
    (["a": ["b": "c"]], ["a": ["b": "d", "c": .null]], ["a": ["b": "d"]]),
    (["a": [["b": "c"]]], ["a": [1]], ["a": [1]]),
    (["a", "b"], ["c", "d"], ["c", "d"]),
    (["a": "b"], ["c"], ["c"]),
    (["a": "foo"], .null, .null),
    (["a": "foo"], "bar", "bar"),
    (["e": .null], ["a": 1], ["e": .null, "a": 1]),
    ([1, 2], ["a": "b", "c": .null], ["a": "b"]),
    ([:], ["a": ["bb": ["ccc": .null]]], ["a": ["bb": [:]]]),
  ]

  @Test(arguments: cases.indices) func applies(index: Int) {
    let (document, patch, expected) = Self.cases[index]
    #expect(MergePatch.apply(patch, to: document) == expected)
  }

  /// The difference of two documents makes the second of the first, as long as the second has no null members.
  @Test func differencesApply() {
    var random = SeededGenerator(seed: 7)
    for _ in 0..<300 {
      let old = randomObject(&random, depth: 3)
      let new = randomObject(&random, depth: 3)
      let patch = MergePatch.difference(from: old, to: new)
      #expect(MergePatch.apply(patch, to: old) == new, "\(old.text()) -> \(new.text()): \(patch.text())")
      #expect(MergePatch.difference(from: new, to: new) == [:])
    }
  }
}

@Suite struct JSONPathTests {
  static let object: JSON = [
    "spec": ["replicas": 3, "items": [["n": "a", "v": 1], ["n": "b", "v": 2], ["n": "c", "v": 3]]],
    "metadata": ["annotations": ["kratix.io/x": "y", "q.r": "s"], "name": "m"],
    "status": [
      "conditions": [
        ["type": "Ready", "status": "True", "message": "fine"],
        ["type": "Other", "status": "False", "message": "not ) fine"],
      ]
    ],
  ]

  @Test(arguments: [
    (".spec.replicas", "[3]"), ("{.spec.replicas}", "[3]"), ("$.spec.replicas", "[3]"), ("spec.replicas", "[3]"),
    (".spec.missing", "[]"), (".spec.replicas.deeper", "[]"),
    (".status.conditions[?(@.type==\"Ready\")].message", "[\"fine\"]"),
    (".status.conditions[?(@.type=='Ready')].message", "[\"fine\"]"),
    (".status.conditions[?(@.type == \"Ready\")].message", "[\"fine\"]"),
    (".status.conditions[?(@.type!=\"Ready\")].message", "[\"not ) fine\"]"),
    (".status.conditions[?(@.message==\"not ) fine\")].type", "[\"Other\"]"),
    (".spec.items[*].n", "[\"a\",\"b\",\"c\"]"), (".spec.items.*.n", "[\"a\",\"b\",\"c\"]"),
    (".spec.items[0].n", "[\"a\"]"), (".spec.items[-1].n", "[\"c\"]"), (".spec.items[9].n", "[]"),
    (".spec.items[1:].n", "[\"b\",\"c\"]"), (".spec.items[:2].n", "[\"a\",\"b\"]"),
    (".spec.items[0:3:2].n", "[\"a\",\"c\"]"), (".spec.items[-2:].n", "[\"b\",\"c\"]"),
    (".spec.items[0,2].n", "[\"a\",\"c\"]"), (".spec.items[?(@.v>=2)].n", "[\"b\",\"c\"]"),
    (".spec.items[?(@.v<2)].n", "[\"a\"]"), (".spec.items[?(@.missing)].n", "[]"),
    (".metadata.annotations['kratix.io/x']", "[\"y\"]"), (".metadata.annotations.kratix\\.io/x", "[\"y\"]"),
    (".metadata['annotations']['q.r']", "[\"s\"]"), (".metadata['name','nothing']", "[\"m\"]"),
    ("..type", "[\"Ready\",\"Other\"]"), (".status.conditions[?(@.status==\"True\")]['type']", "[\"Ready\"]"),
  ])
  func finds(path: String, expected: String) throws {
    #expect(JSON.array(try JSONPath(parsing: path).evaluate(Self.object)).text() == expected)
  }

  @Test(arguments: [".spec[", ".a[?(@.b", ".a['b", ".a[x]", ".a[0:1:0]", ".a}b"])
  func refuses(path: String) {
    #expect(throws: JSONPathError.self) { try JSONPath(parsing: path) }
  }
}
