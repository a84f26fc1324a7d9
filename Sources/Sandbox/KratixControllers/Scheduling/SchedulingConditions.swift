import Kubernetes
import KratixModel

/// The conditions of Works and WorkPlacements, word by word (contract, section 7.5).
public enum SchedulingConditions {
  /// ScheduleSucceeded and Ready of one state.
  public struct Pair: Sendable, Hashable {
    public var schedule: Condition
    public var ready: Condition

    init(_ status: Condition.Status, reason: String, message: String, readyReason: String? = nil, ready: String) {
      schedule = Condition(
        type: KratixConditions.scheduleSucceeded, status: status, reason: reason, message: message)
      self.ready = Condition(
        type: KratixConditions.ready, status: status, reason: readyReason ?? reason, message: ready)
    }
  }

  /// What a Work says of its plan.
  /// - Parameter failing: names of the WorkPlacements whose files could not be written.
  public static func work(plan: SchedulingPlan, isResource: Bool, failing: [String]) -> Pair {
    if isResource, !plan.unscheduled.isEmpty { return unscheduled(plan.unscheduled) }
    if !failing.isEmpty {
      return Pair(.false, reason: failingReason, message: failingMessage(failing), ready: "Failing")
    }
    if !plan.unscheduled.isEmpty { return unscheduled(plan.unscheduled) }
    if !plan.misplaced.isEmpty {
      return Pair(
        .false, reason: mismatch, message: misplacedMessage(plan.misplaced), readyReason: "Misplaced",
        ready: "Misplaced")
    }
    return Pair(.true, reason: allScheduled, message: allScheduledMessage, ready: "Ready")
  }

  /// What a Work says when a group's WorkPlacements could not be written to the API.
  public static func failedToSchedule(group id: String) -> Pair {
    Pair(
      .false, reason: "FailedToScheduleWorkloads",
      message: "Failed to schedule or update for workloadGroups: [\(id)]", ready: "Pending")
  }

  static let mismatch = "DestinationSelectorMismatch"
  static let failingReason = "WorkplacementsFailing"
  static let allScheduled = "AllWorkplacementsScheduled"
  static let allScheduledMessage = "All workplacements scheduled successfully"

  static func failingMessage(_ names: [String]) -> String {
    "Workplacements failed to write: [\(names.joined(separator: ","))]"
  }

  static func misplacedMessage(_ ids: [String]) -> String {
    "Target destination no longer matches destinationSelectors for workloadGroups: [\(ids.joined(separator: ","))]"
  }

  private static func unscheduled(_ ids: [String]) -> Pair {
    Pair(
      .false, reason: "UnscheduledWorkloads",
      message: "No matching destination found for workloadGroups: [\(ids.joined(separator: ","))]", ready: "Pending")
  }

  /// Sets the two on a Work. Ready is written only together with a change of ScheduleSucceeded.
  static func set(_ pair: Pair, on work: inout KubernetesObject, now: String) {
    let new = pair.schedule
    if let old = work.condition(new.type), old.status == new.status, old.reason == new.reason,
      old.message == new.message
    {
      return
    }
    work.setCondition(new, now: now)
    work.setCondition(pair.ready, now: now)
  }

  /// Sets what scheduling says on a WorkPlacement. One that matches again keeps the Ready that it has until its files
  /// are written the next time.
  static func setScheduled(misplaced: Bool, on placement: inout KubernetesObject, now: String) {
    let type = KratixConditions.scheduleSucceeded
    if misplaced {
      placement.setCondition(
        Condition(
          type: type, status: .false, reason: mismatch,
          message: "Target destination no longer matches destinationSelectors"), now: now)
      placement.setCondition(
        Condition(type: KratixConditions.ready, status: .false, reason: "Misplaced", message: "Misplaced"), now: now)
    } else {
      placement.setCondition(
        Condition(
          type: type, status: .true, reason: "ScheduledToDestination", message: "Scheduled to correct Destination"),
        now: now)
      if placement.condition(KratixConditions.ready) == nil {
        placement.setCondition(
          Condition(
            type: KratixConditions.ready, status: .false, reason: "ScheduledToDestination", message: "Pending"),
          now: now)
      }
    }
  }

  /// Sets that a WorkPlacement's files are in the state store. A misplaced one does not become ready by it.
  static func setWritten(versionID: String?, on placement: inout KubernetesObject, now: String) {
    if let versionID { placement[path: "status", "versionID"] = .string(versionID) }
    placement.setCondition(
      Condition(
        type: KratixConditions.writeSucceeded, status: .true, reason: "WorkloadsWrittenToStateStore",
        message: "Workloads written to State Store"), now: now)
    if placement.hasCondition(KratixConditions.scheduleSucceeded, .false) { return }
    placement.setCondition(
      Condition(
        type: KratixConditions.ready, status: .true, reason: "WorkloadsWrittenToTargetDestination", message: "Ready"),
      now: now)
  }

  static func setFailedWrite(_ error: String, on placement: inout KubernetesObject, now: String) {
    let reason = "WorkloadsFailedWrite"
    placement.setCondition(
      Condition(type: KratixConditions.writeSucceeded, status: .false, reason: reason, message: error), now: now)
    placement.setCondition(
      Condition(type: KratixConditions.ready, status: .false, reason: reason, message: "Failing"), now: now)
  }
}
