import ArgumentParser
import FleetUpgrade
import Kubernetes
import Synchronization

struct RolloutStatus: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status", abstract: "Show how far a rollout is.",
    discussion: """
      With --watch: a live view on a terminal, every change as a line elsewhere, until the rollout is over. Exit codes
      then: 0 done, 1 stopped or aborted, 5 paused or waiting for approval.

      Example: kubectl kratix upgrade status mongodb --watch
      """)

  @OptionGroup var arguments: RolloutArguments

  @Flag(name: .shortAndLong, help: "Follow the rollout until it is over.")
  var watch = false

  @Option(name: .shortAndLong, help: "table, json or yaml.")
  var output: OutputFormat = .table

  func run() async throws {
    let session = try arguments.session()
    let logic = try await session.control.look()
    switch output {
    case .json: Console.out(RolloutText.json(logic).text(.pretty))
    case .yaml: Console.out(String(YAML.text(RolloutText.json(logic)).dropLast()))
    case .table, .wide:
      if watch, Console.outputIsTerminal { return try await followLive(session) }
      Console.out(RolloutText.status(logic))
      for member in logic.failures.prefix(5) {
        let lines = await FailureLog(api: session.api).lastLines(of: member, in: logic.record)
        if !lines.isEmpty { Console.out("\n\(member.key):\n" + lines.map { "  \($0)" }.joined(separator: "\n")) }
      }
    case .name, .markdown, .html, .sarif:
      throw Failure("status prints table, json or yaml, not \(output.rawValue)", exitCode: 64)
    }
    guard watch else { return }
    let narrator = RolloutNarrator()
    try RolloutSession.conclude(try await session.watcher.run { narrator.hear(.view($0)) })
  }

  private func followLive(_ session: RolloutSession) async throws {
    let screen = RolloutScreen(log: FailureLog(api: session.api))
    let record = try await withThrowingTaskGroup(of: RolloutRecord?.self) { group in
      group.addTask { try await session.watcher.run { screen.show($0) } }
      // Ages count up although nothing changes; the cluster is not asked.
      group.addTask {
        while true {
          try await Task.sleep(for: .seconds(1))
          screen.refresh()
        }
      }
      defer { group.cancelAll() }
      return try await group.next() ?? nil
    }
    if let record { try RolloutSession.conclude(record) }
  }
}

/// The live view of a rollout on a terminal.
private final class RolloutScreen: Sendable {
  private struct Content {
    var latest: RolloutLogic?
    /// The last lines of failed runs, by run.
    var logs: [String: [String]] = [:]
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
      Task {
        let lines = await log.lastLines(of: member, in: logic.record, count: 3)
        content.withLock { $0.logs[run] = lines }
        refresh()
      }
    }
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
    let counts = logic.counts
    var head = "Rollout \(record.number) of \(record.promise): \(record.from) -> \(record.to)  \(state(record))"
    head += "  \(counts.done) of \(counts.total) done, \(counts.failed) failed"
    if let left = timeLeft(logic, now: now) { head += ", about \(age(left)) left" }
    var lines = [head, ""]
    if let until = logic.waitsUntil {
      lines.append("waits until \(Timestamp.text(secondsSince1970: Int64(until)))")
    }
    if !record.isOver {
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
