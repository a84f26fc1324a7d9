import Synchronization

/// When a run is over: so long after it was asked for, or so long after its first container has started.
final class RunClock: Sendable {
  private struct State {
    var deadline: ContinuousClock.Instant
    var hasPod = false
    var hasStarted = false
    var obstacle: String?
  }

  private let state: Mutex<State>

  init(startLimit: Duration) { state = Mutex(State(deadline: .now + startLimit)) }

  func note(_ report: PodReport, limit: Duration) {
    state.withLock { state in
      state.hasPod = true
      state.obstacle = report.obstacle
      guard !state.hasStarted, report.hasStarted else { return }
      state.hasStarted = true
      state.deadline = .now + limit
    }
  }

  /// - Returns: whether it is news: once there is a pod, its refusal is history.
  func note(_ refusal: PodRefusal) -> Bool {
    state.withLock { state in
      if !state.hasPod { state.obstacle = refusal.message }
      return !state.hasPod
    }
  }

  func waitUntilOver() async throws {
    while true {
      let deadline = state.withLock { $0.deadline }
      if deadline <= .now { return }
      try await Task.sleep(until: min(deadline, .now + .seconds(1)))
    }
  }

  func reason(limit: Duration) -> WorkflowFailure.Reason {
    state.withLock { state in
      state.hasStarted
        ? .timedOut(after: limit)
        : .engine("its pod was not started in \(ClusterEngine.startLimit): \(state.obstacle ?? "nobody says why")")
    }
  }
}

/// Which runs the cluster does not start for now, and why.
final class WaitingRuns: Sendable {
  private let reasons = Mutex<[String: String]>([:])
  private let onChange: @Sendable (String?) -> Void

  init(onChange: @escaping @Sendable (String?) -> Void) { self.onChange = onChange }

  /// - Parameter reason: nil for a run that waits no more.
  func note(_ reason: String?, of run: String) {
    let (isNews, text) = reasons.withLock { reasons in
      let isNews = reasons[run] != reason
      reasons[run] = reason
      // The same one each time, of those that are alike for most.
      return (isNews, reasons.min { $0.key < $1.key }.map { "\(reasons.count) wait: \($0.value)" })
    }
    if isNews { onChange(text) }
  }
}

/// Lets those who a quota has refused wait for others to end.
actor QuotaRoom {
  private(set) var ends = 0
  private var inside = 0
  private var waiting: [AsyncStream<Void>.Continuation] = []

  func enter() { inside += 1 }

  func leave() {
    inside -= 1
    ends += 1
    for waiter in waiting { waiter.finish() }
    waiting = []
  }

  /// Returns when a run has ended since `before`. - Returns: false when none goes on that could.
  func waitForAnEnd(after before: Int) async -> Bool {
    if ends != before { return true }
    guard inside > 0 else { return false }
    let (stream, continuation) = AsyncStream<Void>.makeStream()
    waiting.append(continuation)
    for await _ in stream {}
    return true
  }
}
