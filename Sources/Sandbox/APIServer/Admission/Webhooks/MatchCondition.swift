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
  private var expression: CELExpression?
  private var fault: String

  init(_ json: JSON) {
    name = json["name"]?.stringValue ?? ""
    do {
      expression = try Self.parse(json["expression"]?.stringValue ?? "")
      fault = ""
    } catch {
      expression = nil
      fault = error.message
    }
  }

  /// - Throws: `CELSyntaxError` for what is no condition, or beyond what is evaluated.
  static func parse(_ text: String) throws(CELSyntaxError) -> CELExpression {
    let expression = try CELParser.parse(text, .matchConditions)
    switch expression {
    case .literal(.bool): return expression
    case .literal, .list, .variable: throw CELSyntaxError(message: "must evaluate to bool")
    default: return expression
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
      switch expression.evaluate(input.variables) {
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
  let variables: [String: JSON]

  /// - Parameter request: the `request` of an AdmissionReview.
  init(_ request: JSON) {
    variables = [
      "request": request, "object": request["object"] ?? .null, "oldObject": request["oldObject"] ?? .null,
    ]
  }
}

extension CELDialect {
  /// Of a webhook's match conditions.
  static let matchConditions = CELDialect(
    variables: ["request", "object", "oldObject"],
    knownVariables: ["authorizer", "namespaceObject", "params", "variables"],
    operators: ["==", "!=", "&&", "||", "!", "in"], functions: ["startsWith", "endsWith"],
    summary:
      "supported are ==, !=, &&, ||, !, in, has(), startsWith() and endsWith() over request, object and oldObject")
}
