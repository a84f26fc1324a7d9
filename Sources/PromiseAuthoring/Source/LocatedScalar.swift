import Yams

/// A scalar found again in its source: its value, and for every byte of the value the bytes of the source that it
/// stands for.
struct LocatedScalar: Sendable {
  var value: [UInt8]
  /// One range of the source for every byte of `value`.
  var origins: [Range<Int>]
  /// For block scalars: the indentation of the content.
  var blockIndentation: [UInt8]?

  /// - Returns: nil when the source at the node's mark does not read as the node's value, so that nobody edits a place
  ///   that was not understood.
  init?(_ scalar: Node.Scalar, in source: SourceText) {
    guard let mark = scalar.mark, let marked = source.offset(of: mark) else { return nil }
    let expected = Array(scalar.string.utf8)
    var reader = ScalarReader(bytes: source.bytes, offset: marked)
    reader.skipProperties()
    let matched =
      switch scalar.style {
      case .any, .plain: reader.readPlain(expected)
      case .singleQuoted: reader.readQuoted(0x27)
      case .doubleQuoted: reader.readQuoted(0x22)
      case .literal: reader.readLiteral(expected)
      case .folded: reader.readFolded(expected)
      }
    guard matched, reader.value == expected else { return nil }
    value = reader.value
    origins = reader.origins
    blockIndentation = reader.blockIndentation
  }

  /// The source of the whole value; nil for an empty one.
  var range: Range<Int>? {
    guard let first = origins.first, let last = origins.last else { return nil }
    return first.lowerBound..<last.upperBound
  }
}

extension SourceText {
  /// The brace that opens a mapping; nil for one in block style. (The parser does not tell the style of a collection.)
  func openingBrace(of mapping: Node.Mapping) -> Int? {
    guard let mark = mapping.mark, let marked = offset(of: mark) else { return nil }
    var reader = ScalarReader(bytes: bytes, offset: marked)
    reader.skipProperties()
    return reader.offset < bytes.count && bytes[reader.offset] == 0x7B ? reader.offset : nil
  }
}

/// Reads one scalar's source.
private struct ScalarReader {
  let bytes: [UInt8]
  var offset: Int
  var value: [UInt8] = []
  var origins: [Range<Int>] = []
  var blockIndentation: [UInt8]?

  init(bytes: [UInt8], offset: Int) {
    self.bytes = bytes
    self.offset = offset
  }

  private var current: UInt8? { offset < bytes.count ? bytes[offset] : nil }
  private var isAtBlank: Bool { current == 0x20 || current == 0x09 }
  private var breakLength: Int { SourceText.breakLength(in: bytes, at: offset) }

  private mutating func emit(_ byte: UInt8, from range: Range<Int>) {
    value.append(byte)
    origins.append(range)
  }

  private mutating func emitByte() {
    emit(bytes[offset], from: offset..<offset + 1)
    offset += 1
  }

  /// Anchor and tag, and what may be between them and the scalar.
  mutating func skipProperties() {
    while let byte = current, byte == 0x26 || byte == 0x21 {
      while let byte = current, byte != 0x20, byte != 0x09, byte != 0x2C, breakLength == 0 { offset += 1 }
      while offset < bytes.count {
        if isAtBlank {
          offset += 1
        } else if current == 0x23 {
          while offset < bytes.count, breakLength == 0 { offset += 1 }
        } else if breakLength > 0 {
          offset += breakLength
        } else {
          break
        }
      }
    }
  }

  /// A plain scalar on one line.
  mutating func readPlain(_ expected: [UInt8]) -> Bool {
    guard bytes[offset...].starts(with: expected) else { return false }
    for _ in expected { emitByte() }
    return true
  }

  mutating func readQuoted(_ quote: UInt8) -> Bool {
    guard current == quote else { return false }
    offset += 1
    while let byte = current {
      if byte == quote {
        if quote == 0x27, offset + 1 < bytes.count, bytes[offset + 1] == quote {
          emit(quote, from: offset..<offset + 2)
          offset += 2
          continue
        }
        return true
      }
      if byte == 0x5C, quote == 0x22 {
        guard readEscape() else { return false }
      } else if isAtBlank || breakLength > 0 {
        fold()
      } else {
        emitByte()
      }
    }
    return false
  }

  /// Blanks and breaks in a quoted scalar: blanks around a break are nothing, one break is a space, more are newlines.
  private mutating func fold() {
    let start = offset
    while isAtBlank { offset += 1 }
    guard breakLength > 0 else {
      for index in start..<offset { emit(bytes[index], from: index..<index + 1) }
      return
    }
    var breaks: [Range<Int>] = []
    while isAtBlank || breakLength > 0 {
      let length = breakLength
      if length > 0 { breaks.append(offset..<offset + length) }
      offset += max(length, 1)
    }
    if breaks.count == 1 {
      emit(0x20, from: breaks[0])
    } else {
      for range in breaks.dropFirst() { emit(0x0A, from: range) }
    }
  }

