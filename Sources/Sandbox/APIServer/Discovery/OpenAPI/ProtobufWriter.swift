/// Writes protocol buffer messages (proto3): what is empty, zero or false is left out.
struct ProtobufWriter {
  private(set) var bytes: [UInt8] = []

  private mutating func varint(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }

  private mutating func tag(_ field: Int, _ wireType: UInt64) { varint(UInt64(field) << 3 | wireType) }

  mutating func string(_ field: Int, _ value: String?) {
    guard let value, !value.isEmpty else { return }
    repeatedString(field, value)
  }

  /// An element of a repeated field, written even when it is empty.
  mutating func repeatedString(_ field: Int, _ value: String) {
    tag(field, 2)
    let text = value.utf8
    varint(UInt64(text.count))
    bytes.append(contentsOf: text)
  }

  mutating func bool(_ field: Int, _ value: Bool?) {
    guard let value, value else { return }
    tag(field, 0)
    bytes.append(1)
  }

  mutating func int(_ field: Int, _ value: Int64?) {
    guard let value, value != 0 else { return }
    tag(field, 0)
    varint(UInt64(bitPattern: value))
  }

  mutating func double(_ field: Int, _ value: Double?) {
    guard let value, value != 0 else { return }
    tag(field, 1)
    var bits = value.bitPattern
    for _ in 0..<8 {
      bytes.append(UInt8(truncatingIfNeeded: bits))
      bits >>= 8
    }
  }

  /// A message in a message, written even when it is empty.
  mutating func message(_ field: Int, _ write: (inout ProtobufWriter) -> Void) {
    var inner = ProtobufWriter()
    write(&inner)
    tag(field, 2)
    varint(UInt64(inner.bytes.count))
    bytes.append(contentsOf: inner.bytes)
  }
}
