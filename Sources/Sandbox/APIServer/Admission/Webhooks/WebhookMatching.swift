import Kubernetes

/// A webhook that is to be called for a request, and as which version of the resource it wants to see the object.
struct WebhookInvocation: Sendable {
  var webhook: Webhook
  var resource: ServedResource
}

/// Decides which webhooks a request goes to.
struct WebhookMatching: Sendable {
  /// Everything that is served: the other versions of a resource are its equivalents.
  var resources: [ServedResource]

  /// The kinds that no webhook is asked about, so that none can lock itself in (rules.go of the webhook plugins).
  static func isExempt(_ request: AdmissionRequest) -> Bool {
    request.resource.type.group == "admissionregistration.k8s.io"
  }

  /// - Returns: nil when the webhook is not asked.
  /// - Throws: `StatusError` when a match condition cannot be evaluated and failures are not ignored.
  func invocation(of webhook: Webhook, for request: AdmissionRequest) throws -> WebhookInvocation? {
    guard matchesNamespace(webhook, request), matchesObject(webhook, request),
      let resource = matchingResource(webhook, request)
    else { return nil }
    let invocation = WebhookInvocation(webhook: webhook, resource: resource)
    if !webhook.matchConditions.isEmpty {
      let variables = MatchConditionInput(AdmissionReviews.request(request, uid: "", as: resource))
      switch MatchCondition.evaluate(webhook.matchConditions, variables) {
      case .matches: break
      case .doesNotMatch: return nil
      case .failed(let errors):
        if webhook.ignoresFailures { return nil }
        let text = errors.count == 1 ? errors[0] : "[\(errors.joined(separator: ", "))]"
        throw StatusError.forbidden(request.resource.type, request.name, because: text)
      }
    }
    return invocation
  }

  private func matchesNamespace(_ webhook: Webhook, _ request: AdmissionRequest) -> Bool {
    let isNamespace = request.resource.type.qualifiedResource == "namespaces"
    if request.namespace.isEmpty, !isNamespace { return true }
    if webhook.namespaceSelector == .everything { return true }
    var labels = request.namespaceLabels
    if isNamespace, request.subresource.isEmpty, let object = request.object { labels = object.labels }
    return webhook.namespaceSelector.matches(labels)
  }

  private func matchesObject(_ webhook: Webhook, _ request: AdmissionRequest) -> Bool {
    if webhook.objectSelector == .everything { return true }
    return [request.object, request.oldObject].contains { object in
      object.map { webhook.objectSelector.matches($0.labels) } ?? false
    }
  }

  private func matchingResource(_ webhook: Webhook, _ request: AdmissionRequest) -> ServedResource? {
    let own = request.resource
    if webhook.rules.contains(where: { $0.matches(request, as: own.type) }) { return own }
    guard webhook.matchesEquivalents else { return nil }
    let equivalents = resources.filter {
      $0.type.group == own.type.group && $0.type.plural == own.type.plural && $0.type.version != own.type.version
    }
    for rule in webhook.rules {
      if let match = equivalents.first(where: { rule.matches(request, as: $0.type) }) { return match }
    }
    return nil
  }
}
