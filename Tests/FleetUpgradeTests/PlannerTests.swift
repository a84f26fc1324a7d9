import KratixModel
import Kubernetes
import Synchronization
import Testing
import WorkflowRunner

@testable import FleetUpgrade

/// Every verdict, with its reason, on a fleet of one.
@Suite(.serialized) struct PlannerTests {
  /// `old` says the size, `new` says it in capitals when it is large, `random` says something else each time.
  private static let counter = Atomic<Int>(0)
  private static let clock = Atomic<Int>(0)

  private let engine = ScriptedEngine(scripts: [
    "old:1": { (object) throws(WorkflowFailure) in
      ScriptedEngine.configMap(object, value: object[path: "spec", "size"]?.stringValue ?? "none")
    },
    "new:1": { (object) throws(WorkflowFailure) in
      let size = object[path: "spec", "size"]?.stringValue ?? "none"
      return ScriptedEngine.configMap(object, value: size == "large" ? "LARGE" : size)
    },
    "random:1": { (object) throws(WorkflowFailure) in
      ScriptedEngine.configMap(object, value: "r\(PlannerTests.counter.add(1, ordering: .relaxed).newValue)")
    },
    // A clock that goes on between the first run and the second, and then stands still.
    "clock:1": { (object) throws(WorkflowFailure) in
      let time = PlannerTests.clock.add(1, ordering: .relaxed).newValue
      return ScriptedEngine.configMap(object, value: "t\(min(time, 2))")
    },
    "badyaml:1": { (_) throws(WorkflowFailure) in
      ([OutputFile(path: "out.yaml", bytes: Array("a: [1\nb: {".utf8))], nil)
    },
    "engine:1": { (_) throws(WorkflowFailure) in
      throw WorkflowFailure(
        pipeline: "configure", container: "c", reason: .engine("bubblewrap (bwrap) is not installed"))
    },
    "unsound:1": { (_) throws(WorkflowFailure) in
      throw WorkflowFailure(
        pipeline: "configure", container: "", reason: .unsound("it refers to Secret default/s, which is not there"))
    },
    "broken:1": { (_) throws(WorkflowFailure) in
      throw WorkflowFailure(
        pipeline: "configure", container: "c", reason: .exited(code: 3), lastLines: ["no such version"])
    },
  ])

  private func plan(
    from old: String = "old:1", to new: String, size: String = "large", binding: String = "latest",
    schema: String = Fixtures.requestSchema, mutate: (inout KubernetesObject) -> Void = { _ in },
    liveValue: String? = nil
  ) async throws -> ResourcePlan {
    let live = try Fixtures.promise(image: old, version: "v1", schema: Fixtures.requestSchema)
    let candidate = try Fixtures.promise(image: new, version: "v2", schema: schema)
    let value = liveValue ?? size
    var object = Fixtures.request("a", spec: ["size": .string(size)], version: "v1", message: "value: \(value)")
    mutate(&object)
    let work = Fixtures.work("a", files: ScriptedEngine.configMap(object, value: value).files)
    let fleet = FleetSnapshot(
      promise: live, revisions: [Fixtures.revision(of: live, isLatest: true)],
      members: [
        FleetMember(
          resource: ResourceRequest(object), binding: Fixtures.binding("a", version: binding), works: [work])
      ], destinations: [], installedPromises: [live])
    let plans = try await Planner(engine: engine, options: PlanOptions(parallelism: 2))
      .resourcePlans(candidate: candidate, fleet: fleet)
    return try #require(plans.first)
  }

  @Test func changes() async throws {
    let plan = try await plan(to: "new:1")
    #expect(plan.verdict == .changes)
    #expect(plan.changes.map(\.path) == ["data.value", "message"])
    #expect(plan.changes.map(\.object) == ["ConfigMap/a", "status"])
    #expect(plan.changes.first?.from == "large" && plan.changes.first?.to == "LARGE")
    #expect(plan.reason == "2 changes in 2 objects")
  }

  /// Where it goes is a change as well, though nothing that it puts out is.
  @Test func scheduling() async throws {
    let live = try Fixtures.promise(image: "old:1", version: "v1", schema: Fixtures.requestSchema)
    let candidate = try Fixtures.adding(
      "[{matchLabels: {environment: prod}}]", at: "destinationSelectors",
      to: try Fixtures.promise(image: "old:1", version: "v2", schema: Fixtures.requestSchema))
    let plans = try await Planner(engine: engine, options: PlanOptions(parallelism: 1))
      .resourcePlans(candidate: candidate, fleet: Fixtures.fleet(live, ["a"]))
    let plan = try #require(plans.first)
    #expect(plan.verdict == .changes && plan.changes.map(\.object) == ["scheduling"])
    #expect(plan.changes.first?.from == "dev" && plan.changes.first?.to == "prod")
  }

