import KratixModel
import Kubernetes

/// The conditions of workflows and of the objects that they run for, with their exact strings (contract, sections 4.5
/// and 5.9).
enum WorkflowConditions {
  static let pipelinesInProgressReason = "PipelinesInProgress"
  static let configureWorkflowFailedReason = "ConfigureWorkflowFailed"
  static let pausedReason = "PausedReconciliation"
  static let suspendedReason = "WorkflowSuspended"

  static let configureInProgress = Condition(
    type: KratixConditions.configureWorkflowCompleted, status: .false, reason: pipelinesInProgressReason,
    message: "Pipelines are still in progress")

  static func configureFailed(pipeline: String) -> Condition {
    Condition(
      type: KratixConditions.configureWorkflowCompleted, status: .false, reason: configureWorkflowFailedReason,
      message: "A Configure Pipeline has failed: \(pipeline)")
  }

  static let deleteFailed = Condition(
    type: KratixConditions.deleteWorkflowCompleted, status: .false, reason: "DeleteWorkflowFailed",
    message: "The Delete Pipeline has failed")
  static let deleteSuspended = Condition(
    type: KratixConditions.deleteWorkflowCompleted, status: .false, reason: "DeleteWorkflowSuspended",
    message: "The delete workflow is suspended")

  static let reconciled = Condition(
    type: KratixConditions.reconciled, status: .true, reason: "Reconciled", message: "Reconciled")
  static let paused = Condition(
    type: KratixConditions.reconciled, status: .unknown, reason: pausedReason, message: "Paused")
  static let suspended = Condition(
    type: KratixConditions.reconciled, status: .unknown, reason: suspendedReason, message: "Suspended")

  static func pending(_ reason: String) -> Condition {
    Condition(type: KratixConditions.reconciled, status: .unknown, reason: reason, message: "Pending")
  }

  static func failing(_ reason: String) -> Condition {
    Condition(type: KratixConditions.reconciled, status: .false, reason: reason, message: "Failing")
  }
}

extension Condition {
  var isWorkflowInProgress: Bool { status == .false && reason == WorkflowConditions.pipelinesInProgressReason }
  var isWorkflowFailed: Bool { status == .false && reason == WorkflowConditions.configureWorkflowFailedReason }

  func says(_ other: Condition) -> Bool {
    status == other.status && reason == other.reason && message == other.message
  }
}
