import KratixModel
import Kubernetes

/// `/mutate/resource`: which revision a resource is bound to, and whether it has to run again.
struct ResourceMutator: Sendable {
  let fleet: FleetCache

  func answer(_ review: AdmissionReview) -> AdmissionAnswer {
    guard review.operation == .create || review.operation == .update, let object = review.object,
      !object.isBeingDeleted, let promise = fleet.promise(servingGroup: review.group, plural: review.resource),
      let revision = fleet.revision(forResource: object, namespace: review.namespace, ofPromise: promise)
    else { return .allowed }
    var patch = MetadataPatch(of: object)
    patch.annotate(UpgradeAnnotations.revision, revision.name)
    patch.annotate(UpgradeAnnotations.revisionHash, revision.contentHash)
    if let old = review.oldObject, hasToRun(object, old: old, hash: revision.contentHash, user: review.userName) {
      patch.label(KratixLabels.manualReconciliation, KratixLabels.yes)
    }
    return AdmissionAnswer(isAllowed: true, patch: patch.operations)
  }

  /// It ran with another hash, and nothing else makes Kratix run it: no new spec, no label that asks for it already, no
  /// write of Kratix's own that is part of a run.
  private func hasToRun(
    _ object: KubernetesObject, old: KubernetesObject, hash: String, user: String
  ) -> Bool {
    guard let lastHash = old.annotations[UpgradeAnnotations.revisionHash], lastHash != hash else { return false }
    guard !Actors.isKratix(user), object.spec == old.spec else { return false }
    let resource = ResourceRequest(object)
    return !resource.isPaused && !resource.isSuspended && object.labels[KratixLabels.runFromStart] == nil
  }
}
