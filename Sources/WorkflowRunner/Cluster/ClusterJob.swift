import Foundation
import KratixModel
import Kubernetes

/// The Job that runs one pipeline in a cluster, as Kratix makes it (contract, section 5.4), with another beginning and
/// end: the input comes from a Secret, and the output goes to a log.
struct ClusterJob: Sendable {
  static let reader = "reader"
  static let collector = "preview-collector"
  static let runLabel = "kubectl-kratix/run"

  var name: String
  var namespace: String
  /// With the names of ConfigMaps and Secrets as they are in `namespace`.
  var pipeline: Pipeline
  var environment: WorkflowEnvironment
  var collectorImage: String
  var limits: WorkflowLimits
  var owner: OwnerReference

  /// How long a finished Job stays when whoever made it is gone.
  private static let timeToLive = 300
  /// More than Kratix's own limits would let a container use, when nothing else is said.
  private static let resources: JSON = [
    "requests": ["cpu": "100m", "memory": "128Mi", "ephemeral-storage": "128Mi"],
    "limits": ["cpu": "200m", "memory": "256Mi", "ephemeral-storage": "256Mi"],
  ]
  /// Of Kratix's own containers; the number is busybox's `nobody`.
  private static let security: JSON = [
    "allowPrivilegeEscalation": false, "capabilities": ["drop": ["ALL"]], "privileged": false, "runAsNonRoot": true,
    "runAsUser": 65534, "seccompProfile": ["type": "RuntimeDefault"],
  ]

  /// Holds the input; of the Job's name.
  func secret(for object: KubernetesObject) -> KubernetesObject {
    var secret = KubernetesObject(apiVersion: "v1", kind: "Secret", name: name, namespace: namespace)
    secret.labels = [ClusterNamespace.label: ClusterNamespace.labelValue]
    secret.ownerReferences = [owner]
    secret["data"] = ["object.yaml": .string(Data(YAML.text(object.json).utf8).base64EncodedString())]
    return secret
  }

  var object: KubernetesObject {
    var job = KubernetesObject(apiVersion: "batch/v1", kind: "Job", name: name, namespace: namespace)
    let labels = pipeline.labels.merging([
      ClusterNamespace.label: ClusterNamespace.labelValue, Self.runLabel: name,
      KratixLabels.promiseName: environment.promise, KratixLabels.pipelineName: environment.pipeline,
    ]) { $1 }
    job.labels = labels
    job.ownerReferences = [owner]
    let seconds = Int(limits.time / .seconds(1)) + Int(ClusterEngine.startLimit / .seconds(1))
    job.spec = [
      "backoffLimit": 0, "ttlSecondsAfterFinished": JSON(Self.timeToLive), "activeDeadlineSeconds": JSON(seconds),
      "template": [
        "metadata": ["labels": JSON(labels), "annotations": JSON(pipeline.annotations)], "spec": podSpec,
      ],
    ]
    return job
  }

  private var podSpec: JSON {
    // A pipeline runs once: what fails is to be told, not to be tried again.
    var spec: JSON = [
      "restartPolicy": "Never", "automountServiceAccountToken": false, "enableServiceLinks": false,
      "initContainers": .array([readerContainer] + pipeline.containers.map(container)),
      "containers": [collectorContainer],
      "volumes": .array(
        [
          ["name": "preview-input", "secret": ["secretName": .string(name)]],
          ["name": "shared-input", "emptyDir": [:]],
          ["name": "shared-output", "emptyDir": ["sizeLimit": .string(String(limits.outputBytes))]],
          ["name": "shared-metadata", "emptyDir": ["sizeLimit": .string(String(limits.outputBytes))]],
          ["name": "preview-archive", "emptyDir": [:]],
        ] + pipeline.volumes),
    ]
    if !pipeline.imagePullSecrets.isEmpty { spec["imagePullSecrets"] = .array(pipeline.imagePullSecrets) }
    if !pipeline.nodeSelector.isEmpty { spec["nodeSelector"] = JSON(pipeline.nodeSelector) }
    if !pipeline.tolerations.isEmpty { spec["tolerations"] = .array(pipeline.tolerations) }
    return spec
  }

  private var variables: [JSON] {
    environment.variables.map { ["name": .string($0.name), "value": .string($0.value)] }
  }

  private var readerContainer: JSON {
    [
      "name": .string(Self.reader), "image": .string(collectorImage),
      "command": ["/bin/sh", "-c", "cat /preview-input/object.yaml > /kratix/input/object.yaml"],
      "resources": Self.resources, "securityContext": Self.security,
      "volumeMounts": [
        ["name": "preview-input", "mountPath": "/preview-input", "readOnly": true],
        ["name": "shared-input", "mountPath": "/kratix/input"],
      ],
    ]
  }

  private func container(_ container: Pipeline.Container) -> JSON {
    var json = container.json
    json["env"] = .array(variables + container.env)
    json["volumeMounts"] = .array(
      [
        ["name": "shared-input", "mountPath": "/kratix/input", "readOnly": true],
        ["name": "shared-output", "mountPath": "/kratix/output"],
        ["name": "shared-metadata", "mountPath": "/kratix/metadata"],
      ] + container.volumeMounts)
    if json["resources"] == nil { json["resources"] = Self.resources }
    return json
  }

  private var collectorContainer: JSON {
    [
      "name": .string(Self.collector), "image": .string(collectorImage),
      "command": ["/bin/sh", "-c", .string(CollectedOutput.script(limits))], "resources": Self.resources,
      "securityContext": Self.security,
      "volumeMounts": [
        ["name": "shared-output", "mountPath": "/kratix/output", "readOnly": true],
        ["name": "shared-metadata", "mountPath": "/kratix/metadata", "readOnly": true],
        ["name": "preview-archive", "mountPath": "/preview-archive"],
      ],
    ]
  }
}
