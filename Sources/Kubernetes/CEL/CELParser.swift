/// Why an expression is refused.
public struct CELSyntaxError: Error, Sendable, Hashable {
  public var message: String

  public init(message: String) { self.message = message }
}

/// How much of CEL a place takes.
public struct CELDialect: Sendable {
  var variables: Set<String>
  /// Variables that CEL has in this place, and that are not evaluated.
  var knownVariables: Set<String>
  var operators: Set<String>
  var functions: Set<String>
  /// For whoever wants more: `supported are ...`.
  var summary: String

  public init(
    variables: Set<String>, knownVariables: Set<String> = [], operators: Set<String>, functions: Set<String>,
    summary: String
  ) {
    self.variables = variables
    self.knownVariables = knownVariables
    self.operators = operators
    self.functions = functions
    self.summary = summary
  }
}

/// Reads the part of CEL that a dialect takes. Everything else is refused by its name.
public struct CELParser {
  private enum Token: Hashable {
    case identifier(String)
    case string(String)
    case int(Int64)
    case double(Double)
    case symbol(String)
    case end

    var text: String {
      switch self {
      case .identifier(let name): name
      case .string(let value): JSON.string(value).text(.pretty)
      case .int(let number): String(number)
      case .double(let number): GoText.number(number)
      case .symbol(let symbol): symbol
      case .end: "<EOF>"
      }
    }
  }

  /// An expression, and how deep it is.
  private struct Node {
    var expression: CELExpression
    var depth: Int
  }

  /// Deeper nesting is refused, so that no expression can exhaust the stack.
  private static let maximumDepth = 64
  /// Of an expression, in which a chain of operators is deep as well.
  private static let maximumHeight = 200

  private let dialect: CELDialect
  private var tokens: ArraySlice<Token>
  private var depth = 0
  /// Variables of the macros around.
  private var bound: [String] = []

  /// - Throws: `CELSyntaxError`.
  public static func parse(_ text: String, _ dialect: CELDialect) throws(CELSyntaxError) -> CELExpression {
    var parser = CELParser(dialect: dialect, tokens: try tokenize(text, dialect)[...])
    let node = try parser.ternary()
    guard parser.tokens.first == .end else { throw parser.unexpected() }
    return node.expression
  }

  private init(dialect: CELDialect, tokens: ArraySlice<Token>) {
    self.dialect = dialect
    self.tokens = tokens
  }

  // MARK: Grammar

  private var next: Token { tokens.first ?? .end }

  private func unexpected() -> CELSyntaxError {
    if case .symbol(let symbol) = next, Self.operators.contains(symbol), !dialect.operators.contains(symbol) {
      return Self.beyond("operator \(symbol)", dialect)
    }
    if case .symbol("[") = next { return Self.beyond("operator [", dialect) }
    return CELSyntaxError(message: "Syntax error: unexpected \(next.text)")
  }

  private static let operators: Set<String> = ["<", "<=", ">", ">=", "+", "-", "*", "/", "%", "?", ":", "{", "}"]

  private static func beyond(_ what: String, _ dialect: CELDialect) -> CELSyntaxError {
    CELSyntaxError(message: "compilation failed: \(what) is not supported here; \(dialect.summary)")
  }

  private func beyond(_ what: String) -> CELSyntaxError { Self.beyond(what, dialect) }

  private mutating func accept(_ symbol: String) -> Bool {
    guard next == .symbol(symbol) else { return false }
    tokens.removeFirst()
    return true
  }

  /// An operator that the dialect has.
  private mutating func acceptOperator(_ symbols: String...) -> String? {
    guard case .symbol(let symbol) = next, symbols.contains(symbol), dialect.operators.contains(symbol) else {
      return nil
    }
    tokens.removeFirst()
    return symbol
  }

  private mutating func expect(_ symbol: String) throws(CELSyntaxError) {
    guard accept(symbol) else { throw unexpected() }
  }

  private func node(_ expression: CELExpression, _ parts: Node...) throws(CELSyntaxError) -> Node {
    let depth = (parts.map(\.depth).max() ?? 0) + 1
    guard depth <= Self.maximumHeight else { throw CELSyntaxError(message: "expression is nested too deeply") }
    return Node(expression: expression, depth: depth)
  }

  private mutating func ternary() throws(CELSyntaxError) -> Node {
    depth += 1
    defer { depth -= 1 }
    guard depth <= Self.maximumDepth else { throw CELSyntaxError(message: "expression is nested too deeply") }
    let condition = try disjunction()
    guard acceptOperator("?") != nil else {
      if next == .symbol("?") { throw unexpected() }
      return condition
    }
    let yes = try ternary()
    try expect(":")
    let no = try ternary()
    return try node(.conditional(condition.expression, then: yes.expression, else: no.expression), condition, yes, no)
  }

