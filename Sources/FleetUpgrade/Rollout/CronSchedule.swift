import Foundation

/// A cron expression of five fields, in a time zone: minute, hour, day of the month, month, day of the week. When both
/// days are restricted, either will do.
public struct CronSchedule: Sendable, Hashable {
  public let expression: String
  public let timeZone: TimeZone
  private let minutes: Set<Int>
  private let hours: Set<Int>
  private let days: Set<Int>
  private let months: Set<Int>
  private let weekdays: Set<Int>
  private let eitherDay: Bool

  private static let aliases = [
    "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *", "@monthly": "0 0 1 * *", "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@hourly": "0 * * * *",
  ]
  private static let monthNames = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
  ]
  private static let dayNames = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]

  /// - Throws: `StrategyError` that says what is wrong.
  public init(_ expression: String, timeZone: String?) throws(StrategyError) {
    let name = timeZone ?? "UTC"
    // Abbreviations and offsets are no IANA zones, whatever Foundation takes.
    guard let zone = TimeZone(identifier: name), name == "UTC" || name.contains("/") || zone.identifier == name else {
      throw StrategyError("\(name) is no IANA time zone such as Europe/London")
    }
    self.timeZone = zone
    self.expression = expression
    let text = Self.aliases[expression.lowercased()] ?? expression
    let fields = text.split(separator: " ", omittingEmptySubsequences: true).map { $0.lowercased() }
    guard fields.count == 5 else {
      throw StrategyError("\"\(expression)\" has \(fields.count) fields, and a cron expression has 5: 0 22 * * 6")
    }
    minutes = try Self.values(fields[0], 0...59, "minute", expression)
    hours = try Self.values(fields[1], 0...23, "hour", expression)
    days = try Self.values(fields[2], 1...31, "day of the month", expression)
    months = try Self.values(fields[3], 1...12, "month", expression, names: Self.monthNames, firstName: 1)
    var weekdays = try Self.values(fields[4], 0...7, "day of the week", expression, names: Self.dayNames)
    if weekdays.remove(7) != nil { weekdays.insert(0) }
    self.weekdays = weekdays
    let isStar = { (field: String) in field.hasPrefix("*") || field.hasPrefix("?") }
    eitherDay = !isStar(fields[2]) && !isStar(fields[4])
  }

  private static func values(
    _ field: String, _ range: ClosedRange<Int>, _ what: String, _ expression: String, names: [String] = [],
    firstName: Int = 0
  ) throws(StrategyError) -> Set<Int> {
    func number(_ text: Substring) -> Int? {
      if let index = names.firstIndex(of: String(text)) { return index + firstName }
      guard let value = Int(text), range.contains(value), text.allSatisfy(\.isNumber) else { return nil }
      return value
    }
    var values: Set<Int> = []
    for part in field.split(separator: ",", omittingEmptySubsequences: false) {
      let halves = part.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
      let span = halves[0]
      let step = halves.count == 2 ? Int(halves[1]) ?? 0 : 1
      var bounds: ClosedRange<Int>?
      if span == "*" || span == "?" {
        bounds = range
      } else {
        let ends = span.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        if ends.count == 2, let low = number(ends[0]), let high = number(ends[1]), low <= high {
          bounds = low...high
        } else if ends.count == 1, let value = number(ends[0]) {
          bounds = value...(halves.count == 2 ? range.upperBound : value)
        }
      }
      guard let bounds, step > 0 else {
        throw StrategyError("\"\(expression)\": \(part) is no \(what)")
      }
      values.formUnion(stride(from: bounds.lowerBound, through: bounds.upperBound, by: step))
    }
    return values
  }

  // MARK: Times, in seconds since 1970

  /// The first time after `time`; nil when there is none within nine years (a 30th of February).
  public func next(after time: Double) -> Double? {
    let today = localDay(time)
    for day in (today - 1)...(today + 9 * 366) {
      if let found = times(on: day, from: wall(time) - Self.slack).first(where: { $0 > time }) { return found }
    }
    return nil
  }

  /// All times in `(start, end]`, in order.
  func times(after start: Double, through end: Double) -> [Double] {
    guard start < end else { return [] }
    let low = wall(start) - Self.slack
    let high = wall(end) + Self.slack
    return (Int((low / 86_400).rounded(.down))...Int((high / 86_400).rounded(.down)))
      .flatMap { times(on: $0, from: low, to: high) }.filter { $0 > start && $0 <= end }
  }

  /// Clocks are set by less than that.
  private static let slack = 10_800.0

  private func wall(_ time: Double) -> Double {
    time + Double(timeZone.secondsFromGMT(for: Date(timeIntervalSince1970: time)))
  }

  private func localDay(_ time: Double) -> Int {
    Int((wall(time) / 86_400).rounded(.down))
  }

  /// The times on one local day, counted from 1970-01-01; of a clock on the wall, those within bounds.
  private func times(on day: Int, from low: Double, to high: Double = .infinity) -> [Double] {
    let (month, date) = Self.civil(day)
    let weekday = ((day + 4) % 7 + 7) % 7
    let isDay =
      eitherDay
      ? days.contains(date) || weekdays.contains(weekday) : days.contains(date) && weekdays.contains(weekday)
    guard isDay, months.contains(month) else { return [] }
    var times: [Double] = []
    for hour in hours.sorted() {
      for minute in minutes.sorted() {
        let wall = Double(day) * 86_400 + Double(hour * 3_600 + minute * 60)
        if wall >= low, wall <= high { times.append(instant(wall)) }
      }
    }
    return Array(Set(times)).sorted()
  }

  /// When a clock on the wall shows this: the first time when it does twice, and the moment after the gap when it never
  /// does.
  private func instant(_ wall: Double) -> Double {
    let offset = { (time: Double) in Double(timeZone.secondsFromGMT(for: Date(timeIntervalSince1970: time))) }
    let candidates = [offset(wall - 86_400), offset(wall + 86_400)].map { wall - $0 }.sorted()
    if let found = candidates.first(where: { $0 + offset($0) == wall }) { return found }
    // In a gap: the clock jumps from before it to after it.
    var low = candidates[0] - 86_400
    var high = candidates[candidates.count - 1] + 86_400
    let before = offset(low)
    while high - low > 1 {
      let middle = ((low + high) / 2).rounded(.down)
      if offset(middle) == before { low = middle } else { high = middle }
    }
    return high
  }

  /// The month and the day of the month of a day counted from 1970-01-01 (proleptic Gregorian calendar).
  private static func civil(_ day: Int) -> (month: Int, day: Int) {
    let shifted = day + 719_468
    let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let dayOfEra = shifted - era * 146_097
    let year = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * year + year / 4 - year / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    return (
      month: shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9,
      day: dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
    )
  }
}
