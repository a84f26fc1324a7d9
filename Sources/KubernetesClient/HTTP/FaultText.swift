import AsyncHTTPClient
import Foundation
import NIOCore
import NIOPosix

/// Words for faults of the network.
enum FaultText {
  /// Why no connection came to be, and whether it may come to be later.
  static func reason(_ error: NIOConnectionError) -> (text: String, isTransient: Bool) {
    if let first = error.connectionErrors.first {
      if let io = first.error as? IOError { return (reason(io), true) }
      if case .connectTimeout? = first.error as? ChannelError { return ("the connection timed out", true) }
      return ("\(first.error)", true)
    }
    if error.dnsAError != nil || error.dnsAAAAError != nil {
      return ("the name \(error.host) does not resolve", false)
    }
    return ("no address of \(error.host) answers", true)
  }

  /// Whether the error can only have come of connecting, so that nothing was sent.
  static func isBeforeSending(_ error: IOError) -> Bool {
    [ECONNREFUSED, EHOSTUNREACH, ENETUNREACH, EADDRNOTAVAIL].contains(error.errnoCode)
  }

  static func reason(_ error: any Error) -> String {
    switch error {
    case let error as IOError: reason(error)
    case let error as HTTPClientError:
      error == .remoteConnectionClosed
        ? "the server closed it before the answer was whole" : error.shortDescription
    default: "\(error)"
    }
  }

  private static func reason(_ error: IOError) -> String {
    switch error.errnoCode {
    case ECONNREFUSED: "connection refused"
    case ECONNRESET: "connection reset by the server"
    case EHOSTUNREACH: "no route to the host"
    case ENETUNREACH: "the network is unreachable"
    case ETIMEDOUT: "the connection timed out"
    case EPIPE: "the server closed it"
    default: String(cString: strerror(error.errnoCode))
    }
  }
}
