import KratixModel

/// Where a fleet stands, as far as every review of its Promise asks: worked out once for a fleet, not once a review.
public struct FleetStanding: Sendable, Hashable {
  public struct Resource: Sendable, Hashable {
    /// `namespace/name`.
    public var name: String
    /// The version of its last successful run; nil when there was none.
    public var version: String?
    /// The version that its binding asks for, unless it follows the latest.
    public var pinnedTo: String?
    public var isPaused: Bool
  }

  public struct Running: Sendable, Hashable {
    /// nil stands for resources that never ran.
    public var version: String?
    public var count: Int
  }

  /// By name.
  public private(set) var resources: [Resource] = []
  public private(set) var pinned: [Resource] = []
  /// How many resources run each version, the most frequent first.
  public private(set) var versions: [Running] = []
  /// The resources whose upgrade is under way, as `namespace/name`, sorted.
  public private(set) var moving: [String] = []

  /// Of a fleet without resources.
  init() {}

  /// - Parameter resources: by name.
  init(resources: [ResourceRequest], bindings: [ResourceBinding]) {
    func name(_ binding: ResourceBinding) -> String { "\(binding.resourceNamespace)/\(binding.resourceName)" }
    let pins = Dictionary(
      bindings.filter { !$0.followsLatest }.map { (name($0), $0.version) }, uniquingKeysWith: { first, _ in first })
    self.resources = resources.map { resource in
      let name = resource.object.qualifiedName
      return Resource(
        name: name, version: resource.promiseVersion, pinnedTo: pins[name], isPaused: resource.isPaused)
    }
    pinned = self.resources.filter { $0.pinnedTo != nil }
    versions = Dictionary(grouping: self.resources, by: \.version).map {
      Running(version: $0.key, count: $0.value.count)
    }
    .sorted { ($1.count, $0.version ?? "") < ($0.count, $1.version ?? "") }
    moving = bindings.filter { $0.upgrade?.status == .unknown }.map(name).sorted()
  }
}
