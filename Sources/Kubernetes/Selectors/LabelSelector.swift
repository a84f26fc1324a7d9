/// A selector that cannot be understood, in the API server's words.
public struct SelectorError: Error, Sendable, Hashable, CustomStringConvertible {
  public let message: String
  public init(_ message: String) { self.message = message }
  public var description: String { message }
}

/// A label selector: `app=web,tier in (a,b),!legacy`, or `matchLabels` and `matchExpressions` of an object.
public struct LabelSelector: Sendable, Hashable, CustomStringConvertible {
  public enum Operator: String, Sendable, Hashable {
    case equals = "="
    case doubleEquals = "=="
    case notEquals = "!="
    case `in` = "in"
    case notIn = "notin"
    case exists = "exists"
    case doesNotExist = "!"
    case greaterThan = "gt"
    case lessThan = "lt"
  }

  /// What one label has to be.
  public struct Requirement: Sendable, Hashable {
    public let key: String
    public let `operator`: Operator
    /// Sorted; one of them for the comparisons, none for `exists` and `!`.
    public let values: [String]
  }

  /// All of them have to hold. Sorted by key.
  public let requirements: [Requirement]

  /// Selects every object.
  public static let everything = LabelSelector(requirements: [])

  private init(requirements: [Requirement]) {
    self.requirements = requirements
  }

  /// From the syntax of `kubectl -l` and of `labelSelector` in a query. Empty selects everything.
  public init(parsing text: String) throws(SelectorError) {
    var parser = LabelSelectorParser(text)
    requirements = try parser.parse().stableSorted { $0.key }
  }

  /// From a `metav1.LabelSelector`. Null counts as `{}`, which selects everything; a field whose absence means that
  /// nothing is selected has to be looked at before.
  public init(json: JSON) throws(SelectorError) {
    var requirements: [Requirement] = []
    for (key, value) in (json["matchLabels"]?.objectValue ?? [:]) {
      guard let value = value.stringValue else {
        throw SelectorError("matchLabels[\(key)]: Invalid value: \(GoText.plain(value)): must be a string")
      }
      requirements.append(try Self.requirement(key, .in, [value]))
    }
    for expression in json["matchExpressions"]?.arrayValue ?? [] {
      let name = expression["operator"]?.stringValue ?? ""
      let operations: [String: Operator] = [
        "In": .in, "NotIn": .notIn, "Exists": .exists, "DoesNotExist": .doesNotExist,
      ]
      guard let operation = operations[name] else {
        throw SelectorError("\(GoText.quoted(name)) is not a valid label selector operator")
      }
      requirements.append(
        try Self.requirement(
          expression["key"]?.stringValue ?? "", operation, expression["values"]?.stringArrayValue ?? []))
    }
    self.requirements = requirements.stableSorted { $0.key }
  }

  /// Whether an object with these labels is selected.
  public func matches(_ labels: [String: String]) -> Bool { matches { labels[$0] } }

  /// The same, with labels looked up where they are.
  public func matches(_ label: (String) -> String?) -> Bool {
    requirements.allSatisfy { requirement in
      let value = label(requirement.key)
      switch requirement.operator {
      case .equals, .doubleEquals, .in: return value.map(requirement.values.contains) ?? false
      case .notEquals, .notIn: return value.map { !requirement.values.contains($0) } ?? true
      case .exists: return value != nil
      case .doesNotExist: return value == nil
      case .greaterThan, .lessThan:
        guard let value = value.flatMap({ Int64($0) }), let bound = requirement.values.first.flatMap({ Int64($0) })
        else { return false }
        return requirement.operator == .greaterThan ? value > bound : value < bound
      }
    }
  }

  /// The syntax again, in its normal form.
  public var description: String {
    requirements.map { requirement in
      let key = requirement.key
      let values = requirement.values.joined(separator: ",")
      return switch requirement.operator {
      case .exists: key
      case .doesNotExist: "!\(key)"
      case .in: "\(key) in (\(values))"
      case .notIn: "\(key) notin (\(values))"
      case .greaterThan: "\(key)>\(values)"
      case .lessThan: "\(key)<\(values)"
      case .equals, .doubleEquals, .notEquals: "\(key)\(requirement.operator.rawValue)\(values)"
      }
    }.joined(separator: ",")
  }

