import KratixModel
import Kubernetes
import Testing

@testable import KratixControllers

@Suite struct SchedulingPlanTests {
  /// One group of a Work at some destinations.
  struct Case: Sendable, CustomTestStringConvertible {
    var name: String
    var resource = true
    var selector: [String: String]? = ["tier": "web"]
    var workLabels: [String: String] = [:]
    var destinations: [Destination]
    /// Where the group has a WorkPlacement already.
    var existing: [String] = []
    /// Destination and whether it is misplaced there; nothing: unscheduled.
    var expected: [String: Bool]
    var testDescription: String { name }
  }

  static let web = destination("web", ["tier": "web"])
  static let web2 = destination("web2", ["tier": "web", "zone": "b"])
  static let old = destination("old", ["tier": "old"])
  static let bare = destination("bare", [:])
  static let strict = destination("strict", ["tier": "db"], strict: true)
  static let strictBare = destination("strict-bare", [:], strict: true)
  static let dryRun = destination("dry", ["tier": "web", KratixLabels.dryRun: "true"])

  static let cases: [Case] = [
    Case(name: "a resource goes to one of those that match", destinations: [web2, web, old], expected: ["web": false]),
    Case(
      name: "a promise goes to all that match", resource: false, destinations: [web, web2, old],
      expected: ["web": false, "web2": false]),
    Case(name: "a resource that nothing matches waits", destinations: [old, bare], expected: [:]),
    Case(name: "a promise that nothing matches waits", resource: false, destinations: [old], expected: [:]),
    Case(
      name: "a resource stays where it is when another matches too", destinations: [web, web2], existing: ["web2"],
      expected: ["web2": false]),
    Case(
      name: "a resource stays, misplaced, though another matches", destinations: [old, web], existing: ["old"],
      expected: ["old": true]),
    Case(
      name: "a promise stays, misplaced, and goes to those that match", resource: false, destinations: [old, web],
      existing: ["old"], expected: ["old": true, "web": false]),
    Case(
      name: "a destination that is gone is one that does not match", destinations: [web], existing: ["gone"],
      expected: ["gone": true]),
    Case(
      name: "no selector takes every destination but strict ones with labels", resource: false, selector: nil,
      destinations: [web, bare, strict, strictBare], expected: ["web": false, "bare": false, "strict-bare": false]),
    Case(
      name: "with a selector strictness changes nothing", resource: false, selector: ["tier": "db"],
      destinations: [strict], expected: ["strict": false]),
    Case(
      name: "a dry-run target is for no normal work", resource: false, destinations: [dryRun, web],
      expected: ["web": false]),
    Case(
      name: "a dry-run work goes to dry-run targets only, whatever it selects", selector: ["tier": "none"],
      workLabels: [KratixLabels.dryRun: "true"], destinations: [web, dryRun], expected: ["dry": false]),
    Case(
      name: "a destination that is being deleted is left out", destinations: [deleting(web), web2],
      expected: ["web2": false]),
  ]

  @Test(arguments: cases)
  func oneGroup(_ test: Case) {
    let work = makeWork(resource: test.resource, selector: test.selector, labels: test.workLabels)
    let id = work.groups[0].id
    let plan = SchedulingPlan(
      work: work, existing: test.existing.map { placement(of: work, at: $0, group: id) },
      destinations: test.destinations, choose: \.first)
    #expect(
      Dictionary(uniqueKeysWithValues: plan.placements.map { ($0.destination, $0.isMisplaced) }) == test.expected)
    #expect(plan.unscheduled == (test.expected.isEmpty ? [id] : []))
    #expect(plan.misplaced == (test.expected.values.contains(true) ? [id] : []))
    #expect(plan.obsolete == [])
  }

  /// A group that the Work has no more loses its WorkPlacement.
  @Test func obsoleteGroups() {
    let work = makeWork()
    let gone = placement(of: work, at: "web", group: KratixNames.workloadGroupID(directory: "gone"))
    let plan = SchedulingPlan(work: work, existing: [gone], destinations: [Self.web])
    #expect(plan.obsolete == [gone])
    #expect(plan.placements.map(\.destination) == ["web"])
  }

  @Test func aWorkWithoutGroupsIsScheduled() {
    var work = makeWork()
    work.object[path: "spec", "workloadGroups"] = nil
    let plan = SchedulingPlan(work: work, existing: [], destinations: [])
    #expect(plan == SchedulingPlan(work: work, existing: [], destinations: [Self.web]))
    let pair = SchedulingConditions.work(plan: plan, isResource: true, failing: [])
    #expect(pair.ready.status == .true)
    #expect(pair.ready.message == "Ready")
  }

  /// Over many draws every destination that matches is taken, and no other.
  @Test func theChoiceIsRandom() {
    let work = makeWork()
    var taken: Set<String> = []
    for _ in 0..<200 {
      taken.formUnion(
        SchedulingPlan(work: work, existing: [], destinations: [Self.web, Self.web2, Self.old]).placements
          .map(\.destination))
    }
    #expect(taken == ["web", "web2"])
  }

  /// The misplaced label goes from a promise's WorkPlacement when the destination matches again, and stays on a
  /// resource's.
  @Test(arguments: [true, false])
  func misplacedLabel(resource: Bool) {
    let work = makeWork(resource: resource)
    var there = placement(of: work, at: "web", group: work.groups[0].id)
    there.object.labels[KratixLabels.misplaced] = "true"
    let plan = SchedulingPlan(work: work, existing: [there], destinations: [Self.web])
    #expect(plan.misplaced == [])
    #expect(WorkPlacement(plan.placements[0].desired(for: work)).isMisplaced == resource)
  }
}

