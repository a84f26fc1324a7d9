import Testing

@testable import Kubernetes

@Suite struct JSONParserTests {
  @Test(
    arguments: [
      ("null", .null), (" true ", true), ("false", false), ("0", 0), ("-0", 0), ("-17", -17),
      ("9223372036854775807", .int(.max)), ("-9223372036854775808", .int(.min)),
      // Beyond 64 bits a number is a floating point number, as in Go.
      ("9223372036854775808", .double(9_223_372_036_854_775_808)),
      ("1.0", .double(1)), ("1e3", .double(1000)), ("-1.5E-2", .double(-0.015)),
      ("\"\"", ""), ("\"a\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "a\"\\/\u{08}\u{0C}\n\r\t"),
      ("\"\\u00fc\\uD83D\\uDE00\"", "ü😀"),
      // Half of a pair is the replacement character, and what follows it stays.
      ("\"\\uD83Dx\"", "\u{FFFD}x"), ("\"\\uDE00\"", "\u{FFFD}"), ("\"\\uD83D\\u0041\"", "\u{FFFD}A"),
      ("[]", []), ("[1,[2],{}]", [1, [2], [:]]), ("{\"a\":{\"b\":[null]},\"\":1}", ["a": ["b": [.null]], "": 1]),
      ("{\"a\":1,\"a\":2}", ["a": 2]),
    ] as [(String, JSON)])
  func parses(text: String, expected: JSON) throws {
    #expect(try JSON(parsing: text) == expected)
  }

  @Test(arguments: [
    ("", 0, "unexpected end of JSON input"), ("{", 1, "unexpected end of JSON input"),
    ("[1,]", 3, "invalid character ']' looking for beginning of value"),
    ("{\"a\" 1}", 5, "invalid character '1' after object key"),
    ("{a:1}", 1, "invalid character 'a' looking for beginning of object key string"),
    ("{\"a\":1 \"b\"}", 7, "invalid character '\"' after object key:value pair"),
    ("[1 2]", 3, "invalid character '2' after array element"), ("1 2", 2, "invalid character after top-level value"),
    ("tru", 0, "unexpected end of JSON input"), ("trux", 0, "invalid character 'x' in literal true"),
    ("01", 1, "invalid character after top-level value"), ("-", 1, "invalid character in numeric literal"),
    ("1.", 2, "invalid character after decimal point in numeric literal"),
    ("1e", 2, "invalid character in exponent of numeric literal"), ("1e999", 5, "number out of range"),
    ("\"\u{1}\"", 1, "invalid character 0x1 in string literal"),
    ("\"\\x\"", 3, "invalid character 'x' in string escape code"),
    ("\"a", 2, "unexpected end of JSON input"),
  ])
  func refuses(text: String, offset: Int, reason: String) {
    #expect(throws: JSONSyntaxError(offset: offset, reason: reason)) { try JSON(parsing: text) }
  }

  @Test func invalidUTF8IsReplaced() throws {
    #expect(try JSON(parsing: [0x22, 0x61, 0xFF, 0x62, 0x22]) == "a\u{FFFD}b")
    #expect(try JSON(parsing: [0x22, 0xFF, 0x5C, 0x6E, 0x22]) == "\u{FFFD}\n")
  }

  /// Deep texts end in an error on any thread, not in a crash.
  @Test func depthIsBounded() async throws {
    func nested(_ depth: Int) -> String {
      String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
    }
    #expect(throws: Never.self) { try JSON(parsing: nested(500)) }
    #expect(throws: JSONSyntaxError(offset: 512, reason: "exceeded max depth")) { try JSON(parsing: nested(100_000)) }
  }

  @Test func duplicatesAreNamed() throws {
    let text = #"{"spec":{"l":[{"a":1},{"b":1,"b":2}],"x":{"y":1,"y":1}},"spec":{}}"#
    let report = try JSON.parse(Array(text.utf8), collectingDuplicates: true)
    #expect(report.duplicateFields == ["spec.l[1].b", "spec.x.y", "spec"])
    #expect(report.value == ["spec": [:]])
    #expect(try JSON.parse(Array(text.utf8), collectingDuplicates: false).duplicateFields.isEmpty)
  }

  /// Whatever a text is, parsing ends; and what can be parsed comes back from its own text.
  @Test func survivesAnything() {
    var random = SeededGenerator(seed: 3)
    let alphabet = Array("{}[]\",:0123456789.-+eEtrufalsn\\ \n\tü".utf8)
    for _ in 0..<3_000 {
      let bytes = (0..<Int.random(in: 0...24, using: &random)).map { _ in
        alphabet.randomElement(using: &random) ?? 0x20
      }
      guard let value = try? JSON(parsing: bytes) else { continue }
      let back = try? JSON(parsing: value.serialized())
      #expect(back.map(withWholeNumbers) == withWholeNumbers(value))
    }
  }
}

