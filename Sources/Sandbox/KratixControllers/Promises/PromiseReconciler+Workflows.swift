import KratixModel
import Kubernetes

// The Promise's own workflows (contract, section 4.4).
extension PromiseReconciler {
  /// - Returns: the result that ends the pass while a workflow is pending, suspended or failed; nil to go on.
  func reconcileWorkflows(_ promise: inout Promise) async throws -> ReconcileResult? {
    let pipelines = promise.pipelines(.promise, .configure).map(\.name)
    if pipelines.isEmpty {
      try await clearWorkflowStatus(&promise)
      return nil
    }
    if promise.object.workflowCounter("workflows") != Int64(pipelines.count) {
      // The pass goes on: a Promise can be Available for a moment before its first workflow.
      promise.object.json.set(JSON(pipelines.count), at: ["status", "workflows"])
      try await writeStatus(&promise)
      return nil
    }
    if !promise.object.listsPipelines(pipelines) {
      let generation = promise.object[path: "status", "kratix", "workflows", "suspendedGeneration"]
      promise.object.resetPipelines(pipelines, now: context.now)
      promise.object.json.set(generation, at: ["status", "kratix", "workflows", "suspendedGeneration"])
      try await writeStatus(&promise)
      return .done
    }
    let interval = await reconciliationInterval(of: promise)
    if try await restartOnInterval(promise, interval) { return .done }
    if promise.object.saysPaused {
      promise.object.setLabel(KratixLabels.reconcileResources)
      promise.object.setLabel(KratixLabels.runFromStart)
      promise.object.removeLabel(KratixLabels.workflowSuspended)
      promise = Promise(try await api.update(.promises, promise.object)).typed
      promise.object.setCondition(WorkflowConditions.pending("Unpaused"), now: context.now)
      try await writeStatus(&promise)
      return .done
    }
    if let result = try await handleSuspension(of: &promise, pipelines: pipelines) { return result }

    let factory = PipelineFactory(
      promise: promise, resource: nil, action: .configure, configuration: context.configuration)
    var subject = subject(promise, factory)
    let runs = try factory.runs()
    if try await WorkflowEngine(context: context).reconcileConfigure(&subject, runs) == .finished { return nil }
    let completed = subject.object.condition(KratixConditions.configureWorkflowCompleted)
    if context.configuration.reconcilesAfterFailure, completed?.isWorkflowFailed == true {
      return .requeue(after: interval.duration)
    }
    return .done
  }

  func subject(_ promise: Promise, _ factory: PipelineFactory) -> WorkflowSubject {
    WorkflowSubject(
      object: promise.object, type: .promises, workflow: .promise, promiseName: promise.name,
      jobNamespace: factory.namespace, controller: ControllerNames.promise)
  }

  func reconciliationInterval(of promise: Promise) async -> GoDuration {
    let fallback = context.configuration.reconciliationInterval
    let latest = try? await api.revisions(ofPromise: promise.name).first(where: \.isLatest)
    if let latest { return ReconciliationInterval.of(latest, default: fallback) }
    return ReconciliationInterval.of(spec: promise.spec) ?? fallback
  }

  private func clearWorkflowStatus(_ promise: inout Promise) async throws {
    let before = promise.object
    for counter in ["workflows", "workflowsSucceeded", "workflowsFailed"] {
      promise.object.json.set(0, at: ["status", counter])
    }
    promise.object.json.set(nil, at: ["status", "kratix", "workflows", "pipelines"])
    if promise.object != before { try await writeStatus(&promise) }
  }

  private func restartOnInterval(_ start: Promise, _ interval: GoDuration) async throws -> Bool {
    var promise = start
    let isOver = ReconciliationInterval.hasPassed(
      since: promise.object.condition(KratixConditions.configureWorkflowCompleted), interval: interval,
      retriesFailures: context.configuration.reconcilesAfterFailure, now: SystemTime.secondsSince1970)
    guard isOver, !promise.object.hasLabel(KratixLabels.runFromStart),
      !promise.object.hasLabel(KratixLabels.manualReconciliation)
    else { return false }
    promise.object.setLabel(KratixLabels.manualReconciliation)
    _ = try await api.update(.promises, promise.object)
    return true
  }

  /// - Returns: the result that ends the pass, or nil when the workflow is not suspended.
  func handleSuspension(of promise: inout Promise, pipelines: [String]) async throws -> ReconcileResult? {
    let suspension = WorkflowSuspension(promise.object, now: SystemTime.secondsSince1970)
    switch suspension {
    case .notSuspended: return nil
    case .restarts:
      promise.object.setLabel(KratixLabels.runFromStart)
      promise.object.removeLabel(KratixLabels.workflowSuspended)
      promise = Promise(try await api.update(.promises, promise.object)).typed
      promise.object.resetPipelines(pipelines, now: context.now)
      try await writeStatus(&promise)
      return .done
    case .retries, .waits:
      await record(
        .warning, WorkflowConditions.suspendedReason,
        "'\(KratixLabels.workflowSuspended)' label set to 'true' for promise; skipping reconciliation",
        on: promise.object)
    }
    guard case .waits(let delay) = suspension else {
      promise.object.removeLabel(KratixLabels.workflowSuspended)
      _ = try await api.update(.promises, promise.object)
      return .done
    }
    try await setUnavailable(&promise, PromiseConditions.suspended, WorkflowConditions.suspended)
    return delay.map(ReconcileResult.requeue(after:)) ?? .done
  }
}

