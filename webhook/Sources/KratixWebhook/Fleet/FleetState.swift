import KratixModel
import Kubernetes
import PromiseReview

/// A revision without its bulk: what reviews need of it.
struct CachedRevision: Sendable, Hashable {
  var name: String
  var promise: String
  var version: String
  var isLatest: Bool
  var contentHash: String
  /// When its spec was last written, in seconds since 1970; nil when nobody noted it.
  var writtenAt: Double?
}

/// What the cache knows at a moment. A value: changes are pure.
struct FleetState: Sendable {
  private(set) var promises: [String: Promise] = [:]
  /// By name of the revision.
  private(set) var revisions: [String: CachedRevision] = [:]
  /// By Promise, then by `namespace/name` of the binding.
  private(set) var bindings: [String: [String: ResourceBinding]] = [:]
  private(set) var destinations: [String: Destination] = [:]
  /// By Promise, then by `namespace/name`.
  private(set) var resources: [String: [String: ResourceRequest]] = [:]
  /// The present or last rollout of each Promise.
  private(set) var rollouts: [String: RolloutNotice] = [:]
  /// Promises whose resources the webhook may not read.
  private(set) var unreadable: Set<String> = []
  /// By `group/plural` of the API.
  private(set) var promisesByAPI: [String: String] = [:]
  /// Counts the changes that reviews can see: of the resources and bindings of each Promise, and of everything else.
  private(set) var fleetVersions: [String: Int] = [:]
  private(set) var platformVersion = 0
  /// Evidence that was put together already.
  private var evidence: [String: FleetEvidence] = [:]
  private var platformEvidence: PlatformEvidence?
  private var interner = Interner()

  /// nil when nobody can say what there is.
  mutating func evidence(forPromise name: String) -> FleetEvidence? {
    if unreadable.contains(name) { return nil }
    if let known = evidence[name] { return known }
    let made = FleetEvidence(
      resources: Array((resources[name] ?? [:]).values), bindings: Array((bindings[name] ?? [:]).values),
      rollout: rollouts[name])
    evidence[name] = made
    return made
  }

  mutating func platform() -> PlatformEvidence {
    if let platformEvidence { return platformEvidence }
    let made = PlatformEvidence(
      destinations: Array(destinations.values), promises: Array(promises.values),
      revisions: revisions.values.map(Self.thin))
    platformEvidence = made
    return made
  }

  /// The rules look at a revision's Promise and version only.
  private static func thin(_ revision: CachedRevision) -> PromiseRevision {
    var object = KubernetesObject(
      apiVersion: ResourceType.promiseRevisions.apiVersion, kind: "PromiseRevision", name: revision.name)
    object.spec = ["promiseRef": ["name": .string(revision.promise)], "version": .string(revision.version)]
    return PromiseRevision(object)
  }

  func revision(ofPromise promise: String, version: String) -> CachedRevision? {
    revisions.values.first { $0.promise == promise && $0.version == version }
  }

  func latestRevision(ofPromise promise: String) -> CachedRevision? {
    let all = revisions.values.filter { $0.promise == promise }
    // For a moment two of them are (contract, section 4.6): then the one that the Promise's label names.
    let latest = all.filter(\.isLatest)
    if latest.count > 1, let version = promises[promise]?.revisionVersion,
      let named = latest.first(where: { $0.version == version })
    {
      return named
    }
    return latest.min { $0.name < $1.name }
  }

  var counts: [String: Int] {
    [
      "promises": promises.count, "promiserevisions": revisions.count, "destinations": destinations.count,
      "resourcebindings": bindings.values.reduce(0) { $0 + $1.count },
      "resources": resources.values.reduce(0) { $0 + $1.count },
    ]
  }
}

// Events.
extension FleetState {
  private mutating func fleetChanged(_ promise: String) {
    evidence[promise] = nil
    fleetVersions[promise, default: 0] += 1
  }

  private mutating func shared(_ object: KubernetesObject) -> KubernetesObject {
    KubernetesObject(interner.shared(object.json))
  }

  private mutating func platformChanged() {
    platformEvidence = nil
    platformVersion += 1
  }

