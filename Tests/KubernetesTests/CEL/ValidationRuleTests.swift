import Testing

@testable import Kubernetes

/// `x-kubernetes-validations`: which rules are evaluated, and what they say, in the API server's words.
@Suite struct ValidationRuleTests {
  /// Of a spec.
  private static let properties: JSON = [
    "n": ["type": "integer"], "limit": ["type": "integer"], "ratio": ["type": "number"], "flag": ["type": "boolean"],
    "name": ["type": "string"], "other": ["type": "string"], "port": ["x-kubernetes-int-or-string": true],
    "list": ["type": "array", "items": ["type": "integer"]],
    "set": ["type": "array", "items": ["type": "string"], "x-kubernetes-list-type": "set"],
    "entries": [
      "type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["id"],
      "items": ["type": "object", "properties": ["id": ["type": "string"], "size": ["type": "integer"]]],
    ],
    "labels": ["type": "object", "additionalProperties": ["type": "string"]],
    "inner": ["type": "object", "properties": ["a": ["type": "string"], "b": ["type": "string"]]],
    "when": ["type": "string", "format": "date-time"], "maybe": ["type": "string", "nullable": true],
    "free": ["type": "object", "x-kubernetes-preserve-unknown-fields": true], "namespace": ["type": "string"],
  ]

  private static func schema(_ rule: JSON) -> StructuralSchema {
    StructuralSchema(json: [
      "type": "object",
      "properties": ["spec": ["type": "object", "properties": properties, "x-kubernetes-validations": [rule]]],
    ])
  }

  private static let value: JSON = [
    "n": 3, "limit": 5, "ratio": .double(2.5), "flag": true, "name": "web-1", "other": "größe", "port": "http",
    "list": [1, 2, 3], "set": ["a", "b"],
    "entries": [["id": "x", "size": 1], ["id": "y", "size": 7]], "labels": ["a": "1", "b": ""], "inner": ["a": "A"],
  ]

  /// a rule, whether it holds for the value
  @Test(
    arguments: [
      ("self.n == 3", true), ("self.n != 3", false), ("self.n < self.limit", true), ("self.n >= 4", false),
      ("self.ratio > 2", true), ("self.ratio <= 2.5", true), ("-1 < self.n", true), ("self.flag", true),
      ("!self.flag || self.n > 2", true), ("self.n > 2 ? self.limit == 5 : self.limit == 0", true),
      ("self.n + 2 == self.limit && self.n * 2 - 1 == 5 && 7 / 2 == 3 && 7 % self.n == 1", true),
      ("self.name.startsWith('web') && self.name.endsWith('-1') && self.name.contains('b-')", true),
      ("self.name.contains('b--') || 'aabaabaaa'.contains('aabaaab')", false), ("self.name.contains('')", true),
      ("self.name.matches('^[a-z]+-[0-9]$')", true), ("self.name.matches('^[0-9]')", false),
      ("size(self.name) == 5 && self.other.size() == 5", true), ("self.name + '!' == 'web-1!'", true),
      ("'abc' < 'abd' && 'Z' < 'a'", true), ("size(self.list) == 3 && self.labels.size() == 2", true),
      ("self.n in self.list && !(9 in self.list) && 'a' in self.labels && 'b' in self.set", true),
      ("self.n in [1, 2, 3]", true), ("self.list[0] == 1 && self.labels['a'] == '1' && self.labels.a == '1'", true),
      ("self.list == [1, 2, 3] && self.list + [4] == [1, 2, 3, 4]", true),
      ("has(self.inner.a) && !has(self.inner.b) && !has(self.maybe) || false", nil),
      ("has(self.inner.a) && !has(self.inner.b)", true), ("self.inner == self.inner", true),
      ("self.list.all(x, x > 0) && !self.list.all(x, x > 1)", true), ("self.list.exists(x, x == self.n)", true),
      ("self.list.exists_one(x, x > 2) && !self.list.exists_one(x, x > 1)", true),
      ("self.labels.all(key, key.size() == 1) && self.labels.exists(key, self.labels[key] == '')", true),
      ("self.entries.all(e, self.entries.exists_one(f, e.id == f.id))", true),
      ("self.entries.filter(e, e.size > 5).map(e, e.id) == ['y']", true), ("self.list.map(x, x * x)[2] == 9", true),
      ("self.port == 80", false), ("self.port == 'http'", true), ("true // a remark", true),
      // One that decides outweighs an error on another.
      ("self.list.exists(x, x / 0 == 1 || x == 2)", true), ("self.inner.b == 'x' || true", true),
    ] as [(String, Bool?)])
  func rules(rule: String, holds: Bool?) {
    let schema = Self.schema(["rule": .string(rule)])
    guard let holds else {
      #expect(schema.hasUnevaluatedRules)
      return
    }
    #expect(!schema.hasUnevaluatedRules, "\(rule) is not evaluated")
    let errors = schema.validate(["spec": Self.value]).map(\.description)
    #expect(errors == (holds ? [] : ["spec: Invalid value: failed rule: \(rule)"]))
  }

