import Foundation
import KratixModel
import Kubernetes
import PromiseReview
import Testing

@testable import FleetUpgrade

@Suite struct PlanFileTests {
  private let fleet: FleetSnapshot
  private let file: PlanFile

  init() throws {
    let live = try Fixtures.promise(image: "old:1", version: "v1")
    let candidate = try Fixtures.adding(
      "{config: {pipelineNamespace: pipes}, resource: {configure: [{metadata: {name: configure}, spec: {containers: "
        + "[{name: c, image: 'new:1'}]}}]}}", at: "workflows", to: try Fixtures.promise(image: "new:1", version: "v2"))
    var fleet = Fixtures.fleet(live, ["a", "b", "c"], pinned: ["b": "v1"])
    fleet.lastRuns = ["default/a": 2.5]
    self.fleet = fleet
    let changes = [
      Change(.modified, object: "ConfigMap/a", path: "data.value", from: "x", to: ["y": [1, 2.5, true]]),
      Change(.renamed, object: "ConfigMap/a", path: "", from: "ConfigMap/a", to: "ConfigMap/b"),
      Change(.added, object: "Secret/a", path: "", from: nil, to: ["data": ["p": "*** (value)"]]),
    ]
    var resources = [
      ResourcePlan(
        member: fleet.members[0], verdict: .changes, reason: "3 changes", changes: changes,
        noise: [changes[0]], outputsDigest: "abc"),
      ResourcePlan(member: fleet.members[1], verdict: .held, reason: "it is pinned to v1"),
      ResourcePlan(
        member: fleet.members[2], verdict: .fails, reason: "exited", lastLines: ["one", "two"], unknown: "who knows"),
    ]
    resources[0].runs = RunCount(pipelines: 3, shared: 1)
    resources[1].marks = ["paused"]
    let plan = UpgradePlan(
      candidate: candidate, fleet: fleet,
      findings: [Finding(.versionReused, path: "metadata", message: "m", evidence: ["e"])], resources: resources)
    file = PlanFile(
      plan: plan, candidate: candidate,
      selection: FleetSelection(namespace: "default", labelSelector: "a=b", resources: ["default/a"]),
      madeAt: "2026-11-23T00:00:00Z")
  }

  private func reread(_ change: (inout JSON) -> Void = { _ in }) throws -> PlanFile {
    var json = try JSON(parsing: file.json.text(.pretty))
    change(&json)
    return try PlanFile(json: json)
  }

  @Test func whatIsWrittenIsReadBack() throws {
    let read = try reread()
    #expect(read.json == file.json)
    #expect(read.selection == file.selection)
    #expect(read.candidate == file.candidate)
    #expect(read.plan.resources.map(\.identity) == file.plan.resources.map(\.identity))
    #expect(read.plan.exposesAllThatMatters)
  }

  /// What is written in pieces is what would be written at once.
  @Test func thePiecesAreTheWhole() {
    #expect(String(decoding: file.bytes, as: UTF8.self) == file.json.text(.pretty) + "\n")
    var empty = file.plan
    empty.resources = []
    var text = ""
    empty.writeJSON { text += $0 }
    #expect(text == empty.json.text(.pretty) + "\n")
    var held = ""
    file.plan.writeJSON(only: [.held]) { held += $0 }
    #expect((try? JSON(parsing: held))?["resources"]?.arrayValue?.count == 1)
  }

  @Test func itHoldsAsLongAsNothingMoves() throws {
    #expect(try reread().drift(in: fleet).isEmpty)
    var moved = fleet
    moved.members[1].binding = Fixtures.binding("b", version: "latest")
    moved.members.removeLast()
    #expect(
      try reread().drift(in: moved).map(\.description)
        == ["default/b: its binding went from v1 to latest", "default/c: it is gone"])
  }

  @Test(arguments: [
    // path of the field, value in its place (nil takes it out), the complaint
    (["schemaVersion"], JSON.int(99), "schemaVersion: it is 99; this command reads 1: make the plan anew"),
    (["schemaVersion"], nil, "schemaVersion: it is missing"),
    (["promise", "name"], .int(3), "promise.name: a string is expected, not integer"),
    (["resources"], "x", "resources: a list is expected, not string"),
    (["candidate"], nil, "candidate: the Promise is missing: only files that --out wrote can be carried out"),
    (
      ["candidate", "spec", "destinationSelectors"], nil,
      "candidate: the Promise is not the one that the plan was made for (its digest differs): make the plan anew"
    ),
  ])
  func whatIsNoPlan(path: [String], value: JSON?, complaint: String) throws {
    let error = #expect(throws: PlanFileError.self) { try reread { $0.set(value, at: path[...]) } }
    #expect(error?.description == complaint)
  }

  @Test func anUnknownWordIsNamedWithItsPlace() throws {
    let error = #expect(throws: PlanFileError.self) {
      try reread { json in
        var resources = json["resources"]?.arrayValue ?? []
        resources[1]["verdict"] = "perhaps"
        json["resources"] = .array(resources)
      }
    }
    #expect(error?.description == "resources[1].verdict: there is no verdict \"perhaps\"")
  }

  // MARK: The published schema

  private static func schema() throws -> StructuralSchema {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let text = try String(contentsOf: root.appending(path: "docs/plan.schema.json"), encoding: .utf8)
    return StructuralSchema(json: try JSON(parsing: text))
  }

  @Test func theSchemaTakesPlans() throws {
    let schema = try Self.schema()
    for json in [file.json, file.plan.json] {
      #expect(schema.validate(json).map { "\($0.field): \($0.message)" } == [])
      // Every field is described: nothing is pruned.
      #expect(schema.pruning(json).value == json)
    }
  }

  @Test(arguments: ["schemaVersion", "promise", "summary", "resources", "groups", "unknowns"])
  func theSchemaMissesWhatIsNotThere(field: String) throws {
    var json = file.plan.json
    json[field] = nil
    #expect(!(try Self.schema().validate(json)).isEmpty)
  }

  @Test func theSchemaKnowsEveryWord() throws {
    let text = try String(
      contentsOf: URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "docs/plan.schema.json"), encoding: .utf8)
    let json = try JSON(parsing: text)
    let resource = json[path: "properties", "resources", "items", "properties"]
    #expect(resource?[path: "verdict", "enum"] == JSON(FleetUpgrade.Verdict.allCases.map(\.rawValue)))
    let kinds = json[path: "properties", "consequences", "items", "properties", "kind", "enum"]?.stringArrayValue
    #expect(kinds == Consequence.Kind.allCases.map(\.rawValue))
  }
}

extension UpgradePlan {
  /// Of the fixture: what is worked out again from what was read.
  fileprivate var exposesAllThatMatters: Bool {
    hasFailures && changesSomething && runs == RunCount(pipelines: 3, shared: 1) && groups.count == 3
  }
}
