import KratixModel
import Kubernetes

/// What a resource of the fleet is doing, in one word; the first that holds, in this order.
public enum ResourceState: String, Sendable, Hashable, CaseIterable {
  case deleting
  case paused
  case suspended
  /// Its last workflow failed.
  case failing
  /// A workflow is running, or asked for.
  case running
  /// A workload has no destination, or none that still matches.
  case misplaced
  /// It runs another version than its binding asks for, and nothing moves it.
  case behind
  /// Nothing has run yet.
  case pending
  case ready

  /// - Parameter latest: the version of the latest revision; nil when there is none.
  public init(of member: FleetMember, latest: String?) {
    let resource = member.resource
    let object = resource.object
    let asked = [KratixLabels.manualReconciliation, KratixLabels.runFromStart]
      .contains { object.labels[$0] == KratixLabels.yes }
    let wanted = member.wantedVersion(latest: latest)
    if object.isBeingDeleted {
      self = .deleting
    } else if resource.isPaused || resource.reconciled?.reason == "PausedReconciliation" {
      self = .paused
    } else if resource.isSuspended {
      self = .suspended
    } else if asked || resource.configureWorkflow?.reason == "PipelinesInProgress"
      || resource.reconciled?.reason == "WorkflowPending"
    {
      self = .running
    } else if resource.configureWorkflow?.status == .false || member.binding?.upgrade?.status == .false {
      self = .failing
    } else if resource.works?.reason == "WorksMisplaced" {
      self = .misplaced
    } else if resource.works?.status == .false {
      self = .failing
    } else if resource.promiseVersion == nil {
      self = .pending
    } else if let wanted, resource.promiseVersion != wanted {
      self = .behind
    } else if resource.reconciled.map({ $0.status == .true }) ?? true {
      self = .ready
    } else {
      self = .running
    }
  }
}