  private mutating func disjunction() throws(CELSyntaxError) -> Node {
    var left = try conjunction()
    while accept("||") {
      let right = try conjunction()
      left = try node(.or(left.expression, right.expression), left, right)
    }
    return left
  }

  private mutating func conjunction() throws(CELSyntaxError) -> Node {
    var left = try relation()
    while accept("&&") {
      let right = try relation()
      left = try node(.and(left.expression, right.expression), left, right)
    }
    return left
  }

  private mutating func relation() throws(CELSyntaxError) -> Node {
    var left = try sum()
    while true {
      if accept("==") {
        let right = try sum()
        left = try node(.equal(left.expression, right.expression), left, right)
      } else if accept("!=") {
        let right = try sum()
        left = try node(.not(.equal(left.expression, right.expression)), left, right)
      } else if next == .identifier("in") {
        tokens.removeFirst()
        let right = try sum()
        left = try node(.in(left.expression, right.expression), left, right)
      } else if let symbol = acceptOperator("<", "<=", ">", ">="),
        let comparison = CELExpression.Comparison(rawValue: symbol)
      {
        let right = try sum()
        left = try node(.compare(left.expression, comparison, right.expression), left, right)
      } else if case .symbol(let symbol) = next, Self.operators.contains(symbol),
        !dialect.operators.contains(symbol)
      {
        throw unexpected()
      } else {
        return left
      }
    }
  }

  private mutating func sum() throws(CELSyntaxError) -> Node {
    var left = try product()
    while let symbol = acceptOperator("+", "-"), let operation = CELExpression.Arithmetic(rawValue: symbol) {
      let right = try product()
      left = try node(.arithmetic(left.expression, operation, right.expression), left, right)
    }
    return left
  }

  private mutating func product() throws(CELSyntaxError) -> Node {
    var left = try unary()
    while let symbol = acceptOperator("*", "/", "%"), let operation = CELExpression.Arithmetic(rawValue: symbol) {
      let right = try unary()
      left = try node(.arithmetic(left.expression, operation, right.expression), left, right)
    }
    return left
  }

  private mutating func unary() throws(CELSyntaxError) -> Node {
    var negations = 0
    while accept("!") { negations += 1 }
    if accept("-") {
      switch next {
      case .int(let number):
        tokens.removeFirst()
        return try node(.literal(.int(-number)))
      case .double(let number):
        tokens.removeFirst()
        return try node(.literal(.double(-number)))
      default: throw beyond("operator -")
      }
    }
    let operand = try postfix()
    if negations == 0 { return operand }
    return try node(negations % 2 == 1 ? .not(operand.expression) : .not(.not(operand.expression)), operand)
  }

  private mutating func postfix() throws(CELSyntaxError) -> Node {
    var left = try primary()
    while true {
      if accept(".") {
        guard case .identifier(let name) = next else { throw unexpected() }
        tokens.removeFirst()
        left = next == .symbol("(") ? try method(name, of: left) : try node(.field(left.expression, name), left)
      } else if accept("[") {
        let index = try ternary()
        try expect("]")
        left = try node(.index(left.expression, index.expression), left, index)
      } else {
        return left
      }
    }
  }

  /// A call on a receiver; its parenthesis comes next.
  private mutating func method(_ name: String, of receiver: Node) throws(CELSyntaxError) -> Node {
    guard dialect.functions.contains(name) else { throw beyond("function \(name)()") }
    try expect("(")
    if let macro = CELExpression.Macro(rawValue: name) {
      guard case .identifier(let variable) = next else { throw unexpected() }
      tokens.removeFirst()
      try expect(",")
      bound.append(variable)
      let body = try ternary()
      bound.removeLast()
      if next == .symbol(",") { throw beyond("\(name)() with three arguments") }
      try expect(")")
      return try node(
        .comprehension(macro, over: receiver.expression, as: variable, body.expression), receiver, body)
    }
    if name == "size" {
      try expect(")")
      return try node(.size(receiver.expression), receiver)
    }
    let argument = try ternary()
    try expect(")")
    if let function = CELExpression.TextFunction(rawValue: name) {
      return try node(.call(receiver.expression, function, argument.expression), receiver, argument)
    }
    // A pattern that is computed could not be refused before it is used.
    guard case .literal(.string(let pattern)) = argument.expression else { throw beyond("\(name)() of no literal") }
    do {
      return try node(.matches(receiver.expression, try RegularExpression(pattern)), receiver)
    } catch let error as CELSyntaxError {
      throw error
    } catch {
      throw CELSyntaxError(message: "compilation failed: \(error)")
    }
  }

