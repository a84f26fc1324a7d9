import KratixModel
import Kubernetes

extension Promise {
  /// The Promise as Kratix's typed client holds it: the spec re-encoded, and the counters and the workflow record of
  /// the status always there (contract, sections 1.1 and 4.1). Every whole write of a Promise writes this form.
  var typed: Promise {
    var copy = self
    copy.object.spec = PromiseSpec.normalized(spec)
    var status = object.status?.objectValue ?? [:]
    for counter in ["workflows", "workflowsSucceeded", "workflowsFailed"] where status[counter] == nil {
      status[counter] = 0
    }
    var kratix = status["kratix"] ?? .emptyObject
    var workflows = kratix["workflows"] ?? .emptyObject
    if workflows["pipelines"]?.arrayValue?.isEmpty == true { workflows["pipelines"] = nil }
    kratix["workflows"] = workflows
    status["kratix"] = kratix
    copy.object.status = .object(status)
    return copy
  }

  var requiredBy: [String] {
    (object[path: "status", "requiredBy"]?.arrayValue ?? []).compactMap { $0[path: "promise", "name"]?.stringValue }
  }

  func string(_ path: String...) -> String { object.json.value(at: ["status"] + path[...])?.stringValue ?? "" }

  /// Sets a value under `status` and its mirror under `status.kratix`.
  mutating func setMirrored(_ key: String, _ value: String) {
    object.json.set(.string(value), at: ["status", key])
    object.json.set(.string(value), at: ["status", "kratix", key])
  }
}

/// The conditions of a Promise that its own controller writes, with their exact strings (contract, section 4.5).
enum PromiseConditions {
  static let isAvailable = "Available"
  static let isUnavailable = "Unavailable"

  static let available = condition(.true, "PromiseAvailable", "Ready to fulfil resource requests")
  static let unavailable = condition(.false, "PromiseUnavailable", "Cannot fulfil resource requests")
  static let paused = condition(.false, WorkflowConditions.pausedReason, "Paused")
  static let suspended = condition(.false, WorkflowConditions.suspendedReason, "Suspended")

  private static func condition(_ status: Condition.Status, _ reason: String, _ message: String) -> Condition {
    Condition(type: KratixConditions.available, status: status, reason: reason, message: message)
  }
}
