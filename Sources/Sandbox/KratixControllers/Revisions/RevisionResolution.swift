import KratixModel
import Kubernetes

/// Which revision of its Promise a resource runs: pure rules over the revisions that carry the Promise's label
/// (contract, section 5.3).
public enum RevisionResolution {
  /// What is asked for.
  public enum Wanted: Sendable, Hashable {
    case latest
    case version(String)
  }

  /// When no revision, or more than one, is what is asked for. The text is Kratix's.
  public struct Failure: Error, Sendable, Hashable, CustomStringConvertible {
    public let description: String
  }

  /// For a configure workflow.
  public static func wanted(binding: ResourceBinding?, promiseVersion: String?) -> Wanted {
    if let binding { return binding.followsLatest ? .latest : .version(binding.version) }
    if let promiseVersion, !promiseVersion.isEmpty { return .version(promiseVersion) }
    return .latest
  }

  /// For a delete workflow: what ran last.
  public static func wantedForDelete(binding: ResourceBinding?, promiseVersion: String?) -> Wanted {
    let applied = promiseVersion.flatMap { $0.isEmpty ? nil : $0 } ?? binding?.lastAppliedVersion ?? ""
    return applied.isEmpty || applied == KratixNames.latest ? .latest : .version(applied)
  }

  public static func resolve(
    _ wanted: Wanted, among revisions: [PromiseRevision], promise: String
  ) throws(Failure) -> PromiseRevision {
    switch wanted {
    case .latest:
      // While latest moves, two revisions have the mark: the first in the list's order counts.
      guard let latest = revisions.first(where: \.isLatest) else {
        throw Failure(
          description: "cannot find any PromiseRevision for Promise \(promise) with status.latest set to true: "
            + "no latest promise revision yet")
      }
      return latest
    case .version(let version):
      let matching = revisions.filter { $0.version == version }
      guard let revision = matching.first else {
        throw Failure(
          description: "cannot find a PromiseRevision for Promise \(promise) with version \(version): "
            + "promise revision not found")
      }
      guard matching.count == 1 else {
        throw Failure(description: "multiple PromiseRevisions for Promise \(promise) with version \(version)")
      }
      return revision
    }
  }
}

extension KubernetesAPI {
  /// The revisions that carry the Promise's label.
  func revisions(ofPromise promise: String) async throws -> [PromiseRevision] {
    try await listAll(.promiseRevisions, labelSelector: "\(KratixLabels.promiseName)=\(promise)").items
      .map(PromiseRevision.init)
  }
}

/// When a finished workflow runs again by itself (contract, section 5.1).
public enum ReconciliationInterval {
  public static let minimum = GoDuration.seconds(60)

  /// The revision's annotation, when it is a duration of a minute at least; else its spec; else the configuration.
  public static func of(_ revision: PromiseRevision?, default fallback: GoDuration) -> GoDuration {
    if let text = revision?.object.annotations[KratixAnnotations.reconciliationInterval],
      let interval = GoDuration(text), interval >= minimum
    {
      return interval
    }
    return of(spec: revision?.promiseSpec ?? .null) ?? fallback
  }

  public static func of(spec: JSON) -> GoDuration? {
    spec[path: "workflows", "config", "reconciliationInterval"]?.stringValue.flatMap(GoDuration.init)
  }

  /// Whether a workflow that ended (well, or badly when failures are retried too) did so longer ago than the interval.
  public static func hasPassed(
    since completed: Condition?, interval: GoDuration, retriesFailures: Bool, now: Double
  ) -> Bool {
    guard let completed, let since = Timestamp.secondsSince1970(completed.lastTransitionTime),
      completed.status == .true || (retriesFailures && completed.isWorkflowFailed)
    else { return false }
    return now - since > interval.seconds
  }
}
