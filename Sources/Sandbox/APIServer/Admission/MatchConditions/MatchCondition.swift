import Kubernetes

/// One entry of a webhook's `matchConditions`: a name and an expression in the part of CEL that is evaluated here.
struct MatchCondition: Sendable {
  /// What all conditions of a webhook come to.
  enum Result: Sendable, Equatable {
    case matches
    case doesNotMatch
    /// None is false, and some cannot be evaluated.
    case failed([String])
  }

  var name: String
  private var expression: MatchExpression?
  private var fault: String

  init(_ json: JSON) {
    name = json["name"]?.stringValue ?? ""
    do {
      expression = try MatchExpressionParser.parse(json["expression"]?.stringValue ?? "")
      fault = ""
    } catch {
      expression = nil
      fault = error.message
    }
  }

  /// The rule of the server: one false condition means that the webhook is not called, whatever else there is; errors
  /// count only when none is false.
  static func evaluate(_ conditions: [MatchCondition], _ input: MatchConditionInput) -> Result {
    var errors: [String] = []
    for condition in conditions {
      guard let expression = condition.expression else {
        errors.append(condition.fault)
        continue
      }
      switch expression.evaluate(input) {
      case .value(true): break
      case .value(false): return .doesNotMatch
      case .value: errors.append("cel expression evaluates to a value that is no bool")
      case .error(let message): errors.append(message)
      }
    }
    return errors.isEmpty ? .matches : .failed(errors)
  }
}

/// The variables of an expression.
struct MatchConditionInput: Sendable {
  var request: JSON
  var object: JSON
  var oldObject: JSON

  /// - Parameter request: the `request` of an AdmissionReview.
  init(_ request: JSON) {
    self.request = request
    object = request["object"] ?? .null
    oldObject = request["oldObject"] ?? .null
  }
}

/// What evaluating gives: CEL's errors are values, which `&&` and `||` can absorb.
enum MatchValue: Sendable, Equatable {
  case value(JSON)
  case error(String)
}

/// An expression: comparisons with `==` and `!=`, `&&`, `||`, `!`, `in`, `has()`, `startsWith` and `endsWith` over
/// `request`, `object` and `oldObject`.
indirect enum MatchExpression: Sendable, Hashable {
  enum Function: String, Sendable, Hashable { case startsWith, endsWith }

  case literal(JSON)
  case list([MatchExpression])
  /// `request`, `object` or `oldObject`.
  case variable(String)
  case field(MatchExpression, String)
  case index(MatchExpression, MatchExpression)
  case has(MatchExpression, String)
  case not(MatchExpression)
  case and(MatchExpression, MatchExpression)
  case or(MatchExpression, MatchExpression)
  case equal(MatchExpression, MatchExpression)
  case `in`(MatchExpression, MatchExpression)
  case call(MatchExpression, Function, MatchExpression)

  func evaluate(_ input: MatchConditionInput) -> MatchValue {
    switch self {
    case .literal(let value): .value(value)
    case .list(let elements): Self.list(elements.map { $0.evaluate(input) })
    case .variable("request"): .value(input.request)
    case .variable("object"): .value(input.object)
    case .variable: .value(input.oldObject)
    case .field(let base, let name): base.evaluate(input).then { Self.member($0, name) }
    case .index(let base, let index):
      base.evaluate(input).then { base in index.evaluate(input).then { Self.element(base, $0) } }
    case .has(let base, let name):
      base.evaluate(input).then { base in
        base.objectValue.map { .value(.bool($0[name] != nil)) } ?? Self.noOverload
      }
    case .not(let operand): operand.evaluate(input).asBool.then { .value(.bool($0 == false)) }
    case .and(let left, let right): Self.junction(left, right, input, decides: false)
    case .or(let left, let right): Self.junction(left, right, input, decides: true)
    case .equal(let left, let right):
      left.evaluate(input).then { left in right.evaluate(input).then { .value(.bool(Self.isEqual(left, $0))) } }
    case .in(let element, let container):
      element.evaluate(input).then { element in container.evaluate(input).then { Self.contains($0, element) } }
    case .call(let receiver, let function, let argument):
      receiver.evaluate(input).then { receiver in
        argument.evaluate(input).then { Self.call(receiver, function, $0) }
      }
    }
  }

  private static let noOverload = MatchValue.error("no such overload")

  private static func list(_ values: [MatchValue]) -> MatchValue {
    var elements: [JSON] = []
    for value in values {
      switch value {
      case .value(let element): elements.append(element)
      case .error: return value
      }
    }
    return .value(.array(elements))
  }

  private static func member(_ base: JSON, _ name: String) -> MatchValue {
    guard let members = base.objectValue else { return noOverload }
    return members[name].map(MatchValue.value) ?? .error("no such key: \(name)")
  }

  private static func element(_ base: JSON, _ index: JSON) -> MatchValue {
    switch (base, index) {
    case (.object, .string(let key)): return member(base, key)
    case (.array(let elements), .int(let position)):
      guard position >= 0, position < elements.count else { return .error("index out of bounds: \(position)") }
      return .value(elements[Int(position)])
    default: return noOverload
    }
  }

  /// `&&` and `||`: one side that decides is enough, though the other is an error.
  private static func junction(
    _ left: MatchExpression, _ right: MatchExpression, _ input: MatchConditionInput, decides: Bool
  ) -> MatchValue {
    let deciding = MatchValue.value(.bool(decides))
    let first = left.evaluate(input).asBool
    if first == deciding { return deciding }
    let second = right.evaluate(input).asBool
    if second == deciding { return deciding }
    if case .error = first { return first }
    return second
  }

  /// Numbers are equal by value; values of different types are not equal.
  private static func isEqual(_ left: JSON, _ right: JSON) -> Bool {
    switch (left, right) {
    case (.int, .double), (.double, .int): left.doubleValue == right.doubleValue
    case (.array(let left), .array(let right)):
      left.count == right.count && zip(left, right).allSatisfy { isEqual($0, $1) }
    case (.object(let left), .object(let right)):
      left.count == right.count
        && left.allSatisfy { key, value in right[key].map { isEqual(value, $0) } ?? false }
    default: left == right
    }
  }

  private static func contains(_ container: JSON, _ element: JSON) -> MatchValue {
    switch container {
    case .array(let elements): .value(.bool(elements.contains { isEqual($0, element) }))
    case .object(let members): .value(.bool(element.stringValue.map { members[$0] != nil } ?? false))
    default: noOverload
    }
  }

  private static func call(_ receiver: JSON, _ function: Function, _ argument: JSON) -> MatchValue {
    guard let text = receiver.stringValue, let part = argument.stringValue else { return noOverload }
    return switch function {
    case .startsWith: .value(.bool(text.utf8.starts(with: part.utf8)))
    case .endsWith: .value(.bool(text.utf8.reversed().starts(with: part.utf8.reversed())))
    }
  }
}

extension MatchValue {
  func then(_ next: (JSON) -> MatchValue) -> MatchValue {
    switch self {
    case .value(let value): next(value)
    case .error: self
    }
  }

  /// The value, when it is true or false.
  var asBool: MatchValue {
    then { $0.boolValue == nil ? .error("no such overload") : .value($0) }
  }
}