  /// A checked requirement. - Throws: what apimachinery's `NewRequirement` says.
  fileprivate static func requirement(
    _ key: String, _ operation: Operator, _ values: [String]
  ) throws(SelectorError) -> Requirement {
    var errors: [FieldError] = []
    let complaints = NameRules.qualifiedName(key)
    if !complaints.isEmpty { errors.append(.invalid("key", .string(key), complaints.joined(separator: "; "))) }
    let given = JSON(values)
    switch operation {
    case .in, .notIn:
      if values.isEmpty {
        errors.append(.invalid("values", given, "for 'in', 'notin' operators, values set can't be empty"))
      }
    case .equals, .doubleEquals, .notEquals:
      if values.count != 1 {
        errors.append(.invalid("values", given, "exact-match compatibility requires one single value"))
      }
    case .exists, .doesNotExist:
      if !values.isEmpty {
        errors.append(.invalid("values", given, "values set must be empty for exists and does not exist"))
      }
    case .greaterThan, .lessThan:
      if values.count != 1 {
        errors.append(.invalid("values", given, "for 'Gt', 'Lt' operators, exactly one value is required"))
      }
      for (index, value) in values.enumerated() where Int64(value) == nil {
        errors.append(
          .invalid("values[\(index)]", .string(value), "for 'Gt', 'Lt' operators, the value must be an integer"))
      }
    }
    for (index, value) in values.enumerated() {
      let complaints = NameRules.labelValue(value)
      if !complaints.isEmpty {
        errors.append(.invalid("values[\(index)][\(key)]", .string(value), complaints.joined(separator: "; ")))
      }
    }
    let texts = errors.map(\.description)
    guard texts.isEmpty else {
      throw SelectorError(texts.count == 1 ? texts[0] : "[\(texts.joined(separator: ", "))]")
    }
    return Requirement(key: key, operator: operation, values: Array(Set(values)).sorted(by: JSON.isOrderedByBytes))
  }
}

extension Array {
  /// Sorted by the bytes of a key; equal keys keep their order.
  func stableSorted(by key: (Element) -> String) -> [Element] {
    enumerated().map { ($0.offset, key($0.element), $0.element) }
      .sorted { $0.1 == $1.1 ? $0.0 < $1.0 : JSON.isOrderedByBytes($0.1, $1.1) }
      .map(\.2)
  }
}

/// The grammar of label selectors (k8s.io/apimachinery, labels), with the server's complaints.
private struct LabelSelectorParser {
  enum Token: Equatable {
    case error, end, close, comma, not, doubleEquals, equals, greater, identifier, `in`, less, notEquals, notIn, open
  }

  private var items: [(token: Token, text: String)] = []
  private var position = 0

  private static let symbols: [String: Token] = [
    ")": .close, ",": .comma, "!": .not, "==": .doubleEquals, "=": .equals, ">": .greater, "<": .less,
    "!=": .notEquals, "(": .open,
  ]

  init(_ text: String) {
    let bytes = Array(text.utf8)
    let specials = Array("=!(),><".utf8)
    let spaces = Array(" \t\r\n".utf8)
    var index = 0
    while index < bytes.count {
      if spaces.contains(bytes[index]) {
        index += 1
      } else if specials.contains(bytes[index]) {
        // The longest symbol, which has two characters at most; a lone character always is one.
        let two = String(decoding: bytes[index..<min(index + 2, bytes.count)], as: UTF8.self)
        let one = String(decoding: bytes[index..<index + 1], as: UTF8.self)
        if two.utf8.count == 2, let token = Self.symbols[two] {
          items.append((token, two))
          index += 2
        } else {
          items.append((Self.symbols[one] ?? .error, one))
          index += 1
        }
      } else {
        let start = index
        while index < bytes.count, !spaces.contains(bytes[index]), !specials.contains(bytes[index]) { index += 1 }
        let word = String(decoding: bytes[start..<index], as: UTF8.self)
        items.append((word == "in" ? .in : word == "notin" ? .notIn : .identifier, word))
      }
    }
    items.append((.end, ""))
  }

