import KratixModel
import Kubernetes
import PromiseReview

/// `/validate/promise`: the rules of `PromiseReview` with the live fleet as evidence, and the blast radius as warnings.
struct PromiseValidator: Sendable {
  let fleet: FleetCache
  let settings: ReviewSettings
  private let memo = PromiseReview.APIMemo()

  init(fleet: FleetCache, settings: ReviewSettings) {
    self.fleet = fleet
    self.settings = settings
  }

  func answer(_ review: AdmissionReview) async -> (answer: AdmissionAnswer, findings: [Finding]) {
    guard review.operation == .create || review.operation == .update, !Actors.isKratix(review.userName),
      let object = review.object
    else { return (.allowed, []) }
    if review.isDryRun, let word = object.annotations[PathCheck.annotation] {
      return (AdmissionAnswer(isAllowed: true, warnings: [PathCheck.warning(word)]), [])
    }
    let candidate = Promise(object)
    let live = review.operation == .update ? review.oldObject.map(Promise.init) : nil
    // Somebody who removes the last finalizers must not be held up.
    guard !object.isBeingDeleted else { return (.allowed, []) }
    if let live, live.spec == candidate.spec, live.version == candidate.version { return (.allowed, []) }
    await fleet.waitUntilSynced()
    let evidence = live.flatMap { fleet.evidence(forPromise: $0.name) }
    let findings = PromiseReview.review(
      candidate: candidate, live: live, fleet: evidence, platform: fleet.platform(), settings: settings,
      memo: memo)
    var answer = Self.answer(findings, candidate: candidate, live: live, evidence: evidence)
    if let type = live?.api?.resourceType, evidence == nil {
      answer.warnings.insert(
        "the webhook may not read \(type.qualifiedResource), so that nobody knows whom this update affects; give it a "
          + "ClusterRole with the label upgrade.kratix.io/aggregate-to-webhook=true, or add \(type.group) to its "
          + "chart's promiseAPIGroups", at: 0)
    }
    return (answer, findings)
  }

  /// More warnings than that nobody reads, and the API server cuts them.
  private static let warningLimit = 20

  private static func answer(
    _ findings: [Finding], candidate: Promise, live: Promise?, evidence: FleetEvidence?
  ) -> AdmissionAnswer {
    let denials = findings.filter { $0.severity == .deny }
    var answer = AdmissionAnswer.allowed
    if !denials.isEmpty { answer = .denied(DenialText.text(denials)) }
    if denials.isEmpty, let live, let evidence {
      answer.warnings = BlastRadius(candidate: candidate, live: live, fleet: evidence).warnings
    }
    let warnings = findings.filter { $0.severity == .warn }.map { "\($0.text) [\($0.rule.rawValue)]" }
    answer.warnings += warnings.prefix(warningLimit)
    if warnings.count > warningLimit {
      answer.warnings.append("... and \(warnings.count - warningLimit) more warnings")
    }
    let fired = Set(findings.filter { $0.severity > .info }.map(\.rule.rawValue))
    if !fired.isEmpty { answer.audit["rules"] = fired.sorted().joined(separator: ",") }
    let allowed = AllowAnnotation.rules(of: candidate, live: live).map(\.rawValue)
    if !allowed.isEmpty { answer.audit["allowed-by-annotation"] = allowed.sorted().joined(separator: ",") }
    return answer
  }
}

/// A refusal as a person reads it.
enum DenialText {
  static func text(_ denials: [Finding]) -> String {
    let lines = denials.map { "\($0.text) [\($0.rule.rawValue)]\n  \($0.remedy)" }
    let ids = Set(denials.map(\.rule.rawValue)).sorted().joined(separator: ",")
    let way = "To go ahead all the same, annotate the Promise with \(AllowAnnotation.key)=\(ids)."
    guard lines.count > 1 else { return "\(lines.joined())\n\(way)" }
    return "\(lines.count) reasons:\n" + lines.map { "* \($0)" }.joined(separator: "\n") + "\n\(way)"
  }
}
