import Kubernetes
import Yams

/// A YAML text as bytes, in which the marks of its nodes can be found again: a file, or a text that a scalar of another
/// source holds. Every byte knows which bytes of the file it stands for.
struct SourceText: Sendable {
  /// What the YAML parser reads: UTF-8 without a byte order mark.
  let bytes: [UInt8]
  /// For a text in a scalar: the range of the file that each byte stands for.
  private let origins: [Range<Int>]?
  /// For a file: how many bytes of the byte order mark precede the text.
  private let start: Int
  /// What goes before and after a line that is inserted, beside the line itself; nil where no line can be inserted.
  let insertedLine: LineFrame?
  private let lineStarts: [Int]

  struct LineFrame: Sendable {
    /// Indentation that the texts around this one ask for.
    var indentation: [UInt8]
    /// Used where the text has no line break of its own to copy.
    var lineBreak: [UInt8]
  }

  /// A whole file. - Returns: nil when the bytes are not UTF-8.
  init?(file bytes: [UInt8]) {
    guard String(validating: bytes, as: UTF8.self) != nil else { return nil }
    let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
    start = bytes.starts(with: mark) ? mark.count : 0
    self.bytes = Array(bytes.dropFirst(start))
    origins = nil
    insertedLine = LineFrame(indentation: [], lineBreak: Self.firstLineBreak(in: bytes))
    lineStarts = Self.lineStarts(of: self.bytes)
  }

  /// The text that a scalar of `outer` holds.
  init(_ scalar: LocatedScalar, in outer: SourceText) {
    bytes = scalar.value
    origins = scalar.origins.map(outer.fileRange)
    start = 0
    insertedLine = scalar.blockIndentation.flatMap { indentation in
      outer.insertedLine.map { LineFrame(indentation: $0.indentation + indentation, lineBreak: $0.lineBreak) }
    }
    lineStarts = Self.lineStarts(of: bytes)
  }

  var string: String { String(decoding: bytes, as: UTF8.self) }

  /// The range of the file that a range of this text stands for.
  func fileRange(_ range: Range<Int>) -> Range<Int> {
    guard let origins else { return range.lowerBound + start..<range.upperBound + start }
    let lower = range.lowerBound < origins.count ? origins[range.lowerBound].lowerBound : origins.last?.upperBound ?? 0
    guard !range.isEmpty else {
      let position = range.lowerBound > 0 ? origins[range.lowerBound - 1].upperBound : lower
      return position..<position
    }
    return lower..<origins[range.upperBound - 1].upperBound
  }

  /// The byte that a mark of the parser points at. libyaml counts lines by every break that YAML 1.1 knows, and columns
  /// in Unicode scalars.
  func offset(of mark: Mark) -> Int? {
    guard lineStarts.indices.contains(mark.line - 1) else { return nil }
    var offset = lineStarts[mark.line - 1]
    for _ in 1..<max(mark.column, 1) {
      guard offset < bytes.count else { return nil }
      offset += 1
      while offset < bytes.count, bytes[offset] & 0xC0 == 0x80 { offset += 1 }
    }
    return offset
  }

  /// The range of the line that holds the byte at `offset`, with its line break, and the break's length.
  func line(at offset: Int) -> (range: Range<Int>, breakLength: Int) {
    let index = (lineStarts.lastIndex { $0 <= offset }) ?? 0
    let lower = lineStarts[index]
    guard index + 1 < lineStarts.count else { return (lower..<bytes.count, 0) }
    let upper = lineStarts[index + 1]
    var end = lower
    while end < upper, Self.breakLength(in: bytes, at: end) == 0 { end += 1 }
    return (lower..<upper, upper - end)
  }

  /// The length of the line break at `offset`, 0 for none: LF, CR, CRLF, NEL, LS and PS.
  static func breakLength(in bytes: [UInt8], at offset: Int) -> Int {
    guard offset < bytes.count else { return 0 }
    switch bytes[offset] {
    case 0x0A: return 1
    case 0x0D: return offset + 1 < bytes.count && bytes[offset + 1] == 0x0A ? 2 : 1
    case 0xC2: return offset + 1 < bytes.count && bytes[offset + 1] == 0x85 ? 2 : 0
    case 0xE2:
      guard offset + 2 < bytes.count, bytes[offset + 1] == 0x80 else { return 0 }
      return bytes[offset + 2] == 0xA8 || bytes[offset + 2] == 0xA9 ? 3 : 0
    default: return 0
    }
  }

  private static func lineStarts(of bytes: [UInt8]) -> [Int] {
    var starts = [0]
    var offset = 0
    while offset < bytes.count {
      let length = breakLength(in: bytes, at: offset)
      if length > 0 { starts.append(offset + length) }
      offset += max(length, 1)
    }
    return starts
  }

  private static func firstLineBreak(in bytes: [UInt8]) -> [UInt8] {
    guard let first = bytes.firstIndex(where: { $0 == 0x0A || $0 == 0x0D }) else { return [0x0A] }
    return Array(bytes[first..<first + breakLength(in: bytes, at: first)])
  }
}
