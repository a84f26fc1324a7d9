/// The syntax of RE2, with Go's complaints.
struct RegularExpressionParser {
  typealias Syntax = RegularExpression.Syntax
  typealias CharacterSet = RegularExpression.CharacterSet
  typealias SyntaxError = RegularExpression.SyntaxError

  private struct Flags {
    var ignoresCase = false
    var isMultiline = false
    var dotMatchesNewline = false
  }

  private let scalars: [Unicode.Scalar]
  private var position = 0
  private var flags = Flags()
  private var depth = 0

  init(_ pattern: String) {
    scalars = Array(pattern.unicodeScalars)
  }

  mutating func parse() throws(SyntaxError) -> Syntax {
    let syntax = try parseAlternatives()
    if position < scalars.count {
      position = scalars.count
      throw fail("unexpected )", text(from: 0))
    }
    return syntax
  }

  private var next: Unicode.Scalar? { position < scalars.count ? scalars[position] : nil }

  private mutating func take(_ text: String) -> Bool {
    let wanted = Array(text.unicodeScalars)
    guard scalars[position...].starts(with: wanted) else { return false }
    position += wanted.count
    return true
  }

  private func text(from start: Int) -> String {
    var text = String.UnicodeScalarView()
    text.append(contentsOf: scalars[min(start, scalars.count)..<max(start, position)])
    return String(text)
  }

  private func fail(_ reason: String, _ part: String) -> SyntaxError {
    SyntaxError(description: "error parsing regexp: \(reason): `\(part)`")
  }

  private mutating func parseAlternatives() throws(SyntaxError) -> Syntax {
    var parts = [try parseSequence()]
    while take("|") { parts.append(try parseSequence()) }
    return parts.count == 1 ? parts[0] : .alternatives(parts)
  }

  private mutating func parseSequence() throws(SyntaxError) -> Syntax {
    var parts: [Syntax] = []
    while let scalar = next, scalar != "|", scalar != ")" {
      let start = position
      if scalar == "*" || scalar == "+" || scalar == "?" {
        position += 1
        throw fail("missing argument to repetition operator", text(from: start))
      }
      let atom = try parseAtom()
      parts.append(try parseRepetition(of: atom))
    }
    return parts.count == 1 ? parts[0] : .sequence(parts)
  }

  private mutating func parseRepetition(of atom: Syntax) throws(SyntaxError) -> Syntax {
    let start = position
    guard let bounds = try parseBounds() else { return atom }
    _ = take("?")  // Laziness does not change whether something matches.
    let end = position
    if try parseBounds() != nil { throw fail("invalid nested repetition operator", text(from: start)) }
    position = end
    return .repetition(atom, atLeast: bounds.0, atMost: bounds.1)
  }

  /// `*`, `+`, `?`, `{2}`, `{2,}`, `{2,3}`; a brace that is none of those is a character.
  private mutating func parseBounds() throws(SyntaxError) -> (Int, Int?)? {
    let start = position
    if take("*") { return (0, nil) }
    if take("+") { return (1, nil) }
    if take("?") { return (0, 1) }
    guard take("{"), let low = parseNumber() else {
      position = start
      return nil
    }
    var high: Int? = low
    if take(",") { high = parseNumber() }
    guard take("}") else {
      position = start
      return nil
    }
    if low > 1000 || high ?? 0 > 1000 || high ?? low < low { throw fail("invalid repeat count", text(from: start)) }
    return (low, high)
  }

  private mutating func parseNumber() -> Int? {
    var digits = ""
    while let scalar = next, ("0"..."9").contains(scalar), digits.count < 5 {
      digits.unicodeScalars.append(scalar)
      position += 1
    }
    return Int(digits)
  }

  private mutating func parseAtom() throws(SyntaxError) -> Syntax {
    let start = position
    guard let scalar = next else { return .empty }
    position += 1
    switch scalar {
    case "^": return .assertion(flags.isMultiline ? .startOfLine : .startOfText)
    case "$": return .assertion(flags.isMultiline ? .endOfLine : .endOfText)
    case ".": return .set(CharacterSet(ranges: flags.dotMatchesNewline ? [] : [10...10], isNegated: true))
    case "[": return .set(try parseClass())
    case "(": return try parseGroup(from: start)
    case "\\": return try parseEscape(from: start)
    default: return .set(literal(scalar))
    }
  }

  private func literal(_ scalar: Unicode.Scalar) -> CharacterSet {
    folded(CharacterSet(ranges: [scalar.value...scalar.value]))
  }

