import KratixControllers
import KratixModel
import Kubernetes
import Logging

/// Brings the files of the destinations to the clusters that they stand for, as a GitOps agent on each of them would.
///
/// A cluster goes on following its files when its destination is deleted: what is left in the state store stays.
public actor GitOps {
  /// The cluster of a destination.
  public struct Cluster: Sendable {
    public var api: any KubernetesAPI
    /// Whether an unknown kind gets a definition that takes everything (a worker without its operators), or is waited
    /// for (the platform itself).
    public var definesUnknownKinds: Bool

    public init(api: any KubernetesAPI, definesUnknownKinds: Bool) {
      self.api = api
      self.definesUnknownKinds = definesUnknownKinds
    }
  }

  private let platform: any KubernetesAPI
  private let stateStores: StateStoreCatalog
  private let clusters: [String: Cluster]
  private let events: EventRecorder
  private let logger: Logger
  private var running: [String: (source: DestinationSync.Source, task: Task<Void, Never>)] = [:]

  /// - Parameter clusters: by the name of the destination.
  public init(
    platform: any KubernetesAPI, stateStores: StateStoreCatalog, clusters: [String: Cluster], logger: Logger
  ) {
    self.platform = platform
    self.stateStores = stateStores
    self.clusters = clusters
    self.logger = logger
    events = EventRecorder(api: platform, logger: logger)
  }

  /// Runs until the task is cancelled.
  public func run() async {
    var failures = 0
    while !Task.isCancelled {
      do {
        for try await event in platform.observe(.destinations) {
          failures = 0
          switch event {
          case .snapshot(let objects): for object in objects { await follow(Destination(object)) }
          case .added(let object), .modified(let object): await follow(Destination(object))
          case .deleted: break
          }
        }
      } catch {
        failures += 1
        logger.debug("cannot watch the destinations, trying again: \(error)")
      }
      guard (try? await Task.sleep(for: Backoff.reconnecting.delay(afterFailures: max(failures, 1)))) != nil else {
        break
      }
    }
    for sync in running.values { sync.task.cancel() }
    for sync in running.values { await sync.task.value }
    running = [:]
  }

  private func follow(_ destination: Destination) async {
    guard let cluster = clusters[destination.name] else { return }
    let source = DestinationSync.Source(
      destination: destination.name, store: destination.stateStore,
      path: StateStorePath.normalized(destination.path) ?? "")
    if let before = running[destination.name] {
      guard before.source != source else { return }
      before.task.cancel()
      await before.task.value
    }
    let sync = DestinationSync(
      source, to: .init(api: cluster.api, definesUnknownKinds: cluster.definesUnknownKinds),
      stateStores: stateStores, logger: logger
    ) { [weak self] problems in await self?.report(problems, on: destination.name) }
    running[destination.name] = (source, Task { await sync.run() })
  }

  /// As an event on the destination.
  private func report(_ problems: [ManifestProblem], on name: String) async {
    guard let found = try? await platform.find(.destinations, namespace: nil, name: name), !problems.isEmpty else {
      return
    }
    for problem in problems.prefix(10) {
      await events.record(.warning, "ApplyFailed", "\(problem)", on: found, by: "GitOpsSync")
    }
  }
}
