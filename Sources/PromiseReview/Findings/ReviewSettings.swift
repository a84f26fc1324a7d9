import KratixModel

/// What a platform says about the rules.
public struct ReviewSettings: Sendable, Hashable {
  public enum Override: String, Sendable, Hashable, CaseIterable {
    case deny
    case warn
    case info
    case off

    var severity: Severity? { Severity(rawValue: rawValue) }
  }

  /// The severities that replace those of the rules.
  public var severities: [RuleID: Override]

  public init(severities: [RuleID: Override] = [:]) { self.severities = severities }

  /// From `RULE=SEVERITY` pairs. - Throws: `SettingsError` for a rule or a severity that does not exist.
  public init(parsing pairs: [String]) throws(SettingsError) {
    severities = [:]
    for pair in pairs {
      let parts = pair.split(separator: "=", maxSplits: 1).map { $0.trimmedSpaces }
      guard parts.count == 2 else { throw SettingsError("\"\(pair)\" is not of the form RULE=SEVERITY") }
      guard let rule = RuleID(rawValue: parts[0]) else { throw SettingsError(Self.unknownRule(parts[0])) }
      guard let severity = Override(rawValue: parts[1]) else {
        let known = Override.allCases.map(\.rawValue).joined(separator: ", ")
        throw SettingsError("\"\(parts[1])\" is no severity of rule \(rule.rawValue); use one of \(known)")
      }
      severities[rule] = severity
    }
  }

  static func unknownRule(_ text: String) -> String {
    "there is no rule \"\(text)\"" + Suggestion.text(for: text, among: RuleID.allCases.map(\.rawValue))
  }
}

/// Settings that cannot be used, with the reason as a sentence.
public struct SettingsError: Error, Sendable, Hashable, CustomStringConvertible {
  public let description: String
  init(_ description: String) { self.description = description }
}

/// The annotation by which one update of a Promise gets past rules.
public enum AllowAnnotation {
  public static let key = "upgrade.kratix.io/allow"

  /// The ids that the candidate's annotation lists, when it is for this update: one that the live Promise carries
  /// already was for an earlier update and counts no more.
  static func entries(of candidate: Promise, live: Promise?) -> [String] {
    guard let text = candidate.object.annotations[key], live?.object.annotations[key] != text else { return [] }
    return text.split(separator: ",").map(\.trimmedSpaces).filter { !$0.isEmpty }
  }

  /// The rules that this update may break: written to the audit log by the webhook.
  public static func rules(of candidate: Promise, live: Promise?) -> Set<RuleID> {
    Set(entries(of: candidate, live: live).compactMap(RuleID.init(rawValue:)))
  }
}

extension Substring {
  var trimmedSpaces: String {
    var text = self
    while text.first?.isWhitespace == true { text.removeFirst() }
    while text.last?.isWhitespace == true { text.removeLast() }
    return String(text)
  }
}
