/// Why one of Kratix's own containers fails. `description` is what it prints.
public struct AdapterError: Error, Sendable, Hashable, CustomStringConvertible {
  /// `reader`, `work-writer` or `status-writer`.
  public var container: String
  public var description: String

  public init(_ container: String, _ description: String) {
    self.container = container
    self.description = description
  }
}
