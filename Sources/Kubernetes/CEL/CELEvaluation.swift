/// One evaluation of an expression.
struct CELEvaluation {
  static let budgetExceeded = "cost budget exceeded"
  static let noOverload = CELValue.error("no such overload")

  var variables: [String: JSON]
  /// That are left; below zero when there were too few.
  var steps: Int

  mutating func evaluate(_ expression: CELExpression) -> CELValue {
    steps -= 1
    guard steps >= 0 else { return .error(Self.budgetExceeded) }
    switch expression {
    case .literal(let value): return .value(value)
    case .variable(let name): return variables[name].map(CELValue.value) ?? .error("no such attribute: \(name)")
    case .list(let elements): return list(elements)
    case .field(let base, let name): return evaluate(base).then { Self.member($0, name) }
    case .has(let base, let name):
      return evaluate(base).then { base in
        base.objectValue.map { .value(.bool($0[name] != nil)) } ?? Self.noOverload
      }
    case .not(let operand): return evaluate(operand).asBool.then { .value(.bool($0 == false)) }
    case .and(let left, let right): return junction(left, right, decides: false)
    case .or(let left, let right): return junction(left, right, decides: true)
    case .conditional(let condition, let yes, let no):
      switch evaluate(condition).asBool {
      case .value(let value): return evaluate(value == true ? yes : no)
      case .error(let text): return .error(text)
      }
    case .size(let operand): return evaluate(operand).then(Self.size)
    case .matches(let receiver, let pattern):
      let receiver = evaluate(receiver)
      guard case .value(let value) = receiver else { return receiver }
      guard let text = value.stringValue else { return Self.noOverload }
      steps -= text.utf8.count / 4
      return steps < 0 ? .error(Self.budgetExceeded) : .value(.bool(pattern.matches(text)))
    case .comprehension(let macro, let range, let name, let body): return comprehension(macro, range, name, body)
    case .index(let left, let right), .equal(let left, let right), .in(let left, let right),
      .compare(let left, _, let right), .arithmetic(let left, _, let right), .call(let left, _, let right):
      let first = evaluate(left)
      guard case .value(let first) = first else { return first }
      let second = evaluate(right)
      guard case .value(let second) = second else { return second }
      steps -= Self.weight(first) + Self.weight(second)
      return binary(expression, first, second)
    }
  }

  /// What looking at all of a text or list costs, in steps. Of values that are compared each part counts.
  private static func weight(_ value: JSON) -> Int {
    switch value {
    case .string(let text): text.utf8.count / 64
    case .array(let elements): elements.count / 64
    default: 0
    }
  }

  private mutating func binary(_ expression: CELExpression, _ left: JSON, _ right: JSON) -> CELValue {
    switch expression {
    case .index: Self.element(left, right)
    case .equal: .value(.bool(isEqual(left, right)))
    case .in: contains(right, left)
    case .compare(_, let comparison, _): Self.compare(left, comparison, right)
    case .arithmetic(_, let operation, _): Self.compute(left, operation, right)
    case .call(_, let function, _): Self.call(left, function, right)
    default: Self.noOverload
    }
  }

  private mutating func list(_ expressions: [CELExpression]) -> CELValue {
    var elements: [JSON] = []
    for expression in expressions {
      switch evaluate(expression) {
      case .value(let element): elements.append(element)
      case .error(let text): return .error(text)
      }
    }
    return .value(.array(elements))
  }

  /// `&&` and `||`: one side that decides is enough, though the other is an error.
  private mutating func junction(_ left: CELExpression, _ right: CELExpression, decides: Bool) -> CELValue {
    let deciding = CELValue.value(.bool(decides))
    let first = evaluate(left).asBool
    if first == deciding { return deciding }
    let second = evaluate(right).asBool
    if second == deciding { return deciding }
    if case .error = first { return first }
    return second
  }

  private mutating func comprehension(
    _ macro: CELExpression.Macro, _ range: CELExpression, _ name: String, _ body: CELExpression
  ) -> CELValue {
    let elements: [JSON]
    switch evaluate(range) {
    case .value(.array(let list)): elements = list
    case .value(.object(let members)): elements = members.keys.sorted(by: JSON.isOrderedByBytes).map(JSON.string)
    case .value: return Self.noOverload
    case .error(let text): return .error(text)
    }
    let outer = variables[name]
    defer { variables[name] = outer }
    var results: [JSON] = []
    var found = 0
    var fault: CELValue?
    for element in elements {
      variables[name] = element
      let result = macro == .map ? evaluate(body) : evaluate(body).asBool
      guard steps >= 0 else { return .error(Self.budgetExceeded) }
      switch (macro, result) {
      // An element that decides outweighs an error on another.
      case (.all, .value(false)): return .value(false)
      case (.exists, .value(true)): return .value(true)
      case (.all, .error), (.exists, .error): fault = fault ?? result
      case (_, .error): return result
      case (.map, .value(let value)): results.append(value)
      case (.filter, .value(true)): results.append(element)
      case (.existsOne, .value(true)): found += 1
      default: break
      }
    }
    if let fault { return fault }
    return switch macro {
    case .all: .value(true)
    case .exists: .value(false)
    case .existsOne: .value(.bool(found == 1))
    case .filter, .map: .value(.array(results))
    }
  }

  // MARK: Operators

  private static func member(_ base: JSON, _ name: String) -> CELValue {
    guard let members = base.objectValue else { return noOverload }
    return members[name].map(CELValue.value) ?? .error("no such key: \(name)")
  }

