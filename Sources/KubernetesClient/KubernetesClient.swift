import Foundation
import Kubernetes
import Logging

/// The Kubernetes API over HTTP.
///
/// Verbs throw `StatusError` when the server refuses, `ConnectionError` when it cannot be talked to or does not accept
/// the credentials, and `CancellationError` when the task is cancelled. Reads are tried again when the connection
/// breaks or the server is overloaded, writes only when it is certain that the server has not begun them.
public final class KubernetesClient: KubernetesAPI {
  /// How the client behaves where the kubeconfig says nothing.
  public struct Settings: Sendable {
    public var connectTimeout: Duration = .seconds(10)
    /// For a whole answer, of each attempt.
    public var requestTimeout: Duration = .seconds(90)
    /// After how long the server is asked to end a watch; between half of it and all, so that watches do not end
    /// together.
    public var watchTimeout: Duration = .seconds(600)
    /// How often one request is sent at most.
    public var maximumAttempts: Int {
      get { retries.maximumAttempts }
      set { retries.maximumAttempts = newValue }
    }
    /// The waits between attempts.
    public var backoff: Backoff {
      get { retries.backoff }
      set { retries.backoff = newValue }
    }
    public var maximumResponseBytes = 1 << 30
    public var userAgent = "kubectl-kratix"
    var retries = RetryPolicy()

    public init() {}
  }

  public let configuration: ClusterConfiguration
  let settings: Settings
  let transport: Transport
  let discovery: Discovery

  /// - Parameters:
  ///   - logger: hears of retries at debug level; nothing secret.
  ///   - onWarning: hears the text of every `Warning:` header, as it comes.
  /// - Throws: `ConnectionError` when certificates or keys of the configuration are none.
  public init(
    _ configuration: ClusterConfiguration, settings: Settings = Settings(),
    logger: Logger = Logger(label: "kubernetes-client"), onWarning: @escaping @Sendable (String) -> Void = { _ in }
  ) throws {
    self.configuration = configuration
    self.settings = settings
    let transport = try Transport(
      configuration: configuration, settings: settings, logger: logger, onWarning: onWarning)
    self.transport = transport
    discovery = Discovery(transport: transport)
  }

  /// A client of what kubectl with the same options would talk to.
  public convenience init(
    _ options: ConnectionOptions, settings: Settings = Settings(),
    onWarning: @escaping @Sendable (String) -> Void = { _ in }
  ) throws {
    try self.init(try ClusterConfiguration.load(options), settings: settings, onWarning: onWarning)
  }
}
