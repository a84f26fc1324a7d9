import KratixModel
import Kubernetes

/// The Job of one pipeline (contract, section 5.4).
struct PipelineJob: Sendable {
  var factory: PipelineFactory
  var pipeline: Pipeline
  var access: PipelineAccess
  var hash: String
  /// Whether this is the last pipeline of its workflow: only that one's status-writer declares it completed.
  var isLast: Bool

  private var promise: Promise { factory.promise }
  private var resource: KubernetesObject? { factory.resource }
  private var configuration: KratixConfiguration { factory.configuration }
  /// Only Jobs that run elsewhere than their resource name its namespace.
  private var resourceNamespace: String? { promise.pipelineNamespace == nil ? nil : resource?.namespace }

  var object: KubernetesObject {
    let stem = KratixNames.jobStem(
      promise: promise.name, resource: resource?.name, resourceNamespace: resourceNamespace, pipeline: pipeline.name)
    var job = KubernetesObject(
      apiVersion: "batch/v1", kind: "Job", name: KratixNames.random(stem), namespace: factory.namespace)
    job.labels = labels
    let owner = resource ?? promise.object
    // Empty values count: all four are there, for a Promise too.
    job.annotations = [
      KratixAnnotations.jobResourceNamespace: resource?.namespace ?? "",
      KratixAnnotations.jobResourceName: owner.name, KratixAnnotations.jobResourceKind: owner.kind,
      KratixAnnotations.jobResourceAPIVersion: owner.apiVersion,
    ]
    if resource == nil {
      job.ownerReferences = [OwnerReference(to: owner, controller: true)]
    } else if owner.namespace == factory.namespace {
      job.ownerReferences = [OwnerReference(to: owner, controller: false)]
    }
    var template: JSON = ["metadata": ["labels": JSON(labels)], "spec": podSpec]
    if !pipeline.annotations.isEmpty { template.set(JSON(pipeline.annotations), at: ["metadata", "annotations"]) }
    var spec: JSON = ["template": template]
    if let limit = pipeline.backoffLimit ?? configuration.backoffLimit { spec["backoffLimit"] = .int(limit) }
    job.spec = spec
    return job
  }

  private var labels: [String: String] {
    var labels = [
      KratixLabels.promiseName: promise.name, KratixLabels.workflowType: factory.type.rawValue,
      KratixLabels.workflowAction: factory.action.rawValue, KratixLabels.pipelineName: pipeline.name,
      KratixLabels.managedBy: KratixLabels.managedByKratix, KratixLabels.hash: hash,
    ]
    if let resource { labels[KratixLabels.resourceName] = resource.name }
    if let resourceNamespace { labels[KratixLabels.resourceNamespace] = resourceNamespace }
    return labels.merging(pipeline.labels) { _, author in author }
  }

  private var podSpec: JSON {
    var volumes: [JSON] = ["shared-input", "shared-output", "shared-metadata"].map { ["name": $0, "emptyDir": [:]] }
    var containers = [reader] + pipeline.containers.map(authorContainer)
    if factory.action == .configure {
      volumes.insert(
        [
          "name": "promise-scheduling",
          "configMap": [
            "name": .string(KratixNames.schedulingConfigMap(promise: promise.name)),
            "items": [["key": "destinationSelectors", "path": "promise-scheduling"]],
          ],
        ], at: 0)
      containers.append(workWriter)
    }
    var spec: JSON = [
      "restartPolicy": .string(pipeline.restartPolicy), "serviceAccountName": .string(access.serviceAccount.name),
      "initContainers": .array(containers), "containers": [statusWriter],
      "volumes": .array(volumes + pipeline.volumes),
    ]
    var secrets = pipeline.imagePullSecrets
    if let adapter = configuration.adapterPullSecret { secrets.insert(["name": .string(adapter)], at: 0) }
    if !secrets.isEmpty { spec["imagePullSecrets"] = .array(secrets) }
    if !pipeline.nodeSelector.isEmpty { spec["nodeSelector"] = JSON(pipeline.nodeSelector) }
    if !pipeline.tolerations.isEmpty { spec["tolerations"] = .array(pipeline.tolerations) }
    return spec
  }
}

