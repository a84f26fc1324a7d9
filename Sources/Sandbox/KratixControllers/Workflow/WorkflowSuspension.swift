import KratixModel
import Kubernetes

/// What a suspended workflow waits for (contract, section 5.7): a pure function of the object and the time.
public enum WorkflowSuspension: Sendable, Hashable {
  case notSuspended
  /// A manual reconciliation or a changed spec: all pipelines run again.
  case restarts
  /// The time of the retry has come: the suspended pipeline runs again.
  case retries
  /// Parked, until a person takes the label away or, when there is one, the retry's time comes.
  case waits(retryAfter: Duration?)

  public init(_ object: KubernetesObject, now: Double) {
    guard object.hasLabel(KratixLabels.workflowSuspended) else {
      self = .notSuspended
      return
    }
    let suspended = object.suspendedGeneration
    if object.hasLabel(KratixLabels.manualReconciliation) || (suspended != 0 && object.generation > suspended) {
      self = .restarts
      return
    }
    let retry = object.pipelineStatuses?.first {
      $0["phase"]?.stringValue == PipelinePhase.suspended.rawValue && $0["nextRetryAt"] != nil
    }
    guard let retryAt = retry?["nextRetryAt"]?.stringValue.flatMap(Timestamp.secondsSince1970) else {
      self = .waits(retryAfter: nil)
      return
    }
    self = retryAt < now ? .retries : .waits(retryAfter: .seconds(retryAt - now))
  }
}
