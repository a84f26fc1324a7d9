import KratixModel
import Kubernetes

/// How an API server is told of the webhook: the same objects that the chart makes, for those who install without it.
public enum WebhookRegistration {
  /// The name of both configurations.
  public static let name = "kratix-webhook"
  /// The webhook whose rules follow the Promises' APIs.
  public static let resourceWebhook = "resource.upgrade.kratix.io"

  /// Where the API server reaches the webhook.
  public enum ClientConfig: Sendable, Hashable {
    /// `https://127.0.0.1:9443`; the paths are put behind it.
    case url(base: String)
    case service(namespace: String, name: String)

    func json(path: String, caBundle: String) -> JSON {
      switch self {
      case .url(let base): ["url": .string(base + path), "caBundle": .string(caBundle)]
      case .service(let namespace, let name):
        [
          "service": [
            "namespace": .string(namespace), "name": .string(name), "path": .string(path), "port": 443,
          ], "caBundle": .string(caBundle),
        ]
      }
    }
  }

  /// The `ValidatingWebhookConfiguration` and the `MutatingWebhookConfiguration`.
  ///
  /// Only Promises wait for the webhook (`Fail`): a platform whose webhook is away still runs and still takes requests.
  /// - Parameters:
  ///   - caBundle: base64 of the PEM certificates that the server's one is checked against.
  ///   - resourceTypes: the APIs of the Promises that are installed; the webhook keeps them up to date itself.
  public static func configurations(
    clientConfig: ClientConfig, caBundle: String, resourceTypes: [ResourceType] = []
  ) -> [KubernetesObject] {
    func webhook(
      _ name: String, _ endpoint: AdmissionEndpoint, _ rules: [JSON], failurePolicy: String, timeout: Int,
      isNamespaced: Bool
    ) -> JSON {
      var webhook: JSON = [
        "name": .string(name), "admissionReviewVersions": ["v1"], "sideEffects": "None",
        "failurePolicy": .string(failurePolicy), "timeoutSeconds": JSON(timeout), "matchPolicy": "Equivalent",
        "clientConfig": clientConfig.json(path: endpoint.rawValue, caBundle: caBundle), "rules": .array(rules),
        "matchConditions": [
          [
            "name": "not-by-kratix",
            "expression": .string("request.userInfo.username != '\(KratixNames.controllerUser)'"),
          ]
        ],
      ]
      if isNamespaced {
        webhook["namespaceSelector"] = [
          "matchExpressions": [
            [
              "key": "kubernetes.io/metadata.name", "operator": "NotIn",
              "values": ["kube-system", .string(KratixNames.systemNamespace)],
            ]
          ]
        ]
      }
      return webhook
    }
    let promises = rule(.promises, ["CREATE", "UPDATE"])
    var validating = KubernetesObject(
      apiVersion: "admissionregistration.k8s.io/v1", kind: "ValidatingWebhookConfiguration", name: name)
    validating["webhooks"] = [
      webhook(
        "promise.upgrade.kratix.io", .validatePromise, [promises], failurePolicy: "Fail", timeout: 5,
        isNamespaced: false),
      webhook(
        "resourcebinding.upgrade.kratix.io", .validateBinding, [rule(.resourceBindings, ["CREATE", "UPDATE"])],
        failurePolicy: "Ignore", timeout: 3, isNamespaced: true),
      webhook(
        "promiserevision.upgrade.kratix.io", .validateRevision, [rule(.promiseRevisions, ["DELETE"])],
        failurePolicy: "Ignore", timeout: 3, isNamespaced: false),
    ]
    var mutating = KubernetesObject(
      apiVersion: "admissionregistration.k8s.io/v1", kind: "MutatingWebhookConfiguration", name: name)
    mutating["webhooks"] = [
      webhook(
        "promise.upgrade.kratix.io", .mutatePromise, [promises], failurePolicy: "Fail", timeout: 5,
        isNamespaced: false),
      webhook(
        resourceWebhook, .mutateResource, resourceRules(resourceTypes), failurePolicy: "Ignore", timeout: 3,
        isNamespaced: true),
    ]
    return [validating, mutating]
  }

  /// The rules of the resource webhook: one for each API group.
  static func resourceRules(_ types: [ResourceType]) -> [JSON] {
    Dictionary(grouping: types, by: \.group).sorted { $0.key < $1.key }.map { group, types in
      [
        "apiGroups": [.string(group)], "apiVersions": ["*"], "operations": ["CREATE", "UPDATE"],
        "resources": JSON(Set(types.map(\.plural)).sorted()), "scope": "Namespaced",
      ]
    }
  }

  private static func rule(_ type: ResourceType, _ operations: [String]) -> JSON {
    [
      "apiGroups": [.string(type.group)], "apiVersions": [.string(type.version)], "operations": JSON(operations),
      "resources": [.string(type.plural)], "scope": .string(type.isNamespaced ? "Namespaced" : "Cluster"),
    ]
  }
}

extension WebhookServer {
  /// How an API server is told of the webhook.
  public static func webhookConfigurations(
    clientConfig: WebhookRegistration.ClientConfig, caBundle: String
  ) -> [KubernetesObject] {
    WebhookRegistration.configurations(clientConfig: clientConfig, caBundle: caBundle)
  }
}
