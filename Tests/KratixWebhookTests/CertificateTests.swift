import AsyncHTTPClient
import Foundation
import Kubernetes
import Logging
import Testing
import X509

@testable import KratixWebhook

@Suite struct CertificateTests {
  private let names = ["kratix-webhook.kratix-webhook.svc", "127.0.0.1"]
  private let terms = CertificateBook.Terms()
  private let start = Date(timeIntervalSince1970: 1_800_000_000)
  private static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

  private func days(_ number: Double) -> TimeInterval { number * 86_400 }

  /// The leaf must be trusted by the bundle at every moment, also by those who saw the step before only.
  private func issuer(of book: CertificateBook) throws -> String {
    "\(try Certificate(pemEncoded: book.leaf.certificate).issuer)"
  }

  private func subjects(of bundle: String) throws -> [String] {
    try bundle.components(separatedBy: "-----END CERTIFICATE-----\n").filter { $0.contains("BEGIN") }
      .map { "\(try Certificate(pemEncoded: $0 + "-----END CERTIFICATE-----\n").subject)" }
  }

  @Test func aYoungBookStaysAsItIs() throws {
    let book = try CertificateBook.made(names: names, now: start, terms: terms)
    #expect(try book.advanced(names: names, now: start, terms: terms) == nil)
    #expect(try book.advanced(names: names, now: start + days(50), terms: terms) == nil)
  }

  @Test func aLeafIsRenewedBeforeItEnds() throws {
    let book = try CertificateBook.made(names: names, now: start, terms: terms)
    let renewed = try #require(try book.advanced(names: names, now: start + days(61), terms: terms))
    #expect(renewed.authority.certificate == book.authority.certificate)
    #expect(renewed.leaf.certificate != book.leaf.certificate)
    #expect(try renewed.advanced(names: names, now: start + days(62), terms: terms) == nil)
  }

  @Test func anotherNameNeedsAnotherLeaf() throws {
    let book = try CertificateBook.made(names: names, now: start, terms: terms)
    #expect(try book.advanced(names: names + ["other.svc"], now: start, terms: terms) != nil)
  }

  @Test func anAuthorityIsFollowedByAnotherWithBothTrusted() throws {
    var book = try CertificateBook.made(names: names, now: start, terms: terms)
    var now = start + days(4 * 365)
    var trusted = try subjects(of: book.bundle)
    var steps = 0
    let first = book.authority.certificate
    for _ in 0..<2000 {
      if let next = try book.advanced(names: names, now: now, terms: terms) {
        // Who has not heard of this step yet trusts the leaf all the same.
        #expect(trusted.contains(try issuer(of: next)))
        #expect(try subjects(of: next.bundle).contains(try issuer(of: book)))
        trusted = try subjects(of: next.bundle)
        book = next
        steps += 1
      }
      now += 600
    }
    #expect(book.authority.certificate != first)
    #expect(try subjects(of: book.bundle).count == 1)
    #expect(steps >= 3)
  }

