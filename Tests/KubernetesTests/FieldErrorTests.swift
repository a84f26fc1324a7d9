import Kubernetes
import Testing

@Suite struct FieldErrorTests {
  static let cases: [(FieldError, String)] = [
    (.required("spec.owner"), "spec.owner: Required value"),
    (.required("spec.type", "must be set"), "spec.type: Required value: must be set"),
    (
      .invalid("spec.scope", "Cluster", "field is immutable"),
      "spec.scope: Invalid value: \"Cluster\": field is immutable"
    ),
    (.invalid("", .null, "some"), "<nil>: Invalid value: null: some"),
    (.notSupported("spec.v", 4, supported: ["6"]), "spec.v: Unsupported value: 4: supported values: \"6\""),
    (
      .notSupported("spec.v", "7", supported: ["4", "5"]),
      "spec.v: Unsupported value: \"7\": supported values: \"4\", \"5\""
    ),
    (.tooLong("metadata.name", limit: 63), "metadata.name: Too long: may not be more than 63 bytes"),
    (.tooMany("spec.list", count: 3, limit: 1), "spec.list: Too many: 3: must have at most 1 item"),
    (.duplicate("spec.c[1].name", "c"), "spec.c[1].name: Duplicate value: \"c\""),
    (.forbidden("spec.x", "no"), "spec.x: Forbidden: no"),
    // A number as Go's %v has it, anything with members as JSON with HTML escaped.
    (.invalid("f", .double(0.00005), ""), "f: Invalid value: 5e-05"),
    (.invalid("f", .double(1e21), ""), "f: Invalid value: 1e+21"),
    (.invalid("f", .double(2.5), ""), "f: Invalid value: 2.5"),
    (.invalid("f", ["a": "x > 1"], ""), "f: Invalid value: {\"a\":\"x \\u003e 1\"}"),
    (.invalid("f", "line\n\"q\" \u{1}ü", ""), "f: Invalid value: \"line\\n\\\"q\\\" \\x01ü\""),
  ]

  @Test(arguments: cases.indices)
  func speaksAsTheServer(index: Int) {
    #expect(Self.cases[index].0.description == Self.cases[index].1)
  }

  @Test func composesTheRefusalOfAnObject() {
    let kind = GroupVersionKind(group: "promise.kratix.io", version: "v1alpha1", kind: "MongoDB")
    let one = StatusError.invalid(kind, "m", [FieldError.required("spec.owner")])
    #expect(one.message == "MongoDB.promise.kratix.io \"m\" is invalid: spec.owner: Required value")
    #expect(one.code == 422)
    #expect(one.causes == [.init(reason: "FieldValueRequired", message: "Required value", field: "spec.owner")])
    let two = StatusError.invalid(kind, "m", [FieldError.required("a"), .required("b"), .required("a")])
    #expect(two.message == "MongoDB.promise.kratix.io \"m\" is invalid: [a: Required value, b: Required value]")
    #expect(two.causes.count == 3)
  }
}

@Suite struct NameRulesTests {
  static let longName = String(repeating: "a", count: 64)

  @Test(arguments: ["a", "a-b", "a.b", "1.2", "x1.example.com"])
  func acceptsSubdomains(name: String) {
    #expect(NameRules.dns1123Subdomain(name).isEmpty)
  }

  @Test(arguments: ["", "-a", "a-", "A", "a..b", ".a", "a_b", "ü"])
  func refusesSubdomains(name: String) {
    #expect(
      NameRules.dns1123Subdomain(name) == [
        "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start "
          + "and end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
          + #"'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"#
      ])
  }

  @Test func labelsAreOneSegment() {
    #expect(NameRules.dns1123Label("a-1").isEmpty)
    #expect(NameRules.dns1123Label("a.b") == ["must not contain dots"])
    #expect(NameRules.dns1123Label(Self.longName) == ["must be no more than 63 bytes"])
    // The recorded words for a container named "Capital".
    #expect(
      NameRules.dns1123Label("Capital") == [
        "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end "
          + "with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
          + "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
      ])
    #expect(!NameRules.dns1035Label("1a").isEmpty)
    #expect(NameRules.dns1035Label("a1").isEmpty)
  }

  @Test func labelValues() {
    #expect(NameRules.labelValue("").isEmpty)
    #expect(NameRules.labelValue("V1.2_x-y").isEmpty)
    #expect(NameRules.labelValue(Self.longName) == ["must be no more than 63 bytes"])
    // Recorded: a version label of "not a version".
    #expect(
      NameRules.labels(["kratix.io/promise-version": "not a version"]).map(\.description) == [
        "metadata.labels: Invalid value: \"not a version\": a valid label must be an empty string or consist of "
          + "alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. "
          + "'MyValue',  or 'my_value',  or '12345', regex used for validation is "
          + "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
      ])
  }

  @Test(arguments: [
    ("app", 0), ("kratix.io/x", 0), ("a/b/c", 1), ("/x", 1), ("x/", 2), ("K/x", 1), ("a b", 1),
    ("x/\(longName)", 1),
  ])
  func qualifiedNames(name: String, complaints: Int) {
    #expect(NameRules.qualifiedName(name).count == complaints)
  }

  @Test func annotationsMayHaveCapitalsAndHaveABound() {
    #expect(NameRules.annotations(["Kratix.IO/X": "y"]).isEmpty)
    #expect(
      NameRules.annotations(["a": String(repeating: "x", count: 262_144)]).map(\.description)
        == ["metadata.annotations: Too long: may not be more than 262144 bytes"])
  }
}
