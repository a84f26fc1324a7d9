import KratixModel

/// Bytes of a text to replace. An empty range inserts.
public struct ByteEdit: Sendable, Hashable {
  public var range: Range<Int>
  /// The bytes of the text in the range.
  public var old: [UInt8]
  public var new: [UInt8]
  public var path: FieldPath

  public init(range: Range<Int>, old: [UInt8] = [], new: [UInt8], path: FieldPath) {
    self.range = range
    self.old = old
    self.new = new
    self.path = path
  }
}

/// What a bump would do to a text. Nothing has changed yet.
public struct BumpPlan: Sendable, Hashable {
  public struct ImageChange: Sendable, Hashable {
    public var address: ContainerAddress
    public var path: FieldPath
    public var from: String
    public var to: String
  }

  public struct VersionLabelChange: Sendable, Hashable {
    public var promise: String
    public var path: FieldPath
    /// nil when the Promise had no such label.
    public var from: String?
    public var to: String
  }

  /// A value that an anchor shares: replacing it changes places that were not asked for.
  public struct SharedValue: Sendable, Hashable, CustomStringConvertible {
    public var path: FieldPath
    public var line: Int
    public var elsewhere: [FieldPath]

    public var description: String {
      "\(path) is shared through an anchor (line \(line)): \(elsewhere.map(\.description).joined(separator: ", ")) "
        + (elsewhere.count == 1 ? "changes too" : "change too")
    }
  }

  /// Sorted, not overlapping.
  public var edits: [ByteEdit]
  public var images: [ImageChange]
  public var versions: [VersionLabelChange]
  public var warnings: [SharedValue]

  /// The text with all edits made.
  public func applied(to text: [UInt8]) -> [UInt8] {
    var result: [UInt8] = []
    var position = 0
    for edit in edits {
      result += text[position..<edit.range.lowerBound]
      result += edit.new
      position = edit.range.upperBound
    }
    return result + text[position...]
  }

  /// The edits that lead from the result back to the text, byte for byte.
  public var undo: [ByteEdit] {
    var shift = 0
    return edits.map { edit in
      let lower = edit.range.lowerBound + shift
      shift += edit.new.count - edit.old.count
      return ByteEdit(range: lower..<lower + edit.new.count, old: edit.new, new: edit.old, path: edit.path)
    }
  }
}
