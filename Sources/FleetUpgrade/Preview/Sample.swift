import KratixModel

/// A part of a fleet that stands for all of it: always the same resources, as long as the fleet is the same.
public enum Sample: Sendable, Hashable {
  case count(Int)
  /// Of a hundred.
  case percent(Double)

  /// From `50` or `10%`; nil for anything else, and for nothing at all.
  public init?(_ text: String) {
    if text.hasSuffix("%") {
      guard let percent = Double(text.dropLast()), percent > 0, percent <= 100 else { return nil }
      self = .percent(percent)
    } else {
      guard let count = Int(text), count > 0 else { return nil }
      self = .count(count)
    }
  }

  /// The names that are taken, at least one of any; which ones is decided by their hashes, so that a name keeps its
  /// place when others come and go.
  public func names(_ names: [String]) -> Set<String> {
    let wanted =
      switch self {
      case .count(let count): count
      case .percent(let percent): Int((Double(names.count) * percent / 100).rounded(.up))
      }
    guard wanted < names.count else { return Set(names) }
    return Set(names.map { (Hashes.md5($0), $0) }.sorted { $0 < $1 }.prefix(wanted).map(\.1))
  }
}
