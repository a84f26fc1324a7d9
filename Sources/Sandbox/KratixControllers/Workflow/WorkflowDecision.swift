import KratixModel
import Kubernetes

/// What a configure workflow's next step is: a pure function of its Jobs, and of the labels and the status of the object
/// it runs for (contract, section 5.6).
public struct WorkflowDecision: Sendable, Hashable {
  /// Everything that the decision depends on.
  public struct Input: Sendable {
    /// The Jobs that the pipelines would run, in order.
    public var templates: [KubernetesObject]
    /// All Jobs of the object's workflows, in any order.
    public var jobs: [WorkflowJob]
    public var object: KubernetesObject

    public init(templates: [KubernetesObject], jobs: [WorkflowJob], object: KubernetesObject) {
      self.templates = templates
      self.jobs = jobs
      self.object = object
    }
  }

  public enum Step: Sendable, Hashable {
    /// A Job is running: its end is an event.
    case wait
    /// Suspend a running Job (by its index among the newest first), so that a manual reconciliation can start.
    case suspend(job: String)
    /// Start the pipeline of this index.
    case start(Int, prunesAfterwards: Bool)
    /// The newest Job has failed: say so, and stay.
    case fail(pipeline: Int)
    /// All pipelines have run.
    case finish
  }

  /// A correction of the counters and phases, before anything else is done.
  public struct StatusSync: Sendable, Hashable {
    public var succeeded: Int64?
    public var failed: Int64?
    /// The pipeline to mark Succeeded.
    public var succeededPipeline: String?
    public var resetsPipelines: Bool
  }

  public var newest: WorkflowJob?
  /// The index of the pipeline to act on.
  public var target: Int
  /// How many pipelines have run.
  public var completed: Int64
  public var isManual: Bool
  public var isRestart: Bool
  /// The suspension was taken back: the suspended pipeline runs again.
  public var isResume: Bool
  public var sync: StatusSync?
  public var step: Step

  /// The pass ends with the status write, unless a person or Kratix asked for a fresh run.
  public var endsAfterSync: Bool { sync != nil && !isManual && !isRestart }

  /// - Precondition: there is at least one template; with none there is no workflow.
  public init(_ input: Input) {
    let object = input.object
    let newest = WorkflowJob.newestFirst(input.jobs).first
    self.newest = newest
    isManual = object.hasLabel(KratixLabels.manualReconciliation)
    isRestart = object.hasLabel(KratixLabels.runFromStart)
    let suspended = object.suspendedPipelineIndex.flatMap { input.templates.indices.contains($0) ? $0 : nil }
    isResume = !object.hasLabel(KratixLabels.workflowSuspended) && !isRestart && suspended != nil

    if let newest, !isRestart, !isResume {
      let matching = isManual ? nil : input.templates.firstIndex { newest.matches($0) }
      target = matching ?? 0
      completed = Int64(matching ?? 0)
      if let matching, newest.state == .completed {
        completed += 1
        if matching < input.templates.count - 1 { target = matching + 1 }
      }
    } else if let suspended, isResume {
      target = suspended
      completed = Int64(suspended)
    } else {
      target = 0
      completed = 0
    }
    sync = nil
    step = .wait
    sync = statusSync(object)
    step = nextStep(input.templates)
  }

  private func statusSync(_ object: KubernetesObject) -> StatusSync? {
    let succeeded = object.workflowCounter("workflowsSucceeded")
    let failed = object.workflowCounter("workflowsFailed")
    let drifted = succeeded != completed
    let resets = (isManual || isRestart) && (failed ?? -1 != 0 || succeeded ?? -1 != 0)
    guard drifted || resets || failed == nil else { return nil }
    let resetsPipelines = resets || (drifted && completed == 0)
    return StatusSync(
      succeeded: drifted ? completed : nil, failed: resetsPipelines || failed == nil ? 0 : nil,
      succeededPipeline: drifted && completed > 0 ? newest?.pipelineName : nil, resetsPipelines: resetsPipelines)
  }

  private func nextStep(_ templates: [KubernetesObject]) -> Step {
    guard let newest else { return .start(target, prunesAfterwards: false) }
    let isForTarget = templates.indices.contains(target) && newest.matches(templates[target])
    if newest.state == .running { return isManual ? .suspend(job: newest.name) : .wait }
    guard isForTarget, !isManual, !isRestart else { return .start(target, prunesAfterwards: false) }
    // A workflow that is suspended again and again never comes to its end, where Jobs are pruned.
    if isResume { return .start(target, prunesAfterwards: true) }
    return newest.state == .failed ? .fail(pipeline: target) : .finish
  }
}

extension WorkflowDecision.StatusSync {
  func apply(to object: inout KubernetesObject, pipelines: [String], now: String) {
    if let succeeded { object.json.set(.int(succeeded), at: ["status", "workflowsSucceeded"]) }
    if let succeededPipeline { object.setPhase(.succeeded, ofPipeline: succeededPipeline, now: now) }
    if let failed { object.json.set(.int(failed), at: ["status", "workflowsFailed"]) }
    if resetsPipelines { object.resetPipelines(pipelines, now: now) }
  }
}
