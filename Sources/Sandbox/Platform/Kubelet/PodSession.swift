import APIServer
import KratixControllers
import Kubernetes

/// One pod while its containers run: keeps its status in the API and its logs.
actor PodSession {
  private let api: any KubernetesAPI
  private let events: ClusterEvents
  private let logs: PodLogs
  private(set) var pod: KubernetesObject
  private var progress: PodProgress

  init(pod: KubernetesObject, api: any KubernetesAPI, events: ClusterEvents, logs: PodLogs) {
    self.pod = pod
    self.api = api
    self.events = events
    self.logs = logs
    progress = PodProgress(pod: pod, now: SystemTime.timestamp)
  }

  var restarts: Int { progress.restarts }

  func start(_ container: String) async throws {
    progress.set(.running(since: SystemTime.timestamp), of: container)
    try await write()
    await events.record(.kubelet, "Started", "Container started: \(container)", on: pod)
  }

  func print(_ bytes: [UInt8], from container: String) {
    logs.append(podUID: pod.uid, container: container, bytes)
  }

  func print(_ line: String, from container: String) {
    print(Array((line.hasSuffix("\n") ? line : line + "\n").utf8), from: container)
  }

  /// The end of one is written together with the start of the next.
  func end(_ container: String, exitCode: Int32) {
    progress.finish(container, exitCode: exitCode, now: SystemTime.timestamp)
    logs.finish(podUID: pod.uid, container: container)
  }

  /// A container was ended from here, or could not be run at all. Its log says why, and an event, which outlives the pod
  /// that its Job deletes.
  func end(_ container: String, because failure: String) async {
    await print(failure, from: container)
    end(container, exitCode: 137)
    await events.record(.kubelet, "Failed", "Error: \(failure)", on: pod, isWarning: true)
  }

  /// A container cannot be started for now.
  func hold(_ container: String, reason: String, message: String, event: String = "Failed") async throws {
    progress.set(.waiting(reason: reason, message: message), of: container)
    try await write()
    await events.record(.kubelet, event, message, on: pod, isWarning: true)
  }

  /// A failed container is to be started again after a while.
  func restart(_ container: String) async throws {
    progress.restart(container)
    try await write()
    await events.record(
      .kubelet, "BackOff", "Back-off restarting failed container \(container)", on: pod, isWarning: true)
  }

  func fail() async throws { try await write(hasFailed: true) }

  /// Writes the status as it is; a pod that is gone needs none.
  func write(hasFailed: Bool = false) async throws {
    let progress = progress
    let written = try await api.changeStatus(.pods, pod) { pod in
      pod.status = progress.status(
        after: pod.status, uid: pod.uid, hasFailed: hasFailed, now: SystemTime.timestamp)
    }
    if let written { pod = written }
  }
}
