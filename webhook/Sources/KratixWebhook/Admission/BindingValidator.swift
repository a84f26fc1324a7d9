import KratixModel
import Kubernetes
import PromiseReview

/// `/validate/resourcebinding` and `/validate/promiserevision`: what would strand or delete resources.
///
/// The cache may be a moment behind; so before it refuses, it asks the API server.
struct BindingValidator: Sendable {
  let fleet: FleetCache
  let api: any KubernetesAPI
  let settings: ReviewSettings

  func answerBinding(_ review: AdmissionReview) async -> (answer: AdmissionAnswer, findings: [Finding]) {
    guard review.operation == .create || review.operation == .update, !Actors.isKratix(review.userName),
      let object = review.object, !object.isBeingDeleted
    else { return (.allowed, []) }
    let binding = ResourceBinding(object)
    let old = review.oldObject.map(ResourceBinding.init)
    await fleet.waitUntilSynced()
    var findings: [Finding] = []
    // Ratcheting: what the binding said before is not held against another change of it.
    if old?.version != binding.version || old?.promiseName != binding.promiseName {
      findings += await version(of: binding)
    }
    if review.operation == .create { findings += await duplicates(of: binding, namespace: review.namespace) }
    return Self.decided(findings, settings: settings)
  }

  private func version(of binding: ResourceBinding) async -> [Finding] {
    guard !binding.followsLatest, !binding.promiseName.isEmpty else { return [] }
    if fleet.versions(ofPromise: binding.promiseName).contains(binding.version) { return [] }
    let revisions = try? await api.listAll(.promiseRevisions)
    let known = (revisions?.items ?? []).map(PromiseRevision.init).filter { $0.promiseName == binding.promiseName }
      .map(\.version)
    // When nobody can tell, the binding passes: this webhook must not hold up a roll-back.
    if revisions == nil || known.contains(binding.version) { return [] }
    let versions = known.sorted()
    return [
      Finding(
        .bindingVersion, path: "spec.version",
        message: "Promise \(binding.promiseName) has no revision of version \(binding.version); "
          + (versions.isEmpty ? "it has none at all" : "it has \(NameList.text(versions))"), evidence: versions)
    ]
  }

  private func duplicates(of binding: ResourceBinding, namespace: String) async -> [Finding] {
    let others = fleet.bindings(ofPromise: binding.promiseName).filter {
      $0.resourceName == binding.resourceName && $0.resourceNamespace == binding.resourceNamespace
        && $0.name != binding.name
    }
    for other in others {
      guard (try? await api.find(.resourceBindings, namespace: other.namespace, name: other.name)) ?? nil != nil else {
        continue
      }
      return [
        Finding(
          .bindingDuplicate, path: "spec.resourceRef",
          message: "resource \(binding.resourceNamespace)/\(binding.resourceName) is bound by \(other.name) already",
          evidence: [other.object.qualifiedName])
      ]
    }
    return []
  }

  func answerRevision(_ review: AdmissionReview) async -> (answer: AdmissionAnswer, findings: [Finding]) {
    guard review.operation == .delete, !Actors.isKratix(review.userName),
      !Actors.isGarbageCollector(review.userName), let object = review.oldObject
    else { return (.allowed, []) }
    let revision = PromiseRevision(object)
    await fleet.waitUntilSynced()
    // With the Promise its revisions go, and its resources before them.
    guard let promise = fleet.promise(named: revision.promiseName), !promise.object.isBeingDeleted else {
      return (.allowed, [])
    }
    let pinned = fleet.bindings(ofPromise: revision.promiseName).filter { $0.version == revision.version }
      .map { "\($0.resourceNamespace)/\($0.resourceName)" }
    let resources = fleet.evidence(forPromise: revision.promiseName)?.resources ?? []
    let ran = resources.filter { $0.promiseVersion == revision.version }.map(\.object.qualifiedName)
    var findings: [Finding] = []
    if !pinned.isEmpty {
      let names = Set(pinned).sorted()
      findings.append(
        Finding(
          .revisionInUse, path: "spec.version",
          message: "\(NameList.count(names.count, "resource")) pinned to version \(revision.version) would be deleted "
            + "with the revision: \(NameList.text(names))", evidence: names))
    }
    let needing = Set(ran).subtracting(pinned).sorted()
    if !needing.isEmpty {
      findings.append(
        Finding(
          .revisionInUse, path: "spec.version",
          message: "\(NameList.count(needing.count, "resource")) last ran version \(revision.version) and could "
            + "neither run again nor be deleted properly: \(NameList.text(needing))", evidence: needing))
    }
    return Self.decided(findings, settings: settings)
  }

  private static func decided(
    _ findings: [Finding], settings: ReviewSettings
  ) -> (answer: AdmissionAnswer, findings: [Finding]) {
    let weighed = PromiseReview.weighed(findings, settings: settings)
    let denials = weighed.filter { $0.severity == .deny }
    var answer = AdmissionAnswer.allowed
    if !denials.isEmpty {
      answer = .denied(denials.map { "\($0.text) [\($0.rule.rawValue)]\n\($0.remedy)" }.joined(separator: "\n"))
    }
    answer.warnings = weighed.filter { $0.severity == .warn }.map { "\($0.text) [\($0.rule.rawValue)]" }
    let fired = Set(weighed.filter { $0.severity > .info }.map(\.rule.rawValue))
    if !fired.isEmpty { answer.audit["rules"] = fired.sorted().joined(separator: ",") }
    return (answer, weighed)
  }
}
