import Kubernetes
import NIOHTTP1

/// `StatusError` of an answer with an error status.
enum StatusDecoding {
  /// A `Status` in the body says what it says; of any other body (a proxy's page) the beginning is told.
  static func error(status: Int, headers: HTTPHeaders, body: [UInt8]) -> StatusError {
    let retryAfter = headers.first(name: "Retry-After").flatMap { Int($0) }
    if let json = try? JSON(parsing: body), var error = StatusError(json: json) {
      if error.code == 0 { error.code = status }
      error.retryAfterSeconds = error.retryAfterSeconds ?? retryAfter
      return error
    }
    let text = String(decoding: body.prefix(300), as: UTF8.self)
    let line = text.split(whereSeparator: \.isNewline).joined(separator: " ")
    let phrase = HTTPResponseStatus(statusCode: status).reasonPhrase
    return StatusError(
      code: status, reason: reason(status),
      message: "the server answered \(status) \(phrase)\(line.isEmpty ? "" : ": \(line)")",
      retryAfterSeconds: retryAfter)
  }

  /// The reason that an API server gives with a status.
  private static func reason(_ status: Int) -> StatusError.Reason {
    switch status {
    case 400: .badRequest
    case 401: .unauthorized
    case 403: .forbidden
    case 404: .notFound
    case 405: .methodNotAllowed
    case 406: .notAcceptable
    case 409: .conflict
    case 410: .gone
    case 413: .requestEntityTooLarge
    case 415: .unsupportedMediaType
    case 422: .invalid
    case 429: .tooManyRequests
    case 503: .serviceUnavailable
    case 504: .timeout
    case 500...: .internalError
    default: .unknown
    }
  }
}

/// `Warning:` headers (RFC 7234, section 5.5) as API servers send them: `299 - "text"`.
enum WarningHeader {
  /// The texts of one header's value, which may hold several warnings.
  static func texts(_ value: String) -> [String] {
    var texts: [String] = []
    var rest = value[...]
    while let open = rest.firstIndex(of: "\"") {
      var text = ""
      var isEscaped = false
      var end: String.Index?
      for index in rest.indices[rest.index(after: open)...] {
        let character = rest[index]
        if isEscaped {
          text.append(character)
          isEscaped = false
        } else if character == "\\" {
          isEscaped = true
        } else if character == "\"" {
          end = index
          break
        } else {
          text.append(character)
        }
      }
      guard let end else { break }
      let code = rest[..<open].drop { $0 == " " || $0 == "," }.prefix { $0.isNumber }
      if code == "299" { texts.append(text) }
      rest = rest[rest.index(after: end)...]
      // A date may follow in quotes of its own; it belongs to this warning.
      let next = rest.drop { $0 == " " }
      if next.first == "\"", let close = next.dropFirst().firstIndex(of: "\"") {
        rest = next[next.index(after: close)...]
      }
    }
    return texts
  }
}
