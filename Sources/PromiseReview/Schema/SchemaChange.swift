import Kubernetes

/// What a difference between two schemas does to those who use the older one.
public enum Verdict: String, Sendable, Hashable, CaseIterable, Comparable {
  /// Whatever was valid stays valid and means the same.
  case compatible
  /// What is valid may change, or what it means.
  case warn
  /// Something that was valid is refused or lost.
  case breaking

  public static func < (left: Verdict, right: Verdict) -> Bool { left.rank < right.rank }

  private var rank: Int {
    switch self {
    case .compatible: 0
    case .warn: 1
    case .breaking: 2
    }
  }
}

/// One difference between two schemas.
public struct SchemaChange: Sendable, Hashable {
  public enum Kind: String, Sendable, Hashable, CaseIterable {
    case fieldAdded, fieldRemoved
    case requiredAdded, requiredRemoved
    case typeChanged
    case enumAdded, enumChanged, enumRemoved
    case boundAdded, boundChanged, boundRemoved
    case patternAdded, patternChanged, patternRemoved
    case formatAdded, formatChanged, formatRemoved
    case nullableChanged
    case defaultAdded, defaultChanged, defaultRemoved
    case listTypeChanged, listMapKeysChanged, mapTypeChanged
    case unknownFieldsChanged, mapValuesChanged, embeddedResourceChanged
    case junctorAdded, junctorChanged, junctorRemoved
    case ruleAdded, ruleChanged, ruleRemoved
    case unknownKeyword
    // Of the CustomResourceDefinition around the schema.
    case versionRemoved, versionNotServed, versionAdded, storageVersionChanged
    case scopeChanged, namesChanged, groupChanged
  }

  public var kind: Kind
  public var verdict: Verdict
  /// The value that the change is about.
  public var path: SchemaPath
  /// The keyword that differs: `maximum`, `required`, `x-kubernetes-list-type`; for fields their name.
  public var keyword: String
  public var old: JSON?
  public var new: JSON?
  /// The version of the API, when the comparison was of whole APIs.
  public var version: String?
  /// A clause about the path: `is removed`, `changes its type from number to string`.
  public var summary: String

  public init(
    _ kind: Kind, _ verdict: Verdict, at path: SchemaPath, keyword: String, old: JSON? = nil, new: JSON? = nil,
    summary: String
  ) {
    self.kind = kind
    self.verdict = verdict
    self.path = path
    self.keyword = keyword
    self.old = old
    self.new = new
    self.summary = summary
  }

  /// The rule that speaks of changes of this kind; nil for those that only add something.
  public var rule: RuleID? {
    switch kind {
    case .fieldRemoved: .apiFieldRemoved
    case .requiredAdded: .apiFieldRequired
    case .typeChanged, .embeddedResourceChanged: .apiTypeChanged
    case .enumAdded, .enumChanged, .boundAdded, .boundChanged, .patternAdded, .formatAdded, .formatChanged,
      .nullableChanged, .unknownFieldsChanged, .mapValuesChanged, .junctorAdded:
      .apiValueNarrowed
    case .junctorChanged: verdict == .breaking ? .apiValueNarrowed : .apiUnknownChange
    case .patternChanged, .ruleChanged: .apiUnknownChange
    case .defaultAdded, .defaultChanged, .defaultRemoved: .apiDefaultChanged
    case .listTypeChanged, .listMapKeysChanged, .mapTypeChanged: .apiListType
    case .ruleAdded: .apiRuleAdded
    case .unknownKeyword: .apiUnknownKeyword
    case .versionRemoved, .versionNotServed: .apiVersionRemoved
    case .storageVersionChanged: .apiUnknownChange
    case .scopeChanged, .namesChanged, .groupChanged: .apiIdentity
    case .fieldAdded, .requiredRemoved, .enumRemoved, .boundRemoved, .patternRemoved, .formatRemoved, .junctorRemoved,
      .ruleRemoved, .versionAdded:
      nil
    }
  }

  public var why: String { rule?.why ?? "Whatever was accepted still is." }

  /// What would make the change compatible.
  public var remedy: String { verdict == .compatible ? "" : rule?.remedy ?? "" }

  /// `field spec.majorVersion is removed`.
  public var sentence: String {
    let subject = path.segments.isEmpty ? "the API" : "field \(path)"
    let scope = version.map { " (version \($0))" } ?? ""
    return "\(subject) \(summary)\(scope)"
  }
}
