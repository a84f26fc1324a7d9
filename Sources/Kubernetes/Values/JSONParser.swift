/// What is wrong with a JSON text, and where.
public struct JSONSyntaxError: Error, Sendable, Hashable, CustomStringConvertible {
  /// Byte offset in the text.
  public let offset: Int
  public let reason: String

  public var description: String { "\(reason) at offset \(offset)" }
}

extension JSON {
  /// What a parse noticed besides the value.
  public struct ParseReport: Sendable {
    public var value: JSON
    /// Object members that occur twice, as field paths (`spec.containers[0].image`); the last one won, as in Go.
    public var duplicateFields: [String]
  }

  /// The depth at which the API server's decoder gives up ("exceeded max depth").
  public static let maximumDepth = 10_000

  /// Parses one JSON text. Invalid UTF-8 becomes U+FFFD, as Go's decoder does it.
  /// - Throws: `JSONSyntaxError`.
  public init(parsing bytes: some Collection<UInt8>) throws(JSONSyntaxError) {
    self = try JSON.parse(bytes, collectingDuplicates: false).value
  }

  /// Parses one JSON text. - Throws: `JSONSyntaxError`.
  public init(parsing text: String) throws(JSONSyntaxError) {
    self = try JSON(parsing: Array(text.utf8))
  }

  /// Parses one JSON text and, when asked, collects the paths of duplicate fields (`fieldValidation=Strict`).
  public static func parse(
    _ bytes: some Collection<UInt8>, collectingDuplicates: Bool
  ) throws(JSONSyntaxError) -> ParseReport {
    let result: Result<ParseReport, JSONSyntaxError>? = bytes.withContiguousStorageIfAvailable { buffer in
      parse(buffer: buffer, collectingDuplicates: collectingDuplicates)
    }
    if let result { return try result.get() }
    let copy = Array(bytes)
    return try copy.withUnsafeBufferPointer { parse(buffer: $0, collectingDuplicates: collectingDuplicates) }.get()
  }

  private static func parse(
    buffer: UnsafeBufferPointer<UInt8>, collectingDuplicates: Bool
  ) -> Result<ParseReport, JSONSyntaxError> {
    var parser = JSONParser(bytes: buffer, collectsDuplicates: collectingDuplicates)
    do {
      let value = try parser.parseDocument()
      return .success(ParseReport(value: value, duplicateFields: parser.duplicates))
    } catch {
      return .failure(error)
    }
  }
}

/// A recursive descent parser over a byte buffer. The recursion is bounded well below a thread's stack; a text that is
/// deeper than that, yet within `JSON.maximumDepth`, is refused as the API server refuses one beyond its own bound.
private struct JSONParser {
  /// Deep enough for any real object, shallow enough for a 512 KiB stack.
  static let recursionLimit = 512

  let bytes: UnsafeBufferPointer<UInt8>
  let collectsDuplicates: Bool
  var position = 0
  var depth = 0
  var path: [String] = []
  var duplicates: [String] = []

  init(bytes: UnsafeBufferPointer<UInt8>, collectsDuplicates: Bool) {
    self.bytes = bytes
    self.collectsDuplicates = collectsDuplicates
  }

  func fail(_ reason: String) -> JSONSyntaxError { JSONSyntaxError(offset: position, reason: reason) }

  mutating func parseDocument() throws(JSONSyntaxError) -> JSON {
    skipSpace()
    guard position < bytes.count else { throw fail("unexpected end of JSON input") }
    let value = try parseValue()
    skipSpace()
    guard position == bytes.count else { throw fail("invalid character after top-level value") }
    return value
  }

  mutating func skipSpace() {
    while position < bytes.count {
      switch bytes[position] {
      case 0x20, 0x09, 0x0A, 0x0D: position += 1
      default: return
      }
    }
  }

  mutating func parseValue() throws(JSONSyntaxError) -> JSON {
    guard position < bytes.count else { throw fail("unexpected end of JSON input") }
    switch bytes[position] {
    case UInt8(ascii: "{"): return try parseObject()
    case UInt8(ascii: "["): return try parseArray()
    case UInt8(ascii: "\""): return .string(try parseString())
    case UInt8(ascii: "t"): return try parseWord("true", .bool(true))
    case UInt8(ascii: "f"): return try parseWord("false", .bool(false))
    case UInt8(ascii: "n"): return try parseWord("null", .null)
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try parseNumber()
    default:
      throw fail("invalid character \(characterName(bytes[position])) looking for beginning of value")
    }
  }