  @Test func aClockThatJumpedBeginsAnew() throws {
    let book = try CertificateBook.made(names: names, now: start, terms: terms)
    let far = start + days(10 * 365)
    let anew = try #require(try book.advanced(names: names, now: far, terms: terms))
    #expect(try ServerIdentity(certificate: anew.leaf.certificate, privateKey: anew.leaf.privateKey).isValid(at: far))
    // Back again: the leaf begins in the future, so it is made again.
    let back = try #require(try anew.advanced(names: names, now: far - days(100), terms: terms))
    #expect(
      try ServerIdentity(certificate: back.leaf.certificate, privateKey: back.leaf.privateKey)
        .isValid(at: far - days(100)))
  }

  @Test func theBookIsKeptInASecret() throws {
    var book = try CertificateBook.made(names: names, now: start, terms: terms)
    book.next = try CertificateMint.authority(from: start, until: start + days(1))
    book.nextSince = start
    book.former = book.authority.certificate
    var secret = KubernetesObject(apiVersion: "v1", kind: "Secret", name: "s", namespace: "n")
    secret["data"] = book.secretData
    let read = try #require(CertificateBook(secret: secret))
    #expect(read.secretData == book.secretData)
    secret.json.set("bm9uc2Vuc2U=", at: ["data", "tls.key"])
    #expect(CertificateBook(secret: secret) == nil)
  }

  @Test func theKeeperMakesTheSecretAndPublishesTheAuthority() async throws {
    let api = FakeAPI()
    for object in WebhookServer.webhookConfigurations(
      clientConfig: .service(namespace: "n", name: "kratix-webhook"), caBundle: "")
    {
      api.put(
        object.kind.hasPrefix("V") ? .validatingWebhookConfigurations : .mutatingWebhookConfigurations, object)
    }
    let keeper = CertificateKeeper(
      api: api, settings: .service("kratix-webhook", namespace: "n"), logger: Self.logger)
    let identity = try await keeper.begin()
    #expect(identity.isValid())
    let secret = try await api.get(.secrets, namespace: "n", name: "kratix-webhook-certificate")
    let book = try #require(CertificateBook(secret: secret))
    let bundle = Base64.encoded(Array(book.bundle.utf8))
    for type in [ResourceType.validatingWebhookConfigurations, .mutatingWebhookConfigurations] {
      let object = try await api.get(type, name: "kratix-webhook")
      for webhook in object["webhooks"]?.arrayValue ?? [] {
        #expect(webhook[path: "clientConfig", "caBundle"]?.stringValue == bundle)
      }
    }
    // Another replica takes what is there.
    _ = try await keeper.begin()
    let later = try await api.get(.secrets, namespace: "n", name: "kratix-webhook-certificate")
    #expect(later.resourceVersion == secret.resourceVersion)
  }

  @Test func certificateAndKeyHaveToBelongTogether() throws {
    let one = try CertificateBook.made(names: names, now: start, terms: terms)
    let other = try CertificateBook.made(names: names, now: start, terms: terms)
    #expect(throws: IdentityError("the certificate and the private key do not belong together")) {
      try ServerIdentity(certificate: one.leaf.certificate, privateKey: other.leaf.privateKey)
    }
    #expect(throws: IdentityError.self) { try ServerIdentity(certificate: "nonsense", privateKey: "") }
  }

  /// A log whose lines can be waited for.
  private struct Lines: LogHandler {
    let lines: AsyncStream<String>.Continuation
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.info

    init(_ lines: AsyncStream<String>.Continuation) { self.lines = lines }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
      get { metadata[key] }
      set { metadata[key] = newValue }
    }

    func log(
      level: Logger.Level, message: Logger.Message, metadata: Logger.Metadata?, source: String, file: String,
      function: String, line: UInt
    ) { lines.yield("\(message)") }
  }

  /// A mounted Secret is replaced: half of a pair is not taken, the whole is.
  @Test func filesAreReadAgain() async throws {
    let directory = FileManager.default.temporaryDirectory.appending(path: "files-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: directory) }
    let (certificate, key) = (directory.appending(path: "tls.crt"), directory.appending(path: "tls.key"))
    let now = Date()
    let authority = try CertificateMint.authority(from: now - 60, until: now + 90_000)
    let leaves = try [3600.0, 7200].map {
      try CertificateMint.leaf(names: ["localhost"], authority: authority, from: now - 60, until: now + $0)
    }
    func write(_ text: String, _ file: URL) throws { try Data(text.utf8).write(to: file, options: .atomic) }
    try write(leaves[0].certificate, certificate)
    try write(leaves[0].privateKey, key)
    let (stream, continuation) = AsyncStream.makeStream(of: String.self)
    let files = try CertificateFiles(
      certificate: certificate.path, privateKey: key.path,
      logger: Logger(label: "test") { _ in Lines(continuation) }, interval: .milliseconds(20))
    let first = files.identity.expiry
    let running = Task { try await files.run() }
    var lines = stream.makeAsyncIterator()
    try write(leaves[1].certificate, certificate)
    while let line = await lines.next(), !line.hasPrefix("the certificate on disk cannot serve") {}
    #expect(files.identity.expiry == first)
    try write(leaves[1].privateKey, key)
    while files.identity.expiry == first, let _ = await lines.next() {}
    #expect(files.identity.expiry > first + 3000)
    running.cancel()
    _ = await running.result
  }

  /// A client that trusts both authorities sees no failure while the identity is swapped under load.
  @Test func anIdentityIsSwappedWithoutADroppedRequest() async throws {
    let now = Date()
    let names = ["localhost"]
    let authorities = try (0..<2).map { _ in try CertificateMint.authority(from: now - 60, until: now + 3600) }
    let leaves = try authorities.map {
      try CertificateMint.leaf(names: names, authority: $0, from: now - 60, until: now + 3600)
    }
    let directory = FileManager.default.temporaryDirectory.appending(path: "identity-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: directory) }
    let api = try Recorded.platform("recorded/d-pinned/01-pinned-v2.0.0.yaml")
    let server = WebhookServer(
      api: api,
      configuration: WebhookConfiguration(
        host: "127.0.0.1", port: 0,
        identity: .pem(certificate: leaves[0].certificate, privateKey: leaves[0].privateKey)), logger: Self.logger)
    let running = Task { try await server.run() }
    let port = try await server.waitUntilReady()
    let body = try Recorded.bytes("recorded/admissionreview/promise-update.json")
    let bundle = authorities.map(\.certificate).joined()
    for round in 0..<6 {
      let leaf = leaves[(round + 1) % 2]
      try server.identity?.set(certificate: leaf.certificate, privateKey: leaf.privateKey)
      // A new client makes new connections.
      let client = try ServerTests.client(trusting: bundle)
      try await withThrowingTaskGroup(of: Int.self) { group in
        for _ in 0..<20 {
          group.addTask {
            var request = HTTPClientRequest(url: "https://localhost:\(port)/validate/promise")
            request.method = .POST
            request.headers.add(name: "Content-Type", value: "application/json")
            request.body = .bytes(body)
            let reply = try await client.execute(request, timeout: .seconds(20))
            _ = try await reply.body.collect(upTo: 1 << 20)
            return Int(reply.status.code)
          }
        }
        for try await status in group { #expect(status == 200) }
      }
      try await client.shutdown()
    }
    running.cancel()
    _ = await running.result
  }
}
