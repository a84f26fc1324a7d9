import Kubernetes
import Testing

@testable import FleetUpgrade

@Suite struct FieldDifferenceTests {
  struct Case: Sendable {
    var what: String
    var old: String
    var new: String
    /// `KIND PATH: FROM -> TO`.
    var expected: [String]
  }

  @Test(arguments: [
    Case(what: "nothing", old: "{a: 1}", new: "{a: 1}", expected: []),
    Case(
      what: "a scalar", old: "{spec: {version: 4.4.23}}", new: "{spec: {version: 4.4.24}}",
      expected: ["modified spec.version: 4.4.23 -> 4.4.24"]),
    Case(what: "a number that is written otherwise", old: "{a: 1}", new: "{a: 1.0}", expected: []),
    Case(what: "a string is no number", old: "{a: '1'}", new: "{a: 1}", expected: ["modified a: 1 -> 1"]),
    Case(
      what: "fields come and go", old: "{a: {b: 1}}", new: "{a: {c: 2}}",
      expected: ["removed a.b: 1 -> nil", "added a.c: nil -> 2"]),
    Case(
      what: "containers by name, whatever their order",
      old: "{containers: [{name: a, image: x:1}, {name: b, image: y:1}]}",
      new: "{containers: [{name: b, image: y:2}, {name: a, image: x:1}]}",
      expected: ["modified containers[name=b].image: y:1 -> y:2"]),
    Case(
      what: "ports by number", old: "{ports: [{containerPort: 80, name: a}]}",
      new: "{ports: [{containerPort: 80, name: b}]}",
      expected: ["modified ports[containerPort=80].name: a -> b"]),
    Case(
      what: "a list without a key, of one length, by position", old: "{args: [a, b]}", new: "{args: [a, c]}",
      expected: ["modified args[1]: b -> c"]),
    Case(
      what: "a list without a key that grows, as a whole", old: "{args: [a]}", new: "{args: [a, b]}",
      expected: [#"modified args: ["a"] -> ["a","b"]"#]),
    Case(
      what: "two elements with one name have no key",
      old: "{env: [{name: a, value: 1}, {name: a, value: 2}]}",
      new: "{env: [{name: a, value: 1}, {name: a, value: 3}]}",
      expected: ["modified env[1].value: 2 -> 3"]),
    Case(
      what: "a key with dots is quoted", old: "{labels: {a.b/c: x}}", new: "{labels: {a.b/c: z}}",
      expected: ["modified labels['a.b/c']: x -> z"]),
    Case(what: "a type changes", old: "{a: [1]}", new: "{a: {b: 1}}", expected: [#"modified a: [1] -> {"b":1}"#]),
  ])
  func differences(_ test: Case) throws {
    let changes = FieldDifference.between(try YAML.parse(test.old), try YAML.parse(test.new), object: "x")
    #expect(changes.map(text) == test.expected, "\(test.what)")
  }

  /// What is between a value and itself is nothing, and what is between two is there in both directions.
  @Test func symmetry() throws {
    let values = try ["{a: [1, {b: c}], d: null}", "{a: [2]}", "[]", "x", "{a: [1, {b: d}], e: {f: g}}"].map(YAML.parse)
    for old in values {
      #expect(FieldDifference.between(old, old, object: "x").isEmpty)
      for new in values {
        let there = FieldDifference.between(old, new, object: "x")
        let back = FieldDifference.between(new, old, object: "x")
        #expect(Set(there.map(\.path)) == Set(back.map(\.path)))
        #expect(there.isEmpty == (old == new))
      }
    }
  }

  private func text(_ change: Change) -> String {
    func text(_ value: JSON?) -> String { value.map { $0.stringValue ?? $0.text() } ?? "nil" }
    return "\(change.kind.rawValue) \(change.path): \(text(change.from)) -> \(text(change.to))"
  }
}