@Suite struct JSONSerializerTests {
  @Test(
    arguments: [
      (["b": 1, "a": [true, .null], "ü": "x", "Z": [:], "e": []], #"{"Z":{},"a":[true,null],"b":1,"e":[],"ü":"x"}"#),
      ("<a href=\"x\">&\u{2028}\u{2029}</a>", #""\u003ca href=\"x\"\u003e\u0026\u2028\u2029\u003c/a\u003e""#),
      ("\u{0}\u{1F}\u{7F}\n\r\t\u{8}\u{C}\\/", #""\u0000\u001f\#u{7F}\n\r\t\b\f\\/""#),
      // Bytes that end like U+2028 does, in another character.
      ("\u{A8}\u{A9}é", "\"\u{A8}\u{A9}é\""),
    ] as [(JSON, String)])
  func writesAsGo(value: JSON, expected: String) {
    #expect(value.text() == expected)
  }

  @Test func writesForPeople() {
    let value: JSON = ["a": ["b": [1, 2], "c": "<x>"], "d": [], "e": [:]]
    #expect(
      value.text(.pretty) == """
        {
          "a": {
            "b": [
              1,
              2
            ],
            "c": "<x>"
          },
          "d": [],
          "e": {}
        }
        """)
  }

  /// What Go's `encoding/json` prints.
  @Test(
    arguments: [
      (0.0, "0"), (-0.0, "-0"), (1, "1"), (-1.5, "-1.5"), (0.1, "0.1"), (100, "100"),
      (123_456_789.125, "123456789.125"),
      (1e20, "100000000000000000000"), (1e21, "1e+21"), (1.5e21, "1.5e+21"), (0.000001, "0.000001"),
      (0.0000012, "0.0000012"),
      (1e-7, "1e-7"), (1.25e-10, "1.25e-10"), (.leastNonzeroMagnitude, "5e-324"),
      (1.7976931348623157e308, "1.7976931348623157e+308"),
      (0.3, "0.3"), (2.0 / 3, "0.6666666666666666"), (1e16, "10000000000000000"),
      (12_345_678_901_234_567_168, "12345678901234567000"),
    ] as [(Double, String)])
  func writesNumbersAsGo(number: Double, expected: String) {
    #expect(JSON.double(number).text() == expected)
  }

  @Test func everyValueComesBack() throws {
    var random = SeededGenerator(seed: 5)
    for _ in 0..<500 {
      let value = randomValue(&random, depth: 4)
      #expect(try JSON(parsing: value.serialized()) == value)
      #expect(try JSON(parsing: value.text(.pretty)) == value)
    }
  }

  @Test func everyNumberComesBack() throws {
    var random = SeededGenerator(seed: 6)
    for _ in 0..<2_000 {
      let number = Double(bitPattern: UInt64.random(in: .min ... .max, using: &random))
      guard number.isFinite else { continue }
      #expect(try JSON(parsing: JSON.double(number).text()).doubleValue == number)
    }
  }
}

@Suite struct JSONAccessTests {
  @Test func pathsAreReadAndWritten() {
    var json: JSON = ["a": ["b": 1]]
    #expect(json[path: "a", "b"] == 1)
    #expect(json[path: "a", "x", "y"] == nil)
    json[path: "a", "x", "y"] = "z"
    #expect(json == ["a": ["b": 1, "x": ["y": "z"]]])
    json[path: "a", "b"] = nil
    #expect(json == ["a": ["x": ["y": "z"]]])
    // Removing what is not there makes nothing.
    json[path: "n", "o"] = nil
    #expect(json == ["a": ["x": ["y": "z"]]])
  }

  @Test func membersAreChangedInPlace() {
    var json: JSON = ["l": [1]]
    json["l"]?["x"] = 1
    #expect(json == ["l": ["x": 1]])
    json["l"]?["x"] = nil
    #expect(json == ["l": [:]])
    var text: JSON = "x"
    text["a"] = nil
    #expect(text == "x")
    text["a"] = 1
    #expect(text == ["a": 1])
  }

  @Test func numbersAreWholeOrNot() {
    #expect(JSON.double(3).intValue == 3)
    #expect(JSON.double(3.5).intValue == nil)
    #expect(JSON.double(1e300).intValue == nil)
    #expect(JSON.int(3).doubleValue == 3)
    #expect(JSON.string("3").intValue == nil)
  }

  @Test func elementsOutsideAreNil() {
    let json: JSON = [1, 2]
    #expect(json[1] == 2)
    #expect(json[2] == nil)
    #expect(json[-1] == nil)
    #expect(JSON.emptyObject[0] == nil)
  }
}
