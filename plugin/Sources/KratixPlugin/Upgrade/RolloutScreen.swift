import FleetUpgrade
import Kubernetes
import Synchronization

/// The live view of a rollout on a terminal.
final class RolloutScreen: Sendable {
  private struct Content {
    var latest: RolloutLogic?
    /// The last lines of failed runs, by run.
    var logs: [String: [String]] = [:]
    /// What asks for them.
    var reading: [Task<Void, Never>] = []
  }

  private let content = Mutex(Content())
  private let view = LiveView()
  private let log: FailureLog

  init(log: FailureLog) { self.log = log }

  func show(_ logic: RolloutLogic) {
    content.withLock { $0.latest = logic }
    refresh()
    // What failed prints comes later: the view does not wait for it.
    for member in logic.failures {
      guard let run = member.run, content.withLock({ Self.begin(run, &$0) }) else { continue }
      let task = Task {
        let lines = await log.lastLines(of: member, in: logic.record, count: 3)
        content.withLock { $0.logs[run] = lines }
        refresh()
      }
      content.withLock { $0.reading.append(task) }
    }
  }

  /// Waits for what is still to be shown: a rollout that stopped ends the view, and says why.
  func finish() async {
    for task in content.withLock({ $0.reading }) { await task.value }
  }

  /// - Returns: whether nobody asked for its lines yet.
  private static func begin(_ run: String, _ content: inout Content) -> Bool {
    if content.logs[run] != nil { return false }
    content.logs[run] = []
    return true
  }

  func refresh() {
    let (latest, logs) = content.withLock { ($0.latest, $0.logs) }
    if let latest { view.show(RolloutText.live(latest, now: RolloutSession.now, logs: logs)) }
  }
}

extension RolloutText {
  /// The live view: what `status` tells, and what is in flight.
  static func live(_ logic: RolloutLogic, now: Double, logs: [String: [String]]) -> [String] {
    let record = logic.record
    // Those that are let go carry no mark any more: the record knows how many they were.
    let counts = record.isOver || record.phase == .releasing ? record.counts : logic.counts
    var head = "Rollout \(record.number) of \(record.promise): \(record.from) -> \(record.to)  \(state(record))"
    head += "  \(counts.done) of \(counts.total) done, \(counts.failed) failed"
    if let left = timeLeft(logic, now: now) { head += ", about \(age(left)) left" }
    var lines = [head, ""]
    if let until = logic.waitsUntil {
      lines.append("waits until \(Timestamp.text(secondsSince1970: Int64(until)))")
    }
    if !record.isOver, record.phase != .releasing {
      var waves = TextTable("WAVE", "GROUP", "TOTAL", "DONE", "MOVING", "FAILED")
      for (index, group) in record.strategy.groups.enumerated() {
        let members = logic.wave(index)
        waves.add(
          (index == record.wave && record.phase == .moving ? "*" : "") + "\(index + 1)", group.name, "\(members.count)",
          "\(members.count { $0.standing == .done })", "\(members.count { $0.standing == .moving })",
          "\(members.count(where: \.isFailing))")
      }
      lines += waves.text.split(separator: "\n").map(String.init)
    }
    let moving = logic.members.filter(\.isUnderWay)
    if !moving.isEmpty {
      var table = TextTable("IN FLIGHT", "STATE", "PIPELINE", "AGE")
      for member in moving.prefix(10) {
        table.add(
          member.key, member.standing.word, member.pipeline ?? "-",
          member.mark?.movedAt.map { age(max(0, now - $0)) } ?? "-")
      }
      lines += [""] + table.text.split(separator: "\n").map(String.init)
      if moving.count > 10 { lines.append("and \(moving.count - 10) more") }
    }
    for member in logic.failures.prefix(5) {
      lines += ["", "\(member.key) failed: \(member.standing.reason ?? "")"]
      lines += (member.run.flatMap { logs[$0] } ?? []).map { "  \($0)" }
    }
    return lines
  }

  /// At the pace so far; nil when there is none.
  private static func timeLeft(_ logic: RolloutLogic, now: Double) -> Double? {
    let counts = logic.counts
    guard logic.record.phase == .moving, counts.done > 0, counts.done < counts.total,
      let first = logic.members.compactMap({ $0.mark?.movedAt }).min(), now > first
    else { return nil }
    return (now - first) / Double(counts.done) * Double(counts.total - counts.done)
  }

  /// As kubectl writes ages: `45s`, `3m20s`, `2h5m`.
  static func age(_ seconds: Double) -> String {
    let seconds = Int(min(max(seconds, 0), 1e9))
    if seconds < 120 { return "\(seconds)s" }
    if seconds < 600 { return seconds % 60 == 0 ? "\(seconds / 60)m" : "\(seconds / 60)m\(seconds % 60)s" }
    if seconds < 10_800 { return "\(seconds / 60)m" }
    if seconds < 172_800 { return "\(seconds / 3_600)h" }
    return "\(seconds / 86_400)d"
  }
}
