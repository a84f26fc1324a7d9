import KratixModel
import Kubernetes

// What is left when the workflow has ended (contract, section 5.1, steps 16 to 21).
extension ResourceRequestReconciler {
  func finish(_ start: KubernetesObject, _ pass: Pass, pipelines: Int) async throws -> ReconcileResult {
    var object = start
    if ResourceRequest(object).observedGeneration ?? -1 != object.generation {
      object.json.set(.int(object.generation), at: ["status", "observedGeneration"])
      _ = try await api.updateStatus(type, object)
      return .done
    }
    guard pipelines > 0 else { return try await finishWithoutPipelines(object, pass) }
    if try await writeStatus(&object, pass, pipelines: pipelines) { return .done }
    try await syncBinding(object, attempted: pass.revision.version)

    guard let completed = object.condition(KratixConditions.configureWorkflowCompleted),
      completed.status == .true, completed.reason == "PipelinesExecutedSuccessfully"
    else { return .done }
    let time = JSON.string(completed.lastTransitionTime)
    let key = "lastSuccessfulConfigureWorkflowTime"
    guard
      object.json[path: "status", key] != time || object.json[path: "status", "kratix", "workflows", key] != time
    else { return .requeue(after: pass.interval.duration) }
    object.json.set(time, at: ["status", key])
    object.json.set(time, at: ["status", "kratix", "workflows", key])
    _ = try await api.updateStatus(type, object)
    return .done
  }

  private func finishWithoutPipelines(_ start: KubernetesObject, _ pass: Pass) async throws -> ReconcileResult {
    var object = start
    let changesVersion = await setVersions(&object, pass)
    try await syncBindingWithoutPipelines(object)
    if changesVersion {
      _ = try await api.updateStatus(type, object)
      return .done
    }
    let counters = ["workflows", "workflowsSucceeded", "workflowsFailed"]
    if counters.contains(where: { object.workflowCounter($0) != 0 }) {
      for counter in counters { object.json.set(0, at: ["status", counter]) }
      object.json.set(nil, at: ["status", "kratix", "workflows", "pipelines"])
      _ = try await api.updateStatus(type, object)
    }
    return .requeue(after: pass.interval.duration)
  }

  /// Works, reconciled, counters and versions in one write. - Returns: whether there was anything to write.
  private func writeStatus(_ object: inout KubernetesObject, _ pass: Pass, pipelines: Int) async throws -> Bool {
    var selector =
      "\(KratixLabels.promiseName)=\(promiseName),\(KratixLabels.workType)=\(WorkflowType.resource.rawValue),"
      + "\(KratixLabels.resourceName)=\(object.name)"
    if pass.promise.pipelineNamespace != nil, let namespace = object.namespace {
      selector += ",\(KratixLabels.resourceNamespace)=\(namespace)"
    }
    // Looked for beside the resource, also when pipelines run elsewhere (contract, section 12.3).
    let works = try await api.listAll(.works, namespace: object.namespace, labelSelector: selector).items
    let now = context.now
    var isChanged = false
    let current = object.condition(KratixConditions.worksSucceeded)
    if let change = WorksSummary(works).change(from: current, owner: .resource) {
      object.setConditionSorted(change.condition, now: now)
      if let note = change.note {
        await record(change.isWarning ? .warning : .normal, change.condition.reason, note, on: object)
      }
      isChanged = true
    }
    if let reconciled = ReconciledCondition.change(of: object) {
      object.setConditionSorted(reconciled, now: now)
      if reconciled.status == .true {
        await record(.normal, "ReconcileSucceeded", "Successfully reconciled", on: object)
      }
      isChanged = true
    }
    let count = Int64(pipelines)
    let succeeded = object.hasCondition(KratixConditions.configureWorkflowCompleted) ? count : 0
    if object.workflowCounter("workflows") != count || object.workflowCounter("workflowsSucceeded") != succeeded {
      object.json.set(.int(count), at: ["status", "workflows"])
      object.json.set(.int(succeeded), at: ["status", "workflowsSucceeded"])
      object.json.set(0, at: ["status", "workflowsFailed"])
      isChanged = true
    }
    if await setVersions(&object, pass) { isChanged = true }
    if isChanged { object = try await api.updateStatus(type, object) }
    return isChanged
  }

  private func setVersions(_ object: inout KubernetesObject, _ pass: Pass) async -> Bool {
    let request = ResourceRequest(object)
    var isChanged = false
    if request.promiseVersion != pass.revision.version {
      object.json.set(.string(pass.revision.version), at: ["status", "promiseVersion"])
      await record(
        .normal, "ReconcileSucceeded",
        "Resource request reconciled with promise \(pass.revision.promiseName) version \(pass.revision.version)",
        on: object)
      isChanged = true
    }
    if request.resourceBindingVersion != pass.bindingVersion {
      object.json.set(.string(pass.bindingVersion), at: ["status", "resourceBindingVersion"])
      await record(
        .normal, "ResourceBindingVersionUpdated", "Resource binding version updated to \(pass.bindingVersion)",
        on: object)
      isChanged = true
    }
    return isChanged
  }
}