  /// The next token; where values are expected, `in` and `notin` are words like any other.
  private func lookahead(values: Bool = true) -> (token: Token, text: String) {
    let item = items[min(position, items.count - 1)]
    return values && (item.token == .in || item.token == .notIn) ? (.identifier, item.text) : item
  }

  private mutating func consume(values: Bool = true) -> (token: Token, text: String) {
    let item = lookahead(values: values)
    position += 1
    return item
  }

  mutating func parse() throws(SelectorError) -> [LabelSelector.Requirement] {
    var requirements: [LabelSelector.Requirement] = []
    while true {
      let next = lookahead()
      switch next.token {
      case .identifier, .not:
        do {
          requirements.append(try parseRequirement())
        } catch {
          throw SelectorError("unable to parse requirement: \(error.message)")
        }
        let separator = consume()
        switch separator.token {
        case .end: return requirements
        case .comma:
          let following = lookahead()
          guard following.token == .identifier || following.token == .not else {
            throw SelectorError("found '\(following.text)', expected: identifier after ','")
          }
        default: throw SelectorError("found '\(separator.text)', expected: ',' or 'end of string'")
        }
      case .end: return requirements
      default: throw SelectorError("found '\(next.text)', expected: !, identifier, or 'end of string'")
      }
    }
  }

  private mutating func parseRequirement() throws(SelectorError) -> LabelSelector.Requirement {
    var item = consume()
    let isNegated = item.token == .not
    if isNegated { item = consume() }
    guard item.token == .identifier else { throw SelectorError("found '\(item.text)', expected: identifier") }
    let key = item.text
    let complaints = NameRules.qualifiedName(key)
    guard complaints.isEmpty else {
      throw SelectorError(FieldError.invalid("", .string(key), complaints.joined(separator: "; ")).description)
    }
    if isNegated { return try LabelSelector.requirement(key, .doesNotExist, []) }
    let next = lookahead()
    if next.token == .end || next.token == .comma { return try LabelSelector.requirement(key, .exists, []) }

    let operation: LabelSelector.Operator
    let sign = consume(values: false)
    switch sign.token {
    case .in: operation = .in
    case .notIn: operation = .notIn
    case .equals: operation = .equals
    case .doubleEquals: operation = .doubleEquals
    case .notEquals: operation = .notEquals
    case .greater: operation = .greaterThan
    case .less: operation = .lessThan
    default: throw SelectorError("found '\(sign.text)', expected: in, notin, =, ==, !=, gt, lt")
    }
    let values = operation == .in || operation == .notIn ? try parseValues() : [try parseValue()]
    return try LabelSelector.requirement(
      key, operation, Array(Set(values)).sorted(by: JSON.isOrderedByBytes))
  }

  /// One value; nothing at all is the empty value.
  private mutating func parseValue() throws(SelectorError) -> String {
    let next = lookahead()
    if next.token == .end || next.token == .comma { return "" }
    let item = consume()
    guard item.token == .identifier else { throw SelectorError("found '\(item.text)', expected: identifier") }
    return item.text
  }

  /// `(a,b,)`: values may be empty.
  private mutating func parseValues() throws(SelectorError) -> [String] {
    let open = consume()
    guard open.token == .open else { throw SelectorError("found '\(open.text)' expected: '('") }
    var values: [String] = []
    let first = lookahead()
    switch first.token {
    case .close:
      _ = consume()
      return [""]
    case .identifier, .comma: break
    default: throw SelectorError("found '\(first.text)', expected: ',', ')' or identifier")
    }
    while true {
      let item = consume()
      switch item.token {
      case .identifier:
        values.append(item.text)
        let next = lookahead()
        if next.token == .close {
          _ = consume()
          return values
        }
        guard next.token == .comma else { throw SelectorError("found '\(next.text)', expected: ',' or ')'") }
      case .comma:
        if values.isEmpty { values.append("") }
        let next = lookahead()
        if next.token == .close {
          _ = consume()
          return values + [""]
        }
        if next.token == .comma { values.append("") }
      default: throw SelectorError("found '\(item.text)', expected: ',', or identifier")
      }
    }
  }
}
