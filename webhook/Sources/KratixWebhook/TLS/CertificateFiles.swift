import Foundation
import Logging
import NIOCertificateReloading

/// Keeps a `ServerIdentity` what two files say: a mounted Secret is replaced under a running process.
struct CertificateFiles: Sendable {
  let certificate: String
  let privateKey: String
  let identity: ServerIdentity
  let logger: Logger
  /// How often the files are looked at: a mounted Secret is replaced by a symbolic link, which no watch of a file sees.
  let interval: Duration

  init(certificate: String, privateKey: String, logger: Logger, interval: Duration = .seconds(10)) throws {
    self.interval = interval
    self.certificate = certificate
    self.privateKey = privateKey
    self.logger = logger
    identity = try ServerIdentity(
      certificate: Self.text(of: certificate), privateKey: Self.text(of: privateKey))
  }

  private static func text(of path: String) throws -> String {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw IdentityError("cannot read \(path)")
    }
    return String(decoding: data, as: UTF8.self)
  }

  /// Follows the files until cancelled. Half of a pair, or a pair that does not belong together, is not taken: the
  /// next look finds the whole.
  func run() async throws {
    let configuration = TimedCertificateReloader.Configuration(
      refreshInterval: interval,
      certificateSource: .init(location: .file(path: certificate), format: .pem),
      privateKeySource: .init(location: .file(path: privateKey), format: .pem)
    ) { configuration in
      configuration.onCertificateLoaded = { _ in reload() }
      configuration.onCertificateLoadFailed = { failure in
        logger.error(
          "the certificate on disk cannot serve; going on with the last one", metadata: ["error": "\(failure.error)"])
      }
    }
    try await TimedCertificateReloader(configuration: configuration).run()
  }

  private func reload() {
    do {
      try identity.set(
        certificate: try Self.text(of: certificate), privateKey: try Self.text(of: privateKey))
      logger.info("certificate loaded", metadata: ["expires": "\(identity.expiry)"])
    } catch {
      logger.error("the certificate on disk cannot serve; going on with the last one", metadata: ["error": "\(error)"])
    }
  }
}
