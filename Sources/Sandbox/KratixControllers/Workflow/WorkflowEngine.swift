import KratixModel
import Kubernetes

/// The object that a workflow runs for.
struct WorkflowSubject: Sendable {
  /// As last read or written.
  var object: KubernetesObject
  var type: ResourceType
  var workflow: WorkflowType
  var promiseName: String
  /// Where the Jobs run.
  var jobNamespace: String
  /// Who reports the events.
  var controller: String

  /// Selects all Jobs of the object's workflows.
  var jobSelector: String {
    var labels = [(KratixLabels.workflowType, workflow.rawValue), (KratixLabels.promiseName, promiseName)]
    if workflow == .resource {
      labels.append((KratixLabels.resourceName, object.name))
      if let namespace = object.namespace, namespace != jobNamespace {
        labels.append((KratixLabels.resourceNamespace, namespace))
      }
    }
    return labels.map { "\($0.0)=\($0.1)" }.joined(separator: ",")
  }
}

/// Runs the pipelines of a workflow one after the other, each as a Job, and keeps the status of the object that they run
/// for (contract, sections 5.6 and 5.8).
struct WorkflowEngine: Sendable {
  enum Outcome: Sendable, Hashable {
    /// The next event goes on from here.
    case waiting
    /// Nothing is left to run.
    case finished
  }

  var context: ControllerContext

  private var api: any KubernetesAPI { context.api }

  /// One step of a configure workflow.
  /// - Parameter subject: its object is left as the last write made it.
  func reconcileConfigure(_ subject: inout WorkflowSubject, _ runs: [PipelineRun]) async throws -> Outcome {
    guard !runs.isEmpty else { return .finished }
    let jobs = try await self.jobs(subject)
    let decision = WorkflowDecision(
      WorkflowDecision.Input(templates: runs.map(\.job), jobs: jobs, object: subject.object))
    if let sync = decision.sync {
      sync.apply(to: &subject.object, pipelines: runs.map(\.name), now: context.now)
      try await writeStatus(&subject)
    }
    if decision.endsAfterSync { return .waiting }
    switch decision.step {
    case .wait: return .waiting
    case .suspend(let job):
      try await suspend(job, in: subject.jobNamespace)
      return .waiting
    case .start(let index, let prunesAfterwards):
      try await start(&subject, runs[index])
      if prunesAfterwards { try await cleanUp(subject, runs, try await self.jobs(subject)) }
      return .waiting
    case .fail(let index):
      try await fail(&subject, runs[index])
      try await pruneJobs(jobs, runs)
      return .waiting
    case .finish:
      try await cleanUp(subject, runs, jobs)
      return .finished
    }
  }

  func jobs(_ subject: WorkflowSubject) async throws -> [WorkflowJob] {
    try await api.listAll(.jobs, namespace: subject.jobNamespace, labelSelector: subject.jobSelector).items
      .map(WorkflowJob.init)
  }

  func suspend(_ job: String, in namespace: String) async throws {
    _ = try await api.patch(.jobs, namespace: namespace, name: job, .merge(["spec": ["suspend": true]]))
  }

  func writeStatus(_ subject: inout WorkflowSubject) async throws {
    subject.object = try await api.updateStatus(subject.type, subject.object)
  }

  private func start(_ subject: inout WorkflowSubject, _ run: PipelineRun) async throws {
    let stale = try await stalePermissions(run)
    for label in [KratixLabels.manualReconciliation, KratixLabels.runFromStart] where subject.object.hasLabel(label) {
      let status = subject.object.status
      subject.object.removeLabel(label)
      subject.object = try await api.update(subject.type, subject.object)
      subject.object.status = status
    }
    for object in stale { try await api.deleteIgnoringAbsence(object.type, object.object) }
    // Kratix says Running when the wait after the Job is over, and a pod takes longer than that to start. Here a Job may
    // be done by then, and what its status-writer said would refuse or be overwritten by us: so it is said before.
    try await markRunning(&subject, run)
    try await apply(run)
    await context.events.record(
      .normal, "PipelineStarted", "Configure Pipeline started: \(run.name)", on: subject.object,
      by: subject.controller)
  }

  private func markRunning(_ subject: inout WorkflowSubject, _ run: PipelineRun) async throws {
    let before = subject.object
    let now = context.now
    subject.object.json.set("Pending", at: ["status", "message"])
    let reconciled = subject.object.condition(KratixConditions.reconciled)
    if reconciled?.status != .unknown || reconciled?.reason != "WorkflowPending" {
      subject.object.setConditionSorted(WorkflowConditions.pending("WorkflowPending"), now: now)
    }
    if subject.object.condition(KratixConditions.configureWorkflowCompleted)?.isWorkflowInProgress != true {
      subject.object.setConditionSorted(WorkflowConditions.configureInProgress, now: now)
    }
    subject.object.setPhase(.running, ofPipeline: run.name, now: now)
    if subject.object != before { try await writeStatus(&subject) }
  }

  private func fail(_ subject: inout WorkflowSubject, _ run: PipelineRun) async throws {
    let now = context.now
    subject.object.setConditionSorted(WorkflowConditions.configureFailed(pipeline: run.name), now: now)
    subject.object.setConditionSorted(
      WorkflowConditions.failing(WorkflowConditions.configureWorkflowFailedReason), now: now)
    subject.object.json.set(1, at: ["status", "workflowsFailed"])
    subject.object.setPhase(.failed, ofPipeline: run.name, now: now)
    try await writeStatus(&subject)
    await context.events.record(
      .warning, WorkflowConditions.configureWorkflowFailedReason,
      "A \(subject.workflow.rawValue)/configure Pipeline has failed: \(run.name)", on: subject.object,
      by: subject.controller)
  }

