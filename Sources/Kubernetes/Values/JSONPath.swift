/// A path that cannot be understood.
public struct JSONPathError: Error, Sendable, Hashable, CustomStringConvertible {
  public let message: String
  public init(_ message: String) { self.message = message }
  public var description: String { message }
}

/// kubectl's JSONPath, as printer columns use it: `.spec.replicas`, `.items[*].name`, `['a.b']`, `[0]`, `[-1:]`,
/// `..name`, `.status.conditions[?(@.type=="Ready")].message`. With or without `{}` around it and `$` before it.
public struct JSONPath: Sendable, Hashable {
  indirect enum Step: Sendable, Hashable {
    case field(String)
    case index(Int)
    case slice(start: Int?, end: Int?, step: Int)
    case wildcard
    case recursive
    case union([[Step]])
    case filter(Operand, Comparison, Operand)
  }

  enum Operand: Sendable, Hashable {
    case path([Step])
    case literal(JSON)
  }

  enum Comparison: String, Sendable, Hashable {
    case exists = ""
    case equal = "=="
    case notEqual = "!="
    case lessOrEqual = "<="
    case greaterOrEqual = ">="
    case less = "<"
    case greater = ">"
  }

  let steps: [Step]
  /// The text that it was made of.
  public let text: String

  /// - Throws: `JSONPathError`.
  public init(parsing text: String) throws(JSONPathError) {
    self.text = text
    var inner = Substring(text)
    if inner.hasPrefix("{"), inner.hasSuffix("}") { inner = inner.dropFirst().dropLast() }
    var parser = JSONPathParser(Array(inner))
    steps = try parser.parsePath(isWhole: true)
  }

  /// The values that the path finds, in order; none where something on the way is absent.
  public func evaluate(_ value: JSON) -> [JSON] {
    Self.evaluate(steps[...], [value])
  }

  private static func evaluate(_ steps: ArraySlice<Step>, _ values: [JSON]) -> [JSON] {
    var current = values
    for step in steps {
      current = current.flatMap { apply(step, to: $0) }
      if current.isEmpty { return [] }
    }
    return current
  }

  private static func apply(_ step: Step, to value: JSON) -> [JSON] {
    switch step {
    case .field(let name):
      return value[name].map { [$0] } ?? []
    case .index(let index):
      guard let elements = value.arrayValue else { return [] }
      return value[index < 0 ? index + elements.count : index].map { [$0] } ?? []
    case .slice(let start, let end, let step):
      guard let elements = value.arrayValue else { return [] }
      let count = elements.count
      let from = max(0, start.map { $0 < 0 ? $0 + count : $0 } ?? 0)
      let to = min(count, end.map { $0 < 0 ? $0 + count : $0 } ?? count)
      return from < to ? Swift.stride(from: from, to: to, by: step).map { elements[$0] } : []
    case .wildcard:
      return children(of: value)
    case .recursive:
      var all: [JSON] = []
      func collect(_ value: JSON) {
        all.append(value)
        for child in children(of: value) { collect(child) }
      }
      collect(value)
      return all
    case .union(let paths):
      return paths.flatMap { evaluate($0[...], [value]) }
    case .filter(let left, let comparison, let right):
      return children(of: value).filter { holds(left, comparison, right, for: $0) }
    }
  }

  /// The elements of an array, or the values of an object in the order of their keys.
  private static func children(of value: JSON) -> [JSON] {
    switch value {
    case .array(let elements): elements
    case .object(let members): members.sorted { JSON.isOrderedByBytes($0.key, $1.key) }.map(\.value)
    default: []
    }
  }

  private static func holds(_ left: Operand, _ comparison: Comparison, _ right: Operand, for value: JSON) -> Bool {
    func first(_ operand: Operand) -> JSON? {
      switch operand {
      case .literal(let literal): literal
      case .path(let steps): evaluate(steps[...], [value]).first
      }
    }
    guard let left = first(left) else { return false }
    if comparison == .exists { return true }
    guard let right = first(right) else { return false }
    if let a = left.doubleValue, let b = right.doubleValue { return compare(a, comparison, b) }
    if let a = left.stringValue, let b = right.stringValue { return compare(a, comparison, b) }
    if comparison == .equal { return left == right }
    return comparison == .notEqual && left != right
  }

  private static func compare<Value: Comparable>(_ a: Value, _ comparison: Comparison, _ b: Value) -> Bool {
    switch comparison {
    case .exists: true
    case .equal: a == b
    case .notEqual: a != b
    case .less: a < b
    case .lessOrEqual: a <= b
    case .greater: a > b
    case .greaterOrEqual: a >= b
    }
  }
}

private struct JSONPathParser {
  let characters: [Character]
  var position = 0

  init(_ characters: [Character]) { self.characters = characters }

  var next: Character? { position < characters.count ? characters[position] : nil }

  mutating func take(_ character: Character) -> Bool {
    guard next == character else { return false }
    position += 1
    return true
  }

  mutating func skipSpace() {
    while let character = next, character == " " || character == "\t" { position += 1 }
  }

  func fail(_ reason: String) -> JSONPathError {
    JSONPathError("\(reason) in JSONPath \"\(String(characters))\"")
  }

