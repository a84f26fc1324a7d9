import Foundation
import Synchronization

@testable import ImageRegistry

/// Answers requests from a script, and keeps them.
final class ScriptedTransport: RegistryTransport {
  typealias Answer = @Sendable (RegistryRequest) throws -> RegistryResponse

  private let answer: Answer
  private let kept = Mutex<[RegistryRequest]>([])

  init(_ answer: @escaping Answer) { self.answer = answer }

  var requests: [RegistryRequest] { kept.withLock { $0 } }

  func send(_ request: RegistryRequest) async throws -> RegistryResponse {
    kept.withLock { $0.append(request) }
    return try answer(request)
  }
}

/// Waits that take no time.
final class Waits: Sendable {
  private let kept = Mutex<[Duration]>([])

  var all: [Duration] { kept.withLock { $0 } }
  func wait(_ duration: Duration) { kept.withLock { $0.append(duration) } }
}

extension RegistryResponse {
  static func json(_ text: String, status: Int = 200, _ headers: [String: String] = [:]) -> RegistryResponse {
    RegistryResponse(
      status: status, headers: headers.mapValues { [$0] }.merging(["content-type": ["application/json"]]) { $1 },
      body: Array(text.utf8))
  }

  static func challenge(_ header: String) -> RegistryResponse {
    RegistryResponse(status: 401, headers: ["www-authenticate": [header]])
  }
}

struct Silence: Error, CustomStringConvertible {
  var description: String { "remoteConnectionClosed" }
}
