import Foundation
import KratixModel
import Kubernetes
import Testing

@testable import KratixControllers

/// What the scheduler makes of recorded Works is what Kratix made of them.
@Suite struct RecordedSchedulingTests {
  @Test(arguments: [
    "g-scheduling/01-two-destinations.yaml", "g-scheduling/04-worker-a-no-longer-matches.yaml",
    "g-scheduling/07-new-request-unschedulable.yaml", "a-install/05-requests-succeeded.yaml",
    "f-pause-suspend-delete/01-before.yaml",
  ])
  func recordedWorks(_ file: String) throws {
    let objects = try Recorded.objects(file)
    let destinations = objects.filter { $0.kind == "Destination" }.map(Destination.init)
    let placements = objects.filter { $0.kind == "WorkPlacement" }.map(WorkPlacement.init)
    let works = objects.filter { $0.kind == "Work" }.map(Work.init)
    #expect(!works.isEmpty && !placements.isEmpty)
    // Those of a-install are of one destination, which that file leaves out.
    let all = destinations.isEmpty ? [destination("worker-1", ["environment": "dev"])] : destinations
    for work in works {
      let own = placements.filter { $0.workName == work.name && $0.namespace == work.namespace }
      let plan = SchedulingPlan(work: work, existing: own, destinations: all)
      #expect(plan.obsolete == [])
      #expect(plan.placements.count == own.count)
      for placement in plan.placements {
        let there = try #require(placement.existing)
        // The one there needs no change ...
        var desired = placement.desired(for: work)
        desired.annotations = there.object.annotations
        #expect(desired == there.object)
        #expect(placement.isMisplaced == there.object.hasCondition("ScheduleSucceeded", .false))
        // ... and a new one would be the same, but for what the server and the writer add.
        var new = SchedulingPlan.Placement(
          group: placement.group, destination: placement.destination, isMisplaced: placement.isMisplaced
        ).desired(for: work)
        #expect(there.object.finalizers.starts(with: new.finalizers))
        new.finalizers = there.object.finalizers
        new.annotations = there.object.annotations
        new.status = there.object.status
        for key in ["creationTimestamp", "generation", "resourceVersion", "uid"] {
          new[path: "metadata", key] = there.object[path: "metadata", key]
        }
        #expect(new == there.object)
      }
      let pair = SchedulingConditions.work(plan: plan, isResource: !work.resourceName.isEmpty, failing: [])
      for condition in [pair.schedule, pair.ready] {
        let old = try #require(work.object.condition(condition.type))
        #expect(old.status == condition.status)
        #expect(old.reason == condition.reason)
        #expect(old.message == condition.message)
      }
    }
  }

  /// The files of recorded WorkPlacements lie where Kratix put them.
  @Test func recordedFiles() throws {
    let objects = try Recorded.objects("g-scheduling/01-two-destinations.yaml")
    let store = try String(
      contentsOf: Recorded.root.appending(path: "g-scheduling/store/01-two-destinations.txt"), encoding: .utf8)
    let destinations = objects.filter { $0.kind == "Destination" }.map(Destination.init)
    for placement in objects.filter({ $0.kind == "WorkPlacement" }).map(WorkPlacement.init) {
      let target = try #require(destinations.first { $0.name == placement.destinationName })
      let isBucket = target.stateStoreKind == "BucketStateStore"
      let change = try PlacementFiles.write(
        placement, to: target, context: target.filepathMode == .none ? .recorded([]) : .nested)
      for file in change.files {
        let text = String(decoding: file.bytes, as: UTF8.self)
        #expect(
          store.contains(
            "=== \(isBucket ? "s3://kratix/" : "git ")\(file.path) (\(file.bytes.count) bytes)\n\(text)"))
      }
    }
    for destination in destinations {
      for file in CanaryFiles.files(of: destination) {
        #expect(
          store.contains("\(file.path) (\(file.bytes.count) bytes)\n\(String(decoding: file.bytes, as: UTF8.self))"))
      }
    }
  }
}
