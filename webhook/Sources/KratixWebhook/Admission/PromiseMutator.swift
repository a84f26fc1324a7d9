import KratixModel
import Kubernetes

/// `/mutate/promise`: content hashes, and the request to run everything again.
struct PromiseMutator: Sendable {
  func answer(_ review: AdmissionReview) -> AdmissionAnswer {
    guard review.operation == .create || review.operation == .update, let object = review.object,
      !object.isBeingDeleted, object.spec?.objectValue != nil
    else { return .allowed }
    var patch = MetadataPatch(of: object)
    let hash = ContentHash.of(spec: object.spec ?? .emptyObject)
    patch.annotate(UpgradeAnnotations.contentHash, hash)
    if let old = review.oldObject {
      let oldHash = ContentHash.of(spec: old.spec ?? .emptyObject)
      // An apply by another manager may drop the annotation: what the old object says goes on.
      let previous = oldHash == hash ? old.annotations[UpgradeAnnotations.previousContentHash] : oldHash
      if let previous { patch.annotate(UpgradeAnnotations.previousContentHash, previous) }
      let requested = object.annotations[UpgradeAnnotations.reconcileRequested]
      if let requested, requested != old.annotations[UpgradeAnnotations.reconcileRequested] {
        patch.label(KratixLabels.reconcileResources, KratixLabels.yes)
      }
    }
    return AdmissionAnswer(isAllowed: true, patch: patch.operations)
  }
}
