import KratixModel

/// Which tags a person wants: `latest`, ranges of semantic versions as npm and Helm write them, or a pattern.
public enum VersionConstraint: Sendable, Hashable, CustomStringConvertible {
  /// The highest version.
  case latest
  /// Any of the lists, of which every comparator must hold.
  case ranges([[Comparator]], text: String)
  /// A regular expression that the whole tag matches.
  case pattern(String)

  public struct Comparator: Sendable, Hashable {
    enum Relation: Sendable {
      case equal, notEqual, less, lessOrEqual, greater, greaterOrEqual
    }

    var relation: Relation
    var version: SemanticVersion
    /// Whether prereleases of `version` count as below it: `<2` does not take `2.0.0-rc.1`.
    var excludesPrereleases = false

    func holds(for other: SemanticVersion) -> Bool {
      if excludesPrereleases, other.isPrerelease, (other.major, other.minor, other.patch) == numbers { return false }
      return switch relation {
      case .equal: other == version
      case .notEqual: other != version
      case .less: other < version
      case .lessOrEqual: other <= version
      case .greater: other > version
      case .greaterOrEqual: other >= version
      }
    }

    var numbers: (Int, Int, Int) { (version.major, version.minor, version.patch) }
  }

  /// - Throws: `ConstraintError` for a text that is neither a range nor a regular expression.
  public init(parsing text: String) throws(ConstraintError) {
    let trimmed = text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    guard !trimmed.isEmpty else { throw ConstraintError(text: text, reason: "it is empty") }
    if trimmed == "latest" {
      self = .latest
    } else if let ranges = Self.ranges(trimmed) {
      self = .ranges(ranges, text: trimmed)
    } else {
      let isDelimited = trimmed.count > 2 && trimmed.hasPrefix("/") && trimmed.hasSuffix("/")
      let pattern = isDelimited ? String(trimmed.dropFirst().dropLast()) : trimmed
      do {
        _ = try Regex(pattern)
      } catch {
        throw ConstraintError(
          text: text, reason: "it is neither latest, nor a range like ~1.2, ^1 or \">=1 <2\", nor a regular expression")
      }
      self = .pattern(pattern)
    }
  }

  public var description: String {
    switch self {
    case .latest: "latest"
    case .ranges(_, let text): text
    case .pattern(let pattern): "/\(pattern)/"
    }
  }

  /// Whether a version is in the range. Prereleases are out, unless they are asked for: by `includingPrereleases`, or by
  /// a comparator that names a prerelease of the same version.
  public func allows(_ version: SemanticVersion, includingPrereleases: Bool = false) -> Bool {
    switch self {
    case .latest: return includingPrereleases || !version.isPrerelease
    case .pattern: return includingPrereleases || !version.isPrerelease
    case .ranges(let ranges, _):
      return ranges.contains { comparators in
        guard comparators.allSatisfy({ $0.holds(for: version) }) else { return false }
        return includingPrereleases || !version.isPrerelease
          || comparators.contains {
            $0.version.isPrerelease && $0.numbers == (version.major, version.minor, version.patch)
          }
      }
    }
  }

  private static func ranges(_ text: String) -> [[Comparator]]? {
    var ranges: [[Comparator]] = []
    for alternative in text.split(separator: "||", omittingEmptySubsequences: false) {
      let words = alternative.split { $0 == " " || $0 == "," }.map(String.init)
      guard !words.isEmpty, let range = conjunction(words) else { return nil }
      ranges.append(range)
    }
    return ranges
  }

  private static func conjunction(_ words: [String]) -> [Comparator]? {
    if words.count == 3, words[1] == "-" {
      guard let lower = Partial(words[0]), let upper = Partial(words[2]) else { return nil }
      return lower.comparators(">=") + upper.comparators("<=")
    }
    var comparators: [Comparator] = []
    var pending = ""
    for word in words {
      let sign = String(word.prefix { "<>=!~^".contains($0) })
      let rest = String(word.dropFirst(sign.count))
      let operation = pending + sign
      if rest.isEmpty {
        pending = operation
        continue
      }
      guard ["", "=", "==", "!=", "<", "<=", ">", ">=", "~", "~>", "^"].contains(operation), let partial = Partial(rest)
      else { return nil }
      comparators += partial.comparators(operation)
      pending = ""
    }
    return pending.isEmpty ? comparators : nil
  }

  /// `1`, `1.2`, `1.2.3-rc.1`, `1.x`, `*`.
  private struct Partial {
    /// With zeros for what is left open.
    var version: SemanticVersion
    /// How many numbers are given.
    var precision: Int

