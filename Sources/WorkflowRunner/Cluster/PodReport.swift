import Kubernetes

/// What the status of a pod says about the run in it.
struct PodReport: Sendable {
  enum Ending: Sendable, Hashable {
    case succeeded
    case exited(container: String, code: Int32)
    /// It does not start, and trying again will not help.
    case held(container: String, WorkflowFailure.Reason)
    /// Ended by the cluster: `reason` is one word, such as `Evicted`.
    case ended(reason: String, message: String)
  }

  private let pod: KubernetesObject
  private let statuses: [JSON]

  init(_ pod: KubernetesObject) {
    self.pod = pod
    statuses =
      (pod[path: "status", "initContainerStatuses"]?.arrayValue ?? [])
      + (pod[path: "status", "containerStatuses"]?.arrayValue ?? [])
  }

  /// Whether any container has run.
  var hasStarted: Bool {
    statuses.contains { $0[path: "state", "running"] != nil || $0[path: "state", "terminated"] != nil }
  }

  /// Why it is not started, as the scheduler or the kubelet says it; nil when they say nothing.
  var obstacle: String? {
    let conditions = pod[path: "status", "conditions"]?.arrayValue ?? []
    if let unscheduled = conditions.first(where: { $0["type"] == "PodScheduled" && $0["status"] == "False" }) {
      return unscheduled["message"]?.stringValue
    }
    return statuses.compactMap { $0[path: "state", "waiting", "message"]?.stringValue }.first
  }

  /// Containers that have ended, with their exit codes, in order.
  var finished: [(container: String, code: Int32)] {
    statuses.compactMap { status in
      guard let code = status[path: "state", "terminated", "exitCode"]?.intValue.flatMap(Int32.init(exactly:)) else {
        return nil
      }
      return (status["name"]?.stringValue ?? "", code)
    }
  }

  /// nil while it goes on.
  var ending: Ending? {
    switch pod[path: "status", "phase"]?.stringValue {
    case "Succeeded": return .succeeded
    case "Failed":
      let reason = pod[path: "status", "reason"]?.stringValue ?? ""
      let failed = finished.first { $0.code != 0 }
      if reason.isEmpty, let failed { return .exited(container: failed.container, code: failed.code) }
      return .ended(
        reason: reason.isEmpty ? "it failed" : reason, message: pod[path: "status", "message"]?.stringValue ?? "")
    default: break
    }
    for status in statuses {
      guard let waiting = status[path: "state", "waiting"] else { continue }
      let container = status["name"]?.stringValue ?? ""
      let message = waiting["message"]?.stringValue ?? ""
      switch waiting["reason"]?.stringValue ?? "" {
      case "ImagePullBackOff", "ErrImageNeverPull", "InvalidImageName":
        let image = status["image"]?.stringValue ?? ""
        return .held(
          container: container, .imageUnavailable("image \(image) cannot be had by the cluster: \(message)"))
      case let reason
      where ["CreateContainerConfigError", "CreateContainerError", "RunContainerError"].contains(reason):
        return .held(container: container, .unsound(message.isEmpty ? reason : message))
      default: continue
      }
    }
    return nil
  }
}
