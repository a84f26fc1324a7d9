import Kubernetes

extension WorkflowEnvironment {
  /// From the variables of a Job's container, as Kratix wrote them; nil when they are not those of a workflow. A
  /// variable with an empty value may be missing.
  public init?(variables: [String: String]) {
    guard let action = variables["KRATIX_WORKFLOW_ACTION"].flatMap(WorkflowAction.init(rawValue:)),
      let type = variables["KRATIX_WORKFLOW_TYPE"].flatMap(WorkflowType.init(rawValue:)),
      let promise = variables["KRATIX_PROMISE_NAME"], let pipeline = variables["KRATIX_PIPELINE_NAME"],
      let kind = variables["KRATIX_OBJECT_KIND"], let version = variables["KRATIX_OBJECT_VERSION"],
      let name = variables["KRATIX_OBJECT_NAME"], let plural = variables["KRATIX_CRD_PLURAL"]
    else { return nil }
    self.init(
      action: action, type: type, promise: promise, pipeline: pipeline,
      objectKind: GroupVersionKind(group: variables["KRATIX_OBJECT_GROUP"] ?? "", version: version, kind: kind),
      objectName: name, objectNamespace: variables["KRATIX_OBJECT_NAMESPACE"] ?? "", plural: plural,
      isClusterScoped: variables["KRATIX_CLUSTER_SCOPED"] == "true",
      isDryRun: variables["KRATIX_DRY_RUN"] == "true")
  }

  /// The resource that serves the object that the workflow runs for.
  public var resourceType: ResourceType {
    ResourceType(
      group: objectKind.group, version: objectKind.version, plural: plural, kind: objectKind.kind,
      isNamespaced: !isClusterScoped)
  }
}
