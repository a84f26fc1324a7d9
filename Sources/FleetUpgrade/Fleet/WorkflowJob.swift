import KratixModel
import Kubernetes

/// A Job of a resource's workflow, as far as it tells how the resource is doing. There may be five for each resource and
/// pipeline (contract, section 5.6): what their pods are made of is not kept.
public struct WorkflowJob: Sendable, Hashable {
  public var uid: String
  public var name: String
  public var namespace: String
  /// `namespace/name` of its resource.
  public var resource: String
  public var pipeline: String?
  /// It configures, and does not delete.
  var configures: Bool
  var outcome: JobOutcome
  private var creationTimestamp: String
  private var resourceVersion: UInt64

  public init(_ job: KubernetesObject) {
    uid = job.uid
    name = job.name
    namespace = job.namespace ?? ""
    let resourceNamespace = job.annotations[KratixAnnotations.jobResourceNamespace] ?? namespace
    let resourceName =
      job.annotations[KratixAnnotations.jobResourceName] ?? job.labels[KratixLabels.resourceName] ?? ""
    resource = "\(resourceNamespace)/\(resourceName)"
    pipeline = job.labels[KratixLabels.pipelineName]
    configures = job.labels[KratixLabels.workflowAction] == WorkflowAction.configure.rawValue
    outcome = JobOutcome(job)
    creationTimestamp = job.creationTimestamp ?? ""
    resourceVersion = UInt64(job.resourceVersion) ?? 0
  }

  /// Creation times are whole seconds; of two Jobs of one second, the one that changed last is newer: a resource's Jobs
  /// run one after the other.
  func isOlder(than other: WorkflowJob) -> Bool {
    (creationTimestamp, resourceVersion) < (other.creationTimestamp, other.resourceVersion)
  }
}

/// What became of a Job (contract, section 5.6).
enum JobOutcome: Sendable, Hashable {
  case running
  case succeeded
  case failed

  init(_ job: KubernetesObject) {
    if job.hasCondition("Complete") {
      self = .succeeded
    } else if job.hasCondition("Failed") || job.hasCondition("Suspended") {
      self = .failed
    } else {
      self = .running
    }
  }
}
