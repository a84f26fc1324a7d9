import KratixModel
import Kubernetes

/// Follows a rollout that somebody else drives.
public struct RolloutWatcher: Sendable {
  let api: any KubernetesAPI
  let promise: String
  let now: @Sendable () -> Double

  public init(api: any KubernetesAPI, promise: String, now: @escaping @Sendable () -> Double) {
    self.api = api
    self.promise = promise
    self.now = now
  }

  /// - Parameter onView: the rollout, after every change.
  /// - Returns: the record when the rollout is over or halted.
  /// - Throws: `RolloutError`, `StatusError`.
  public func run(onView: @Sendable (RolloutLogic) -> Void) async throws -> RolloutRecord {
    guard let stored = try await RolloutStore(api: api, promise: promise).load() else {
      throw RolloutError.noRollout(promise)
    }
    guard
      let type = try await api.find(.promises, namespace: nil, name: promise).flatMap({ Promise($0).api?.resourceType })
    else { throw RolloutError.notServed(promise) }
    let state = RolloutState(stored, feed: FleetFeed(api: api, promiseName: promise, type: type))
    return try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { await state.followRecord(of: promise, api: api) }
      group.addTask { await state.followFleet() }
      defer { group.cancelAll() }
      for await _ in state.changes {
        let look = Look()
        guard let (fleet, stored) = try state.present else { continue }
        onView(RolloutLogic(record: stored.record, fleet: fleet, now: now(), memory: state.memory))
        if stored.record.isOver || stored.record.halt != nil { return stored.record }
        try await look.rest()
      }
      throw CancellationError()
    }
  }
}
