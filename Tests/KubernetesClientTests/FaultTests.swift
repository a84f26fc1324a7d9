import Foundation
import Kubernetes
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import Testing

@testable import KubernetesClient

@Suite("Faults of the server and of the way to it")
struct FaultTests {
  private func object(_ name: String) -> JSON { ["metadata": ["name": .string(name)]] }

  /// What the server does first; then it answers well.
  @Test(
    "a read comes through what passes",
    arguments: [
      TestServer.Reply.reset,
      .cutOff(pieces: ["{\"metadata\": {\"na"]),
      .status(StatusError(code: 429, reason: .tooManyRequests, message: "slow down"), headers: ["Retry-After": "0"]),
      .status(StatusError(code: 503, reason: .serviceUnavailable, message: "starting")),
      .status(StatusError(code: 500, reason: .internalError, message: "etcdserver: leader changed")),
      .text(504, "gateway timeout"),
    ])
  func readIsRetried(first: TestServer.Reply) async throws {
    let fixture = try await ClientFixture { [object] request in
      request.number <= 2 ? first : .json(200, object("a"))
    }
    #expect(try await fixture.client.get(ClientFixture.promises, name: "a").name == "a")
    #expect(fixture.server.requests.count == 3)
  }

  /// After these the server may have done the work.
  @Test(
    "a write is not sent twice when the first may have been done",
    arguments: [
      TestServer.Reply.reset,
      .cutOff(pieces: ["{\"metadata\""]),
      .status(StatusError(code: 500, reason: .internalError, message: "boom")),
      .status(StatusError(code: 503, reason: .serviceUnavailable, message: "no promise of when")),
    ])
  func writeIsNotRetried(first: TestServer.Reply) async throws {
    let fixture = try await ClientFixture { _ in first }
    await #expect(throws: (any Error).self) {
      _ = try await fixture.client.create(.configMaps, KubernetesObject(self.object("a")))
    }
    #expect(fixture.server.requests.count == 1)
  }

  @Test("a write is sent again when the server says when to come back")
  func writeAfterRetryAfter() async throws {
    let fixture = try await ClientFixture { [object] request in
      request.number == 1
        ? .status(StatusError(code: 429, reason: .tooManyRequests, message: "later"), headers: ["Retry-After": "0"])
        : .json(201, object("a"))
    }
    _ = try await fixture.client.create(.configMaps, KubernetesObject(object("a")))
    #expect(fixture.server.requests.count == 2)
  }

  @Test("retries end, with the last refusal")
  func retriesEnd() async throws {
    let fixture = try await ClientFixture { _ in
      .status(StatusError(code: 503, reason: .serviceUnavailable, message: "the server is currently unable"))
    }
    let error = await thrown(StatusError.self) {
      _ = try await fixture.client.get(ClientFixture.promises, name: "a")
    }
    #expect(error?.message == "the server is currently unable")
    #expect(fixture.server.requests.count == 5)
  }

  @Test("a broken connection is told in a sentence")
  func resetForGood() async throws {
    let fixture = try await ClientFixture { _ in .reset }
    let error = await thrown(ConnectionError.self) {
      _ = try await fixture.client.get(ClientFixture.promises, name: "a")
    }
    let text = "\(try #require(error))"
    #expect(text.hasPrefix("the connection to the API server at 127.0.0.1:\(fixture.server.port) broke: "))
    #expect(error?.isTransient == true)
  }

  @Test("nobody listening: the address and why")
  func refused() async throws {
    let taken = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .bind(host: "127.0.0.1", port: 0).get()
    let port = try #require(taken.localAddress?.port)
    try await taken.close()
    let client = try KubernetesClient(
      ClusterConfiguration(server: .init(isTLS: true, host: "127.0.0.1", port: port)),
      settings: ClientFixture.quickSettings())
    let error = await thrown(ConnectionError.self) { _ = try await client.get(ClientFixture.promises, name: "a") }
    let text = "\(try #require(error))"
    #expect(text == "cannot reach the API server at 127.0.0.1:\(port): connection refused")
  }

  @Test("a server that does not answer ends in a sentence, and is not waited for again")
  func silence() async throws {
    var settings = ClientFixture.quickSettings()
    settings.requestTimeout = .seconds(1)
    let fixture = try await ClientFixture(settings: settings) { _ in .silence }
    let error = await thrown(ConnectionError.self) {
      _ = try await fixture.client.get(ClientFixture.promises, name: "a")
    }
    #expect(
      "\(try #require(error))" == "the API server at 127.0.0.1:\(fixture.server.port) did not answer within 1 s")
    #expect(fixture.server.requests.count == 1)
  }

  @Test("cancelling ends a request that waits")
  func cancellation() async throws {
    let (arrivals, arrival) = AsyncStream.makeStream(of: Void.self)
    let fixture = try await ClientFixture { _ in
      arrival.yield()
      return .silence
    }
    let task = Task { try await fixture.client.get(ClientFixture.promises, name: "a") }
    var iterator = arrivals.makeAsyncIterator()
    await iterator.next()
    task.cancel()
    await #expect(throws: CancellationError.self) { _ = try await task.value }
  }

  // MARK: TLS

  private func failure(
    _ identity: TestAuthority.Identity?, trusting authority: TestAuthority, clientAuthority: String? = nil,
    clientCertificate: TestAuthority.Identity? = nil
  ) async throws -> String {
    let server = try await TestServer.start(identity: identity, clientAuthority: clientAuthority) { _ in
      .json(200, [:])
    }
    let client = try KubernetesClient(
      ClusterConfiguration(
        server: .init(isTLS: true, host: "127.0.0.1", port: server.port),
        trust: .authorities(Array(authority.certificatePEM.utf8)),
        clientCertificate: clientCertificate.map {
          .init(chain: Array($0.certificatePEM.utf8), key: Secret(Array($0.keyPEM.utf8)))
        }),
      settings: ClientFixture.quickSettings())
    let error = await thrown(ConnectionError.self) { _ = try await client.get(ClientFixture.promises, name: "a") }
    #expect(server.requests.isEmpty)
    let text = "\(try #require(error))"
    let prefix = "no TLS connection with the API server at 127.0.0.1:\(server.port): "
    return text.hasPrefix(prefix) ? String(text.dropFirst(prefix.count)) : text
  }

  @Test("an expired certificate: its subject and when")
  func expired() async throws {
    let authority = try TestAuthority()
    let text = try await failure(try authority.issueServer(validity: -2 ... -1), trusting: authority)
    let date = Timestamp.text(secondsSince1970: Int64(Date().timeIntervalSince1970) - 86_400).prefix(10)
    #expect(text.hasPrefix("its certificate (subject CN=api-server) expired at \(date)"))
  }

  @Test("a certificate from the future")
  func notYetValid() async throws {
    let authority = try TestAuthority()
    let text = try await failure(try authority.issueServer(validity: 1...2), trusting: authority)
    #expect(text.contains("is not valid before ") && text.hasSuffix("check the clock"))
  }

  @Test("an unknown authority: who signed")
  func unknownAuthority() async throws {
    let other = try TestAuthority(name: "Somebody Else")
    let text = try await failure(try other.issueServer(), trusting: try TestAuthority())
    #expect(
      text == "its certificate (subject CN=api-server), issued by CN=Somebody Else, is signed by an authority that is "
        + "not trusted; check certificate-authority in the kubeconfig")
  }

  @Test("a certificate for other names: which")
  func wrongHost() async throws {
    let authority = try TestAuthority()
    let identity = try authority.issue("api", names: [.dnsName("a.example"), .dnsName("b.example")])
    #expect(
      try await failure(identity, trusting: authority)
        == "its certificate (subject CN=api) is not for 127.0.0.1, it is for a.example, b.example; "
        + "tls-server-name in the kubeconfig can name one of them")
  }

  @Test("a server that speaks no TLS")
  func clearText() async throws {
    #expect(
      try await failure(nil, trusting: try TestAuthority())
        == "the answer is not TLS; is the server's address http:// rather than https://?")
  }

  @Test("a client certificate that the server does not know, and none at all")
  func clientCertificateRefused() async throws {
    let authority = try TestAuthority()
    // One signed by another authority, one that only says it is signed by this one, and none.
    let stranger = try TestAuthority(name: "Somebody Else").issue("ann")
    let forged = try TestAuthority().issue("ann")
    for certificate in [stranger, forged, nil] {
      let text = try await failure(
        try authority.issueServer(), trusting: authority, clientAuthority: authority.certificatePEM,
        clientCertificate: certificate)
      #expect(text == "it refuses the client certificate of the kubeconfig's user")
    }
  }
}

