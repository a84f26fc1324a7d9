import KratixModel
import Kubernetes

// The deletion of a resource, a finalizer a pass (contract, section 5.8).
extension ResourceRequestReconciler {
  func delete(_ object: KubernetesObject, promise: Promise) async throws -> ReconcileResult {
    let again = ReconcileResult.requeue(after: context.pace.fastRequeue)
    let factory = PipelineFactory(
      promise: promise, resource: object, action: .delete, configuration: context.configuration)
    if object.finalizers.contains(KratixFinalizers.deleteWorkflows) {
      return try await runDeleteWorkflow(object, factory)
    }
    if object.finalizers.contains(KratixFinalizers.workCleanup) {
      let works = try await api.listAll(
        .works, namespace: factory.namespace,
        labelSelector: "\(KratixLabels.promiseName)=\(promiseName),\(KratixLabels.resourceName)=\(object.name)")
      try await deleteAll(works.items, .works, thenRemove: KratixFinalizers.workCleanup, from: object)
      return again
    }
    if object.finalizers.contains(KratixFinalizers.workflowsCleanup) {
      var selector =
        "\(KratixLabels.promiseName)=\(promiseName),\(KratixLabels.resourceName)=\(object.name),"
        + "\(KratixLabels.workflowType)=\(WorkflowType.resource.rawValue)"
      if factory.namespace != object.namespace, let namespace = object.namespace {
        selector += ",\(KratixLabels.resourceNamespace)=\(namespace)"
      }
      // Kratix looks in all namespaces and so deletes the Jobs of namesakes; that fault is not imitated.
      let jobs = try await api.listAll(.jobs, namespace: factory.namespace, labelSelector: selector)
      try await deleteAll(jobs.items, .jobs, thenRemove: KratixFinalizers.workflowsCleanup, from: object)
      return again
    }
    return again
  }

  /// The last step, which asks for no revision: one that is being deleted takes its resources with it, and is gone as
  /// soon as their bindings are. Kratix looks for it all the same, and keeps the resource when it comes too late; that
  /// fault is not imitated.
  func releaseBinding(of object: KubernetesObject, _ binding: ResourceBinding?) async throws -> ReconcileResult {
    let again = ReconcileResult.requeue(after: context.pace.fastRequeue)
    if let binding {
      try await api.deleteIgnoringAbsence(.resourceBindings, binding.object)
    } else if object.finalizers.contains(KratixFinalizers.resourceBindingCleanup) {
      try await remove(KratixFinalizers.resourceBindingCleanup, from: object)
    } else {
      return .done
    }
    return again
  }

  private func runDeleteWorkflow(
    _ object: KubernetesObject, _ factory: PipelineFactory
  ) async throws -> ReconcileResult {
    let runs = try factory.runs()
    if let result = try await handleSuspension(of: object, pipelines: runs.map(\.name)) { return result }
    var subject = subject(object, factory)
    do {
      guard try await WorkflowEngine(context: context).reconcileDelete(&subject, runs) == .finished else {
        return .requeue(after: context.pace.defaultRequeue)
      }
    } catch let failure as DeletePipelineFailed {
      await record(.warning, "Failed Pipeline", "The Delete Pipeline has failed", on: subject.object)
      _ = try await set(WorkflowConditions.deleteFailed, on: subject.object)
      throw failure
    }
    try await remove(KratixFinalizers.deleteWorkflows, from: subject.object)
    return .done
  }

  private func deleteAll(
    _ objects: [KubernetesObject], _ kind: ResourceType, thenRemove finalizer: String, from object: KubernetesObject
  ) async throws {
    if objects.isEmpty { return try await remove(finalizer, from: object) }
    for leftover in objects where !leftover.isBeingDeleted {
      try await api.deleteIgnoringAbsence(kind, leftover, propagation: kind == .jobs ? .background : nil)
    }
  }

  private func remove(_ finalizer: String, from object: KubernetesObject) async throws {
    var object = object
    object.finalizers.removeAll { $0 == finalizer }
    do {
      _ = try await api.update(type, object)
    } catch let error as StatusError where error.reason == .notFound {
    }
  }
}
