import Kubernetes
import Testing

@testable import APIServer

@Suite struct MatchExpressionTests {
  private static let input = MatchConditionInput([
    "operation": "UPDATE", "name": "mongodb", "subResource": "",
    "kind": ["group": "platform.kratix.io", "version": "v1alpha1", "kind": "Promise"],
    "userInfo": ["username": "system:serviceaccount:kratix-platform-system:manager", "groups": ["a", "b"]],
    "object": [
      "metadata": ["labels": ["kratix.io/promise-version": "v1.0.0", "empty": ""], "generation": 3],
      "spec": ["list": [1, 2, 3], "flag": true, "ratio": 2.0, "nothing": .null],
    ], "oldObject": .null,
  ])

  @Test(arguments: [
    ("true", true), ("!false", true), ("!!true", true), ("1 == 1", true), ("1 == 2", false), ("-1 == -1", true),
    ("'a' == \"a\"", true), ("'a' != 'a'", false), ("1 == '1'", false), ("object.spec.ratio == 2", true),
    ("request.operation == 'UPDATE' && request.name == 'mongodb'", true),
    ("request.operation == 'CREATE' || request.kind.kind == 'Promise'", true),
    ("!(request.operation in ['CREATE', 'DELETE'])", true), ("'a' in request.userInfo.groups", true),
    ("'c' in request.userInfo.groups", false), ("'empty' in object.metadata.labels", true),
    ("object.metadata.labels['kratix.io/promise-version'] == 'v1.0.0'", true), ("object.spec.list[1] == 2", true),
    ("object.spec.list == [1, 2, 3]", true), ("[] == []", true), ("has(object.spec)", true),
    ("has(object.spec.flag)", true), ("has(object.spec.other)", false), ("has(object.spec.nothing)", true),
    ("object.spec.nothing == null", true), ("oldObject == null", true), ("object.spec.flag", true),
    ("request.userInfo.username.startsWith('system:serviceaccount:')", true),
    ("request.userInfo.username.endsWith(':manager')", true), ("'abc'.startsWith('b')", false),
    // `&&` binds closer than `||`.
    ("true || false && false", true), ("(true || false) && false", false), ("1 == 1 == true", true),
    // One side that decides outweighs an error on the other.
    ("false && object.none.x == 1", false), ("object.none.x == 1 && false", false),
    ("object.none.x == 1 || true", true), ("true // the rest is a comment", true), ("'it\\'s' == \"it's\"", true),
  ])
  func evaluates(expression: String, expected: Bool) throws {
    #expect(try MatchCondition.parse(expression).evaluate(Self.input.variables) == .value(.bool(expected)))
  }

  @Test(arguments: [
    ("object.none.x == 1", "no such key: none"), ("object.none.x == 1 && true", "no such key: none"),
    ("oldObject.metadata == 1", "no such overload"), ("object.spec.list[9] == 1", "index out of bounds: 9"),
    ("object.spec.flag.startsWith('a')", "no such overload"), ("!object.metadata.generation", "no such overload"),
    ("1 in object.spec.flag", "no such overload"), ("has(oldObject.x)", "no such overload"),
  ])
  func errorsAreValues(expression: String, expected: String) throws {
    #expect(try MatchCondition.parse(expression).evaluate(Self.input.variables) == .error(expected))
  }

  /// What is refused, and the word that names it.
  @Test(arguments: [
    ("object.spec.list.size() == 3", "size()"), ("size(object.spec.list) == 3", "size()"),
    ("object.spec.list.exists(x, x == 1)", "exists()"), ("request.name.matches('a')", "matches()"),
    ("object.metadata.generation > 2", "operator >"), ("1 + 1 == 2", "operator +"),
    ("true ? true : false", "operator ?"),
    ("authorizer.group('').resource('pods').check('get').allowed()", "authorizer"),
    ("{'a': 1} == {'a': 1}", "operator {"),
    ("1.5 == 1.5", "1.5"), ("r'a' == 'a'", "prefix r"), ("'''a''' == 'a'", "triple quotes"), ("foo == 1", "'foo'"),
    ("namespaceObject.metadata.name == 'a'", "namespaceObject"), ("'\\d' == 'a'", "\\d"),
    ("request.name", ""), ("'a'", "must evaluate to bool"), ("request", "must evaluate to bool"),
    ("(true", "unexpected <EOF>"), ("true true", "unexpected true"), ("", "unexpected <EOF>"),
    ("'abc", "without an end"),
    ("a & b", "token recognition"), ("has(object)", "has()"), ("has(object['a'])", "has()"),
  ])
  func refusesTheRestByName(expression: String, named: String) throws {
    if named.isEmpty {
      // A field's type is not known before it is read.
      _ = try MatchCondition.parse(expression)
      return
    }
    let error = #expect(throws: CELSyntaxError.self) { try MatchCondition.parse(expression) }
    #expect(error?.message.contains(named) == true, "\(error?.message ?? "")")
  }

  @Test func deepNestingEndsInAnError() {
    let deep = String(repeating: "(", count: 5000) + "true" + String(repeating: ")", count: 5000)
    let long = String(repeating: "true || ", count: 100_000) + "true"
    let path = "object" + String(repeating: ".a", count: 100_000) + " == 1"
    for text in [deep, long, path] {
      #expect(throws: CELSyntaxError.self) { try MatchCondition.parse(text) }
    }
  }
}
