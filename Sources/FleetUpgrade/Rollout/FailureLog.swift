import KratixModel
import Kubernetes
import Synchronization

/// The end of what failed containers have printed.
///
/// Where it is depends on the moment: in the pod's log until the Job is given up, when Kubernetes deletes the pod of a
/// Job that restarts on failure; then only with whoever was looking. A driver looks, and leaves it in the event that
/// tells of the failure.
public struct FailureLog: Sendable {
  /// Of an event of a rollout: the rollout's id.
  static let eventLabel = "upgrade.kratix.io/rollout"

  let api: any KubernetesAPI

  public init(api: any KubernetesAPI) { self.api = api }

  /// The last lines of the container that failed in the newest run of a resource; none when it cannot be told, or not
  /// be read.
  /// - Parameter record: the rollout in which it failed.
  public func lastLines(of member: RolloutMember, in record: RolloutRecord, count: Int = 5) async -> [String] {
    guard let job = member.newestJob else { return [] }
    do {
      let pods = try await api.listAll(.pods, namespace: job.namespace, labelSelector: "job-name=\(job.name)").items
      for pod in pods.sorted(by: { ($0.creationTimestamp ?? "") > ($1.creationTimestamp ?? "") }) {
        guard let failure = ContainerFailure(in: pod) else { continue }
        return Self.end(of: try await text(failure, pod), count)
      }
      return try await told(of: member, in: record).suffix(count)
    } catch {
      return []
    }
  }

  /// What the driver's last event of the resource says; of an earlier run when nobody caught the last.
  private func told(of member: RolloutMember, in record: RolloutRecord) async throws -> [String] {
    let object = member.resource.object
    let events = try await api.listAll(
      .events, namespace: object.namespace, labelSelector: "\(Self.eventLabel)=\(record.id)"
    ).items.filter { $0[path: "regarding", "uid"] == .string(object.uid) }
    let newestFirst = events.sorted { ($0["eventTime"]?.stringValue ?? "") > ($1["eventTime"]?.stringValue ?? "") }
    for (age, event) in newestFirst.enumerated() {
      let lines = (event["note"]?.stringValue ?? "").split(whereSeparator: \.isNewline).dropFirst().map(String.init)
      if !lines.isEmpty { return age == 0 ? lines : ["(of an earlier run)"] + lines }
    }
    return []
  }

  fileprivate func text(_ failure: ContainerFailure, _ pod: KubernetesObject) async throws -> String {
    try await api.podLog(namespace: pod.namespace ?? "", pod: pod.name, container: failure.container)
  }

  fileprivate static func end(of text: String, _ count: Int) -> [String] {
    text.split(whereSeparator: \.isNewline).suffix(count).map { String($0.prefix(200)) }
  }
}

/// A container of a pod that ended with an exit code other than 0: now, or before it was started again.
private struct ContainerFailure {
  var container: String
  /// Which of its runs.
  var run: String

  init?(in pod: KubernetesObject) {
    let statuses = ["initContainerStatuses", "containerStatuses"].flatMap { pod.status?[$0]?.arrayValue ?? [] }
    for status in statuses {
      let ended = [status[path: "state", "terminated"], status[path: "lastState", "terminated"]].compactMap(\.self)
      guard let failed = ended.first(where: { ($0["exitCode"]?.intValue ?? 0) != 0 }),
        let name = status["name"]?.stringValue
      else { continue }
      container = name
      run = "\(name) \(failed["finishedAt"]?.stringValue ?? "") \(status["restartCount"]?.intValue ?? 0)"
      return
    }
    return nil
  }
}

/// What failed containers of a Promise's resources print, caught while their pods are there.
final class FailureWatch: Sendable {
  private let linesByJob = Mutex<[String: [String]]>([:])

  /// The last lines of a failed container of a Job; none when none was caught.
  func lines(ofJob uid: String) -> [String] { linesByJob.withLock { $0[uid] ?? [] } }

  /// Looks until the task is cancelled. What may not be read is not caught: a rollout does without.
  func follow(promise: String, api: any KubernetesAPI) async {
    let log = FailureLog(api: api)
    var seen: [String: String] = [:]
    let selector =
      "\(KratixLabels.promiseName)=\(promise),\(KratixLabels.workflowType)=\(WorkflowType.resource.rawValue)"
    do {
      // Of a large fleet, most pods are those of runs that went well.
      let pods = api.observe(.pods, labelSelector: selector, fieldSelector: "status.phase!=Succeeded") { pod in
        var slim = pod
        slim.spec = nil
        slim.metadata["managedFields"] = nil
        return slim
      }
      for try await event in pods {
        for pod in event.present {
          guard let failure = ContainerFailure(in: pod), seen[pod.uid] != failure.run, let job = pod.job else {
            continue
          }
          seen[pod.uid] = failure.run
          // A container that has just been started again has printed nothing: what is known stays.
          guard let text = try? await log.text(failure, pod), case let lines = FailureLog.end(of: text, 5),
            !lines.isEmpty
          else { continue }
          linesByJob.withLock { $0[job] = lines }
        }
        if case .deleted(let pod) = event { seen[pod.uid] = nil }
      }
    } catch {
      return
    }
  }
}

extension ObservedEvent {
  /// The objects that it tells of and that are there.
  fileprivate var present: [KubernetesObject] {
    switch self {
    case .snapshot(let objects): objects
    case .added(let object), .modified(let object): [object]
    case .deleted: []
    }
  }
}

extension KubernetesObject {
  /// The uid of the Job that a pod belongs to.
  fileprivate var job: String? {
    ownerReferences.first { $0.kind == "Job" }?.uid
  }
}

extension RolloutMember {
  /// The pipeline that its newest run is at.
  public var pipeline: String? { newestJob?.pipeline }

  /// The newest run, to tell one from another.
  public var run: String? { newestJob?.uid }
}