  private static func element(_ base: JSON, _ index: JSON) -> CELValue {
    switch (base, index) {
    case (.object, .string(let key)): return member(base, key)
    case (.array(let elements), .int(let position)):
      guard position >= 0, position < elements.count else { return .error("index out of bounds: \(position)") }
      return .value(elements[Int(position)])
    default: return noOverload
    }
  }

  /// Numbers are equal by value; values of different types are not equal.
  static func isEqual(_ left: JSON, _ right: JSON) -> Bool {
    var evaluation = CELEvaluation(variables: [:], steps: .max)
    return evaluation.isEqual(left, right)
  }

  private mutating func isEqual(_ left: JSON, _ right: JSON) -> Bool {
    steps -= 1
    guard steps >= 0 else { return false }
    switch (left, right) {
    case (.int, .double), (.double, .int): return left.doubleValue == right.doubleValue
    case (.array(let left), .array(let right)):
      guard left.count == right.count else { return false }
      for (left, right) in zip(left, right) where !isEqual(left, right) { return false }
      return true
    case (.object(let left), .object(let right)):
      guard left.count == right.count else { return false }
      for (key, value) in left {
        guard let other = right[key], isEqual(value, other) else { return false }
      }
      return true
    default: return left == right
    }
  }

  private mutating func contains(_ container: JSON, _ element: JSON) -> CELValue {
    switch container {
    case .array(let elements):
      for candidate in elements where isEqual(candidate, element) { return .value(true) }
      return .value(false)
    case .object(let members): return .value(.bool(element.stringValue.map { members[$0] != nil } ?? false))
    default: return Self.noOverload
    }
  }

  private static func compare(
    _ left: JSON, _ comparison: CELExpression.Comparison, _ right: JSON
  ) -> CELValue {
    func result<Value: Comparable>(_ left: Value, _ right: Value) -> CELValue {
      switch comparison {
      case .less: .value(.bool(left < right))
      case .lessOrEqual: .value(.bool(left <= right))
      case .greater: .value(.bool(left > right))
      case .greaterOrEqual: .value(.bool(left >= right))
      }
    }
    switch (left, right) {
    case (.int(let left), .int(let right)): return result(left, right)
    case (.int, .double), (.double, .int), (.double, .double):
      guard let left = left.doubleValue, let right = right.doubleValue else { return noOverload }
      return result(left, right)
    case (.bool(let left), .bool(let right)): return result(left ? 1 : 0, right ? 1 : 0)
    case (.string(let left), .string(let right)):
      // Texts are ordered by their bytes.
      let order = left == right ? 0 : JSON.isOrderedByBytes(left, right) ? -1 : 1
      return result(order, 0)
    default: return noOverload
    }
  }

  private static func compute(
    _ left: JSON, _ operation: CELExpression.Arithmetic, _ right: JSON
  ) -> CELValue {
    switch (left, right) {
    case (.string(let left), .string(let right)) where operation == .add: return .value(.string(left + right))
    case (.array(let left), .array(let right)) where operation == .add: return .value(.array(left + right))
    default: break
    }
    guard let left = whole(left), let right = whole(right) else { return noOverload }
    let (result, overflow): (Int64, Bool)
    switch operation {
    case .add: (result, overflow) = left.addingReportingOverflow(right)
    case .subtract: (result, overflow) = left.subtractingReportingOverflow(right)
    case .multiply: (result, overflow) = left.multipliedReportingOverflow(by: right)
    case .divide:
      if right == 0 { return .error("division by zero") }
      (result, overflow) = left.dividedReportingOverflow(by: right)
    case .remainder:
      if right == 0 { return .error("modulus by zero") }
      (result, overflow) = left.remainderReportingOverflow(dividingBy: right)
    }
    return overflow ? .error("integer overflow") : .value(.int(result))
  }

  /// A whole number, also when it is written as `3.0`.
  private static func whole(_ value: JSON) -> Int64? {
    if case .double(let number) = value { return Int64(exactly: number) }
    return value.intValue
  }

  private static func size(_ value: JSON) -> CELValue {
    switch value {
    case .string(let text): .value(.int(Int64(text.unicodeScalars.count)))
    case .array(let elements): .value(.int(Int64(elements.count)))
    case .object(let members): .value(.int(Int64(members.count)))
    default: noOverload
    }
  }

  private static func call(_ receiver: JSON, _ function: CELExpression.TextFunction, _ argument: JSON) -> CELValue {
    guard let text = receiver.stringValue, let part = argument.stringValue else { return noOverload }
    return switch function {
    case .startsWith: .value(.bool(text.utf8.starts(with: part.utf8)))
    case .endsWith: .value(.bool(text.utf8.reversed().starts(with: part.utf8.reversed())))
    case .contains: .value(.bool(contains(Array(text.utf8), Array(part.utf8))))
    }
  }

  /// Whether a text has a part, in time that grows with both (Knuth, Morris, Pratt).
  private static func contains(_ text: [UInt8], _ part: [UInt8]) -> Bool {
    if part.isEmpty { return true }
    var borders = [0]
    for byte in part.dropFirst() {
      var length = borders[borders.count - 1]
      while length > 0, part[length] != byte { length = borders[length - 1] }
      borders.append(part[length] == byte ? length + 1 : 0)
    }
    var matched = 0
    for byte in text {
      while matched > 0, part[matched] != byte { matched = borders[matched - 1] }
      if part[matched] == byte { matched += 1 }
      if matched == part.count { return true }
    }
    return false
  }
}
