import Kubernetes

/// A strategy that cannot be used, and why: one sentence that names the place.
public struct StrategyError: Error, Sendable, Hashable, CustomStringConvertible {
  public let message: String
  public init(_ message: String) { self.message = message }
  public var description: String { message }
}

extension Strategy {
  static let maximumGroups = 100

  /// From a strategy file: a document with `groups`, or a document of kind `UpgradePlan` with `spec.rolloutGroups`.
  /// - Parameter now: seconds since 1970; an UpgradePlan's schedule means its next time.
  /// - Throws: `StrategyError`.
  public init(yaml text: String, now: Double) throws(StrategyError) {
    let document: JSON
    do {
      let documents = try YAML.documents(text).filter { !$0.isNull }
      guard let first = documents.first else { throw StrategyError("the strategy is empty: give it groups") }
      guard documents.count == 1 else {
        throw StrategyError("the strategy has \(documents.count) documents: one is expected")
      }
      document = first
    } catch let error as YAMLSyntaxError {
      throw StrategyError("line \(error.line), column \(error.column): not YAML: \(error.reason)")
    } catch let error as StrategyError {
      throw error
    } catch {
      throw StrategyError("\(error)")
    }
    if document["kind"]?.stringValue == "UpgradePlan" {
      try self.init(upgradePlan: document, now: now)
      return
    }
    try self.init(json: document)
  }

  /// - Throws: `StrategyError` that names the field.
  public init(json: JSON) throws(StrategyError) {
    guard let object = json.objectValue else {
      throw StrategyError("a strategy is a mapping with groups, not \(json.typeName)")
    }
    for key in object.keys.sorted() where !Self.fields.contains(key) {
      throw StrategyError("\(key): no such field; a strategy has groups, startAt and timeZone")
    }
    guard let entries = json["groups"]?.arrayValue, !entries.isEmpty else {
      throw StrategyError("groups: a list of at least one group is expected")
    }
    guard entries.count <= Self.maximumGroups else {
      throw StrategyError("groups: \(entries.count) of them, more than \(Self.maximumGroups)")
    }
    var groups: [Group] = []
    for (index, entry) in entries.enumerated() {
      let group = try Group(json: entry, path: "groups[\(index)]")
      guard !groups.contains(where: { $0.name == group.name }) else {
        throw StrategyError("groups[\(index)].name: there is a group \(group.name) already")
      }
      if let last = groups.last, case .remainder = last.members, last.size == nil {
        throw StrategyError(
          "groups[\(index)]: nothing is left for it, since group \(last.name) takes all that remain; put that one last")
      }
      groups.append(group)
    }
    var from: [VersionPattern] = []
    for entry in json["from"]?.arrayValue ?? [] { from.append(try VersionPattern(entry.stringValue ?? "")) }
    var startAt: Double?
    if let text = json["startAt"]?.stringValue {
      startAt = try Self.moment(text, timeZone: json["timeZone"]?.stringValue, path: "startAt")
    }
    self.init(
      groups: groups, startAt: startAt, from: from, promise: json["promise"]?.stringValue,
      to: json["to"]?.stringValue)
  }

  private static let fields: Set<String> = ["groups", "startAt", "timeZone", "from", "promise", "to"]

  public var json: JSON {
    var json: JSON = ["groups": .array(groups.map(\.json))]
    json["startAt"] = startAt.map { .string(Timestamp.text(secondsSince1970: Int64($0))) }
    if !from.isEmpty { json["from"] = .array(from.map { .string($0.text) }) }
    json["promise"] = promise.map(JSON.string)
    json["to"] = to.map(JSON.string)
    return json
  }
}

extension Strategy.Group {
  private static let fields: Set<String> = [
    "name", "matchLabels", "matchExpressions", "matchAll", "size", "maxConcurrent", "soak", "maxFailures", "approval",
    "pauseAfter", "timeout", "windows",
  ]

