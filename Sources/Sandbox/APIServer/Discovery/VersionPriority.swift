/// The order of API versions that discovery lists them in and that decides which one a client prefers: stable before
/// beta before alpha, higher numbers first, then anything else by its letters (`k8s.io/apimachinery/pkg/version`).
struct VersionPriority: Comparable {
  private enum Stage: Int { case other, alpha, beta, stable }

  private let text: String
  private let stage: Stage
  private let major: Int
  private let minor: Int

  init(_ version: String) {
    text = version
    guard version.hasPrefix("v") else {
      (stage, major, minor) = (.other, 0, 0)
      return
    }
    let rest = version.dropFirst()
    let digits = rest.prefix { $0.isASCII && $0.isNumber }
    let tail = rest.dropFirst(digits.count)
    guard let number = Int(digits), !digits.hasPrefix("0") else {
      (stage, major, minor) = (.other, 0, 0)
      return
    }
    if tail.isEmpty {
      (stage, major, minor) = (.stable, number, 0)
    } else if tail.hasPrefix("beta"), let minor = Self.positive(tail.dropFirst(4)) {
      (stage, major, self.minor) = (.beta, number, minor)
    } else if tail.hasPrefix("alpha"), let minor = Self.positive(tail.dropFirst(5)) {
      (stage, major, self.minor) = (.alpha, number, minor)
    } else {
      (stage, major, minor) = (.other, 0, 0)
    }
  }

  private static func positive(_ digits: Substring) -> Int? {
    guard !digits.hasPrefix("0"), digits.allSatisfy({ $0.isASCII && $0.isNumber }) else { return nil }
    return Int(digits)
  }

  /// True when `left` is preferred to `right`.
  static func < (left: VersionPriority, right: VersionPriority) -> Bool {
    if left.stage != right.stage { return left.stage.rawValue > right.stage.rawValue }
    if left.stage == .other { return left.text < right.text }
    if left.major != right.major { return left.major > right.major }
    return left.minor > right.minor
  }
}
