import KratixModel
import Kubernetes

// The deletion of a Promise, a finalizer a pass (contract, section 4.8).
extension PromiseReconciler {
  func delete(_ promise: Promise) async throws -> ReconcileResult {
    let again = ReconcileResult.requeue(after: context.pace.fastRequeue)
    let finalizers = promise.object.finalizers
    if finalizers.contains(KratixFinalizers.deleteWorkflows) { return try await runDeleteWorkflow(promise) }
    let label = "\(KratixLabels.promiseName)=\(promise.name)"

    if finalizers.contains(KratixFinalizers.workflowsCleanup) {
      let selector = "\(label),\(KratixLabels.workflowType)=\(WorkflowType.promise.rawValue)"
      if try await deleteAll(.jobs, selector) { try await remove(KratixFinalizers.workflowsCleanup, from: promise) }
      return again
    }
    if finalizers.contains(KratixFinalizers.resourceRequestCleanup) {
      try await deleteResources(of: promise)
      return again
    }
    if finalizers.contains(KratixFinalizers.revisionCleanup) {
      _ = try await deleteAll(.promiseRevisions, label)
      try await remove(KratixFinalizers.revisionCleanup, from: promise)
      return again
    }
    await dynamicControllers.stop(promise: promise.name)

    if finalizers.contains(KratixFinalizers.dynamicControllerCleanup) {
      for kind in [
        ResourceType.clusterRoleBindings, .clusterRoles, .roleBindings, .roles, .serviceAccounts, .configMaps,
      ] {
        guard try await deleteAll(kind, label) else { return again }
      }
      try await remove(KratixFinalizers.dynamicControllerCleanup, from: promise)
      return again
    }
    if finalizers.contains(KratixFinalizers.dependenciesCleanup) {
      if try await deleteAll(.works, label) { try await remove(KratixFinalizers.dependenciesCleanup, from: promise) }
      return again
    }
    if finalizers.contains(KratixFinalizers.apiCRDCleanup) {
      if let name = promise.api?.definition.name, !name.isEmpty,
        let definition = try await api.find(.customResourceDefinitions, namespace: nil, name: name)
      {
        if !definition.isBeingDeleted { try await api.deleteIgnoringAbsence(.customResourceDefinitions, definition) }
      } else {
        try await remove(KratixFinalizers.apiCRDCleanup, from: promise)
      }
      return again
    }
    return .done
  }

  private func runDeleteWorkflow(_ start: Promise) async throws -> ReconcileResult {
    var promise = start
    let again = ReconcileResult.requeue(after: context.pace.defaultRequeue)
    let configuring = try await api.listAll(
      .jobs,
      labelSelector: "\(KratixLabels.promiseName)=\(promise.name),\(KratixLabels.workflowType)=resource,"
        + "\(KratixLabels.workflowAction)=configure")
    if configuring.items.contains(where: { WorkflowJob($0).state == .running }) { return again }

    let factory = PipelineFactory(
      promise: promise, resource: nil, action: .delete, configuration: context.configuration)
    let runs = try factory.runs()
    if let result = try await handleSuspension(of: &promise, pipelines: runs.map(\.name)) {
      if promise.object.hasLabel(KratixLabels.workflowSuspended),
        promise.object.condition(KratixConditions.deleteWorkflowCompleted)?.says(WorkflowConditions.deleteSuspended)
          != true
      {
        promise.object.setCondition(WorkflowConditions.deleteSuspended, now: context.now)
        try await writeStatus(&promise)
      }
      return result
    }
    var subject = subject(promise, factory)
    do {
      guard try await WorkflowEngine(context: context).reconcileDelete(&subject, runs) == .finished else {
        return again
      }
    } catch let failure as DeletePipelineFailed {
      await record(.warning, "Failed Pipeline", "The Delete Pipeline has failed", on: subject.object)
      var failed = Promise(subject.object).typed
      failed.object.setCondition(WorkflowConditions.deleteFailed, now: context.now)
      try await writeStatus(&failed)
      throw failure
    }
    try await remove(KratixFinalizers.deleteWorkflows, from: Promise(subject.object).typed)
    return .done
  }

  private func deleteResources(of promise: Promise) async throws {
    guard let type = promise.api?.resourceType else {
      return try await remove(KratixFinalizers.resourceRequestCleanup, from: promise)
    }
    let resources: [KubernetesObject]
    do {
      resources = try await api.listAll(type).items
    } catch let error as StatusError where error.reason == .notFound {
      // The kind is not served: it never was, or somebody deleted the definition.
      resources = []
    }
    if resources.isEmpty { return try await remove(KratixFinalizers.resourceRequestCleanup, from: promise) }
    for resource in resources where !resource.isBeingDeleted {
      try await api.deleteIgnoringAbsence(type, resource, propagation: .background)
    }
    await dynamicControllers.ensureStarted(promise: promise.name, type: type, requirementsAreMet: false)
  }

  /// - Returns: whether there was nothing left to delete.
  private func deleteAll(_ type: ResourceType, _ selector: String) async throws -> Bool {
    let objects = try await api.listAll(type, labelSelector: selector).items
    for object in objects where !object.isBeingDeleted {
      try await api.deleteIgnoringAbsence(type, object, propagation: .background)
    }
    return objects.isEmpty
  }

  private func remove(_ finalizer: String, from promise: Promise) async throws {
    var object = promise.object
    object.finalizers.removeAll { $0 == finalizer }
    do {
      _ = try await api.update(.promises, object)
    } catch let error as StatusError where error.reason == .notFound {
    }
  }
}
