import AsyncHTTPClient
import Foundation
import KratixModel
import Kubernetes
import Logging
import NIOCore
import NIOSSL
import PromiseReview
import ServiceLifecycle
import Testing

@testable import KratixWebhook

@Suite struct ServerTests {
  private static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

  /// A running server over the recorded platform, its port, and a client that trusts it.
  private func withServer(
    limits: WebhookLimits = WebhookLimits(), httpVersion: HTTPClient.Configuration.HTTPVersion = .automatic,
    api: FakeAPI? = nil, _ body: (WebhookServer, Int, HTTPClient) async throws -> Void
  ) async throws {
    let now = Date()
    let authority = try CertificateMint.authority(from: now - 60, until: now + 3600)
    let leaf = try CertificateMint.leaf(
      names: ["localhost", "127.0.0.1"], authority: authority, from: now - 60, until: now + 3600)
    let platform = try api ?? Recorded.platform("recorded/d-pinned/01-pinned-v2.0.0.yaml")
    let server = WebhookServer(
      api: platform,
      configuration: WebhookConfiguration(
        host: "127.0.0.1", port: 0, identity: .pem(certificate: leaf.certificate, privateKey: leaf.privateKey),
        limits: limits), logger: Self.logger)
    let running = Task { try await server.run() }
    let port = try await server.waitUntilReady()
    let client = try Self.client(trusting: authority.certificate, httpVersion)
    do {
      try await body(server, port, client)
    } catch {
      running.cancel()
      _ = await running.result
      try await client.shutdown()
      throw error
    }
    try await client.shutdown()
    running.cancel()
    _ = await running.result
  }