  /// Steps up to the end, or, in a filter, up to a comparison or the closing parenthesis.
  mutating func parsePath(isWhole: Bool) throws(JSONPathError) -> [JSONPath.Step] {
    var steps: [JSONPath.Step] = []
    skipSpace()
    if isWhole { if !take("$") { _ = take("@") } }
    while let character = next {
      if character == "." {
        position += 1
        if take(".") { steps.append(.recursive) }
        if next == "[" || next == nil { continue }
        if take("*") {
          steps.append(.wildcard)
        } else {
          steps.append(.field(try parseField()))
        }
      } else if character == "[" {
        position += 1
        steps.append(try parseBracket())
      } else if isWhole {
        if steps.isEmpty, isFieldCharacter(character) {
          steps.append(.field(try parseField()))
        } else if character == " " {
          position += 1
        } else {
          throw fail("unexpected \"\(character)\"")
        }
      } else {
        return steps
      }
    }
    return steps
  }

  func isFieldCharacter(_ character: Character) -> Bool {
    !".[]{}()<>=!@ \t'\"|$,?*".contains(character)
  }

  /// A name up to the next separator; `\.` is a dot in it.
  mutating func parseField() throws(JSONPathError) -> String {
    var name = ""
    while let character = next {
      if character == "\\" {
        position += 1
        guard let escaped = next else { throw fail("nothing after \"\\\"") }
        name.append(escaped)
        position += 1
      } else if isFieldCharacter(character) {
        name.append(character)
        position += 1
      } else {
        break
      }
    }
    guard !name.isEmpty else { throw fail("no name after \".\"") }
    return name
  }

  mutating func parseQuoted() throws(JSONPathError) -> String {
    guard let quote = next else { throw fail("unterminated string") }
    position += 1
    var text = ""
    while let character = next {
      position += 1
      if character == quote { return text }
      if character == "\\", let escaped = next {
        position += 1
        switch escaped {
        case "n": text.append("\n")
        case "t": text.append("\t")
        case "r": text.append("\r")
        default: text.append(escaped)
        }
      } else {
        text.append(character)
      }
    }
    throw fail("unterminated string")
  }

  mutating func parseBracket() throws(JSONPathError) -> JSONPath.Step {
    skipSpace()
    if take("?") { return try parseFilter() }
    var parts: [JSONPath.Step] = []
    repeat {
      skipSpace()
      switch next {
      case "*":
        position += 1
        parts.append(.wildcard)
      case "'", "\"":
        parts.append(.field(try parseQuoted()))
      default:
        parts.append(try parseIndexOrSlice())
      }
      skipSpace()
    } while take(",")
    guard take("]") else { throw fail("unterminated \"[\"") }
    return parts.count == 1 ? parts[0] : .union(parts.map { [$0] })
  }

  mutating func parseIndexOrSlice() throws(JSONPathError) -> JSONPath.Step {
    var numbers: [Int?] = []
    repeat {
      var text = ""
      while let character = next, character.isASCII, character.isNumber || character == "-" {
        text.append(character)
        position += 1
      }
      if text.isEmpty {
        numbers.append(nil)
      } else if let number = Int(text) {
        numbers.append(number)
      } else {
        throw fail("\"\(text)\" is no index")
      }
    } while take(":")
    switch numbers.count {
    case 1:
      guard let index = numbers[0] else {
        throw fail("an index, a name in quotes, \"*\" or \"?\" is expected after \"[\"")
      }
      return .index(index)
    case 2, 3:
      let step = numbers.count == 3 ? numbers[2] ?? 1 : 1
      guard step > 0 else { throw fail("step must be > 0") }
      return .slice(start: numbers[0], end: numbers[1], step: step)
    default: throw fail("too many \":\"")
    }
  }

  /// After `[?`: `(@.type=="Ready")]`.
  mutating func parseFilter() throws(JSONPathError) -> JSONPath.Step {
    guard take("(") else { throw fail("\"(\" is expected after \"[?\"") }
    let left = try parseOperand()
    skipSpace()
    var comparison = JSONPath.Comparison.exists
    var right = JSONPath.Operand.literal(.null)
    if next != ")" {
      let signs: [JSONPath.Comparison] = [.equal, .notEqual, .lessOrEqual, .greaterOrEqual, .less, .greater]
      let sign = signs.first { characters[position...].starts(with: $0.rawValue) }
      guard let sign else { throw fail("unrecognized comparison in a filter") }
      comparison = sign
      position += sign.rawValue.count
      right = try parseOperand()
      skipSpace()
    }
    guard take(")"), take("]") else { throw fail("unterminated filter") }
    return .filter(left, comparison, right)
  }

  mutating func parseOperand() throws(JSONPathError) -> JSONPath.Operand {
    skipSpace()
    switch next {
    case "'", "\"": return .literal(.string(try parseQuoted()))
    case "@":
      position += 1
      return .path(try parsePath(isWhole: false))
    default:
      var word = ""
      while let character = next, !")=!<> \t".contains(character) {
        word.append(character)
        position += 1
      }
      switch word {
      case "true": return .literal(true)
      case "false": return .literal(false)
      case "null", "nil": return .literal(.null)
      default:
        if let number = Int64(word) { return .literal(.int(number)) }
        if let number = Double(word) { return .literal(.double(number)) }
        throw fail("\"\(word)\" is neither a path, a number nor a string in quotes")
      }
    }
  }
}
