import AsyncHTTPClient
import Foundation
import Logging
import ServiceLifecycle
import Testing

@testable import KratixWebhook

/// A rolling update as the API server sees it: one replica goes while another is there, and reviews never stop.
@Suite struct DrainTests {
  private static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

  /// A running replica, and the order to stop it.
  private struct Replica {
    let server: WebhookServer
    let group: ServiceGroup
    let running: Task<Void, any Error>
    let port: Int

    init(_ authority: CertificateMint.Authority, drainDelay: Duration) async throws {
      let now = Date()
      let leaf = try CertificateMint.leaf(
        names: ["localhost"], authority: authority, from: now - 60, until: now + 3600)
      let server = WebhookServer(
        api: try Recorded.platform("recorded/d-pinned/01-pinned-v2.0.0.yaml"),
        configuration: WebhookConfiguration(
          host: "127.0.0.1", port: 0, identity: .pem(certificate: leaf.certificate, privateKey: leaf.privateKey),
          drainDelay: drainDelay), logger: DrainTests.logger)
      let group = ServiceGroup(
        configuration: .init(
          services: [.init(service: server, successTerminationBehavior: .gracefullyShutdownGroup)],
          logger: DrainTests.logger))
      self.server = server
      self.group = group
      running = Task { try await group.run() }
      port = try await server.waitUntilReady()
    }
  }

  @Test(arguments: [HTTPClient.Configuration.HTTPVersion.automatic, .http1Only])
  func noReviewIsLostWhenReplicasGo(version: HTTPClient.Configuration.HTTPVersion) async throws {
    let now = Date()
    let authority = try CertificateMint.authority(from: now - 60, until: now + 3600)
    let body = try Recorded.bytes("recorded/admissionreview/promise-update.json")
    var present = try await Replica(authority, drainDelay: .milliseconds(200))
    let balancer = try await Balancer(ready: [present.port])
    let client = try ServerTests.client(trusting: authority.certificate, version)
    let port = balancer.port
    let (answers, count) = AsyncStream.makeStream(of: String.self)
    let load = Task {
      await withTaskGroup(of: Void.self) { group in
        for _ in 0..<8 {
          group.addTask {
            while !Task.isCancelled {
              var request = HTTPClientRequest(url: "https://localhost:\(port)/validate/promise")
              request.method = .POST
              request.headers.add(name: "Content-Type", value: "application/json")
              request.body = .bytes(body)
              do {
                let reply = try await client.execute(request, timeout: .seconds(20))
                _ = try await reply.body.collect(upTo: 1 << 20)
                count.yield(reply.status == .ok ? "" : "\(reply.status)")
              } catch let error as HTTPClientError where error == .cancelled {
                // The client gave the request to a connection that it had just heard the end of, and sent nothing. The
                // client of an API server takes the next connection then.
              } catch {
                if Task.isCancelled { return }
                count.yield("\(error)")
              }
            }
          }
        }
      }
      count.finish()
    }
    var results = answers.makeAsyncIterator()
    var lost: [String] = []
    var total = 0
    func hear(_ number: Int) async {
      for _ in 0..<number {
        guard let answer = await results.next() else { return }
        total += 1
        if !answer.isEmpty { lost.append(answer) }
      }
    }
    for _ in 0..<5 {
      let next = try await Replica(authority, drainDelay: .milliseconds(200))
      await hear(100)
      // As the endpoints of a Service: ready no more, so that new connections go elsewhere.
      await present.group.triggerGracefulShutdown()
      await present.server.waitUntilStopping()
      balancer.lead(to: [next.port])
      try await present.running.value
      await hear(100)
      present = next
    }
    load.cancel()
    while let answer = await results.next() { if !answer.isEmpty { lost.append(answer) } }
    #expect(lost.isEmpty, "\(lost.count) lost of \(total)")
    #expect(total >= 1000)
    await present.group.triggerGracefulShutdown()
    try await present.running.value
    try await client.shutdown()
    try await balancer.close()
  }
}
