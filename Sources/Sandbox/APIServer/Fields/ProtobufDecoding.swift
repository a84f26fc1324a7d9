import Foundation
import Kubernetes

/// A protobuf body that makes no sense.
struct ProtobufError: Error, CustomStringConvertible {
  var description: String
}

/// `application/vnd.kubernetes.protobuf`: what kubectl's typed commands (create, auth can-i) send. Read here into JSON;
/// answers are JSON, which those clients accept too.
enum ProtobufDecoding {
  static let mediaType = "application/vnd.kubernetes.protobuf"
  private static let magic: [UInt8] = [0x6B, 0x38, 0x73, 0x00]
  private static let maximumDepth = 100

  /// The object in an envelope: `k8s\0`, then an `Unknown` with the type and the object's bytes.
  static func object(_ bytes: [UInt8]) throws -> JSON {
    guard bytes.starts(with: magic) else {
      throw ProtobufError(
        description: "provided data does not appear to be a protobuf message, expected prefix 6b387300")
    }
    var reader = Reader(bytes: bytes[magic.count...])
    var apiVersion = ""
    var kind = ""
    var raw: ArraySlice<UInt8> = []
    while let (number, value) = try reader.next() {
      switch (number, value) {
      case (1, .bytes(let type)):
        var inner = Reader(bytes: type)
        while let (number, value) = try inner.next() {
          guard case .bytes(let text) = value else { continue }
          if number == 1 { apiVersion = String(decoding: text, as: UTF8.self) }
          if number == 2 { kind = String(decoding: text, as: UTF8.self) }
        }
      case (2, .bytes(let content)): raw = content
      default: break
      }
    }
    let type = GroupVersionKind(apiVersion: apiVersion, kind: kind)
    guard let message = FieldTable.message(for: type) ?? (kind == "DeleteOptions" ? deleteOptions : nil) else {
      throw ProtobufError(description: "no kind \"\(kind)\" is registered for version \"\(apiVersion)\"")
    }
    var members = try object(raw, message, depth: 0)
    members["apiVersion"] = .string(apiVersion)
    members["kind"] = .string(kind)
    return .object(members)
  }

  private static var deleteOptions: FieldTable.Message? { FieldTable.messages["meta.DeleteOptions"] }

  private static func object(
    _ bytes: ArraySlice<UInt8>, _ message: FieldTable.Message, depth: Int
  ) throws -> [String: JSON] {
    guard depth < maximumDepth else { throw ProtobufError(description: "exceeded max depth") }
    var members: [String: JSON] = [:]
    var reader = Reader(bytes: bytes)
    while let (number, value) = try reader.next() {
      guard let field = message.byNumber[number] else { continue }
      if field.isInline, case .message(let name) = field.kind, case .bytes(let content) = value,
        let inner = FieldTable.messages[name]
      {
        members.merge(try object(content, inner, depth: depth + 1)) { _, new in new }
        continue
      }
      switch field.kind {
      case .list(let element):
        var list = members[field.name]?.arrayValue ?? []
        list.append(try json(value, element, depth: depth + 1))
        members[field.name] = .array(list)
      case .map(let element):
        guard case .bytes(let content) = value else { throw ProtobufError(description: "wrong wire type") }
        var entry = Reader(bytes: content)
        var key = ""
        var item = try json(.bytes([]), element, depth: depth + 1)
        while let (number, part) = try entry.next() {
          if number == 1, case .bytes(let text) = part { key = String(decoding: text, as: UTF8.self) }
          if number == 2 { item = try json(part, element, depth: depth + 1) }
        }
        var map = members[field.name]?.objectValue ?? [:]
        map[key] = item
        members[field.name] = .object(map)
      default:
        let decoded = try json(value, field.kind, depth: depth + 1)
        if decoded != .null { members[field.name] = decoded }
      }
    }
    return members
  }

