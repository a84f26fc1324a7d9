/// One rule of `x-kubernetes-validations` that is evaluated here.
struct ValidationRule: Sendable {
  let source: String
  let expression: CELExpression
  /// A transition rule: asked only where there was a value before.
  let usesOldSelf: Bool
  private let message: String?
  private let messageExpression: CELExpression?
  private let reason: String?
  /// Below the value, without the dot in front.
  private let fieldPath: String?

  private static let dialect = CELDialect(
    variables: ["self", "oldSelf"],
    operators: ["==", "!=", "&&", "||", "!", "in", "<", "<=", ">", ">=", "+", "-", "*", "/", "%", "?", ":"],
    functions: [
      "size", "startsWith", "endsWith", "contains", "matches", "all", "exists", "exists_one", "filter", "map",
    ], summary: "")

  /// nil for a rule that is not evaluated: one beyond the part of CEL that is known here, or that does not fit the schema.
  init?(_ rule: JSON, on node: SchemaNode, isResource: Bool) {
    let known: Set<String> = ["rule", "message", "messageExpression", "reason", "fieldPath", "optionalOldSelf"]
    guard let members = rule.objectValue, members.keys.allSatisfy(known.contains),
      rule["optionalOldSelf"]?.boolValue != true, let source = rule["rule"]?.stringValue,
      let expression = try? CELParser.parse(source, Self.dialect)
    else { return nil }
    func text(_ key: String) -> String? { rule[key]?.stringValue.flatMap { $0.isEmpty ? nil : $0 } }
    self.source = source.trimmed
    self.expression = expression
    message = text("message")?.trimmed
    reason = text("reason")
    if Self.isImmutability(expression) {
      usesOldSelf = true
    } else {
      guard let type = CELType(node, isResource: isResource) else { return nil }
      var checker = CELTypeChecker(scope: ["self": type, "oldSelf": type])
      guard case .bool = checker.type(of: expression) else { return nil }
      usesOldSelf = checker.used.contains("oldSelf")
    }
    if let text = text("messageExpression") {
      guard let type = CELType(node, isResource: isResource), let parsed = try? CELParser.parse(text, Self.dialect)
      else { return nil }
      var checker = CELTypeChecker(scope: usesOldSelf ? ["self": type, "oldSelf": type] : ["self": type])
      guard case .string = checker.type(of: parsed) else { return nil }
      messageExpression = parsed
    } else {
      messageExpression = nil
    }
    if let path = text("fieldPath") {
      guard let relative = Self.fieldPath(path, in: node) else { return nil }
      fieldPath = relative
    } else {
      fieldPath = nil
    }
  }

  /// `self == oldSelf`, of values of any type.
  private static func isImmutability(_ expression: CELExpression) -> Bool {
    if case .equal(.variable("self"), .variable("oldSelf")) = expression { true } else { false }
  }

  /// `.a.b`, of properties that there are.
  private static func fieldPath(_ path: String, in node: SchemaNode) -> String? {
    guard path.hasPrefix(".") else { return nil }
    var current = node
    for name in path.dropFirst().split(separator: ".", omittingEmptySubsequences: false) {
      guard let child = current.properties[String(name)] else { return nil }
      current = child
    }
    return String(path.dropFirst())
  }

  enum Verdict {
    case holds
    /// - isOfValue: what failed is the rule, not its evaluation; then an unchanged value is let pass.
    case fails(FieldError, isOfValue: Bool)
  }

  func judge(_ value: JSON, old: JSON?, on node: SchemaNode, path: String) -> Verdict {
    if usesOldSelf, old == nil { return .holds }
    var variables = ["self": value]
    variables["oldSelf"] = old
    let result: CELValue
    if let old, Self.isImmutability(expression) {
      result = .value(.bool(node.isEqual(value, old)))
    } else {
      result = expression.evaluate(variables)
    }
    switch result {
    case .value(true): return .holds
    case .value:
      return .fails(refusal(value, variables, node, path: path), isOfValue: true)
    case .error(let fault):
      let text = message ?? source
      let detail =
        switch fault {
        case "no such overload":
          "'no such overload': call arguments did not match a supported operator, function or macro signature for "
            + "rule: \(text)"
        case CELEvaluation.budgetExceeded:
          "validation failed due to running out of cost budget, no further validation rules will be run"
        default: "\(fault) evaluating rule: \(text)"
        }
      return .fails(
        .invalid(path, .string(node.isIntOrString ? "" : node.typeText), detail), isOfValue: false)
    }
  }

