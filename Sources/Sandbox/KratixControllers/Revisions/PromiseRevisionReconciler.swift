import KratixModel
import Kubernetes

/// Keeps `status.latest` where the label asks for it, and deletes the resources that are bound to a revision that is
/// deleted (contract, sections 4.6 and 6.8).
struct PromiseRevisionReconciler: Reconciler {
  var context: ControllerContext

  private var api: any KubernetesAPI { context.api }

  static func controller(_ context: ControllerContext) -> Controller {
    Controller(
      name: "promiserevision", sources: [.objects(.promiseRevisions)],
      reconciler: PromiseRevisionReconciler(context: context))
  }

  func reconcile(_ key: ObjectKey) async throws -> ReconcileResult {
    guard var object = try await api.find(.promiseRevisions, namespace: nil, name: key.name) else { return .done }
    let skipsCleanup = object.annotations[KratixAnnotations.skipResourceRequestCleanup] == KratixLabels.yes
    if object.isBeingDeleted { return try await delete(object, skipsCleanup: skipsCleanup) }
    if !skipsCleanup, !object.finalizers.contains(KratixFinalizers.resourceRequestCleanup) {
      object.finalizers.append(KratixFinalizers.resourceRequestCleanup)
      object = try await api.update(.promiseRevisions, object)
    }
    let revision = PromiseRevision(object)
    guard let promise = object.labels[KratixLabels.promiseName] else {
      object.labels[KratixLabels.promiseName] = revision.promiseName
      _ = try await api.update(.promiseRevisions, object)
      return .done
    }
    guard object.hasLabel(KratixLabels.latestRevision) else {
      if revision.isLatest {
        object.json.set(nil, at: ["status", "latest"])
        _ = try await api.updateStatus(.promiseRevisions, object)
      }
      return .done
    }
    if revision.isLatest { return .done }
    for sibling in try await api.revisions(ofPromise: promise) where sibling.name != object.name {
      var other = sibling.object
      guard other.labels[KratixLabels.latestRevision] != nil else { continue }
      other.removeLabel(KratixLabels.latestRevision)
      _ = try await api.update(.promiseRevisions, other)
    }
    object.json.set(true, at: ["status", "latest"])
    _ = try await api.updateStatus(.promiseRevisions, object)
    return .done
  }

  private func delete(_ object: KubernetesObject, skipsCleanup: Bool) async throws -> ReconcileResult {
    guard object.finalizers.contains(KratixFinalizers.resourceRequestCleanup) else { return .done }
    if !skipsCleanup, try await deleteBoundResources(PromiseRevision(object)) {
      return .requeue(after: context.pace.fastRequeue)
    }
    var object = object
    object.finalizers.removeAll { $0 == KratixFinalizers.resourceRequestCleanup }
    _ = try await api.update(.promiseRevisions, object)
    return .done
  }

  /// Deletes every resource whose binding asks for exactly this version. - Returns: whether any binding was left.
  private func deleteBoundResources(_ revision: PromiseRevision) async throws -> Bool {
    // The revision carries a copy of the spec, for when the Promise is gone already.
    let live = try await api.find(.promises, namespace: nil, name: revision.promiseName).map(Promise.init)
    let spec = live?.spec ?? revision.promiseSpec
    let api = spec["api"].map { PromiseAPI(KubernetesObject($0)) }
    let bindings = try await self.api.listAll(
      .resourceBindings, labelSelector: "\(KratixLabels.promiseName)=\(revision.promiseName)"
    ).items.map(ResourceBinding.init).filter { $0.version == revision.version }
    for binding in bindings {
      if let type = api?.resourceType,
        let resource = try await self.api.find(
          type, namespace: binding.resourceNamespace, name: binding.resourceName)
      {
        if !resource.isBeingDeleted { try await self.api.deleteIgnoringAbsence(type, resource) }
      } else {
        try await self.api.deleteIgnoringAbsence(.resourceBindings, binding.object)
      }
    }
    return !bindings.isEmpty
  }
}
