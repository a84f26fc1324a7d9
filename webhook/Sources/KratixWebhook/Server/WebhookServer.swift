import Foundation
import Hummingbird
import HummingbirdCore
import HummingbirdHTTP2
import Kubernetes
import Logging
import NIOCore
import NIOSSL
import PromiseReview
import ServiceLifecycle
import Synchronization

/// The admission webhook: TLS 1.2 and later, HTTP/1.1 and HTTP/2. It reads the fleet through the API that it is given,
/// so that it runs beside any API server, in a pod or in the process of the sandbox.
///
/// Live as long as it answers (`/livez`); ready (`/readyz`) when the caches are synced, the certificate is valid, and it
/// is not shutting down.
public final class WebhookServer: Service {
  private let api: any KubernetesAPI
  private let configuration: WebhookConfiguration
  private let logger: Logger
  private let fleet: FleetCache
  private let metrics: WebhookMetrics
  private let gate: Gate
  private let registration: RegistrationKeeper
  private let annotator: FleetAnnotator?
  private let connections = Connections()
  private let state = Mutex(State())

  private struct State {
    var identity: ServerIdentity?
    var port: Int?
    var isStopping = false
    var failure: (any Error)?
    var waiters: [Int: CheckedContinuation<Void, Never>] = [:]
    var nextWaiter = 0
  }

  public init(api: any KubernetesAPI, configuration: WebhookConfiguration, logger: Logger) {
    self.api = api
    self.configuration = configuration
    self.logger = logger
    gate = Gate(limit: configuration.limits.concurrency)
    let registration = RegistrationKeeper(api: api, name: configuration.managedRegistration, logger: logger)
    self.registration = registration
    let fleet = FleetCache(api: api, logger: logger) { await registration.serve($0) }
    self.fleet = fleet
    let metrics = WebhookMetrics()
    self.metrics = metrics
    annotator = configuration.annotator.map {
      FleetAnnotator(api: api, fleet: fleet, configuration: $0, metrics: metrics, logger: logger)
    }
  }

  /// What new connections are served with; nil before `run`.
  var identity: ServerIdentity? { state.withLock { $0.identity } }

  /// The port that it listens on; nil before it does.
  public var port: Int? { state.withLock { $0.port } }

  /// Serves until the task is cancelled or the process is told to stop: then it is no longer ready, finishes what is in
  /// flight, and returns.
  /// - Throws: when the port cannot be bound, or the identity cannot be read.
  public func run() async throws {
    do {
      try await serve()
    } catch {
      end(error)
      throw error
    }
    end(CancellationError())
  }

  /// Returns when it listens and the caches are synced.
  /// - Returns: The port.
  /// - Throws: What `run` throws, when it ends before that; `CancellationError`.
  @discardableResult
  public func waitUntilReady() async throws -> Int {
    await waitUntilListening()
    if let failure = state.withLock({ $0.failure }) { throw failure }
    await fleet.waitUntilSynced()
    try Task.checkCancellation()
    guard let port else { throw CancellationError() }
    return port
  }

  private func waitUntilListening() async { await wait { $0.port != nil || $0.failure != nil } }

  /// Returns once it was told to stop, or has ended.
  func waitUntilStopping() async { await wait { $0.isStopping || $0.failure != nil } }

  private func wait(until isReached: @escaping @Sendable (borrowing State) -> Bool) async {
    while !Task.isCancelled, !state.withLock({ isReached($0) }) { await waitForChange(unless: isReached) }
  }

