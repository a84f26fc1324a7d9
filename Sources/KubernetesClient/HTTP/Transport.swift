import AsyncHTTPClient
import Foundation
import Kubernetes
import Logging
import NIOConcurrencyHelpers
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// Sends requests to one API server: authorises them, sends them again where that is safe, and turns what goes wrong
/// into `ConnectionError` and `StatusError`.
final class Transport: Sendable {
  let configuration: ClusterConfiguration
  private let settings: KubernetesClient.Settings
  private let authorizer: Authorizer
  private let onWarning: @Sendable (String) -> Void
  private let logger: Logger
  private let http: HTTPClient
  private let baseURL: String
  private let diagnosis: TLSDiagnosis
  /// TLS configurations by client certificate: making one parses keys.
  private let tlsConfigurations = NIOLockedValueBox<[ClusterConfiguration.ClientCertificate?: TLSConfiguration]>([:])

  init(
    configuration: ClusterConfiguration, settings: KubernetesClient.Settings, logger: Logger,
    onWarning: @escaping @Sendable (String) -> Void
  ) throws {
    self.configuration = configuration
    self.settings = settings
    self.logger = logger
    self.onWarning = onWarning
    authorizer = Authorizer(configuration: configuration)
    let server = configuration.server
    let group = HTTPClient.defaultEventLoopGroup
    diagnosis = TLSDiagnosis(server: server, expectedName: configuration.tlsServerName, group: group)
    var client = HTTPClient.Configuration()
    client.redirectConfiguration = .disallow
    // One connection a request: watches are long, and a watch that ends takes only its own connection along.
    client.httpVersion = .http1Only
    client.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 256
    // Retrying is this type's own, so that a refused connection is told at once and by its reason.
    client.connectionPool.retryConnectionEstablishment = false
    client.timeout.connect = .nanoseconds(settings.connectTimeout.inNanoseconds)
    var host = server.host
    if server.isTLS, let name = configuration.tlsServerName, name != server.host {
      // The URL's host is the name that the certificate must have; the override leads it to the real address.
      client.dnsOverride = [name: server.host]
      host = name
    }
    let authority = ClusterConfiguration.Server(isTLS: server.isTLS, host: host, port: server.port).authority
    baseURL = "\(server.isTLS ? "https" : "http")://\(authority)\(server.path)"
    http = HTTPClient(eventLoopGroupProvider: .shared(group), configuration: client)
    do {
      if server.isTLS { _ = try tlsConfiguration(for: configuration.clientCertificate) }
    } catch {
      http.shutdown { _ in }
      throw error
    }
  }

  deinit {
    // Nobody waits: connections that are left close by themselves.
    http.shutdown { _ in }
  }

  // MARK: Requests with a whole answer

  /// Sends until there is an answer that is no error, or no more attempts to make.
  /// - Throws: `StatusError`, `ConnectionError`, `CancellationError`.
  func send(_ request: APIRequest) async throws -> APIResponse {
    try await retrying(request) { attempt in
      let response = try await self.exchange(request, timeout: self.settings.requestTimeout)
      let body = try await self.collect(response, of: attempt)
      return APIResponse(status: Int(response.status.code), headers: response.headers, body: body)
    }
  }

  /// Sends a request whose answer goes on: the head has come and is no error.
  func open(_ request: APIRequest, timeout: Duration) async throws -> HTTPClientResponse.Body {
    try await retrying(request) { _ in try await self.exchange(request, timeout: timeout).body }
  }

  private func retrying<Answer: Sendable>(
    _ request: APIRequest, _ attempt: @Sendable (Int) async throws -> Answer
  ) async throws -> Answer {
    var attempts = 0
    var hasRefreshed = false
    while true {
      attempts += 1
      do {
        return try await attempt(attempts)
      } catch let fault as AttemptFault {
        if case .unauthorized = fault.error, !hasRefreshed, await authorizer.refresh() {
          hasRefreshed = true
          continue
        }
        let delay = settings.retries.delay(
          after: fault.failure, attempts: attempts, isIdempotent: request.isIdempotent)
        guard let delay else { throw fault.thrown }
        logger.debug(
          "retrying", metadata: ["request": "\(request.method) \(request.path)", "reason": "\(fault.thrown)"])
        try await Task.sleep(for: delay)
      }
    }
  }

  /// An attempt that failed: what to tell, and what the retry policy needs to know.
  private struct AttemptFault: Error {
    var failure: RetryPolicy.Failure
    var error: ConnectionError?
    var status: StatusError?

    var thrown: any Error {
      if let error { return error }
      if let status { return status }
      return CancellationError()
    }
  }