  private mutating func parseGroup(from start: Int) throws(SyntaxError) -> Syntax {
    depth += 1
    defer { depth -= 1 }
    guard depth <= 200 else { throw SyntaxError(description: "error parsing regexp: expression nests too deeply") }
    let outer = flags
    if take("?") {
      if take("P<") || take("<") {
        while let scalar = next, scalar != ">" {
          guard scalar == "_" || scalar.properties.isAlphabetic || ("0"..."9").contains(scalar) else { break }
          position += 1
        }
        guard take(">") else { throw fail("invalid named capture", text(from: start)) }
      } else if !take(":") {
        guard let isWhole = parseFlags() else {
          throw fail("invalid or unsupported Perl syntax", text(from: start))
        }
        // `(?i)` holds up to the end of the group around it.
        if isWhole { return .empty }
      }
    }
    let syntax = try parseAlternatives()
    guard take(")") else {
      position = scalars.count
      throw fail("missing closing )", text(from: 0))
    }
    flags = outer
    return syntax
  }

  /// `i-s)` or `i:`; true for the former.
  private mutating func parseFlags() -> Bool? {
    var isOn = true
    while let scalar = next {
      position += 1
      switch scalar {
      case "i": flags.ignoresCase = isOn
      case "m": flags.isMultiline = isOn
      case "s": flags.dotMatchesNewline = isOn
      case "U": break
      case "-": isOn = false
      case ")": return true
      case ":": return false
      default: return nil
      }
    }
    return nil
  }

  private mutating func parseEscape(from start: Int) throws(SyntaxError) -> Syntax {
    guard let scalar = next else {
      throw SyntaxError(description: "error parsing regexp: trailing backslash at end of expression: ``")
    }
    switch scalar {
    case "A":
      position += 1
      return .assertion(.startOfText)
    case "z":
      position += 1
      return .assertion(.endOfText)
    case "b":
      position += 1
      return .assertion(.wordBoundary)
    case "B":
      position += 1
      return .assertion(.noWordBoundary)
    case "Q":
      position += 1
      var parts: [Syntax] = []
      while let scalar = next, !take(#"\E"#) {
        parts.append(.set(literal(scalar)))
        position += 1
      }
      return .sequence(parts)
    default: break
    }
    if let set = try parseClassEscape(from: start) { return .set(set) }
    return .set(literal(try parseCharacterEscape(from: start)))
  }

  /// `\d`, `\w`, `\s`, `\pL`, `\p{Lu}` and their opposites, after the backslash.
  private mutating func parseClassEscape(from start: Int) throws(SyntaxError) -> CharacterSet? {
    guard let scalar = next else { return nil }
    let ranges: [ClosedRange<UInt32>]
    switch scalar {
    case "d", "D": ranges = [0x30...0x39]
    case "w", "W": ranges = [0x30...0x39, 0x41...0x5A, 0x5F...0x5F, 0x61...0x7A]
    case "s", "S": ranges = [9...10, 12...13, 32...32]
    case "p", "P":
      position += 1
      var name = ""
      if take("{") {
        while let scalar = next, scalar != "}" {
          name.unicodeScalars.append(scalar)
          position += 1
        }
        _ = take("}")
      } else if let scalar = next {
        name.unicodeScalars.append(scalar)
        position += 1
      }
      var isNegated = scalar == "P"
      if name.hasPrefix("^") {
        isNegated.toggle()
        name.removeFirst()
      }
      guard UnicodeCategories.isKnown(name) else { throw fail("invalid character class range", text(from: start)) }
      return CharacterSet(categories: [CharacterSet.Category(name: name, isNegated: isNegated)])
    default: return nil
    }
    position += 1
    return CharacterSet(ranges: ranges, isNegated: ("A"..."Z").contains(scalar))
  }

  /// An escaped character, after the backslash.
  private mutating func parseCharacterEscape(from start: Int) throws(SyntaxError) -> Unicode.Scalar {
    guard let scalar = next else { throw fail("trailing backslash at end of expression", "") }
    position += 1
    switch scalar {
    case "a": return "\u{07}"
    case "f": return "\u{0C}"
    case "t": return "\t"
    case "n": return "\n"
    case "r": return "\r"
    case "v": return "\u{0B}"
    case "x":
      var digits = ""
      if take("{") {
        while let scalar = next, scalar != "}" {
          digits.unicodeScalars.append(scalar)
          position += 1
        }
        _ = take("}")
      } else {
        while let scalar = next, digits.count < 2 {
          digits.unicodeScalars.append(scalar)
          position += 1
        }
      }
      guard let value = UInt32(digits, radix: 16), let result = Unicode.Scalar(value) else { break }
      return result
    case "0"..."7":
      // Octal: three digits, or any number of them after a zero.
      var digits = String(scalar)
      while let scalar = next, ("0"..."7").contains(scalar), digits.count < 3 {
        digits.unicodeScalars.append(scalar)
        position += 1
      }
      guard scalar == "0" || digits.count > 1, let value = UInt32(digits, radix: 8),
        let result = Unicode.Scalar(value)
      else { break }
      return result
    default:
      if scalar.isASCII, !scalar.properties.isAlphabetic, !("0"..."9").contains(scalar) { return scalar }
    }
    throw fail("invalid escape sequence", text(from: start))
  }

