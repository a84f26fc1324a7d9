import KratixModel
import Kubernetes
import Logging

/// What the annotator is told when it starts.
public struct AnnotatorConfiguration: Sendable, Hashable {
  /// Where the Lease is.
  public var namespace: String
  /// Who this replica is: its pod's name.
  public var identity: String
  /// Marks a second.
  public var qps: Double
  /// Resources of one Promise that run at once.
  public var maxInFlight: Int

  public init(namespace: String, identity: String, qps: Double = 2, maxInFlight: Int = 5) {
    self.namespace = namespace
    self.identity = identity
    self.qps = qps
    self.maxInFlight = maxInFlight
  }
}

/// Marks the resources that stayed behind an update of their Promise, the oldest first, a few at a time. It follows what
/// is stored, so that a dry run never starts it, and any replica can go on where another stopped.
struct FleetAnnotator: Sendable {
  let api: any KubernetesAPI
  let fleet: FleetCache
  let configuration: AnnotatorConfiguration
  let metrics: WebhookMetrics
  let logger: Logger

  func run() async throws {
    let lease = LeaderLease(
      api: api, namespace: configuration.namespace, name: "kratix-webhook-annotator",
      identity: configuration.identity, logger: logger)
    await lease.run { await self.lead() }
  }

  /// Marks until cancelled: at the start, and whenever the fleet changes.
  func lead() async {
    await fleet.waitUntilSynced()
    for await _ in fleet.changes() {
      if Task.isCancelled { return }
      for promise in fleet.promises() where promise.api != nil {
        await mark(promise)
      }
    }
  }

  private func mark(_ promise: Promise) async {
    // A rollout decides itself which resources run, and when.
    guard let type = promise.api?.resourceType, let evidence = fleet.evidence(forPromise: promise.name),
      evidence.rollout?.isOver ?? true
    else { return }
    let selection = Laggards.select(promise, evidence) { resource in
      fleet.revision(forResource: resource.object, namespace: resource.namespace, ofPromise: promise.name)
    }
    let room = max(0, configuration.maxInFlight - selection.inFlight)
    for name in selection.behind.prefix(room) {
      do {
        let patch: JSON = ["metadata": ["labels": [KratixLabels.manualReconciliation: .string(KratixLabels.yes)]]]
        _ = try await api.patch(type, namespace: name.namespace, name: name.name, .merge(patch))
        metrics.recordMarked()
        logger.info(
          "marked a resource that was behind",
          metadata: ["promise": "\(promise.name)", "resource": "\(name.namespace)/\(name.name)"])
        try await Task.sleep(for: .milliseconds(Int64(1000 / max(configuration.qps, 0.01))))
      } catch is CancellationError {
        return
      } catch {
        logger.warning(
          "cannot mark a resource", metadata: ["resource": "\(name.namespace)/\(name.name)", "error": "\(error)"])
      }
    }
  }
}
