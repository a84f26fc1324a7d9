import KratixModel
import Kubernetes

/// Reconciles the resources of one Promise (contract, section 5.1). Woken by the resource, its Jobs, its Works and its
/// binding; not by revisions, nor by the Promise.
struct ResourceRequestReconciler: Reconciler {
  static let finalizers = [
    KratixFinalizers.workCleanup, KratixFinalizers.workflowsCleanup, KratixFinalizers.deleteWorkflows,
    KratixFinalizers.resourceBindingCleanup,
  ]

  var context: ControllerContext
  var promiseName: String
  /// The resource that the Promise serves.
  var type: ResourceType
  /// Whether all required Promises are there.
  var requirements: RequirementsGate

  var api: any KubernetesAPI { context.api }

  func controller() -> Controller {
    let promise = promiseName
    let ofPromise = "\(KratixLabels.promiseName)=\(promise)"
    let byResourceName: Source.Map = { object, _ in
      guard let name = object.labels[KratixLabels.resourceName], !object.hasLabel(KratixLabels.dryRunSummary) else {
        return []
      }
      return [ObjectKey(namespace: object.namespace, name: name)]
    }
    let jobs =
      "\(KratixLabels.managedBy)=\(KratixLabels.managedByKratix),\(ofPromise),"
      + "\(KratixLabels.workflowType)=\(WorkflowType.resource.rawValue)"
    return Controller(
      name: "\(promise)_\(type.qualifiedResource)",
      sources: [
        .objects(type),
        Source(.jobs, labelSelector: jobs) { job, _ in
          let annotations = job.annotations
          guard let namespace = annotations[KratixAnnotations.jobResourceNamespace],
            let name = annotations[KratixAnnotations.jobResourceName],
            annotations[KratixAnnotations.jobResourceKind] != nil,
            annotations[KratixAnnotations.jobResourceAPIVersion] != nil
          else { return [] }
          return [ObjectKey(namespace: namespace.isEmpty ? nil : namespace, name: name)]
        },
        Source(.works, labelSelector: ofPromise, map: byResourceName),
        Source(.resourceBindings, labelSelector: ofPromise, map: byResourceName),
      ], reconciler: self)
  }

  func reconcile(_ key: ObjectKey) async throws -> ReconcileResult {
    guard let live = try await api.find(.promises, namespace: nil, name: promiseName).map(Promise.init) else {
      throw ReconcileError("failed to get promise \(promiseName)")
    }
    guard var object = try await api.find(type, namespace: key.namespace, name: key.name) else { return .done }
    if try await pause(object, promise: live) { return .done }
    if object.labels[KratixLabels.promiseName] != promiseName {
      object.labels[KratixLabels.promiseName] = promiseName
      _ = try await api.update(type, object)
      return .done
    }
    let binding = try await binding(of: object)
    if object.isBeingDeleted, !Self.finalizers.dropLast().contains(where: object.finalizers.contains) {
      return try await releaseBinding(of: object, binding)
    }
    let revision = try await revision(for: object, binding: binding)
    let promise = live.with(spec: revision.promiseSpec)
    if object.isBeingDeleted { return try await delete(object, promise: promise) }

    let isUnavailable = object.hasCondition(KratixConditions.promiseAvailable, .false)
    if !requirements.areMet || live.object.hasCondition(KratixConditions.available, .false) {
      if isUnavailable { return .requeue(after: context.pace.unavailableRecheck) }
      object.json.set("Pending", at: ["status", "message"])
      return try await set(Self.promiseUnavailable, on: object)
    }
    if isUnavailable { return try await set(Self.promiseAvailable, on: object) }
    let missing = Self.finalizers.filter { !object.finalizers.contains($0) }
    if !missing.isEmpty {
      object.finalizers += missing
      _ = try await api.update(type, object)
      return .done
    }
    try await writeBinding(binding, of: object)
    if live.object.isBeingDeleted { return .done }
    let pass = Pass(
      promise: promise, revision: revision, bindingVersion: binding?.version ?? KratixNames.latest,
      interval: ReconciliationInterval.of(revision, default: context.configuration.reconciliationInterval))
    return try await configure(object, pass)
  }

  /// What a pass has found out about its resource.
  struct Pass: Sendable {
    /// With the spec of the revision.
    var promise: Promise
    var revision: PromiseRevision
    /// What the binding said when the pass began.
    var bindingVersion: String
    var interval: GoDuration
  }

  private func configure(_ start: KubernetesObject, _ pass: Pass) async throws -> ReconcileResult {
    var object = start
    let completed = object.condition(KratixConditions.configureWorkflowCompleted)
    let isOver = ReconciliationInterval.hasPassed(
      since: completed, interval: pass.interval, retriesFailures: context.configuration.reconcilesAfterFailure,
      now: SystemTime.secondsSince1970)
    if isOver, !object.hasLabel(KratixLabels.runFromStart), !object.hasLabel(KratixLabels.manualReconciliation) {
      object.setLabel(KratixLabels.manualReconciliation)
      _ = try await api.update(type, object)
      return .done
    }
    if object.saysPaused {
      object.removeLabel(KratixLabels.workflowSuspended)
      object.setLabel(KratixLabels.runFromStart)
      return try await set(WorkflowConditions.pending("Unpaused"), on: try await api.update(type, object))
    }
    let factory = PipelineFactory(
      promise: pass.promise, resource: object, action: .configure, configuration: context.configuration)
    let runs = try factory.runs()
    if try await setUpStatus(of: object, pipelines: runs.map(\.name)) { return .done }
    if let result = try await handleSuspension(of: object, pipelines: runs.map(\.name)) { return result }

    var subject = subject(object, factory)
    let outcome = try await WorkflowEngine(context: context).reconcileConfigure(&subject, runs)
    guard outcome == .finished else {
      try await syncBindingWhileRunning(subject.object, attempted: pass.revision.version)
      let workflow = subject.object.condition(KratixConditions.configureWorkflowCompleted)
      if workflow?.isWorkflowFailed == true, context.configuration.reconcilesAfterFailure {
        return .requeue(after: pass.interval.duration)
      }
      return .done
    }
    return try await finish(subject.object, pass, pipelines: runs.count)
  }