  private mutating func primary() throws(CELSyntaxError) -> Node {
    let token = next
    switch token {
    case .string(let value):
      tokens.removeFirst()
      return try node(.literal(.string(value)))
    case .int(let number):
      tokens.removeFirst()
      return try node(.literal(.int(number)))
    case .double(let number):
      tokens.removeFirst()
      return try node(.literal(.double(number)))
    case .symbol("("):
      tokens.removeFirst()
      let inner = try ternary()
      try expect(")")
      return inner
    case .symbol("["):
      tokens.removeFirst()
      return try list()
    case .identifier(let name):
      tokens.removeFirst()
      return try named(name)
    case .symbol, .end: throw unexpected()
    }
  }

  private mutating func list() throws(CELSyntaxError) -> Node {
    var elements: [CELExpression] = []
    var deepest = Node(expression: .list([]), depth: 0)
    if accept("]") { return try node(.list([])) }
    repeat {
      if next == .symbol("]") { break }
      let element = try ternary()
      elements.append(element.expression)
      if element.depth > deepest.depth { deepest = element }
    } while accept(",")
    try expect("]")
    return try node(.list(elements), deepest)
  }

  private mutating func named(_ name: String) throws(CELSyntaxError) -> Node {
    if next != .symbol("("), bound.contains(name) || dialect.variables.contains(name) {
      return try node(.variable(name))
    }
    switch name {
    case "true", "false": return try node(.literal(.bool(name == "true")))
    case "null": return try node(.literal(.null))
    case "has" where next == .symbol("("):
      tokens.removeFirst()
      let argument = try ternary()
      try expect(")")
      guard case .field(let base, let field) = argument.expression else {
        throw CELSyntaxError(message: "compilation failed: invalid argument to has() macro")
      }
      return try node(.has(base, field), argument)
    case "size" where next == .symbol("(") && dialect.functions.contains(name):
      tokens.removeFirst()
      let argument = try ternary()
      try expect(")")
      return try node(.size(argument.expression), argument)
    default:
      if next == .symbol("(") { throw beyond("function \(name)()") }
      if dialect.knownVariables.contains(name) { throw beyond("variable \(name)") }
      throw CELSyntaxError(message: "compilation failed: undeclared reference to '\(name)' (in container '')")
    }
  }

  // MARK: Tokens

  private static func tokenize(_ text: String, _ dialect: CELDialect) throws(CELSyntaxError) -> [Token] {
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
          throw beyond("a literal with the prefix \(name)", dialect)
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
        if let number = Int64(literal) {
          tokens.append(.int(number))
        } else if dialect.operators.contains("<"), literal.allSatisfy({ $0.isNumber || $0 == "." }),
          literal.contains("."), let number = Double(literal)
        {
          tokens.append(.double(number))
        } else {
          throw beyond("the number \(literal)", dialect)
        }
      } else if scalar == "\"" || scalar == "'" {
        tokens.append(.string(try string(characters, &index, dialect)))
      } else {
        let pair = index + 1 < characters.count ? String(scalar) + String(characters[index + 1]) : ""
        if ["&&", "||", "==", "!=", "<=", ">="].contains(pair) {
          tokens.append(.symbol(pair))
          index += 2
        } else if "()[]{}.,!<>+-*/%?:".unicodeScalars.contains(scalar) {
          tokens.append(.symbol(String(scalar)))
          index += 1
        } else {
          throw CELSyntaxError(message: "Syntax error: token recognition error at: '\(scalar)'")
        }
      }
    }
    return tokens + [.end]
  }

  /// A string in quotes. `index` is at the first one, and after the last one when this returns.
  private static func string(
    _ characters: [Unicode.Scalar], _ index: inout Int, _ dialect: CELDialect
  ) throws(CELSyntaxError) -> String {
    let quote = characters[index]
    if index + 2 < characters.count, characters[index + 1] == quote, characters[index + 2] == quote {
      throw beyond("a literal in triple quotes", dialect)
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
        default: throw beyond("the escape \\\(characters[index])", dialect)
        }
      }
      value.append(scalar)
      index += 1
    }
    guard index < characters.count, characters[index] == quote else {
      throw CELSyntaxError(message: "Syntax error: a string without an end")
    }
    index += 1
    return String(value)
  }
}