    init?(_ text: String) {
      var parts = text.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
      let isOpen = parts.firstIndex { ["x", "X", "*"].contains($0) }
      if let isOpen {
        guard parts[isOpen...].allSatisfy({ ["x", "X", "*"].contains($0) }), parts.count <= 3 else { return nil }
        parts = Array(parts[..<isOpen])
        guard !parts.isEmpty else {
          version = SemanticVersion(0, 0, 0)
          precision = 0
          return
        }
      }
      guard let version = SemanticVersion(parts.joined(separator: ".")), isOpen == nil || !version.isPrerelease else {
        return nil
      }
      self.version = version
      precision = version.precision
    }

    /// The first version that is beyond this one with its number at `place` raised.
    private func next(_ place: Int) -> Comparator? {
      let bound: SemanticVersion? =
        switch place {
        case 0: nil
        case 1: SemanticVersion(version.major + 1, 0, 0)
        case 2: SemanticVersion(version.major, version.minor + 1, 0)
        default: SemanticVersion(version.major, version.minor, version.patch + 1)
        }
      return bound.map { Comparator(relation: .less, version: $0, excludesPrereleases: true) }
    }

    func comparators(_ operation: String) -> [Comparator] {
      let from = Comparator(relation: .greaterOrEqual, version: version)
      func upTo(_ place: Int) -> [Comparator] { [from] + (next(place).map { [$0] } ?? []) }
      switch operation {
      case "^":
        if precision == 0 { return [from] }
        if version.major > 0 || precision == 1 { return upTo(1) }
        if version.minor > 0 || precision == 2 { return upTo(2) }
        return upTo(3)
      case "~", "~>": return upTo(min(precision, 2))
      case "", "=", "==":
        return precision == 3 ? [Comparator(relation: .equal, version: version)] : upTo(precision)
      case "!=": return [Comparator(relation: .notEqual, version: version)]
      case ">=": return [from]
      case "<": return [Comparator(relation: .less, version: version, excludesPrereleases: precision < 3)]
      case "<=":
        if precision == 3 { return [Comparator(relation: .lessOrEqual, version: version)] }
        return next(precision).map { [$0] } ?? [from]
      default:
        if precision == 3 { return [Comparator(relation: .greater, version: version)] }
        guard let bound = next(precision)?.version else {
          // Beyond any version: nothing is.
          return [Comparator(relation: .less, version: SemanticVersion(0, 0, 0), excludesPrereleases: true)]
        }
        return [Comparator(relation: .greaterOrEqual, version: bound)]
      }
    }
  }
}

/// A constraint that cannot be used.
public struct ConstraintError: Error, Sendable, Hashable, CustomStringConvertible {
  public var text: String
  public var reason: String

  public var description: String { "\"\(text)\" is no version constraint: \(reason)" }
}

extension VersionConstraint {
  /// The best of a repository's tags: the highest version that the constraint allows; of equal versions the tag written
  /// most precisely, and as the current one is (`v1.2.3` or `1.2.3`).
  ///
  /// A pattern may also match tags that are no versions: of those the last by its numbers is the best.
  /// - Returns: nil when no tag fits.
  public func best(of tags: [String], current: String? = nil, includingPrereleases: Bool = false) -> String? {
    if case .pattern(let pattern) = self {
      guard let expression = try? Regex(pattern) else { return nil }
      let matching = tags.filter { $0.wholeMatch(of: expression) != nil }
      let versions = matching.filter { SemanticVersion($0) != nil }
      if versions.isEmpty { return matching.max(by: Self.precedesByNumbers) }
      // A pattern that asks for a suffix asks for what semantic versions call a prerelease.
      return Self.highest(of: versions, current: current) { _ in true }
    }
    return Self.highest(of: tags, current: current) { allows($0, includingPrereleases: includingPrereleases) }
  }

  private static func highest(
    of tags: [String], current: String?, where isAllowed: (SemanticVersion) -> Bool
  ) -> String? {
    let hasPrefix = current.flatMap { SemanticVersion($0)?.hasPrefix }
    var best: (tag: String, version: SemanticVersion)?
    for tag in tags.sorted() {
      guard let version = SemanticVersion(tag), isAllowed(version) else { continue }
      guard let found = best, !(found.version < version) else {
        best = (tag, version)
        continue
      }
      guard version == found.version else { continue }
      let isMorePrecise = version.precision > found.version.precision
      let fitsBetter =
        version.precision == found.version.precision && version.hasPrefix == hasPrefix
        && found.version.hasPrefix != hasPrefix
      if isMorePrecise || fitsBetter { best = (tag, version) }
    }
    return best?.tag
  }

  /// `build-9` comes before `build-10`.
  private static func precedesByNumbers(_ one: String, _ other: String) -> Bool {
    let left = one.matches(of: #/[0-9]+|[^0-9]+/#).map { String($0.output) }
    let right = other.matches(of: #/[0-9]+|[^0-9]+/#).map { String($0.output) }
    for (left, right) in zip(left, right) where left != right {
      if let left = UInt64(left), let right = UInt64(right), left != right { return left < right }
      return left < right
    }
    return left.count < right.count
  }
}
