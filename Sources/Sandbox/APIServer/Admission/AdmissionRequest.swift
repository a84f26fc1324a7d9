import Kubernetes

/// Who sends a request, as authentication found it.
public struct UserInfo: Sendable, Hashable {
  public var name: String
  public var uid: String
  public var groups: [String]
  public var extra: [String: [String]]

  public init(name: String, uid: String = "", groups: [String] = [], extra: [String: [String]] = [:]) {
    self.name = name
    self.uid = uid
    self.groups = groups
    self.extra = extra
  }

  /// `system:masters` of the sandbox's own kubeconfig.
  public static let administrator = UserInfo(
    name: "kubernetes-admin", groups: ["system:masters", "system:authenticated"])

  /// A ServiceAccount, with the groups that a real server gives it.
  public static func serviceAccount(namespace: String, name: String) -> UserInfo {
    UserInfo(
      name: "system:serviceaccount:\(namespace):\(name)",
      groups: ["system:serviceaccounts", "system:serviceaccounts:\(namespace)", "system:authenticated"])
  }
}

/// `admission.k8s.io/v1` `AdmissionRequest`, before it is written for a particular webhook.
public struct AdmissionRequest: Sendable {
  public enum Operation: String, Sendable, Hashable {
    case create = "CREATE"
    case update = "UPDATE"
    case delete = "DELETE"
    case connect = "CONNECT"
  }

  public var resource: ServedResource
  public var subresource: String
  public var operation: Operation
  public var name: String
  /// Empty for cluster-scoped objects.
  public var namespace: String
  /// The labels of the namespace, for `namespaceSelector`; empty for cluster-scoped objects.
  public var namespaceLabels: [String: String]
  public var user: UserInfo
  /// nil for DELETE.
  public var object: KubernetesObject?
  /// nil for CREATE.
  public var oldObject: KubernetesObject?
  public var isDryRun: Bool
  /// `CreateOptions`, `UpdateOptions`, `PatchOptions` or `DeleteOptions`, as the API has it.
  public var options: JSON

  public init(
    resource: ServedResource, subresource: String = "", operation: Operation, name: String, namespace: String,
    namespaceLabels: [String: String], user: UserInfo, object: KubernetesObject?, oldObject: KubernetesObject?,
    isDryRun: Bool, options: JSON
  ) {
    self.resource = resource
    self.subresource = subresource
    self.operation = operation
    self.name = name
    self.namespace = namespace
    self.namespaceLabels = namespaceLabels
    self.user = user
    self.object = object
    self.oldObject = oldObject
    self.isDryRun = isDryRun
    self.options = options
  }
}

/// What admission made of a request that it let through.
public struct AdmissionOutcome: Sendable {
  /// As the mutating webhooks left it.
  public var object: KubernetesObject?
  /// For the client, in the order of the webhooks.
  public var warnings: [String]
  /// `WEBHOOK/KEY` to value, for the audit log.
  public var auditAnnotations: [String: String]

  public init(object: KubernetesObject?, warnings: [String] = [], auditAnnotations: [String: String] = [:]) {
    self.object = object
    self.warnings = warnings
    self.auditAnnotations = auditAnnotations
  }
}

/// One stage of admission. A refusal is thrown as `StatusError`.
///
/// The server runs its plugins in this order: `mutate` of all, schema validation, `validate` of all. The dispatcher of
/// webhook configurations is one; a controller's own rules, served by nobody over the network, can be another.
public protocol AdmissionPlugin: Sendable {
  func mutate(_ request: AdmissionRequest) async throws -> AdmissionOutcome
  func validate(_ request: AdmissionRequest) async throws -> AdmissionOutcome
}
