/// A patch that cannot be applied.
public struct PatchError: Error, Sendable, Hashable, CustomStringConvertible {
  public enum Kind: Sendable, Hashable {
    /// The patch itself makes no sense: 400.
    case malformed
    /// The patch does not fit the object: 422.
    case notApplicable
    /// The patch would cost too much: 413.
    case tooLarge
  }

  public let kind: Kind
  /// What is wrong, with the words of the API server's log; `statusError` is what a client gets to see of it.
  public let message: String

  public init(_ kind: Kind, _ message: String) {
    self.kind = kind
    self.message = message
  }

  public var description: String { message }

  /// The server's answer. It keeps the reason of an operation that does not apply to itself.
  public var statusError: StatusError {
    switch kind {
    case .malformed: .badRequest(message)
    case .tooLarge:
      StatusError(
        code: 413, reason: .requestEntityTooLarge, message: "Request entity is too large: \(message)")
    case .notApplicable:
      StatusError(
        code: 422, reason: .invalid, message: "the server rejected our request due to an error in our request")
    }
  }
}
