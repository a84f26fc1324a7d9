import KratixModel
import Kubernetes

/// An object and the resource that serves it.
public struct ManagedObject: Sendable, Hashable {
  public var type: ResourceType
  public var object: KubernetesObject

  public init(_ type: ResourceType, _ object: KubernetesObject) {
    self.type = type
    self.object = object
  }
}

/// One pipeline, ready to run for one object: what it needs, and its Job.
public struct PipelineRun: Sendable, Hashable {
  public var name: String
  /// ServiceAccount, ConfigMap, roles and bindings, in the order in which Kratix creates them.
  public var objects: [ManagedObject]
  public var job: KubernetesObject
  /// Selects the RBAC objects that Kratix made of the author's permissions for this pipeline.
  public var permissionLabels: [String: String]
}

/// Makes the objects of the pipelines of one workflow, for a Promise or for one of its resources (contract, 5.4).
public struct PipelineFactory: Sendable {
  /// With the spec of the revision in use.
  public var promise: Promise
  /// nil for the Promise's own workflow.
  public var resource: KubernetesObject?
  public var action: WorkflowAction
  public var configuration: KratixConfiguration

  public init(
    promise: Promise, resource: KubernetesObject?, action: WorkflowAction, configuration: KratixConfiguration
  ) {
    self.promise = promise
    self.resource = resource
    self.action = action
    self.configuration = configuration
  }

  public var type: WorkflowType { resource == nil ? .promise : .resource }

  /// Where the Jobs run.
  public var namespace: String {
    promise.pipelineNamespace ?? resource.map { $0.namespace ?? "" } ?? KratixNames.systemNamespace
  }

  /// The `kratix.io/hash` label of the Jobs.
  public var hash: String {
    guard let resource else { return Hashes.promise(spec: promise.spec) }
    return Hashes.resourceJob(promiseSpec: promise.spec, resourceSpec: resource.spec)
  }

  /// In the order of the Promise. - Throws: `ReconcileError` when a resource workflow has no API to work on.
  public func runs() throws(ReconcileError) -> [PipelineRun] {
    let pipelines = promise.pipelines(type, action)
    if resource != nil, !pipelines.isEmpty, promise.api?.resourceType == nil {
      throw ReconcileError("promise does not contain an API")
    }
    let hash = hash
    return pipelines.enumerated().map { index, pipeline in
      let access = PipelineAccess(
        promise: promise, pipeline: pipeline, type: type, action: action, namespace: namespace,
        resourceNamespace: resource?.namespace)
      var objects = [ManagedObject(.serviceAccounts, access.serviceAccount)]
      if action == .configure { objects.append(ManagedObject(.configMaps, schedulingConfigMap)) }
      objects += access.objects
      return PipelineRun(
        name: pipeline.name, objects: objects,
        job: PipelineJob(
          factory: self, pipeline: pipeline, access: access, hash: hash, isLast: index == pipelines.count - 1
        ).object, permissionLabels: access.permissionLabels)
    }
  }

  /// The Promise's own selectors, for the work-writer (contract, section 5.4): with the key in lower case.
  var schedulingConfigMap: KubernetesObject {
    var map = KubernetesObject(
      apiVersion: "v1", kind: "ConfigMap", name: KratixNames.schedulingConfigMap(promise: promise.name),
      namespace: namespace)
    map.labels = [KratixLabels.promiseName: promise.name]
    let selectors = promise.destinationSelectors
    let entries: [JSON] =
      promise.spec["destinationSelectors"]?.arrayValue?.isEmpty ?? true
      ? [] : [["matchlabels": JSON(selectors), "source": "promise"]]
    map["data"] = ["destinationSelectors": .string(YAML.text(.array(entries)))]
    return map
  }

  var environment: (Pipeline) -> WorkflowEnvironment {
    { pipeline in
      if let resource {
        .resource(resource, promise: promise, pipeline: pipeline.name, action: action)
      } else {
        .promise(promise, pipeline: pipeline.name, action: action)
      }
    }
  }
}
