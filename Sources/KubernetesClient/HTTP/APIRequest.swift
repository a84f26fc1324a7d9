import Foundation
import NIOCore
import NIOHTTP1

/// One request to the API server, before it knows where that is and who asks.
struct APIRequest: Sendable {
  var method: HTTPMethod
  /// Percent-encoded, from `/api` or `/apis` on.
  var path: String
  var query: [(name: String, value: String)] = []
  var accept = "application/json"
  var contentType: String?
  var body: [UInt8]?

  /// Whether the request can be sent again without doing anything twice.
  var isIdempotent: Bool { method == .GET }

  var pathAndQuery: String {
    guard !query.isEmpty else { return path }
    let pairs = query.map { "\(Self.encode($0.name))=\(Self.encode($0.value))" }
    return "\(path)?\(pairs.joined(separator: "&"))"
  }

  private static let unreserved = CharacterSet(
    charactersIn: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")

  /// Percent-encodes all but the unreserved characters, so that the text cannot leave its place in a URL.
  static func encode(_ text: String) -> String {
    text.addingPercentEncoding(withAllowedCharacters: unreserved) ?? ""
  }
}

/// A whole answer.
struct APIResponse: Sendable {
  var status: Int
  var headers: HTTPHeaders
  var body: [UInt8]
}
