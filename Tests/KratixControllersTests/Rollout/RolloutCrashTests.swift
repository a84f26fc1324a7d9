import FleetUpgrade
import Foundation
import KratixModel
import Kubernetes
import Synchronization
import Testing

/// The driver is gone from this call on.
private struct Killed: Error {}

/// The plugin killed before and after every API call of a rollout, and run again to the end.
@Suite(.serialized) struct RolloutCrashTests {
  /// What of a rollout is killed.
  enum Part: String, CaseIterable {
    case forward
    case back
  }

  /// Kills the driver at one call.
  private static func killing(_ base: any KubernetesAPI, at fatal: Int, afterwards: Bool) -> InterposedAPI {
    InterposedAPI(base) { number, _ in
      if number < fatal { return .passes }
      return number == fatal && afterwards ? .isAnsweredWith(Killed()) : .fails(Killed())
    }
  }

  /// Each round goes to another version, so that every round is a rollout like the first.
  @Test(.timeLimit(.minutes(10)), arguments: RolloutRecord.Hold.allCases)
  func killedAtEveryCallItIsFinishedByTheNext(hold: RolloutRecord.Hold) async throws {
    try await Platform.run { platform in
      let fleet = try await RolloutFleet(platform, ["a", "b", "c", "pinned"], pinned: ["pinned"])
      var version = 1
      // Without a kill: how many calls there are.
      version += 1
      let quiet = InterposedAPI(platform.api)
      try await fleet.upgrade(to: RolloutFleet.promise(version: "v\(version)"), hold: hold, api: quiet)
      try await Self.expect(fleet, at: "v\(version)", hold)
      // Watches make the number of calls vary a little.
      let calls = quiet.calls.count
      var killed = 0
      var writes = 0
      var doubleRuns = 0
      for fatal in 1...(calls + 5) {
        for afterwards in [false, true] {
          version += 1
          let candidate = RolloutFleet.promise(version: "v\(version)")
          let mortal = Self.killing(platform.api, at: fatal, afterwards: afterwards)
          do {
            try await fleet.upgrade(to: candidate, hold: hold, api: mortal, driver: "mortal-\(version)")
          } catch is Killed {
            // It is gone.
          }
          if mortal.calls.count >= fatal {
            killed += 1
            if ["create", "update", "patch"].contains(mortal.calls[fatal - 1].verb) { writes += 1 }
          }
          let next = InterposedAPI(platform.api)
          let record = try await fleet.upgrade(to: candidate, hold: hold, api: next, driver: "next-\(version)")
          #expect(record.result == .done, "killed \(afterwards ? "after" : "before") call \(fatal): \(record)")
          try await Self.expect(fleet, at: "v\(version)", hold, "killed \(afterwards ? "after" : "before") \(fatal)")
          for name in fleet.names {
            let isPinned = fleet.pinned.contains(name)
            let moves = fleet.moves(name, to: "v\(version)", by: [mortal, next])
            #expect(moves == (isPinned ? 0 : 1), "\(name), killed \(afterwards ? "after" : "before") \(fatal)")
            // Kratix itself may start a workflow that its binding controller asks for a second time.
            let runs = try await fleet.runs(name, tag: "v\(version)")
            #expect(isPinned ? runs == 0 : runs >= 1)
            if runs > 1 { doubleRuns += 1 }
          }
        }
      }
      print(
        "hold \(hold.rawValue): \(calls) calls; killed \(killed) times, at writes \(writes) times; all finished; \(doubleRuns) times Kratix ran one twice"
      )
      #expect(killed >= 2 * (calls - 5))
    }
  }

  /// Everybody is there, was moved once, and follows the latest version again; who was pinned is.
  private static func expect(
    _ fleet: RolloutFleet, at version: String, _ hold: RolloutRecord.Hold, _ what: String = ""
  ) async throws {
    for name in fleet.names {
      let isPinned = fleet.pinned.contains(name)
      let resource = try await fleet.resource(name)
      let binding = try await fleet.bound(name)
      #expect(resource.promiseVersion == (isPinned ? "v1" : version), "\(name) \(what)")
      #expect(binding.version == (isPinned ? "v1" : KratixNames.latest), "\(name) \(what)")
      #expect(binding.object.annotations[HoldMark.annotation] == nil, "\(name) \(what)")
      #expect(resource.object.annotations[HoldMark.annotation] == nil, "\(name) \(what)")
      #expect(!resource.isPaused, "\(name) \(what)")
    }
  }

