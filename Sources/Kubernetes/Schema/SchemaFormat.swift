/// A `format` that the API server checks. Others are ignored, as there (apiextensions-apiserver, supported formats).
enum SchemaFormat: Sendable {
  case int32, int64, float, double
  /// A format of strings, with the name as the schema writes it.
  case text(String)

  init?(name: String, type: String?) {
    switch type {
    case "integer":
      switch name {
      case "int32": self = .int32
      case "int64": self = .int64
      default: return nil
      }
    case "number":
      switch name {
      case "float": self = .float
      case "double": self = .double
      default: return nil
      }
    case "string", "", nil:
      guard Self.textFormats.contains(name.replacing("-", with: "")) else { return nil }
      self = .text(name)
    default: return nil
    }
  }

  var name: String {
    switch self {
    case .int32: "int32"
    case .int64: "int64"
    case .float: "float"
    case .double: "double"
    case .text(let name): name
    }
  }

  private static let textFormats: Set<String> = [
    "bsonobjectid", "uri", "email", "hostname", "ipv4", "ipv6", "cidr", "mac", "uuid", "uuid3", "uuid4", "uuid5",
    "isbn",
    "isbn10", "isbn13", "creditcard", "ssn", "hexcolor", "rgbcolor", "byte", "password", "date", "duration", "datetime",
    "k8sshortname", "k8slongname",
  ]

  /// Whether a string has the format; always true for those of numbers.
  func accepts(_ text: String) -> Bool {
    guard case .text(let name) = self else { return true }
    let format = name.replacing("-", with: "")
    if let expression = Self.expressions[format] { return expression.matches(text) }
    switch format {
    case "datetime": return TextFormats.isDateTime(text)
    case "date": return TextFormats.isDate(text)
    case "email": return TextFormats.isEmail(text)
    case "hostname": return TextFormats.isHostname(text)
    case "ipv4": return TextFormats.ipv4(text) != nil
    case "ipv6": return TextFormats.isIPv6(text)
    case "cidr": return TextFormats.isCIDR(text)
    case "uri": return TextFormats.isURI(text)
    case "byte": return TextFormats.isBase64(text)
    case "duration": return TextFormats.isDuration(text)
    case "isbn": return TextFormats.isISBN(text, digits: 10) || TextFormats.isISBN(text, digits: 13)
    case "isbn10": return TextFormats.isISBN(text, digits: 10)
    case "isbn13": return TextFormats.isISBN(text, digits: 13)
    case "creditcard": return TextFormats.isCreditCard(text)
    case "k8sshortname": return NameRules.dns1123Label(text).isEmpty
    case "k8slongname": return NameRules.dns1123Subdomain(text).isEmpty
    default: return true
    }
  }

  private static let expressions: [String: RegularExpression] = {
    let patterns = [
      "uuid": "(?i)^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$",
      "uuid3": "(?i)^[0-9a-f]{8}-?[0-9a-f]{4}-?3[0-9a-f]{3}-?[0-9a-f]{4}-?[0-9a-f]{12}$",
      "uuid4": "(?i)^[0-9a-f]{8}-?[0-9a-f]{4}-?4[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}$",
      "uuid5": "(?i)^[0-9a-f]{8}-?[0-9a-f]{4}-?5[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}$",
      "bsonobjectid": "^[0-9a-fA-F]{24}$", "ssn": "^[0-9]{3}[- ]?[0-9]{2}[- ]?[0-9]{4}$",
      "hexcolor": "^#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$",
      "rgbcolor": "^rgb\\( *(\(byte)) *, *(\(byte)) *, *(\(byte)) *\\)$",
      "mac":
        "^([0-9a-fA-F]{2}([:-][0-9a-fA-F]{2}){5}(([:-][0-9a-fA-F]{2}){2}|([:-][0-9a-fA-F]{2}){14})?"
        + "|[0-9a-fA-F]{4}(\\.[0-9a-fA-F]{4}){2}(\\.[0-9a-fA-F]{4}|(\\.[0-9a-fA-F]{4}){7})?)$",
    ]
    return patterns.compactMapValues { try? RegularExpression($0) }
  }()

