import Kubernetes

extension TableLayout {
  static let pods = TableLayout(
    columns: [
      .name,
      .text("Ready", "How many of the pod's containers are ready, of how many."),
      .text("Status", "The state of the pod as a whole."),
      .text("Restarts", "How often the pod's containers were started again, and when the last time."),
      .age,
      .wide("IP", "The address of the pod."),
      .wide("Node", "The node that the pod runs on."),
      .wide("Nominated Node", "The node that is being made free for the pod."),
      .wide("Readiness Gates", "How many of the pod's readiness gates have passed, of how many."),
    ]
  ) { object, now in
    let summary = PodSummary(object)
    var restarts = String(summary.restarts)
    if summary.restarts > 0, let last = summary.lastRestart {
      restarts += " (\(HumanDuration.text(seconds: now - last)) ago)"
    }
    func orNone(_ value: JSON?) -> JSON { value?.stringValue.map { $0.isEmpty ? "<none>" : .string($0) } ?? "<none>" }
    return [
      .string(object.name), .string("\(summary.readyContainers)/\(summary.totalContainers)"),
      .string(summary.reason), .string(restarts), TableCell.age(object, now),
      orNone(object[path: "status", "podIPs"]?[0]?["ip"] ?? object[path: "status", "podIP"]),
      orNone(object[path: "spec", "nodeName"]), orNone(object[path: "status", "nominatedNodeName"]),
      readinessGates(object),
    ]
  }

  private static func readinessGates(_ pod: KubernetesObject) -> JSON {
    let gates = (pod[path: "spec", "readinessGates"]?.arrayValue ?? []).compactMap { $0["conditionType"]?.stringValue }
    if gates.isEmpty { return "<none>" }
    let passed = gates.count { pod.hasCondition($0) }
    return .string("\(passed)/\(gates.count)")
  }
}

/// What a pod's row says of it, put together of its phase and its containers' states the way kube-apiserver does it.
struct PodSummary {
  private(set) var reason: String
  private(set) var readyContainers = 0
  private(set) var totalContainers: Int
  private(set) var restarts: Int64 = 0
  /// Seconds since 1970.
  private(set) var lastRestart: Double?

  init(_ pod: KubernetesObject) {
    let status = pod.status ?? .emptyObject
    let phase = status["phase"]?.stringValue ?? ""
    reason = phase
    if let stated = status["reason"]?.stringValue, !stated.isEmpty { reason = stated }
    if pod.condition("PodScheduled")?.reason == "SchedulingGated" { reason = "SchedulingGated" }

    let initContainers = pod[path: "spec", "initContainers"]?.arrayValue ?? []
    let sidecars = Set(
      initContainers.filter { $0["restartPolicy"]?.stringValue == "Always" }.compactMap { $0["name"]?.stringValue })
    totalContainers = (pod[path: "spec", "containers"]?.arrayValue?.count ?? 0) + sidecars.count

    let isInitializing = readInitContainers(
      (status["initContainerStatuses"]?.arrayValue ?? []).map(ContainerState.init), of: initContainers.count,
      sidecars: sidecars)
    if !isInitializing || pod.hasCondition("Initialized") {
      readContainers(
        (status["containerStatuses"]?.arrayValue ?? []).map(ContainerState.init), isPodReady: pod.hasCondition("Ready"))
    }
    if pod.isBeingDeleted {
      if status["reason"]?.stringValue == "NodeLost" {
        reason = "Unknown"
      } else if phase != "Succeeded", phase != "Failed" {
        reason = "Terminating"
      }
    }
  }

  /// - Returns: whether the pod is still initializing, or failed to.
  private mutating func readInitContainers(_ states: [ContainerState], of count: Int, sidecars: Set<String>) -> Bool {
    var sidecarRestarts: Int64 = 0
    var lastSidecarRestart: Double?
    for (index, state) in states.enumerated() {
      restarts += state.restarts
      lastRestart = later(lastRestart, state.lastTermination)
      let isSidecar = sidecars.contains(state.name)
      if isSidecar {
        sidecarRestarts += state.restarts
        lastSidecarRestart = later(lastSidecarRestart, state.lastTermination)
      }
      if let terminated = state.terminated, terminated["exitCode"]?.intValue ?? 0 == 0 { continue }
      if isSidecar, state.isStarted {
        if state.isReady { readyContainers += 1 }
        continue
      }
      if let terminated = state.terminated {
        reason = "Init:" + Self.reason(ofTermination: terminated)
      } else if let waiting = state.waitingReason, waiting != "PodInitializing" {
        reason = "Init:" + waiting
      } else {
        reason = "Init:\(index)/\(count)"
      }
      return true
    }
    restarts = sidecarRestarts
    lastRestart = lastSidecarRestart
    return false
  }

  private mutating func readContainers(_ states: [ContainerState], isPodReady: Bool) {
    var hasRunning = false
    for state in states.reversed() {
      restarts += state.restarts
      lastRestart = later(lastRestart, state.lastTermination)
      if let waiting = state.waitingReason {
        reason = waiting
      } else if let terminated = state.terminated {
        reason = Self.reason(ofTermination: terminated)
      } else if state.isReady, state.isRunning {
        hasRunning = true
        readyContainers += 1
      }
    }
    if reason == "Completed", hasRunning { reason = isPodReady ? "Running" : "NotReady" }
  }

  private static func reason(ofTermination terminated: JSON) -> String {
    if let reason = terminated["reason"]?.stringValue, !reason.isEmpty { return reason }
    if let signal = terminated["signal"]?.intValue, signal != 0 { return "Signal:\(signal)" }
    return "ExitCode:\(terminated["exitCode"]?.intValue ?? 0)"
  }

  private func later(_ left: Double?, _ right: Double?) -> Double? {
    guard let left, let right else { return left ?? right }
    return max(left, right)
  }
}

/// One entry of `containerStatuses`.
private struct ContainerState {
  var name: String
  var restarts: Int64
  var lastTermination: Double?
  var terminated: JSON?
  /// Not empty.
  var waitingReason: String?
  var isRunning: Bool
  var isReady: Bool
  var isStarted: Bool

  init(_ json: JSON) {
    name = json["name"]?.stringValue ?? ""
    restarts = json["restartCount"]?.intValue ?? 0
    lastTermination = json[path: "lastState", "terminated", "finishedAt"]?.stringValue
      .flatMap(Timestamp.secondsSince1970)
    terminated = json[path: "state", "terminated"]
    waitingReason = json[path: "state", "waiting", "reason"]?.stringValue.flatMap { $0.isEmpty ? nil : $0 }
    isRunning = json[path: "state", "running"] != nil
    isReady = json["ready"]?.boolValue ?? false
    isStarted = json["started"]?.boolValue ?? false
  }
}