// The containers, in their order in the pod.
extension PipelineJob {
  private static let restricted: JSON = [
    "allowPrivilegeEscalation": false, "capabilities": ["drop": ["ALL"]], "privileged": false, "runAsNonRoot": true,
    "seccompProfile": ["type": "RuntimeDefault"],
  ]

  private static func mount(_ name: String, _ path: String, isReadOnly: Bool = false) -> JSON {
    var mount: JSON = ["name": .string(name), "mountPath": .string(path)]
    if isReadOnly { mount["readOnly"] = true }
    return mount
  }

  /// An empty value is left out, as Go's encoder does.
  private var environment: [JSON] {
    factory.environment(pipeline).variables.map { name, value in
      value.isEmpty ? ["name": .string(name)] : ["name": .string(name), "value": .string(value)]
    }
  }

  private func adapter(_ name: String, args: [String], env: [JSON], mounts: [JSON]) -> JSON {
    var container: JSON = [
      "name": .string(name), "image": .string(configuration.adapterImage), "command": ["/bin/pipeline-adapter"],
      "args": JSON(args), "env": .array(env), "volumeMounts": .array(mounts), "securityContext": Self.restricted,
      "resources": configuration.containerResources,
    ]
    if let policy = configuration.imagePullPolicy { container["imagePullPolicy"] = .string(policy) }
    return container
  }

  private var reader: JSON {
    adapter(
      "reader", args: ["reader"], env: environment,
      mounts: [Self.mount("shared-input", "/kratix/input"), Self.mount("shared-output", "/kratix/output")])
  }

  private var workWriter: JSON {
    var args = [
      "work-creator", "--input-directory", "/work-creator-files", "--promise-name", promise.name, "--pipeline-name",
      pipeline.name, "--namespace", factory.namespace, "--workflow-type", factory.type.rawValue,
    ]
    if let resource { args += ["--resource-name", resource.name] }
    if let resourceNamespace { args += ["--resource-namespace", resourceNamespace] }
    let trace: [JSON] = [("KRATIX_TRACE_PARENT", "trace-parent"), ("KRATIX_TRACE_STATE", "trace-state")].map {
      [
        "name": .string($0.0),
        "valueFrom": ["fieldRef": ["fieldPath": .string("metadata.annotations['kratix.io/\($0.1)']")]],
      ]
    }
    return adapter(
      "work-writer", args: args, env: trace,
      mounts: [
        Self.mount("shared-output", "/work-creator-files/input"),
        Self.mount("shared-metadata", "/work-creator-files/metadata"),
        Self.mount("promise-scheduling", "/work-creator-files/kratix-system"),
      ])
  }

  private var statusWriter: JSON {
    adapter(
      "status-writer", args: ["update-status"],
      env: [["name": "IS_LAST_PIPELINE", "value": isLast ? "true" : "false"]] + environment,
      mounts: [Self.mount("shared-metadata", "/work-creator-files/metadata")])
  }

  private func authorContainer(_ author: Pipeline.Container) -> JSON {
    var container: JSON = [
      "name": .string(author.name), "image": .string(author.image), "env": .array(environment + author.env),
      "volumeMounts": .array(
        [
          Self.mount("shared-input", "/kratix/input", isReadOnly: true),
          Self.mount("shared-output", "/kratix/output"), Self.mount("shared-metadata", "/kratix/metadata"),
        ] + author.volumeMounts),
      "resources": author.json["resources"] ?? configuration.containerResources,
    ]
    if !author.command.isEmpty { container["command"] = JSON(author.command) }
    if !author.args.isEmpty { container["args"] = JSON(author.args) }
    if !author.envFrom.isEmpty { container["envFrom"] = .array(author.envFrom) }
    if let policy = author.json["imagePullPolicy"]?.stringValue ?? configuration.imagePullPolicy {
      container["imagePullPolicy"] = .string(policy)
    }
    if let context = author.json["securityContext"] ?? configuration.containerSecurityContext {
      container["securityContext"] = context
    }
    return container
  }
}
