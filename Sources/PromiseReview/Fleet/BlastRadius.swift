import KratixModel
import Kubernetes

/// What an update of a Promise sets in motion: Kratix reconciles every resource again at once, pinned ones at their own
/// version (contract, section 6.1).
public struct BlastRadius: Sendable, Hashable {
  public struct Resource: Sendable, Hashable {
    /// `namespace/name`.
    public var name: String
    /// The version of its last successful run; nil when there was none.
    public var version: String?
    /// The version that its binding asks for, unless it follows the latest.
    public var pinnedTo: String?
    public var isPaused: Bool
  }

  public var promise: String
  /// The versions of the live Promise and of the candidate.
  public var from: String
  public var to: String
  /// Every resource that will be reconciled, by name. Empty when the update makes nothing run.
  public var resources: [Resource]

  public init(candidate: Promise, live: Promise, fleet: FleetEvidence) {
    promise = candidate.name
    from = live.revisionVersion
    to = candidate.revisionVersion
    guard
      candidate.spec != live.spec, PromiseSpec.normalized(candidate.spec) != PromiseSpec.normalized(live.spec)
    else {
      resources = []
      return
    }
    let pins = Dictionary(
      fleet.bindings.filter { !$0.followsLatest }.map { ("\($0.resourceNamespace)/\($0.resourceName)", $0.version) },
      uniquingKeysWith: { first, _ in first })
    resources = fleet.resources.map { resource in
      let name = resource.object.qualifiedName
      return Resource(
        name: name, version: resource.promiseVersion, pinnedTo: pins[name], isPaused: resource.isPaused)
    }
  }

  public var pinned: [Resource] { resources.filter { $0.pinnedTo != nil } }

  /// How many resources run each version, the most frequent first; nil stands for those that never ran.
  public var versions: [(version: String?, count: Int)] {
    Dictionary(grouping: resources, by: \.version).map { (version: $0.key, count: $0.value.count) }
      .sorted { ($1.count, $0.version ?? "") < ($0.count, $1.version ?? "") }
  }

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
