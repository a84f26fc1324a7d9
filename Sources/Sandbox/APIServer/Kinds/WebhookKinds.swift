import Kubernetes

/// The two kinds of webhook configurations: the defaults a real server writes into each webhook.
enum WebhookKinds {
  static let validating = rules(isMutating: false)
  static let mutating = rules(isMutating: true)

  private static func rules(isMutating: Bool) -> KindRules {
    KindRules(
      generationFields: ["webhooks"],
      applyDefaults: { object in
        guard let webhooks = object["webhooks"]?.arrayValue else { return }
        object["webhooks"] = .array(webhooks.map { defaulted($0, isMutating: isMutating) })
      },
      validate: { object, _ in AdmissionEdge.validate(object) })
  }

  private static func defaulted(_ webhook: JSON, isMutating: Bool) -> JSON {
    guard webhook.objectValue != nil else { return webhook }
    var webhook = webhook
    for (field, value) in [
      ("failurePolicy", "Fail"), ("matchPolicy", "Equivalent"), ("namespaceSelector", .emptyObject),
      ("objectSelector", .emptyObject), ("timeoutSeconds", 10),
    ] as [(String, JSON)] where webhook[field] == nil {
      webhook[field] = value
    }
    if isMutating, webhook["reinvocationPolicy"] == nil { webhook["reinvocationPolicy"] = "Never" }
    if webhook["clientConfig"]?["service"]?.objectValue != nil, webhook["clientConfig"]?["service"]?["port"] == nil {
      webhook[path: "clientConfig", "service", "port"] = 443
    }
    if let rules = webhook["rules"]?.arrayValue {
      webhook["rules"] = .array(
        rules.map { rule in
          var rule = rule
          if rule["scope"] == nil { rule["scope"] = "*" }
          return rule
        })
    }
    return webhook
  }
}