// The steps after the workflows (contract, section 4.1, steps 9 to 13).
extension PromiseReconciler {
  func finish(_ start: Promise, _ originally: Original) async throws -> ReconcileResult {
    var promise = start
    if let type = promise.api?.resourceType {
      let states = (promise.object[path: "status", "requiredPromises"]?.arrayValue ?? []).map {
        $0["state"]?.stringValue
      }
      let areMet = states.allSatisfy { $0 == PromiseRequirements.State.installed.rawValue }
      await dynamicControllers.ensureStarted(promise: promise.name, type: type, requirementsAreMet: areMet)
      if !areMet { return .requeue(after: context.pace.slowRequeue) }
      let observed = promise.object[path: "status", "observedGeneration"]?.intValue ?? 0
      let isNewGeneration = promise.object.generation != observed && promise.object.generation != 1
      if promise.object.hasLabel(KratixLabels.reconcileResources) || isNewGeneration {
        return try await restartResources(&promise, type, originally)
      }
    }
    let now = context.now
    guard originally.isAvailable else {
      promise.setMirrored("status", PromiseConditions.isAvailable)
      promise.setMirrored("lastAvailableTime", now)
      promise.object.setCondition(PromiseConditions.available, now: now)
      await record(.normal, "Available", "Promise is available", on: promise.object)
      try await writeStatus(&promise)
      return .done
    }
    promise.setMirrored("status", originally.status)
    promise.object.setCondition(
      PromiseConditions.available, now: originally.available?.lastTransitionTime ?? now)
    if try await writeOutcome(&promise) { return .done }

    let completed = promise.object.condition(KratixConditions.configureWorkflowCompleted)
    let hasWorkflow = !promise.pipelines(.promise, .configure).isEmpty
    guard !hasWorkflow || completed?.status == .true else { return .done }
    if completed != nil {
      await record(.normal, "ConfigureWorkflowCompleted", "All workflows completed", on: promise.object)
    }
    return .requeue(after: await reconciliationInterval(of: promise).duration)
  }

  /// Asks every resource of the Promise to run again, whatever its version. Stops at the first refusal.
  private func restartResources(
    _ promise: inout Promise, _ type: ResourceType, _ originally: Original
  ) async throws -> ReconcileResult {
    for resource in try await api.listAll(type).items {
      var resource = resource
      guard !resource.hasLabel(KratixLabels.runFromStart) else { continue }
      resource.setLabel(KratixLabels.runFromStart)
      do {
        _ = try await api.update(type, resource)
      } catch let error as StatusError where error.reason == .notFound {
      }
    }
    await record(.normal, "ReconcilingResources", "Reconciling all resource requests", on: promise.object)
    if promise.object.labels[KratixLabels.reconcileResources] != nil {
      promise.object.removeLabel(KratixLabels.reconcileResources)
      _ = try await api.update(.promises, promise.object)
      return .done
    }
    promise.object.json.set(.int(promise.object.generation), at: ["status", "observedGeneration"])
    // Only this field is put back: the condition and its mirror stay unavailable until the next pass (section 12.2).
    if originally.isAvailable {
      promise.object.json.set(.string(PromiseConditions.isAvailable), at: ["status", "status"])
    }
    try await writeStatus(&promise)
    return .done
  }

  /// WorksSucceeded, Reconciled and the counters. - Returns: whether there was anything to write.
  private func writeOutcome(_ promise: inout Promise) async throws -> Bool {
    let works = try await api.listAll(
      .works, namespace: KratixNames.systemNamespace,
      labelSelector: "\(KratixLabels.promiseName)=\(promise.name),\(KratixLabels.workType)=promise"
    ).items
    let now = context.now
    var isChanged = false
    let current = promise.object.condition(KratixConditions.worksSucceeded)
    if let change = WorksSummary(works).change(from: current, owner: .promise) {
      promise.object.setCondition(change.condition, now: now)
      if let note = change.note {
        await record(change.isWarning ? .warning : .normal, change.condition.reason, note, on: promise.object)
      }
      isChanged = true
    }
    if let reconciled = ReconciledCondition.change(of: promise.object) {
      promise.object.setCondition(reconciled, now: now)
      if reconciled.status == .true {
        await record(.normal, "ReconcileSucceeded", "Successfully reconciled", on: promise.object)
      }
      isChanged = true
    }
    let count = Int64(promise.pipelines(.promise, .configure).count)
    let succeeded = promise.object.hasCondition(KratixConditions.configureWorkflowCompleted) ? count : 0
    if promise.object.workflowCounter("workflows") != count
      || promise.object.workflowCounter("workflowsSucceeded") != succeeded
    {
      promise.object.json.set(.int(count), at: ["status", "workflows"])
      promise.object.json.set(.int(succeeded), at: ["status", "workflowsSucceeded"])
      promise.object.json.set(0, at: ["status", "workflowsFailed"])
      isChanged = true
    }
    if isChanged { try await writeStatus(&promise) }
    return isChanged
  }
}
