import Kubernetes

/// Why a Job's pod was not made, as the Job controller's event says it.
struct PodRefusal: Sendable, Hashable {
  var message: String

  /// - Returns: nil for an event of another kind.
  init?(_ event: KubernetesObject) {
    guard event["reason"]?.stringValue == "FailedCreate", let text = event["message"]?.stringValue else { return nil }
    message = String(text.trimmingPrefix("Error creating: "))
  }

  /// Whether the controller, which tries again, may have more luck: a quota may get room, the ServiceAccount of a new
  /// namespace comes a moment later, a webhook may answer. What is forbidden or invalid stays so.
  var isTransient: Bool {
    if message.contains("exceeded quota") || message.contains("error looking up service account") { return true }
    return !["is forbidden:", "denied the request", "is invalid:"].contains(where: message.contains)
  }
}

extension ResourceType {
  /// The `v1` events, which the Job controller's are found in by their object.
  static let coreEvents = ResourceType(group: "", version: "v1", plural: "events", kind: "Event", isNamespaced: true)
}
