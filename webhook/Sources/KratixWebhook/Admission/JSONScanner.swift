/// Finds the members of JSON objects in a text without decoding them: where a value begins and where it ends. What is
/// equal byte by byte need not be decoded to be known as equal, and most of a review is never looked at.
///
/// It takes every valid JSON. Of an invalid one it may give a part; whatever is then looked at is parsed properly.
struct JSONScanner {
  private let bytes: UnsafeBufferPointer<UInt8>

  init(_ bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

  /// The value at a path of members, or nil when a member is missing, is no object, or its key is written with escapes.
  func value(at path: StaticString..., in range: Range<Int>? = nil) -> Range<Int>? {
    var current = range ?? 0..<bytes.count
    for key in path {
      guard let next = member(key, of: current) else { return nil }
      current = next
    }
    return current
  }

  func slice(_ range: Range<Int>) -> UnsafeBufferPointer<UInt8> { UnsafeBufferPointer(rebasing: bytes[range]) }

  func areEqual(_ left: Range<Int>, _ right: Range<Int>) -> Bool {
    left.count == right.count && slice(left).elementsEqual(slice(right))
  }

  private func member(_ key: StaticString, of range: Range<Int>) -> Range<Int>? {
    var position = skipSpace(range.lowerBound, range.upperBound)
    guard position < range.upperBound, bytes[position] == UInt8(ascii: "{") else { return nil }
    position += 1
    var found: Range<Int>?
    while true {
      position = skipSpace(position, range.upperBound)
      guard position < range.upperBound, bytes[position] == UInt8(ascii: "\"") else { return found }
      guard let keyEnd = endOfString(position, range.upperBound) else { return nil }
      let name = (position + 1)..<(keyEnd - 1)
      position = skipSpace(keyEnd, range.upperBound)
      guard position < range.upperBound, bytes[position] == UInt8(ascii: ":") else { return nil }
      position = skipSpace(position + 1, range.upperBound)
      guard let end = endOfValue(position, range.upperBound) else { return nil }
      // Of two members of one name the last counts, as in Go.
      if matches(name, key) { found = position..<end }
      position = skipSpace(end, range.upperBound)
      guard position < range.upperBound, bytes[position] == UInt8(ascii: ",") else { return found }
      position += 1
    }
  }

  private func matches(_ range: Range<Int>, _ key: StaticString) -> Bool {
    range.count == key.utf8CodeUnitCount
      && slice(range).elementsEqual(UnsafeBufferPointer(start: key.utf8Start, count: key.utf8CodeUnitCount))
  }

  private func skipSpace(_ start: Int, _ end: Int) -> Int {
    var position = start
    while position < end {
      switch bytes[position] {
      case 0x20, 0x09, 0x0A, 0x0D: position += 1
      default: return position
      }
    }
    return position
  }

  /// - Parameter start: at the opening quote. - Returns: behind the closing one.
  private func endOfString(_ start: Int, _ end: Int) -> Int? {
    var position = start + 1
    while position < end {
      switch bytes[position] {
      case UInt8(ascii: "\""): return position + 1
      case UInt8(ascii: "\\"): position += 2
      default: position += 1
      }
    }
    return nil
  }

  private func endOfValue(_ start: Int, _ end: Int) -> Int? {
    guard start < end else { return nil }
    switch bytes[start] {
    case UInt8(ascii: "\""): return endOfString(start, end)
    case UInt8(ascii: "{"), UInt8(ascii: "["):
      var depth = 0
      var position = start
      while position < end {
        switch bytes[position] {
        case UInt8(ascii: "\""):
          guard let next = endOfString(position, end) else { return nil }
          position = next
          continue
        case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
        case UInt8(ascii: "}"), UInt8(ascii: "]"):
          depth -= 1
          if depth == 0 { return position + 1 }
        default: break
        }
        position += 1
      }
      return nil
    default:
      var position = start
      while position < end {
        switch bytes[position] {
        case UInt8(ascii: ","), UInt8(ascii: "}"), UInt8(ascii: "]"), 0x20, 0x09, 0x0A, 0x0D: return position
        default: position += 1
        }
      }
      return position
    }
  }
}