  private func refusal(_ value: JSON, _ variables: [String: JSON], _ node: SchemaNode, path: String) -> FieldError {
    var detail = message ?? "failed rule: \(source)"
    if let messageExpression, case .value(.string(let text)) = messageExpression.evaluate(variables),
      !text.trimmed.isEmpty, !text.trimmed.contains(where: \.isNewline)
    {
      detail = text.trimmed
    }
    let field = fieldPath.map { path.isEmpty ? $0 : "\(path).\($0)" } ?? path
    // What is an object or a list is not shown.
    let shown: JSON? = ["object", "array"].contains(node.typeText) ? nil : value
    return switch reason {
    case "FieldValueForbidden": .forbidden(field, detail)
    case "FieldValueRequired": .required(field, detail)
    case "FieldValueDuplicate": FieldError(kind: .duplicate, field: field, value: shown)
    default: FieldError(kind: .invalid, field: field, value: shown, detail: detail)
    }
  }
}

/// The rules of a whole schema, with the words of the API server (apiextensions-apiserver, `schema/cel`).
struct ValidationRules: Sendable {
  private var byNode: [ObjectIdentifier: [ValidationRule]] = [:]
  /// Whether there is one that is not among them.
  private(set) var hasUnevaluated = false

  init(_ root: SchemaNode, isResource: Bool) {
    compile(root, isResource: isResource)
  }

  private mutating func compile(_ node: SchemaNode, isResource: Bool) {
    guard node.hasRules else { return }
    let rules = node.rules.compactMap { ValidationRule($0, on: node, isResource: isResource) }
    if rules.count < node.rules.count { hasUnevaluated = true }
    if !rules.isEmpty { byNode[ObjectIdentifier(node)] = rules }
    for child in node.sortedProperties.map(\.node) + [node.additionalProperties, node.items].compactMap({ $0 }) {
      compile(child, isResource: child.isEmbeddedResource)
    }
  }

  /// What the rules say of a value. A value that has not changed may stay as it is, with a warning.
  /// - Parameters:
  ///   - old: what was there before, where that can be told: members of objects and maps, and elements of lists that are
  ///     maps.
  ///   - isUnchanged: whether the nearest value around that was there before is the same.
  func validate(
    _ value: JSON, _ node: SchemaNode, old: JSON?, path: String, isUnchanged: Bool = false
  ) -> (errors: [FieldError], warnings: [FieldError]) {
    var errors: [FieldError] = []
    var warnings: [FieldError] = []
    guard node.hasRules, !value.isNull else { return (errors, warnings) }
    let isUnchanged = old.map { $0 == value } ?? isUnchanged
    func add(_ found: (errors: [FieldError], warnings: [FieldError])) {
      errors += found.errors
      warnings += found.warnings
    }
    for rule in byNode[ObjectIdentifier(node)] ?? [] {
      guard case .fails(let error, let isOfValue) = rule.judge(value, old: old, on: node, path: path) else { continue }
      if isUnchanged, isOfValue, !rule.usesOldSelf { warnings.append(error) } else { errors.append(error) }
    }
    switch value {
    case .object(let members):
      for (name, member) in members.sorted(by: { JSON.isOrderedByBytes($0.key, $1.key) }) {
        guard let child = node.child(name) else { continue }
        let isEntry = node.properties[name] == nil
        let field = isEntry ? "\(path)[\(name)]" : path.isEmpty ? name : "\(path).\(name)"
        add(validate(member, child, old: old?[name], path: field, isUnchanged: isUnchanged))
      }
    case .array(let elements):
      guard let items = node.items else { break }
      let before = node.listType == "map" ? old?.arrayValue ?? [] : []
      for (index, element) in elements.enumerated() {
        let previous = before.first { candidate in node.listMapKeys.allSatisfy { candidate[$0] == element[$0] } }
        add(validate(element, items, old: previous, path: "\(path)[\(index)]", isUnchanged: isUnchanged))
      }
    default: break
    }
    return (errors, warnings)
  }
}

extension SchemaNode {
  /// Whether two values are the same to CEL: lists that are sets or maps may be in any order.
  func isEqual(_ left: JSON, _ right: JSON) -> Bool {
    guard hasUnorderedLists else { return CELEvaluation.isEqual(left, right) }
    switch (left, right) {
    case (.array(let left), .array(let right)):
      guard left.count == right.count, let items else { return CELEvaluation.isEqual(.array(left), .array(right)) }
      switch listType {
      case "set": return Set(left) == Set(right)
      case "map":
        let others = Dictionary(right.map { (keys(of: $0), $0) }, uniquingKeysWith: { first, _ in first })
        return left.allSatisfy { element in others[keys(of: element)].map { items.isEqual(element, $0) } ?? false }
      default: return zip(left, right).allSatisfy { items.isEqual($0, $1) }
      }
    case (.object(let left), .object(let right)):
      return left.count == right.count
        && left.allSatisfy { name, value in
          guard let other = right[name] else { return false }
          return child(name)?.isEqual(value, other) ?? CELEvaluation.isEqual(value, other)
        }
    default: return CELEvaluation.isEqual(left, right)
    }
  }

  /// What tells an element of a list that is a map from the others.
  private func keys(of element: JSON) -> [JSON] { listMapKeys.map { element[$0] ?? .null } }
}

extension String {
  fileprivate var trimmed: String {
    String(drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
  }
}
