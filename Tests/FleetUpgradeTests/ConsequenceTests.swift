import KratixModel
import Kubernetes
import PromiseReview
import Testing

@testable import FleetUpgrade

/// What Kratix itself does on apply, told from the candidate and the fleet.
@Suite struct ConsequenceTests {
  private let live: Promise
  private let candidate: Promise

  init() throws {
    live = try Fixtures.promise(image: "old:1", version: "v1")
    candidate = try Fixtures.promise(image: "new:1", version: "v2")
  }

  private func consequences(_ candidate: Promise, _ fleet: FleetSnapshot) -> [Consequence] {
    let findings = PromiseReview.review(candidate: candidate, live: fleet.promise)
    return Consequence.all(candidate: candidate, fleet: fleet, findings: findings)
  }

  private func message(_ kind: Consequence.Kind, _ candidate: Promise, _ fleet: FleetSnapshot) throws -> String {
    try #require(consequences(candidate, fleet).first { $0.kind == kind }, "no \(kind)").message
  }

  /// A preview of a part is no upgrade of a part.
  @Test func aSelectionIsNotAllThatRuns() throws {
    var fleet = Fixtures.fleet(try Fixtures.promise(image: "old:1", version: "v1"), ["a", "b"])
    fleet.isSelection = true
    let all = Consequence.all(
      candidate: try Fixtures.promise(image: "new:1", version: "v2"), fleet: fleet, findings: [])
    let reruns = try #require(all.first { $0.kind == .reruns })
    #expect(
      reruns.message.hasPrefix("all 2 selected resources are run again at once, and so are all others of the Promise"))
  }

  @Test func everybodyIsRunAgainAlsoWhoIsPinned() throws {
    let fleet = Fixtures.fleet(live, ["a", "b", "c"], pinned: ["b": "v1"])
    let text = try message(.reruns, candidate, fleet)
    #expect(text.hasPrefix("all 3 resources are run again at once; 1 pinned, at its own version: default/b"))
    let reruns = consequences(candidate, fleet).first { $0.kind == .reruns }
    #expect(reruns?.objects == ["default/a", "default/b", "default/c"])
  }

  @Test func thoseForWhomNothingChangesAreNamed() throws {
    let fleet = Fixtures.fleet(live, ["a", "b"])
    let plans = [
      ResourcePlan(member: fleet.members[0], verdict: .changes, reason: ""),
      ResourcePlan(member: fleet.members[1], verdict: .unchanged, reason: ""),
    ]
    let all = Consequence.all(candidate: candidate, fleet: fleet, findings: [], plans: plans)
    #expect(all.first { $0.kind == .reruns }?.message.contains("nothing changes for default/b") == true)
  }

  @Test func aNewVersionOfTheSameSpecRunsNobody() throws {
    let relabelled = try Fixtures.promise(image: "old:1", version: "v2")
    let all = consequences(relabelled, Fixtures.fleet(live, ["a"]))
    #expect(all.map(\.kind) == [.finding])
    #expect(all.first?.rule == .versionOnly)
    #expect(all.first?.message.contains("no resource runs again") == true)
  }

  @Test func pausedOnesWait() throws {
    let fleet = Fixtures.fleet(live, ["a"]) { $0.labels = [KratixLabels.paused: "true"] }
    #expect(try message(.waits, candidate, fleet).contains("1 paused or suspended resource runs when resumed"))
    #expect(!consequences(candidate, fleet).contains { $0.kind == .reruns })
  }

  @Test func theRevisionIsMadeAndFollowed() throws {
    let fleet = Fixtures.fleet(live, ["a", "b"], pinned: ["b": "v1"])
    let name = KratixNames.revision(promise: "db", version: "v2")
    #expect(
      try message(.revision, candidate, fleet)
        == "revision \(name) (v2) is made and becomes the latest; 1 resource follows it")
  }

  @Test func anOlderRevisionIsWrittenOver() throws {
    var fleet = Fixtures.fleet(live, ["a", "b"], pinned: ["b": "v0"])
    let old = try Fixtures.promise(image: "ancient:1", version: "v0")
    fleet.revisions.append(Fixtures.revision(of: old, isLatest: false))
    let back = try Fixtures.promise(image: "new:1", version: "v0")
    #expect(try message(.revisionOverwritten, back, fleet).contains("1 resource pinned to it would change: default/b"))
    // With the spec that it has, it only becomes the latest again.
    #expect(try message(.revision, old, fleet).contains("becomes the latest again"))
  }

  @Test func theSameVersionIsTheRulesToTell() throws {
    let sameVersion = try Fixtures.promise(image: "new:1", version: "v1")
    let all = consequences(sameVersion, Fixtures.fleet(live, ["a"]))
    #expect(all.contains { $0.rule == .versionReused })
    #expect(!all.contains { $0.kind == .revision || $0.kind == .revisionOverwritten })
  }

  @Test func aPromiseWorkflowMakesEverybodyWaitAndIsNotStaged() throws {
    let pipelines = "[{metadata: {name: deps}, spec: {containers: [{name: c, image: 'deps:1'}]}}]"
    let candidate = try Fixtures.adding(pipelines, at: "workflows", "promise", "configure", to: candidate)
    let fleet = Fixtures.fleet(live, ["a"])
    #expect(try message(.promiseUnavailable, candidate, fleet).contains("until its own workflow is done"))
    #expect(try message(.promiseUnavailable, candidate, fleet).contains("60 s"))
    #expect(try message(.promiseWorkflow, candidate, fleet).contains("(worker-1) at once and is not staged"))
    #expect(try message(.promiseUnavailable, self.candidate, fleet).contains("less than a second"))
  }

  @Test func dependenciesAreNotStagedAndLoop() throws {
    let object = { (name: String, value: String) in
      "{apiVersion: v1, kind: ConfigMap, metadata: {name: \(name)}, data: {v: '\(value)'}}"
    }
    let before = try Fixtures.adding("[\(object("kept", "1")), \(object("gone", "1"))]", at: "dependencies", to: live)
    let after = try Fixtures.adding(
      "[\(object("kept", "2")), \(object("new", "1"))]", at: "dependencies", to: candidate)
    let fleet = Fixtures.fleet(before, ["a"])
    let dependencies = try #require(consequences(after, fleet).first { $0.kind == .dependencies })
    #expect(
      dependencies.message
        == "dependencies: 1 added (ConfigMap.v1 new), 1 changed (ConfigMap.v1 kept), 1 removed, for every matching "
        + "destination (worker-1) at once; dependencies are not staged")
    #expect(dependencies.objects == ["ConfigMap.v1 new", "ConfigMap.v1 kept", "ConfigMap.v1 gone"])
    let rules = consequences(after, fleet).compactMap(\.rule)
    #expect(rules.contains(.dependenciesLoop) && rules.contains(.dependencyRemoved))
  }

  @Test func aRenamedPipelineIsAmongThem() throws {
    let renamed = try Fixtures.adding(
      "[{metadata: {name: other}, spec: {containers: [{name: c, image: 'new:1'}]}}]", at: "workflows", "resource",
      "configure", to: candidate)
    #expect(consequences(renamed, Fixtures.fleet(live, ["a"])).contains { $0.rule == .pipelineRenamed })
  }

  /// What lies on a destination that the new selectors no longer match stays there, and is told.
  @Test func whatBecomesMisplaced() throws {
    var placement = KubernetesObject(
      apiVersion: "platform.kratix.io/v1alpha1", kind: "WorkPlacement", name: "w.worker-1-5058f", namespace: "default")
    placement.spec = ["targetDestinationName": "worker-1", "promiseName": "db", "resourceName": "a"]
    let fleet = Fixtures.fleet(live, ["a"])
    let moved = try Fixtures.adding("[{matchLabels: {environment: prod}}]", at: "destinationSelectors", to: candidate)
    let findings = PromiseReview.review(
      candidate: moved, live: live,
      fleet: FleetEvidence(
        resources: fleet.members.map(\.resource), bindings: fleet.members.compactMap(\.binding),
        revisions: fleet.revisions, placements: [WorkPlacement(placement)]),
      platform: PlatformEvidence(
        destinations: fleet.destinations, promises: fleet.installedPromises, revisions: fleet.revisions))
    let all = Consequence.all(candidate: moved, fleet: fleet, findings: findings)
    let misplaced = try #require(all.first { $0.rule == .destinationMisplaced })
    #expect(misplaced.message.contains("worker-1") && misplaced.message.contains("default/a"), "\(misplaced.message)")
  }

  /// In the plan beside what Kratix does: a pipeline that may do more than before.
  @Test func permissionsThatWiden() throws {
    let wider = try Fixtures.adding(
      "[{metadata: {name: configure}, spec: {rbac: {permissions: [{apiGroups: [''], resources: [secrets], verbs: [get]}]},"
        + " containers: [{name: c, image: 'new:1'}]}}]", at: "workflows", "resource", "configure", to: candidate)
    let fleet = Fixtures.fleet(live, ["a"])
    let plan = UpgradePlan(
      candidate: wider, fleet: fleet, findings: PromiseReview.review(candidate: wider, live: live), resources: [])
    let finding = try #require(plan.otherFindings.first { $0.rule == .permissionsWidened })
    #expect(finding.text.contains("get secrets"), "\(finding.text)")
    #expect(plan.promise.changes.contains { $0.path == "spec.rbac" })
  }

  @Test func theNewAPIIsAlsoThePinnedOnes() throws {
    let candidate = try Fixtures.promise(image: "new:1", version: "v2", schema: Fixtures.requestSchema)
    #expect(
      try message(.sharedAPI, candidate, Fixtures.fleet(live, ["a"], pinned: ["a": "v1"])).contains("default/a"))
    #expect(!consequences(candidate, Fixtures.fleet(live, ["a"])).contains { $0.kind == .sharedAPI })
  }

  @Test func aVersionWithoutARevision() throws {
    let fleet = Fixtures.fleet(live, ["a"], pinned: ["a": "v9"])
    #expect(try message(.revisionMissing, candidate, fleet).hasPrefix("there is no revision of v9"))
  }

  @Test func componentsOfACompoundPromise() throws {
    let fleet = Fixtures.fleet(live, ["a"]) { $0.labels = [KratixLabels.componentOfPromise: "shop"] }
    #expect(try message(.components, candidate, fleet).contains("compound Promise shop"))
  }

  @Test func nothingOfAPromiseThatIsNotInstalledOrDoesNotChange() throws {
    var fleet = Fixtures.fleet(live, ["a"])
    #expect(consequences(live, fleet).isEmpty)
    fleet.promise = nil
    #expect(consequences(candidate, fleet).isEmpty)
  }

  @Test func aPausedPromiseDoesNothingYet() throws {
    var paused = live
    paused.object.labels[KratixLabels.paused] = "true"
    #expect(consequences(candidate, Fixtures.fleet(paused, ["a"])).first?.kind == .promisePaused)
  }
}

