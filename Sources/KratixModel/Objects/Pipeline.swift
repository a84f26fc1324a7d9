import Kubernetes

/// One pipeline of a workflow: containers that run in order (contract, section 1.12).
public struct Pipeline: Sendable, Hashable {
  public var json: JSON

  public init(_ json: JSON) { self.json = json }

  public var name: String { json[path: "metadata", "name"]?.stringValue ?? "" }
  public var labels: [String: String] { json[path: "metadata", "labels"]?.stringMapValue ?? [:] }
  public var annotations: [String: String] { json[path: "metadata", "annotations"]?.stringMapValue ?? [:] }
  public var containers: [Container] { (json[path: "spec", "containers"]?.arrayValue ?? []).map(Container.init) }
  public var volumes: [JSON] { json[path: "spec", "volumes"]?.arrayValue ?? [] }
  public var imagePullSecrets: [JSON] { json[path: "spec", "imagePullSecrets"]?.arrayValue ?? [] }
  public var nodeSelector: [String: String] { json[path: "spec", "nodeSelector"]?.stringMapValue ?? [:] }
  public var tolerations: [JSON] { json[path: "spec", "tolerations"]?.arrayValue ?? [] }
  public var restartPolicy: String { json[path: "spec", "restartPolicy"]?.stringValue ?? "OnFailure" }
  public var backoffLimit: Int64? { json[path: "spec", "jobOptions", "backoffLimit"]?.intValue }
  /// A ServiceAccount of the author's own, in place of the one that Kratix makes.
  public var serviceAccount: String? {
    json[path: "spec", "rbac", "serviceAccount"]?.stringValue.flatMap { $0.isEmpty ? nil : $0 }
  }
  public var permissions: [JSON] { json[path: "spec", "rbac", "permissions"]?.arrayValue ?? [] }

  public struct Container: Sendable, Hashable {
    public var json: JSON

    public init(_ json: JSON) { self.json = json }

    public var name: String { json["name"]?.stringValue ?? "" }
    public var image: String { json["image"]?.stringValue ?? "" }
    /// Replaces the image's entry point when not empty.
    public var command: [String] { json["command"]?.stringArrayValue ?? [] }
    /// Replaces the image's arguments when not empty.
    public var args: [String] { json["args"]?.stringArrayValue ?? [] }
    /// `{name, value}` or `{name, valueFrom}`.
    public var env: [JSON] { json["env"]?.arrayValue ?? [] }
    public var envFrom: [JSON] { json["envFrom"]?.arrayValue ?? [] }
    public var volumeMounts: [JSON] { json["volumeMounts"]?.arrayValue ?? [] }
  }
}

/// The environment that Kratix gives to every container of a workflow, in its order (contract, section 5.4).
public struct WorkflowEnvironment: Sendable, Hashable {
  public var action: WorkflowAction
  public var type: WorkflowType
  public var promise: String
  public var pipeline: String
  public var objectKind: GroupVersionKind
  public var objectName: String
  /// Empty for promise workflows.
  public var objectNamespace: String
  public var plural: String
  public var isClusterScoped: Bool
  public var isDryRun: Bool

  /// For a pipeline of a resource workflow that runs for `resource`.
  public static func resource(
    _ resource: KubernetesObject, promise: Promise, pipeline: String, action: WorkflowAction, isDryRun: Bool = false
  ) -> WorkflowEnvironment {
    WorkflowEnvironment(
      action: action, type: .resource, promise: promise.name, pipeline: pipeline,
      objectKind: resource.groupVersionKind, objectName: resource.name, objectNamespace: resource.namespace ?? "",
      plural: promise.api?.plural ?? "", isClusterScoped: !(promise.api?.isNamespaced ?? true), isDryRun: isDryRun)
  }

  /// For a pipeline of the Promise's own workflow.
  public static func promise(
    _ promise: Promise, pipeline: String, action: WorkflowAction
  ) -> WorkflowEnvironment {
    WorkflowEnvironment(
      action: action, type: .promise, promise: promise.name, pipeline: pipeline,
      objectKind: ResourceType.promises.groupVersionKind, objectName: promise.name, objectNamespace: "",
      plural: ResourceType.promises.plural, isClusterScoped: true, isDryRun: false)
  }

  public var variables: [(name: String, value: String)] {
    var variables = [
      ("KRATIX_WORKFLOW_ACTION", action.rawValue), ("KRATIX_WORKFLOW_TYPE", type.rawValue),
      ("KRATIX_PROMISE_NAME", promise), ("KRATIX_PIPELINE_NAME", pipeline), ("KRATIX_OBJECT_KIND", objectKind.kind),
      ("KRATIX_OBJECT_GROUP", objectKind.group), ("KRATIX_OBJECT_VERSION", objectKind.version),
      ("KRATIX_OBJECT_NAME", objectName), ("KRATIX_OBJECT_NAMESPACE", objectNamespace), ("KRATIX_CRD_PLURAL", plural),
      ("KRATIX_CLUSTER_SCOPED", isClusterScoped ? "true" : "false"),
    ]
    if isDryRun { variables.append(("KRATIX_DRY_RUN", "true")) }
    return variables.map { (name: $0.0, value: $0.1) }
  }
}