  /// Beyond what is evaluated, or refused by a real server: nothing is said of the value, but that it is not looked at.
  @Test(arguments: [
    "self.nope > 1", "self.n == '3'", "self.n == 3.0", "self.n + self.ratio > 1.0", "self.ratio * 2.0 > 1.0", "self.n",
    "self.name > 3", "self.when > timestamp('2020-01-01T00:00:00Z')", "self.maybe == 'x'", "has(self.maybe)",
    "self.free.x == 1", "self.namespace == 'a'", "self.__namespace__ == 'a'", "self.set == ['a']",
    "self.set + ['a'] == []",
    "self.name.lowerAscii() == 'a'", "self.list.isSorted()", "self.list.sum() > 1", "self.list.map(x, x > 1, x) == [2]",
    "self.name.matches(self.other)", "self.name.matches('[')", "size(self.inner) == 1", "'a' in self.inner",
    "self.list.all(x, x)", "type(self.port) == string", "self.n == null", "quantity(self.name).isInteger()",
    "self.n > 1 &&", "self.all(x, true)", "[1, 'a'] == []", "oldSelf.?n == 1", "{'a': 1}.size() == 1",
    "metadata.name == ''",
    "self.n", "1", "'a'", "",
  ])
  func beyond(rule: String) {
    let schema = Self.schema(["rule": .string(rule)])
    #expect(schema.hasValidationRules && schema.hasUnevaluatedRules)
    #expect(schema.validate(["spec": Self.value], old: ["spec": ["n": 1]]).isEmpty)
  }

  /// the rule, and what is wrong with `n: 3, name: "web-1"`
  @Test(
    arguments: [
      (["rule": " self.n > 3 "], "spec: Invalid value: failed rule: self.n > 3"),
      (["rule": "self.n > 3", "message": " too few "], "spec: Invalid value: too few"),
      (["rule": "self.n > 3", "reason": "FieldValueForbidden"], "spec: Forbidden: failed rule: self.n > 3"),
      (["rule": "self.n > 3", "reason": "FieldValueRequired"], "spec: Required value: failed rule: self.n > 3"),
      (["rule": "self.n > 3", "reason": "FieldValueDuplicate"], "spec: Duplicate value"),
      (["rule": "self.n > 3", "fieldPath": ".inner.a"], "spec.inner.a: Invalid value: failed rule: self.n > 3"),
      (["rule": "self.n > 3", "messageExpression": "self.name + ' is small'"], "spec: Invalid value: web-1 is small"),
      // A message that cannot be made falls back to the plain one.
      (
        ["rule": "self.n > 3", "message": "small", "messageExpression": "self.inner.b"], "spec: Invalid value: small"
      ),
      (
        ["rule": "self.inner.b == 'x'"],
        "spec: Invalid value: \"object\": no such key: b evaluating rule: self.inner.b == 'x'"
      ),
      (
        ["rule": "self.list[7] == 1", "message": "seven"],
        "spec: Invalid value: \"object\": index out of bounds: 7 evaluating rule: seven"
      ),
      (
        ["rule": "self.n / 0 == 1"],
        "spec: Invalid value: \"object\": division by zero evaluating rule: self.n / 0 == 1"
      ),
      (
        ["rule": "self.n * 9223372036854775807 > 1"],
        "spec: Invalid value: \"object\": integer overflow evaluating rule: self.n * 9223372036854775807 > 1"
      ),
      (
        ["rule": "self.port > 80"],
        "spec: Invalid value: \"object\": 'no such overload': call arguments did not match a supported operator, "
          + "function or macro signature for rule: self.port > 80"
      ),
    ] as [(JSON, String)])
  func refusals(rule: JSON, expected: String) {
    let schema = Self.schema(rule)
    #expect(!schema.hasUnevaluatedRules)
    #expect(schema.validate(["spec": Self.value]).map(\.description) == [expected])
  }

