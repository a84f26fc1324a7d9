/// One entry of `status.conditions`.
public struct Condition: Sendable, Hashable {
  public enum Status: String, Sendable, Hashable {
    case `true` = "True"
    case `false` = "False"
    case unknown = "Unknown"
  }

  public var type: String
  public var status: Status
  public var reason: String
  public var message: String
  /// RFC 3339, whole seconds.
  public var lastTransitionTime: String

  public init(type: String, status: Status, reason: String, message: String, lastTransitionTime: String = "") {
    self.type = type
    self.status = status
    self.reason = reason
    self.message = message
    self.lastTransitionTime = lastTransitionTime
  }

  public init?(json: JSON) {
    guard let type = json["type"]?.stringValue,
      let status = json["status"]?.stringValue.flatMap(Status.init(rawValue:))
    else { return nil }
    self.init(
      type: type, status: status, reason: json["reason"]?.stringValue ?? "",
      message: json["message"]?.stringValue ?? "",
      lastTransitionTime: json["lastTransitionTime"]?.stringValue ?? "")
  }

  public var json: JSON {
    [
      "type": .string(type), "status": .string(status.rawValue), "reason": .string(reason),
      "message": .string(message), "lastTransitionTime": .string(lastTransitionTime),
    ]
  }
}

extension KubernetesObject {
  public var conditions: [Condition] {
    (json[path: "status", "conditions"]?.arrayValue ?? []).compactMap(Condition.init(json:))
  }

  public func condition(_ type: String) -> Condition? { conditions.first { $0.type == type } }

  public func hasCondition(_ type: String, _ status: Condition.Status = .true) -> Bool {
    condition(type)?.status == status
  }

  /// Sets as apimachinery's `SetStatusCondition`: `lastTransitionTime` moves only when the status does; other entries
  /// and their order stay; unknown keys of the entry stay.
  /// - Parameter now: RFC 3339, whole seconds.
  public mutating func setCondition(_ condition: Condition, now: String) {
    var entries = json[path: "status", "conditions"]?.arrayValue ?? []
    if let index = entries.firstIndex(where: { $0["type"]?.stringValue == condition.type }) {
      if entries[index]["status"]?.stringValue != condition.status.rawValue {
        entries[index]["lastTransitionTime"] = .string(now)
      }
      entries[index]["status"] = .string(condition.status.rawValue)
      entries[index]["reason"] = .string(condition.reason)
      entries[index]["message"] = .string(condition.message)
    } else {
      var new = condition
      new.lastTransitionTime = now
      entries.append(new.json)
    }
    json.set(.array(entries), at: ["status", "conditions"])
  }

  /// Sets as cluster-api's `conditions.Set`: `lastTransitionTime` moves when status, reason or message does, and the
  /// entries are kept sorted by type (contract, section 4.5).
  public mutating func setConditionSorted(_ condition: Condition, now: String) {
    var entries = json[path: "status", "conditions"]?.arrayValue ?? []
    if let index = entries.firstIndex(where: { $0["type"]?.stringValue == condition.type }) {
      let old = Condition(json: entries[index])
      if old?.status == condition.status, old?.reason == condition.reason, old?.message == condition.message {
        return
      }
      entries.remove(at: index)
    }
    var new = condition
    new.lastTransitionTime = now
    entries.append(new.json)
    entries.sort { ($0["type"]?.stringValue ?? "") < ($1["type"]?.stringValue ?? "") }
    json.set(.array(entries), at: ["status", "conditions"])
  }
}
