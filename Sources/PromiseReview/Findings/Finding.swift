/// How much a finding weighs.
public enum Severity: String, Sendable, Hashable, CaseIterable, Comparable {
  /// Worth knowing; shown on request.
  case info
  /// Told to the person who applies the Promise, who may go on.
  case warn
  /// The update is refused.
  case deny

  public static func < (left: Severity, right: Severity) -> Bool { left.rank < right.rank }

  private var rank: Int {
    switch self {
    case .info: 0
    case .warn: 1
    case .deny: 2
    }
  }
}

/// One thing that a rule has to say about a Promise. Data only: what a person reads is made at the edge.
public struct Finding: Sendable, Hashable {
  public var rule: RuleID
  public var severity: Severity
  /// The field that it is about: `spec.api.spec.scope`, `metadata.labels[kratix.io/promise-version]`.
  public var path: String
  /// One sentence, without the path.
  public var message: String
  /// What it rests on: the names of the resources, destinations or objects concerned, all of them.
  public var evidence: [String]
  /// What to do about it.
  public var remedy: String

  /// - Parameters:
  ///   - severity: the rule's default when nil.
  ///   - remedy: the rule's own when nil.
  public init(
    _ rule: RuleID, severity: Severity? = nil, path: String, message: String, evidence: [String] = [],
    remedy: String? = nil
  ) {
    self.rule = rule
    self.severity = severity ?? rule.defaultSeverity
    self.path = path
    self.message = message
    self.evidence = evidence
    self.remedy = remedy ?? rule.remedy
  }

  /// Path and sentence, as one line.
  public var text: String { path.isEmpty ? message : "\(path): \(message)" }

  /// Findings are the same when they say the same of the same field, however much they weigh: what ratcheting compares.
  /// List indices do not count, since inserting an item moves them.
  var identity: [String] { [rule.rawValue, Self.withoutIndices(path), message] }

  private static func withoutIndices(_ path: String) -> String {
    guard path.utf8.contains(UInt8(ascii: "[")) else { return path }
    var rest = path[...]
    var text = ""
    while let open = rest.firstIndex(of: "[") {
      text += rest[...open]
      rest = rest[rest.index(after: open)...]
      let index = rest.prefix { $0.isASCII && $0.isNumber }
      if rest[index.endIndex...].first == "]" { rest = rest[index.endIndex...] }
    }
    return text + rest
  }
}

/// Lists of names in messages.
public enum NameList {
  /// How many names a message holds at most.
  public static let limit = 10

  /// `a, b, c, ... and 402 more`.
  public static func text(_ names: [String]) -> String {
    guard names.count > limit else { return names.joined(separator: ", ") }
    return names.prefix(limit).joined(separator: ", ") + ", ... and \(names.count - limit) more"
  }

  /// `1 resource`, `3 resources`.
  public static func count(_ number: Int, _ noun: String) -> String {
    "\(number) \(noun)\(number == 1 ? "" : "s")"
  }
}
