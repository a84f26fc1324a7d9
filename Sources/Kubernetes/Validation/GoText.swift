/// Texts as Go's `fmt` and `strconv` write them, since the API server's messages are made so.
public enum GoText {
  /// `%q` of a string.
  public static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\u{07}": result += "\\a"
      case "\u{08}": result += "\\b"
      case "\u{0C}": result += "\\f"
      case "\n": result += "\\n"
      case "\r": result += "\\r"
      case "\t": result += "\\t"
      case "\u{0B}": result += "\\v"
      default:
        if isPrintable(scalar) {
          result.unicodeScalars.append(scalar)
        } else if scalar.value < 0x80 {
          result += "\\x" + hex(scalar.value, 2)
        } else if scalar.value < 0x10000 {
          result += "\\u" + hex(scalar.value, 4)
        } else {
          result += "\\U" + hex(scalar.value, 8)
        }
      }
    }
    return result + "\""
  }

  /// `%v` of a floating point number: the shortest text, with an exponent below 1e-4 and from 1e21 on.
  public static func number(_ value: Double) -> String {
    guard value.isFinite else { return value.isNaN ? "NaN" : value < 0 ? "-Inf" : "+Inf" }
    let magnitude = value.magnitude
    if magnitude == 0 || (magnitude >= 1e-4 && magnitude < 1e21) { return JSON.goNumberText(value) }
    // JSON's text has an exponent from 1e-6 on down only, and one digit where Go's fmt has two.
    var text = magnitude < 1e-6 || magnitude >= 1e21 ? JSON.goNumberText(value) : exponentText(value)
    if let mark = text.lastIndex(where: { $0 == "-" || $0 == "+" }), text.distance(from: mark, to: text.endIndex) == 2 {
      text.insert("0", at: text.index(after: mark))
    }
    return text
  }

  /// A value as a message shows it: strings quoted, numbers and booleans plain, the rest as JSON.
  public static func plain(_ value: JSON) -> String {
    switch value {
    case .string(let text): quoted(text)
    case .double(let number): GoText.number(number)
    default: value.text()
    }
  }

  /// `0.00005` as `5e-5`, for the decades between 1e-6 and 1e-4.
  private static func exponentText(_ value: Double) -> String {
    let text = JSON.goNumberText(value.magnitude)
    let fraction = text.dropFirst(2)
    let zeros = fraction.prefix { $0 == "0" }.count
    let digits = fraction.dropFirst(zeros)
    let rest = digits.dropFirst()
    return (value < 0 ? "-" : "") + String(digits.prefix(1)) + (rest.isEmpty ? "" : "." + rest) + "e-\(zeros + 1)"
  }

  private static func hex(_ value: UInt32, _ width: Int) -> String {
    let text = String(value, radix: 16)
    return String(repeating: "0", count: max(0, width - text.count)) + text
  }

  private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
    if scalar == " " { return true }
    switch scalar.properties.generalCategory {
    case .control, .format, .surrogate, .privateUse, .unassigned, .spaceSeparator, .lineSeparator, .paragraphSeparator:
      return false
    default: return true
    }
  }
}
