import KratixModel
import Kubernetes

/// Tells of a rollout in events of the Promise and of failed resources.
struct RolloutEvents: Sendable {
  let api: any KubernetesAPI
  let instance: String
  let now: @Sendable () -> Double

  /// An event that cannot be written is lost, as events are.
  func record(
    _ reason: String, _ note: String, on object: KubernetesObject, isWarning: Bool = false, rollout: String
  ) async {
    let time = now()
    let suffix = String(UInt64(max(0, time) * 1e9) &+ UInt64.random(in: 0..<1000), radix: 16)
    var event = KubernetesObject(
      apiVersion: ResourceType.events.apiVersion, kind: "Event", name: "\(object.name).\(suffix)",
      namespace: object.namespace ?? "default")
    event.labels = [FailureLog.eventLabel: rollout]
    event["eventTime"] = .string(Timestamp.microText(secondsSince1970: time))
    event["reportingController"] = .string(PromiseInstaller.fieldManager)
    event["reportingInstance"] = .string(String(instance.prefix(128)))
    event["action"] = .string(reason)
    event["reason"] = .string(reason)
    event["note"] = .string(String(note.prefix(1000)))
    event["type"] = isWarning ? "Warning" : "Normal"
    var regarding: JSON = [
      "apiVersion": .string(object.apiVersion), "kind": .string(object.kind), "name": .string(object.name),
      "uid": .string(object.uid),
    ]
    regarding["namespace"] = object.namespace.map(JSON.string)
    event["regarding"] = regarding
    do {
      _ = try await api.create(.events, event, options: RolloutStore.options)
    } catch {
      return
    }
  }

  /// What a change of the record is worth telling.
  /// - Parameter lines: what the failed container of a resource printed last.
  func tell(
    _ record: RolloutRecord, before: RolloutRecord, _ logic: RolloutLogic, lines: (RolloutMember) -> [String]
  ) async {
    func say(_ reason: String, _ note: String, on object: KubernetesObject, isWarning: Bool = false) async {
      await self.record(reason, note, on: object, isWarning: isWarning, rollout: record.id)
    }
    guard let promise = logic.fleet.promise?.object else { return }
    let way = "\(record.from) -> \(record.to)"
    if let result = record.result, before.result == nil {
      let reason = result == .done ? "RolloutDone" : result == .rolledBack ? "RolloutRolledBack" : "RolloutAborted"
      await say(reason, "Rollout \(record.number) (\(way)): \(result.rawValue)", on: promise)
    } else if record.halt != before.halt, case .stopped(let why) = record.halt {
      await say("RolloutStopped", "Rollout \(record.number) (\(way)): \(why)", on: promise, isWarning: true)
      for member in logic.failures.prefix(20) {
        let reason = "Rollout \(record.number) (\(way)): \(member.standing.reason ?? "")"
        await say(
          "RolloutFailed", ([reason] + lines(member)).joined(separator: "\n"), on: member.resource.object,
          isWarning: true)
      }
    } else if record.phase == .moving, before.phase != .moving || record.wave != before.wave,
      let group = record.group
    {
      await say("RolloutWave", "Rollout \(record.number) (\(way)): wave \(group.name) begins", on: promise)
    }
  }
}
