/// The type of an expression over an object with a schema, as the API server declares it
/// (apiextensions-apiserver, `schema/cel/model`).
indirect enum CELType: Sendable {
  case bool
  case int
  case double
  case string
  case list(CELType, isOrdered: Bool)
  /// Of texts to values.
  case map(CELType)
  /// - isResource: it has a name and a type besides its schema's properties.
  case object(SchemaNode, isResource: Bool)
  /// Of a resource: of its metadata, rules see the name alone.
  case metadata
  /// `x-kubernetes-int-or-string`.
  case dynamic
  /// The element of an empty list.
  case any

  /// nil for what rules cannot see, and for what is not evaluated here: times, durations and bytes, and values that may
  /// be null.
  init?(_ node: SchemaNode, isResource: Bool = false) {
    if node.isNullable { return nil }
    if node.isIntOrString {
      self = .dynamic
      return
    }
    switch node.typeText {
    case "boolean": self = .bool
    case "integer": self = .int
    case "number": self = .double
    case "string":
      if let format = node.formatName, Self.typedFormats.contains(format) { return nil }
      self = .string
    case "array":
      guard let element = node.items.flatMap({ CELType($0, isResource: $0.isEmbeddedResource) }) else { return nil }
      self = .list(element, isOrdered: node.listType != "set" && node.listType != "map")
    case "object":
      if let values = node.additionalProperties {
        guard let value = CELType(values, isResource: values.isEmbeddedResource) else { return nil }
        self = .map(value)
      } else if node.preservesUnknownFields, node.properties.isEmpty {
        return nil
      } else {
        self = .object(node, isResource: isResource || node.isEmbeddedResource)
      }
    default: return nil
    }
  }

  private static let typedFormats: Set<String> = ["byte", "date", "date-time", "datetime", "duration"]

  var isNumber: Bool {
    switch self {
    case .int, .double: true
    default: false
    }
  }

  /// Whether values of the two can be compared for equality.
  func matches(_ other: CELType) -> Bool {
    switch (self, other) {
    case (.any, _), (_, .any), (.bool, .bool), (.int, .int), (.double, .double), (.string, .string),
      (.metadata, .metadata), (.dynamic, .dynamic):
      true
    case (.list(let left, _), .list(let right, _)), (.map(let left), .map(let right)): left.matches(right)
    case (.object(let left, _), .object(let right, _)): left === right
    default: false
    }
  }

  /// Whether equal values may differ in the order of a list that is a set or a map.
  var isUnordered: Bool {
    switch self {
    case .list(let element, let isOrdered): !isOrdered || element.isUnordered
    case .map(let value): value.isUnordered
    case .object(let node, _): node.hasUnorderedLists
    default: false
    }
  }
}

/// Finds the type of an expression. nil is for what does not fit together, and for what is not evaluated here: the API
/// server would refuse the first, and nobody should rely on the second.
struct CELTypeChecker {
  var scope: [String: CELType]
  private(set) var used: Set<String> = []

  init(scope: [String: CELType]) { self.scope = scope }