  private func waitForChange(unless isReached: @escaping @Sendable (borrowing State) -> Bool) async {
    let ticket = state.withLock { state in
      state.nextWaiter += 1
      return state.nextWaiter
    }
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isDone = state.withLock { state in
          if isReached(state) || Task.isCancelled { return true }
          state.waiters[ticket] = continuation
          return false
        }
        if isDone { continuation.resume() }
      }
    } onCancel: {
      state.withLock { $0.waiters.removeValue(forKey: ticket) }?.resume()
    }
  }

  private func release(_ change: (inout State) -> Void) {
    let waiters = state.withLock { state in
      change(&state)
      defer { state.waiters = [:] }
      return Array(state.waiters.values)
    }
    for waiter in waiters { waiter.resume() }
  }

  private func end(_ error: any Error) {
    release { state in
      state.port = nil
      state.failure = error
    }
  }

  private func serve() async throws {
    let source = try await IdentitySource(configuration.identity, api: api, logger: logger)
    state.withLock { $0.identity = source.identity }
    let application = try application(identity: source.identity)
    try await withThrowingTaskGroup(of: Void.self) { group in
      let background: [@Sendable () async throws -> Void] = [
        { try await self.fleet.run() }, { try await source.run() }, { await self.registration.run() },
        { try await self.annotator?.run() },
      ]
      for work in background {
        group.addTask {
          do {
            try await work()
          } catch is CancellationError {
            return
          }
        }
      }
      // The listener's end is the end of it all; the others only feed it.
      try await listen(application)
      group.cancelAll()
    }
  }

  /// Serves until told to stop. Then it is not ready at once, and closes the port only when the time has passed that
  /// others need to notice: so no request of a rolling update finds a closed door.
  private func listen(_ application: some Service) async throws {
    let group = ServiceGroup(configuration: .init(services: [.init(service: application)], logger: quietLogger))
    // Detached, so that the order to stop reaches the listener through this method alone.
    let listening = Task.detached { try await group.run() }
    let delay = configuration.drainDelay
    try await withTaskCancellationHandler {
      try await withGracefulShutdownHandler {
        try await listening.value
      } onGracefulShutdown: {
        self.release { $0.isStopping = true }
        Task {
          try? await Task.sleep(for: delay)
          await group.triggerGracefulShutdown()
        }
      }
    } onCancel: {
      connections.close()
      Task { await group.triggerGracefulShutdown() }
    }
  }

  /// The libraries below tell of every connection; only what goes wrong is of interest.
  private var quietLogger: Logger {
    var quiet = logger
    quiet.logLevel = max(quiet.logLevel, .warning)
    return quiet
  }

  private func application(identity: ServerIdentity) throws -> some ApplicationProtocol {
    var settings = try TLSConfiguration.makeServerConfiguration(certificateReloader: identity)
    settings.minimumTLSVersion = .tlsv12
    let tls = settings
    let desk = AdmissionDesk(
      fleet: fleet, api: api, settings: configuration.settings, metrics: metrics, logger: logger)
    let responder = RequestResponder(
      desk: desk, gate: gate, limits: configuration.limits, metrics: metrics,
      reasonNotReady: { [weak self] in self?.reasonNotReady() }, gauges: { [weak self] in self?.gauges() ?? [] },
      isStopping: { [weak self] in self?.state.withLock { $0.isStopping } ?? true },
      logger: logger)
    let connections = connections
    let channel = HTTP2ChannelConfiguration(
      idleTimeout: .seconds(120), gracefulCloseTimeout: .seconds(10),
      streamConfiguration: .init(idleTimeout: .seconds(120)))
    return Application(
      responder: responder,
      server: HTTPServerBuilder { responder in
        GuardedChannel(
          try HTTP2UpgradeChannel(tlsConfiguration: tls, configuration: channel, responder: responder),
          connections: connections)
      },
      configuration: .init(
        address: .hostname(configuration.host, port: configuration.port), serverName: "kratix-webhook", backlog: 1024),
      onServerRunning: { [weak self] channel in
        self?.release { $0.port = channel.localAddress?.port }
      }, logger: quietLogger)
  }

  private func reasonNotReady() -> String? {
    let (identity, isStopping) = state.withLock { ($0.identity, $0.isStopping) }
    if isStopping { return "shutting down" }
    guard let identity, identity.isValid() else { return "the certificate is not valid now" }
    return fleet.isSynced ? nil : "the caches are not synced yet"
  }

  private func gauges() -> [(name: String, help: String, values: [(labels: String, value: Double)])] {
    let expiry = state.withLock { $0.identity }?.expiry.timeIntervalSince1970 ?? 0
    return [
      ("in_flight", "Reviews that are being worked on.", [("", Double(gate.inFlight))]),
      (
        "cache_objects", "Objects in the cache, by kind.",
        fleet.counts.sorted { $0.key < $1.key }.map { ("{kind=\"\($0.key)\"}", Double($0.value)) }
      ),
      ("cache_synced", "1 when the caches are synced.", [("", fleet.isSynced ? 1 : 0)]),
      ("certificate_expiry_seconds", "When the certificate expires, in seconds since 1970.", [("", expiry)]),
    ]
  }
}
