/// One look at a fleet that moves.
///
/// What a look costs grows with the fleet, and changes come by the hundreds: after each, the looker rests four times as
/// long as it took, so that looking takes a fifth of a processor at most and all that happens meanwhile is one change.
public struct Look: Sendable {
  private static let share = 4
  /// However large a fleet is.
  private static let longestRest = Duration.milliseconds(500)

  private let began = ContinuousClock.now

  /// Begins.
  public init() {}

  /// Rests after what was done since the beginning.
  /// - Throws: `CancellationError`.
  public func rest() async throws {
    try await Task.sleep(for: min(began.duration(to: .now) * Self.share, Self.longestRest))
  }
}
