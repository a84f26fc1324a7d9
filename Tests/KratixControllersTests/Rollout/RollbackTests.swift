import FleetUpgrade
import Foundation
import KratixModel
import Kubernetes
import Testing

/// The ways back: of a Promise without versions, and of a rollback that does not get through at once.
@Suite(.timeLimit(.minutes(5))) struct RollbackTests {
  private static let canaryFirst = Strategy(groups: [
    .init(name: "canary", size: .count(1), approval: true), .init(name: "rest"),
  ])

  private func control(_ platform: Platform) -> RolloutControl {
    RolloutControl(api: platform.api, promise: "queue", now: RolloutFleet.clock)
  }

  private func live(_ platform: Platform) async throws -> Promise {
    Promise(try await platform.api.get(.promises, name: "queue"))
  }

  /// What has been run last for each resource.
  private func tags(_ fleet: RolloutFleet) async throws -> [String: String] {
    var tags: [String: String] = [:]
    for name in fleet.names {
      let jobs = try await fleet.platform.api.listAll(
        .jobs, namespace: "default", labelSelector: "\(KratixLabels.resourceName)=\(name)"
      ).items
      let newest = jobs.max { (UInt64($0.resourceVersion) ?? 0) < (UInt64($1.resourceVersion) ?? 0) }
      tags[name] = newest.map(RolloutFleet.tag)
    }
    return tags
  }

  /// Neither label nor revision tells the old Promise from the new one: the record keeps it.
  @Test(arguments: [nil, "v1"]) func withoutVersionsTheRecordKeepsTheWayBack(version: String?) async throws {
    try await Platform.run { platform in
      let fleet = try await RolloutFleet(platform, ["a", "b", "c"], version: version)
      let candidate = RolloutFleet.promise(version: version, tag: "new")
      let halted = try await fleet.upgrade(to: candidate, strategy: Self.canaryFirst)
      #expect(halted.hold == .pause && halted.halt == .approval(wave: 0))
      let old = version ?? "v0"
      #expect(try await tags(fleet) == ["a": "new", "b": old, "c": old])
      _ = try await control(platform).turnBack()
      let record = try await fleet.drive()
      #expect(record.result == .rolledBack)
      #expect(try await live(platform).planDigest == RolloutFleet.promise(version: version).planDigest)
      #expect(try await tags(fleet) == ["a": old, "b": old, "c": old])
      for name in fleet.names {
        let resource = try await fleet.resource(name)
        #expect(!resource.isPaused && HoldMark(on: resource.object) == nil, "\(name)")
      }
    }
  }

  /// Who goes on needs no file: the record has the Promise as it is to be.
  @Test(arguments: [nil, "v2"]) func whoGoesOnNeedsNoFile(version: String?) async throws {
    try await Platform.run { platform in
      let fleet = try await RolloutFleet(platform, ["a", "b"], version: version == nil ? nil : "v1")
      let candidate = RolloutFleet.promise(version: version, tag: "new")
      _ = try await control(platform)
        .begin(try await live(platform), to: candidate, options: RolloutOptions(strategy: .standard))
      let record = try await fleet.drive(nil)
      #expect(record.result == .done)
      #expect(try await live(platform).planDigest == candidate.planDigest)
      #expect(try await tags(fleet) == ["a": "new", "b": "new"])
    }
  }

  /// A rollback after a rollout is a rollout of its own, and knows it.
  @Test func aRollbackThatStopsIsStillOne() async throws {
    try await Platform.run { platform in
      let fleet = try await RolloutFleet(platform, ["a", "b", "c"])
      _ = try await fleet.upgrade(to: RolloutFleet.promise(version: "v2"))
      var options = RolloutOptions(strategy: Self.canaryFirst)
      options.isRollback = true
      _ = try await control(platform)
        .begin(try await live(platform), to: RolloutFleet.promise(version: "v1"), options: options)
      let halted = try await fleet.drive()
      #expect(halted.isRollback && halted.halt == .approval(wave: 0) && halted.goal == "v1")
      _ = try await control(platform).approve()
      let record = try await fleet.drive()
      #expect(record.result == .done && record.isRollback)
      for name in fleet.names { #expect(try await fleet.resource(name).promiseVersion == "v1") }
    }
  }

  /// Given up before the Promise is applied, nobody stays held.
  @Test(arguments: RolloutRecord.Hold.allCases) func givenUpBeforeItIsAppliedNobodyStaysHeld(
    hold: RolloutRecord.Hold
  ) async throws {
    try await Platform.run { platform in
      let fleet = try await RolloutFleet(platform, ["a", "b"])
      _ = try await control(platform)
        .begin(
          try await live(platform), to: RolloutFleet.promise(version: "v2"),
          options: RolloutOptions(strategy: .standard, hold: hold))
      // Held, and stopped at the moment when the Promise is applied.
      let refusing = InterposedAPI(platform.api) { _, call in
        call.resource == "promises" && call.verb == "patch"
          ? .fails(StatusError(code: 403, reason: .forbidden, message: "not today")) : .passes
      }
      let stopped = try await fleet.drive(api: refusing)
      guard case .stopped(let reason) = stopped.halt else {
        Issue.record("\(stopped)")
        return
      }
      #expect(reason.contains("not today"))
      #expect(try await control(platform).abort().result == .aborted)
      for name in fleet.names {
        let resource = try await fleet.resource(name)
        let binding = try await fleet.bound(name)
        #expect(!resource.isPaused && binding.version == KratixNames.latest, "\(name)")
        #expect(HoldMark(on: resource.object) == nil && HoldMark(on: binding) == nil, "\(name)")
      }
    }
  }

  /// Server-side apply by our field manager: whoever asks the object sees who changed it, and what is dropped goes.
  @Test func thePromiseIsAppliedByOurFieldManager() async throws {
    try await Platform.run { platform in
      let fleet = try await RolloutFleet(platform, ["a"])
      var candidate = RolloutFleet.promise(version: "v2")
      candidate.object.json.set(["team": "data"], at: Self.extra)
      _ = try await fleet.upgrade(to: candidate)
      #expect(try await live(platform).object.json.value(at: Self.extra) != nil)
      let managers = try await live(platform).object.metadata["managedFields"]?.arrayValue ?? []
      let ours = managers.filter { $0["manager"] == "kubectl-kratix" }
      #expect(ours.map { $0["operation"] } == ["Apply"])
      #expect(managers.filter { $0[path: "fieldsV1", "f:spec"] != nil && $0["subresource"] == nil }.count == 1)
      // Without the field again, as a file without it would be applied.
      let generation = try await live(platform).object.generation
      _ = try await fleet.upgrade(to: RolloutFleet.promise(version: "v3"))
      #expect(try await live(platform).object.json.value(at: Self.extra) == nil)
      // What Kratix added to the spec is not taken away, so that its next write is no change.
      let object = try await live(platform).object
      #expect(object.generation == generation + 1)
      #expect(object[path: "spec", "workflows", "config"] == .emptyObject)
    }
  }

  private static let extra = ["spec", "api", "metadata", "annotations"][...]
}
