import Testing

@testable import Kubernetes

/// Fields change hands before an apply, and what is left out afterwards goes.
@Suite struct FieldOwnershipTests {
  private static func entry(_ manager: String, _ operation: String, _ fields: JSON, subresource: String? = nil) -> JSON
  {
    var json: JSON = [
      "manager": .string(manager), "operation": .string(operation), "apiVersion": "example.com/v1",
      "fieldsType": "FieldsV1", "fieldsV1": fields, "time": "2026-01-01T00:00:00Z",
    ]
    json["subresource"] = subresource.map(JSON.string)
    return json
  }

  private static func object(_ entries: [JSON]) -> KubernetesObject {
    KubernetesObject([
      "apiVersion": "example.com/v1", "kind": "Thing",
      "metadata": ["name": "a", "labels": ["v": "1", "team": "x"], "managedFields": .array(entries)],
      "spec": ["kept": 1, "dropped": ["inner": 2], "list": [1]], "status": ["phase": "done"],
    ])
  }

  struct Case: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var entries: [JSON]
    /// By manager, after `me` has taken the spec; nil when there is nothing to take.
    var expected: [String: JSON]?
  }

  static let cases: [Case] = [
    Case(
      testDescription: "an updater loses the spec and keeps the rest",
      entries: [entry("kubectl", "Update", ["f:spec": ["f:kept": [:]], "f:metadata": ["f:labels": ["f:v": [:]]]])],
      expected: [
        "kubectl": ["f:metadata": ["f:labels": ["f:v": [:]]]], "me": ["f:spec": ["f:kept": [:]]],
      ]),
    Case(
      testDescription: "an entry of nothing but the spec goes",
      entries: [
        entry("kubectl", "Update", ["f:spec": ["f:kept": [:]]]),
        entry("other", "Apply", ["f:spec": [".": [:], "f:list": [:]]]),
      ],
      expected: ["me": ["f:spec": [".": [:], "f:kept": [:], "f:list": [:]]]]),
    Case(
      testDescription: "the status is no spec",
      entries: [
        entry("kratix", "Update", ["f:status": ["f:phase": [:]]], subresource: "status"),
        entry("kratix", "Update", ["f:spec": ["f:dropped": ["f:inner": [:]]]]),
      ],
      expected: [
        "kratix": ["f:status": ["f:phase": [:]]], "me": ["f:spec": ["f:dropped": ["f:inner": [:]]]],
      ]),
    Case(
      testDescription: "what we own as an updater becomes what we apply",
      entries: [
        entry("me", "Update", ["f:spec": ["f:kept": [:]]]), entry("me", "Apply", ["f:spec": ["f:list": [:]]]),
      ],
      expected: ["me": ["f:spec": ["f:kept": [:], "f:list": [:]]]]),
    Case(
      testDescription: "all ours already", entries: [entry("me", "Apply", ["f:spec": ["f:kept": [:]]])], expected: nil),
    Case(
      testDescription: "nobody's becomes ours", entries: [],
      expected: ["me": ["f:spec": ["f:kept": [:], "f:dropped": ["f:inner": [:]], "f:list": [:]]]]),
    Case(
      testDescription: "entries that make no sense are left alone",
      entries: [["manager": "kubectl", "operation": "Guess", "fieldsV1": ["f:spec": [:]]]], expected: nil),
  ]

  @Test(arguments: cases) func theSpecChangesHands(_ item: Case) {
    let fields = FieldOwnership.takenOver([["spec"]], of: Self.object(item.entries), by: "me")
    let managers = fields?.arrayValue.map { entries in
      Dictionary(
        entries.map { ($0["manager"]?.stringValue ?? "", $0["fieldsV1"] ?? .null) }, uniquingKeysWith: { $1 })
    }
    #expect(managers == item.expected)
  }

  @Test func oneLabelChangesHands() {
    let object = Self.object([
      Self.entry("kubectl", "Update", ["f:metadata": ["f:labels": [".": [:], "f:v": [:], "f:team": [:]]]])
    ])
    let fields = FieldOwnership.takenOver([["metadata", "labels", "v"]], of: object, by: "me")
    #expect(fields?.arrayValue?.count == 2)
    var taken = object
    taken.metadata["managedFields"] = fields
    #expect(FieldOwnership.keys(of: ["metadata", "labels"], in: taken, appliedBy: "me") == ["v"])
    #expect(FieldOwnership.keys(of: ["metadata", "labels"], in: object, appliedBy: "me").isEmpty)
  }

  /// The reason for it: a field that kubectl wrote and the next configuration leaves out.
  @Test func whatIsLeftOutGoes() throws {
    var object = Self.object([
      Self.entry(
        "kubectl", "Update", ["f:spec": ["f:kept": [:], "f:dropped": ["f:inner": [:]], "f:list": [:]]])
    ])
    let configuration = KubernetesObject([
      "apiVersion": "example.com/v1", "kind": "Thing", "metadata": ["name": "a"], "spec": ["kept": 2],
    ])
    let request = ServerSideApply.Request(
      manager: "me", scope: .exceptStatus, types: .deduced, time: "2026-01-02T00:00:00Z")
    let before = try ServerSideApply.apply(configuration, to: object, force: true, request)
    #expect(before.spec?["dropped"] != nil)
    object.metadata["managedFields"] = FieldOwnership.takenOver([["spec"]], of: object, by: "me")
    let after = try ServerSideApply.apply(configuration, to: object, force: true, request)
    #expect(after.spec == ["kept": 2])
    #expect(after.labels == object.labels)
  }
}
