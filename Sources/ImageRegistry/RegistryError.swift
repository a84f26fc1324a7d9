import KratixModel

/// Why a registry could not be asked. The description is one whole sentence.
public enum RegistryError: Error, Sendable, Hashable, CustomStringConvertible {
  /// No connection, or the connection ended without an answer.
  case unreachable(registry: String, reason: String)
  /// 401. `hasCredentials` tells whether some were sent.
  case unauthorized(registry: String, repository: String, hasCredentials: Bool)
  /// 403.
  case forbidden(registry: String, repository: String, detail: String?)
  /// 404 for the repository.
  case noRepository(registry: String, repository: String)
  /// 404 for the tag or digest.
  case noManifest(String)
  /// 429 or 503, and the wait asked for is too long, or was asked for too often.
  case rateLimited(registry: String, seconds: Int?)
  /// Any other status.
  case failed(registry: String, status: Int, detail: String?)
  /// An answer that is none of the distribution API.
  case notARegistry(registry: String, found: String)
  /// Tokens are asked for at an address that must not get credentials.
  case insecureRealm(registry: String, realm: String)
  case credentials(source: String, reason: String)

  public var description: String {
    switch self {
    case .unreachable(let registry, let reason): "the registry \(registry) gives no answer: \(reason)"
    case .unauthorized(let registry, let repository, let hasCredentials):
      "the registry \(registry) refuses \(repository) "
        + (hasCredentials
          ? "with the credentials of your login; log in again"
          : "without a login; log in with \"podman login \(registry)\" or \"docker login \(registry)\"")
    case .forbidden(let registry, let repository, let detail):
      "the registry \(registry) forbids you \(repository)\(Self.text(detail))"
    case .noRepository(let registry, let repository):
      "the registry \(registry) has no repository \(repository), or does not show it to you"
    case .noManifest(let reference): "there is no image \(reference)"
    case .rateLimited(let registry, let seconds):
      "the registry \(registry) takes no more requests now"
        + (seconds.map { "; try again in \($0) seconds" } ?? "; try again later, or log in for a higher limit")
    case .failed(let registry, let status, let detail):
      "the registry \(registry) answers with status \(status)\(Self.text(detail))"
    case .notARegistry(let registry, let found):
      "\(registry) answers with \(found), not as a registry does; check the address"
    case .insecureRealm(let registry, let realm):
      "the registry \(registry) asks to log in at \(realm), which is not encrypted"
    case .credentials(let source, let reason): "\(source) gives no credentials: \(reason)"
    }
  }

  private static func text(_ detail: String?) -> String { detail.map { ": \($0)" } ?? "" }
}
