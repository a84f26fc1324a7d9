import AsyncHTTPClient
import Foundation
import Kubernetes
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Synchronization

/// Posts reviews to webhooks: HTTP/1.1 or HTTP/2 over TLS, connections kept for the next call.
final class WebhookClient: Sendable {
  /// A call that brought no answer, in the words of the API server's own client.
  struct Failure: Error { var message: String }

  /// What a connection depends on beside its address.
  private struct Route: Hashable {
    /// A service's name, which the certificate is for, and where that service really is.
    var serviceHost: String?
    var address: String?
  }

  /// Finds where a service can be reached; nil when there is no such service. What it throws says why it cannot be.
  typealias ServiceResolver =
    @Sendable (_ namespace: String, _ name: String, _ port: Int, _ path: String) throws -> URL?

  private static let maximumAnswer = 16 << 20

  private let resolver: ServiceResolver
  private let clients = Mutex<[Route: HTTPClient]>([:])
  private let configurations = Mutex<[[UInt8]: TLSConfiguration]>([:])

  init(resolver: @escaping ServiceResolver) { self.resolver = resolver }

  deinit {
    // Nobody waits: connections that are left close by themselves.
    for client in clients.withLock({ $0 }).values { client.shutdown { _ in } }
  }

  /// The answer's JSON. - Throws: `Failure`, `CancellationError`.
  func post(_ review: JSON, to webhook: Webhook) async throws -> JSON {
    let target = try target(of: webhook)
    let shown = "Post \(AdmissionReviews.quoted(target.shownURL))"
    if let reason = target.unreachable { throw Failure(message: "failed to call webhook: \(shown): \(reason)") }
    let tls: TLSConfiguration
    do {
      tls = try tlsConfiguration(webhook.caBundle)
    } catch {
      throw Failure(
        message: "could not get REST client: unable to load root certificates: "
          + "unable to parse bytes as PEM block")
    }
    var request = HTTPClientRequest(url: target.url)
    request.method = .POST
    request.tlsConfiguration = tls
    request.headers = [
      "Content-Type": "application/json", "Accept": "application/json, */*", "User-Agent": "kube-apiserver-admission",
    ]
    if let host = target.hostHeader { request.headers.add(name: "Host", value: host) }
    request.body = .bytes(ByteBuffer(bytes: review.serialized()))
    let prepared = request
    let client = client(for: target.route)
    do {
      let (status, body) = try await withDeadline(seconds: webhook.timeoutSeconds) {
        let response = try await client.execute(prepared, timeout: .seconds(Int64(webhook.timeoutSeconds)))
        let buffer = try await response.body.collect(upTo: Self.maximumAnswer)
        return (Int(response.status.code), Array(buffer.readableBytesView))
      }
      return try answer(status: status, body: body)
    } catch let failure as Failure {
      throw failure
    } catch {
      if Task.isCancelled { throw CancellationError() }
      throw Failure(message: "failed to call webhook: \(shown): \(Self.reason(error, target))")
    }
  }

  // MARK: Where

  private struct Target {
    var url: String
    /// The address as error messages have it.
    var shownURL: String
    var route: Route
    var expectedName: String
    /// Host and port that are connected to.
    var endpoint: String
    var hostHeader: String?
    var unreachable: String?
  }

  private func target(of webhook: Webhook) throws -> Target {
    let query = "?timeout=\(webhook.timeoutSeconds)s"
    switch webhook.address {
    case .url(let text):
      guard let parsed = URL(string: text), let host = parsed.host() else {
        throw Failure(message: "could not get REST client: Unparsable URL: \(text)")
      }
      return Target(
        url: text + query, shownURL: text + query, route: Route(), expectedName: host,
        endpoint: "\(host):\(parsed.port ?? 443)")
    case .service(let namespace, let name, let port, let path):
      let host = "\(name).\(namespace).svc"
      let shown = "https://\(host):\(port)\(path)\(query)"
      func unreachable(_ reason: String) -> Target {
        Target(
          url: shown, shownURL: shown, route: Route(), expectedName: host, endpoint: host, unreachable: reason)
      }
      let resolved: URL
      let address: String
      do {
        guard let url = try resolver(namespace, name, port, path), let found = url.host() else {
          return unreachable("service \(AdmissionReviews.quoted(name)) not found")
        }
        (resolved, address) = (url, found)
      } catch {
        return unreachable("\(error)")
      }
      return Target(
        url: "https://\(host):\(resolved.port ?? 443)\(resolved.path())\(query)", shownURL: shown,
        route: Route(serviceHost: host, address: address), expectedName: host,
        endpoint: "\(address):\(resolved.port ?? 443)",
        hostHeader: port == 443 ? host : "\(host):\(port)")
    case .none:
      throw Failure(message: "could not get REST client: webhook configuration must have either service or URL")
    }
  }

  private func client(for route: Route) -> HTTPClient {
    clients.withLock { clients in
      if let known = clients[route] { return known }
      var configuration = HTTPClient.Configuration()
      configuration.redirectConfiguration = .disallow
      configuration.connectionPool.retryConnectionEstablishment = false
      configuration.timeout.connect = .seconds(30)
      if let host = route.serviceHost, let address = route.address { configuration.dnsOverride = [host: address] }
      let client = HTTPClient(
        eventLoopGroupProvider: .shared(HTTPClient.defaultEventLoopGroup), configuration: configuration)
      clients[route] = client
      return client
    }
  }

