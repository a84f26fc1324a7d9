/// RFC 3339 in UTC, the way Kubernetes writes times, to and from seconds since 1970. The proleptic Gregorian calendar is
/// computed here, so that this room needs no clock and no locale.
public enum Timestamp {
  /// `2026-11-22T22:02:40Z`.
  public static func text(secondsSince1970 seconds: Int64) -> String {
    let (day, second) = floorDivide(seconds, 86_400)
    let (year, month, dayOfMonth) = civil(fromDays: day)
    return pad(year, 4) + "-" + pad(month, 2) + "-" + pad(dayOfMonth, 2) + "T" + pad(second / 3600, 2) + ":"
      + pad(second / 60 % 60, 2) + ":" + pad(second % 60, 2) + "Z"
  }

  /// `2026-11-22T22:02:40.123456Z`, as `MicroTime` fields (events, leases) have it.
  public static func microText(secondsSince1970 seconds: Double) -> String {
    let whole = seconds.rounded(.down)
    let micros = min(999_999, Int64(((seconds - whole) * 1e6).rounded()))
    return String(text(secondsSince1970: Int64(whole)).dropLast()) + "." + pad(micros, 6) + "Z"
  }

  /// Seconds since 1970 of an RFC 3339 time with `Z` or an offset, and any fraction; nil for anything else.
  public static func secondsSince1970(_ text: String) -> Double? {
    let bytes = Array(text.utf8)
    guard bytes.count >= 20, bytes[4] == 0x2D, bytes[7] == 0x2D, bytes[10] == 0x54 || bytes[10] == 0x74,
      bytes[13] == 0x3A, bytes[16] == 0x3A
    else { return nil }
    func number(_ start: Int, _ count: Int) -> Int64? {
      var value: Int64 = 0
      for byte in bytes[start..<start + count] {
        guard (0x30...0x39).contains(byte) else { return nil }
        value = value * 10 + Int64(byte - 0x30)
      }
      return value
    }
    guard let year = number(0, 4), let month = number(5, 2), let day = number(8, 2), let hour = number(11, 2),
      let minute = number(14, 2), let second = number(17, 2), (1...12).contains(month), day >= 1,
      day <= daysIn(month: month, year: year), hour < 24, minute < 60, second < 60
    else { return nil }
    var index = 19
    var fraction = 0.0
    if bytes[index] == 0x2E {
      index += 1
      var scale = 0.1
      let start = index
      while index < bytes.count, (0x30...0x39).contains(bytes[index]) {
        fraction += Double(bytes[index] - 0x30) * scale
        scale /= 10
        index += 1
      }
      guard index > start else { return nil }
    }
    var offset: Int64 = 0
    switch bytes.count - index {
    case 1 where bytes[index] == 0x5A || bytes[index] == 0x7A: break
    case 6 where (bytes[index] == 0x2B || bytes[index] == 0x2D) && bytes[index + 3] == 0x3A:
      guard let hours = number(index + 1, 2), let minutes = number(index + 4, 2), hours < 24, minutes < 60 else {
        return nil
      }
      offset = (hours * 3600 + minutes * 60) * (bytes[index] == 0x2B ? 1 : -1)
    default: return nil
    }
    return Double(days(fromYear: year, month: month, day: day) * 86_400 + hour * 3600 + minute * 60 + second - offset)
      + fraction
  }

  private static func floorDivide(_ value: Int64, _ by: Int64) -> (Int64, Int64) {
    let quotient = value >= 0 ? value / by : -((-value + by - 1) / by)
    return (quotient, value - quotient * by)
  }

  private static func daysIn(month: Int64, year: Int64) -> Int64 {
    switch month {
    case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
    case 4, 6, 9, 11: 30
    default: 31
    }
  }

  /// Days since 1970-01-01, by eras of 400 years.
  private static func days(fromYear year: Int64, month: Int64, day: Int64) -> Int64 {
    let y = month <= 2 ? year - 1 : year
    let (era, yearOfEra) = floorDivide(y, 400)
    let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
  }

  private static func civil(fromDays days: Int64) -> (year: Int64, month: Int64, day: Int64) {
    let (era, dayOfEra) = floorDivide(days + 719_468, 146_097)
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shifted = (5 * dayOfYear + 2) / 153
    let month = shifted + (shifted < 10 ? 3 : -9)
    return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shifted + 2) / 5 + 1)
  }

  private static func pad(_ value: Int64, _ width: Int) -> String {
    let text = String(value)
    return String(repeating: "0", count: max(0, width - text.count)) + text
  }
}
