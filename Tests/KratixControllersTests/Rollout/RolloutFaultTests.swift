import FleetUpgrade
import Foundation
import KratixModel
import Kubernetes
import Synchronization
import Testing

/// A way to the server that breaks, as a client over the network reports it.
private struct Broken: RetryableError {
  var what: String
  var isTransient: Bool { true }
}

/// What goes wrong on the way, and still the fleet arrives.
@Suite(.timeLimit(.minutes(5))) struct RolloutFaultTests {
  /// One kind of trouble.
  struct Fault: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var isAfterwards = false
    /// For which calls; all of them unless told.
    var concerns: @Sendable (APICall) -> Bool = { _ in true }
    var error: @Sendable () -> any Error
  }

  static let faults: [Fault] = [
    Fault(testDescription: "409", concerns: { $0.verb == "update" || $0.verb == "patch" }) {
      StatusError(code: 409, reason: .conflict, message: "the object has been modified")
    },
    Fault(testDescription: "429 with Retry-After") {
      StatusError(code: 429, reason: .tooManyRequests, message: "slow down", retryAfterSeconds: 0)
    },
    Fault(testDescription: "500") { StatusError(code: 500, reason: .internalError, message: "etcd: leader changed") },
    Fault(testDescription: "503") { StatusError(code: 503, reason: .serviceUnavailable, message: "starting") },
    Fault(testDescription: "connection reset") { Broken(what: "reset by peer") },
    Fault(testDescription: "half a response to what was done", isAfterwards: true) { Broken(what: "closed early") },
    Fault(testDescription: "500 to what was done", isAfterwards: true) {
      StatusError(code: 500, reason: .internalError, message: "timeout")
    },
    Fault(testDescription: "410 on watches", concerns: \.isWatch) {
      StatusError(code: 410, reason: .expired, message: "too old resource version")
    },
  ]

  /// Whatever is asked goes wrong the first time and the third.
  @Test(arguments: faults) func aFaultNowAndThenStopsNothing(fault: Fault) async throws {
    try await Platform.run { platform in
      let fleet = try await RolloutFleet(platform, ["a", "b", "c"])
      let seen = Mutex<[APICall: Int]>([:])
      let faulty = InterposedAPI(platform.api) { _, call in
        guard fault.concerns(call) else { return .passes }
        let times = seen.withLock { seen in
          seen[call, default: 0] += 1
          return seen[call] ?? 0
        }
        guard times == 1 || times == 3 else { return .passes }
        return fault.isAfterwards ? .isAnsweredWith(fault.error()) : .fails(fault.error())
      }
      let live = Promise(try await platform.api.get(.promises, name: "queue"))
      let candidate = RolloutFleet.promise(version: "v2")
      _ = try await RolloutControl(api: platform.api, promise: "queue", now: RolloutFleet.clock)
        .begin(live, to: candidate, options: RolloutOptions(strategy: .standard))
      let record = try await fleet.drive(candidate, api: faulty)
      #expect(record.result == .done && seen.withLock { $0.count } > 2)
      for name in fleet.names {
        #expect(try await fleet.resource(name).promiseVersion == "v2")
        #expect(try await fleet.bound(name).version == KratixNames.latest)
        #expect(fleet.moves(name, to: "v2", by: [faulty]) == 1)
      }
    }
  }

  /// The server is away from some moment on: no call is answered, and all watches end. Then it is back.
  @Test(arguments: ["restart", "silence"]) func aServerThatIsAwayForAWhileIsWaitedFor(way: String) async throws {
    try await Platform.run { platform in
      let fleet = try await RolloutFleet(platform, ["a", "b", "c", "d"])
      let away = Mutex(0)
      let candidate = RolloutFleet.promise(version: "v2")
      let api = InterposedAPI(platform.api) { number, _ in
        guard number > 30,
          away.withLock({
            $0 += 1; return $0 <= 12
          })
        else { return .passes }
        return .fails(Broken(what: way == "restart" ? "connection refused" : "no answer within 30 s"))
      }
      let live = Promise(try await platform.api.get(.promises, name: "queue"))
      _ = try await RolloutControl(api: platform.api, promise: "queue", now: RolloutFleet.clock)
        .begin(live, to: candidate, options: RolloutOptions(strategy: .standard))
      let troubles = Mutex(0)
      let record = try await fleet.drive(
        candidate, api: api,
        onEvent: { event in
          if case .trouble = event { troubles.withLock { $0 += 1 } }
        })
      #expect(record.result == .done && troubles.withLock { $0 } > 0)
      for name in fleet.names { #expect(try await fleet.resource(name).promiseVersion == "v2") }
    }
  }

  /// At most six calls for a resource, beside watches, and what a rollout needs whatever the fleet's size; nothing is
  /// asked for again and again.
  @Test(arguments: RolloutRecord.Hold.allCases) func fewCallsForAResource(hold: RolloutRecord.Hold) async throws {
    try await Platform.run { platform in
      var counts: [Int: Int] = [:]
      let all = (0..<30).map { "r\($0)" }
      let fleet = try await RolloutFleet(platform, all)
      let few = InterposedAPI(platform.api)
      try await fleet.upgrade(to: RolloutFleet.promise(version: "v2"), hold: hold, api: few)
      counts[30] = few.calls.count { !$0.isWatch }
      // What does not depend on the fleet: the record, its lease, events, lists.
      let writes = few.calls.filter { ["resourcebindings", "queues"].contains($0.resource) && $0.verb == "patch" }
      #expect(writes.count >= 90 && writes.count <= 120, "\(writes.count) patches")
      let perResource = Double(counts[30] ?? 0) / 30
      print("hold \(hold.rawValue): \(counts[30] ?? 0) calls beside watches for 30 resources, \(perResource) each")
      if perResource > 6 {
        let kinds = Dictionary(grouping: few.calls.map { "\($0.verb) \($0.resource)" }, by: { $0 }).mapValues(\.count)
        print(kinds.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }.joined(separator: ", "))
      }
      #expect(perResource <= 6)
      #expect(few.calls.count { $0.verb == "get" } <= 20)
    }
  }
}