@Suite("When a request is sent again")
struct RetryPolicyTests {
  @Test("the waits double up to the maximum, with jitter of a half")
  func backoff() {
    let backoff = Backoff(initial: .milliseconds(100), maximum: .seconds(1))
    let longest = (1...6).map { backoff.delay(afterFailures: $0, fraction: 1) }
    #expect(longest == [100, 200, 400, 800, 1000, 1000].map { Duration.milliseconds($0) })
    #expect(backoff.delay(afterFailures: 3, fraction: 0) == .milliseconds(200))
    #expect(backoff.delay(afterFailures: 1_000_000, fraction: 1) == .seconds(1))
  }

  @Test("Retry-After is kept to, and not waited for when it is too long")
  func retryAfter() {
    let policy = RetryPolicy()
    func delay(_ seconds: Int) -> Duration? {
      policy.delay(
        after: .refused(status: 429, retryAfter: .seconds(seconds)), attempts: 1, isIdempotent: false, fraction: 0)
    }
    #expect(delay(7) == .seconds(7))
    #expect(delay(31) == nil)
  }

  @Test("a refused connection is retried for writes as well, a broken one is not")
  func writes() {
    let policy = RetryPolicy()
    #expect(policy.delay(after: .notSent(isTransient: true), attempts: 1, isIdempotent: false) != nil)
    #expect(policy.delay(after: .notSent(isTransient: false), attempts: 1, isIdempotent: true) == nil)
    #expect(policy.delay(after: .broken, attempts: 1, isIdempotent: false) == nil)
    #expect(policy.delay(after: .refused(status: 404, retryAfter: nil), attempts: 1, isIdempotent: true) == nil)
  }
}
