import APIServer
import Foundation
import KratixControllers
import KratixModel
import Kubernetes
import Logging

/// The API of a platform and its clusters, as each part that works on them is to use it: in process, or over HTTP.
public struct PlatformAccess: Sendable {
  /// What runs Jobs needs.
  public struct Node: Sendable {
    /// As a node and the Job controller.
    public var api: any KubernetesAPI
    /// Where the output of containers goes.
    public var logs: PodLogs
    /// As a ServiceAccount: what Kratix's own containers of a pod write with.
    public var serviceAccount: @Sendable (_ namespace: String, _ name: String) throws -> any KubernetesAPI

    public init(
      api: any KubernetesAPI, logs: PodLogs,
      serviceAccount: @escaping @Sendable (_ namespace: String, _ name: String) throws -> any KubernetesAPI
    ) {
      self.api = api
      self.logs = logs
      self.serviceAccount = serviceAccount
    }
  }

  /// The platform, for what reads destinations and records events on them.
  public var platform: any KubernetesAPI
  /// The platform, as Kratix's manager.
  public var controllers: any KubernetesAPI
  /// nil where the cluster runs Jobs by itself.
  public var node: Node?
  /// The clusters that get the files of their destinations, by the sandbox's name of each; none where others bring them.
  public var clusters: [String: any KubernetesAPI]

  public init(
    platform: any KubernetesAPI, controllers: any KubernetesAPI, node: Node? = nil,
    clusters: [String: any KubernetesAPI] = [:]
  ) {
    self.platform = platform
    self.controllers = controllers
    self.node = node
    self.clusters = clusters
  }
}

/// The parts of a platform that are clients of its API, each a value of its own.
struct PlatformParts: Sendable {
  var manager: KratixManager?
  var kubelet: Kubelet?
  var gitOps: GitOps?

  /// Runs until the task is cancelled, also when there are none.
  /// - Throws: `ReconcileError` when Kratix's configuration cannot be read.
  func run() async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      if let manager { group.addTask { try await manager.run() } }
      if let kubelet { group.addTask { await kubelet.run() } }
      if let gitOps { group.addTask { await gitOps.run() } }
      group.addTask {
        let (cancellation, continuation) = AsyncStream<Never>.makeStream()
        for await _ in cancellation {}
        withExtendedLifetime(continuation) {}
      }
      try await group.waitForAll()
    }
  }
}

/// How the parts of a platform are made.
struct ControllerSetup: Sendable {
  /// Where clones of state stores and the images' directories are kept.
  var directory: SandboxDirectory
  /// The sandbox whose folder holds the quick start's bucket; nil when the bucket is where its endpoint says.
  var buckets: SandboxDirectory?
  var engine: SandboxConfiguration.Engine
  var pace: SandboxConfiguration.PaceName
  var logger: Logger

  /// - Throws: when the engine is not to be had on this machine.
  func parts(_ access: PlatformAccess) throws -> PlatformParts {
    let pace = pace.pace
    let stores = stateStores(api: access.controllers)
    var parts = PlatformParts()
    parts.manager = KratixManager(api: access.controllers, pace: pace, logger: logger) { context in
      SchedulingControllers.all(
        api: context.api, pace: pace, events: context.events, stateStores: stores,
        rewriteInterval: Self.rewriteInterval(context.configuration))
    }
    if let node = access.node {
      parts.kubelet = Kubelet(
        api: node.api, engine: try ReloadingEngine(directory, choice: engine), logs: node.logs,
        configuration: .init(pace: pace), logger: logger, adapterAPI: node.serviceAccount)
    }
    if !access.clusters.isEmpty {
      parts.gitOps = GitOps(
        platform: access.platform, stateStores: stores, clusters: Self.destinations(access.clusters), logger: logger)
    }
    return parts
  }

  /// Which cluster each destination stands for: a worker of its name, and the platform itself for compound Promises.
  private static func destinations(_ clusters: [String: any KubernetesAPI]) -> [String: GitOps.Cluster] {
    var destinations: [String: GitOps.Cluster] = [:]
    for (context, api) in clusters {
      let isPlatform = context == ClusterServers.platformContext
      destinations[isPlatform ? Seed.platformDestination : context] = GitOps.Cluster(
        api: api, definesUnknownKinds: !isPlatform)
    }
    return destinations
  }

  /// 0 switches the periodic rewrite off (contract, section 10).
  private static func rewriteInterval(_ configuration: KratixConfiguration) -> Duration? {
    let interval = configuration.stateStoreReconciliationInterval
    return interval.nanoseconds > 0 ? interval.duration : nil
  }

  /// The state stores; in a sandbox, the quick start's bucket is a directory of its own.
  private func stateStores(api: any KubernetesAPI) -> StateStoreCatalog {
    let clones = URL(filePath: directory.stores, directoryHint: .isDirectory).appending(path: "clones")
    let factory = StateStoreFactory(directory: clones, minimumFetchInterval: .zero)
    let bucket = buckets.map { URL(filePath: $0.stores, directoryHint: .isDirectory).appending(path: "buckets") }
    return StateStoreCatalog(api: api) { (store, secret) throws(StateStoreAccessError) in
      var store = store
      if let bucket, store[path: "spec", "endpoint"] == .string(Seed.bucketEndpoint) {
        store.spec?["endpoint"] = .string(bucket.absoluteString)
      }
      return try factory.make(store, secret)
    }
  }
}
