import Foundation
import Kubernetes
import Logging

/// The one place where the pipeline asks for what the folders Admission and Discovery provide.
enum AdmissionEdge {
  /// The plugins that every server has: the dispatcher of webhook configurations.
  static func plugins(
    store: ObjectStore, registry: ResourceRegistry, logger: Logger
  ) -> [any AdmissionPlugin] {
    let kinds = [ResourceType.mutatingWebhookConfigurations, .validatingWebhookConfigurations]
    return [
      WebhookDispatcher(
        configurations: {
          kinds.flatMap { store.snapshot($0.qualifiedResource).objects.map(\.object) }
        }, resources: { registry.resources }, logger: logger,
        serviceResolver: { try address(ofService: $1, namespace: $0, port: $2, path: $3, store) })
    ]
  }

  /// Why a service cannot be reached, in the server's words.
  private struct Unreachable: Error, CustomStringConvertible { var description: String }

  /// Where a service is. Nothing listens on the cluster's addresses here: only a service of the type ExternalName leads
  /// to anything.
  private static func address(
    ofService name: String, namespace: String, port: Int, path: String, _ store: ObjectStore
  ) throws -> URL? {
    let id = ObjectID(collection: ResourceType.services.qualifiedResource, namespace: namespace, name: name)
    guard let service = store.get(id)?.object else { return nil }
    guard service[path: "spec", "type"]?.stringValue == "ExternalName",
      let host = service[path: "spec", "externalName"]?.stringValue,
      let url = URL(string: "https://\(host):\(port)\(path)")
    else { throw Unreachable(description: "no endpoints available for service \"\(name)\"") }
    return url
  }

  /// What is wrong with a webhook configuration.
  static func validate(_ configuration: KubernetesObject) -> [FieldError] {
    WebhookDispatcher.validateConfiguration(configuration)
  }

  /// The answer to a review; nil for a review that is not answered here.
  static func answer(_ review: KubernetesObject, user: UserInfo, store: ObjectStore) -> KubernetesObject? {
    AccessReviews.answer(review, user: user, evaluator: evaluator(store), now: Clock.now())
  }

  /// Who may do what, by what is stored now.
  static func evaluator(_ store: ObjectStore) -> RBACEvaluator {
    let kinds = [ResourceType.roles, .clusterRoles, .roleBindings, .clusterRoleBindings]
    return RBACEvaluator(kinds.flatMap { store.snapshot($0.qualifiedResource).objects.map(\.object) })
  }
}
