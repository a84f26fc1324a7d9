import Foundation
import Kubernetes

/// Documents of kind `UpgradePlan` (`platform.syntasso.io/v1alpha1`), as the reference of Syntasso's enterprise edition
/// describes them, read as strategies.
extension Strategy {
  private static let planFields: Set<String> = [
    "promiseRef", "upgradePath", "upgradeExecutionPolicy", "rolloutGroups",
  ]
  private static let planGroupFields: Set<String> = ["name", "selectors", "maxConcurrent", "resourceUpgradeWindows"]

  /// - Parameter now: seconds since 1970: a schedule means its next time.
  /// - Throws: `StrategyError` that names the field.
  init(upgradePlan document: JSON, now: Double) throws(StrategyError) {
    guard let spec = document["spec"], let object = spec.objectValue else {
      throw StrategyError("spec: an UpgradePlan has one")
    }
    for key in object.keys.sorted() where !Self.planFields.contains(key) {
      throw StrategyError("spec.\(key): no such field of an UpgradePlan")
    }
    guard let promise = spec[path: "promiseRef", "name"]?.stringValue, !promise.isEmpty else {
      throw StrategyError("spec.promiseRef.name: the Promise's name is expected")
    }
    guard let to = spec[path: "upgradePath", "to"]?.stringValue, !to.isEmpty else {
      throw StrategyError("spec.upgradePath.to: a version is expected")
    }
    guard let from = spec[path: "upgradePath", "from"]?.arrayValue, !from.isEmpty else {
      throw StrategyError("spec.upgradePath.from: a list of versions is expected")
    }
    var patterns: [VersionPattern] = []
    for (index, entry) in from.enumerated() {
      guard let text = entry.stringValue, !text.isEmpty else {
        throw StrategyError("spec.upgradePath.from[\(index)]: a version or a /pattern/ is expected")
      }
      do {
        patterns.append(try VersionPattern(text))
      } catch {
        throw StrategyError("spec.upgradePath.from[\(index)]: \(error.message)")
      }
    }
    guard let entries = spec["rolloutGroups"]?.arrayValue, !entries.isEmpty, entries.count <= Self.maximumGroups else {
      throw StrategyError("spec.rolloutGroups: a list of 1 to \(Self.maximumGroups) groups is expected")
    }
    var groups: [Group] = []
    for (index, entry) in entries.enumerated() {
      groups.append(try Self.planGroup(entry, path: "spec.rolloutGroups[\(index)]"))
    }
    self.init(
      groups: groups, startAt: try Self.start(spec["upgradeExecutionPolicy"], now: now), from: patterns,
      promise: promise, to: to)
  }

  private static func planGroup(_ json: JSON, path: String) throws(StrategyError) -> Group {
    guard let object = json.objectValue else { throw StrategyError("\(path): a group is a mapping") }
    for key in object.keys.sorted() where !planGroupFields.contains(key) {
      throw StrategyError("\(path).\(key): no such field of a rollout group")
    }
    // A group without selectors takes nobody.
    let selectors = json["selectors"] ?? .emptyObject
    var plain: JSON = ["name": json["name"] ?? .null]
    plain["maxConcurrent"] = json["maxConcurrent"]
    plain["windows"] = json["resourceUpgradeWindows"]
    let isEmpty =
      (selectors["matchLabels"]?.objectValue?.isEmpty ?? true)
      && (selectors["matchExpressions"]?.arrayValue?.isEmpty ?? true)
    if isEmpty {
      plain["matchExpressions"] = [
        ["key": "kratix.io/none", "operator": "Exists"], ["key": "kratix.io/none", "operator": "DoesNotExist"],
      ]
    } else {
      plain["matchLabels"] = selectors["matchLabels"]?.isNull == false ? selectors["matchLabels"] : nil
      plain["matchExpressions"] = selectors["matchExpressions"]?.isNull == false ? selectors["matchExpressions"] : nil
    }
    return try Group(json: plain, path: path)
  }

  /// The next time that the policy names; nil for now.
  private static func start(_ policy: JSON?, now: Double) throws(StrategyError) -> Double? {
    guard let policy, !policy.isNull else { return nil }
    let zone = policy["timeZone"]?.stringValue
    var times: [Double] = []
    if let text = policy["executeAt"]?.stringValue {
      let time = try moment(text, timeZone: zone, path: "spec.upgradeExecutionPolicy.executeAt")
      if time > now { times.append(time) }
    }
    if let text = policy["repeatSchedule"]?.stringValue {
      do {
        if let next = try CronSchedule(text, timeZone: zone).next(after: now) { times.append(next) }
      } catch {
        throw StrategyError("spec.upgradeExecutionPolicy.repeatSchedule: \(error.message)")
      }
    }
    return times.min()
  }

  /// Seconds since 1970 of `YYYY-MM-DDTHH:mm` in a zone (UTC when nil), or of an RFC 3339 time.
  static func moment(_ text: String, timeZone: String?, path: String) throws(StrategyError) -> Double {
    if let seconds = Timestamp.secondsSince1970(text) { return seconds }
    let parts = text.split(whereSeparator: { "-T:".contains($0) }).compactMap { Int($0) }
    guard text.count == 16, parts.count == 5, (1...12).contains(parts[1]), (1...31).contains(parts[2]),
      (0...23).contains(parts[3]), (0...59).contains(parts[4])
    else {
      throw StrategyError(
        "\(path): a time such as 2026-05-01T23:00 (with timeZone) or 2026-05-01T23:00:00Z is expected, not \(text)")
    }
    let schedule: CronSchedule
    do {
      schedule = try CronSchedule("\(parts[4]) \(parts[3]) \(parts[2]) \(parts[1]) *", timeZone: timeZone)
    } catch {
      throw StrategyError("\(path): \(error.message)")
    }
    // From the end of the year before: the zones of the world are less than a day apart.
    guard let year = Timestamp.secondsSince1970("\(parts[0] - 1)-12-30T00:00:00Z"),
      let time = schedule.next(after: year), time < year + 368 * 86_400
    else { throw StrategyError("\(path): there is no such day: \(text)") }
    return time
  }
}