  /// A class, after its `[`.
  private mutating func parseClass() throws(SyntaxError) -> CharacterSet {
    let start = position - 1
    var set = CharacterSet()
    set.isNegated = take("^")
    var isFirst = true
    while let scalar = next, scalar != "]" || isFirst {
      isFirst = false
      let itemStart = position
      if take("[:") {
        set.ranges += try parseNamedClass(from: itemStart)
        continue
      }
      if scalar == "\\" {
        position += 1
        if let escaped = try parseClassEscape(from: itemStart) {
          set.categories += escaped.categories
          set.ranges += escaped.isNegated ? Self.complement(of: escaped.ranges) : escaped.ranges
          continue
        }
        position -= 1
      }
      let low = try parseClassCharacter()
      var high = low
      if next == "-", position + 1 < scalars.count, scalars[position + 1] != "]" {
        position += 1
        high = try parseClassCharacter()
      }
      guard low.value <= high.value else { throw fail("invalid character class range", text(from: itemStart)) }
      set.ranges.append(low.value...high.value)
    }
    guard take("]") else {
      position = scalars.count
      throw fail("missing closing ]", text(from: start))
    }
    return folded(set)
  }

  private mutating func parseClassCharacter() throws(SyntaxError) -> Unicode.Scalar {
    let start = position
    guard let scalar = next else { throw fail("missing closing ]", text(from: start)) }
    position += 1
    return scalar == "\\" ? try parseCharacterEscape(from: start) : scalar
  }

  /// `alpha:]` of `[:alpha:]`.
  private mutating func parseNamedClass(from start: Int) throws(SyntaxError) -> [ClosedRange<UInt32>] {
    var name = ""
    while let scalar = next, scalar != ":", scalar != "]" {
      name.unicodeScalars.append(scalar)
      position += 1
    }
    let isNegated = name.hasPrefix("^")
    if isNegated { name.removeFirst() }
    let classes: [String: [ClosedRange<UInt32>]] = [
      "alnum": [0x30...0x39, 0x41...0x5A, 0x61...0x7A], "alpha": [0x41...0x5A, 0x61...0x7A], "ascii": [0...0x7F],
      "blank": [9...9, 32...32], "cntrl": [0...0x1F, 0x7F...0x7F], "digit": [0x30...0x39], "graph": [0x21...0x7E],
      "lower": [0x61...0x7A], "print": [0x20...0x7E], "punct": [0x21...0x2F, 0x3A...0x40, 0x5B...0x60, 0x7B...0x7E],
      "space": [9...13, 32...32], "upper": [0x41...0x5A], "word": [0x30...0x39, 0x41...0x5A, 0x5F...0x5F, 0x61...0x7A],
      "xdigit": [0x30...0x39, 0x41...0x46, 0x61...0x66],
    ]
    guard take(":]"), let ranges = classes[name] else {
      throw fail("invalid character class range", text(from: start))
    }
    return isNegated ? Self.complement(of: ranges) : ranges
  }

  private static func complement(of ranges: [ClosedRange<UInt32>]) -> [ClosedRange<UInt32>] {
    var result: [ClosedRange<UInt32>] = []
    var low: UInt32 = 0
    for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
      if range.lowerBound > low { result.append(low...range.lowerBound - 1) }
      low = range.upperBound + 1
    }
    result.append(low...0x10FFFF)
    return result
  }

  /// With the other case of its ASCII letters, and of single characters beyond, when case is ignored.
  private func folded(_ set: CharacterSet) -> CharacterSet {
    guard flags.ignoresCase else { return set }
    var result = set
    for range in set.ranges {
      let upper = range.clamped(to: 0x41...0x5A)
      if range.overlaps(0x41...0x5A) { result.ranges.append(upper.lowerBound + 32...upper.upperBound + 32) }
      let lower = range.clamped(to: 0x61...0x7A)
      if range.overlaps(0x61...0x7A) { result.ranges.append(lower.lowerBound - 32...lower.upperBound - 32) }
      if range.count == 1, let scalar = Unicode.Scalar(range.lowerBound), !scalar.isASCII {
        for text in [scalar.properties.lowercaseMapping, scalar.properties.uppercaseMapping] {
          guard let other = text.unicodeScalars.first, text.unicodeScalars.count == 1 else { continue }
          result.ranges.append(other.value...other.value)
        }
      }
    }
    return result
  }
}
