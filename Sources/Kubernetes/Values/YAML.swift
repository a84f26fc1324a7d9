import Yams

/// What is wrong with a YAML text, and where.
public struct YAMLSyntaxError: Error, Sendable, Hashable, CustomStringConvertible {
  /// From 1.
  public let line: Int
  /// From 1.
  public let column: Int
  public let reason: String

  public init(line: Int, column: Int, reason: String) {
    self.line = line
    self.column = column
    self.reason = reason
  }

  public var description: String { "line \(line), column \(column): \(reason)" }
}

/// YAML to and from JSON values, by the rules of Kubernetes' own `sigs.k8s.io/yaml`: YAML 1.1's booleans, string keys.
public enum YAML {
  /// How many values a text may expand to through aliases, so that a YAML bomb ends in an error.
  public static let maximumNodes = 1_000_000

  /// Every document of a stream; an empty document gives `null`.
  /// - Throws: `YAMLSyntaxError`.
  public static func documents(_ text: String) throws(YAMLSyntaxError) -> [JSON] {
    let nodes = try compose(text)
    var budget = maximumNodes
    var documents: [JSON] = []
    for node in nodes { documents.append(try json(node, budget: &budget)) }
    return documents
  }

  /// The one document of a text. - Throws: `YAMLSyntaxError`, also when there are several documents that are not empty.
  public static func parse(_ text: String) throws(YAMLSyntaxError) -> JSON {
    let all = try documents(text)
    let present = all.filter { !$0.isNull }
    guard present.count <= 1 else {
      throw YAMLSyntaxError(line: 1, column: 1, reason: "\(present.count) documents where one is expected")
    }
    return present.first ?? .null
  }

  /// The documents of a stream as nodes that keep their marks: lines and columns from 1, columns in Unicode scalars. A
  /// byte order mark at the start is not counted. An alias gives the very node that its anchor names.
  /// - Throws: `YAMLSyntaxError`, also when only a later document is wrong.
  public static func compose(_ text: String) throws(YAMLSyntaxError) -> [Node] {
    do {
      let marked = text.unicodeScalars.first == "\u{FEFF}"
      let parser = try Parser(yaml: marked ? String(text.unicodeScalars.dropFirst()) : text)
      var nodes: [Node] = []
      while let node = try parser.nextRoot() { nodes.append(node) }
      return nodes
    } catch let error as YamlError {
      throw syntaxError(error)
    } catch {
      throw YAMLSyntaxError(line: 1, column: 1, reason: "\(error)")
    }
  }

  /// One value of a node of the parsed source, which keeps its marks.
  public static func json(_ node: Node) throws(YAMLSyntaxError) -> JSON {
    var budget = maximumNodes
    return try json(node, budget: &budget)
  }

  private static func json(_ node: Node, budget: inout Int, depth: Int = 0) throws(YAMLSyntaxError) -> JSON {
    budget -= 1
    guard budget > 0 else { throw error(at: node, "the aliases of this document expand to too many values") }
    guard depth < 200 else { throw error(at: node, "nested too deeply") }
    switch node {
    case .scalar(let scalar): return value(of: scalar, tag: scalar.tag.rawValue)
    case .sequence(let sequence):
      var elements: [JSON] = []
      for element in sequence { elements.append(try json(element, budget: &budget, depth: depth + 1)) }
      return .array(elements)
    case .mapping(let mapping):
      var members: [String: JSON] = [:]
      for (key, value) in mapping {
        guard case .scalar(let scalar) = key else { throw error(at: key, "a key that is not a string") }
        if isMergeKey(scalar) { continue }
        members[try keyText(scalar, at: key)] = try json(value, budget: &budget, depth: depth + 1)
      }
      // A merge key gives the members that the mapping and the mappings named before do not have.
      for (key, value) in mapping {
        guard case .scalar(let scalar) = key, isMergeKey(scalar) else { continue }
        for source in value.sequence.map(Array.init) ?? [value] {
          guard case .mapping = source, case .object(let merged) = try json(source, budget: &budget, depth: depth + 1)
          else { throw error(at: source, "map merge requires map or sequence of maps as the value") }
          members.merge(merged) { own, _ in own }
        }
      }
      return .object(members)
    case .alias:
      throw error(at: node, "an alias that refers to nothing")
    }
  }

  /// A key as a string: `yes: 1` has the key `true`, `0x1F: 1` the key `31`.
  private static func keyText(_ scalar: Node.Scalar, at node: Node) throws(YAMLSyntaxError) -> String {
    switch value(of: scalar, tag: scalar.tag.rawValue) {
    case .null: throw error(at: node, "a key that is null")
    case .bool(let flag): flag ? "true" : "false"
    case .int(let number): String(number)
    case .double(let number): GoText.number(number)
    default: scalar.string
    }
  }

