import KratixModel
import Kubernetes

/// What an update of a Promise sets in motion: Kratix reconciles every resource again at once, pinned ones at their own
/// version (contract, section 6.1).
public struct BlastRadius: Sendable, Hashable {
  public typealias Resource = FleetStanding.Resource

  public var promise: String
  /// The versions of the live Promise and of the candidate.
  public var from: String
  public var to: String
  /// Of those that will be reconciled: all, or none when the update makes nothing run.
  private var standing: FleetStanding

  public init(candidate: Promise, live: Promise, fleet: FleetEvidence) {
    promise = candidate.name
    from = live.revisionVersion
    to = candidate.revisionVersion
    guard
      candidate.spec != live.spec, PromiseSpec.normalized(candidate.spec) != PromiseSpec.normalized(live.spec)
    else {
      standing = FleetStanding()
      return
    }
    standing = fleet.standing
  }

  /// Every resource that will be reconciled, by name.
  public var resources: [Resource] { standing.resources }

  public var pinned: [Resource] { standing.pinned }

  /// How many resources run each version, the most frequent first.
  public var versions: [FleetStanding.Running] { standing.versions }

  /// The longest text that an API server passes on as one warning whole (AdmissionResponse.warnings).
  public static let warningLimit = 256

  /// Lines for the person who applies the Promise, each within `warningLimit` as far as names allow it.
  public var warnings: [String] {
    guard !resources.isEmpty else { return [] }
    let move = from == to ? "at version \(to)" : "from \(from) to \(to)"
    var lines = ["\(promise) \(move): \(NameList.count(resources.count, "resource")) will be reconciled"]
    let running = versions.prefix(5).map { "\($0.count) at \($0.version ?? "no version yet")" }
    lines.append(
      "they run: \(running.joined(separator: ", "))\(versions.count > 5 ? ", ..." : ""); "
        + (pinned.isEmpty ? "none is pinned" : "\(pinned.count) pinned, which run again at their own version"))
    var line = "reconciled: "
    var isFirst = true
    for name in resources.prefix(NameList.limit).map(\.name) {
      if !isFirst, line.utf8.count + name.utf8.count + 2 > Self.warningLimit - 24 {
        lines.append(line)
        line = "reconciled: "
        isFirst = true
      }
      line += isFirst ? name : ", \(name)"
      isFirst = false
    }
    if resources.count > NameList.limit { line += ", ... and \(resources.count - NameList.limit) more" }
    lines.append(line)
    return lines
  }
}
