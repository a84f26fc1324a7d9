import Foundation
import Kubernetes

/// A command that cannot go on: one sentence for the person (what, where, what to do), and the exit code.
public struct Failure: Error, Sendable {
  public var message: String
  public var exitCode: Int32

  public init(_ message: String, exitCode: Int32 = 1) {
    self.message = message
    self.exitCode = exitCode
  }

  /// What a person reads of an error that no command has words for.
  static func sentence(for error: any Error) -> String {
    switch error {
    case let error as StatusError: "the API server refused: \(error.message)"
    case let error as CocoaError:
      (error.userInfo[NSFilePathErrorKey] as? String).map { "\($0): \(error.localizedDescription)" }
        ?? error.localizedDescription
    default: String(describing: error)
    }
  }
}
