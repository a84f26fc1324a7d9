extension JSON {
  /// How a value is written.
  public struct Format: Sendable {
    /// Write `<`, `>` and `&` as `\u003c`, `\u003e` and `\u0026`, as Go's encoder does by default.
    public var escapesHTML: Bool
    /// Spaces for each level; nil writes everything on one line.
    public var indent: Int?

    public init(escapesHTML: Bool = true, indent: Int? = nil) {
      self.escapesHTML = escapesHTML
      self.indent = indent
    }

    /// What Go's `json.Marshal` writes for a map: compact, keys sorted, HTML characters escaped. Hashes are made of it
    /// (contract, section 3.3).
    public static let goCompact = Format()
    /// For people: two spaces a level, nothing escaped that need not be.
    public static let pretty = Format(escapesHTML: false, indent: 2)
  }

  /// The value as UTF-8 JSON text, object members sorted by the bytes of their keys.
  public func serialized(_ format: Format = .goCompact) -> [UInt8] {
    var writer = JSONWriter(format: format)
    writer.write(self, level: 0)
    return writer.output
  }

  /// The value as JSON text, object members sorted.
  public func text(_ format: Format = .goCompact) -> String {
    String(decoding: serialized(format), as: UTF8.self)
  }
}

private struct JSONWriter {
  let format: JSON.Format
  var output: [UInt8] = []

  init(format: JSON.Format) { self.format = format }

  mutating func write(_ value: JSON, level: Int) {
    switch value {
    case .null: append("null")
    case .bool(let flag): append(flag ? "true" : "false")
    case .int(let number): append(String(number))
    case .double(let number): append(JSON.goNumberText(number))
    case .string(let string): write(string)
    case .array(let elements):
      if elements.isEmpty { return append("[]") }
      output.append(UInt8(ascii: "["))
      for (index, element) in elements.enumerated() {
        if index > 0 { output.append(UInt8(ascii: ",")) }
        newline(level + 1)
        write(element, level: level + 1)
      }
      newline(level)
      output.append(UInt8(ascii: "]"))
    case .object(let members):
      if members.isEmpty { return append("{}") }
      output.append(UInt8(ascii: "{"))
      let sorted = members.sorted { JSON.isOrderedByBytes($0.key, $1.key) }
      for (index, member) in sorted.enumerated() {
        if index > 0 { output.append(UInt8(ascii: ",")) }
        newline(level + 1)
        write(member.key)
        output.append(UInt8(ascii: ":"))
        if format.indent != nil { output.append(UInt8(ascii: " ")) }
        write(member.value, level: level + 1)
      }
      newline(level)
      output.append(UInt8(ascii: "}"))
    }
  }

  mutating func append(_ text: String) { output.append(contentsOf: text.utf8) }

  mutating func newline(_ level: Int) {
    guard let indent = format.indent else { return }
    output.append(UInt8(ascii: "\n"))
    output.append(contentsOf: repeatElement(UInt8(ascii: " "), count: indent * level))
  }

  /// Runs of bytes that need no escape are copied at once.
  mutating func write(_ string: String) {
    output.append(UInt8(ascii: "\""))
    var string = string
    string.withUTF8 { bytes in
      var start = 0
      for (index, byte) in bytes.enumerated() {
        guard let escape = escape(byte, at: index, of: bytes) else { continue }
        // U+2028 and U+2029 have three bytes, of which the last one tells.
        let end = byte >= 0x80 ? index - 2 : index
        output.append(contentsOf: bytes[start..<end])
        append(escape)
        start = index + 1
      }
      output.append(contentsOf: bytes[start...])
    }
    output.append(UInt8(ascii: "\""))
  }

  private func escape(_ byte: UInt8, at index: Int, of bytes: UnsafeBufferPointer<UInt8>) -> String? {
    switch byte {
    case UInt8(ascii: "\""): return "\\\""
    case UInt8(ascii: "\\"): return "\\\\"
    case 0x0A: return "\\n"
    case 0x0D: return "\\r"
    case 0x09: return "\\t"
    case 0x08: return "\\b"
    case 0x0C: return "\\f"
    case 0..<0x20: return Self.unicodeEscape(byte)
    case UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "&"):
      return format.escapesHTML ? Self.unicodeEscape(byte) : nil
    case 0xA8, 0xA9:
      // U+2028 and U+2029, which Go escapes always.
      guard index >= 2, bytes[index - 2] == 0xE2, bytes[index - 1] == 0x80 else { return nil }
      return byte == 0xA8 ? "\\u2028" : "\\u2029"
    default: return nil
    }
  }

  private static func unicodeEscape(_ byte: UInt8) -> String {
    let hex = String(byte, radix: 16)
    return "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
  }
}

extension JSON {
  /// Go's order of map keys: by bytes, not by Unicode collation.
  public static func isOrderedByBytes(_ left: String, _ right: String) -> Bool {
    left.utf8.lexicographicallyPrecedes(right.utf8)
  }

  /// A floating point number as Go's `encoding/json` writes it: the shortest text that reads back the same, in decimal
  /// notation between 1e-6 and 1e21, else with an exponent.
  static func goNumberText(_ number: Double) -> String {
    if number == 0 { return number.sign == .minus ? "-0" : "0" }
    var digits = ""
    var exponent = 0
    // Swift's description is the shortest text too; only its layout differs.
    let text = "\(number.magnitude)"
    let parts = text.split(separator: "e", maxSplits: 1)
    let mantissa = parts[0].split(separator: ".", maxSplits: 1)
    let whole = String(mantissa[0])
    let fraction = mantissa.count > 1 ? String(mantissa[1]) : ""
    digits = whole + fraction
    exponent = whole.count + (parts.count > 1 ? Int(parts[1]) ?? 0 : 0)
    let leading = digits.prefix { $0 == "0" }.count
    digits.removeFirst(leading)
    exponent -= leading
    while digits.hasSuffix("0") { digits.removeLast() }
    let sign = number < 0 ? "-" : ""
    let magnitude = number.magnitude
    if magnitude < 1e-6 || magnitude >= 1e21 {
      let power = exponent - 1
      let first = digits.removeFirst()
      let rest = digits.isEmpty ? "" : "." + digits
      return "\(sign)\(first)\(rest)e\(power < 0 ? "-" : "+")\(abs(power))"
    }
    if exponent <= 0 { return sign + "0." + String(repeating: "0", count: -exponent) + digits }
    if digits.count <= exponent { return sign + digits + String(repeating: "0", count: exponent - digits.count) }
    let point = digits.index(digits.startIndex, offsetBy: exponent)
    return sign + digits[..<point] + "." + digits[point...]
  }
}
