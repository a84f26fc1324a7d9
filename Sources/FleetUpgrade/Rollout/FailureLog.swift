import KratixModel
import Kubernetes

/// The end of what a failed container has printed.
public struct FailureLog: Sendable {
  let api: any KubernetesAPI

  public init(api: any KubernetesAPI) { self.api = api }

  /// The last lines of the container that failed in the newest run of a resource; none when it cannot be told, or not
  /// be read.
  public func lastLines(of member: RolloutMember, count: Int = 5) async -> [String] {
    guard let job = member.newestJob, let namespace = job.namespace else { return [] }
    do {
      let pods = try await api.listAll(.pods, namespace: namespace, labelSelector: "job-name=\(job.name)").items
      for pod in pods.sorted(by: { ($0.creationTimestamp ?? "") > ($1.creationTimestamp ?? "") }) {
        let statuses =
          (pod.status?["initContainerStatuses"]?.arrayValue ?? [])
          + (pod.status?["containerStatuses"]?.arrayValue ?? [])
        let failed = statuses.first { status in
          let code =
            status[path: "state", "terminated", "exitCode"] ?? status[path: "lastState", "terminated", "exitCode"]
          return (code?.intValue ?? 0) != 0
        }
        guard let name = failed?["name"]?.stringValue else { continue }
        let log = try await api.podLog(namespace: namespace, pod: pod.name, container: name)
        return log.split(whereSeparator: \.isNewline).suffix(count).map(String.init)
      }
    } catch {
      return []
    }
    return []
  }
}

extension RolloutMember {
  /// The pipeline that its newest run is at.
  public var pipeline: String? { newestJob?.labels[KratixLabels.pipelineName] }

  /// The newest run, to tell one from another.
  public var run: String? { newestJob?.uid }
}