  private static let byte = "0|[1-9][0-9]?|1[0-9][0-9]|2[0-4][0-9]|25[0-5]"
}

/// The formats that are no regular expressions.
enum TextFormats {
  static func isDate(_ text: String) -> Bool {
    text.utf8.count == 10 && Timestamp.secondsSince1970(text + "T00:00:00Z") != nil
  }

  static func isDateTime(_ text: String) -> Bool {
    Timestamp.secondsSince1970(text) != nil
  }

  /// The address of `net/mail.ParseAddress`, with or without a name before `<`.
  static func isEmail(_ text: String) -> Bool {
    var address = Substring(text.drop { $0 == " " })
    while address.hasSuffix(" ") { address.removeLast() }
    if address.hasSuffix(">"), let open = address.lastIndex(of: "<") {
      address = address[address.index(after: open)...].dropLast()
    }
    guard let at = address.lastIndex(of: "@") else { return false }
    let local = address[..<at]
    let domain = address[address.index(after: at)...]
    if local.hasPrefix("\""), local.hasSuffix("\""), local.count > 2 { return isDotAtom(domain) }
    return isDotAtom(local) && (isDotAtom(domain) || (domain.hasPrefix("[") && domain.hasSuffix("]")))
  }

  private static func isDotAtom(_ text: Substring) -> Bool {
    text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { part in
      !part.isEmpty
        && part.unicodeScalars.allSatisfy { scalar in
          !scalar.isASCII || scalar.properties.isAlphabetic || ("0"..."9").contains(scalar)
            || "!#$%&'*+-/=?^_`{|}~".unicodeScalars.contains(scalar)
        }
    }
  }

  static func isHostname(_ text: String) -> Bool {
    guard !text.isEmpty, text.utf8.count <= 255 else { return false }
    let labels = text.split(separator: ".", omittingEmptySubsequences: false)
    for label in labels {
      guard !label.isEmpty, label.utf8.count <= 63, !label.hasPrefix("-"), !label.hasSuffix("-"),
        label.unicodeScalars.allSatisfy({ $0 == "-" || isLetterDigitOrSymbol($0) })
      else { return false }
    }
    guard labels.count > 1, let top = labels.last else { return true }
    return top.unicodeScalars.count >= 2 && top.unicodeScalars.allSatisfy(\.properties.isAlphabetic)
  }

  private static func isLetterDigitOrSymbol(_ scalar: Unicode.Scalar) -> Bool {
    ("0"..."9").contains(scalar) || UnicodeCategories.contains("L", scalar) || UnicodeCategories.contains("S", scalar)
  }

  /// The four bytes of a dotted address, without leading zeros.
  static func ipv4(_ text: some StringProtocol) -> [UInt8]? {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 4 else { return nil }
    var bytes: [UInt8] = []
    for part in parts {
      guard part.utf8.allSatisfy({ (0x30...0x39).contains($0) }), part == "0" || !part.hasPrefix("0"),
        let byte = UInt8(part)
      else { return nil }
      bytes.append(byte)
    }
    return bytes
  }

  static func isIPv6(_ text: some StringProtocol) -> Bool {
    let halves = String(text).split(separator: "::", omittingEmptySubsequences: false)
    guard text.contains(":"), halves.count <= 2 else { return false }
    var groups = 0
    for (index, half) in halves.enumerated() where !half.isEmpty {
      let parts = half.split(separator: ":", omittingEmptySubsequences: false)
      for (position, part) in parts.enumerated() {
        if part.contains(".") {
          guard index == halves.count - 1, position == parts.count - 1, ipv4(part) != nil else { return false }
          groups += 2
        } else {
          guard (1...4).contains(part.utf8.count), part.allSatisfy(\.isHexDigit), part.utf8.count == part.count else {
            return false
          }
          groups += 1
        }
      }
    }
    return halves.count == 2 ? groups < 8 : groups == 8
  }

  static func isCIDR(_ text: String) -> Bool {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 2, parts[1] == "0" || !parts[1].hasPrefix("0"),
      parts[1].utf8.allSatisfy({ (0x30...0x39).contains($0) }), let bits = Int(parts[1])
    else { return false }
    return ipv4(parts[0]) != nil ? bits <= 32 : isIPv6(parts[0]) && bits <= 128
  }