  private mutating func readEscape() -> Bool {
    guard offset + 1 < bytes.count else { return false }
    let start = offset
    let letter = bytes[offset + 1]
    offset += 2
    let code: UInt32
    switch letter {
    case UInt8(ascii: "0"): code = 0
    case UInt8(ascii: "a"): code = 7
    case UInt8(ascii: "b"): code = 8
    case UInt8(ascii: "t"), 0x09: code = 9
    case UInt8(ascii: "n"): code = 10
    case UInt8(ascii: "v"): code = 11
    case UInt8(ascii: "f"): code = 12
    case UInt8(ascii: "r"): code = 13
    case UInt8(ascii: "e"): code = 27
    case UInt8(ascii: "N"): code = 0x85
    case UInt8(ascii: "_"): code = 0xA0
    case UInt8(ascii: "L"): code = 0x2028
    case UInt8(ascii: "P"): code = 0x2029
    case UInt8(ascii: "x"), UInt8(ascii: "u"), UInt8(ascii: "U"):
      let length = letter == UInt8(ascii: "x") ? 2 : letter == UInt8(ascii: "u") ? 4 : 8
      guard offset + length <= bytes.count,
        let value = UInt32(String(decoding: bytes[offset..<offset + length], as: UTF8.self), radix: 16)
      else { return false }
      offset += length
      code = value
    default:
      offset -= 1
      let length = breakLength
      guard length > 0 else {
        code = UInt32(letter)
        offset += 1
        break
      }
      // An escaped break: it and the next line's indentation are nothing, empty lines are newlines.
      offset += length
      while isAtBlank || breakLength > 0 {
        let length = breakLength
        if length > 0 { emit(0x0A, from: offset..<offset + length) }
        offset += max(length, 1)
      }
      return true
    }
    guard let scalar = Unicode.Scalar(code) else { return false }
    for byte in String(scalar).utf8 { emit(byte, from: start..<offset) }
    return true
  }

  /// The header of a block scalar with its line break.
  private mutating func skipHeader(_ indicator: UInt8) -> Bool {
    guard current == indicator else { return false }
    while offset < bytes.count, breakLength == 0 { offset += 1 }
    offset += breakLength
    return true
  }

  /// The range of the line at the cursor, without its break.
  private func contentOfLine() -> Range<Int> {
    var end = offset
    while end < bytes.count, SourceText.breakLength(in: bytes, at: end) == 0 { end += 1 }
    return offset..<end
  }

  /// A literal block scalar: line by line what the value says, so that the indentation shows itself.
  mutating func readLiteral(_ expected: [UInt8]) -> Bool {
    guard skipHeader(0x7C) else { return false }
    var lines = expected.split(separator: 0x0A, omittingEmptySubsequences: false)
    let endsWithBreak = expected.last == 0x0A
    if endsWithBreak { lines.removeLast() }
    guard let indentation = indentation(firstContent: lines.first { !$0.isEmpty }) else { return false }
    for (index, line) in lines.enumerated() {
      let content = contentOfLine()
      if line.isEmpty {
        guard bytes[content].allSatisfy({ $0 == 0x20 }) else { return false }
      } else {
        let start = content.lowerBound + indentation.count
        guard content.count >= indentation.count, bytes[content.lowerBound..<start].elementsEqual(indentation),
          bytes[start..<content.upperBound].elementsEqual(line)
        else { return false }
        for position in start..<content.upperBound { emit(bytes[position], from: position..<position + 1) }
      }
      offset = content.upperBound
      let length = breakLength
      if index < lines.count - 1 || endsWithBreak {
        emit(0x0A, from: offset..<offset + length)
      }
      offset += length
    }
    blockIndentation = indentation
    return true
  }

  /// The indentation of a block scalar, read off the first line that is not empty.
  private func indentation(firstContent: ArraySlice<UInt8>?) -> [UInt8]? {
    guard let firstContent else { return [] }
    var reader = self
    while reader.offset < bytes.count {
      let line = reader.contentOfLine()
      if !bytes[line].allSatisfy({ $0 == 0x20 }) {
        let count = line.count - firstContent.count
        guard count >= 0, bytes[line].suffix(firstContent.count).elementsEqual(firstContent),
          bytes[line].prefix(count).allSatisfy({ $0 == 0x20 })
        else { return nil }
        return Array(bytes[line].prefix(count))
      }
      reader.offset = line.upperBound + SourceText.breakLength(in: bytes, at: line.upperBound)
    }
    return nil
  }

  /// A folded block scalar: source and value are read together, each run of breaks as what the value has there.
  mutating func readFolded(_ expected: [UInt8]) -> Bool {
    guard skipHeader(0x3E) else { return false }
    let indentation = contentOfLine().prefix { bytes[$0] == 0x20 }.count
    offset += indentation
    var next = 0
    while next < expected.count {
      guard offset < bytes.count else { return false }
      if breakLength == 0 {
        guard bytes[offset] == expected[next] else { return false }
        emitByte()
        next += 1
        continue
      }
      var breaks: [Range<Int>] = []
      while breakLength > 0 {
        breaks.append(offset..<offset + breakLength)
        offset += breakLength
        var blanks = 0
        while blanks < indentation, current == 0x20 {
          offset += 1
          blanks += 1
        }
      }
      if breaks.count == 1, expected[next] == 0x20 {
        emit(0x20, from: breaks[0])
        next += 1
      } else {
        var used = 0
        while next < expected.count, expected[next] == 0x0A, used < breaks.count {
          emit(0x0A, from: breaks[used])
          used += 1
          next += 1
        }
        guard used > 0 else { return false }
      }
    }
    blockIndentation = Array(repeating: 0x20, count: indentation)
    return true
  }
}