  @Test func unchanged() async throws {
    let plan = try await plan(to: "new:1", size: "small")
    #expect(plan.verdict == .unchanged)
    #expect(plan.changes.isEmpty && plan.noise.isEmpty)
  }

  @Test func failsWithTheContainersLastLines() async throws {
    let plan = try await plan(to: "broken:1")
    #expect(plan.verdict == .fails)
    #expect(plan.reason == "container c of pipeline configure exited with code 3")
    #expect(plan.lastLines == ["no such version"])
  }

  /// Whether it works where its image is to be had, nobody knows.
  @Test func anImageThatIsNotThereCannotBeTold() async throws {
    let plan = try await plan(to: "missing:1")
    #expect(plan.verdict == .skipped)
    #expect(plan.reason == "the candidate could not be run for it")
    #expect(plan.unknown == "container c of pipeline configure: no missing:1")
  }

  /// An engine that cannot run it says nothing of the candidate; a pipeline that nothing can run does.
  @Test func whoseFaultItIsThatItDoesNotRun() async throws {
    let engines = try await plan(to: "engine:1")
    #expect(engines.verdict == .skipped)
    #expect(
      engines.unknown
        == "container c of pipeline configure could not be run: bubblewrap (bwrap) is not installed")
    let candidates = try await plan(to: "unsound:1")
    #expect(candidates.verdict == .fails && candidates.unknown == nil)
    #expect(
      candidates.reason == "pipeline configure could not be run: it refers to Secret default/s, which is not there")
  }

  /// With the spec that it has, Kratix runs nobody, whatever the version label says.
  @Test func aVersionAloneRunsNobody() async throws {
    let plan = try await plan(from: "old:1", to: "old:1")
    #expect(plan.verdict == .unchanged)
    #expect(plan.reason == "it is not run again: the Promise's spec does not change")
    #expect(try await self.plan(from: "old:1", to: "new:1", size: "small").reason.hasPrefix("it is run again"))
  }

  @Test func failsWhenItWritesYAMLThatIsNone() async throws {
    let plan = try await plan(to: "badyaml:1")
    #expect(plan.verdict == .fails)
    #expect(plan.reason.hasPrefix("pipeline configure: it writes out.yaml, which is not YAML: line 2, column "))
  }

  @Test func invalidUnderTheNewAPI() async throws {
    let plan = try await plan(to: "new:1", schema: "{type: object, properties: {size: {type: string, enum: [small]}}}")
    #expect(plan.verdict == .invalid)
    #expect(plan.reason.contains("spec.size: Unsupported value: \"large\""))
  }

  @Test func aFieldThatTheNewAPIDropsAndOneThatItSets() async throws {
    let schema = "{type: object, properties: {replicas: {type: integer, default: 3}}}"
    let plan = try await plan(to: "old:1", schema: schema)
    #expect(plan.verdict == .changes)
    let stored = plan.changes.filter { $0.object == "spec" }
    #expect(stored.map(\.path) == ["spec.replicas", "spec.size"])
    #expect(stored.map(\.kind) == [.added, .removed])
  }

  @Test(arguments: [
    // binding, labels, part of the reason
    ("v1", [:], "pinned to v1"),
    ("latest", [KratixLabels.paused: "true"], "paused"),
    ("latest", [KratixLabels.workflowSuspended: "true"], "suspended"),
  ])
  func held(binding: String, labels: [String: String], reason: String) async throws {
    let plan = try await plan(to: "new:1", binding: binding) { $0.labels = labels }
    #expect(plan.verdict == .held)
    #expect(plan.reason.contains(reason))
  }

  /// The only value that pauses is `true` (contract, section 2.1).
  @Test func aLabelOfAnotherValueHoldsNothing() async throws {
    #expect(try await plan(to: "new:1") { $0.labels = [KratixLabels.paused: "yes"] }.verdict == .changes)
  }

  @Test func boundToTheCandidatesOwnVersion() async throws {
    #expect(try await plan(to: "new:1", binding: "v2").verdict == .changes)
  }

  @Test func skippedWhenItIsBeingDeleted() async throws {
    let plan = try await plan(to: "new:1") { $0.deletionTimestamp = "2026-11-22T22:02:40Z" }
    #expect(plan.verdict == .skipped)
  }

  // MARK: Noise

  @Test func whatDiffersFromRunToRunIsNoise() async throws {
    let plan = try await plan(from: "random:1", to: "random:1", liveValue: "r0")
    #expect(plan.verdict == .unchanged)
    #expect(plan.noise.map(\.path) == ["data.value", "message"])
  }

  /// Candidate 1, current version 2 and 2: only a second run of the candidate tells that it is the time.
  @Test func aSlowClockIsNoiseAsWell() async throws {
    Self.clock.store(0, ordering: .relaxed)
    // A label tells the two workflows apart, so that none is taken for the other.
    let live = try Fixtures.promise(image: "clock:1", version: "v1", schema: Fixtures.requestSchema)
    let candidate = try Fixtures.adding(
      "{resource: {configure: [{metadata: {name: configure, labels: {a: b}}, spec: {containers: [{name: c, image: "
        + "'clock:1'}]}}]}}", at: "workflows",
      to: try Fixtures.promise(image: "clock:1", version: "v2", schema: Fixtures.requestSchema))
    let plans = try await Planner(engine: engine, options: PlanOptions(parallelism: 1))
      .resourcePlans(candidate: candidate, fleet: Fixtures.fleet(live, ["a"]))
    #expect(plans.map(\.verdict) == [.unchanged])
    #expect(plans.first?.noise.map(\.path) == ["data.value", "message"])
  }

  @Test func aHandEditedWorkIsDriftThatTheUpgradePutsRight() async throws {
    let plan = try await plan(from: "old:1", to: "new:1", size: "small", liveValue: "edited")
    #expect(plan.verdict == .unchanged)
    #expect(plan.noise.map(\.path) == ["data.value", "message"])
  }

  /// The live output was edited, the current version is steady, and the candidate says something else than both.
  @Test func aChangeWhereTheLiveOutputHadDriftedIsStillAChange() async throws {
    let plan = try await plan(from: "old:1", to: "new:1", size: "large", liveValue: "edited")
    #expect(plan.verdict == .changes)
    #expect(plan.changes.map(\.path) == ["data.value", "message"])
  }

  @Test func aCurrentVersionThatCannotBeRunHidesNothing() async throws {
    let plan = try await plan(from: "missing:1", to: "new:1")
    #expect(plan.verdict == .changes)
    #expect(plan.marks == ["not compared with a run of its current version"])
  }

  // MARK: Identical inputs

  /// The same workflow for the same object: run once, and whatever differs from the live output is not the upgrade's.
  @Test func theSameInputIsRunOnce() async throws {
    let before = Self.counter.load(ordering: .relaxed)
    let plan = try await plan(from: "random:1", to: "random:1", liveValue: "edited")
    #expect(plan.verdict == .unchanged && plan.noise.count == 2)
    #expect(plan.runs == RunCount(pipelines: 2, shared: 1))
    #expect(Self.counter.load(ordering: .relaxed) == before + 1)
  }

  @Test func anotherWorkflowIsAnotherInput() async throws {
    let plan = try await plan(from: "old:1", to: "new:1", size: "small", liveValue: "edited")
    #expect(plan.runs == RunCount(pipelines: 2, shared: 0))
  }

  // MARK: Without pipelines

  @Test func withoutPipelinesOnlyTheAPIIsLookedAt() async throws {
    let live = try Fixtures.promise(image: "old:1", version: "v1")
    let fleet = Fixtures.fleet(live, ["a"])
    let plans = try await Planner(engine: engine, options: PlanOptions(parallelism: 1, runsPipelines: false))
      .resourcePlans(
        candidate: try Fixtures.promise(
          image: "broken:1", version: "v2",
          schema: "{type: object, properties: {replicas: {type: integer, default: 3}}}"),
        fleet: fleet)
    #expect(plans.map(\.verdict) == [.changes])
    #expect(plans.first?.reason == "2 changes in 1 object; its pipelines were not run")
    #expect(plans.first?.runs == RunCount())
  }

  /// `--ignore-path` takes a field and all below it, not fields whose names begin alike.
  @Test(arguments: [("data", true), ("data.value", true), ("data.val", false), ("dat", false)])
  func ignoredPathsEndAtAField(path: String, isBelow: Bool) {
    #expect(FieldDifference.isPath("data.value", below: path) == isBelow)
  }

  @Test func ignoredPathsDoNotCount() async throws {
    let live = try Fixtures.promise(image: "old:1", version: "v1")
    let object = Fixtures.request("a", spec: ["size": "large"], version: "v1", message: "value: large")
    let fleet = FleetSnapshot(
      promise: live, revisions: [],
      members: [
        FleetMember(
          resource: ResourceRequest(object), binding: nil,
          works: [Fixtures.work("a", files: ScriptedEngine.configMap(object, value: "large").files)])
      ], destinations: [], installedPromises: [live])
    let options = PlanOptions(parallelism: 1, ignoredPaths: ["data", "message"])
    let plans = try await Planner(engine: engine, options: options).resourcePlans(
      candidate: try Fixtures.promise(image: "new:1", version: "v2", schema: Fixtures.requestSchema), fleet: fleet)
    #expect(plans.map(\.verdict) == [.unchanged])
  }
}
