import FleetUpgrade
import Kubernetes

/// Rollouts as text.
enum RolloutText {
  static func state(_ record: RolloutRecord) -> String {
    switch record.halt {
    case .paused: return "paused"
    case .approval: return "waits for approval"
    case .stopped: return "stopped"
    case .aborting: return "aborting"
    case nil: return record.result?.rawValue ?? record.phase.rawValue
    }
  }

  static func status(_ logic: RolloutLogic) -> String {
    let record = logic.record
    var sections = [
      "Rollout \(record.number) of \(record.promise): \(record.from) -> \(record.to)"
        + (record.direction == .back && !record.isOver ? ", going back" : "") + "\nState: \(state(record))"
    ]
    if case .stopped(let reason) = record.halt { sections[0] += "\nReason: \(reason)" }
    if record.isOver {
      let counts = record.counts
      sections.append(
        "\(counts.done) done, \(counts.failed) failed, \(counts.skipped) skipped, \(counts.outside) not concerned.")
      return sections.joined(separator: "\n\n")
    }
    var waves = TextTable("WAVE", "GROUP", "TOTAL", "DONE", "MOVING", "FAILED")
    for (index, group) in record.strategy.groups.enumerated() {
      let members = logic.wave(index)
      let count = { (isIt: (RolloutMember) -> Bool) in "\(members.count(where: isIt))" }
      let isPresent = index == record.wave && record.phase == .moving
      waves.add(
        "\(isPresent ? "*" : "")\(index + 1)", group.name, "\(members.count)", count { $0.standing == .done },
        count { $0.standing == .moving }, count(\.isFailing))
    }
    sections.append(waves.text)
    var resources = TextTable("NAMESPACE", "NAME", "WAVE", "VERSION", "STATE", "REASON")
    for member in logic.members where member.standing != .done && member.standing != .held {
      resources.add(
        member.resource.namespace, member.resource.name,
        member.mark?.wave.map { record.strategy.groups.indices.contains($0) ? record.strategy.groups[$0].name : "-" }
          ?? "-", member.resource.promiseVersion ?? "-", member.standing.word, member.standing.reason ?? "")
    }
    if !resources.rows.isEmpty { sections.append(resources.text) }
    return sections.joined(separator: "\n\n")
  }

  static func json(_ logic: RolloutLogic) -> JSON {
    var json = logic.record.json
    json["state"] = .string(state(logic.record))
    json["resources"] = .array(
      logic.members.map { member in
        var entry: JSON = [
          "namespace": .string(member.resource.namespace), "name": .string(member.resource.name),
          "state": .string(member.standing.word),
        ]
        entry["version"] = member.resource.promiseVersion.map(JSON.string)
        entry["wave"] = member.mark?.wave.map { JSON($0 + 1) }
        entry["reason"] = member.standing.reason.map(JSON.string)
        return entry
      })
    return json
  }

  static func history(_ records: [RolloutRecord]) -> String {
    var table = TextTable("NUMBER", "FROM", "TO", "STATE", "DONE", "FAILED", "SKIPPED", "STARTED", "ENDED")
    for record in records {
      let counts = record.counts
      table.add(
        "\(record.number)", record.from, record.to, state(record), "\(counts.done)", "\(counts.failed)",
        "\(counts.skipped)", Timestamp.text(secondsSince1970: Int64(record.startedAt)),
        record.endedAt.map { Timestamp.text(secondsSince1970: Int64($0)) } ?? "-")
    }
    return table.text
  }
}
