import Kubernetes

/// The two kinds of webhook configurations.
enum WebhookKinds {
  static let validating = rules
  static let mutating = rules

  private static let rules = KindRules(
    generationFields: ["webhooks"], applyDefaults: { $0 = WebhookDispatcher.defaulted($0) },
    validate: { object, _ in AdmissionEdge.validate(object) })
}