  func characterName(_ byte: UInt8) -> String {
    byte >= 0x20 && byte < 0x7F ? "'\(Character(UnicodeScalar(byte)))'" : "0x" + String(byte, radix: 16)
  }

  mutating func parseWord(_ word: StaticString, _ value: JSON) throws(JSONSyntaxError) -> JSON {
    let count = word.utf8CodeUnitCount
    guard position + count <= bytes.count else { throw fail("unexpected end of JSON input") }
    for index in 0..<count where bytes[position + index] != word.utf8Start[index] {
      throw fail("invalid character \(characterName(bytes[position + index])) in literal \(word)")
    }
    position += count
    return value
  }

  mutating func enter() throws(JSONSyntaxError) {
    depth += 1
    if depth > Self.recursionLimit { throw fail("exceeded max depth") }
  }

  mutating func parseArray() throws(JSONSyntaxError) -> JSON {
    try enter()
    defer { depth -= 1 }
    position += 1
    var elements: [JSON] = []
    skipSpace()
    if position < bytes.count, bytes[position] == UInt8(ascii: "]") {
      position += 1
      return .array(elements)
    }
    while true {
      skipSpace()
      if collectsDuplicates { path.append("[\(elements.count)]") }
      elements.append(try parseValue())
      if collectsDuplicates { path.removeLast() }
      skipSpace()
      guard position < bytes.count else { throw fail("unexpected end of JSON input") }
      switch bytes[position] {
      case UInt8(ascii: ","): position += 1
      case UInt8(ascii: "]"):
        position += 1
        return .array(elements)
      default:
        throw fail("invalid character \(characterName(bytes[position])) after array element")
      }
    }
  }

  mutating func parseObject() throws(JSONSyntaxError) -> JSON {
    try enter()
    defer { depth -= 1 }
    position += 1
    var members: [String: JSON] = [:]
    skipSpace()
    if position < bytes.count, bytes[position] == UInt8(ascii: "}") {
      position += 1
      return .object(members)
    }
    while true {
      skipSpace()
      guard position < bytes.count else { throw fail("unexpected end of JSON input") }
      guard bytes[position] == UInt8(ascii: "\"") else {
        throw fail("invalid character \(characterName(bytes[position])) looking for beginning of object key string")
      }
      let key = try parseString()
      skipSpace()
      guard position < bytes.count else { throw fail("unexpected end of JSON input") }
      guard bytes[position] == UInt8(ascii: ":") else {
        throw fail("invalid character \(characterName(bytes[position])) after object key")
      }
      position += 1
      skipSpace()
      if collectsDuplicates { path.append(path.isEmpty ? key : ".\(key)") }
      let value = try parseValue()
      if members.updateValue(value, forKey: key) != nil, collectsDuplicates { duplicates.append(path.joined()) }
      if collectsDuplicates { path.removeLast() }
      skipSpace()
      guard position < bytes.count else { throw fail("unexpected end of JSON input") }
      switch bytes[position] {
      case UInt8(ascii: ","): position += 1
      case UInt8(ascii: "}"):
        position += 1
        return .object(members)
      default:
        throw fail("invalid character \(characterName(bytes[position])) after object key:value pair")
      }
    }
  }

