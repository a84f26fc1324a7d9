import Synchronization

/// How far the pipelines are, on a terminal.
final class PlanProgress: Sendable {
  private struct State {
    var done = 0
    var total = 0
    var obstacle: String?
  }

  /// What does not fit beside the numbers on a usual line.
  private static let obstacleLimit = 120

  private let line = ProgressLine()
  private let began = ContinuousClock.now
  private let state = Mutex(State())

  func show(done: Int, total: Int) { change { ($0.done, $0.total) = (done, total) } }

  /// - Parameter obstacle: what keeps runs from being started; nil for nothing.
  func show(obstacle: String?) { change { $0.obstacle = obstacle } }

  func clear() { line.clear() }

  private func change(_ body: (inout State) -> Void) {
    // Shown under the lock, so that the last is the newest.
    state.withLock { state in
      body(&state)
      line.show(Self.text(state.done, of: state.total, obstacle: state.obstacle, after: began.duration(to: .now)))
    }
  }

  static func text(_ done: Int, of total: Int, obstacle: String?, after time: Duration) -> String {
    let rate = Double(done) / max(time / .seconds(1), 0.001)
    var text = "running pipelines: \(done) of \(total)"
    if done > 0, done < total {
      text += ", \(tenths(rate)) a second, \(Int((Double(total - done) / rate).rounded(.up))) s left"
    }
    if let obstacle, done < total {
      let words = obstacle.split(whereSeparator: \.isNewline).joined(separator: " ")
      text += "; \(words.count > obstacleLimit ? words.prefix(obstacleLimit - 3) + "..." : words)"
    }
    return text
  }

  private static func tenths(_ value: Double) -> String {
    let tenths = Int(min(value * 10, 1e9).rounded())
    return "\(tenths / 10).\(tenths % 10)"
  }
}