  /// Given up where the canary is at the new version; the plugin killed before and after every call of that, and told
  /// again.
  @Test(.timeLimit(.minutes(10)), arguments: RolloutRecord.Hold.allCases)
  func killedWhileItIsGivenUpItIsGivenUpByTheNext(hold: RolloutRecord.Hold) async throws {
    try await Platform.run { platform in
      let fleet = try await RolloutFleet(platform, ["a", "b", "c"])
      let strategy = Strategy(groups: [.init(name: "canary", size: .count(1), approval: true), .init(name: "rest")])
      var round = 0
      var killed = 0
      func giveUp(killedAt fatal: Int, afterwards: Bool) async throws -> Int {
        round += 1
        let version = "v\(round + 1)"
        let what = "killed \(afterwards ? "after" : "before") \(fatal)"
        let halted = try await fleet.upgrade(
          to: RolloutFleet.promise(version: version), strategy: strategy, hold: hold)
        #expect(halted.halt == .approval(wave: 0))
        let mortal = Self.killing(platform.api, at: fatal, afterwards: afterwards)
        var isGivenUp = true
        do {
          _ = try await RolloutControl(api: mortal, promise: "queue", now: RolloutFleet.clock).abort()
        } catch is Killed {
          killed += 1
          isGivenUp = false
        }
        let control = RolloutControl(api: platform.api, promise: "queue", now: RolloutFleet.clock)
        if !isGivenUp, let open = try await RolloutStore(api: platform.api, promise: "queue").load() {
          if open.record.halt == .aborting {
            // Nobody goes on with it by mistake.
            await #expect(throws: RolloutError.aborting("queue")) { try await control.resume() }
            await #expect(throws: RolloutError.aborting("queue")) { try await control.pause() }
          }
          if !open.record.isOver { #expect(try await control.abort().result == .aborted, "\(what)") }
        }
        // The canary follows the latest version again, which it runs; the others stay where they are.
        for name in fleet.names {
          let binding = try await fleet.bound(name)
          let resource = try await fleet.resource(name)
          let isCanary = name == "a"
          #expect(resource.promiseVersion == (isCanary ? version : "v1"), "\(name) \(what)")
          if isCanary || hold == .pause {
            #expect(binding.version == KratixNames.latest, "\(name) \(what)")
          } else {
            #expect(binding.version == "v1", "\(name) \(what)")
          }
          if isCanary {
            #expect(HoldMark(on: binding) == nil && HoldMark(on: resource.object) == nil, "\(name) \(what)")
          }
          #expect(resource.isPaused == (hold == .pause && !isCanary), "\(name) \(what)")
        }
        // Back to where the next round begins: with everybody at v1, let go.
        for name in fleet.names where hold == .pause && name != "a" {
          let resource = try await fleet.resource(name)
          let mark = try #require(HoldMark(on: resource.object), "\(name) \(what)")
          #expect(mark.held == "v1")
        }
        try await fleet.returnToFirstVersion()
        return mortal.calls.count
      }
      let calls = try await giveUp(killedAt: .max, afterwards: false)
      for fatal in 1...(calls + 2) {
        _ = try await giveUp(killedAt: fatal, afterwards: false)
        _ = try await giveUp(killedAt: fatal, afterwards: true)
      }
      print("abort, hold \(hold.rawValue): \(calls) calls; killed \(killed) times; all given up")
      #expect(killed >= 2 * (calls - 2))
    }
  }

  @Test(.timeLimit(.minutes(10)), arguments: RolloutRecord.Hold.allCases)
  func killedOnTheWayBackItIsBroughtBackByTheNext(hold: RolloutRecord.Hold) async throws {
    try await Platform.run { platform in
      let fleet = try await RolloutFleet(platform, ["a", "b", "c"])
      let control = RolloutControl(api: platform.api, promise: "queue", now: RolloutFleet.clock)
      var calls = 0
      var killed = 0
      var round = 0
      // The canary is at the new version, the others are held; from there, back.
      let strategy = Strategy(groups: [.init(name: "canary", size: .count(1), approval: true), .init(name: "rest")])
      func turn(killedAt fatal: Int, afterwards: Bool) async throws {
        round += 1
        let version = "v\(round + 1)"
        let halted = try await fleet.upgrade(
          to: RolloutFleet.promise(version: version), strategy: strategy, hold: hold)
        #expect(halted.halt == .approval(wave: 0))
        let mortal = Self.killing(platform.api, at: fatal, afterwards: afterwards)
        do {
          _ = try await RolloutControl(api: mortal, promise: "queue", now: RolloutFleet.clock).turnBack()
          _ = try await fleet.drive(api: mortal, driver: "mortal-\(round)")
        } catch is Killed {
          killed += 1
        }
        if fatal > 10_000 { calls = mortal.calls.count }
        if let open = try await RolloutStore(api: platform.api, promise: "queue").load(), !open.record.isOver {
          _ = try await control.turnBack()
          let record = try await fleet.drive(driver: "next-\(round)")
          #expect(record.result == .rolledBack, "\(record)")
        }
        for name in fleet.names {
          #expect(try await fleet.resource(name).promiseVersion == "v1")
          #expect(try await fleet.resource(name).isPaused == false)
          let binding = try await fleet.bound(name)
          #expect(binding.version == KratixNames.latest && binding.object.annotations[HoldMark.annotation] == nil)
          #expect(try await fleet.runs(name, tag: version) >= (name == "a" ? 1 : 0), "\(name), call \(fatal)")
          if name != "a" { #expect(try await fleet.runs(name, tag: version) == 0, "\(name), call \(fatal)") }
        }
      }
      try await turn(killedAt: .max, afterwards: false)
      for fatal in 1...(calls + 3) {
        try await turn(killedAt: fatal, afterwards: false)
        try await turn(killedAt: fatal, afterwards: true)
      }
      print("back, hold \(hold.rawValue): \(calls) calls; killed \(killed) times; all brought back")
      #expect(killed >= 2 * (calls - 5))
    }
  }
}
