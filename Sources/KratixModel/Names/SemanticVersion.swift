/// A version by semver.org 2.0.0, with what image tags and Promise versions allow themselves: a `v` before it, and
/// missing minor and patch numbers.
public struct SemanticVersion: Sendable, Hashable, Comparable, CustomStringConvertible {
  public var major: Int
  public var minor: Int
  public var patch: Int
  /// `beta.1` of `v1.0.0-beta.1`: the identifiers.
  public var prerelease: [String]
  /// `linux` of `1.2.3+linux`; plays no part in the order.
  public var build: [String]
  /// How many of the three numbers the text gave: 2 for `1.25`.
  public var precision: Int
  /// Whether the text began with a `v`.
  public var hasPrefix: Bool

  public init(_ major: Int, _ minor: Int, _ patch: Int, prerelease: [String] = [], hasPrefix: Bool = false) {
    self.major = major
    self.minor = minor
    self.patch = patch
    self.prerelease = prerelease
    self.build = []
    self.precision = 3
    self.hasPrefix = hasPrefix
  }

  /// nil when the text is no version: `latest`, `1.2.3.4`, `01.2.3`.
  public init?(_ text: String) {
    var rest = Substring(text)
    hasPrefix = rest.first == "v" || rest.first == "V"
    if hasPrefix { rest = rest.dropFirst() }
    build = []
    if let plus = rest.firstIndex(of: "+") {
      build = rest[rest.index(after: plus)...].split(separator: ".", omittingEmptySubsequences: false).map(String.init)
      rest = rest[..<plus]
      guard build.allSatisfy(Self.isIdentifier) else { return nil }
    }
    prerelease = []
    if let dash = rest.firstIndex(of: "-") {
      prerelease = rest[rest.index(after: dash)...].split(separator: ".", omittingEmptySubsequences: false)
        .map(String.init)
      rest = rest[..<dash]
      guard prerelease.allSatisfy(Self.isIdentifier) else { return nil }
    }
    let numbers = rest.split(separator: ".", omittingEmptySubsequences: false).map(Self.number)
    guard (1...3).contains(numbers.count), let first = numbers.first, let major = first else { return nil }
    guard let minor = numbers.count > 1 ? numbers[1] : 0, let patch = numbers.count > 2 ? numbers[2] : 0 else {
      return nil
    }
    self.major = major
    self.minor = minor
    self.patch = patch
    precision = numbers.count
  }

  public var isPrerelease: Bool { !prerelease.isEmpty }

  /// All three numbers, and the `v` where there was one.
  public var description: String {
    (hasPrefix ? "v" : "") + "\(major).\(minor).\(patch)"
      + (prerelease.isEmpty ? "" : "-" + prerelease.joined(separator: "."))
      + (build.isEmpty ? "" : "+" + build.joined(separator: "."))
  }

  /// Precedence: a prerelease comes before its release; numeric identifiers by number and before the others.
  public static func < (left: SemanticVersion, right: SemanticVersion) -> Bool {
    if left.numbers != right.numbers { return left.numbers.lexicographicallyPrecedes(right.numbers) }
    if left.prerelease.isEmpty || right.prerelease.isEmpty {
      return !left.prerelease.isEmpty && right.prerelease.isEmpty
    }
    for (one, other) in zip(left.prerelease, right.prerelease) where one != other {
      switch (Int(one), Int(other)) {
      case (let one?, let other?) where one != other: return one < other
      case (.some, nil): return true
      case (nil, .some): return false
      default: return Array(one.utf8).lexicographicallyPrecedes(Array(other.utf8))
      }
    }
    return left.prerelease.count < right.prerelease.count
  }

  /// Equal in precedence: how the version was written plays no part.
  public static func == (left: SemanticVersion, right: SemanticVersion) -> Bool {
    left.numbers == right.numbers && left.prerelease == right.prerelease
  }

  public func hash(into hasher: inout Hasher) {
    hasher.combine(numbers)
    hasher.combine(prerelease)
  }

  private var numbers: [Int] { [major, minor, patch] }

  private static func number(_ text: Substring) -> Int? {
    guard !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), text == "0" || text.first != "0" else {
      return nil
    }
    return Int(text)
  }

  private static func isIdentifier(_ text: String) -> Bool {
    !text.isEmpty
      && text.utf8.allSatisfy {
        (0x30...0x39).contains($0) || (0x61...0x7A).contains($0) || (0x41...0x5A).contains($0) || $0 == 0x2D
      }
  }
}

/// How far one version is from another.
public enum VersionStep: Int, Sendable, Hashable, Comparable {
  case patch
  case minor
  case major

  public static func < (left: VersionStep, right: VersionStep) -> Bool { left.rawValue < right.rawValue }
}

extension SemanticVersion {
  /// The highest number that differs; nil for equal precedence. A change of prerelease alone is a patch.
  public func step(to other: SemanticVersion) -> VersionStep? {
    if major != other.major { return .major }
    if minor != other.minor { return .minor }
    return self == other ? nil : .patch
  }

  /// The next version by a step. A prerelease becomes its release when that is far enough: `1.0.0-beta.1` raised by a
  /// patch is `1.0.0`.
  public func raised(by step: VersionStep) -> SemanticVersion {
    var next = self
    next.prerelease = []
    next.build = []
    next.precision = 3
    switch step {
    case .patch: if prerelease.isEmpty { next.patch += 1 }
    case .minor:
      if !prerelease.isEmpty && patch == 0 { break }
      next.minor += 1
      next.patch = 0
    case .major:
      if !prerelease.isEmpty && minor == 0 && patch == 0 { break }
      next.major += 1
      next.minor = 0
      next.patch = 0
    }
    return next
  }
}
