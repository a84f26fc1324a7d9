import Kubernetes
import Testing

@Suite struct YAMLTests {
  /// What YAML 1.1 and Kubernetes' YAML library make of a plain scalar.
  @Test(
    arguments: [
      ("yes", true), ("No", false), ("on", true), ("OFF", false), ("y", true), ("N", false), ("True", true),
      ("tRue", "tRue"), ("~", .null), ("null", .null), ("Null", .null), ("nUll", "nUll"), ("", .null),
      ("42", 42), ("+42", 42), ("-42", -42), ("010", 8), ("0o10", 8), ("0x1F", 31), ("-0x1F", -31), ("0b101", 5),
      ("1_000", 1000), ("08", .double(8)), ("0", 0), ("-0", 0), ("00", 0),
      ("99999999999999999999", .double(1e20)), ("1.5", .double(1.5)), ("1e3", .double(1000)), (".5", .double(0.5)),
      ("1.", .double(1)), ("-1.5E-2", .double(-0.015)), (".inf", ".inf"), ("1.2.3", "1.2.3"), ("v1.0", "v1.0"),
      ("12:30:45", "12:30:45"), ("2026-11-22", "2026-11-22"), ("2026-11-22T22:02:40Z", "2026-11-22T22:02:40Z"),
      ("1.0.0-rc1", "1.0.0-rc1"), ("0x", "0x"), ("1e", "1e"), ("e3", "e3"), ("=", "="),
      ("'yes'", "yes"), ("\"1\"", "1"), ("!!str 1", "1"), ("|\n  yes\n", "yes\n"), (">-\n  a\n  b\n", "a b"),
    ] as [(String, JSON)])
  func resolves(text: String, expected: JSON) throws {
    #expect(try YAML.parse("v: \(text)\n") == ["v": expected], "\(text)")
  }

  @Test func keysAreStrings() throws {
    #expect(
      try YAML.parse("1: a\nyes: b\n'no': c\n0x1F: d\n1.5: e\nname: f\n")
        == ["1": "a", "true": "b", "no": "c", "31": "d", "1.5": "e", "name": "f"])
    #expect(throws: YAMLSyntaxError(line: 2, column: 1, reason: "a key that is null")) {
      try YAML.parse("a: 1\n~: 2\n")
    }
    #expect(throws: YAMLSyntaxError(line: 1, column: 3, reason: "a key that is not a string")) {
      try YAML.parse("? [a]\n: 1\n")
    }
  }

  @Test func documentsAreSeparate() throws {
    #expect(try YAML.documents("a: 1\n---\n---\n- b\n") == [["a": 1], .null, ["b"]])
    #expect(try YAML.documents("") == [])
    #expect(try YAML.parse("# only a comment\n") == .null)
    #expect(try YAML.parse("---\na: 1\n---\n") == ["a": 1])
    #expect(throws: YAMLSyntaxError(line: 1, column: 1, reason: "2 documents where one is expected")) {
      try YAML.parse("a: 1\n---\nb: 1\n")
    }
  }

  @Test(arguments: [
    ("a: [1\nb: 2\n", 2, 2), ("a:\n\tb: 1\n", 2, 1), ("a: b: c\n", 1, 5), ("a: 'x\n", 2, 1), ("a: *x\n", 1, 4),
    ("ok: 1\nbad: \"\\q\"\n", 2, 7),
  ])
  func mistakesHaveAPlace(text: String, line: Int, column: Int) {
    do throws(YAMLSyntaxError) {
      _ = try YAML.parse(text)
      Issue.record("\(text) was taken")
    } catch {
      #expect(error.line == line, "\(error)")
      #expect(error.column == column, "\(error)")
    }
  }

  @Test func duplicateKeysAreRefused() {
    do throws(YAMLSyntaxError) {
      _ = try YAML.parse("a: 1\nb: 2\na: 3\n")
      Issue.record("a duplicate key was taken")
    } catch {
      #expect(error.reason == "key \"a\" already set in map")
    }
  }

  @Test func aliasesAreExpanded() throws {
    #expect(try YAML.parse("a: &x [1, 2]\nb: *x\n") == ["a": [1, 2], "b": [1, 2]])
  }

  /// Nine levels of nine aliases would be 387 million values.
  @Test func bombsAreDefused() {
    var text = "a: &a [x,x,x,x,x,x,x,x,x]\n"
    var last = "a"
    for name in ["b", "c", "d", "e", "f", "g", "h", "i"] {
      text += "\(name): &\(name) [" + Array(repeating: "*\(last)", count: 9).joined(separator: ",") + "]\n"
      last = name
    }
    #expect(throws: YAMLSyntaxError.self) { try YAML.parse(text) }
  }

  @Test func deepTextsAreRefused() {
    let text = String(repeating: "[", count: 300) + String(repeating: "]", count: 300)
    #expect(throws: YAMLSyntaxError.self) { try YAML.parse(text) }
  }

  @Test func writesAsKubectlDoes() {
    let value: JSON = [
      "kind": "Promise", "metadata": ["name": "x", "labels": ["on": "true", "n": "5"]],
      "spec": [
        "list": [["a": 1, "b": []], "text"], "script": "echo a\necho b\n", "empty": "", "none": .null, "map": [:],
      ],
    ]
    #expect(
      YAML.text(value) == """
        kind: Promise
        metadata:
          labels:
            "n": "5"
            "on": "true"
          name: x
        spec:
          empty: ""
          list:
          - a: 1
            b: []
          - text
          map: {}
          none: null
          script: |
            echo a
            echo b

        """)
  }

  @Test func separatesDocuments() throws {
    let documents: [JSON] = [["a": 1], ["b": 2]]
    #expect(YAML.text(documents: documents) == "a: 1\n---\nb: 2\n")
    #expect(try YAML.documents(YAML.text(documents: documents)) == documents)
  }

  /// Whatever is written reads back as the same value, however tempting its texts and keys are.
  @Test func everyValueComesBack() throws {
    var random = SeededGenerator(seed: 9)
    for _ in 0..<1_500 {
      let value = randomObject(&random, depth: 3)
      let text = YAML.text(value)
      let back = try? YAML.parse(text)
      #expect(back.map(withWholeNumbers) == withWholeNumbers(value), "\(value.text())\n\(text)")
    }
  }
}
