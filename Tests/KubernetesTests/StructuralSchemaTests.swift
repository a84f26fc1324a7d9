import Kubernetes
import Testing

/// The messages marked "recorded" are those of an API server 1.36.
@Suite struct SchemaValidationTests {
  /// The rest of the errors is what kube-openapi composes.
  static let cases: [(String, JSON, JSON, [String])] = [
    (
      "type (recorded)", ["majorVersion": ["type": "number"]], ["majorVersion": "4"],
      ["spec.majorVersion: Invalid value: \"string\": spec.majorVersion in body must be of type number: \"string\""]
    ),
    (
      "enum (recorded)", ["majorVersion": ["type": "number", "enum": [6]]], ["majorVersion": 4],
      ["spec.majorVersion: Unsupported value: 4: supported values: \"6\""]
    ),
    (
      "enum of strings (recorded)", ["kind": ["type": "string", "enum": ["BucketStateStore", "GitStateStore"]]],
      ["kind": "Other"],
      ["spec.kind: Unsupported value: \"Other\": supported values: \"BucketStateStore\", \"GitStateStore\""]
    ),
    (
      "integer", ["n": ["type": "integer"]], ["n": .double(1.5)],
      ["spec.n: Invalid value: \"number\": spec.n in body must be of type integer: \"number\""]
    ),
    ("a whole floating point number is an integer", ["n": ["type": "integer"]], ["n": .double(2)], []),
    ("an integer is a number", ["n": ["type": "number"]], ["n": 2], []),
    (
      "null", ["n": ["type": "string"]], ["n": .null],
      ["spec.n: Invalid value: \"null\": spec.n in body must be of type string: \"null\""]
    ),
    ("nullable", ["n": ["type": "string", "nullable": true]], ["n": .null], []),
    (
      "object", ["o": ["type": "object"]], ["o": [1]],
      ["spec.o: Invalid value: \"array\": spec.o in body must be of type object: \"array\""]
    ),
    (
      "int or string", ["p": ["x-kubernetes-int-or-string": true]], ["p": true],
      ["spec.p: Invalid value: \"boolean\": spec.p in body must be of type integer,string: \"boolean\""]
    ),
    ("int or string holds both", ["p": ["x-kubernetes-int-or-string": true]], ["p": "80%"], []),
    (
      "minimum", ["n": ["type": "integer", "minimum": 3]], ["n": 2],
      ["spec.n: Invalid value: 2: spec.n in body should be greater than or equal to 3"]
    ),
    (
      "exclusive maximum", ["n": ["type": "number", "maximum": 2.5, "exclusiveMaximum": true]], ["n": .double(2.5)],
      ["spec.n: Invalid value: 2.5: spec.n in body should be less than 2.5"]
    ),
    (
      "multipleOf", ["n": ["type": "integer", "multipleOf": 5]], ["n": 7],
      ["spec.n: Invalid value: 7: spec.n in body should be a multiple of 5"]
    ),
    ("multipleOf a fraction", ["n": ["type": "number", "multipleOf": 0.1]], ["n": .double(0.3)], []),
    (
      "minLength", ["s": ["type": "string", "minLength": 3]], ["s": "ab"],
      ["spec.s: Invalid value: \"ab\": spec.s in body should be at least 3 chars long"]
    ),
    (
      "maxLength", ["s": ["type": "string", "maxLength": 1]], ["s": "ab"],
      ["spec.s: Too long: may not be more than 1 byte"]
    ),
    ("lengths count characters", ["s": ["type": "string", "maxLength": 2]], ["s": "äö"], []),
    (
      "pattern", ["s": ["type": "string", "pattern": "^a+$"]], ["s": "ab"],
      ["spec.s: Invalid value: \"ab\": spec.s in body should match '^a+$'"]
    ),
    (
      "format", ["s": ["type": "string", "format": "date-time"]], ["s": "today"],
      ["spec.s: Invalid value: \"today\": spec.s in body must be of type date-time: \"today\""]
    ),
    ("unknown formats are ignored", ["s": ["type": "string", "format": "colour"]], ["s": "x"], []),
    (
      "int32", ["n": ["type": "integer", "format": "int32"]], ["n": 3_000_000_000],
      ["<nil>: Invalid value: \"\": Checked value must be of type integer with format int32 in spec.n"]
    ),
    (
      "minItems", ["l": ["type": "array", "items": ["type": "string"], "minItems": 1]], ["l": []],
      ["spec.l: Invalid value: 0: spec.l in body should have at least 1 items"]
    ),
    (
      "maxItems", ["l": ["type": "array", "items": ["type": "string"], "maxItems": 1]], ["l": ["a", "b"]],
      ["spec.l: Too many: 2: must have at most 1 item"]
    ),
    (
      "uniqueItems", ["l": ["type": "array", "uniqueItems": true]], ["l": ["a", "a"]],
      ["spec.l: Invalid value: \"\": spec.l in body shouldn't contain duplicates"]
    ),
    (
      "items", ["l": ["type": "array", "items": ["type": "object", "required": ["a"]]]], ["l": [["a": 1], [:]]],
      ["spec.l[1].a: Required value"]
    ),
    (
      "properties", ["o": ["type": "object", "minProperties": 1, "additionalProperties": ["type": "string"]]],
      ["o": [:]], ["spec.o: Invalid value: 0: spec.o in body should have at least 1 properties"]
    ),
    (
      "too many properties", ["o": ["type": "object", "maxProperties": 1]], ["o": ["a": 1, "b": 2]],
      ["spec.o: Too many: 2: must have at most 1 item"]
    ),
    (
      "additionalProperties", ["o": ["type": "object", "additionalProperties": ["type": "string"]]], ["o": ["k": 1]],
      ["spec.o.k: Invalid value: \"integer\": spec.o.k in body must be of type string: \"integer\""]
    ),
    (
      "anyOf", ["s": ["type": "string", "anyOf": [["pattern": "^a"], ["pattern": "^b"]]]], ["s": "c"],
      [
        "<nil>: Invalid value: \"\": \"spec.s\" must validate at least one schema (anyOf)",
        "spec.s: Invalid value: \"c\": spec.s in body should match '^a'",
      ]
    ),
    ("anyOf holds", ["s": ["type": "string", "anyOf": [["pattern": "^a"], ["pattern": "^c"]]]], ["s": "c"], []),
    (
      "oneOf, two", ["s": ["type": "string", "oneOf": [["minLength": 1], ["maxLength": 5]]]], ["s": "abc"],
      [
        "<nil>: Invalid value: \"\": \"spec.s\" must validate one and only one schema (oneOf). Found 2 valid "
          + "alternatives"
      ]
    ),
    (
      "oneOf of requireds", ["o": ["type": "object", "oneOf": [["required": ["a"]], ["required": ["b"]]]]], ["o": [:]],
      [
        "<nil>: Invalid value: \"\": \"spec.o\" must validate one and only one schema (oneOf). Found none valid",
        "spec.o.a: Required value",
      ]
    ),
    (
      "allOf", ["n": ["type": "integer", "allOf": [["minimum": 2], ["maximum": 5]]]], ["n": 9],
      [
        "spec.n: Invalid value: 9: spec.n in body should be less than or equal to 5",
        "<nil>: Invalid value: \"\": \"spec.n\" must validate all the schemas (allOf)",
      ]
    ),
    (
      "not", ["s": ["type": "string", "not": ["enum": ["x"]]]], ["s": "x"],
      ["<nil>: Invalid value: \"\": \"spec.s\" must not validate the schema (not)"]
    ),
    (
      "set", ["l": ["type": "array", "x-kubernetes-list-type": "set", "items": ["type": "string"]]],
      ["l": ["a", "b", "a", "a"]], ["spec.l[2]: Duplicate value: \"a\""]
    ),
    (
      "map",
      [
        "l": [
          "type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"],
          "items": ["type": "object"],
        ]
      ],
      ["l": [["name": "a"], ["name": "b"], ["name": "a", "x": 1]]], ["spec.l[2]: Duplicate value: {\"name\":\"a\"}"]
    ),
    (
      "embedded resource",
      ["t": ["type": "object", "x-kubernetes-embedded-resource": true, "x-kubernetes-preserve-unknown-fields": true]],
      ["t": ["kind": "", "metadata": ["labels": ["a": "-"]]]],
      [
        "spec.t.apiVersion: Required value", "spec.t.kind: Invalid value: \"\": must not be empty",
        "spec.t.metadata.labels: Invalid value: \"-\": a valid label must be an empty string or consist of alphanumeric "
          + "characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or "
          + "'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')",
      ]
    ),
    (
      "rules that were not checked (recorded)",
      [
        "path": ["type": "string", "x-kubernetes-validations": [["rule": "self == oldSelf"]]], "n": ["type": "integer"],
      ],
      ["n": "x"],
      [
        "spec.n: Invalid value: \"string\": spec.n in body must be of type integer: \"string\"",
        "<nil>: Invalid value: null: some validation rules were not checked because the object was invalid; correct the "
          + "existing errors to complete validation",
      ]
    ),
  ]

  @Test(arguments: cases.indices) func complains(index: Int) {
    let (name, properties, spec, errors) = Self.cases[index]
    let schema = StructuralSchema(json: [
      "type": "object", "properties": ["spec": ["type": "object", "properties": properties]],
    ])
    #expect(schema.validate(["spec": spec]).map(\.description) == errors, "\(name)")
  }

  @Test func namesRequiredFieldsAsRecorded() {
    // ResourceBinding create: empty spec.
    let schema = StructuralSchema(json: [
      "type": "object",
      "properties": ["spec": ["type": "object", "required": ["promiseRef", "resourceRef", "version"]]],
    ])
    #expect(
      schema.validate(["spec": [:]]).map(\.description) == [
        "spec.promiseRef: Required value", "spec.resourceRef: Required value", "spec.version: Required value",
      ])
    #expect(StructuralSchema(json: ["required": ["spec"]]).validate([:]).map(\.description) == ["spec: Required value"])
  }

  @Test func limitsTheNameAsRecorded() {
    let schema = StructuralSchema(json: [
      "type": "object",
      "properties": ["metadata": ["type": "object", "properties": ["name": ["type": "string", "maxLength": 63]]]],
    ])
    let name = String(repeating: "m", count: 64)
    #expect(
      schema.validate(["metadata": ["name": .string(name)]]).map(\.description)
        == ["metadata.name: Too long: may not be more than 63 bytes"])
  }

  @Test func passesOverWhatDidNotChange() {
    let schema = StructuralSchema(json: [
      "type": "object",
      "properties": [
        "spec": [
          "type": "object", "required": ["owner"],
          "properties": ["n": ["type": "integer", "enum": [6]], "members": ["type": "integer"]],
        ]
      ],
    ])
    let old: JSON = ["spec": ["n": 5, "members": 1], "metadata": [:]]
    // Recorded: metadata may change while the spec stays as invalid as it was.
    #expect(schema.validate(["spec": ["n": 5, "members": 1], "metadata": ["labels": ["a": "b"]]], old: old).isEmpty)
    // Recorded: `spec.owner: Required value` once the spec changes; the old value of another field still passes.
    #expect(
      schema.validate(["spec": ["n": 5, "members": 2]], old: old).map(\.description) == ["spec.owner: Required value"])
    #expect(
      schema.validate(["spec": ["n": 4, "owner": "x"]], old: old).map(\.description)
        == ["spec.n: Unsupported value: 4: supported values: \"6\""])
  }

  @Test func followsElementsOfMapsByTheirKeys() {
    let schema = StructuralSchema(json: [
      "type": "object",
      "properties": [
        "l": [
          "type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["k"],
          "items": ["type": "object", "properties": ["v": ["type": "integer", "maximum": 1]]],
        ]
      ],
    ])
    let old: JSON = ["l": [["k": "a", "v": 5], ["k": "b", "v": 0]]]
    #expect(schema.validate(["l": [["k": "b", "v": 1], ["k": "a", "v": 5]]], old: old).isEmpty)
    #expect(
      schema.validate(["l": [["k": "b", "v": 5], ["k": "a", "v": 5]]], old: old).map(\.field) == ["l[0].v"])
  }

  /// As deep as a text can be parsed.
  @Test func deepSchemasAreNoDanger() {
    var schema: JSON = ["type": "string", "default": "x"]
    var value: JSON = [:]
    for _ in 0..<240 {
      schema = ["type": "object", "properties": ["a": schema]]
      value = ["a": value]
    }
    let parsed = StructuralSchema(json: schema)
    #expect(parsed.validate(value).count == 1)
    #expect(parsed.pruning(value).removed.isEmpty)
    #expect(parsed.applyingDefaults(to: value) == value)
    #expect(StructuralSchema(json: value).validate(value).isEmpty)
  }

  @Test func validatesAStatusByItself() throws {
    let schema = StructuralSchema(json: [
      "properties": ["status": ["type": "object", "properties": ["phase": ["type": "string"]]]]
    ])
    let status = try #require(schema.property("status"))
    #expect(
      status.validate(["phase": 1], at: "status").map(\.description)
        == ["status.phase: Invalid value: \"integer\": phase in body must be of type string: \"integer\""])
    #expect(schema.property("spec") == nil)
  }

  @Test(arguments: [
    ("date-time", "2026-11-22T22:02:40Z", true), ("date-time", "2026-11-22T22:02:40.5+01:00", true),
    ("date-time", "2026-11-22", false), ("date", "2026-11-22", true), ("date", "2026-02-30", false),
    ("email", "a@example.com", true), ("email", "A <a@example.com>", true), ("email", "a", false),
    ("email", "a@@b", false), ("ipv4", "10.0.0.1", true), ("ipv4", "10.0.0.256", false), ("ipv4", "::1", false),
    ("ipv6", "::1", true), ("ipv6", "2001:db8::8a2e:370:7334", true), ("ipv6", "1:2:3:4:5:6:7:8", true),
    ("ipv6", "1:2:3:4:5:6:7", false), ("ipv6", "::ffff:10.0.0.1", true), ("ipv6", "10.0.0.1", false),
    ("ipv6", "1::2::3", false), ("cidr", "10.0.0.0/8", true), ("cidr", "10.0.0.0/33", false),
    ("cidr", "fe80::/10", true),
    ("uri", "https://example.com/x?y", true), ("uri", "/path", true), ("uri", "example", false),
    ("uri", "http://a b", false), ("uuid", "550e8400-e29b-41d4-a716-446655440000", true), ("uuid", "550e8400", false),
    ("byte", "aGVsbG8=", true), ("byte", "a", false), ("hostname", "example.com", true), ("hostname", "-x", false),
    ("mac", "01:23:45:67:89:ab", true), ("mac", "01:23", false), ("duration", "1h30m", true),
    ("duration", "3 days", true),
    ("duration", "soon", false), ("hexcolor", "#ff00aa", true), ("hexcolor", "#ff00a", false),
    ("isbn", "978-0321751041", true), ("isbn10", "0321751043", true), ("isbn10", "0321751044", false),
    ("password", "anything", true), ("k8s-short-name", "a-b", true), ("k8s-short-name", "a.b", false),
  ])
  func formats(format: String, text: String, isValid: Bool) {
    let schema = StructuralSchema(json: ["type": "string", "format": .string(format)])
    #expect(schema.validate(.string(text)).isEmpty == isValid)
  }
}

