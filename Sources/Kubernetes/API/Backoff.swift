/// How long to wait before the next attempt: doubling from `initial` to `maximum`, with jitter, so that many clients of
/// one server do not come back at the same moment.
public struct Backoff: Sendable, Hashable {
  public var initial: Duration
  public var maximum: Duration

  public init(initial: Duration, maximum: Duration) {
    self.initial = initial
    self.maximum = maximum
  }

  /// For a connection that comes back after a while: 0.5 s to 30 s.
  public static let reconnecting = Backoff(initial: .milliseconds(500), maximum: .seconds(30))

  /// The wait after the given number of failures in a row (from 1).
  /// - Parameter fraction: where in the upper half of the interval, 0 to 1; random unless told.
  public func delay(afterFailures failures: Int, fraction: Double = .random(in: 0...1)) -> Duration {
    let doublings = min(max(failures - 1, 0), 30)
    let full = min(initial * (1 << doublings), maximum)
    return full / 2 + full / 2 * min(max(fraction, 0), 1)
  }
}

/// An error that knows whether trying again later may help: a connection that broke does, a certificate that nobody
/// trusts does not.
public protocol RetryableError: Error {
  var isTransient: Bool { get }
}

extension StatusError: RetryableError {
  /// The server is overloaded, starting or stopping, or failed within itself.
  public var isTransient: Bool { [429, 500, 502, 503, 504].contains(code) }
}
