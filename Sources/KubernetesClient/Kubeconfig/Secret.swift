/// A value that must not be printed: whoever logs, dumps or interpolates it sees `<redacted>`.
public struct Secret<Value: Sendable & Hashable>: Sendable, Hashable {
  let value: Value

  public init(_ value: Value) { self.value = value }
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  public var description: String { "<redacted>" }
  public var debugDescription: String { description }
  public var customMirror: Mirror { Mirror(self, children: []) }
}