@Suite struct SchemaDefaultsTests {
  static let schema = StructuralSchema(json: [
    "type": "object",
    "properties": [
      "spec": [
        "type": "object",
        "properties": [
          "n": ["type": "integer", "default": 3],
          "nullable": ["type": "string", "nullable": true, "default": "x"],
          "plain": ["type": "string"],
          "o": ["type": "object", "default": [:], "properties": ["deep": ["type": "string", "default": "d"]]],
          "absent": ["type": "object", "properties": ["deep": ["type": "string", "default": "d"]]],
          "l": [
            "type": "array", "items": ["type": "object", "properties": ["v": ["type": "integer", "default": 1]]],
          ],
          "m": [
            "type": "object",
            "additionalProperties": ["type": "object", "properties": ["v": ["type": "integer", "default": 2]]],
          ],
        ],
      ]
    ],
  ])

  static let cases: [(String, JSON, JSON)] = [
    ("no spec, no defaults in it", ["kind": "X"], ["kind": "X"]),
    (
      "an object's default has defaults", ["spec": [:]],
      ["spec": ["n": 3, "nullable": "x", "o": ["deep": "d"]]]
    ),
    (
      "what is there stays", ["spec": ["n": 0, "nullable": .null, "o": ["deep": ""]]],
      ["spec": ["n": 0, "nullable": .null, "o": ["deep": ""]]]
    ),
    (
      "nulls that may not be", ["spec": ["n": .null, "plain": .null, "nullable": "", "o": .null, "unknown": .null]],
      ["spec": ["n": 3, "nullable": "", "o": ["deep": "d"], "unknown": .null]]
    ),
    (
      "in lists and maps",
      ["spec": ["n": 1, "nullable": "", "o": ["deep": ""], "l": [[:], ["v": 9]], "m": ["k": [:]]]],
      ["spec": ["n": 1, "nullable": "", "o": ["deep": ""], "l": [["v": 1], ["v": 9]], "m": ["k": ["v": 2]]]]
    ),
    (
      "in an object that is there", ["spec": ["n": 1, "nullable": "", "o": ["deep": ""], "absent": [:]]],
      ["spec": ["n": 1, "nullable": "", "o": ["deep": ""], "absent": ["deep": "d"]]]
    ),
  ]

