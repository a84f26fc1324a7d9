import KratixModel
import Kubernetes
import Testing

@testable import FleetUpgrade

@Suite struct PlanDriftTests {
  private let fleet: FleetSnapshot
  private let plan: UpgradePlan

  init() throws {
    fleet = Fixtures.fleet(try Fixtures.promise(image: "old:1", version: "v1"), ["a", "b"])
    plan = UpgradePlan(
      candidate: try Fixtures.promise(image: "new:1", version: "v2"), fleet: fleet, findings: [],
      resources: fleet.members.map { ResourcePlan(member: $0, verdict: .unchanged, reason: "") })
  }

  private func moved(_ change: (inout FleetSnapshot) throws -> Void) rethrows -> [String] {
    var now = fleet
    try change(&now)
    return PlanDrift.between(plan, now).map(\.description)
  }

  @Test func nothing() { #expect(moved { _ in }.isEmpty) }

  /// Status and labels are no reason to make a new plan: Kratix writes them all the time.
  @Test func aStatusDoesNotCount() {
    let texts = moved {
      $0.members[0].resource.object.status = ["message": "other"]
      $0.members[0].resource.object.labels = ["a": "b"]
      $0.members[0].resource.object.resourceVersion = "99"
    }
    #expect(texts.isEmpty)
  }

  @Test func anEditWithItsTime() {
    let texts = moved {
      $0.members[0].resource.object.generation = 2
      $0.members[0].resource.object.spec = ["size": "small"]
      $0.members[0].resource.object.json.set(
        [
          ["manager": "kubectl", "time": "2026-11-22T22:00:00Z", "fieldsV1": ["f:spec": .emptyObject]],
          [
            "manager": "kratix", "subresource": "status", "time": "2026-11-22T23:00:00Z",
            "fieldsV1": ["f:status": .emptyObject],
          ],
        ], at: ["metadata", "managedFields"])
    }
    #expect(texts == ["default/a: it was edited (generation 1, now 2) (since 2026-11-22T22:00:00Z)"])
  }

  @Test func aBindingMoved() {
    let texts = moved { $0.members[1].binding = Fixtures.binding("b", version: "v1") }
    #expect(texts == ["default/b: its binding went from latest to v1"])
  }

  @Test func oneCameOneWentOneWasMadeAgain() {
    let texts = moved {
      $0.members[0].resource.object.uid = "other"
      $0.members[1].resource.object.name = "c"
    }
    #expect(
      texts == ["default/a: it was deleted and made again", "default/b: it is gone", "default/c: it is new"])
  }

  @Test func oneIsBeingDeleted() {
    let texts = moved { $0.members[0].resource.object.deletionTimestamp = "2026-11-22T22:02:40Z" }
    #expect(texts == ["default/a: it is being deleted (since 2026-11-22T22:02:40Z)"])
  }

  @Test func thePromiseMoved() throws {
    #expect(
      try moved { $0.promise = try Fixtures.promise(image: "third:1", version: "v3") }
        == ["promise/db: it went from v1 to v3"])
    #expect(
      try moved { $0.promise = try Fixtures.promise(image: "third:1", version: "v1") }
        == ["promise/db: its spec changed"])
    #expect(moved { $0.promise = nil } == ["promise/db: it is gone"])
  }
}