  /// Creates or updates what a pipeline needs, then its Job. What cannot be written is logged only, as Kratix does;
  /// then comes the wait of the pace.
  func apply(_ run: PipelineRun) async throws {
    for managed in run.objects + [ManagedObject(.jobs, run.job)] {
      do {
        try await api.applyOwned(managed)
      } catch is CancellationError {
        throw CancellationError()
      } catch {
        context.logger.error("cannot write \(managed.object.kind) \(managed.object.qualifiedName): \(error)")
      }
    }
    if context.pace.jobStart > .zero { try await Task.sleep(for: context.pace.jobStart) }
  }

  /// Roles and bindings of permissions that the pipeline does not ask for any more.
  private func stalePermissions(_ run: PipelineRun) async throws -> [ManagedObject] {
    let selector = run.permissionLabels.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
      .joined(separator: ",")
    var stale: [ManagedObject] = []
    for type in [ResourceType.roles, .clusterRoles, .roleBindings, .clusterRoleBindings] {
      let wanted = Set(run.objects.filter { $0.type == type }.map { ObjectKey($0.object) })
      for object in try await api.listAll(type, labelSelector: selector).items
      where !wanted.contains(ObjectKey(object)) {
        stale.append(ManagedObject(type, object))
      }
    }
    return stale
  }
}

// The end of a run.
extension WorkflowEngine {
  private func cleanUp(_ subject: WorkflowSubject, _ runs: [PipelineRun], _ jobs: [WorkflowJob]) async throws {
    try await pruneJobs(jobs, runs)
    var selector = "\(KratixLabels.promiseName)=\(subject.promiseName),"
    selector += "\(KratixLabels.workType)=\(subject.workflow.rawValue)"
    if subject.workflow == .resource { selector += ",\(KratixLabels.resourceName)=\(subject.object.name)" }
    // Looked for where the object is, also when the pipelines run elsewhere (contract, section 5.6).
    let namespace = subject.object.namespace ?? KratixNames.systemNamespace
    let names = Set(runs.map(\.name))
    for work in try await api.listAll(.works, namespace: namespace, labelSelector: selector).items
    where !names.contains(work.labels[KratixLabels.pipelineName] ?? "") && !work.isBeingDeleted {
      try await api.deleteIgnoringAbsence(.works, work)
    }
  }

  /// Of each pipeline the newest Jobs stay.
  private func pruneJobs(_ jobs: [WorkflowJob], _ runs: [PipelineRun]) async throws {
    for run in runs {
      let ofPipeline = jobs.filter {
        $0.pipelineName == run.name
          && $0.object.labels[KratixLabels.workflowAction] == run.job.labels[KratixLabels.workflowAction]
      }
      for old in WorkflowJob.newestFirst(ofPipeline).dropFirst(context.configuration.numberOfJobsToKeep).reversed()
      where !old.object.isBeingDeleted {
        try await api.deleteIgnoringAbsence(.jobs, old.object, propagation: .background)
      }
    }
  }
}

// A delete workflow: its first pipeline only.
extension WorkflowEngine {
  /// - Throws: `DeletePipelineFailed` when the newest delete Job has failed.
  func reconcileDelete(_ subject: inout WorkflowSubject, _ runs: [PipelineRun]) async throws -> Outcome {
    guard let run = runs.first else { return .finished }
    let jobs = try await self.jobs(subject)
    let wanted = run.job.labels
    let newest = WorkflowJob.newestFirst(
      jobs.filter { job in wanted.allSatisfy { job.object.labels[$0.key] == $0.value } }
    ).first
    let isManual = subject.object.hasLabel(KratixLabels.manualReconciliation)
    if let newest, newest.state == .running {
      if isManual {
        try await suspend(newest.name, in: subject.jobNamespace)
        await context.events.record(
          .normal, "PipelineSuspended", "Delete Pipeline suspended: \(run.name)", on: subject.object,
          by: subject.controller)
      }
      return .waiting
    }
    guard let newest, !isManual else {
      let configures = jobs.contains {
        $0.object.labels[KratixLabels.workflowAction] == WorkflowAction.configure.rawValue && $0.state == .running
      }
      if configures { return .waiting }
      try await startDelete(&subject, runs, resetsStatus: true)
      return .waiting
    }
    if newest.hasSucceeded {
      if subject.object.hasLabel(KratixLabels.workflowSuspended) { return .waiting }
      guard subject.object.suspendedPipelineIndex != nil else { return .finished }
      // The retry of a suspended run, not a new one: attempts and nextRetryAt stay.
      try await startDelete(&subject, runs, resetsStatus: false)
      return .waiting
    }
    if newest.hasFailed { throw DeletePipelineFailed() }
    return .waiting
  }

  private func startDelete(
    _ subject: inout WorkflowSubject, _ runs: [PipelineRun], resetsStatus: Bool
  ) async throws {
    guard let run = runs.first else { return }
    if subject.object.hasLabel(KratixLabels.manualReconciliation) {
      subject.object.removeLabel(KratixLabels.manualReconciliation)
      subject.object = try await api.update(subject.type, subject.object)
    }
    let now = context.now
    if resetsStatus { subject.object.resetPipelines(runs.map(\.name), now: now) }
    subject.object.setPhase(.running, ofPipeline: run.name, now: now)
    try await writeStatus(&subject)
    try await apply(run)
    await context.events.record(
      .normal, "PipelineStarted", "Delete Pipeline started: \(run.name)", on: subject.object, by: subject.controller)
  }
}

/// The delete pipeline has failed; it stays so until a manual reconciliation.
struct DeletePipelineFailed: Error, CustomStringConvertible {
  var description: String { "delete Pipeline Failed" }
}
