import KratixModel
import Kubernetes

/// What a Job of Kratix's asks to run, read from its pod template (contract, section 5.4).
public struct WorkflowPod: Sendable, Hashable {
  public static let reader = "reader"
  public static let workWriter = "work-writer"
  public static let statusWriter = "status-writer"

  public var environment: WorkflowEnvironment
  /// The author's pipeline: containers in order, with the author's own variables and mounts.
  public var pipeline: Pipeline
  /// Where the Work goes: the Job's namespace.
  public var namespace: String
  /// Only for pipelines that run elsewhere than their resource.
  public var resourceNamespace: String?
  /// Whether files become a Work: only when a workflow configures.
  public var writesWork: Bool
  public var isLastPipeline: Bool
  public var serviceAccount: String
  /// `Never`, or else a failed container is started again in the same pod.
  public var startsNewPods: Bool

  /// nil when the Job is not one that Kratix makes.
  public init?(job: KubernetesObject) {
    guard let spec = job[path: "spec", "template", "spec"], let namespace = job.namespace else { return nil }
    let all = spec["initContainers"]?.arrayValue ?? []
    let adapters: Set<String> = [Self.reader, Self.workWriter]
    let statusWriter = spec["containers"]?.arrayValue?.first { $0["name"]?.stringValue == Self.statusWriter }
    guard let reader = all.first(where: { $0["name"]?.stringValue == Self.reader }), let statusWriter,
      let environment = WorkflowEnvironment(variables: Self.plainVariables(reader))
    else { return nil }
    self.environment = environment
    self.namespace = namespace
    let kratix = Set(environment.variables.map(\.name))
    let containers = all.filter { !adapters.contains($0["name"]?.stringValue ?? "") }.map { container -> JSON in
      var container = container
      let own = (container["env"]?.arrayValue ?? []).drop { kratix.contains($0["name"]?.stringValue ?? "") }
      container["env"] = .array(Array(own))
      container["volumeMounts"] = .array(
        (container["volumeMounts"]?.arrayValue ?? []).filter {
          !Self.ownVolumes.contains($0["name"]?.stringValue ?? "")
        })
      return container
    }
    let volumes = (spec["volumes"]?.arrayValue ?? []).filter {
      !Self.ownVolumes.contains($0["name"]?.stringValue ?? "")
    }
    pipeline = Pipeline([
      "apiVersion": "platform.kratix.io/v1alpha1", "kind": "Pipeline",
      "metadata": ["name": .string(environment.pipeline)],
      "spec": ["containers": .array(containers), "volumes": .array(volumes)],
    ])
    resourceNamespace = job.labels[KratixLabels.resourceNamespace]
    writesWork = all.contains { $0["name"]?.stringValue == Self.workWriter }
    isLastPipeline = Self.plainVariables(statusWriter)["IS_LAST_PIPELINE"] == "true"
    serviceAccount = spec["serviceAccountName"]?.stringValue ?? "default"
    startsNewPods = spec["restartPolicy"]?.stringValue == "Never"
  }

  private static let ownVolumes: Set<String> = [
    "promise-scheduling", "shared-input", "shared-output", "shared-metadata",
  ]

  private static func plainVariables(_ container: JSON) -> [String: String] {
    var variables: [String: String] = [:]
    for entry in container["env"]?.arrayValue ?? [] {
      guard let name = entry["name"]?.stringValue else { continue }
      variables[name] = entry["value"]?.stringValue ?? ""
    }
    return variables
  }
}
