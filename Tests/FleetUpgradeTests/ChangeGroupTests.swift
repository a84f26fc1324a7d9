import KratixModel
import Kubernetes
import Testing
import WorkflowRunner

@testable import FleetUpgrade

@Suite struct ChangeGroupTests {
  private let members: [FleetMember]

  init() throws {
    members =
      Fixtures.fleet(
        try Fixtures.promise(image: "old:1", version: "v1"), ["ann", "bob", "cid", "dora", "eve"]
      ).members
  }

  private func changes(_ index: Int, _ changes: [Change]) -> ResourcePlan {
    ResourcePlan(member: members[index], verdict: .changes, reason: "1 change in 1 object", changes: changes)
  }

  private func version(_ index: Int, to version: String) -> Change {
    let name = members[index].resource.name
    return Change(
      .modified, object: "DB/default/db-\(name)", path: "spec.hosts[name=\(name)].version", from: "1",
      to: .string(version))
  }

  @Test func whatDiffersInNamesOnlyIsOneGroup() {
    let groups = ChangeGroup.groups([
      changes(0, [version(0, to: "2")]), changes(1, [version(1, to: "2")]), changes(2, [version(2, to: "3")]),
    ])
    #expect(groups.map(\.resources) == [["default/ann", "default/bob"], ["default/cid"]])
    #expect(groups[0].changes[0].object == "DB/<namespace>/db-<name>")
    #expect(groups[0].changes[0].path == "spec.hosts[name=<name>].version")
    // A group of one keeps its names.
    #expect(groups[1].changes[0].object == "DB/default/db-cid")
  }

  /// `eve` is no part of `seven`.
  @Test func aNameInsideOfAWordStaysAsItIs() {
    let template = NameTemplate(changes(4, []))
    #expect(template.text("seven events of eve, greeting-eve") == "seven events of <name>, greeting-<name>")
  }

  @Test func theRiskiestComeFirstThenTheLargest() {
    let groups = ChangeGroup.groups([
      ResourcePlan(member: members[0], verdict: .unchanged, reason: "same"),
      changes(1, [Change(.modified, object: "a", path: "x", from: "1", to: "2")]),
      changes(2, [Change(.replaced, object: "a", path: "x", from: "1", to: "2")]),
      changes(3, [Change(.removed, object: "a", path: "", from: "1", to: nil)]),
      ResourcePlan(member: members[4], verdict: .fails, reason: "boom"),
    ])
    #expect(groups.map(\.risk) == [.fails, .replaces, .removes, .changes, .none])
  }
}

@Suite struct SampleTests {
  @Test(arguments: [
    // text, of 10 names
    ("3", 3), ("10%", 1), ("15%", 2), ("100%", 10), ("50", 10), ("0.1%", 1),
  ])
  func itTakesSoMany(text: String, count: Int) throws {
    let names = (0..<10).map { "default/r\($0)" }
    #expect(try #require(Sample(text)).names(names).count == count)
    #expect(Sample(text)?.names(names) == Sample(text)?.names(names.reversed()))
  }

  @Test(arguments: ["", "0", "-1", "0%", "101%", "x", "10 %%", "nan%"])
  func thatIsNone(text: String) { #expect(Sample(text) == nil) }

  @Test func whatIsNotInTheSampleIsStillChecked() async throws {
    let live = try Fixtures.promise(image: "old:1", version: "v1", schema: Fixtures.requestSchema)
    let candidate = try Fixtures.promise(
      image: "missing:1", version: "v2", schema: "{type: object, properties: {size: {type: string, enum: [small]}}}")
    let fleet = Fixtures.fleet(live, ["a", "b"])
    let planner = Planner(
      engine: ScriptedEngine(scripts: [
        "broken:1": { _ throws(WorkflowFailure) in
          throw WorkflowFailure(pipeline: "configure", container: "c", reason: .exited(code: 1))
        }
      ]), options: PlanOptions(parallelism: 1, sample: .count(1)))
    #expect(try await planner.resourcePlans(candidate: candidate, fleet: fleet).map(\.verdict) == [.invalid, .invalid])
    let compatible = try Fixtures.promise(image: "broken:1", version: "v2", schema: Fixtures.requestSchema)
    let verdicts = try await planner.resourcePlans(candidate: compatible, fleet: fleet).map(\.verdict)
    #expect(verdicts.sorted { $0.rawValue < $1.rawValue } == [.fails, .skipped])
  }
}
