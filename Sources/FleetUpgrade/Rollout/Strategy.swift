import Kubernetes

/// How many: so many, or so much of a whole.
public enum Amount: Sendable, Hashable, CustomStringConvertible {
  case count(Int)
  case percent(Int)

  /// From `3`, or `25%`; nil for anything else, negative numbers and more than 100% included.
  public init?(_ json: JSON) {
    if let count = json.intValue, (0...1_000_000).contains(count) {
      self = .count(Int(count))
    } else if let text = json.stringValue, text.hasSuffix("%"), let percent = Int(text.dropLast()),
      (0...100).contains(percent)
    {
      self = .percent(percent)
    } else if let text = json.stringValue, let count = Int(text), (0...1_000_000).contains(count) {
      self = .count(count)
    } else {
      return nil
    }
  }

  /// Of a whole; a part of one resource counts as one.
  public func of(_ total: Int) -> Int {
    switch self {
    case .count(let count): min(count, total)
    case .percent(let percent): (total * percent + 99) / 100
    }
  }

  /// The same, rounded down: for what is not to be exceeded.
  func atMost(of total: Int) -> Int {
    switch self {
    case .count(let count): min(count, total)
    case .percent(let percent): total * percent / 100
    }
  }

  public var json: JSON {
    switch self {
    case .count(let count): JSON(count)
    case .percent(let percent): .string("\(percent)%")
    }
  }

  public var description: String {
    switch self {
    case .count(let count): "\(count)"
    case .percent(let percent): "\(percent)%"
    }
  }
}

/// A version, or with slashes around it a regular expression of the whole version.
public struct VersionPattern: Sendable, Hashable {
  public let text: String
  private let isExpression: Bool

  /// - Throws: `StrategyError` when the expression cannot be read.
  public init(_ text: String) throws(StrategyError) {
    self.text = text
    isExpression = text.count >= 2 && text.hasPrefix("/") && text.hasSuffix("/")
    guard isExpression else { return }
    do {
      _ = try expression
    } catch {
      throw StrategyError("\(text) is no regular expression: \(error)")
    }
  }

  private var expression: RegularExpression {
    get throws { try RegularExpression("^(?:\(text.dropFirst().dropLast()))$") }
  }

  public func matches(_ version: String) -> Bool {
    guard isExpression else { return version == text }
    return (try? expression.matches(version)) ?? false
  }
}

/// In which order, how many at a time, and how carefully a fleet is moved.
public struct Strategy: Sendable, Hashable {
  /// One wave.
  public struct Group: Sendable, Hashable {
    /// Which resources it takes of those that no earlier group took.
    public enum Members: Sendable, Hashable {
      case matching(LabelSelector, source: JSON)
      /// All that are left.
      case remainder
    }

    public var name: String
    public var members: Members
    /// How many of them it takes at most, as a part of the fleet; all when nil.
    public var size: Amount?
    /// How many move at a time, as a part of the group; all when nil.
    public var maxConcurrent: Amount?
    /// How long everything has to stay well before the next group.
    public var soak: GoDuration
    /// How many of the group may fail.
    public var maxFailures: Amount
    /// Whether somebody has to approve before the next group.
    public var approval: Bool
    /// How long one resource may take; as long as it likes when nil.
    public var timeout: GoDuration?
    /// When its resources may begin to move.
    public var windows: UpgradeWindows

    public init(
      name: String, members: Members = .remainder, size: Amount? = nil, maxConcurrent: Amount? = nil,
      soak: GoDuration = GoDuration(nanoseconds: 0), maxFailures: Amount = .count(0), approval: Bool = false,
      timeout: GoDuration? = nil, windows: UpgradeWindows = UpgradeWindows([])
    ) {
      self.timeout = timeout
      self.windows = windows
      self.name = name
      self.members = members
      self.size = size
      self.maxConcurrent = maxConcurrent
      self.soak = soak
      self.maxFailures = maxFailures
      self.approval = approval
    }
  }

  public var groups: [Group]
  /// Nothing is held before; seconds since 1970.
  public var startAt: Double?
  /// The versions from which resources are moved; empty for all.
  public var from: [VersionPattern]
  /// The Promise and the version that it was written for; nil for any.
  public var promise: String?
  public var to: String?

  public init(
    groups: [Group], startAt: Double? = nil, from: [VersionPattern] = [], promise: String? = nil, to: String? = nil
  ) {
    self.groups = groups
    self.startAt = startAt
    self.from = from
    self.promise = promise
    self.to = to
  }

  func takes(version: String?) -> Bool {
    from.isEmpty || from.contains { pattern in version.map(pattern.matches) ?? false }
  }

  /// One canary, then a quarter, then the rest; the first failure stops.
  public static let standard = Strategy(groups: [
    Group(name: "canary", size: .count(1)), Group(name: "quarter", size: .percent(25)), Group(name: "rest"),
  ])

  /// The wave of each resource, by its key: the first group that takes it. A resource that none takes has no wave.
  /// - Parameters:
  ///   - labels: of every resource that takes part.
  ///   - known: waves given before; they stay.
  public func waves(of labels: [String: [String: String]], known: [String: Int] = [:]) -> [String: Int] {
    var waves = known.filter { labels[$0.key] != nil }
    for (index, group) in groups.enumerated() {
      let size = group.size.map { $0.of(labels.count) } ?? .max
      var room = size - waves.values.count { $0 == index }
      for key in labels.keys.sorted() where room > 0 && waves[key] == nil {
        guard group.takes(labels[key] ?? [:]) else { continue }
        waves[key] = index
        room -= 1
      }
    }
    return waves
  }
}

extension Strategy.Group {
  func takes(_ labels: [String: String]) -> Bool {
    switch members {
    case .matching(let selector, _): selector.matches(labels)
    case .remainder: true
    }
  }

  /// How many may move at a time in a group of so many: at least one.
  func concurrency(of total: Int) -> Int { max(1, maxConcurrent.map { $0.atMost(of: total) } ?? total) }
}
