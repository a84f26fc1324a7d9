import Kubernetes

/// `v1` and `events.k8s.io/v1` Events are two views of the same objects; they are kept as `v1`.
enum EventViews {
  private static let fields = [
    ("regarding", "involvedObject"), ("note", "message"), ("deprecatedSource", "source"),
    ("deprecatedFirstTimestamp", "firstTimestamp"), ("deprecatedLastTimestamp", "lastTimestamp"),
    ("deprecatedCount", "count"), ("reportingController", "reportingComponent"),
  ]

  static func convertToCore(_ event: inout KubernetesObject) {
    for (new, core) in fields { rename(&event, new, core) }
  }

  static func convertFromCore(_ event: inout KubernetesObject) {
    for (new, core) in fields { rename(&event, core, new) }
  }

  private static func rename(_ event: inout KubernetesObject, _ from: String, _ to: String) {
    guard let value = event[from] else { return }
    event[from] = nil
    event[to] = value
  }
}