  /// `<<`, written plain.
  public static func isMergeKey(_ scalar: Node.Scalar) -> Bool {
    scalar.string == "<<" && scalar.style == .plain
  }

  private static func error(at node: Node, _ reason: String) -> YAMLSyntaxError {
    YAMLSyntaxError(line: node.mark?.line ?? 1, column: node.mark?.column ?? 1, reason: reason)
  }

  /// A scalar's value: quoted and block scalars are strings; a plain one is what YAML 1.1 resolves it to.
  static func value(of scalar: Node.Scalar, tag: String) -> JSON {
    guard scalar.style == .plain || scalar.style == .any else {
      return .string(scalar.string)
    }
    if tag == Tag.Name.str.rawValue { return .string(scalar.string) }
    return plainValue(scalar.string)
  }

  /// What a plain scalar means.
  static func plainValue(_ text: String) -> JSON {
    switch text {
    case "", "~", "null", "Null", "NULL": return .null
    case "true", "True", "TRUE", "yes", "Yes", "YES", "y", "Y", "on", "On", "ON": return .bool(true)
    case "false", "False", "FALSE", "no", "No", "NO", "n", "N", "off", "Off", "OFF": return .bool(false)
    default: break
    }
    guard let first = text.utf8.first,
      (0x30...0x39).contains(first) || first == 0x2D || first == 0x2B || first == 0x2E
    else { return .string(text) }
    let plain = text.replacing("_", with: "")
    if let value = Int64(plain.hasPrefix("+") ? String(plain.dropFirst()) : plain), isDecimal(plain) {
      return .int(value)
    }
    let unsigned = plain.hasPrefix("-") || plain.hasPrefix("+") ? String(plain.dropFirst()) : plain
    let sign: Int64 = plain.hasPrefix("-") ? -1 : 1
    for (prefix, radix) in [("0x", 16), ("0X", 16), ("0b", 2), ("0o", 8)] where unsigned.hasPrefix(prefix) {
      if let value = Int64(unsigned.dropFirst(2), radix: radix) { return .int(sign * value) }
    }
    if unsigned.count > 1, unsigned.hasPrefix("0"), let value = Int64(unsigned, radix: 8) { return .int(sign * value) }
    if isFloat(unsigned), let value = Double(plain), value.isFinite {
      return .double(value)
    }
    return .string(text)
  }

  /// Decimal with no leading zero: `010` is octal in YAML 1.1.
  private static func isDecimal(_ text: String) -> Bool {
    let digits = text.hasPrefix("-") || text.hasPrefix("+") ? text.dropFirst() : Substring(text)
    return digits == "0" || !digits.hasPrefix("0")
  }

  /// Whole numbers, too: what is no integer of 64 bits, or no octal number (`08`), is a floating point number.
  private static func isFloat(_ text: String) -> Bool {
    var sawDigit = false
    var sawPoint = false
    var sawExponent = false
    var previous: Character = " "
    for character in text {
      switch character {
      case "0"..."9": sawDigit = true
      case "." where !sawPoint && !sawExponent: sawPoint = true
      case "e" where sawDigit && !sawExponent, "E" where sawDigit && !sawExponent: sawExponent = true
      case "+" where previous == "e" || previous == "E", "-" where previous == "e" || previous == "E": break
      default: return false
      }
      previous = character
    }
    return sawDigit && previous != "e" && previous != "E"
  }

  private static func syntaxError(_ error: YamlError) -> YAMLSyntaxError {
    switch error {
    case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
      .composer(_, let problem, let mark, _):
      YAMLSyntaxError(line: mark.line, column: mark.column, reason: plainWords(problem))
    case .reader(let problem, let offset, _, let text):
      position(of: offset ?? 0, in: text, reason: problem)
    case .duplicatedKeysInMapping(let duplicates, let context):
      YAMLSyntaxError(
        line: context.mark.line, column: context.mark.column,
        reason: "key \(duplicates.map { "\"\($0)\"" }.sorted().joined(separator: ", ")) already set in map")
    default:
      YAMLSyntaxError(line: 1, column: 1, reason: "\(error)")
    }
  }

  /// libyaml's words where they say nothing to a person who writes YAML.
  private static func plainWords(_ problem: String) -> String {
    if problem == "found undefined alias" { return "an alias of what no anchor before it names, or of what it is in" }
    return problem.hasPrefix("Maximum nesting level") ? "nested too deeply" : problem
  }

  private static func position(of offset: Int, in text: String, reason: String) -> YAMLSyntaxError {
    let before = text.utf8.prefix(offset)
    let line = before.count { $0 == 0x0A } + 1
    let column = before.reversed().prefix { $0 != 0x0A }.count + 1
    return YAMLSyntaxError(line: line, column: column, reason: reason)
  }
}
