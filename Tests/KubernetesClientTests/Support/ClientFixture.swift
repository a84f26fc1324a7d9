import Foundation
import Kubernetes
import NIOConcurrencyHelpers

@testable import KubernetesClient

/// A server, and a client that trusts it and waits little.
struct ClientFixture {
  let server: TestServer
  let client: KubernetesClient
  let warnings = NIOLockedValueBox<[String]>([])

  static let promises = ResourceType(
    group: "platform.kratix.io", version: "v1alpha1", plural: "promises", kind: "Promise", isNamespaced: false)

  init(
    settings: KubernetesClient.Settings = ClientFixture.quickSettings(),
    change: (inout ClusterConfiguration) throws -> Void = { _ in }, handler: @escaping TestServer.Handler
  ) async throws {
    let authority = try TestAuthority()
    server = try await TestServer.start(identity: try authority.issueServer(), handler: handler)
    var configuration = ClusterConfiguration(
      contextName: "test", userName: "ann", namespace: "team-a",
      server: .init(isTLS: true, host: "127.0.0.1", port: server.port),
      trust: .authorities(Array(authority.certificatePEM.utf8)))
    try change(&configuration)
    let warnings = warnings
    client = try KubernetesClient(configuration, settings: settings) { text in
      warnings.withLockedValue { $0.append(text) }
    }
  }

  static func quickSettings() -> KubernetesClient.Settings {
    var settings = KubernetesClient.Settings()
    settings.backoff = Backoff(initial: .milliseconds(1), maximum: .milliseconds(5))
    return settings
  }
}

/// A directory that is removed with its test.
final class TemporaryDirectory {
  let path: String

  init() throws {
    path = NSTemporaryDirectory() + "kubernetes-client-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  @discardableResult
  func write(_ text: String, to name: String, executable: Bool = false) throws -> String {
    let file = "\(path)/\(name)"
    try text.write(toFile: file, atomically: true, encoding: .utf8)
    if executable { try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: file) }
    return file
  }
}

/// The error that the work throws, of the expected type.
func thrown<Failure: Error>(_ type: Failure.Type, by work: () async throws -> Void) async -> Failure? {
  do {
    try await work()
    return nil
  } catch {
    return error as? Failure
  }
}
