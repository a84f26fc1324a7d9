import Synchronization

/// The bounds that keep one process answering whatever comes.
public struct WebhookLimits: Sendable, Hashable {
  /// The largest body that is read.
  public var bodyBytes: Int
  /// How many reviews are worked on at once; more are turned away.
  public var concurrency: Int
  /// The time for a review when the request names none.
  public var timeout: Duration

  public init(bodyBytes: Int = 3 << 20, concurrency: Int = 256, timeout: Duration = .seconds(10)) {
    self.bodyBytes = bodyBytes
    self.concurrency = concurrency
    self.timeout = timeout
  }
}

/// Counts what is in flight and says when it is enough.
final class Gate: Sendable {
  private let limit: Int
  private let count = Atomic<Int>(0)

  init(limit: Int) { self.limit = limit }

  var inFlight: Int { count.load(ordering: .relaxed) }

  /// Whether there was room; if so, `leave` has to follow.
  func enter() -> Bool {
    let now = count.wrappingAdd(1, ordering: .acquiringAndReleasing).newValue
    guard now > limit else { return true }
    leave()
    return false
  }

  func leave() { count.wrappingSubtract(1, ordering: .acquiringAndReleasing) }
}

/// The time was up.
struct DeadlineExceeded: Error {}

/// Runs `work`, but not longer than `limit`. - Throws: `DeadlineExceeded`, or what `work` throws.
func withDeadline<Result: Sendable>(
  _ limit: Duration, _ work: @escaping @Sendable () async throws -> Result
) async throws -> Result {
  try await withThrowingTaskGroup(of: Result?.self) { group in
    group.addTask { try await work() }
    group.addTask {
      try await Task.sleep(for: limit)
      return nil
    }
    defer { group.cancelAll() }
    guard let first = try await group.next(), let result = first else { throw DeadlineExceeded() }
    return result
  }
}
