import Kubernetes
import Logging

/// The one place where the pipeline asks for what the folders Admission and Discovery provide.
enum AdmissionEdge {
  /// The plugins that every server has: the dispatcher of webhook configurations.
  static func plugins(
    store: ObjectStore, registry: ResourceRegistry, logger: Logger
  ) -> [any AdmissionPlugin] { [] }

  /// What is wrong with a webhook configuration.
  static func validate(_ configuration: KubernetesObject) -> [FieldError] { [] }

  /// The answer to a review; nil for a review that is not answered here.
  static func answer(_ review: KubernetesObject, user: UserInfo) -> KubernetesObject? { nil }
}
