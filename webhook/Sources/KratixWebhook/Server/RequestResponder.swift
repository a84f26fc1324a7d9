import HTTPTypes
import Hummingbird
import Kubernetes
import Logging
import NIOCore

/// What is known of a request beside itself.
struct WebhookRequestContext: RequestContext {
  var coreContext: CoreRequestContextStorage
  /// HTTP/2 has a channel for each request, below that of the connection, below that of the listener.
  let isHTTP2: Bool

  init(source: ApplicationRequestContextSource) {
    coreContext = .init(source: source)
    isHTTP2 = source.channel.parent?.parent != nil
  }
}

/// Answers the requests of API servers, kubelets and Prometheus.
struct RequestResponder: HTTPResponder {
  typealias Context = WebhookRequestContext

  let desk: AdmissionDesk
  let gate: Gate
  let limits: WebhookLimits
  let metrics: WebhookMetrics
  /// Why the server is not ready; nil when it is.
  let reasonNotReady: @Sendable () -> String?
  let gauges: @Sendable () -> [(name: String, help: String, values: [(labels: String, value: Double)])]
  /// Whether the server was told to stop.
  let isStopping: @Sendable () -> Bool
  let logger: Logger

  func respond(to request: Request, context: WebhookRequestContext) async throws -> Response {
    var response = await response(to: request)
    // Who keeps a connection of HTTP/1.1 has to let it go while its requests are still answered. HTTP/2 has GOAWAY.
    if !context.isHTTP2, isStopping() { response.headers[.connection] = "close" }
    return response
  }

  private func response(to request: Request) async -> Response {
    let path = request.uri.path
    guard let endpoint = AdmissionEndpoint(rawValue: path) else { return open(path, request.method) }
    guard request.method == .post else {
      return Self.text(.methodNotAllowed, "\(path) takes POST only", headers: [.allow: "POST"])
    }
    guard isJSON(request.headers[.contentType]) else {
      return Self.text(.unsupportedMediaType, "the Content-Type has to be application/json")
    }
    if let length = request.headers[.contentLength].flatMap(Int.init), length > limits.bodyBytes { return tooLarge }
    guard gate.enter() else {
      metrics.recordShed()
      return Self.text(.tooManyRequests, "too many reviews at once; try again", headers: [.retryAfter: "1"])
    }
    defer { gate.leave() }
    return await review(request, endpoint)
  }

  private func review(_ request: Request, _ endpoint: AdmissionEndpoint) async -> Response {
    do {
      let limits = limits
      let desk = desk
      let answer = try await withDeadline(time(for: request)) {
        var request = request
        let body = try await request.collectBody(upTo: limits.bodyBytes)
        return try await desk.answer(Array(body.readableBytesView), at: endpoint)
      }
      return Response(
        status: .ok, headers: [.contentType: "application/json"], body: .init(byteBuffer: ByteBuffer(bytes: answer)))
    } catch let error as ReviewSyntaxError {
      metrics.record(.init(operation: "", resource: endpoint.rawValue, verdict: "error"), seconds: 0, rules: [])
      return Self.text(.badRequest, error.description)
    } catch is NIOTooManyBytesError {
      return tooLarge
    } catch is DeadlineExceeded {
      metrics.record(.init(operation: "", resource: endpoint.rawValue, verdict: "error"), seconds: 0, rules: [])
      return Self.text(.gatewayTimeout, "the time for the review is up")
    } catch is CancellationError {
      return Self.text(.serviceUnavailable, "shutting down")
    } catch {
      if let error = error as? HTTPError, error.status == .contentTooLarge { return tooLarge }
      logger.notice("a request ended early", metadata: ["path": "\(endpoint.rawValue)", "error": "\(error)"])
      return Self.text(.badRequest, "the request could not be read")
    }
  }

  private var tooLarge: Response {
    Self.text(.contentTooLarge, "a review has at most \(limits.bodyBytes) bytes")
  }

  /// The API server says how long it waits (`?timeout=10s`); a tenth of it is left for the way back.
  private func time(for request: Request) -> Duration {
    let asked = request.uri.queryParameters["timeout"].flatMap { Self.seconds(String($0)) }
    let whole = asked.map { Duration.milliseconds(Int64(min(max($0, 0.1), 60) * 1000)) } ?? limits.timeout
    return whole * 9 / 10
  }

  /// `10s`, `1m`, `500ms`.
  private static func seconds(_ text: String) -> Double? { GoDuration(text)?.seconds }

  private func isJSON(_ contentType: String?) -> Bool {
    guard let contentType else { return false }
    let media = contentType.prefix { $0 != ";" }
    return media.lowercased().replacing(" ", with: "") == "application/json"
  }

  /// What is there for others than API servers.
  private func open(_ path: String, _ method: HTTPRequest.Method) -> Response {
    guard method == .get || method == .head else { return Self.text(.notFound, "there is nothing at \(path)") }
    switch path {
    case "/healthz", "/livez": return Self.text(.ok, "ok")
    case "/readyz":
      if let reason = reasonNotReady() { return Self.text(.serviceUnavailable, reason) }
      return Self.text(.ok, "ok")
    case "/metrics":
      return Response(
        status: .ok, headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
        body: .init(byteBuffer: ByteBuffer(string: metrics.text(gauges: gauges()))))
    default: return Self.text(.notFound, "there is nothing at \(path)")
    }
  }

  private static func text(
    _ status: HTTPResponse.Status, _ text: String, headers: HTTPFields = [:]
  ) -> Response {
    var headers = headers
    headers[.contentType] = "text/plain; charset=utf-8"
    return Response(status: status, headers: headers, body: .init(byteBuffer: ByteBuffer(string: text + "\n")))
  }
}
