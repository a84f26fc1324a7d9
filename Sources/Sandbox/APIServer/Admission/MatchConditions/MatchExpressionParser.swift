import Kubernetes

/// Why an expression is refused.
struct MatchExpressionError: Error, Sendable, Hashable {
  var message: String
}

/// Reads the part of CEL that `MatchExpression` evaluates. Everything else is refused by its name.
struct MatchExpressionParser {
  private enum Token: Hashable {
    case identifier(String)
    case string(String)
    case int(Int64)
    case symbol(String)
    case end

    var text: String {
      switch self {
      case .identifier(let name): name
      case .string(let value): JSON.string(value).text(.pretty)
      case .int(let number): String(number)
      case .symbol(let symbol): symbol
      case .end: "<EOF>"
      }
    }
  }

  /// Deeper nesting is refused, so that no expression can exhaust the stack.
  private static let maximumDepth = 64

  private var tokens: ArraySlice<Token>
  private var depth = 0

  /// - Throws: `MatchExpressionError`.
  static func parse(_ text: String) throws(MatchExpressionError) -> MatchExpression {
    var parser = MatchExpressionParser(tokens: try tokenize(text)[...])
    let expression = try parser.disjunction()
    guard parser.tokens.first == .end else { throw parser.unexpected() }
    switch expression {
    case .literal(.bool): break
    case .literal, .list, .variable:
      throw MatchExpressionError(message: "must evaluate to bool")
    default: break
    }
    return expression
  }

  private init(tokens: ArraySlice<Token>) { self.tokens = tokens }

  // MARK: Grammar

  private var next: Token { tokens.first ?? .end }

  private func unexpected() -> MatchExpressionError {
    if case .symbol(let symbol) = next, Self.operatorsBeyond.contains(symbol) {
      return Self.beyond("operator \(symbol)")
    }
    if case .symbol("[") = next { return Self.beyond("operator [") }
    return MatchExpressionError(message: "Syntax error: unexpected \(next.text)")
  }

  private static let operatorsBeyond: Set<String> = ["<", "<=", ">", ">=", "+", "-", "*", "/", "%", "?", ":", "{", "}"]

  private static func beyond(_ what: String) -> MatchExpressionError {
    MatchExpressionError(
      message: "compilation failed: \(what) is not supported here; supported are ==, !=, &&, ||, !, in, has(), "
        + "startsWith() and endsWith() over request, object and oldObject")
  }

  private mutating func accept(_ symbol: String) -> Bool {
    guard next == .symbol(symbol) else { return false }
    tokens.removeFirst()
    return true
  }

  private mutating func expect(_ symbol: String) throws(MatchExpressionError) {
    guard accept(symbol) else { throw unexpected() }
  }

  private mutating func disjunction() throws(MatchExpressionError) -> MatchExpression {
    depth += 1
    defer { depth -= 1 }
    guard depth <= Self.maximumDepth else { throw MatchExpressionError(message: "expression is nested too deeply") }
    var left = try conjunction()
    while accept("||") { left = .or(left, try conjunction()) }
    if next == .symbol("?") { throw unexpected() }
    return left
  }

  private mutating func conjunction() throws(MatchExpressionError) -> MatchExpression {
    var left = try relation()
    while accept("&&") { left = .and(left, try relation()) }
    return left
  }

  private mutating func relation() throws(MatchExpressionError) -> MatchExpression {
    var left = try unary()
    while true {
      if accept("==") {
        left = .equal(left, try unary())
      } else if accept("!=") {
        left = .not(.equal(left, try unary()))
      } else if next == .identifier("in") {
        tokens.removeFirst()
        left = .in(left, try unary())
      } else if case .symbol(let symbol) = next, Self.operatorsBeyond.contains(symbol) {
        throw unexpected()
      } else {
        return left
      }
    }
  }

  private mutating func unary() throws(MatchExpressionError) -> MatchExpression {
    var negations = 0
    while accept("!") { negations += 1 }
    if accept("-") {
      guard case .int(let number) = next else { throw Self.beyond("operator -") }
      tokens.removeFirst()
      return .literal(.int(-number))
    }
    let operand = try postfix()
    return negations == 0 ? operand : negations % 2 == 1 ? .not(operand) : .not(.not(operand))
  }

  private mutating func postfix() throws(MatchExpressionError) -> MatchExpression {
    var expression = try primary()
    while true {
      if accept(".") {
        guard case .identifier(let name) = next else { throw unexpected() }
        tokens.removeFirst()
        if next == .symbol("(") {
          guard let function = MatchExpression.Function(rawValue: name) else { throw Self.beyond("function \(name)()") }
          tokens.removeFirst()
          let argument = try disjunction()
          try expect(")")
          expression = .call(expression, function, argument)
        } else {
          expression = .field(expression, name)
        }
      } else if accept("[") {
        let index = try disjunction()
        try expect("]")
        expression = .index(expression, index)
      } else {
        return expression
      }
    }
  }