  static func client(
    trusting certificate: String, _ httpVersion: HTTPClient.Configuration.HTTPVersion = .automatic
  ) throws -> HTTPClient {
    var configuration = HTTPClient.Configuration()
    var tls = TLSConfiguration.makeClientConfiguration()
    tls.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(Array(certificate.utf8)))
    configuration.tlsConfiguration = tls
    configuration.httpVersion = httpVersion
    return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
  }

  private func send(
    _ client: HTTPClient, _ port: Int, _ path: String, method: String = "POST", body: [UInt8]? = nil,
    contentType: String? = "application/json"
  ) async throws -> (status: Int, body: [UInt8], version: String) {
    var request = HTTPClientRequest(url: "https://localhost:\(port)\(path)")
    request.method = .init(rawValue: method)
    if let contentType { request.headers.add(name: "Content-Type", value: contentType) }
    if let body { request.body = .bytes(body) }
    let response = try await client.execute(request, timeout: .seconds(20))
    let bytes = try await response.body.collect(upTo: 1 << 24)
    return (Int(response.status.code), Array(bytes.readableBytesView), "\(response.version)")
  }

  @Test(arguments: [HTTPClient.Configuration.HTTPVersion.automatic, .http1Only])
  func answersReviewsOverHTTP2AndHTTP1(version: HTTPClient.Configuration.HTTPVersion) async throws {
    try await withServer(httpVersion: version) { _, port, client in
      let body = try Recorded.bytes("recorded/admissionreview/promise-update-dry-run-server.json")
      let reply = try await send(client, port, "/validate/promise?timeout=10s", body: body)
      #expect(reply.status == 200)
      #expect(reply.version.hasPrefix(version == .http1Only ? "HTTP/1" : "HTTP/2"))
      #expect(try Answer(reply.body).isAllowed == true)
    }
  }

  @Test func tellsHealthAndMetrics() async throws {
    try await withServer { _, port, client in
      for path in ["/healthz", "/livez", "/readyz"] {
        let reply = try await send(client, port, path, method: "GET", contentType: nil)
        #expect(reply.status == 200, "\(path)")
      }
      let body = try Recorded.bytes("recorded/admissionreview/promise-status-update-by-controller.json")
      _ = try await send(client, port, "/validate/promise", body: body)
      let metrics = try await send(client, port, "/metrics", method: "GET", contentType: nil)
      let text = String(decoding: metrics.body, as: UTF8.self)
      #expect(
        text.contains(
          "kratix_webhook_requests_total{operation=\"UPDATE\",resource=\"promises\",verdict=\"allowed\"} 1"))
      #expect(text.contains("kratix_webhook_request_duration_seconds_bucket{le=\"0.001\"}"))
      #expect(text.contains("kratix_webhook_cache_objects{kind=\"resources\"} 3.0"))
      #expect(text.contains("kratix_webhook_cache_synced 1.0"))
      #expect(text.contains("kratix_webhook_certificate_expiry_seconds"))
    }
  }

  /// What is wrong with a request, and the status that says so.
  @Test func badRequestsGetAProperStatusAndTheServerLives() async throws {
    try await withServer(limits: WebhookLimits(bodyBytes: 100_000)) { _, port, client in
      let good = try Recorded.bytes("recorded/admissionreview/promise-update.json")
      let deep = Array(String(repeating: "[", count: 90_000).utf8)
      let cases: [(status: Int, path: String, method: String, body: [UInt8]?, type: String?)] = [
        (400, "/validate/promise", "POST", Array("{".utf8), "application/json"),
        (400, "/validate/promise", "POST", [], "application/json"),
        (400, "/validate/promise", "POST", deep, "application/json"),
        (400, "/mutate/promise", "POST", Array(good.prefix(5000)), "application/json"),
        (413, "/validate/promise", "POST", Array(repeating: 32, count: 100_001), "application/json"),
        (415, "/validate/promise", "POST", good, "text/plain"),
        (415, "/validate/promise", "POST", good, nil),
        (405, "/validate/promise", "GET", nil, nil),
        (404, "/nowhere", "GET", nil, nil),
        (404, "/validate", "POST", good, "application/json"),
        (200, "/validate/promise", "POST", good, "application/json; charset=utf-8"),
      ]
      for example in cases {
        let reply = try await send(
          client, port, example.path, method: example.method, body: example.body, contentType: example.type)
        #expect(reply.status == example.status, "\(example.method) \(example.path)")
      }
    }
  }

  @Test func plainHTTPOnTheTLSPortIsToldSo() async throws {
    try await withServer { _, port, client in
      var request = HTTPClientRequest(url: "http://127.0.0.1:\(port)/readyz")
      request.method = .GET
      let reply = try await client.execute(request, timeout: .seconds(20))
      #expect(reply.status == .badRequest)
      let text = String(buffer: try await reply.body.collect(upTo: 1000))
      #expect(text.contains("HTTP request to an HTTPS server"))
    }
  }

  @Test func tooManyAtOnceAreTurnedAway() async throws {
    try await withServer(limits: WebhookLimits(concurrency: 0)) { _, port, client in
      let body = try Recorded.bytes("recorded/admissionreview/promise-update.json")
      let reply = try await send(client, port, "/validate/promise", body: body)
      #expect(reply.status == 429)
      let metrics = try await send(client, port, "/metrics", method: "GET", contentType: nil)
      #expect(String(decoding: metrics.body, as: UTF8.self).contains("kratix_webhook_shed_total 1"))
    }
  }

  @Test func aReviewThatWaitsTooLongIsGivenUp() async throws {
    // The bindings never come, so the caches never sync.
    let api = try Recorded.platform("recorded/d-pinned/01-pinned-v2.0.0.yaml")
    let fleet = FleetCache(api: api, logger: Self.logger)
    await #expect(throws: DeadlineExceeded.self) {
      try await withDeadline(.milliseconds(20)) { await fleet.waitUntilSynced() }
    }
  }

  /// Told to stop, it is not ready at once, answers on, and ends when the time is over.
  @Test func itDrainsBeforeItEnds() async throws {
    let now = Date()
    let authority = try CertificateMint.authority(from: now - 60, until: now + 3600)
    let leaf = try CertificateMint.leaf(names: ["localhost"], authority: authority, from: now - 60, until: now + 3600)
    let server = WebhookServer(
      api: try Recorded.platform("recorded/d-pinned/01-pinned-v2.0.0.yaml"),
      configuration: WebhookConfiguration(
        host: "127.0.0.1", port: 0, identity: .pem(certificate: leaf.certificate, privateKey: leaf.privateKey),
        drainDelay: .milliseconds(700)), logger: Self.logger)
    let group = ServiceGroup(
      configuration: .init(
        services: [.init(service: server, successTerminationBehavior: .gracefullyShutdownGroup)],
        logger: Self.logger))
    let running = Task { try await group.run() }
    let port = try await server.waitUntilReady()
    let client = try Self.client(trusting: authority.certificate)
    await group.triggerGracefulShutdown()
    await server.waitUntilStopping()
    let ready = try await send(client, port, "/readyz", method: "GET", contentType: nil)
    #expect(ready.status == 503)
    #expect(String(decoding: ready.body, as: UTF8.self) == "shutting down\n")
    let body = try Recorded.bytes("recorded/admissionreview/promise-update.json")
    let reply = try await send(client, port, "/validate/promise", body: body)
    #expect(reply.status == 200)
    try await running.value
    try await client.shutdown()
  }

  @Test func aFileThatIsNotThereIsNamed() {
    #expect(throws: IdentityError("cannot read /nowhere/tls.crt")) {
      try CertificateFiles(certificate: "/nowhere/tls.crt", privateKey: "/nowhere/tls.key", logger: Self.logger)
    }
  }

  @Test func aWrongPortIsAnError() async throws {
    let now = Date()
    let authority = try CertificateMint.authority(from: now - 60, until: now + 3600)
    let leaf = try CertificateMint.leaf(names: ["localhost"], authority: authority, from: now - 60, until: now + 3600)
    let server = WebhookServer(
      api: FakeAPI(),
      configuration: WebhookConfiguration(
        host: "192.0.2.1", port: 1, identity: .pem(certificate: leaf.certificate, privateKey: leaf.privateKey)),
      logger: Self.logger)
    let running = Task { try await server.run() }
    await #expect(throws: (any Error).self) { try await server.waitUntilReady() }
    _ = await running.result
  }

  @Test func theRulesOfTheResourceWebhookFollowThePromises() async throws {
    let api = try Recorded.platform("recorded/d-pinned/01-pinned-v2.0.0.yaml")
    let configurations = WebhookServer.webhookConfigurations(
      clientConfig: .url(base: "https://127.0.0.1:1"), caBundle: "")
    api.put(.validatingWebhookConfigurations, configurations[0])
    api.put(.mutatingWebhookConfigurations, configurations[1])
    try await withServer(api: api) { _, _, _ in
      var patched = api.patched.makeAsyncIterator()
      #expect(await patched.next() == "kratix-webhook")
      let stored = try await api.get(.mutatingWebhookConfigurations, name: "kratix-webhook")
      let webhook = try #require(
        stored["webhooks"]?.arrayValue?.first { $0["name"]?.stringValue == WebhookRegistration.resourceWebhook })
      #expect(
        webhook["rules"] == [
          [
            "apiGroups": ["promise.kratix.io"], "apiVersions": ["*"], "operations": ["CREATE", "UPDATE"],
            "resources": ["mongodbs"], "scope": "Namespaced",
          ]
        ])
      api.remove(.promises, name: "mongodb")
      #expect(await patched.next() == "kratix-webhook")
      let later = try await api.get(.mutatingWebhookConfigurations, name: "kratix-webhook")
      #expect(later["webhooks"]?.arrayValue?.last?["rules"] == [])
    }
  }

  @Test func onlyPromisesWaitForTheWebhook() throws {
    let objects = WebhookServer.webhookConfigurations(
      clientConfig: .service(namespace: "kratix-webhook", name: "kratix-webhook"), caBundle: "Zm9v")
    #expect(objects.map(\.kind) == ["ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"])
    for webhook in objects.flatMap({ $0["webhooks"]?.arrayValue ?? [] }) {
      let isPromise = webhook["name"] == "promise.upgrade.kratix.io"
      #expect(webhook["failurePolicy"] == (isPromise ? "Fail" : "Ignore"))
      #expect(webhook[path: "clientConfig", "service", "path"]?.stringValue?.hasPrefix("/") == true)
      #expect(webhook["sideEffects"] == "None")
    }
  }
}
