import KratixModel
import Kubernetes
import WorkflowRunner

@testable import FleetUpgrade

/// A small Promise `db`, whose pipeline writes a ConfigMap with what `render` makes of the request.
enum Fixtures {
  static func promise(image: String, version: String?, schema: String = "{type: object}") throws -> Promise {
    var object = KubernetesObject(
      try YAML.parse(
        """
        apiVersion: platform.kratix.io/v1alpha1
        kind: Promise
        metadata: {name: db}
        spec:
          api:
            apiVersion: apiextensions.k8s.io/v1
            kind: CustomResourceDefinition
            metadata: {name: dbs.example.com}
            spec:
              group: example.com
              names: {kind: DB, plural: dbs, singular: db}
              scope: Namespaced
              versions:
              - {name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: {spec: \(schema)}}}}
          destinationSelectors: [{matchLabels: {environment: dev}}]
          workflows: {resource: {configure: [{metadata: {name: configure}, spec: {containers: [{name: c, image: \(image)}]}}]}}
        """))
    if let version { object.labels[KratixLabels.promiseVersion] = version }
    return Promise(object)
  }

  static func revision(of promise: Promise, isLatest: Bool) -> PromiseRevision {
    var object = KubernetesObject(
      apiVersion: "platform.kratix.io/v1alpha1", kind: "PromiseRevision",
      name: KratixNames.revision(promise: promise.name, version: promise.revisionVersion))
    object.spec = [
      "promiseRef": ["name": .string(promise.name)], "version": .string(promise.revisionVersion),
      "promiseSpec": promise.spec,
    ]
    if isLatest { object.status = ["latest": true] }
    return PromiseRevision(object)
  }

  static let requestSchema =
    "{type: object, properties: {size: {type: string, enum: [small, large]}, replicas: {type: integer}}}"

  static func request(_ name: String, spec: JSON, version: String, message: String) -> KubernetesObject {
    var object = KubernetesObject(apiVersion: "example.com/v1", kind: "DB", name: name, namespace: "default")
    object.spec = spec
    object.status = ["promiseVersion": .string(version), "message": .string(message)]
    return object
  }

  static func binding(_ name: String, version: String) -> ResourceBinding {
    var object = KubernetesObject(
      apiVersion: "platform.kratix.io/v1alpha1", kind: "ResourceBinding",
      name: KratixNames.binding(resource: name, promise: "db"), namespace: "default")
    object.spec = [
      "promiseRef": ["name": "db"], "resourceRef": ["name": .string(name), "namespace": "default"],
      "version": .string(version),
    ]
    return ResourceBinding(object)
  }

  static func work(_ name: String, files: [OutputFile]) -> Work {
    var object = KubernetesObject(
      apiVersion: "platform.kratix.io/v1alpha1", kind: "Work", name: "db-\(name)-configure-12345", namespace: "default")
    object.labels = [KratixLabels.pipelineName: "configure", KratixLabels.promiseName: "db"]
    let group = WorkloadGroup(
      directory: ".", selectors: [.init(matchLabels: ["environment": "dev"], source: "promise")],
      workloads: files.map { Workload(filepath: $0.path, bytes: $0.bytes) })
    object.spec = ["promiseName": "db", "resourceName": .string(name), "workloadGroups": [group.json]]
    return Work(object)
  }
}

/// Runs Swift closures in place of containers, by image: what a pipeline does is the test's to say.
struct ScriptedEngine: WorkflowEngine {
  typealias Script = @Sendable (KubernetesObject) throws(WorkflowFailure) -> (files: [OutputFile], status: JSON?)

  var scripts: [String: Script]

  func run(
    _ run: WorkflowRun, limits: WorkflowLimits, onEvent: @escaping @Sendable (ContainerEvent) -> Void
  ) async throws(WorkflowFailure) -> WorkflowResult {
    let image = run.pipeline.containers.first?.image ?? ""
    guard let script = scripts[image] else {
      throw WorkflowFailure(pipeline: run.pipeline.name, container: "c", reason: .imageUnavailable("no \(image)"))
    }
    let made = try script(run.object)
    return WorkflowResult(
      files: made.files, status: made.status, destinationSelectors: [], control: nil, logs: [], duration: .zero)
  }

  /// One ConfigMap that says `value`, and a status message.
  static func configMap(_ object: KubernetesObject, value: String) -> (files: [OutputFile], status: JSON?) {
    let text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: \(object.name)}\ndata: {value: \(value)}\n"
    return ([OutputFile(path: "out.yaml", bytes: Array(text.utf8))], ["message": .string("value: \(value)")])
  }
}
