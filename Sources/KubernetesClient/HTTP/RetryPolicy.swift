import Kubernetes

/// When a request that failed is sent again. A pure decision: the transport does the waiting.
struct RetryPolicy: Sendable, Hashable {
  /// How often one request is sent at most.
  var maximumAttempts = 5
  var backoff = Backoff(initial: .milliseconds(200), maximum: .seconds(5))
  /// The longest `Retry-After` that is waited for.
  var longestRetryAfter: Duration = .seconds(30)

  /// What went wrong with an attempt.
  enum Failure: Sendable, Hashable {
    /// The server answered with an error status.
    case refused(status: Int, retryAfter: Duration?)
    /// No connection came to be: nothing was sent.
    case notSent(isTransient: Bool)
    /// The connection broke with the request on its way or the answer incomplete.
    case broken
  }

  /// How long to wait before the next attempt; nil when there must be none.
  /// - Parameters:
  ///   - attempts: how many there were.
  ///   - isIdempotent: whether the request does nothing twice.
  func delay(
    after failure: Failure, attempts: Int, isIdempotent: Bool, fraction: Double = .random(in: 0...1)
  ) -> Duration? {
    guard attempts < maximumAttempts else { return nil }
    let wait = backoff.delay(afterFailures: attempts, fraction: fraction)
    switch failure {
    case .refused(429, let retryAfter), .refused(503, let retryAfter):
      // With Retry-After the server says that it has not begun: then a write is safe as well.
      guard let retryAfter else { return isIdempotent ? wait : nil }
      return retryAfter > longestRetryAfter ? nil : max(retryAfter, wait)
    case .refused(500, _), .refused(502, _), .refused(504, _):
      return isIdempotent ? wait : nil
    case .refused: return nil
    case .notSent(let isTransient): return isTransient ? wait : nil
    case .broken: return isIdempotent ? wait : nil
    }
  }
}
