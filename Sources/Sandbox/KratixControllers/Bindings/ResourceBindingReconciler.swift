import KratixModel
import Kubernetes

/// Asks a resource to reconcile when its binding wants another version than it is at (contract, section 6.2).
struct ResourceBindingReconciler: Reconciler {
  var context: ControllerContext

  static func controller(_ context: ControllerContext) -> Controller {
    Controller(
      name: "resourcebinding", sources: [.objects(.resourceBindings)],
      reconciler: ResourceBindingReconciler(context: context))
  }

  func reconcile(_ key: ObjectKey) async throws -> ReconcileResult {
    let api = context.api
    guard let object = try await api.find(.resourceBindings, namespace: key.namespace, name: key.name) else {
      return .done
    }
    var binding = ResourceBinding(object)
    guard let promise = try await api.find(.promises, namespace: nil, name: binding.promiseName).map(Promise.init)
    else { throw ReconcileError("failed to get promise \(binding.promiseName)") }
    guard let type = promise.api?.resourceType else {
      throw ReconcileError("failed to get gvk for promise \(promise.name)")
    }
    guard
      var resource = try await api.find(
        type, namespace: binding.resourceNamespace, name: binding.resourceName)
    else { throw ReconcileError("failed to get resource request \(binding.resourceName)") }
    // A resource of an unversioned Promise, or one that never succeeded, has no upgrades.
    guard let current = ResourceRequest(resource).promiseVersion, !current.isEmpty, current != KratixNames.unversioned
    else { return .done }

    let desired =
      binding.followsLatest
      ? try RevisionResolution.resolve(
        .latest, among: try await api.revisions(ofPromise: promise.name), promise: promise.name
      ).version : binding.version
    guard
      case .drive(let labelsResource, let unlabelsBinding, let condition) = BindingUpgrade.action(
        for: binding, desired: desired, current: current)
    else { return .done }
    if labelsResource {
      resource.setLabel(KratixLabels.manualReconciliation)
      _ = try await api.update(type, resource)
    }
    if unlabelsBinding {
      binding.object.removeLabel(KratixLabels.manualReconciliation)
      binding.object = try await api.update(.resourceBindings, binding.object)
    }
    if let condition {
      binding.object.setCondition(condition, now: context.now)
      binding.object.json.set(nil, at: ["status", "failedVersion"])
      _ = try await api.updateStatus(.resourceBindings, binding.object)
    }
    return .done
  }
}
