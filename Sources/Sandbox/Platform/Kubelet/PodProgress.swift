import Kubernetes

/// How far the containers of a pod are, and the pod status that says so.
struct PodProgress: Sendable, Hashable {
  enum State: Sendable, Hashable {
    case waiting(reason: String, message: String?)
    /// Since when, RFC 3339.
    case running(since: String)
    case terminated(exitCode: Int32, reason: String, started: String, finished: String)

    static let initializing = State.waiting(reason: "PodInitializing", message: nil)
  }

  struct Container: Sendable, Hashable {
    var name: String
    var image: String
    var state = State.initializing
    var restarts = 0
    /// The state that a restart has ended.
    var last: State?
  }

  var initContainers: [Container]
  var containers: [Container]
  var startTime: String

  static let node = "node-1"
  private static let hostIP = "172.18.0.3"
  private static let podIP = "10.244.0.2"

  /// Of a pod that starts, or starts again after its node was away.
  init(pod: KubernetesObject, now: String) {
    func containers(_ list: String, _ statuses: String) -> [Container] {
      let before = pod[path: "status", statuses]?.arrayValue ?? []
      return (pod[path: "spec", list]?.arrayValue ?? []).map { container in
        let old = before.first { $0["name"] == container["name"] }
        return Container(
          name: container["name"]?.stringValue ?? "", image: container["image"]?.stringValue ?? "",
          restarts: Int(old?["restartCount"]?.intValue ?? 0))
      }
    }
    initContainers = containers("initContainers", "initContainerStatuses")
    self.containers = containers("containers", "containerStatuses")
    startTime = pod[path: "status", "startTime"]?.stringValue ?? now
  }

  /// Restarts of all containers together: what a Job's back-off limit counts.
  var restarts: Int { (initContainers + containers).reduce(0) { $0 + $1.restarts } }

  mutating func set(_ state: State, of name: String) {
    change(name) { $0.state = state }
  }

  mutating func finish(_ name: String, exitCode: Int32, now: String) {
    change(name) { container in
      var started = now
      if case .running(let since) = container.state { started = since }
      container.state = .terminated(
        exitCode: exitCode, reason: exitCode == 0 ? "Completed" : "Error", started: started, finished: now)
    }
  }

  /// A container that failed is to be started again, and with it all that come after.
  mutating func restart(_ name: String) {
    change(name) { container in
      container.last = container.state
      container.restarts += 1
      container.state = .waiting(
        reason: "CrashLoopBackOff", message: "back-off restarting failed container=\(container.name)")
    }
  }

  private mutating func change(_ name: String, _ body: (inout Container) -> Void) {
    if let index = initContainers.firstIndex(where: { $0.name == name }) { body(&initContainers[index]) }
    if let index = containers.firstIndex(where: { $0.name == name }) { body(&containers[index]) }
  }

  // MARK: Status

  private var isInitialized: Bool { initContainers.allSatisfy { $0.exitCode == 0 } }

  /// - Parameter hasFailed: nothing is started again.
  func phase(hasFailed: Bool = false) -> String {
    if hasFailed { return "Failed" }
    if isInitialized, containers.allSatisfy({ $0.exitCode == 0 }) { return "Succeeded" }
    return containers.contains { $0.isRunning } ? "Running" : "Pending"
  }

  /// The pod's status.
  /// - Parameter old: the one before, whose conditions keep their time when they stay.
  func status(after old: JSON?, uid: String, hasFailed: Bool = false, now: String) -> JSON {
    let phase = phase(hasFailed: hasFailed)
    let isDone = phase == "Succeeded" || phase == "Failed"
    let ready = phase == "Running"
    let notReady = phase == "Succeeded" ? "PodCompleted" : isDone ? "PodFailed" : "ContainersNotReady"
    let conditions = [
      ("PodScheduled", true, nil as String?),
      ("Initialized", isInitialized, isInitialized ? nil : "ContainersNotInitialized"),
      ("Ready", ready, ready ? nil : notReady), ("ContainersReady", ready, ready ? nil : notReady),
    ].map { type, isTrue, reason -> JSON in
      let status = isTrue ? "True" : "False"
      let before = old?["conditions"]?.arrayValue?.first { $0["type"]?.stringValue == type }
      let time = before?["status"]?.stringValue == status ? before?["lastTransitionTime"] : nil
      var condition: JSON = [
        "type": .string(type), "status": .string(status), "lastProbeTime": .null,
        "lastTransitionTime": time ?? .string(now),
      ]
      if let reason { condition["reason"] = .string(reason) }
      return condition
    }
    return [
      "phase": .string(phase), "conditions": .array(conditions), "hostIP": .string(Self.hostIP),
      "podIP": .string(Self.podIP), "podIPs": [["ip": .string(Self.podIP)]], "startTime": .string(startTime),
      "initContainerStatuses": .array(initContainers.map { $0.status(uid: uid, isInit: true) }),
      "containerStatuses": .array(containers.map { $0.status(uid: uid, isInit: false) }),
      "qosClass": old?["qosClass"] ?? "BestEffort",
    ]
  }
}

extension PodProgress.Container {
  var isRunning: Bool {
    if case .running = state { true } else { false }
  }

  var exitCode: Int32? {
    if case .terminated(let code, _, _, _) = state { code } else { nil }
  }

  func status(uid: String, isInit: Bool) -> JSON {
    let id = "containerd://\(uid.prefix(8))-\(name)-\(restarts)"
    var status: JSON = [
      "name": .string(name), "image": .string(image), "restartCount": JSON(restarts), "started": .bool(isRunning),
      "ready": .bool(isInit ? exitCode == 0 : isRunning), "state": state.json(containerID: id),
      "lastState": last?.json(containerID: "containerd://\(uid.prefix(8))-\(name)-\(restarts - 1)") ?? .emptyObject,
    ]
    if case .waiting = state {
      status["imageID"] = ""
    } else {
      status["imageID"] = .string(image)
      status["containerID"] = .string(id)
    }
    return status
  }
}

extension PodProgress.State {
  func json(containerID: String) -> JSON {
    switch self {
    case .waiting(let reason, let message):
      var waiting: JSON = ["reason": .string(reason)]
      if let message { waiting["message"] = .string(message) }
      return ["waiting": waiting]
    case .running(let since): return ["running": ["startedAt": .string(since)]]
    case .terminated(let code, let reason, let started, let finished):
      return [
        "terminated": [
          "exitCode": .int(Int64(code)), "reason": .string(reason), "startedAt": .string(started),
          "finishedAt": .string(finished), "containerID": .string(containerID),
        ]
      ]
    }
  }
}
