import KratixControllers
import Kubernetes
import Logging

/// Records what a cluster's own components do, as `v1` events (Kratix's controllers record `events.k8s.io/v1`).
struct ClusterEvents: Sendable {
  enum Component: String {
    case jobController = "job-controller"
    case scheduler = "default-scheduler"
    case kubelet
  }

  let api: any KubernetesAPI
  let logger: Logger

  private static let type = ResourceType(group: "", version: "v1", plural: "events", kind: "Event", isNamespaced: true)

  /// An event that cannot be written is lost, as events are.
  func record(
    _ component: Component, _ reason: String, _ message: String, on object: KubernetesObject, isWarning: Bool = false
  ) async {
    let now = SystemTime.secondsSince1970
    let suffix = String(UInt64(max(0, now) * 1e9) &+ UInt64.random(in: 0..<1000), radix: 16)
    var event = KubernetesObject(
      apiVersion: "v1", kind: "Event", name: "\(object.name).\(suffix)", namespace: object.namespace ?? "default")
    var involved: JSON = [
      "apiVersion": .string(object.apiVersion), "kind": .string(object.kind), "name": .string(object.name),
      "uid": .string(object.uid), "resourceVersion": .string(object.resourceVersion),
    ]
    if let namespace = object.namespace { involved["namespace"] = .string(namespace) }
    let time = JSON.string(Timestamp.text(secondsSince1970: Int64(now)))
    event["involvedObject"] = involved
    event["reason"] = .string(reason)
    event["message"] = .string(message)
    event["source"] =
      component == .kubelet
      ? ["component": .string(component.rawValue), "host": .string(PodProgress.node)]
      : ["component": .string(component.rawValue)]
    event["firstTimestamp"] = time
    event["lastTimestamp"] = time
    event["eventTime"] = .null
    event["count"] = 1
    event["type"] = isWarning ? "Warning" : "Normal"
    event["reportingComponent"] = .string(component.rawValue)
    event["reportingInstance"] = component == .kubelet ? .string(PodProgress.node) : ""
    do {
      _ = try await api.create(Self.type, event)
    } catch {
      logger.debug("event \(reason) of \(object.qualifiedName) is lost: \(error)")
    }
  }
}
