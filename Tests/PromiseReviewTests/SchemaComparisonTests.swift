import Kubernetes
import Testing

@testable import PromiseReview

@Suite struct SchemaComparisonTests {
  struct Case: CustomTestStringConvertible, Sendable {
    let name: String
    let old: JSON
    let new: JSON
    let verdict: Verdict
    let kind: SchemaChange.Kind?
    let path: String

    init(
      _ name: String, _ old: JSON, _ new: JSON, _ verdict: Verdict, _ kind: SchemaChange.Kind? = nil,
      at path: String = "spec.x"
    ) {
      self.name = name
      self.old = old
      self.new = new
      self.verdict = verdict
      self.kind = kind
      self.path = path
    }

    var testDescription: String { name }
  }

  /// A schema of one field `spec.x`.
  static func field(_ schema: JSON?, required: Bool = false) -> JSON {
    var spec: JSON = ["type": "object"]
    if let schema { spec["properties"] = ["x": schema] }
    if required { spec["required"] = ["x"] }
    return ["type": "object", "properties": ["spec": spec]]
  }

  /// One field, before and after.
  static let fields: [Case] = [
    // Types.
    Case("number to string", ["type": "number"], ["type": "string"], .breaking, .typeChanged),
    Case("integer to number takes more", ["type": "integer"], ["type": "number"], .compatible, .typeChanged),
    Case("number to integer takes less", ["type": "number"], ["type": "integer"], .breaking, .typeChanged),
    Case(
      "integer to int-or-string takes more", ["type": "integer"], ["x-kubernetes-int-or-string": true], .compatible,
      .typeChanged),
    Case(
      "int-or-string to string takes less", ["x-kubernetes-int-or-string": true], ["type": "string"], .breaking,
      .typeChanged),
    Case(
      "number to int-or-string loses fractions", ["type": "number"], ["x-kubernetes-int-or-string": true], .breaking,
      .typeChanged),
    Case(
      "any type at all", ["type": "string"], ["x-kubernetes-preserve-unknown-fields": true], .compatible, .typeChanged),
    Case(
      "a type where there was none", ["x-kubernetes-preserve-unknown-fields": true], ["type": "object"], .breaking,
      .typeChanged),
    // Enums.
    Case(
      "enum narrowed", ["type": "string", "enum": ["a", "b"]], ["type": "string", "enum": ["a"]], .breaking,
      .enumChanged),
    Case(
      "enum widened", ["type": "string", "enum": ["a"]], ["type": "string", "enum": ["b", "a"]], .compatible,
      .enumChanged),
    Case(
      "enum in another order", ["type": "string", "enum": ["a", "b"]], ["type": "string", "enum": ["b", "a"]],
      .compatible),
    Case("enum net-new", ["type": "string"], ["type": "string", "enum": ["a"]], .breaking, .enumAdded),
    Case("enum dropped", ["type": "string", "enum": ["a"]], ["type": "string"], .compatible, .enumRemoved),
    Case(
      "enum of both booleans says nothing", ["type": "boolean"], ["type": "boolean", "enum": [true, false]],
      .compatible, .enumAdded),
    // Bounds.
    Case(
      "maximum lowered", ["type": "integer", "maximum": 5], ["type": "integer", "maximum": 4], .breaking,
      .boundChanged),
    Case(
      "maximum raised", ["type": "integer", "maximum": 5], ["type": "integer", "maximum": 6], .compatible,
      .boundChanged),
    Case(
      "minimum raised", ["type": "integer", "minimum": 5], ["type": "integer", "minimum": 6], .breaking,
      .boundChanged),
    Case(
      "minimum lowered", ["type": "integer", "minimum": 5], ["type": "integer", "minimum": 4], .compatible,
      .boundChanged),
    Case("minimum net-new", ["type": "integer"], ["type": "integer", "minimum": 0], .breaking, .boundAdded),
    Case("maximum dropped", ["type": "integer", "maximum": 5], ["type": "integer"], .compatible, .boundRemoved),
    Case(
      "minimum excluded", ["type": "number", "minimum": 5],
      ["type": "number", "minimum": 5, "exclusiveMinimum": true], .breaking, .boundChanged),
    Case(
      "minimum included", ["type": "number", "minimum": 5, "exclusiveMinimum": true],
      ["type": "number", "minimum": 5], .compatible, .boundChanged),
    Case(
      "of integers, above 4 is from 5 on", ["type": "integer", "minimum": 4, "exclusiveMinimum": true],
      ["type": "integer", "minimum": 5], .compatible),
    Case("minLength 0 says nothing", ["type": "string"], ["type": "string", "minLength": 0], .compatible),
    Case("minLength net-new", ["type": "string"], ["type": "string", "minLength": 1], .breaking, .boundAdded),
    Case(
      "maxLength lowered", ["type": "string", "maxLength": 9], ["type": "string", "maxLength": 8], .breaking,
      .boundChanged),
    Case(
      "maxItems raised", ["type": "array", "maxItems": 1], ["type": "array", "maxItems": 2], .compatible,
      .boundChanged),
    Case("maxProperties net-new", ["type": "object"], ["type": "object", "maxProperties": 2], .breaking, .boundAdded),
    Case(
      "multipleOf 6 to 3 takes more", ["type": "integer", "multipleOf": 6], ["type": "integer", "multipleOf": 3],
      .compatible, .boundChanged),
    Case(
      "multipleOf 3 to 6 takes less", ["type": "integer", "multipleOf": 3], ["type": "integer", "multipleOf": 6],
      .breaking, .boundChanged),
    Case("uniqueItems", ["type": "array"], ["type": "array", "uniqueItems": true], .breaking, .boundAdded),
    // Patterns and formats.
    Case("pattern net-new", ["type": "string"], ["type": "string", "pattern": "^a+$"], .breaking, .patternAdded),
    Case(
      "pattern changed: nobody can tell", ["type": "string", "pattern": "^a+$"],
      ["type": "string", "pattern": "^[ab]+$"], .warn, .patternChanged),
    Case("pattern dropped", ["type": "string", "pattern": "^a"], ["type": "string"], .compatible, .patternRemoved),
    Case("a pattern that takes all", ["type": "string"], ["type": "string", "pattern": ".*"], .compatible),
    Case("format net-new", ["type": "string"], ["type": "string", "format": "ipv4"], .breaking, .formatAdded),
    Case("a format that nobody checks", ["type": "string"], ["type": "string", "format": "fruit"], .compatible),
    Case(
      "int32 to int64", ["type": "integer", "format": "int32"], ["type": "integer", "format": "int64"], .compatible,
      .formatChanged),
    Case(
      "int64 to int32", ["type": "integer", "format": "int64"], ["type": "integer", "format": "int32"], .breaking,
      .formatChanged),
    Case("a format that every integer has", ["type": "integer"], ["type": "integer", "format": "int64"], .compatible),
    Case(
      "listed values that the pattern takes", ["type": "string", "enum": ["a", "b"]],
      ["type": "string", "pattern": "^[a-z]$"], .compatible, .patternAdded),
    Case(
      "listed values that the bound refuses", ["type": "string", "enum": ["a", "bb"]],
      ["type": "string", "maxLength": 1], .breaking, .boundAdded),
    Case(
      "listed values that the other type takes", ["type": "string", "enum": ["1"]],
      ["x-kubernetes-int-or-string": true], .compatible, .typeChanged),
    Case("format dropped", ["type": "string", "format": "uri"], ["type": "string"], .compatible, .formatRemoved),
    // Null and defaults.
    Case("null taken", ["type": "string"], ["type": "string", "nullable": true], .compatible, .nullableChanged),
    Case("null refused", ["type": "string", "nullable": true], ["type": "string"], .breaking, .nullableChanged),
    Case("default added", ["type": "string"], ["type": "string", "default": "a"], .warn, .defaultAdded),
    Case(
      "default changed", ["type": "string", "default": "a"], ["type": "string", "default": "b"], .warn,
      .defaultChanged),
    Case("default removed", ["type": "string", "default": "a"], ["type": "string"], .warn, .defaultRemoved),
    // Lists and maps.
    Case(
      "a set refuses duplicates", ["type": "array"], ["type": "array", "x-kubernetes-list-type": "set"], .breaking,
      .listTypeChanged),
    Case(
      "a map no more", ["type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"]],
      ["type": "array"], .warn, .listTypeChanged),
    Case(
      "another key",
      ["type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name", "port"]],
      ["type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"]], .breaking,
      .listMapKeysChanged),
    Case(
      "map type", ["type": "object"], ["type": "object", "x-kubernetes-map-type": "atomic"], .warn, .mapTypeChanged),
    // Fields that have no schema.
    Case(
      "unknown fields kept no more", ["type": "object", "x-kubernetes-preserve-unknown-fields": true],
      ["type": "object"], .breaking, .unknownFieldsChanged),
    Case(
      "unknown fields kept", ["type": "object"], ["type": "object", "x-kubernetes-preserve-unknown-fields": true],
      .compatible, .unknownFieldsChanged),
    Case(
      "values of a map", ["type": "object", "additionalProperties": ["type": "integer"]],
      ["type": "object", "additionalProperties": ["type": "string"]], .breaking, .typeChanged, at: "spec.x.*"),
    Case(
      "a map no more", ["type": "object", "additionalProperties": ["type": "integer"]], ["type": "object"], .breaking,
      .mapValuesChanged),
    Case(
      "a map of anything", ["type": "object", "additionalProperties": ["type": "integer"]],
      ["type": "object", "x-kubernetes-preserve-unknown-fields": true], .compatible),
    Case(
      "an object becomes a map that takes its fields",
      ["type": "object", "properties": ["a": ["type": "string"]]],
      ["type": "object", "additionalProperties": ["type": "string"]], .compatible),
    Case(
      "an object becomes a map that does not take its fields",
      ["type": "object", "properties": ["a": ["type": "string"]]],
      ["type": "object", "additionalProperties": ["type": "integer"]], .breaking, .fieldRemoved, at: "spec.x.a"),
    Case(
      "an embedded object", ["type": "object"],
      ["type": "object", "x-kubernetes-embedded-resource": true, "x-kubernetes-preserve-unknown-fields": true],
      .breaking, .embeddedResourceChanged),
    // Inside of lists, maps and objects.
    Case(
      "items", ["type": "array", "items": ["type": "string", "maxLength": 3]],
      ["type": "array", "items": ["type": "string", "maxLength": 2]], .breaking, .boundChanged, at: "spec.x[*]"),
    Case(
      "a field of items of a map",
      [
        "type": "object",
        "additionalProperties": [
          "type": "array", "items": ["type": "object", "properties": ["a": ["type": "string"]]],
        ],
      ],
      ["type": "object", "additionalProperties": ["type": "array", "items": ["type": "object"]]], .breaking,
      .fieldRemoved, at: "spec.x.*[*].a"),
    // Junctors.
    Case("anyOf net-new", [:], ["anyOf": [["minimum": 1]]], .breaking, .junctorAdded),
    Case("anyOf dropped", ["anyOf": [["minimum": 1]]], [:], .compatible, .junctorRemoved),
    Case(
      "anyOf with another branch", ["anyOf": [["minimum": 1]]], ["anyOf": [["maximum": 0], ["minimum": 1]]],
      .compatible, .junctorChanged),
    Case(
      "anyOf with a branch less", ["anyOf": [["minimum": 1], ["maximum": 0]]], ["anyOf": [["minimum": 1]]], .breaking,
      .junctorChanged),
    Case(
      "anyOf with a looser branch", ["anyOf": [["minimum": 2]]], ["anyOf": [["minimum": 1]]], .compatible,
      .junctorChanged),
    Case(
      "allOf with another part", ["allOf": [["minimum": 1]]], ["allOf": [["minimum": 1], ["maximum": 3]]], .breaking,
      .junctorChanged),
    Case(
      "allOf with a part less", ["allOf": [["minimum": 1], ["maximum": 3]]], ["allOf": [["minimum": 1]]],
      .compatible, .junctorChanged),
    Case(
      "oneOf with another branch may overlap", ["oneOf": [["minimum": 1]]],
      ["oneOf": [["minimum": 1], ["maximum": 3]]], .warn, .junctorChanged),
    Case(
      "not refuses less", ["not": ["minimum": 1]], ["not": ["minimum": 2]], .compatible, .junctorChanged),
    Case("not refuses more", ["not": ["minimum": 2]], ["not": ["minimum": 1]], .breaking, .junctorChanged),
    Case("a test of a field goes", ["anyOf": [["properties": ["a": ["minimum": 1]]]]], ["anyOf": [[:]]], .compatible),
    Case(
      "junctors in another order", ["anyOf": [["minimum": 1], ["maximum": 0]]],
      ["anyOf": [["maximum": 0], ["minimum": 1]]], .compatible),
    Case(
      "anyOf in another order and looser", ["anyOf": [["minimum": 3], ["maximum": 0]]],
      ["anyOf": [["maximum": 1], ["minimum": 2]]], .compatible, .junctorChanged),
    Case(
      "anyOf without a branch that another one covers", ["anyOf": [["minimum": 3], ["minimum": 1]]],
      ["anyOf": [["minimum": 1]]], .compatible, .junctorChanged),
    Case(
      "allOf with a part that follows from another", ["allOf": [["minimum": 3]]],
      ["allOf": [["minimum": 1], ["minimum": 3]]], .compatible, .junctorChanged),
    Case(
      "allOf net-new with what is asked for already", ["type": "integer", "minimum": 3],
      ["type": "integer", "minimum": 3, "allOf": [["minimum": 1]]], .compatible, .junctorAdded),
    Case("allOf net-new", [:], ["allOf": [["minimum": 1]]], .breaking, .junctorAdded),
    Case("oneOf net-new", [:], ["oneOf": [["minimum": 1], ["maximum": 0]]], .breaking, .junctorAdded),
    Case("oneOf dropped", ["oneOf": [["minimum": 1], ["maximum": 0]]], [:], .compatible, .junctorRemoved),
    Case(
      "oneOf with a branch less", ["oneOf": [["minimum": 1], ["maximum": 0]]], ["oneOf": [["minimum": 1]]], .breaking,
      .junctorChanged),
    Case("not net-new", [:], ["not": ["minimum": 1]], .breaking, .junctorAdded),
    Case("not dropped", ["not": ["minimum": 1]], [:], .compatible, .junctorRemoved),
    Case(
      "the types of an int-or-string in words", ["x-kubernetes-int-or-string": true],
      ["x-kubernetes-int-or-string": true, "anyOf": [["type": "integer"], ["type": "string"]]], .compatible),
    // CEL.
    Case(
      "rule net-new", [:], ["x-kubernetes-validations": [["rule": "self > 1"]]], .breaking, .ruleAdded),
    Case("rule dropped", ["x-kubernetes-validations": [["rule": "self > 1"]]], [:], .compatible, .ruleRemoved),
    Case(
      "rule changed: nobody can tell", ["x-kubernetes-validations": [["rule": "self > 1"]]],
      ["x-kubernetes-validations": [["rule": "self > 0"]]], .warn, .ruleChanged),
    Case(
      "the rule's message does not count", ["x-kubernetes-validations": [["rule": "self > 1", "message": "a"]]],
      ["x-kubernetes-validations": [["rule": "self  >  1", "message": "b"]]], .compatible),
    // Words.
    Case(
      "title, description, example", ["type": "string", "description": "a", "title": "b"],
      ["type": "string", "description": "c", "example": "d"], .compatible),
    Case("an unknown keyword", ["type": "string"], ["type": "string", "const": "a"], .warn, .unknownKeyword),
  ]

  @Test(arguments: fields) func comparesOneField(_ example: Case) throws {
    let comparison = SchemaComparison(old: Self.field(example.old), new: Self.field(example.new))
    #expect(comparison.verdict == example.verdict, "\(comparison.changes.map(\.sentence))")
    if let kind = example.kind {
      let change = try #require(comparison.changes.first { $0.kind == kind }, "\(comparison.changes)")
      #expect(change.path.description == example.path)
      #expect(change.verdict == .compatible || !change.remedy.isEmpty)
      #expect(!change.why.isEmpty)
    } else {
      #expect(comparison.changes.isEmpty || example.verdict != .compatible || comparison.verdict == .compatible)
    }
  }

  @Test func aFieldRemovedIsBreaking() {
    let comparison = SchemaComparison(old: Self.field(["type": "number"]), new: Self.field(nil))
    #expect(comparison.changes.map(\.sentence) == ["field spec.x is removed"])
    #expect(comparison.verdict == .breaking)
  }

  @Test func aFieldAddedIsCompatible() {
    let comparison = SchemaComparison(old: Self.field(nil), new: Self.field(["type": "string", "default": "a"]))
    #expect(comparison.changes.map(\.kind) == [.fieldAdded])
    #expect(comparison.verdict == .compatible)
  }

  @Test func requiredWithoutDefaultIsBreaking() {
    let plain: JSON = ["type": "string"]
    let comparison = SchemaComparison(old: Self.field(plain), new: Self.field(plain, required: true))
    #expect(comparison.changes.map(\.sentence) == ["field spec.x becomes required and has no default"])
    #expect(comparison.verdict == .breaking)
    #expect(SchemaComparison(old: Self.field(nil), new: Self.field(plain, required: true)).verdict == .breaking)
  }

  @Test func requiredWithDefaultIsNotBreaking() {
    let both: JSON = ["type": "string", "default": "a"]
    #expect(SchemaComparison(old: Self.field(both), new: Self.field(both, required: true)).verdict == .compatible)
    #expect(SchemaComparison(old: Self.field(nil), new: Self.field(both, required: true)).verdict == .compatible)
  }

  @Test func requiredNoMoreIsCompatible() {
    let plain: JSON = ["type": "string"]
    let comparison = SchemaComparison(old: Self.field(plain, required: true), new: Self.field(plain))
    #expect(comparison.changes.map(\.kind) == [.requiredRemoved])
    #expect(comparison.verdict == .compatible)
  }

  @Test func aRequiredFieldThatLosesItsDefaultIsBreaking() {
    let comparison = SchemaComparison(
      old: Self.field(["type": "string", "default": "a"], required: true),
      new: Self.field(["type": "string"], required: true))
    #expect(comparison.verdict == .breaking)
  }

  @Test func whatIsNotTheAuthorsIsNotCompared() {
    let old: JSON = ["type": "object", "properties": ["status": ["type": "object"], "kind": ["type": "string"]]]
    #expect(SchemaComparison(old: old, new: ["type": "object"]).changes.isEmpty)
  }

  @Test func aRemovedFieldThatIsStillKeptIsCompatible() {
    let old: JSON = ["type": "object", "properties": ["a": ["type": "string"]]]
    let new: JSON = ["type": "object", "x-kubernetes-preserve-unknown-fields": true]
    #expect(SchemaComparison(old: Self.field(old), new: Self.field(new)).verdict == .compatible)
  }
}