  mutating func apply(_ event: ObservedEvent, to source: FleetSource) {
    switch source {
    case .promises: applyToPromises(event)
    case .revisions: applyToRevisions(event)
    case .bindings: applyToBindings(event)
    case .destinations: applyToDestinations(event)
    case .rollouts: applyToRollouts(event)
    case .resources(let promise): applyToResources(event, promise)
    }
  }

  private mutating func applyToPromises(_ event: ObservedEvent) {
    switch event {
    case .snapshot(let objects):
      promises = Dictionary(
        objects.map { ($0.name, Promise(Trimming.promise($0))) }, uniquingKeysWith: { _, last in last })
    case .added(let object), .modified(let object):
      let promise = Promise(Trimming.promise(object))
      let before = promises.updateValue(promise, forKey: object.name)
      // Kratix writes a Promise's status all the time; no rule about other Promises looks at it.
      if before?.spec == promise.spec { return }
    case .deleted(let object):
      promises[object.name] = nil
      forget(promise: object.name)
    }
    promisesByAPI = [:]
    for promise in promises.values {
      if let type = promise.api?.resourceType { promisesByAPI["\(type.group)/\(type.plural)"] = promise.name }
    }
    platformChanged()
  }

  private mutating func applyToRevisions(_ event: ObservedEvent) {
    switch event {
    case .snapshot(let objects):
      revisions = Dictionary(objects.map { ($0.name, Self.cached($0)) }, uniquingKeysWith: { _, last in last })
    case .added(let object), .modified(let object): revisions[object.name] = Self.cached(object)
    case .deleted(let object): revisions[object.name] = nil
    }
    platformChanged()
  }

  private static func cached(_ object: KubernetesObject) -> CachedRevision {
    let revision = PromiseRevision(object)
    return CachedRevision(
      name: revision.name, promise: revision.promiseName, version: revision.version, isLatest: revision.isLatest,
      contentHash: ContentHash.of(spec: revision.promiseSpec), writtenAt: writtenAt(object))
  }

  private static func writtenAt(_ object: KubernetesObject) -> Double? {
    (object[path: "metadata", "managedFields"]?.arrayValue ?? [])
      .filter { $0[path: "fieldsV1", "f:spec", "f:promiseSpec"] != nil }
      .compactMap { $0["time"]?.stringValue.flatMap(Timestamp.secondsSince1970) }.max()
  }

  private mutating func applyToBindings(_ event: ObservedEvent) {
    switch event {
    case .snapshot(let objects):
      for promise in bindings.keys { fleetChanged(promise) }
      bindings = [:]
      for object in objects { put(ResourceBinding(shared(Trimming.binding(object)))) }
    case .added(let object), .modified(let object): put(ResourceBinding(shared(Trimming.binding(object))))
    case .deleted(let object):
      let binding = ResourceBinding(object)
      bindings[binding.promiseName]?[object.qualifiedName] = nil
      fleetChanged(binding.promiseName)
    }
  }

  private mutating func put(_ binding: ResourceBinding) {
    bindings[binding.promiseName, default: [:]][binding.object.qualifiedName] = binding
    fleetChanged(binding.promiseName)
  }

  private mutating func applyToDestinations(_ event: ObservedEvent) {
    switch event {
    case .snapshot(let objects):
      destinations = Dictionary(
        objects.map { ($0.name, Destination(Trimming.metadata($0))) }, uniquingKeysWith: { _, last in last })
    case .added(let object), .modified(let object):
      destinations[object.name] = Destination(Trimming.metadata(object))
    case .deleted(let object): destinations[object.name] = nil
    }
    platformChanged()
  }

  private mutating func applyToRollouts(_ event: ObservedEvent) {
    func put(_ object: KubernetesObject, _ state: inout FleetState) {
      guard let notice = RolloutNotice(configMap: object) else { return }
      state.rollouts[notice.promise] = notice
      state.fleetChanged(notice.promise)
    }
    switch event {
    case .snapshot(let objects):
      for promise in rollouts.keys { fleetChanged(promise) }
      rollouts = [:]
      for object in objects { put(object, &self) }
    case .added(let object), .modified(let object): put(object, &self)
    case .deleted(let object):
      guard let notice = RolloutNotice(configMap: object) else { return }
      rollouts[notice.promise] = nil
      fleetChanged(notice.promise)
    }
  }

  mutating func markUnreadable(promise: String) {
    forget(promise: promise)
    unreadable.insert(promise)
  }