  func subject(_ object: KubernetesObject, _ factory: PipelineFactory) -> WorkflowSubject {
    WorkflowSubject(
      object: object, type: type, workflow: .resource, promiseName: promiseName, jobNamespace: factory.namespace,
      controller: ControllerNames.resourceRequest)
  }

  /// Writes the status as it is in memory, with one more condition.
  func set(_ condition: Condition, on object: KubernetesObject) async throws -> ReconcileResult {
    var object = object
    object.setConditionSorted(condition, now: context.now)
    _ = try await api.updateStatus(type, object)
    return .done
  }

  func record(
    _ kind: EventRecorder.Kind, _ reason: String, _ note: String, on object: KubernetesObject
  ) async {
    await context.events.record(kind, reason, note, on: object, by: ControllerNames.resourceRequest)
  }

  static let promiseUnavailable = Condition(
    type: KratixConditions.promiseAvailable, status: .false, reason: "PromiseRequirementsNotInstalled",
    message: "Promise Requirements are not installed")
  static let promiseAvailable = Condition(
    type: KratixConditions.promiseAvailable, status: .true, reason: "PromiseAvailable",
    message: "Promise Requirements are met")
}

// The steps before the workflow.
extension ResourceRequestReconciler {
  /// - Returns: whether the resource, or its Promise, is paused: then nothing else is done, deletion included.
  private func pause(_ object: KubernetesObject, promise: Promise) async throws -> Bool {
    let what: String
    if promise.object.hasLabel(KratixLabels.paused) {
      what = "for promise; pausing reconciliation for this resource request"
    } else if object.hasLabel(KratixLabels.paused) {
      what = "for this resource request; pausing reconciliation"
    } else {
      return false
    }
    let reconciled = object.condition(KratixConditions.reconciled)
    if reconciled?.status != .unknown || reconciled?.message != "Paused" {
      await record(
        .warning, WorkflowConditions.pausedReason, "'\(KratixLabels.paused)' label set to 'true' \(what)", on: object)
      _ = try await set(WorkflowConditions.paused, on: object)
    }
    return true
  }

  private func revision(for object: KubernetesObject, binding: ResourceBinding?) async throws -> PromiseRevision {
    let version = ResourceRequest(object).promiseVersion
    let wanted =
      object.isBeingDeleted
      ? RevisionResolution.wantedForDelete(binding: binding, promiseVersion: version)
      : RevisionResolution.wanted(binding: binding, promiseVersion: version)
    do {
      let revision = try RevisionResolution.resolve(
        wanted, among: try await api.revisions(ofPromise: promiseName), promise: promiseName)
      await record(
        .normal, "ReconcileStarted", "reconciling resource request with promise revision \(revision.name)", on: object)
      return revision
    } catch let failure as RevisionResolution.Failure {
      await record(.warning, "FailedPromiseRevisionLookup", failure.description, on: object)
      throw failure
    }
  }

  /// - Returns: whether the status was written: the number of pipelines, and all of them Pending.
  private func setUpStatus(of object: KubernetesObject, pipelines: [String]) async throws -> Bool {
    var object = object
    let before = object
    object.json.set(JSON(pipelines.count), at: ["status", "workflows"])
    if !object.listsPipelines(pipelines) { object.resetPipelines(pipelines, now: context.now) }
    guard object != before else { return false }
    _ = try await api.updateStatus(type, object)
    return true
  }

  /// - Returns: the result that ends the pass, or nil when the workflow is not suspended.
  func handleSuspension(of start: KubernetesObject, pipelines: [String]) async throws -> ReconcileResult? {
    var object = start
    switch WorkflowSuspension(object, now: SystemTime.secondsSince1970) {
    case .notSuspended: return nil
    case .restarts:
      object.setLabel(KratixLabels.runFromStart)
      object.removeLabel(KratixLabels.workflowSuspended)
      object = try await api.update(type, object)
      object.resetPipelines(pipelines, now: context.now)
      _ = try await api.updateStatus(type, object)
      return .done
    case .retries:
      await recordSuspension(of: object)
      object.removeLabel(KratixLabels.workflowSuspended)
      _ = try await api.update(type, object)
      return .done
    case .waits(let delay):
      await recordSuspension(of: object)
      if object.condition(KratixConditions.reconciled)?.says(WorkflowConditions.suspended) != true {
        object.setConditionSorted(WorkflowConditions.suspended, now: context.now)
        object = try await api.updateStatus(type, object)
      }
      let deleting = object.condition(KratixConditions.deleteWorkflowCompleted)
      if object.isBeingDeleted, deleting?.says(WorkflowConditions.deleteSuspended) != true {
        _ = try await set(WorkflowConditions.deleteSuspended, on: object)
      }
      return delay.map(ReconcileResult.requeue(after:)) ?? .done
    }
  }

  private func recordSuspension(of object: KubernetesObject) async {
    await record(
      .warning, WorkflowConditions.suspendedReason,
      "'\(KratixLabels.workflowSuspended)' label set to 'true' for resource request; skipping reconciliation",
      on: object)
  }
}