  /// What `net/url.ParseRequestURI` takes: a scheme and something after it, or an absolute path.
  static func isURI(_ text: String) -> Bool {
    guard !text.isEmpty, text.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F }), hasGoodEscapes(text)
    else { return false }
    if text.hasPrefix("/") || text == "*" { return true }
    guard let colon = text.firstIndex(of: ":"), let first = text.unicodeScalars.first, first.isASCII,
      first.properties.isAlphabetic
    else { return false }
    let scheme = text[..<colon]
    guard
      scheme.unicodeScalars.allSatisfy({
        $0.isASCII && ($0.properties.isAlphabetic || ("0"..."9").contains($0) || "+-.".unicodeScalars.contains($0))
      })
    else { return false }
    let rest = text[text.index(after: colon)...]
    guard rest.hasPrefix("//") else { return true }
    let authority = rest.dropFirst(2).prefix { $0 != "/" && $0 != "?" && $0 != "#" }
    return !authority.contains { " <>\"{}|\\^`".contains($0) }
  }

  private static func hasGoodEscapes(_ text: String) -> Bool {
    let bytes = Array(text.utf8)
    for (index, byte) in bytes.enumerated() where byte == UInt8(ascii: "%") {
      guard index + 2 < bytes.count,
        bytes[index + 1...index + 2].allSatisfy({ Character(UnicodeScalar($0)).isHexDigit })
      else { return false }
    }
    return true
  }

  static func isBase64(_ text: String) -> Bool {
    let bytes = text.utf8.filter { $0 != 0x0A && $0 != 0x0D }
    guard !bytes.isEmpty, bytes.count % 4 == 0 else { return false }
    let padding = bytes.reversed().prefix { $0 == UInt8(ascii: "=") }.count
    return padding <= 2
      && bytes.dropLast(padding).allSatisfy { byte in
        let scalar = UnicodeScalar(byte)
        return scalar.properties.isAlphabetic && scalar.isASCII || ("0"..."9").contains(scalar) || scalar == "+"
          || scalar == "/"
      }
  }

  /// A Go duration, or a number and a unit in words: `3 days`.
  static func isDuration(_ text: String) -> Bool {
    if GoDuration(text) != nil { return true }
    guard let words = try? RegularExpression(#"^\s*-?[0-9]+\s*([a-zA-Zµμ]+)\s*$"#), words.matches(text) else {
      return false
    }
    let unit = text.filter { $0.isLetter }.lowercased()
    let units = [
      "ns", "nano", "nanos", "nanosecond", "us", "µs", "μs", "micro", "micros", "microsecond", "ms", "milli", "millis",
      "millisecond", "s", "sec", "secs", "second", "m", "min", "mins", "minute", "h", "hr", "hrs", "hour", "d", "day",
      "w", "week", "wk",
    ]
    return units.contains(unit) || (unit.hasSuffix("s") && units.contains(String(unit.dropLast())))
  }

  static func isISBN(_ text: String, digits count: Int) -> Bool {
    let characters = text.utf8.filter { $0 != UInt8(ascii: "-") && $0 != UInt8(ascii: " ") }
    guard characters.count == count else { return false }
    var sum = 0
    for (index, byte) in characters.enumerated() {
      let value: Int
      switch byte {
      case 0x30...0x39: value = Int(byte) - 0x30
      case UInt8(ascii: "X") where count == 10 && index == 9: value = 10
      default: return false
      }
      sum += count == 10 ? (index + 1) * value : value * (index % 2 == 0 ? 1 : 3)
    }
    return count == 10 ? sum % 11 == 0 : sum % 10 == 0
  }

  /// The sum of Luhn over what digits there are.
  static func isCreditCard(_ text: String) -> Bool {
    let digits = text.utf8.filter { (0x30...0x39).contains($0) }.map { Int($0) - 0x30 }
    guard (13...19).contains(digits.count) else { return false }
    var sum = 0
    for (index, digit) in digits.reversed().enumerated() {
      let doubled = index % 2 == 0 ? digit : digit * 2
      sum += doubled > 9 ? doubled - 9 : doubled
    }
    return sum % 10 == 0
  }
}