  mutating func type(of expression: CELExpression) -> CELType? {
    switch expression {
    case .literal(.bool): return .bool
    case .literal(.int): return .int
    case .literal(.double): return .double
    case .literal(.string): return .string
    case .literal: return nil
    case .list(let elements):
      var common = CELType.any
      for element in elements {
        guard let type = type(of: element), type.matches(common) else { return nil }
        common = type
      }
      return .list(common, isOrdered: true)
    case .variable(let name):
      used.insert(name)
      return scope[name]
    case .field(let base, let name): return type(of: base).flatMap { Self.member(name, of: $0) }
    case .has(let base, let name):
      return type(of: base).flatMap { Self.member(name, of: $0) }.map { _ in .bool }
    case .index(let base, let index): return Self.element(of: type(of: base), at: type(of: index))
    case .not(let operand): return isBool(operand) ? .bool : nil
    case .and(let left, let right), .or(let left, let right): return isBool(left) && isBool(right) ? .bool : nil
    case .conditional(let condition, let yes, let no):
      guard isBool(condition), let yes = type(of: yes), let no = type(of: no), yes.matches(no) else { return nil }
      return yes
    case .equal(let left, let right):
      guard let left = type(of: left), let right = type(of: right), !left.isUnordered, !right.isUnordered else {
        return nil
      }
      if case .dynamic = left { return .bool }
      if case .dynamic = right { return .bool }
      return left.matches(right) ? .bool : nil
    case .compare(let left, _, let right): return Self.areOrdered(type(of: left), type(of: right)) ? .bool : nil
    case .arithmetic(let left, let operation, let right):
      return Self.result(of: operation, type(of: left), type(of: right))
    case .in(let element, let container):
      guard let element = type(of: element), !element.isUnordered else { return nil }
      switch type(of: container) {
      case .list(let member, _): return member.matches(element) ? .bool : nil
      case .map: return CELType.string.matches(element) ? .bool : nil
      default: return nil
      }
    case .call(let receiver, _, let argument): return isString(receiver) && isString(argument) ? .bool : nil
    case .matches(let receiver, _): return isString(receiver) ? .bool : nil
    case .size(let operand):
      switch type(of: operand) {
      case .string, .list, .map: return .int
      default: return nil
      }
    case .comprehension(let macro, let range, let name, let body): return comprehension(macro, range, name, body)
    }
  }

  private mutating func isBool(_ expression: CELExpression) -> Bool {
    if case .bool = type(of: expression) { true } else { false }
  }

  private mutating func isString(_ expression: CELExpression) -> Bool {
    if case .string = type(of: expression) { true } else { false }
  }

  /// Rules name a property as it is, unless it is a word of CEL or no identifier; then it is written otherwise.
  private static func member(_ name: String, of base: CELType) -> CELType? {
    switch base {
    case .object(let node, let isResource):
      if isResource {
        if name == "apiVersion" || name == "kind" { return .string }
        if name == "metadata" { return .metadata }
      }
      guard !reserved.contains(name), !name.contains("__") else { return nil }
      return node.properties[name].flatMap { CELType($0, isResource: $0.isEmbeddedResource) }
    case .metadata: return ["name", "generateName"].contains(name) ? .string : nil
    case .map(let value): return value
    default: return nil
    }
  }

  private static let reserved: Set<String> = [
    "as", "break", "const", "continue", "else", "for", "function", "if", "import", "in", "let", "loop", "namespace",
    "null", "package", "return", "true", "false", "var", "void", "while",
  ]

  private static func element(of base: CELType?, at index: CELType?) -> CELType? {
    switch (base, index) {
    case (.list(let element, _), .int): element
    case (.map(let value), .string): value
    default: nil
    }
  }

  private static func areOrdered(_ left: CELType?, _ right: CELType?) -> Bool {
    switch (left, right) {
    case (.string, .string), (.bool, .bool), (.dynamic, .dynamic), (.dynamic, .string), (.string, .dynamic): true
    case (.dynamic, let other?), (let other?, .dynamic): other.isNumber
    case (let left?, let right?): left.isNumber && right.isNumber
    default: false
    }
  }

  /// A number with a fraction cannot be told from a whole one in JSON: of numbers, only whole ones are computed with.
  private static func result(of operation: CELExpression.Arithmetic, _ left: CELType?, _ right: CELType?) -> CELType? {
    switch (left, right) {
    case (.int, .int): .int
    case (.string, .string) where operation == .add: .string
    case (.list(let first, true), .list(let second, true)) where operation == .add:
      first.matches(second) ? .list(first, isOrdered: true) : nil
    default: nil
    }
  }

  private mutating func comprehension(
    _ macro: CELExpression.Macro, _ range: CELExpression, _ name: String, _ body: CELExpression
  ) -> CELType? {
    let element: CELType
    switch type(of: range) {
    case .list(let member, _): element = member
    case .map: element = .string
    default: return nil
    }
    let outer = scope[name]
    scope[name] = element
    defer { scope[name] = outer }
    guard let result = type(of: body) else { return nil }
    if macro == .map { return .list(result, isOrdered: true) }
    guard case .bool = result else { return nil }
    return macro == .filter ? .list(element, isOrdered: true) : .bool
  }
}
