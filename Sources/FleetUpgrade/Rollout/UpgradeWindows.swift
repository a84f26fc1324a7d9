import Foundation
import Kubernetes

/// A time that comes again, in which resources may begin to move, or may not.
public struct UpgradeWindow: Sendable, Hashable {
  public enum Kind: String, Sendable, Hashable {
    case allow
    case deny
  }

  public var kind: Kind
  public var schedule: CronSchedule
  public var duration: GoDuration

  public init(kind: Kind, schedule: CronSchedule, duration: GoDuration) {
    self.kind = kind
    self.schedule = schedule
    self.duration = duration
  }

  func isActive(at time: Double) -> Bool {
    !schedule.times(after: time - duration.seconds, through: time).isEmpty
  }

  /// The next moment at which it begins or ends.
  func nextBoundary(after time: Double) -> Double? {
    let ends = schedule.times(after: time - duration.seconds, through: time).map { $0 + duration.seconds }
    return (ends + [schedule.next(after: time)].compactMap { $0 }).min()
  }
}

/// The windows of one group: open in any of those that allow (always, when there is none), and never in one that denies.
/// What is moving when a window closes is not interrupted.
public struct UpgradeWindows: Sendable, Hashable {
  public var windows: [UpgradeWindow]

  public init(_ windows: [UpgradeWindow]) { self.windows = windows }

  public func isOpen(at time: Double) -> Bool {
    if windows.contains(where: { $0.kind == .deny && $0.isActive(at: time) }) { return false }
    let allowing = windows.filter { $0.kind == .allow }
    return allowing.isEmpty || allowing.contains { $0.isActive(at: time) }
  }

  /// The next moment at which they are open; nil when none is found in the next hundred beginnings and ends.
  public func nextOpening(after time: Double) -> Double? {
    var moment = time
    for _ in 0..<100 {
      guard let next = windows.compactMap({ $0.nextBoundary(after: moment) }).min() else { return nil }
      moment = next
      if isOpen(at: moment) { return moment }
    }
    return nil
  }
}

// The wire form: as `resourceUpgradeWindows` of an UpgradePlan.
extension UpgradeWindows {
  static let maximum = 20
  private static let fields: Set<String> = ["kind", "schedule", "duration", "timeZone"]

  /// - Throws: `StrategyError` that names the field.
  init(json: JSON?, path: String) throws(StrategyError) {
    guard let json, !json.isNull else {
      self.init([])
      return
    }
    guard let entries = json.arrayValue, entries.count <= Self.maximum else {
      throw StrategyError("\(path): a list of at most \(Self.maximum) windows is expected")
    }
    var windows: [UpgradeWindow] = []
    for (index, entry) in entries.enumerated() {
      let place = "\(path)[\(index)]"
      guard let object = entry.objectValue else { throw StrategyError("\(place): a window is a mapping") }
      for key in object.keys.sorted() where !Self.fields.contains(key) {
        throw StrategyError(
          "\(place).\(key): no such field; a window has \(Self.fields.sorted().joined(separator: ", "))")
      }
      guard let kind = entry["kind"]?.stringValue.flatMap(UpgradeWindow.Kind.init(rawValue:)) else {
        throw StrategyError("\(place).kind: allow or deny is expected")
      }
      guard let duration = entry["duration"]?.stringValue.flatMap({ GoDuration($0) }),
        duration.nanoseconds > 0, duration.seconds <= 31 * 86_400
      else { throw StrategyError("\(place).duration: a duration such as 4h or 30m is expected, of at most 744h") }
      guard let schedule = entry["schedule"]?.stringValue else {
        throw StrategyError("\(place).schedule: a cron expression of 5 fields is expected, such as \"0 22 * * 6\"")
      }
      do {
        windows.append(
          UpgradeWindow(
            kind: kind, schedule: try CronSchedule(schedule, timeZone: entry["timeZone"]?.stringValue),
            duration: duration))
      } catch {
        throw StrategyError("\(place): \(error.message)")
      }
    }
    self.init(windows)
  }

  var json: JSON {
    .array(
      windows.map { window in
        [
          "kind": .string(window.kind.rawValue), "schedule": .string(window.schedule.expression),
          "duration": .string(window.duration.description), "timeZone": .string(window.schedule.timeZone.identifier),
        ]
      })
  }
}
