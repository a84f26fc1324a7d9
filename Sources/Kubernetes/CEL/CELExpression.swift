/// What evaluating gives: CEL's errors are values, which `&&` and `||` can absorb.
public enum CELValue: Sendable, Equatable {
  case value(JSON)
  case error(String)
}

/// An expression in a part of CEL (the Common Expression Language), over JSON values.
///
/// The parser bounds its depth, so that evaluating it cannot exhaust a stack, and evaluating is bounded by a budget.
public indirect enum CELExpression: Sendable {
  public enum TextFunction: String, Sendable { case startsWith, endsWith, contains }
  public enum Comparison: String, Sendable { case less = "<", lessOrEqual = "<=", greater = ">", greaterOrEqual = ">=" }
  public enum Arithmetic: String, Sendable {
    case add = "+", subtract = "-", multiply = "*", divide = "/", remainder = "%"
  }
  /// Macros over the elements of a list, or the keys of a map.
  public enum Macro: String, Sendable { case all, exists, existsOne = "exists_one", filter, map }

  case literal(JSON)
  case list([CELExpression])
  case variable(String)
  case field(CELExpression, String)
  case index(CELExpression, CELExpression)
  case has(CELExpression, String)
  case not(CELExpression)
  case and(CELExpression, CELExpression)
  case or(CELExpression, CELExpression)
  case conditional(CELExpression, then: CELExpression, else: CELExpression)
  case equal(CELExpression, CELExpression)
  case compare(CELExpression, Comparison, CELExpression)
  case arithmetic(CELExpression, Arithmetic, CELExpression)
  case `in`(CELExpression, CELExpression)
  case call(CELExpression, TextFunction, CELExpression)
  case matches(CELExpression, RegularExpression)
  case size(CELExpression)
  case comprehension(Macro, over: CELExpression, as: String, CELExpression)

  /// - Parameter steps: how many expressions may be evaluated; what is beyond is an error that nothing absorbs.
  public func evaluate(_ variables: [String: JSON], steps: Int = 1_000_000) -> CELValue {
    var evaluation = CELEvaluation(variables: variables, steps: steps)
    let value = evaluation.evaluate(self)
    return evaluation.steps < 0 ? .error(CELEvaluation.budgetExceeded) : value
  }
}

extension CELValue {
  func then(_ next: (JSON) -> CELValue) -> CELValue {
    switch self {
    case .value(let value): next(value)
    case .error: self
    }
  }

  /// The value, when it is true or false.
  var asBool: CELValue { then { $0.boolValue == nil ? CELEvaluation.noOverload : .value($0) } }
}
