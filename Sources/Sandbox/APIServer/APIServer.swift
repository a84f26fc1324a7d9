import Foundation
import Hummingbird
import HummingbirdCore
import HummingbirdHTTP2
import HummingbirdTLS
import Kubernetes
import Logging
import NIOCore
import NIOSSL
import Synchronization

/// A Kubernetes API server in this process: all objects durable in one directory, HTTPS for kubectl, `LocalAPI` for
/// whoever lives here.
public final class APIServer: Sendable {
  public struct Configuration: Sendable {
    /// Where everything is kept: objects, certificates, logs. nil keeps objects and logs in memory only.
    public var stateDirectory: URL?
    public var host: String
    /// 0 takes a free one.
    public var port: Int
    /// Run before the webhooks of configurations, in this order.
    public var admissionPlugins: [any AdmissionPlugin]
    public var logger: Logger

    public init(
      stateDirectory: URL?, host: String = "127.0.0.1", port: Int = 0, admissionPlugins: [any AdmissionPlugin] = [],
      logger: Logger
    ) {
      self.stateDirectory = stateDirectory
      self.host = host
      self.port = port
      self.admissionPlugins = admissionPlugins
      self.logger = logger
    }
  }

  private struct Running {
    var port: Int?
    var tasks: [Task<Void, any Error>] = []
  }

  public let configuration: Configuration
  /// The authority that signed the server's certificate, as PEM.
  public let caPEM: String
  /// An administrator's certificate and key, as PEM.
  public let clientCertPEM: String
  public let clientKeyPEM: String
  /// What the containers of pods printed.
  public let podLogs: PodLogs

  let store: ObjectStore
  private let registry: ResourceRegistry
  private let pipeline: RequestPipeline
  private let housekeeper: Housekeeper
  private let authority: CertificateAuthority
  private let authenticator = Authenticator()
  private let documents: DocumentEndpoints
  private let connections = Connections()
  private let running = Mutex(Running())