  private func tlsConfiguration(_ bundle: [UInt8]?) throws -> TLSConfiguration {
    let key = bundle ?? []
    if let known = configurations.withLock({ $0[key] }) { return known }
    var tls = TLSConfiguration.makeClientConfiguration()
    tls.minimumTLSVersion = .tlsv12
    if let bundle {
      let certificates = try NIOSSLCertificate.fromPEMBytes(bundle)
      guard !certificates.isEmpty else { throw NIOSSLError.failedToLoadCertificate }
      tls.trustRoots = .certificates(certificates)
    }
    let made = tls
    configurations.withLock { known in
      // Bundles come and go with their configurations; the old ones are of no more use.
      if known.count >= 64 { known.removeAll() }
      known[key] = made
    }
    return made
  }

  private func withDeadline<Value: Sendable>(
    seconds: Int, _ work: @escaping @Sendable () async throws -> Value
  ) async throws -> Value {
    try await withThrowingTaskGroup(of: Value?.self) { group in
      group.addTask { try await work() }
      group.addTask {
        try await Task.sleep(for: .seconds(seconds))
        return nil
      }
      defer { group.cancelAll() }
      guard let first = try await group.next(), let value = first else { throw HTTPClientError.deadlineExceeded }
      return value
    }
  }

  // MARK: Words

  private func answer(status: Int, body: [UInt8]) throws -> JSON {
    let parsed: JSON?
    let syntax: String
    do {
      parsed = try JSON(parsing: body)
      syntax = ""
    } catch {
      parsed = nil
      syntax = "\(error)"
    }
    guard (200...206).contains(status) else {
      let stated = parsed.flatMap(StatusError.init(json:))?.message
      throw Failure(message: "failed to call webhook: \(stated ?? Self.message(ofStatus: status, body: body))")
    }
    guard let parsed else {
      throw Failure(message: "failed to call webhook: couldn't get version/kind; json parse error: \(syntax)")
    }
    return parsed
  }

  /// The message of a status code without a `Status` (apimachinery, NewGenericServerResponse).
  private static func message(ofStatus status: Int, body: [UInt8]) -> String {
    switch status {
    case 400: return "the server rejected our request for an unknown reason"
    case 401: return "the server has asked for the client to provide credentials"
    case 403: return "forbidden"
    case 404: return "the server could not find the requested resource"
    case 405: return "the server does not allow this method on the requested resource"
    case 409: return "the server reported a conflict"
    case 410: return "the server indicated the resource is no longer available"
    case 413: return "the server rejected our request as too large"
    case 415: return "the server was unable to respond with a content type that the client supports"
    case 429: return "the server has received too many requests and has asked us to try again later"
    case 503: return "the server is currently unable to handle the request"
    case 504:
      return "the server was unable to return a response in the time allotted, but may still be processing the request"
    case 500...:
      let text = String(decoding: body.prefix(2048), as: UTF8.self)
      let trimmed = text.trimmingCharacters(in: .whitespacesAndNewlines)
      return "an error on the server (\(AdmissionReviews.quoted(trimmed.isEmpty ? "unknown" : trimmed))) "
        + "has prevented the request from succeeding"
    default: return "the server responded with the status code \(status) but did not return more information"
    }
  }

  /// Why a call failed, as Go's client says it.
  private static func reason(_ error: any Error, _ target: Target) -> String {
    let text = "\(error)"
    if text.contains("CERTIFICATE_VERIFY_FAILED") {
      return "tls: failed to verify certificate: x509: certificate signed by unknown authority"
    }
    if text.contains("failedToValidateHostname") {
      return "tls: failed to verify certificate: x509: certificate is not valid for \(target.expectedName)"
    }
    if text.contains("WRONG_VERSION_NUMBER") || text.contains("HTTP_REQUEST") {
      return "http: server gave HTTP response to HTTPS client"
    }
    switch error {
    case let error as HTTPClientError
    where error == .deadlineExceeded || error == .connectTimeout
      || error == .readTimeout:
      return "context deadline exceeded"
    case let error as HTTPClientError where error == .remoteConnectionClosed: return "EOF"
    case let error as NIOConnectionError:
      if let failed = error.connectionErrors.first {
        let address = "\(failed.target.ipAddress ?? error.host):\(error.port)"
        if let io = failed.error as? IOError { return "dial tcp \(address): connect: \(words(io))" }
        return "dial tcp \(address): i/o timeout"
      }
      return "dial tcp: lookup \(error.host): no such host"
    case let error as IOError where [ECONNREFUSED, EHOSTUNREACH, ENETUNREACH].contains(error.errnoCode):
      // An address needs no look-up, and its connection's error comes as it is.
      return "dial tcp \(target.endpoint): connect: \(words(error))"
    case let error as IOError: return words(error)
    case is NIOTooManyBytesError: return "the answer has more than \(maximumAnswer) bytes"
    default: return text
    }
  }

  private static func words(_ error: IOError) -> String {
    switch error.errnoCode {
    case ECONNREFUSED: "connection refused"
    case ECONNRESET: "connection reset by peer"
    case EHOSTUNREACH: "no route to host"
    case ENETUNREACH: "network is unreachable"
    case EPIPE: "broken pipe"
    default: String(cString: strerror(error.errnoCode)).lowercased()
    }
  }
}
