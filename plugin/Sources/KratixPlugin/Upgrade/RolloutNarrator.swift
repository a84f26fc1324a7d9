import FleetUpgrade
import Kubernetes
import Synchronization

/// Tells a rollout line by line, as it happens; each line once.
final class RolloutNarrator: Sendable {
  private struct Told {
    var phase: RolloutRecord.Phase?
    var wave = -1
    var standings: [String: Standing] = [:]
    var holder: String?
    var trouble: String?
    var waitsUntil: Double?
  }

  private let told = Mutex(Told())

  func hear(_ event: RolloutDriver.Event) {
    switch event {
    case .waiting(let holder):
      let isNew = told.withLock { told in
        defer { told.holder = holder }
        return told.holder != holder
      }
      if isNew { Console.note("\(holder) drives the rollout; waiting until it is done or gone") }
    case .trouble(let reason):
      let isNew = told.withLock { told in
        defer { told.trouble = reason }
        return told.trouble != reason
      }
      if isNew { Console.warning("\(reason); trying again") }
    case .difference(let resource): Console.warning("\(resource): what it put out is not what the plan said")
    case .failure(let resource, let lines):
      for line in lines { Console.out("\(resource): | \(line)") }
    case .view(let logic):
      for line in told.withLock({ Self.lines(logic, &$0) }) { Console.out(line) }
    }
  }

  private static func lines(_ logic: RolloutLogic, _ told: inout Told) -> [String] {
    let record = logic.record
    var lines: [String] = []
    if record.phase != told.phase {
      lines += phaseLines(logic)
      told.phase = record.phase
    }
    let isMoving = record.phase == .moving
    if isMoving, record.direction == .forward, record.wave != told.wave, let group = record.group {
      let size = logic.wave(record.wave).count
      if size > 0 {
        lines.append(
          "wave \(record.wave + 1) of \(record.strategy.groups.count), \(group.name): "
            + "\(size) resource\(size == 1 ? "" : "s")")
      }
      told.wave = record.wave
    }
    if let until = logic.waitsUntil, until != told.waitsUntil {
      lines.append("waiting until \(Timestamp.text(secondsSince1970: Int64(until)))")
    }
    told.waitsUntil = logic.waitsUntil
    // What is left out, or changed by hand, is told whenever it happens.
    let total = logic.participants.count
    let done = logic.participants.count { $0.standing == .done }
    for member in logic.members where told.standings[member.key] != member.standing {
      let before = told.standings.updateValue(member.standing, forKey: member.key)
      switch member.standing {
      case .outside(let reason) where before == nil && record.phase != .releasing && record.phase != .ended:
        lines.append("\(member.key): not concerned: \(reason)")
      case .outside(let reason) where before != nil && isMoving: lines.append("\(member.key): left alone: \(reason)")
      case .drifted(let reason): lines.append("\(member.key): left alone: \(reason)")
      case .moving where isMoving:
        lines.append(record.direction == .forward ? "\(member.key): moving" : "\(member.key): going back")
      case .done where isMoving && record.direction == .forward:
        lines.append("\(member.key): done (\(done) of \(total))")
      case .done where isMoving && (before == .moving || before == .unreverted): lines.append("\(member.key): back")
      case .failed(let reason), .unwell(let reason): lines.append("\(member.key): failed: \(reason)")
      case .skipped: lines.append("\(member.key): skipped")
      default: break
      }
    }
    return lines
  }

  private static func phaseLines(_ logic: RolloutLogic) -> [String] {
    let record = logic.record
    switch record.phase {
    case .holding:
      let count = logic.members.count { $0.standing == .unheld }
      if record.direction == .back { return ["holding what was moved, to go back to \(record.from)"] }
      return count == 0
        ? []
        : [
          "holding \(count) resource\(count == 1 ? "" : "s") at the version they run"
            + (record.hold == .pause ? ", paused" : "")
        ]
    case .applying: return []
    case .installing: return ["promise/\(record.promise) applied (\(record.goal))"]
    case .settling: return ["promise/\(record.promise) is available"]
    case .moving:
      return record.direction == .forward ? [] : ["going back to \(record.from)"]
    case .releasing: return ["the fleet follows the latest version again"]
    case .ended: return []
    }
  }
}
