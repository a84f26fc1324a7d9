import KratixModel
import Kubernetes

/// How the Works of an object are, by the message of their Ready condition (contract, section 4.5): failed counts more
/// than pending, pending more than misplaced.
public struct WorksSummary: Sendable, Hashable {
  public var failed: [String] = []
  public var pending: [String] = []
  public var misplaced: [String] = []
  public var ready: [String] = []

  public init(_ works: [KubernetesObject]) {
    for work in works where !work.hasLabel(KratixLabels.dryRunSummary) {
      let message = work.condition(KratixConditions.ready)?.message ?? ""
      switch message {
      case "Failing": failed.append(work.name)
      case "Misplaced": misplaced.append(work.name)
      case "", "Pending": pending.append(work.name)
      case "Ready": ready.append(work.name)
      default: break
      }
    }
  }

  /// Whose Works these are; the two differ in words.
  public enum Owner: String, Sendable, Hashable {
    case promise
    case resource
  }

  public struct Change: Sendable, Hashable {
    public var condition: Condition
    /// Recorded with the condition's reason; nil for no event.
    public var note: String?
    public var isWarning: Bool
  }

  /// The WorksSucceeded condition to write, or nil when the present one stays.
  public func change(from current: Condition?, owner: Owner) -> Change? {
    if !failed.isEmpty {
      guard current == nil || current?.status == .true else { return nil }
      let verb = owner == .promise ? "are not ready" : "failed"
      let note = owner == .promise ? "has failed" : "failed"
      return change(
        .false, "WorksFailing", some(owner, verb, failed), note: some(owner, note, failed, isEvent: true),
        isWarning: true)
    }
    if !pending.isEmpty {
      guard current?.status != .unknown else { return nil }
      return change(.unknown, "WorksPending", some(owner, "are not ready", pending), note: nil, isWarning: false)
    }
    if !misplaced.isEmpty {
      guard current?.status != .false || current?.reason != "WorksMisplaced" else { return nil }
      return change(
        .false, "WorksMisplaced", some(owner, "are misplaced", misplaced),
        note: some(owner, "are misplaced", misplaced, isEvent: true), isWarning: true)
    }
    guard current?.status != .true else { return nil }
    let message = "All works associated with this \(owner.rawValue) are ready"
    return change(.true, "WorksSucceeded", message, note: message, isWarning: false)
  }

  private func change(
    _ status: Condition.Status, _ reason: String, _ message: String, note: String?, isWarning: Bool
  ) -> Change {
    Change(
      condition: Condition(type: KratixConditions.worksSucceeded, status: status, reason: reason, message: message),
      note: note, isWarning: isWarning)
  }

  /// Names are separated by spaces in a Promise's conditions, by commas everywhere else.
  private func some(_ owner: Owner, _ what: String, _ names: [String], isEvent: Bool = false) -> String {
    let separator = owner == .promise && !isEvent ? " " : ","
    return "Some works associated with this \(owner.rawValue) \(what): [\(names.joined(separator: separator))]"
  }
}

/// The Reconciled condition, derived from the workflow's and the Works' (contract, section 5.9).
public enum ReconciledCondition {
  /// The condition to write, or nil when the present one stays.
  public static func change(of object: KubernetesObject) -> Condition? {
    let workflow = object.condition(KratixConditions.configureWorkflowCompleted)
    let works = object.condition(KratixConditions.worksSucceeded)
    let current = object.condition(KratixConditions.reconciled)
    if let workflow, workflow.isWorkflowInProgress {
      return current?.status == .unknown ? nil : WorkflowConditions.pending("WorkflowPending")
    }
    if let workflow, workflow.status == .false {
      let failing = WorkflowConditions.failing(WorkflowConditions.configureWorkflowFailedReason)
      return current?.status == .false && current?.reason == failing.reason ? nil : failing
    }
    switch works?.status {
    case .unknown: return current?.status == .unknown ? nil : WorkflowConditions.pending("WorksPending")
    case .false: return current?.status == .false ? nil : WorkflowConditions.failing("WorksFailing")
    case .true where workflow?.status == .true:
      return current?.status == .true && current?.reason == "Reconciled" ? nil : WorkflowConditions.reconciled
    default: return nil
    }
  }
}
