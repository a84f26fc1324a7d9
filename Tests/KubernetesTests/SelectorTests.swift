import Kubernetes
import Testing

@Suite struct LabelSelectorTests {
  static let labels = ["app": "web", "tier": "a", "size": "10", "empty": ""]

  @Test(arguments: [
    ("", true),
    ("app", true), ("!app", false), ("missing", false), ("!missing", true),
    ("app=web", true), ("app==web", true), ("app=db", false), ("app!=web", false), ("app!=db", true),
    // Not equal holds for an absent label, too.
    ("missing!=x", true), ("missing notin (x)", true), ("missing in (x)", false),
    ("tier in (a,b)", true), ("tier notin (a,b)", false), ("tier in (b, c)", false),
    ("app=web,tier=a", true), ("app=web,tier=b", false), (" app = web , tier in ( a ) ", true),
    // An empty value is a value.
    ("empty=", true), ("app=", false), ("empty in ()", true), ("empty in (,x)", true),
    ("size>9", true), ("size<10", false), ("app>1", false),
    // The words of the syntax are values where a value is expected.
    ("tier notin (in,notin)", true), ("app!=in", true),
  ])
  func matches(selector: String, expected: Bool) throws {
    #expect(try LabelSelector(parsing: selector).matches(Self.labels) == expected)
  }

  @Test(arguments: [
    ("app=web,", "found '', expected: identifier after ','"),
    (",app", "found ',', expected: !, identifier, or 'end of string'"),
    ("app in", "unable to parse requirement: found '' expected: '('"),
    ("app in (a", "unable to parse requirement: found '', expected: ',' or ')'"),
    ("app=web tier=a", "found 'tier', expected: ',' or 'end of string'"),
    ("app web", "unable to parse requirement: found 'web', expected: in, notin, =, ==, !=, gt, lt"),
    ("app=(", "unable to parse requirement: found '(', expected: identifier"),
    (
      "-a=b",
      "unable to parse requirement: <nil>: Invalid value: \"-a\": name part must consist of alphanumeric characters, "
        + "'-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or "
        + "'123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
    ),
    (
      "a=-b",
      "unable to parse requirement: values[0][a]: Invalid value: \"-b\": a valid label must be an empty string or "
        + "consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character "
        + "(e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is "
        + "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
    ),
    (
      "size>big",
      "unable to parse requirement: values[0]: Invalid value: \"big\": for 'Gt', 'Lt' operators, the value must be an "
        + "integer"
    ),
  ])
  func refuses(selector: String, message: String) {
    #expect(throws: SelectorError(message)) { try LabelSelector(parsing: selector) }
  }

  @Test func readsTheFormOfObjects() throws {
    let selector = try LabelSelector(json: [
      "matchLabels": ["env": "prod"],
      "matchExpressions": [
        ["key": "zone", "operator": "NotIn", "values": ["b", "a"]], ["key": "app", "operator": "Exists"],
      ],
    ])
    #expect(selector.description == "app,env in (prod),zone notin (a,b)")
    #expect(selector.matches(["env": "prod", "zone": "c", "app": ""]))
    #expect(!selector.matches(["env": "prod", "zone": "a", "app": ""]))
    #expect(try LabelSelector(json: .null) == .everything)
    #expect(throws: SelectorError("\"Near\" is not a valid label selector operator")) {
      try LabelSelector(json: ["matchExpressions": [["key": "a", "operator": "Near"]]])
    }
    #expect(throws: SelectorError("values: Invalid value: []: for 'in', 'notin' operators, values set can't be empty"))
    {
      try LabelSelector(json: ["matchExpressions": [["key": "a", "operator": "In", "values": []]]])
    }
  }

  /// What a selector says of itself reads back as the same selector.
  @Test(arguments: ["b=c,a", "x in (c,a,b),!y", "n>4,m<2", "a notin (,b)", "a!=", "k==v"])
  func describesItself(selector: String) throws {
    let parsed = try LabelSelector(parsing: selector)
    #expect(try LabelSelector(parsing: parsed.description) == parsed)
  }
}

@Suite struct FieldSelectorTests {
  @Test(arguments: [
    ("", true), ("metadata.name=x", true), ("metadata.name==x", true), ("metadata.name!=x", false),
    ("status.phase=", true), ("metadata.name=x,metadata.namespace=default", true),
    ("metadata.name=x,metadata.namespace!=default", false), (#"note=a\,b\=c\\d"#, true),
  ])
  func matches(selector: String, expected: Bool) throws {
    let fields = ["metadata.name": "x", "metadata.namespace": "default", "note": #"a,b=c\d"#]
    let parsed = try FieldSelector(parsing: selector)
    #expect(parsed.matches { fields[$0] } == expected)
    #expect(try FieldSelector(parsing: parsed.description) == parsed)
  }

  @Test(arguments: [
    ("name", "invalid selector: 'name'; can't understand 'name'"),
    ("a=b=c", "invalid field selector: unescaped character in value: ="),
    (#"a=\x"#, #"invalid field selector: invalid escape sequence: \x"#),
  ])
  func refuses(selector: String, message: String) {
    #expect(throws: SelectorError(message)) { try FieldSelector(parsing: selector) }
  }
}
