import KratixModel
import Kubernetes

/// The rules about a Promise, and about a change of one. Pure: everything they look at is handed in.
public enum PromiseReview {
  /// What reviews found about APIs. An API is the largest part of a Promise and the dearest to look at; most updates leave
  /// it as it is, and the live Promise has it too.
  public typealias APIMemo = Memo<JSON, [Finding]>

  /// Bytes: a Promise that is written in fewer is not too large, whatever else it has. Escapes make a text at most six
  /// times as long.
  public static let smallSize = MetadataRules.annotationLimit / 6

  /// What the rules have to say, the gravest first.
  ///
  /// - Parameters:
  ///   - candidate: the Promise as it is to be.
  ///   - live: the Promise as it is; nil when it is new. What was already wrong with it is not a reason to refuse the
  ///     candidate: such findings weigh one step less.
  ///   - fleet: what is live of the Promise. Without it, a breaking change is denied because nobody can tell whom it
  ///     breaks; with it, only when it breaks somebody.
  ///   - platform: what else is installed; without it the rules about that are silent.
  ///   - settings: severities that the platform chose. The candidate's annotation `upgrade.kratix.io/allow` turns
  ///     denials of the rules that it lists into warnings, for one update.
  ///   - memo: of the reviews before, for a program that makes many.
  public static func review(
    candidate: Promise, live: Promise? = nil, fleet: FleetEvidence? = nil, platform: PlatformEvidence? = nil,
    settings: ReviewSettings = ReviewSettings(), memo: APIMemo = APIMemo()
  ) -> [Finding] {
    var findings = offline(candidate, platform: platform, memo: memo)
    if let live {
      let known = Set(offline(live, platform: platform, memo: memo).map(\.identity))
      for index in findings.indices where known.contains(findings[index].identity) {
        findings[index].severity = findings[index].severity == .deny ? .warn : .info
      }
      findings += ChangeReview(candidate: candidate, live: live, fleet: fleet, platform: platform).findings()
    }
    let unknownAllowances = AllowAnnotation.entries(of: candidate, live: live).filter { RuleID(rawValue: $0) == nil }
    for entry in unknownAllowances {
      findings.append(
        Finding(
          .unknownField, path: "metadata.annotations[\(AllowAnnotation.key)]",
          message: ReviewSettings.unknownRule(entry)))
    }
    return weighed(findings, settings: settings, allowed: AllowAnnotation.rules(of: candidate, live: live))
  }

  /// Findings with the severities that the platform chose, the gravest first.
  /// - Parameter allowed: rules whose denials become warnings.
  public static func weighed(
    _ findings: [Finding], settings: ReviewSettings, allowed: Set<RuleID> = []
  ) -> [Finding] {
    let weighed = findings.compactMap { finding -> Finding? in
      var finding = finding
      if let override = settings.severities[finding.rule] {
        guard let severity = override.severity else { return nil }
        // A platform may raise a rule, but what a rule found to be less grave than usual stays so.
        finding.severity =
          finding.severity < finding.rule.defaultSeverity ? min(finding.severity, severity) : severity
      }
      if finding.severity == .deny, allowed.contains(finding.rule) { finding.severity = .warn }
      return finding
    }
    return weighed.enumerated().sorted { left, right in
      left.element.severity == right.element.severity
        ? left.offset < right.offset : left.element.severity > right.element.severity
    }.map(\.element)
  }

  /// The rules that look at one Promise by itself.
  private static func offline(_ promise: Promise, platform: PlatformEvidence?, memo: APIMemo) -> [Finding] {
    guard promise.object.kind == "Promise", promise.object.apiVersion == ResourceType.promises.apiVersion else {
      let found = "\(promise.object.apiVersion.isEmpty ? "no apiVersion" : promise.object.apiVersion), "
      return [
        Finding(
          .notAPromise, path: "kind",
          message: "this is no Promise but \(found)\(promise.object.kind.isEmpty ? "no kind" : promise.object.kind)")
      ]
    }
    var findings = MetadataRules.findings(promise)
    findings += UnknownFields.findings(promise)
    findings += memo.value(for: promise.spec["api"] ?? .null) { APIRules.findings(promise) }
    findings += WorkflowRules.findings(promise)
    findings += PlatformRules.findings(promise, platform: platform)
    return findings
  }
}
