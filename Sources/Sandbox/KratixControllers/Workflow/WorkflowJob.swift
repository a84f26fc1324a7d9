import KratixModel
import Kubernetes

/// A Job of a workflow, as the engine reads it (contract, section 5.6).
public struct WorkflowJob: Sendable, Hashable {
  public enum State: Sendable, Hashable {
    case running
    /// Also a suspended one: it counts as failed and finished.
    case failed
    case completed
  }

  public var object: KubernetesObject

  public init(_ object: KubernetesObject) { self.object = object }

  public var name: String { object.name }
  public var pipelineName: String { object.labels[KratixLabels.pipelineName] ?? "" }

  /// Running while pods are active, or before any of the conditions Complete, Failed and Suspended is there, whatever
  /// the condition's own status.
  public var state: State {
    let types = Set(object.conditions.map(\.type))
    if (object[path: "status", "active"]?.intValue ?? 0) > 0 { return .running }
    if types.isDisjoint(with: ["Complete", "Failed", "Suspended"]) { return .running }
    return types.contains("Failed") || types.contains("Suspended") ? .failed : .completed
  }

  public var hasSucceeded: Bool { (object[path: "status", "succeeded"]?.intValue ?? 0) > 0 }
  public var hasFailed: Bool { (object[path: "status", "failed"]?.intValue ?? 0) > 0 }

  /// Whether this Job runs what another Job, not created yet, would run.
  public func matches(_ template: KubernetesObject) -> Bool {
    let mine = object.labels
    let wanted = template.labels
    return Self.identity.allSatisfy { mine[$0] == wanted[$0] }
  }

  private static let identity = [
    KratixLabels.hash, KratixLabels.workflowType, KratixLabels.workflowAction, KratixLabels.pipelineHash,
    KratixLabels.pipelineName,
  ]

  /// Newest first. Of Jobs of the same second the one written last comes first: a Job is started when the one before
  /// is finished.
  public static func newestFirst(_ jobs: [WorkflowJob]) -> [WorkflowJob] {
    jobs.sorted {
      let (left, right) = ($0.object.creationTimestamp ?? "", $1.object.creationTimestamp ?? "")
      if left != right { return left > right }
      return (UInt64($0.object.resourceVersion) ?? 0) > (UInt64($1.object.resourceVersion) ?? 0)
    }
  }
}