  private mutating func applyToResources(_ event: ObservedEvent, _ promise: String) {
    unreadable.remove(promise)
    switch event {
    case .snapshot(let objects):
      resources[promise] = Dictionary(
        objects.map { ($0.qualifiedName, ResourceRequest(shared(Trimming.resource($0)))) },
        uniquingKeysWith: { _, last in last })
    case .added(let object), .modified(let object):
      resources[promise, default: [:]][object.qualifiedName] = ResourceRequest(
        shared(Trimming.resource(object)))
    case .deleted(let object): resources[promise]?[object.qualifiedName] = nil
    }
    fleetChanged(promise)
  }

  mutating func forget(promise: String) {
    resources[promise] = nil
    unreadable.remove(promise)
    fleetChanged(promise)
  }
}

/// What the cache observes.
enum FleetSource: Sendable, Hashable {
  case promises
  case revisions
  case bindings
  case destinations
  /// The records of rollouts.
  case rollouts
  /// The resources of one Promise.
  case resources(promise: String)
}

/// Takes away what no rule looks at, so that the memory that a fleet takes is bounded by its specs.
enum Trimming {
  static func metadata(_ object: KubernetesObject) -> KubernetesObject {
    var object = object
    object.json.set(nil, at: ["metadata", "managedFields"])
    object.json.set(nil, at: ["metadata", "annotations", "kubectl.kubernetes.io/last-applied-configuration"])
    return object
  }

  static func promise(_ object: KubernetesObject) -> KubernetesObject { metadata(object) }

  /// Of a binding: which resource it binds to what, and how its last move went.
  static func binding(_ object: KubernetesObject) -> KubernetesObject {
    var trimmed = identity(of: object, annotations: { $0.hasPrefix("upgrade.kratix.io/") })
    trimmed.spec = object.spec
    let status = object.status
    var kept = members(of: status, ["lastAppliedVersion", "failedVersion"])
    kept["conditions"] = conditions(status, of: ["UpgradeSucceeded"])
    if kept != .emptyObject { trimmed.status = kept }
    return trimmed
  }

  /// Of a resource: what it asks for, its labels, and how its last run went. Rules about schemas look at the spec alone,
  /// and at a status only for the version and the conditions that say whether a workflow runs.
  static func resource(_ object: KubernetesObject) -> KubernetesObject {
    var trimmed = identity(of: object, annotations: { $0 != "kubectl.kubernetes.io/last-applied-configuration" })
    trimmed.labels = object.labels
    for (key, value) in object.json.objectValue ?? [:] where !Self.outside.contains(key) { trimmed.json[key] = value }
    let status = object.status
    var kept = members(of: status, ["promiseVersion", "observedGeneration", "lastSuccessfulConfigureWorkflowTime"])
    kept["conditions"] = conditions(status, of: nil)
    if kept != .emptyObject { trimmed.status = kept }
    return trimmed
  }

  private static let outside: Set<String> = ["apiVersion", "kind", "metadata", "status"]

  /// What tells an object from others, and when it came and goes.
  private static func identity(
    of object: KubernetesObject, annotations isKept: (String) -> Bool
  ) -> KubernetesObject {
    var trimmed = KubernetesObject(
      apiVersion: object.apiVersion, kind: object.kind, name: object.name, namespace: object.namespace)
    for key in ["creationTimestamp", "deletionTimestamp"] {
      if let value = object[path: "metadata", key] { trimmed.json.set(value, at: ["metadata", key]) }
    }
    let annotations = object.annotations.filter { isKept($0.key) }
    if !annotations.isEmpty { trimmed.annotations = annotations }
    return trimmed
  }

  private static func members(of value: JSON?, _ keys: [String]) -> JSON {
    var kept: JSON = [:]
    for key in keys { kept[key] = value?[key] }
    return kept
  }

  /// Type and status of each, without the words. - Parameter types: nil keeps all.
  private static func conditions(_ status: JSON?, of types: Set<String>?) -> JSON? {
    let kept = (status?["conditions"]?.arrayValue ?? []).filter { condition in
      types.map { $0.contains(condition["type"]?.stringValue ?? "") } ?? true
    }
    return kept.isEmpty ? nil : .array(kept.map { members(of: $0, ["type", "status"]) })
  }
}
