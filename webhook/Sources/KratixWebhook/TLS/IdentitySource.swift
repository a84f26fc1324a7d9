import Kubernetes
import Logging

/// Where the server's identity comes from, and what keeps it up to date.
struct IdentitySource: Sendable {
  let identity: ServerIdentity
  private let keep: @Sendable () async throws -> Void

  init(_ configured: WebhookConfiguration.Identity, api: any KubernetesAPI, logger: Logger) async throws {
    switch configured {
    case .pem(let certificate, let privateKey):
      identity = try ServerIdentity(certificate: certificate, privateKey: privateKey)
      keep = {}
    case .files(let certificate, let privateKey):
      let files = try CertificateFiles(certificate: certificate, privateKey: privateKey, logger: logger)
      identity = files.identity
      keep = { try await files.run() }
    case .selfMade(let settings):
      let keeper = CertificateKeeper(api: api, settings: settings, logger: logger)
      let identity = try await keeper.begin()
      self.identity = identity
      keep = { await keeper.run(identity) }
    }
  }

  func run() async throws { try await keep() }
}
