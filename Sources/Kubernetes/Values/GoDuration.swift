/// A Go duration: `10h`, `1m30s`, `1.5h`, `250ms`. There is no unit of days (contract, section 5.5).
public struct GoDuration: Sendable, Hashable, Comparable {
  public var nanoseconds: Int64

  public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

  /// The nearest duration there is: what is longer than 292 years is cut to that.
  public static func seconds(_ value: Double) -> GoDuration {
    GoDuration(nanoseconds: Int64(exactly: (value * 1e9).rounded()) ?? (value < 0 ? .min : .max))
  }

  /// nil when the text is no Go duration.
  public init?(_ text: String) {
    var rest = Substring(text)
    var sign: Double = 1
    if let first = rest.first, first == "-" || first == "+" {
      if first == "-" { sign = -1 }
      rest.removeFirst()
    }
    if rest == "0" {
      nanoseconds = 0
      return
    }
    guard !rest.isEmpty else { return nil }
    var total = 0.0
    while !rest.isEmpty {
      let number = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
      guard number.contains(where: \.isNumber), number.filter({ $0 == "." }).count <= 1,
        let value = Double(number.hasPrefix(".") ? "0" + number : number.hasSuffix(".") ? number + "0" : String(number))
      else { return nil }
      rest = rest.dropFirst(number.count)
      let unit = rest.prefix { !($0.isASCII && ($0.isNumber || $0 == ".")) }
      let scale: Double
      switch unit {
      case "ns": scale = 1
      case "us", "µs", "μs": scale = 1e3
      case "ms": scale = 1e6
      case "s": scale = 1e9
      case "m": scale = 60e9
      case "h": scale = 3600e9
      default: return nil
      }
      rest = rest.dropFirst(unit.count)
      total += value * scale
    }
    guard total < 9.2e18 else { return nil }
    nanoseconds = Int64(sign * total)
  }

  public static func < (left: GoDuration, right: GoDuration) -> Bool { left.nanoseconds < right.nanoseconds }

  public var duration: Duration { .nanoseconds(nanoseconds) }
  public var seconds: Double { Double(nanoseconds) / 1e9 }
}

extension GoDuration: CustomStringConvertible {
  /// As Go's `Duration.String` writes it: `10h0m0s`, `1m30s`, `1.5s`, `250ms`.
  public var description: String {
    if nanoseconds == 0 { return "0s" }
    let magnitude = nanoseconds.magnitude
    let sign = nanoseconds < 0 ? "-" : ""
    func decimal(_ value: UInt64, unit: UInt64) -> String {
      let whole = value / unit
      var fraction = String(value % unit)
      let width = String(unit).count - 1
      fraction = String(repeating: "0", count: max(0, width - fraction.count)) + fraction
      while fraction.hasSuffix("0") { fraction.removeLast() }
      return fraction.isEmpty ? "\(whole)" : "\(whole).\(fraction)"
    }
    if magnitude < 1_000 { return "\(sign)\(magnitude)ns" }
    if magnitude < 1_000_000 { return "\(sign)\(decimal(magnitude, unit: 1_000))µs" }
    if magnitude < 1_000_000_000 { return "\(sign)\(decimal(magnitude, unit: 1_000_000))ms" }
    let minutes = magnitude / 60_000_000_000
    let seconds = decimal(magnitude % 60_000_000_000, unit: 1_000_000_000) + "s"
    if minutes == 0 { return sign + seconds }
    if minutes < 60 { return "\(sign)\(minutes)m\(seconds)" }
    return "\(sign)\(minutes / 60)h\(minutes % 60)m\(seconds)"
  }
}