  @Test func wherePropertiesAndElementsHaveRules() {
    func ruled(_ schema: JSON, _ rule: String) -> JSON {
      var schema = schema
      schema["x-kubernetes-validations"] = [["rule": .string(rule)]]
      return schema
    }
    let schema = StructuralSchema(json: [
      "type": "object",
      "x-kubernetes-validations": [["rule": "self.metadata.name.size() < 4 && self.kind == 'Thing'"]],
      "properties": [
        "spec": [
          "type": "object",
          "properties": [
            "list": ["type": "array", "items": ruled(["type": "integer"], "self < 2")],
            "map": ["type": "object", "additionalProperties": ruled(["type": "string"], "self != ''")],
            "other": ruled(["type": "string"], "self == 'y'"),
          ],
        ]
      ],
    ])
    let object: JSON = [
      "kind": "Thing", "metadata": ["name": "long-name"],
      "spec": ["list": [1, 2], "map": ["a.b": "", "c": "x"], "other": "x"],
    ]
    #expect(
      schema.validate(object).map(\.description) == [
        "<nil>: Invalid value: failed rule: self.metadata.name.size() < 4 && self.kind == 'Thing'",
        "spec.list[1]: Invalid value: 2: failed rule: self < 2",
        "spec.map[a.b]: Invalid value: \"\": failed rule: self != ''",
        "spec.other: Invalid value: \"x\": failed rule: self == 'y'",
      ])
    #expect(!schema.hasUnevaluatedRules)
  }

  /// the rule, the old value, the new one, what is wrong
  @Test(
    arguments: [
      ("self.n >= oldSelf.n", ["n": 2], ["n": 3], nil),
      ("self.n >= oldSelf.n", ["n": 3], ["n": 2], "spec: Invalid value: failed rule: self.n >= oldSelf.n"),
      ("self.n >= oldSelf.n", nil, ["n": 2], nil),
      ("self == oldSelf", ["n": 3], ["n": 2], "spec: Invalid value: failed rule: self == oldSelf"),
      ("self == oldSelf", ["set": ["a", "b"]], ["set": ["b", "a"]], nil),
      (
        "self == oldSelf", ["set": ["a", "b"]], ["set": ["b", "c"]], "spec: Invalid value: failed rule: self == oldSelf"
      ),
      (
        "self == oldSelf", ["entries": [["id": "x", "size": 1], ["id": "y"]]],
        ["entries": [["id": "y"], ["id": "x", "size": 1]]], nil
      ),
      (
        "self == oldSelf", ["entries": [["id": "x", "size": 1]]], ["entries": [["id": "x", "size": 2]]],
        "spec: Invalid value: failed rule: self == oldSelf"
      ),
      ("self == oldSelf", ["list": [1, 2]], ["list": [2, 1]], "spec: Invalid value: failed rule: self == oldSelf"),
      ("self == oldSelf", ["maybe": "a"], ["maybe": "b"], "spec: Invalid value: failed rule: self == oldSelf"),
      // What was broken before and has not changed is let pass; what has changed elsewhere is not.
      ("self.n > 5", ["n": 3], ["n": 3], nil),
      ("self.n > 5", ["n": 3], ["n": 3, "flag": true], "spec: Invalid value: failed rule: self.n > 5"),
      (
        "oldSelf.n > 5 || self.n > 5", ["n": 3], ["n": 3],
        "spec: Invalid value: failed rule: oldSelf.n > 5 || self.n > 5"
      ),
    ] as [(String, JSON?, JSON, String?)])
  func transitions(rule: String, old: JSON?, new: JSON, expected: String?) {
    let schema = Self.schema(["rule": .string(rule)])
    #expect(!schema.hasUnevaluatedRules)
    let (errors, warnings) = schema.findings(in: ["spec": new], old: old.map { ["spec": $0] })
    #expect(errors.map(\.description) == (expected.map { [$0] } ?? []))
    // What is let pass is said.
    let isLetPass = rule == "self.n > 5" && old == new
    #expect(warnings.map(\.description) == (isLetPass ? ["spec: Invalid value: failed rule: self.n > 5"] : []))
  }

  /// No rule keeps the server busy for long, and none can exhaust its stack.
  @Test func limits() {
    let elements = JSON.array((0..<3000).map { JSON($0) })
    let schema = Self.schema(["rule": "self.list.all(x, self.list.all(y, self.list.all(z, x + y + z >= 0)))"])
    #expect(
      schema.validate(["spec": ["list": elements]]).map(\.description) == [
        "spec: Invalid value: \"object\": validation failed due to running out of cost budget, no further validation "
          + "rules will be run"
      ])
    for rule in [
      String(repeating: "true && ", count: 100_000) + "true", String(repeating: "(", count: 100_000),
      "self" + String(repeating: ".inner", count: 100_000) + " == 1",
      String(repeating: "!", count: 100_001) + "self.flag",
      String(repeating: "true ? true : ", count: 50_000) + "true", String(repeating: "[", count: 100_000),
    ] {
      let schema = Self.schema(["rule": .string(rule)])
      _ = schema.validate(["spec": Self.value])
    }
  }
}
