import Foundation
import Kubernetes

/// One webhook of a configuration, read once and kept as long as the configuration does not change.
struct Webhook: Sendable {
  /// Where a webhook is.
  enum Address: Sendable, Hashable {
    case url(String)
    case service(namespace: String, name: String, port: Int, path: String)
    /// Neither of them, or both.
    case none
  }

  var configuration: String
  /// Tells apart webhooks of one name in one configuration: `CONFIGURATION/NAME/N`.
  var id: String
  var name: String
  var isMutating: Bool
  var address: Address
  /// PEM; nil trusts the system's authorities.
  var caBundle: [UInt8]?
  var rules: [WebhookRule]
  /// A call that fails lets the request through.
  var ignoresFailures: Bool
  var matchesEquivalents: Bool
  var namespaceSelector: LabelSelector
  var objectSelector: LabelSelector
  var timeoutSeconds: Int
  var sideEffects: String?
  var reviewVersions: [String]
  var isReinvoked: Bool
  var matchConditions: [MatchCondition]

  /// The webhooks of a `MutatingWebhookConfiguration` or a `ValidatingWebhookConfiguration`, in order. Defaults stand in
  /// for what is missing.
  static func all(of configuration: KubernetesObject) -> [Webhook] {
    let isMutating = configuration.kind == "MutatingWebhookConfiguration"
    var seen: [String: Int] = [:]
    return (configuration["webhooks"]?.arrayValue ?? []).map { json in
      let name = json["name"]?.stringValue ?? ""
      let number = seen[name, default: 0]
      seen[name] = number + 1
      return Webhook(
        configuration: configuration.name, id: "\(configuration.name)/\(name)/\(number)", name: name,
        isMutating: isMutating, address: address(json["clientConfig"]),
        caBundle: (json[path: "clientConfig", "caBundle"]?.stringValue).flatMap { text in
          text.isEmpty ? nil : Data(base64Encoded: text, options: .ignoreUnknownCharacters).map(Array.init)
        },
        rules: (json["rules"]?.arrayValue ?? []).map(WebhookRule.init),
        ignoresFailures: json["failurePolicy"]?.stringValue == "Ignore",
        matchesEquivalents: json["matchPolicy"]?.stringValue != "Exact",
        namespaceSelector: selector(json["namespaceSelector"]), objectSelector: selector(json["objectSelector"]),
        timeoutSeconds: Int(json["timeoutSeconds"]?.intValue ?? 10), sideEffects: json["sideEffects"]?.stringValue,
        reviewVersions: json["admissionReviewVersions"]?.stringArrayValue ?? [],
        isReinvoked: json["reinvocationPolicy"]?.stringValue == "IfNeeded",
        matchConditions: (json["matchConditions"]?.arrayValue ?? []).map(MatchCondition.init))
    }
  }

  private static func address(_ json: JSON?) -> Address {
    if let service = json?["service"], !service.isNull {
      return .service(
        namespace: service["namespace"]?.stringValue ?? "", name: service["name"]?.stringValue ?? "",
        port: Int(service["port"]?.intValue ?? 443), path: service["path"]?.stringValue ?? "")
    }
    return json?["url"]?.stringValue.map(Address.url) ?? .none
  }

  /// What cannot be understood was refused when the configuration was created.
  private static func selector(_ json: JSON?) -> LabelSelector {
    (try? LabelSelector(json: json ?? .emptyObject)) ?? .everything
  }
}

/// One entry of `rules`.
struct WebhookRule: Sendable, Hashable {
  var operations: [String]
  var groups: [String]
  var versions: [String]
  var resources: [String]
  /// `Cluster`, `Namespaced` or `*`.
  var scope: String

  init(_ json: JSON) {
    operations = json["operations"]?.stringArrayValue ?? []
    groups = json["apiGroups"]?.stringArrayValue ?? []
    versions = json["apiVersions"]?.stringArrayValue ?? []
    resources = json["resources"]?.stringArrayValue ?? []
    scope = json["scope"]?.stringValue ?? "*"
  }

  /// Whether the rule is about a request for a resource, which may be another version of the one that was asked for.
  func matches(_ request: AdmissionRequest, as type: ResourceType) -> Bool {
    func names(_ list: [String], _ value: String) -> Bool { list.contains("*") || list.contains(value) }
    guard names(operations, request.operation.rawValue), names(groups, type.group), names(versions, type.version),
      matchesScope(request, type)
    else { return false }
    return resources.contains { entry in
      let parts = entry.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
      let subresource = parts.count == 2 ? String(parts[1]) : ""
      return (parts[0] == "*" || parts[0] == type.plural) && (subresource == "*" || subresource == request.subresource)
    }
  }

  /// A namespace itself is cluster-scoped, though its requests carry its name as their namespace.
  private func matchesScope(_ request: AdmissionRequest, _ type: ResourceType) -> Bool {
    let isNamespaced = !request.namespace.isEmpty && type.qualifiedResource != "namespaces"
    return switch scope {
    case "Namespaced": isNamespaced
    case "Cluster": !isNamespaced
    case "*": true
    default: false
    }
  }
}