  /// One exchange, up to the head of an answer that is no error.
  private func exchange(_ request: APIRequest, timeout: Duration) async throws -> HTTPClientResponse {
    let identity = try await authorizer.identity()
    var message = HTTPClientRequest(url: baseURL + request.pathAndQuery)
    message.method = request.method
    message.headers.add(name: "Accept", value: request.accept)
    message.headers.add(name: "User-Agent", value: settings.userAgent)
    if configuration.tlsServerName != nil {
      message.headers.add(name: "Host", value: configuration.server.authority)
    }
    for header in identity.headers { message.headers.add(name: header.name, value: header.value) }
    if let body = request.body {
      message.headers.add(name: "Content-Type", value: request.contentType ?? "application/json")
      message.body = .bytes(ByteBuffer(bytes: body))
    }
    if configuration.server.isTLS {
      message.tlsConfiguration = try tlsConfiguration(for: identity.clientCertificate)
    }
    let response: HTTPClientResponse
    do {
      response = try await http.execute(message, timeout: .nanoseconds(timeout.inNanoseconds))
    } catch {
      throw await fault(error, timeout: timeout)
    }
    for value in response.headers["Warning"] {
      for text in WarningHeader.texts(value) { onWarning(text) }
    }
    guard (200..<300).contains(response.status.code) else {
      let body = (try? await collect(response, limit: 1 << 20)) ?? []
      throw refusal(status: Int(response.status.code), headers: response.headers, body: body)
    }
    return response
  }

  private func collect(_ response: HTTPClientResponse, of attempt: Int) async throws -> [UInt8] {
    do {
      return try await collect(response, limit: settings.maximumResponseBytes)
    } catch is NIOTooManyBytesError {
      throw ConnectionError.notKubernetes(
        server: configuration.server.description,
        reason: "an answer of more than \(settings.maximumResponseBytes) bytes")
    } catch {
      throw await fault(error, timeout: settings.requestTimeout)
    }
  }

  private func collect(_ response: HTTPClientResponse, limit: Int) async throws -> [UInt8] {
    let buffer = try await response.body.collect(upTo: limit)
    return Array(buffer.readableBytesView)
  }

  private func tlsConfiguration(
    for certificate: ClusterConfiguration.ClientCertificate?
  ) throws -> TLSConfiguration {
    if let known = tlsConfigurations.withLockedValue({ $0[certificate] }) { return known }
    let made = try TLSMaterial.configuration(
      trust: configuration.trust, clientCertificate: certificate, user: configuration.userName)
    tlsConfigurations.withLockedValue { known in
      // Certificates of plugins come and go; the old ones are of no more use.
      if known.count > 3 { known.removeAll() }
      known[certificate] = made
    }
    return made
  }

  // MARK: What went wrong

  /// A connection's fault in words.
  func connectionError(_ error: any Error, timeout: Duration) async -> ConnectionError {
    await fault(error, timeout: timeout).error
      ?? .interrupted(server: configuration.server.description, reason: "cancelled")
  }

  private func fault(_ error: any Error, timeout: Duration) async -> AttemptFault {
    let server = configuration.server.description
    if Task.isCancelled || error is CancellationError || (error as? HTTPClientError) == .cancelled {
      return AttemptFault(failure: .notSent(isTransient: false))
    }
    if let failure = await diagnosis.failure(for: error) {
      return AttemptFault(failure: .notSent(isTransient: false), error: .untrusted(server: server, failure))
    }
    if let error = error as? NIOConnectionError {
      let (reason, isTransient) = FaultText.reason(error)
      return AttemptFault(
        failure: .notSent(isTransient: isTransient), error: .unreachable(server: server, reason: reason))
    }
    if let error = error as? IOError, FaultText.isBeforeSending(error) {
      return AttemptFault(
        failure: .notSent(isTransient: true),
        error: .unreachable(server: server, reason: FaultText.reason(error)))
    }
    switch error as? HTTPClientError {
    case .connectTimeout?, .getConnectionFromPoolTimeout?, .tlsHandshakeTimeout?:
      return AttemptFault(
        failure: .notSent(isTransient: true),
        error: .unreachable(
          server: server, reason: "no connection within \(settings.connectTimeout.inSeconds) s"))
    case .deadlineExceeded?, .readTimeout?:
      // Not again: the next attempt would take as long.
      return AttemptFault(
        failure: .notSent(isTransient: false), error: .timedOut(server: server, seconds: timeout.inSeconds))
    default:
      return AttemptFault(failure: .broken, error: .interrupted(server: server, reason: FaultText.reason(error)))
    }
  }

  private func refusal(status: Int, headers: HTTPHeaders, body: [UInt8]) -> AttemptFault {
    let error = StatusDecoding.error(status: status, headers: headers, body: body)
    let failure = RetryPolicy.Failure.refused(
      status: status, retryAfter: error.retryAfterSeconds.map { Duration.seconds($0) })
    if status == 401 {
      return AttemptFault(
        failure: failure,
        error: .unauthorized(
          server: configuration.server.description, user: configuration.userName, message: error.message))
    }
    return AttemptFault(failure: failure, status: error)
  }
}

extension Duration {
  var inNanoseconds: Int64 { components.seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000 }
  var inSeconds: Double { Double(inNanoseconds) / 1e9 }
}