@Suite struct RolloutEstimateTests {
  @Test func itIsThePaceOfKratixAndTheLongestLastRun() throws {
    let live = try Fixtures.promise(image: "old:1", version: "v1")
    let candidate = try Fixtures.promise(image: "new:1", version: "v2")
    var fleet = Fixtures.fleet(live, (0..<100).map { "r\($0)" })
    fleet.lastRuns = ["default/r0": 4, "default/r1": 9, "default/elsewhere": 900]
    let estimate = try #require(RolloutEstimate(candidate: candidate, fleet: fleet))
    #expect(estimate.jobs == 100 && estimate.longestRun == 9 && !estimate.stalls)
    #expect(estimate.text == "about 1 min 59 s: 100 Jobs started 1.1 s apart, the longest last run of 9 s")
    #expect(RolloutEstimate(candidate: live, fleet: fleet) == nil)
    // In three waves: 110 s of starts and three last runs, and all of that once more when it is pinned first.
    #expect(abs(estimate.seconds(heldBy: .pause, waves: 3) - 137) < 0.001)
    #expect(abs(estimate.seconds(heldBy: .pin, waves: 3) - 256) < 0.001)
  }

  @Test func runsAreSummedOverTheNewestJobOfEachPipeline() {
    func job(_ pipeline: String, start: String, end: String?) -> KubernetesObject {
      var job = KubernetesObject(apiVersion: "batch/v1", kind: "Job", name: "j", namespace: "default")
      job.labels = [
        KratixLabels.workflowAction: "configure", KratixLabels.resourceName: "a", KratixLabels.pipelineName: pipeline,
      ]
      job.status = ["startTime": .string(start)]
      if let end { job.status?["completionTime"] = .string(end) }
      return job
    }
    let runs = WorkflowDuration.newest(
      of: [
        job("one", start: "2026-11-22T22:00:00Z", end: "2026-11-22T22:05:00Z"),
        job("one", start: "2026-11-22T23:00:00Z", end: "2026-11-22T23:00:03Z"),
        job("two", start: "2026-11-22T23:00:04Z", end: "2026-11-22T23:00:06Z"),
        job("two", start: "2026-11-22T23:30:00Z", end: nil),
      ].compactMap(WorkflowDuration.init))
    #expect(runs == ["default/a": 5])
  }
}