  private mutating func primary() throws(MatchExpressionError) -> MatchExpression {
    let token = next
    switch token {
    case .string(let value):
      tokens.removeFirst()
      return .literal(.string(value))
    case .int(let number):
      tokens.removeFirst()
      return .literal(.int(number))
    case .symbol("("):
      tokens.removeFirst()
      let inner = try disjunction()
      try expect(")")
      return inner
    case .symbol("["):
      tokens.removeFirst()
      return .list(try elements())
    case .identifier(let name):
      tokens.removeFirst()
      return try named(name)
    case .symbol, .end: throw unexpected()
    }
  }

  private mutating func elements() throws(MatchExpressionError) -> [MatchExpression] {
    var elements: [MatchExpression] = []
    if accept("]") { return elements }
    repeat {
      if next == .symbol("]") { break }
      elements.append(try disjunction())
    } while accept(",")
    try expect("]")
    return elements
  }

  private mutating func named(_ name: String) throws(MatchExpressionError) -> MatchExpression {
    switch name {
    case "true", "false": return .literal(.bool(name == "true"))
    case "null": return .literal(.null)
    case "request", "object", "oldObject": return .variable(name)
    case "has" where next == .symbol("("):
      tokens.removeFirst()
      let argument = try disjunction()
      try expect(")")
      guard case .field(let base, let field) = argument else {
        throw MatchExpressionError(message: "compilation failed: invalid argument to has() macro")
      }
      return .has(base, field)
    default:
      if next == .symbol("(") { throw Self.beyond("function \(name)()") }
      if ["authorizer", "namespaceObject", "params", "variables"].contains(name) {
        throw Self.beyond("variable \(name)")
      }
      throw MatchExpressionError(
        message: "compilation failed: undeclared reference to '\(name)' (in container '')")
    }
  }

  // MARK: Tokens

  private static func tokenize(_ text: String) throws(MatchExpressionError) -> [Token] {
    let characters = Array(text.unicodeScalars)
    var tokens: [Token] = []
    var index = 0
    func isLetter(_ scalar: Unicode.Scalar) -> Bool {
      scalar == "_" || (scalar.isASCII && scalar.properties.isAlphabetic)
    }
    func isDigit(_ scalar: Unicode.Scalar) -> Bool { ("0"..."9").contains(scalar) }
    while index < characters.count {
      let scalar = characters[index]
      if scalar.properties.isWhitespace {
        index += 1
      } else if scalar == "/", index + 1 < characters.count, characters[index + 1] == "/" {
        while index < characters.count, characters[index] != "\n" { index += 1 }
      } else if isLetter(scalar) {
        let start = index
        while index < characters.count, isLetter(characters[index]) || isDigit(characters[index]) { index += 1 }
        let name = String(String.UnicodeScalarView(characters[start..<index]))
        if index < characters.count, characters[index] == "\"" || characters[index] == "'" {
          throw beyond("a literal with the prefix \(name)")
        }
        tokens.append(.identifier(name))
      } else if isDigit(scalar) {
        let start = index
        while index < characters.count,
          isLetter(characters[index]) || isDigit(characters[index]) || characters[index] == "."
        {
          index += 1
        }
        let literal = String(String.UnicodeScalarView(characters[start..<index]))
        guard let number = Int64(literal) else { throw beyond("the number \(literal)") }
        tokens.append(.int(number))
      } else if scalar == "\"" || scalar == "'" {
        tokens.append(.string(try string(characters, &index)))
      } else {
        let pair = index + 1 < characters.count ? String(scalar) + String(characters[index + 1]) : ""
        if ["&&", "||", "==", "!=", "<=", ">="].contains(pair) {
          tokens.append(.symbol(pair))
          index += 2
        } else if "()[]{}.,!<>+-*/%?:".unicodeScalars.contains(scalar) {
          tokens.append(.symbol(String(scalar)))
          index += 1
        } else {
          throw MatchExpressionError(message: "Syntax error: token recognition error at: '\(scalar)'")
        }
      }
    }
    return tokens + [.end]
  }

  /// A string in quotes. `index` is at the first one, and after the last one when this returns.
  private static func string(
    _ characters: [Unicode.Scalar], _ index: inout Int
  ) throws(MatchExpressionError) -> String {
    let quote = characters[index]
    if index + 2 < characters.count, characters[index + 1] == quote, characters[index + 2] == quote {
      throw beyond("a literal in triple quotes")
    }
    index += 1
    var value = String.UnicodeScalarView()
    while index < characters.count, characters[index] != quote {
      var scalar = characters[index]
      if scalar == "\n" { break }
      if scalar == "\\", index + 1 < characters.count {
        index += 1
        switch characters[index] {
        case "n": scalar = "\n"
        case "t": scalar = "\t"
        case "r": scalar = "\r"
        case "\\", "\"", "'", "`", "?": scalar = characters[index]
        default: throw beyond("the escape \\\(characters[index])")
        }
      }
      value.append(scalar)
      index += 1
    }
    guard index < characters.count, characters[index] == quote else {
      throw MatchExpressionError(message: "Syntax error: a string without an end")
    }
    index += 1
    return String(value)
  }
}
