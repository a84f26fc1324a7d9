import Kubernetes

/// Why the API server could not be talked to. `description` is one sentence for a person; nothing secret is in it.
public enum ConnectionError: Error, Sendable, Hashable {
  // The kubeconfig.
  /// None of these files is there, and this process does not run in a cluster.
  case kubeconfigNotFound(paths: [String])
  case kubeconfigUnreadable(path: String, reason: String)
  /// From 1; nil where the mistake is in the meaning of a field, which `reason` then names.
  case kubeconfigInvalid(path: String, line: Int?, column: Int?, reason: String)
  case noSuchContext(String, available: [String])
  case noCurrentContext(available: [String])
  /// A setting that this client does not have, and what to do instead.
  case unsupportedSetting(setting: String, advice: String)
  /// The credentials of a user could not be had: a missing file, a plugin that failed.
  case credentialsUnavailable(user: String, reason: String)

  // The network.
  case unreachable(server: String, reason: String)
  /// The connection broke, or ended, before the answer was whole.
  case interrupted(server: String, reason: String)
  case timedOut(server: String, seconds: Double)
  case untrusted(server: String, TLSFailure)
  /// Something answered that is no API server.
  case notKubernetes(server: String, reason: String)

  // The server.
  /// 401: the server does not know who asks.
  case unauthorized(server: String, user: String, message: String)
}

/// What is wrong with a TLS connection.
public struct TLSFailure: Error, Sendable, Hashable {
  public enum Reason: Sendable, Hashable {
    case expired
    case notYetValid
    case unknownAuthority
    /// The certificate is for other names than this one.
    case wrongHost(String)
    /// The server answered in clear text.
    case notTLS
    /// The server refused our certificate, or asked for one where we have none.
    case clientCertificateRefused
    case other(String)
  }

  public var reason: Reason
  /// The server's certificate, when it could be read.
  public var certificate: CertificateSummary?

  public init(reason: Reason, certificate: CertificateSummary? = nil) {
    self.reason = reason
    self.certificate = certificate
  }
}

/// What a person needs to know of a certificate.
public struct CertificateSummary: Sendable, Hashable {
  public var subject: String
  public var issuer: String
  /// RFC 3339.
  public var notBefore: String
  /// RFC 3339.
  public var notAfter: String
  /// DNS names and addresses that it is for.
  public var names: [String]

  public init(subject: String, issuer: String, notBefore: String, notAfter: String, names: [String]) {
    self.subject = subject
    self.issuer = issuer
    self.notBefore = notBefore
    self.notAfter = notAfter
    self.names = names
  }
}

extension ConnectionError: RetryableError {
  public var isTransient: Bool {
    switch self {
    case .unreachable, .interrupted, .timedOut: true
    default: false
    }
  }
}

extension ConnectionError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .kubeconfigNotFound(let paths):
      "no kubeconfig found: \(paths.joined(separator: ", ")) \(paths.count == 1 ? "does" : "do") not exist, and this "
        + "is not running in a cluster; set KUBECONFIG or give --kubeconfig"
    case .kubeconfigUnreadable(let path, let reason):
      "cannot read kubeconfig \(path): \(reason)"
    case .kubeconfigInvalid(let path, let line?, let column?, let reason):
      "kubeconfig \(path), line \(line), column \(column): \(reason)"
    case .kubeconfigInvalid(let path, _, _, let reason):
      "kubeconfig \(path): \(reason)"
    case .noSuchContext(let name, let available):
      "no context \"\(name)\" in the kubeconfig; \(Self.list(available))"
    case .noCurrentContext(let available):
      "the kubeconfig has no current context; give --context or run kubectl config use-context; "
        + Self.list(available)
    case .unsupportedSetting(let setting, let advice):
      "\(setting) is not supported: \(advice)"
    case .credentialsUnavailable(let user, let reason):
      "no credentials for user \"\(user)\": \(reason)"
    case .unreachable(let server, let reason):
      "cannot reach the API server at \(server): \(reason)"
    case .interrupted(let server, let reason):
      "the connection to the API server at \(server) broke: \(reason)"
    case .timedOut(let server, let seconds):
      "the API server at \(server) did not answer within \(Self.text(seconds)) s"
    case .untrusted(let server, let failure):
      "no TLS connection with the API server at \(server): \(failure)"
    case .notKubernetes(let server, let reason):
      "\(server) does not answer as a Kubernetes API server does: \(reason)"
    case .unauthorized(let server, let user, let message):
      user.isEmpty
        ? "the API server at \(server) wants credentials, and the kubeconfig's context names no user"
        : "the API server at \(server) does not accept the credentials of user \"\(user)\" "
          + "(\(message.isEmpty ? "Unauthorized" : message)); they may have expired: log in again"
    }
  }

  private static func list(_ contexts: [String]) -> String {
    contexts.isEmpty ? "it has no contexts" : "there are: \(contexts.sorted().joined(separator: ", "))"
  }

  private static func text(_ seconds: Double) -> String {
    seconds == seconds.rounded() ? String(Int(seconds)) : String(seconds)
  }
}

extension TLSFailure: CustomStringConvertible {
  public var description: String {
    let subject = certificate.map { "its certificate (subject \($0.subject))" } ?? "its certificate"
    switch reason {
    case .expired:
      return "\(subject) expired\(certificate.map { " at \($0.notAfter)" } ?? "")"
    case .notYetValid:
      return "\(subject) is not valid before \(certificate?.notBefore ?? "some later date"); check the clock"
    case .unknownAuthority:
      let issuer = certificate.map { ", issued by \($0.issuer)," } ?? ""
      return "\(subject)\(issuer) is signed by an authority that is not trusted; "
        + "check certificate-authority in the kubeconfig"
    case .wrongHost(let host):
      let names = certificate.map(\.names) ?? []
      let valid = names.isEmpty ? "" : ", it is for \(names.joined(separator: ", "))"
      return "\(subject) is not for \(host)\(valid); tls-server-name in the kubeconfig can name one of them"
    case .notTLS:
      return "the answer is not TLS; is the server's address http:// rather than https://?"
    case .clientCertificateRefused:
      return "it refuses the client certificate of the kubeconfig's user"
    case .other(let text):
      return text
    }
  }
}
