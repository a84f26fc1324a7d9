import APIServer
import Foundation
import KratixControllers
import KratixModel
import Kubernetes
import Logging

/// A whole platform in this process: API servers, Kratix's controllers, state stores, what runs Jobs, and what brings
/// files to the workers.
public struct SandboxPlatform: Sendable {
  /// Something else that lives on the platform, such as an admission webhook: given the platform's API, it says when it
  /// is in place, and runs until its task is cancelled.
  public typealias Guest =
    @Sendable (_ api: any KubernetesAPI, _ inPlace: @escaping @Sendable () -> Void) async throws -> Void

  let configuration: SandboxConfiguration
  let logger: Logger

  public init(_ configuration: SandboxConfiguration, logger: Logger) {
    self.configuration = configuration
    self.logger = logger
  }

  /// Runs until the task is cancelled; then ends everything that it started.
  /// - Parameter onReady: called when kubectl can work.
  /// - Throws: `SandboxError` when another sandbox has the folder; whatever keeps it from starting.
  public func run(guests: [Guest], onReady: @escaping @Sendable () -> Void) async throws {
    let directory = configuration.directory
    try directory.create()
    let lock = try SandboxLock(directory)
    defer { withExtendedLifetime(lock) {} }
    let admission = KratixAdmissionPlugin()
    // The servers must not end before their guests: they are stopped last, whatever happens.
    let clusters = try ClusterServers(
      contexts: [ClusterServers.platformContext] + configuration.workers.map(\.name), directory: directory,
      plugins: { $0 == ClusterServers.platformContext ? [admission] : [] }, logger: logger)
    do {
      try await clusters.start()
      try await serve(clusters, admission: admission, guests: guests, onReady: onReady)
    } catch {
      await clusters.stop()
      throw error
    }
    await clusters.stop()
  }

  private func serve(
    _ clusters: ClusterServers, admission: KratixAdmissionPlugin, guests: [Guest],
    onReady: @escaping @Sendable () -> Void
  ) async throws {
    guard let platform = clusters.server(ClusterServers.platformContext) else { return }
    let directory = configuration.directory
    let administrator = platform.api(as: .administrator)
    let repository = SandboxRepository(directory)
    try await repository.prepare()
    try await Seed(workers: configuration.workers, gitURL: repository.url).plant(in: administrator)
    try directory.write(YAML.text(clusters.kubeconfig(directory: directory)), to: directory.kubeconfig)
    try directory.write(
      SandboxDirectory.Record(
        processID: getpid(), servers: clusters.servers.map { ($0.context, $0.server.url ?? "") },
        engine: configuration.engine.rawValue, pace: configuration.pace.rawValue))

    let controllerAPI = platform.api(
      as: .serviceAccount(namespace: KratixNames.systemNamespace, name: KratixNames.controllerServiceAccount))
    admission.use(controllerAPI)
    let stores = stateStores(api: controllerAPI)
    let pace = configuration.pace.pace
    let manager = KratixManager(api: controllerAPI, pace: pace, logger: logger) { context in
      SchedulingControllers.all(
        api: context.api, pace: pace, events: context.events, stateStores: stores,
        rewriteInterval: Self.rewriteInterval(context.configuration))
    }
    let kubelet = Kubelet(
      api: platform.api(as: .node), engine: try ReloadingEngine(directory, choice: configuration.engine),
      logs: platform.podLogs, configuration: .init(pace: pace), logger: logger,
      adapterAPI: { platform.api(as: .serviceAccount(namespace: $0, name: $1)) })
    let gitOps = GitOps(
      platform: administrator, stateStores: stores, clusters: destinations(clusters), logger: logger)
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await manager.run() }
      group.addTask { await gitOps.run() }
      group.addTask { await kubelet.run() }
      let readiness = Readiness(count: guests.count)
      for guest in guests {
        group.addTask { try await guest(administrator, { readiness.arrive() }) }
      }
      group.addTask {
        await readiness.wait()
        if !Task.isCancelled { onReady() }
      }
      try await group.waitForAll()
    }
  }

  /// Which cluster each destination stands for: a worker of its name, and the platform itself for compound Promises.
  private func destinations(_ clusters: ClusterServers) -> [String: GitOps.Cluster] {
    var destinations: [String: GitOps.Cluster] = [:]
    for (context, server) in clusters.servers {
      let isPlatform = context == ClusterServers.platformContext
      destinations[isPlatform ? Seed.platformDestination : context] = GitOps.Cluster(
        api: server.api(as: .gitOps), definesUnknownKinds: !isPlatform)
    }
    return destinations
  }

  /// 0 switches the periodic rewrite off (contract, section 10).
  private static func rewriteInterval(_ configuration: KratixConfiguration) -> Duration? {
    let interval = configuration.stateStoreReconciliationInterval
    return interval.nanoseconds > 0 ? interval.duration : nil
  }

  /// The state stores: the quick start's bucket is a directory of the sandbox's own.
  private func stateStores(api: any KubernetesAPI) -> StateStoreCatalog {
    let stores = URL(filePath: configuration.directory.stores, directoryHint: .isDirectory)
    let factory = StateStoreFactory(directory: stores.appending(path: "clones"), minimumFetchInterval: .zero)
    return StateStoreCatalog(api: api) { (store, secret) throws(StateStoreAccessError) in
      var store = store
      if store[path: "spec", "endpoint"] == .string(Seed.bucketEndpoint) {
        store.spec?["endpoint"] = .string(stores.appending(path: "buckets").absoluteString)
      }
      return try factory.make(store, secret)
    }
  }
}

extension UserInfo {
  /// What brings files to a cluster.
  fileprivate static let gitOps = UserInfo.serviceAccount(namespace: "kratix-worker-system", name: "gitops")
  /// What runs Jobs and pods: the sandbox's one node.
  fileprivate static let node = UserInfo(name: "system:node:sandbox", groups: ["system:nodes", "system:authenticated"])
}

/// Waits until so many have arrived.
private final class Readiness: Sendable {
  private let arrivals: AsyncStream<Void>
  private let continuation: AsyncStream<Void>.Continuation
  private let count: Int

  init(count: Int) {
    self.count = count
    (arrivals, continuation) = AsyncStream.makeStream()
  }

  func arrive() { continuation.yield() }

  /// Returns early when the task is cancelled.
  func wait() async {
    var missing = count
    if missing == 0 { return }
    for await _ in arrivals {
      missing -= 1
      if missing == 0 { return }
    }
  }
}
