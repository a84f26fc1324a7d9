import APIServer
import Foundation
import KratixControllers
import KratixModel
import Kubernetes
import Logging

/// A whole platform in this process: API servers, and the parts that work on them (Kratix's controllers, what runs Jobs,
/// what brings files to the workers) unless they run elsewhere.
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
    let controllersLock = configuration.hasControllers ? try SandboxLock.ofControllers(directory) : nil
    defer { withExtendedLifetime((lock, controllersLock)) {} }
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
        engine: configuration.engine.rawValue, pace: configuration.pace.rawValue,
        hasControllers: configuration.hasControllers))

    var parts = PlatformParts()
    if configuration.hasControllers {
      let access = access(to: platform, clusters)
      admission.use(access.controllers)
      parts = try ControllerSetup(
        directory: directory, buckets: directory, engine: configuration.engine, pace: configuration.pace,
        logger: logger
      ).parts(access)
    }
    try await withThrowingTaskGroup(of: Void.self) { [parts] group in
      group.addTask { try await parts.run() }
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

  /// The servers of this process, each part as the user that it has in a cluster.
  private func access(to platform: APIServer, _ clusters: ClusterServers) -> PlatformAccess {
    PlatformAccess(
      platform: platform.api(as: .administrator),
      controllers: platform.api(
        as: .serviceAccount(namespace: KratixNames.systemNamespace, name: KratixNames.controllerServiceAccount)),
      node: PlatformAccess.Node(
        api: platform.api(as: .node), logs: platform.podLogs,
        serviceAccount: { platform.api(as: .serviceAccount(namespace: $0, name: $1)) }),
      clusters: Dictionary(
        uniqueKeysWithValues: clusters.servers.map { ($0.context, $0.server.api(as: .gitOps)) }))
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
