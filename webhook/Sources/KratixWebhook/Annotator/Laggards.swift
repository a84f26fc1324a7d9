import KratixModel
import Kubernetes
import PromiseReview

/// Which resources are behind their Promise, and may be marked.
enum Laggards {
  struct Selection: Sendable, Equatable {
    /// `namespace/name` of those to mark, the oldest first.
    var behind: [Name]
    /// How many are marked, or running, now.
    var inFlight: Int
  }

  struct Name: Sendable, Hashable {
    var namespace: String
    var name: String
  }

  /// - Parameter revision: that a resource is bound to; nil when there is none.
  static func select(
    _ promise: Promise, _ evidence: FleetEvidence, revision: (ResourceRequest) -> CachedRevision?
  ) -> Selection {
    // Until Kratix has seen the update it will run them itself (contract, section 6.1).
    let isSettled =
      promise.object[path: "status", "observedGeneration"]?.intValue == promise.object.generation
      && promise.object[path: "status", "status"]?.stringValue == "Available"
      && promise.object.labels[KratixLabels.paused] != KratixLabels.yes
    let bindings = Dictionary(
      evidence.bindings.map { (Name(namespace: $0.resourceNamespace, name: $0.resourceName), $0) },
      uniquingKeysWith: { first, _ in first })
    var behind: [(name: Name, created: String)] = []
    var inFlight = 0
    for resource in evidence.resources {
      let labels = resource.object.labels
      let isMarked =
        labels[KratixLabels.manualReconciliation] != nil || labels[KratixLabels.runFromStart] != nil
      // A mark on a running workflow would cut it off in the middle (contract, section 12, 31).
      let isRunning = resource.configureWorkflow?.status != .true && resource.configureWorkflow?.status != .false
      if isMarked || isRunning {
        inFlight += 1
        continue
      }
      let name = Name(namespace: resource.namespace, name: resource.name)
      let binding = bindings[name]
      guard isSettled, RunRecord.mayBeMarked(resource.object), !resource.object.isBeingDeleted,
        resource.componentOfPromise == nil, binding?.followsLatest ?? false, binding?.upgrade?.status != .unknown,
        resource.configureWorkflow?.status == .true, let revision = revision(resource),
        RunRecord.isBehind(resource.object, revision)
      else { continue }
      behind.append((name, resource.object.creationTimestamp ?? ""))
    }
    let sorted = behind.sorted {
      ($0.created, $0.name.namespace, $0.name.name) < ($1.created, $1.name.namespace, $1.name.name)
    }
    return Selection(behind: sorted.map(\.name), inFlight: inFlight)
  }
}