  @Test(arguments: cases.indices) func applies(index: Int) {
    let (name, value, expected) = Self.cases[index]
    let result = Self.schema.applyingDefaults(to: value)
    #expect(result == expected, "\(name): \(result.text())")
    #expect(Self.schema.applyingDefaults(to: result) == result, "\(name), twice")
  }
}

@Suite struct SchemaPruningTests {
  static let schema = StructuralSchema(json: [
    "type": "object",
    "properties": [
      "spec": [
        "type": "object",
        "properties": [
          "known": ["type": "string"],
          "l": ["type": "array", "items": ["type": "object", "properties": ["v": ["type": "integer"]]]],
          "m": [
            "type": "object", "additionalProperties": ["type": "object", "properties": ["v": ["type": "integer"]]],
          ],
          "free": [
            "type": "object", "x-kubernetes-preserve-unknown-fields": true,
            "properties": ["strict": ["type": "object", "properties": ["a": ["type": "string"]]]],
          ],
          "resource": [
            "type": "object", "x-kubernetes-embedded-resource": true, "properties": ["spec": ["type": "object"]],
          ],
        ],
      ]
    ],
  ])

  @Test func removesAndNames() {
    let (value, removed) = Self.schema.pruning([
      "apiVersion": "v1", "kind": "X", "status": ["a": 1],
      "metadata": ["name": "x", "bogus": 1, "creationTimestamp": .null, "labels": ["a": "b"]],
      "spec": [
        "known": "x", "foo": 1, "l": [["v": 1, "w": 2], ["w": 3]], "m": ["k": ["v": 1, "w": 2]],
        "free": ["x": ["y": [1]], "strict": ["a": "", "b": ""]],
        "resource": ["apiVersion": "v1", "kind": "Y", "metadata": ["name": "y"], "data": [:], "spec": ["z": 1]],
      ],
    ])
    #expect(
      value == [
        "apiVersion": "v1", "kind": "X", "metadata": ["name": "x", "labels": ["a": "b"]],
        "spec": [
          "known": "x", "l": [["v": 1], [:]], "m": ["k": ["v": 1]],
          "free": ["x": ["y": [1]], "strict": ["a": ""]],
          "resource": ["apiVersion": "v1", "kind": "Y", "metadata": ["name": "y"], "spec": [:]],
        ],
      ])
    #expect(
      removed == [
        "metadata.bogus", "spec.foo", "spec.free.strict.b", "spec.l[0].w", "spec.l[1].w", "spec.m.k.w",
        "spec.resource.data", "spec.resource.spec.z", "status",
      ])
  }

  @Test func keepsWhatIsKnown() {
    let value: JSON = ["apiVersion": "v1", "kind": "X", "metadata": ["name": "x"], "spec": ["known": "y"]]
    #expect(Self.schema.pruning(value).value == value)
    #expect(Self.schema.pruning(value).removed.isEmpty)
  }
}