  mutating func parseNumber() throws(JSONSyntaxError) -> JSON {
    let start = position
    var isInteger = true
    if bytes[position] == UInt8(ascii: "-") { position += 1 }
    guard position < bytes.count, isDigit(bytes[position]) else { throw fail("invalid character in numeric literal") }
    if bytes[position] == UInt8(ascii: "0") {
      position += 1
    } else {
      while position < bytes.count, isDigit(bytes[position]) { position += 1 }
    }
    if position < bytes.count, bytes[position] == UInt8(ascii: ".") {
      isInteger = false
      position += 1
      guard position < bytes.count, isDigit(bytes[position]) else {
        throw fail("invalid character after decimal point in numeric literal")
      }
      while position < bytes.count, isDigit(bytes[position]) { position += 1 }
    }
    if position < bytes.count, bytes[position] == UInt8(ascii: "e") || bytes[position] == UInt8(ascii: "E") {
      isInteger = false
      position += 1
      if position < bytes.count, bytes[position] == UInt8(ascii: "+") || bytes[position] == UInt8(ascii: "-") {
        position += 1
      }
      guard position < bytes.count, isDigit(bytes[position]) else {
        throw fail("invalid character in exponent of numeric literal")
      }
      while position < bytes.count, isDigit(bytes[position]) { position += 1 }
    }
    let text = String(decoding: UnsafeBufferPointer(rebasing: bytes[start..<position]), as: UTF8.self)
    if isInteger, let value = Int64(text) { return .int(value) }
    guard let value = Double(text), value.isFinite else { throw fail("number out of range") }
    return .double(value)
  }

  func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }

  mutating func parseString() throws(JSONSyntaxError) -> String {
    position += 1
    let start = position
    while position < bytes.count {
      let byte = bytes[position]
      if byte == UInt8(ascii: "\"") {
        defer { position += 1 }
        return String(decoding: UnsafeBufferPointer(rebasing: bytes[start..<position]), as: UTF8.self)
      }
      if byte == UInt8(ascii: "\\") { return try parseEscapedString(from: start) }
      if byte < 0x20 { throw fail("invalid character \(characterName(byte)) in string literal") }
      position += 1
    }
    throw fail("unexpected end of JSON input")
  }

  mutating func parseEscapedString(from start: Int) throws(JSONSyntaxError) -> String {
    var utf8 = Array(bytes[start..<position])
    while position < bytes.count {
      let byte = bytes[position]
      position += 1
      switch byte {
      case UInt8(ascii: "\""):
        return String(decoding: utf8, as: UTF8.self)
      case UInt8(ascii: "\\"):
        guard position < bytes.count else { throw fail("unexpected end of JSON input") }
        let escape = bytes[position]
        position += 1
        switch escape {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): utf8.append(escape)
        case UInt8(ascii: "b"): utf8.append(0x08)
        case UInt8(ascii: "f"): utf8.append(0x0C)
        case UInt8(ascii: "n"): utf8.append(0x0A)
        case UInt8(ascii: "r"): utf8.append(0x0D)
        case UInt8(ascii: "t"): utf8.append(0x09)
        case UInt8(ascii: "u"): utf8.append(contentsOf: String(Character(try parseUnicodeEscape())).utf8)
        default:
          throw fail("invalid character \(characterName(escape)) in string escape code")
        }
      case 0..<0x20:
        throw fail("invalid character \(characterName(byte)) in string literal")
      default:
        utf8.append(byte)
      }
    }
    throw fail("unexpected end of JSON input")
  }

  /// A `\uXXXX`, joined with a following low surrogate; a lone surrogate becomes U+FFFD.
  mutating func parseUnicodeEscape() throws(JSONSyntaxError) -> UnicodeScalar {
    let replacement: UnicodeScalar = "\u{FFFD}"
    let high = try parseHex4()
    guard (0xD800...0xDFFF).contains(high) else { return UnicodeScalar(high) ?? replacement }
    guard high < 0xDC00, position + 6 <= bytes.count, bytes[position] == UInt8(ascii: "\\"),
      bytes[position + 1] == UInt8(ascii: "u")
    else { return replacement }
    let mark = position
    position += 2
    let low = try parseHex4()
    guard (0xDC00...0xDFFF).contains(low) else {
      position = mark
      return replacement
    }
    return UnicodeScalar(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00)) ?? replacement
  }

  mutating func parseHex4() throws(JSONSyntaxError) -> UInt32 {
    guard position + 4 <= bytes.count else { throw fail("unexpected end of JSON input") }
    var value: UInt32 = 0
    for _ in 0..<4 {
      guard let digit = Character(UnicodeScalar(bytes[position])).hexDigitValue else {
        throw fail("invalid character \(characterName(bytes[position])) in \\u hexadecimal character escape")
      }
      value = value << 4 | UInt32(digit)
      position += 1
    }
    return value
  }
}
