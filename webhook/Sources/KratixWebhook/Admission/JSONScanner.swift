/// Walks the members of JSON objects in a text without decoding them: where a value begins and where it ends. What is
/// equal byte by byte need not be decoded to be known as equal, and most of a review is never looked at.
///
/// It takes every valid JSON. Of an invalid one it may give a part; whatever is then looked at is parsed properly.
struct JSONScanner {
  private let bytes: UnsafeBufferPointer<UInt8>

  init(_ bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

  func slice(_ range: Range<Int>) -> UnsafeBufferPointer<UInt8> { UnsafeBufferPointer(rebasing: bytes[range]) }

  func areEqual(_ left: Range<Int>, _ right: Range<Int>) -> Bool {
    left.count == right.count && slice(left).elementsEqual(slice(right))
  }

  /// The string value at a range; nil when it is none.
  func isString(_ range: Range<Int>?, _ text: StaticString) -> Bool {
    guard let range, range.count == text.utf8CodeUnitCount + 2, bytes[range.lowerBound] == UInt8(ascii: "\"") else {
      return false
    }
    return slice((range.lowerBound + 1)..<(range.upperBound - 1)).elementsEqual(
      UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  /// Where the text's own value begins.
  var start: Int { skipSpace(0) }

  /// A member of an object: its name, escapes as they are, and where its value begins.
  struct Member {
    fileprivate let name: UnsafeBufferPointer<UInt8>
    let valueStart: Int

    func `is`(_ key: StaticString) -> Bool {
      name.count == key.utf8CodeUnitCount
        && name.elementsEqual(UnsafeBufferPointer(start: key.utf8Start, count: key.utf8CodeUnitCount))
    }
  }

  /// What a visitor did with a value.
  enum Step {
    /// Nothing: it is to be skipped.
    case skip
    /// It went through it, to its end.
    case through(Int)
    case broken
  }

  /// Goes through a value that may be an object; anything else is skipped.
  func object(at position: Int, _ visit: (Member) -> Step) -> Step {
    guard position < bytes.count, bytes[position] == UInt8(ascii: "{") else { return .skip }
    return members(at: position, visit).map(Step.through) ?? .broken
  }

  /// Visits the members of the object that begins at `position`, in order.
  /// - Returns: the end of the object; nil when it is broken or no object begins here.
  func members(at position: Int, _ visit: (Member) -> Step) -> Int? {
    guard position < bytes.count, bytes[position] == UInt8(ascii: "{") else { return nil }
    var position = skipSpace(position + 1)
    if position < bytes.count, bytes[position] == UInt8(ascii: "}") { return position + 1 }
    while position < bytes.count, bytes[position] == UInt8(ascii: "\"") {
      guard let nameEnd = endOfString(position) else { return nil }
      let name = slice((position + 1)..<(nameEnd - 1))
      position = skipSpace(nameEnd)
      guard position < bytes.count, bytes[position] == UInt8(ascii: ":") else { return nil }
      position = skipSpace(position + 1)
      switch visit(Member(name: name, valueStart: position)) {
      case .through(let end): position = skipSpace(end)
      case .broken: return nil
      case .skip:
        guard let end = endOfValue(position) else { return nil }
        position = skipSpace(end)
      }
      guard position < bytes.count else { return nil }
      if bytes[position] == UInt8(ascii: "}") { return position + 1 }
      guard bytes[position] == UInt8(ascii: ",") else { return nil }
      position = skipSpace(position + 1)
    }
    return nil
  }

  /// - Returns: behind the value that begins at `start`; nil when the text ends before.
  func endOfValue(_ start: Int) -> Int? {
    guard start < bytes.count else { return nil }
    switch bytes[start] {
    case UInt8(ascii: "\""): return endOfString(start)
    case UInt8(ascii: "{"), UInt8(ascii: "["):
      var depth = 0
      var position = start
      while position < bytes.count {
        switch bytes[position] {
        case UInt8(ascii: "\""):
          guard let next = endOfString(position) else { return nil }
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
      while position < bytes.count {
        switch bytes[position] {
        case UInt8(ascii: ","), UInt8(ascii: "}"), UInt8(ascii: "]"), 0x20, 0x09, 0x0A, 0x0D:
          return position > start ? position : nil
        default: position += 1
        }
      }
      return position
    }
  }

  private func skipSpace(_ start: Int) -> Int {
    var position = start
    while position < bytes.count {
      switch bytes[position] {
      case 0x20, 0x09, 0x0A, 0x0D: position += 1
      default: return position
      }
    }
    return position
  }

  /// - Parameter start: at the opening quote. - Returns: behind the closing one.
  private func endOfString(_ start: Int) -> Int? {
    var position = start + 1
    while position < bytes.count {
      switch bytes[position] {
      case UInt8(ascii: "\""): return position + 1
      case UInt8(ascii: "\\"): position += 2
      default: position += 1
      }
    }
    return nil
  }
}