  private static func json(_ value: Reader.Value, _ kind: FieldTable.Field.Kind, depth: Int) throws -> JSON {
    guard depth < maximumDepth else { throw ProtobufError(description: "exceeded max depth") }
    switch (kind, value) {
    case (.string, .bytes(let bytes)): return .string(String(decoding: bytes, as: UTF8.self))
    case (.bytes, .bytes(let bytes)): return .string(Data(bytes).base64EncodedString())
    case (.int32, .varint(let number)): return .int(Int64(Int32(truncatingIfNeeded: number)))
    case (.int64, .varint(let number)): return .int(Int64(bitPattern: number))
    case (.bool, .varint(let number)): return .bool(number != 0)
    case (.double, .fixed64(let bits)): return .double(Double(bitPattern: bits))
    case (.time, .bytes(let bytes)), (.microTime, .bytes(let bytes)):
      let numbers = try numbers(bytes)
      guard let seconds = numbers[1] else { return .null }
      guard (-62_135_596_800...253_402_300_799).contains(seconds) else {
        throw ProtobufError(description: "a time is out of range")
      }
      if case .microTime = kind {
        return .string(
          Timestamp.microText(secondsSince1970: Double(seconds) + Double(numbers[2] ?? 0) / 1e9))
      }
      return .string(Timestamp.text(secondsSince1970: seconds))
    case (.duration, .bytes(let bytes)):
      return .string(GoDuration(nanoseconds: try numbers(bytes)[1] ?? 0).description)
    case (.quantity, .bytes(let bytes)):
      var reader = Reader(bytes: bytes)
      while let (number, value) = try reader.next() {
        if number == 1, case .bytes(let text) = value { return .string(String(decoding: text, as: UTF8.self)) }
      }
      return "0"
    case (.intOrString, .bytes(let bytes)):
      var reader = Reader(bytes: bytes)
      var isText = false
      var (number32, text) = (Int64(0), "")
      while let (number, value) = try reader.next() {
        switch (number, value) {
        case (1, .varint(let type)): isText = type == 1
        case (2, .varint(let value)): number32 = Int64(Int32(truncatingIfNeeded: value))
        case (3, .bytes(let bytes)): text = String(decoding: bytes, as: UTF8.self)
        default: break
        }
      }
      return isText ? .string(text) : .int(number32)
    case (.raw, .bytes(let bytes)), (.any, .bytes(let bytes)):
      var reader = Reader(bytes: bytes)
      while let (number, value) = try reader.next() {
        if number == 1, case .bytes(let content) = value, !content.isEmpty { return try JSON(parsing: Array(content)) }
      }
      return .null
    case (.message(let name), .bytes(let bytes)):
      guard let message = FieldTable.messages[name] else { return .null }
      return .object(try object(bytes, message, depth: depth))
    case (.int32, .bytes([])), (.int64, .bytes([])), (.double, .bytes([])): return 0
    case (.bool, .bytes([])): return false
    case (.list(let element), _): return .array([try json(value, element, depth: depth + 1)])
    default: throw ProtobufError(description: "wrong wire type")
    }
  }

  /// The integers of a small message, by their numbers.
  private static func numbers(_ bytes: ArraySlice<UInt8>) throws -> [Int: Int64] {
    var reader = Reader(bytes: bytes)
    var result: [Int: Int64] = [:]
    while let (number, value) = try reader.next() {
      if case .varint(let integer) = value { result[number] = Int64(bitPattern: integer) }
    }
    return result
  }

  /// Reads the wire format, field by field.
  private struct Reader {
    enum Value {
      case varint(UInt64)
      case fixed64(UInt64)
      case fixed32(UInt32)
      case bytes(ArraySlice<UInt8>)
    }

    var bytes: ArraySlice<UInt8>

    mutating func next() throws -> (Int, Value)? {
      guard !bytes.isEmpty else { return nil }
      let tag = try varint()
      guard let number = Int(exactly: tag >> 3), number > 0 else { throw ProtobufError(description: "illegal tag 0") }
      switch tag & 7 {
      case 0: return (number, .varint(try varint()))
      case 1: return (number, .fixed64(try fixed(8)))
      case 2:
        guard let length = Int(exactly: try varint()), length <= bytes.count else {
          throw ProtobufError(description: "unexpected EOF")
        }
        let content = bytes.prefix(length)
        bytes = bytes.dropFirst(length)
        return (number, .bytes(content))
      case 5: return (number, .fixed32(UInt32(truncatingIfNeeded: try fixed(4))))
      default: throw ProtobufError(description: "illegal wireType \(tag & 7)")
      }
    }

    private mutating func varint() throws -> UInt64 {
      var result: UInt64 = 0
      var shift: UInt64 = 0
      while let byte = bytes.popFirst() {
        guard shift < 64 else { throw ProtobufError(description: "integer overflow") }
        result |= UInt64(byte & 0x7F) << shift
        if byte & 0x80 == 0 { return result }
        shift += 7
      }
      throw ProtobufError(description: "unexpected EOF")
    }

    private mutating func fixed(_ count: Int) throws -> UInt64 {
      guard bytes.count >= count else { throw ProtobufError(description: "unexpected EOF") }
      let value = bytes.prefix(count).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
      bytes = bytes.dropFirst(count)
      return value
    }
  }
}
