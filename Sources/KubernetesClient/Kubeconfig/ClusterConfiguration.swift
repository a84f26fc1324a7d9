import Kubernetes

/// Where an API server is, how to trust it and who to be: all that a connection needs, read and checked.
public struct ClusterConfiguration: Sendable {
  /// The server's base URL in parts.
  public struct Server: Sendable, Hashable, CustomStringConvertible {
    public var isTLS: Bool
    public var host: String
    public var port: Int
    /// What precedes `/api`, without a slash at the end: empty, or where a proxy has put the API.
    public var path: String

    public init(isTLS: Bool, host: String, port: Int, path: String = "") {
      self.isTLS = isTLS
      self.host = host
      self.port = port
      self.path = path
    }

    /// `HOST:PORT`, an IPv6 address in brackets.
    public var authority: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
    public var description: String { authority }
  }

  /// Whose signature on the server's certificate is good.
  public enum Trust: Sendable, Hashable {
    case systemAuthorities
    /// PEM.
    case authorities([UInt8])
    /// `insecure-skip-tls-verify`.
    case anything
  }

  /// What the requests are authorised with, besides a client certificate.
  public enum Credential: Sendable {
    case none
    case token(Secret<String>)
    /// A file that is read for every request, since tokens in files are rotated.
    case tokenFile(String)
    case basic(username: String, password: Secret<String>)
    case plugin(ExecPlugin)
  }

  /// PEM of a chain and its key.
  public struct ClientCertificate: Sendable, Hashable {
    public var chain: [UInt8]
    public var key: Secret<[UInt8]>

    public init(chain: [UInt8], key: Secret<[UInt8]>) {
      self.chain = chain
      self.key = key
    }
  }

  /// Who to act as (`--as`, `--as-group` and their kubeconfig fields).
  public struct Impersonation: Sendable, Hashable {
    public var user: String
    public var uid: String?
    public var groups: [String]
    public var extra: [String: [String]]

    public init(user: String, uid: String? = nil, groups: [String] = [], extra: [String: [String]] = [:]) {
      self.user = user
      self.uid = uid
      self.groups = groups
      self.extra = extra
    }
  }

  /// The kubeconfig's context; nil in a cluster.
  public var contextName: String?
  /// The kubeconfig's name of the user, for messages.
  public var userName: String
  /// The namespace of whoever does not say another.
  public var namespace: String
  public var server: Server
  public var trust: Trust
  /// The name to expect in the server's certificate instead of the host.
  public var tlsServerName: String?
  public var clientCertificate: ClientCertificate?
  public var credential: Credential
  public var impersonation: Impersonation?
  /// `extensions` of the kubeconfig's cluster, by name: what tools other than kubectl keep there.
  public var extensions: [String: JSON] = [:]

  public init(
    contextName: String? = nil, userName: String = "", namespace: String = "default", server: Server,
    trust: Trust = .systemAuthorities, tlsServerName: String? = nil, clientCertificate: ClientCertificate? = nil,
    credential: Credential = .none, impersonation: Impersonation? = nil
  ) {
    self.contextName = contextName
    self.userName = userName
    self.namespace = namespace
    self.server = server
    self.trust = trust
    self.tlsServerName = tlsServerName
    self.clientCertificate = clientCertificate
    self.credential = credential
    self.impersonation = impersonation
  }
}