  init(json: JSON, path: String) throws(StrategyError) {
    guard let object = json.objectValue else {
      throw StrategyError("\(path): a group is a mapping, not \(json.typeName)")
    }
    for key in object.keys.sorted() where !Self.fields.contains(key) {
      throw StrategyError("\(path).\(key): no such field; a group has \(Self.fields.sorted().joined(separator: ", "))")
    }
    guard let name = json["name"]?.stringValue, !name.isEmpty, name.utf8.count <= 63 else {
      throw StrategyError("\(path).name: a name of 1 to 63 characters is expected")
    }
    let hasSelector = json["matchLabels"] != nil || json["matchExpressions"] != nil
    switch json["matchAll"] {
    case nil, .some(false):
      guard hasSelector || json["size"] != nil else {
        throw StrategyError(
          "\(path): say which resources: matchLabels, matchExpressions, matchAll: true, or a size of what remains")
      }
    case .some(true):
      guard !hasSelector else { throw StrategyError("\(path).matchAll: excludes matchLabels and matchExpressions") }
    case .some(let other):
      throw StrategyError("\(path).matchAll: true or false is expected, not \(other.text())")
    }
    var members = Members.remainder
    if hasSelector {
      var source = JSON.emptyObject
      source["matchLabels"] = json["matchLabels"]
      source["matchExpressions"] = json["matchExpressions"]
      do {
        members = .matching(try LabelSelector(json: source), source: source)
      } catch {
        throw StrategyError("\(path): \(error)")
      }
    }
    self.init(
      name: name, members: members, size: try Self.amount(json, "size", path, minimum: 1),
      maxConcurrent: try Self.amount(json, "maxConcurrent", path, minimum: 1),
      soak: try Self.duration(json, "soak", path) ?? GoDuration(nanoseconds: 0),
      maxFailures: try Self.amount(json, "maxFailures", path, minimum: 0) ?? .count(0),
      approval: [try Self.flag(json, "approval", path), try Self.flag(json, "pauseAfter", path)].contains(true),
      timeout: try Self.duration(json, "timeout", path),
      windows: try UpgradeWindows(json: json["windows"], path: "\(path).windows"))
  }

  private static func amount(
    _ json: JSON, _ key: String, _ path: String, minimum: Int
  ) throws(StrategyError) -> Amount? {
    guard let value = json[key], !value.isNull else { return nil }
    guard let amount = Amount(value), amount.of(100) >= minimum else {
      throw StrategyError(
        "\(path).\(key): a number from \(minimum) on or a percentage such as 25% is expected, not \(value.text())")
    }
    return amount
  }

  private static func duration(_ json: JSON, _ key: String, _ path: String) throws(StrategyError) -> GoDuration? {
    guard let value = json[key], !value.isNull else { return nil }
    guard let duration = value.stringValue.flatMap({ GoDuration($0) }), duration.nanoseconds >= 0 else {
      throw StrategyError("\(path).\(key): a duration such as 90s, 5m or 1h30m is expected, not \(value.text())")
    }
    return duration
  }

  private static func flag(_ json: JSON, _ key: String, _ path: String) throws(StrategyError) -> Bool {
    guard let value = json[key], !value.isNull else { return false }
    guard let flag = value.boolValue else {
      throw StrategyError("\(path).\(key): true or false is expected, not \(value.text())")
    }
    return flag
  }

  var json: JSON {
    var json: JSON = ["name": .string(name)]
    switch members {
    case .matching(_, let source):
      json["matchLabels"] = source["matchLabels"]
      json["matchExpressions"] = source["matchExpressions"]
    case .remainder: json["matchAll"] = true
    }
    json["size"] = size?.json
    json["maxConcurrent"] = maxConcurrent?.json
    if soak.nanoseconds > 0 { json["soak"] = .string(soak.description) }
    if maxFailures != .count(0) { json["maxFailures"] = maxFailures.json }
    if approval { json["approval"] = true }
    json["timeout"] = timeout.map { .string($0.description) }
    if !windows.windows.isEmpty { json["windows"] = windows.json }
    return json
  }
}