@Suite struct SchedulingConditionTests {
  let work = makeWork()

  /// Sets of placements, and what a Work says of them (contract, section 7.5).
  @Test func texts() {
    let id = work.groups[0].id
    var plan = SchedulingPlan(work: work, existing: [], destinations: [])
    var pair = SchedulingConditions.work(plan: plan, isResource: true, failing: ["x"])
    #expect(pair.schedule.message == "No matching destination found for workloadGroups: [\(id)]")
    #expect(pair.schedule.reason == "UnscheduledWorkloads")
    #expect(pair.ready.message == "Pending")

    plan = SchedulingPlan(
      work: work, existing: [placement(of: work, at: "old", group: id)], destinations: [SchedulingPlanTests.old])
    pair = SchedulingConditions.work(plan: plan, isResource: true, failing: [])
    #expect(
      pair.schedule.message == "Target destination no longer matches destinationSelectors for workloadGroups: [\(id)]")
    #expect(pair.schedule.reason == "DestinationSelectorMismatch")
    #expect(pair.ready.reason == "Misplaced" && pair.ready.message == "Misplaced")

    pair = SchedulingConditions.work(plan: plan, isResource: true, failing: ["a", "b"])
    #expect(pair.schedule.message == "Workplacements failed to write: [a,b]")
    #expect(pair.ready.reason == "WorkplacementsFailing" && pair.ready.message == "Failing")
  }

  /// A WorkPlacement that was misplaced keeps Ready=False until its files are written again (recorded, g-scheduling 08).
  @Test func readyAfterMisplacement() {
    var placement = KubernetesObject(apiVersion: "v1", kind: "WorkPlacement", name: "p")
    SchedulingConditions.setScheduled(misplaced: false, on: &placement, now: "1")
    #expect(placement.condition("Ready")?.message == "Pending")
    SchedulingConditions.setWritten(versionID: "v", on: &placement, now: "2")
    #expect(placement.hasCondition("Ready"))
    SchedulingConditions.setScheduled(misplaced: true, on: &placement, now: "3")
    SchedulingConditions.setWritten(versionID: nil, on: &placement, now: "4")
    #expect(placement.condition("Ready")?.message == "Misplaced")
    #expect(placement[path: "status", "versionID"] == "v")
    SchedulingConditions.setScheduled(misplaced: false, on: &placement, now: "5")
    #expect(placement.condition("Ready")?.message == "Misplaced")
    #expect(placement.condition("ScheduleSucceeded")?.lastTransitionTime == "5")
    SchedulingConditions.setWritten(versionID: nil, on: &placement, now: "6")
    #expect(placement.condition("Ready")?.message == "Ready")
    SchedulingConditions.setFailedWrite("no space", on: &placement, now: "7")
    #expect(placement.condition("WriteSucceeded")?.message == "no space")
    #expect(placement.condition("Ready")?.message == "Failing")
  }
}

func destination(_ name: String, _ labels: [String: String], strict: Bool = false, spec: JSON = [:]) -> Destination {
  var object = KubernetesObject(apiVersion: "platform.kratix.io/v1alpha1", kind: "Destination", name: name)
  object.labels = labels
  object.spec = spec
  object[path: "spec", "path"] = .string(name)
  if strict { object[path: "spec", "strictMatchLabels"] = true }
  return Destination(object)
}

func deleting(_ destination: Destination) -> Destination {
  var copy = destination
  copy.object.deletionTimestamp = "2026-11-22T22:02:40Z"
  return copy
}

func makeWork(
  resource: Bool = true, selector: [String: String]? = ["tier": "web"], labels: [String: String] = [:],
  directory: String = ".", workloads: [Workload] = []
) -> Work {
  var object = KubernetesObject(
    apiVersion: "platform.kratix.io/v1alpha1", kind: "Work", name: "work", namespace: "default")
  object.uid = "work-uid"
  object.labels = labels.merging([KratixLabels.pipelineName: "pipe"]) { a, _ in a }
  let group = WorkloadGroup(
    directory: directory,
    selectors: selector.map { [WorkloadGroup.Selector(matchLabels: $0, source: "promise")] } ?? [],
    workloads: workloads)
  object.spec = ["promiseName": "thing", "workloadGroups": [group.json]]
  if resource { object[path: "spec", "resourceName"] = "a" }
  return Work(object)
}

func placement(of work: Work, at destination: String, group id: String) -> WorkPlacement {
  var object = KubernetesObject(
    apiVersion: "platform.kratix.io/v1alpha1", kind: "WorkPlacement",
    name: KratixNames.workPlacement(work: work.name, destination: destination, groupID: id),
    namespace: work.namespace)
  object.labels = [
    KratixLabels.work: work.name, KratixLabels.workloadGroupID: id, KratixLabels.targetDestinationName: destination,
    KratixLabels.pipelineName: work.pipelineName,
  ]
  object.spec = [
    "id": .string(id), "promiseName": .string(work.promiseName), "targetDestinationName": .string(destination),
  ]
  if !work.resourceName.isEmpty { object[path: "spec", "resourceName"] = .string(work.resourceName) }
  return WorkPlacement(object)
}
