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
    if let old = review.oldObject, old.spec == object.spec, !Actors.isKratix(review.userName),
      RunRecord.isBehind(old, revision), RunRecord.mayBeMarked(object)
    {
      patch.label(KratixLabels.manualReconciliation, KratixLabels.yes)
    }
    return AdmissionAnswer(isAllowed: true, patch: patch.operations)
  }
}

/// What a resource says of its last run.
enum RunRecord {
  /// Whether its revision was overwritten after it ran, and Kratix has not run it since. Another revision is another
  /// matter: Kratix follows that by itself (contract, section 6.1).
  static func isBehind(_ resource: KubernetesObject, _ revision: CachedRevision) -> Bool {
    guard resource.annotations[UpgradeAnnotations.revision] == revision.name,
      let hash = resource.annotations[UpgradeAnnotations.revisionHash], hash != revision.contentHash,
      ResourceRequest(resource).promiseVersion == revision.version
    else { return false }
    let ran = resource[path: "status", "lastSuccessfulConfigureWorkflowTime"]?.stringValue
      .flatMap(Timestamp.secondsSince1970)
    guard let ran, let written = revision.writtenAt else { return true }
    return ran < written
  }

  /// A paused or parked resource is somebody's wish, and one that is to run already needs no second mark.
  static func mayBeMarked(_ object: KubernetesObject) -> Bool {
    let resource = ResourceRequest(object)
    return !resource.isPaused && !resource.isSuspended && object.labels[KratixLabels.runFromStart] == nil
  }
}