  /// Opens the state directory; nothing listens before `start`.
  public init(configuration: Configuration) throws {
    self.configuration = configuration
    let directory = configuration.stateDirectory
    if let directory { try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true) }
    let certificates =
      (directory ?? FileManager.default.temporaryDirectory.appending(path: "apiserver-\(UUID().uuidString)"))
      .appending(path: "pki")
    authority = try CertificateAuthority(directory: certificates)
    let client = try authority.keptClientIdentity(
      directory: certificates, name: "admin", user: "kubernetes-admin", groups: ["system:masters"])
    if directory == nil { try? FileManager.default.removeItem(at: certificates.deletingLastPathComponent()) }
    caPEM = authority.certificatePEM
    clientCertPEM = client.certificate
    clientKeyPEM = client.key
    podLogs = PodLogs(directory: directory?.appending(path: "logs"))
    store = try ObjectStore(path: directory?.appending(path: "objects.sqlite").path)
    registry = ResourceRegistry()
    let housekeeper = Housekeeper(logger: configuration.logger)
    self.housekeeper = housekeeper
    let logs = podLogs
    let (store, registry) = (store, registry)
    pipeline = RequestPipeline(
      store: store, registry: registry,
      plugins: configuration.admissionPlugins
        + AdmissionEdge.plugins(store: store, registry: registry, logger: configuration.logger),
      logger: configuration.logger, certificateAuthority: authority.certificatePEM,
      onCommit: { commit in
        housekeeper.receive(commit)
        guard commit.id.collection == "pods" else { return }
        if commit.kind == .deleted {
          logs.remove(podUID: commit.object.uid)
        } else if PodLogs.isComplete(commit.object) {
          logs.endFollowing(podUID: commit.object.uid)
        }
      })
    documents = DocumentEndpoints(registry: registry)
    DefinitionController(pipeline: pipeline).load()
  }

  /// Creates what every cluster has, and listens.
  /// - Returns: The port.
  @discardableResult
  public func start() async throws -> Int {
    try await Bootstrap(pipeline: pipeline).run()
    let (housekeeper, pipeline) = (housekeeper, pipeline)
    let housekeeping = Task<Void, any Error> { await housekeeper.run(pipeline) }
    running.withLock { $0.tasks.append(housekeeping) }

    let identity = try authority.serverIdentity(
      hosts: [
        "localhost", configuration.host, "127.0.0.1", "::1", "10.96.0.1", "kubernetes", "kubernetes.default",
        "kubernetes.default.svc",
      ])
    var tls = TLSConfiguration.makeServerConfiguration(
      certificateChain: try NIOSSLCertificate.fromPEMBytes(Array(identity.certificate.utf8)).map { .certificate($0) },
      privateKey: .privateKey(try NIOSSLPrivateKey(bytes: Array(identity.key.utf8), format: .pem)))
    tls.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(Array(caPEM.utf8)))
    tls.certificateVerification = .optionalVerification

    let handler = RequestHandler(
      pipeline: pipeline, authenticator: authenticator, documents: documents, logs: podLogs,
      logger: configuration.logger)
    let (ports, announce) = AsyncThrowingStream<Int, any Error>.makeStream()
    var quiet = configuration.logger
    quiet.logLevel = max(quiet.logLevel, .warning)
    let (tlsConfiguration, connections) = (tls, connections)
    let application = Application(
      responder: handler,
      server: HTTPServerBuilder { responder in
        TrackedChannel(
          base: try HTTP2UpgradeChannel(tlsConfiguration: tlsConfiguration, responder: responder),
          connections: connections)
      },
      configuration: .init(address: .hostname(configuration.host, port: configuration.port), backlog: 1024),
      onServerRunning: { channel in
        announce.yield(channel.localAddress?.port ?? 0)
        announce.finish()
      }, logger: quiet)
    let serving = Task<Void, any Error> {
      do {
        try await application.run()
      } catch {
        announce.finish(throwing: error)
        throw error
      }
    }
    running.withLock { $0.tasks.append(serving) }
    for try await port in ports {
      running.withLock { $0.port = port }
      documents.setServerAddress("\(configuration.host):\(port)")
      return port
    }
    throw CancellationError()
  }

  /// Ends all connections and closes the store. Everything acknowledged is on disk already.
  public func stop() async {
    let tasks = running.withLock { running in
      defer { running = Running() }
      return running.tasks
    }
    housekeeper.stop()
    for task in tasks { task.cancel() }
    // The server waits for its connections, and some would never end: in a handshake, or with a silent client.
    connections.closeAll()
    for task in tasks { _ = await task.result }
    try? store.close()
  }

  /// `https://HOST:PORT`; nil before `start`.
  public var url: String? {
    running.withLock { $0.port }.map { "https://\(configuration.host):\($0)" }
  }

  /// The API as a user, in process. Usable before `start`.
  public func api(as user: UserInfo) -> LocalAPI { LocalAPI(pipeline: pipeline, logs: podLogs, user: user) }

  /// Accepts a bearer token for a user.
  public func addToken(_ token: String, for user: UserInfo) { authenticator.add(token: token, for: user) }

  /// A client certificate for any user.
  public func clientIdentity(user: String, groups: [String]) throws -> (certificatePEM: String, keyPEM: String) {
    let identity = try authority.clientIdentity(user: user, groups: groups)
    return (identity.certificate, identity.key)
  }

  /// A kubeconfig for the administrator, with one context.
  public func kubeconfig(contextName: String, namespace: String = "default") -> JSON {
    func base64(_ text: String) -> JSON { .string(Data(text.utf8).base64EncodedString()) }
    let name = JSON.string(contextName)
    return [
      "apiVersion": "v1", "kind": "Config", "preferences": .emptyObject, "current-context": name,
      "clusters": [
        [
          "name": name,
          "cluster": ["server": .string(url ?? ""), "certificate-authority-data": base64(caPEM)],
        ]
      ],
      "users": [
        [
          "name": name,
          "user": [
            "client-certificate-data": base64(clientCertPEM), "client-key-data": base64(clientKeyPEM),
          ],
        ]
      ],
      "contexts": [
        ["name": name, "context": ["cluster": name, "user": name, "namespace": .string(namespace)]]
      ],
    ]
  }
}
