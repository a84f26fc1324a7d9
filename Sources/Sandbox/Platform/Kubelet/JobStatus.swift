import Kubernetes

/// The steps of a Job's status, as the Job controller of Kubernetes 1.36 takes them.
enum JobStatus {
  static let trackingFinalizer = "batch.kubernetes.io/job-tracking"

  /// Why a Job fails.
  enum Failure: String, Sendable, Hashable {
    case backoffLimitExceeded = "BackoffLimitExceeded"
    case deadlineExceeded = "DeadlineExceeded"

    var message: String {
      switch self {
      case .backoffLimitExceeded: "Job has reached the specified backoff limit"
      case .deadlineExceeded: "Job was active longer than specified deadline"
      }
    }
  }

  /// Complete or Failed.
  static func isFinished(_ job: KubernetesObject) -> Bool {
    job.hasCondition("Complete") || job.hasCondition("Failed")
  }

  static func isSuspended(_ job: KubernetesObject) -> Bool { job[path: "spec", "suspend"]?.boolValue ?? false }

  static func backoffLimit(_ job: KubernetesObject) -> Int { Int(job[path: "spec", "backoffLimit"]?.intValue ?? 6) }

  static func failedPods(_ job: KubernetesObject) -> Int { Int(job[path: "status", "failed"]?.intValue ?? 0) }

  static func hasDeadline(_ job: KubernetesObject) -> Bool { job[path: "spec", "activeDeadlineSeconds"] != nil }

  /// When a Job that has started fails if it is not finished, in seconds since 1970; nil when it has no such time
  /// (`activeDeadlineSeconds`).
  static func deadline(_ job: KubernetesObject) -> Double? {
    guard let seconds = job[path: "spec", "activeDeadlineSeconds"]?.intValue,
      let start = job[path: "status", "startTime"]?.stringValue.flatMap(Timestamp.secondsSince1970)
    else { return nil }
    return start + Double(seconds)
  }

  /// When a finished Job is to be removed, in seconds since 1970; nil when it stays (`ttlSecondsAfterFinished`).
  static func expiry(_ job: KubernetesObject) -> Double? {
    guard let seconds = job[path: "spec", "ttlSecondsAfterFinished"]?.intValue else { return nil }
    let ends = (job[path: "status", "conditions"]?.arrayValue ?? []).filter {
      ["Complete", "Failed"].contains($0["type"]?.stringValue ?? "") && $0["status"] == "True"
    }
    return ends.compactMap { $0["lastTransitionTime"]?.stringValue.flatMap(Timestamp.secondsSince1970) }.min()
      .map { $0 + Double(seconds) }
  }

  /// Its pod is there.
  static func start(_ job: inout KubernetesObject, now: String) {
    var status = job.status ?? .emptyObject
    if status["startTime"] == nil { status["startTime"] = .string(now) }
    status["active"] = 1
    status["ready"] = 0
    status["terminating"] = 0
    status["uncountedTerminatedPods"] = .emptyObject
    job.status = status
    if job.hasCondition("Suspended") {
      set("Suspended", .false, reason: "JobResumed", message: "Job resumed", on: &job, now: now)
    }
  }

  /// Its pod has succeeded but is not counted yet.
  static func meetCriteria(_ job: inout KubernetesObject, podUID: String, now: String) {
    job[path: "status", "active"] = nil
    job[path: "status", "ready"] = 0
    job[path: "status", "uncountedTerminatedPods"] = ["succeeded": [.string(podUID)]]
    set(
      "SuccessCriteriaMet", .true, reason: "CompletionsReached", message: "Reached expected number of succeeded pods",
      on: &job, now: now)
  }

  static func complete(_ job: inout KubernetesObject, now: String) {
    job[path: "status", "uncountedTerminatedPods"] = .emptyObject
    job[path: "status", "succeeded"] = 1
    job[path: "status", "completionTime"] = .string(now)
    set(
      "Complete", .true, reason: "CompletionsReached", message: "Reached expected number of succeeded pods", on: &job,
      now: now)
  }

  /// A pod has failed, and another one is to come.
  static func countFailure(_ job: inout KubernetesObject) {
    job[path: "status", "failed"] = JSON(failedPods(job) + 1)
    job[path: "status", "active"] = nil
  }

  /// It will fail: its pods are ended first.
  static func giveUp(_ job: inout KubernetesObject, because failure: Failure, now: String) {
    job[path: "status", "active"] = nil
    job[path: "status", "ready"] = 0
    set("FailureTarget", .true, reason: failure.rawValue, message: failure.message, on: &job, now: now)
  }

  /// - Parameter pods: that failed, those counted before included.
  static func fail(_ job: inout KubernetesObject, because failure: Failure, pods: Int, now: String) {
    job[path: "status", "failed"] = JSON(pods)
    job[path: "status", "uncountedTerminatedPods"] = .emptyObject
    set("Failed", .true, reason: failure.rawValue, message: failure.message, on: &job, now: now)
  }

  static func suspend(_ job: inout KubernetesObject, now: String) {
    job[path: "status", "active"] = nil
    job[path: "status", "startTime"] = nil
    job[path: "status", "ready"] = 0
    job[path: "status", "terminating"] = 0
    job[path: "status", "uncountedTerminatedPods"] = .emptyObject
    set("Suspended", .true, reason: "JobSuspended", message: "Job suspended", on: &job, now: now)
  }

  private static func set(
    _ type: String, _ status: Condition.Status, reason: String, message: String, on job: inout KubernetesObject,
    now: String
  ) {
    job.setCondition(Condition(type: type, status: status, reason: reason, message: message), now: now)
    guard var entries = job[path: "status", "conditions"]?.arrayValue,
      let index = entries.firstIndex(where: { $0["type"]?.stringValue == type })
    else { return }
    entries[index]["lastProbeTime"] = .string(now)
    job[path: "status", "conditions"] = .array(entries)
  }
}
