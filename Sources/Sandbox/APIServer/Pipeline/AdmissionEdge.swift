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
        }, resources: { registry.resources }, logger: logger)
    ]
  }

  /// What is wrong with a webhook configuration.
  static func validate(_ configuration: KubernetesObject) -> [FieldError] {
    WebhookDispatcher.validateConfiguration(configuration)
  }

  /// The answer to a review; nil for a review that is not answered here.
  static func answer(_ review: KubernetesObject, user: UserInfo, store: ObjectStore) -> KubernetesObject? {
    AccessReviews.answer(review, user: user, evaluator: evaluator(store))
  }

  /// Who may do what, by what is stored now.
  static func evaluator(_ store: ObjectStore) -> RBACEvaluator {
    let kinds = [ResourceType.roles, .clusterRoles, .roleBindings, .clusterRoleBindings]
    return RBACEvaluator(kinds.flatMap { store.snapshot($0.qualifiedResource).objects.map(\.object) })
  }
}
