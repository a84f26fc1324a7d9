import KratixModel
import Kubernetes

/// A Promise and everything of its fleet, as the cluster had it at one moment.
public struct FleetSnapshot: Sendable {
  /// The Promise as installed; nil when it is not.
  public var promise: Promise?
  public var revisions: [PromiseRevision]
  /// Everything below is by resource.
  public var members: [FleetMember]
  public var destinations: [Destination]
  /// Every installed Promise, for requirements.
  public var installedPromises: [Promise]
  /// Every revision of every Promise, for requirements; those of others without their specs.
  public var installedRevisions: [PromiseRevision] = []
  /// The members are not all: somebody chose among them.
  public var isSelection = false
  /// How many seconds the last run of a resource's workflow took, by `namespace/name`; empty when nobody looked.
  public var lastRuns: [String: Double] = [:]
  /// What could not be read.
  public var gaps: [FleetGap] = []
  /// Read from files, not from a cluster: status, Works and bindings may be missing without being empty.
  public var isOffline = false
  /// Files that could not be read, one sentence each.
  public var unreadable: [String] = []
  /// Files of a state store that hold the outputs of several resources together.
  var aggregates: [AggregatedFile] = []

  public init(
    promise: Promise?, revisions: [PromiseRevision], members: [FleetMember], destinations: [Destination],
    installedPromises: [Promise]
  ) {
    self.promise = promise
    self.revisions = revisions
    self.members = members
    self.destinations = destinations
    self.installedPromises = installedPromises
  }

  /// The first revision with `status.latest`, as Kratix looks it up (contract, section 5.3).
  public var latestRevision: PromiseRevision? { revisions.first(where: \.isLatest) }

  public func revision(version: String) -> PromiseRevision? { revisions.first { $0.version == version } }
}

/// Something of a fleet that the server would not let be read.
public struct FleetGap: Sendable, Hashable, CustomStringConvertible {
  public enum Source: String, Sendable, Hashable {
    case promises
    case revisions = "revisions of the Promise"
    case destinations
    case resources
    case bindings
    case works
    case placements = "work placements"
  }

  public var source: Source
  /// The server's words.
  public var reason: String

  public init(_ source: Source, reason: String) {
    self.source = source
    self.reason = reason
  }

  public var description: String { "the \(source.rawValue) cannot be read: \(reason)" }
}

/// One resource of a fleet with what Kratix keeps beside it.
public struct FleetMember: Sendable {
  public var resource: ResourceRequest
  public var binding: ResourceBinding?
  public var works: [Work]
  public var placements: [WorkPlacement]
  /// The resource's `managedFields`, which only pipelines see, and which are longer than all the rest; nil when they were
  /// not read.
  var managers: PackedJSON?
  /// What a state store holds of it; nil when it was read from a cluster, or nothing was found.
  public var storedOutputs: Outputs?
  /// Why what a state store holds of it cannot be told; nil when it can.
  public var storedFault: String?

  public init(
    resource: ResourceRequest, binding: ResourceBinding?, works: [Work], placements: [WorkPlacement] = []
  ) {
    self.resource = resource
    self.binding = binding
    self.works = works
    self.placements = placements
  }

  /// With the resource as a pipeline sees it (contract, section 5.5).
  var unpacked: FleetMember {
    guard let managers else { return self }
    var member = self
    member.resource.object.metadata["managedFields"] = managers.json
    member.managers = nil
    return member
  }

  /// The version that the resource runs: the last that succeeded (contract, section 5.9).
  public var version: String? { resource.promiseVersion ?? binding?.lastAppliedVersion }

  /// The version that Kratix would run it with (contract, section 5.3): nil when no revision is known for it.
  public func wantedVersion(latest: String?) -> String? {
    switch binding?.version {
    case .some(KratixNames.latest): latest
    case .some(let version) where !version.isEmpty: version
    default: resource.promiseVersion ?? latest
    }
  }
}

/// A resource as it was read.
struct FleetResource: Sendable {
  var request: ResourceRequest
  var managers: PackedJSON?

  init(whole object: KubernetesObject) {
    request = ResourceRequest(object.withoutManagers)
    managers = object.metadata["managedFields"].map(PackedJSON.init)
  }

  init(slim object: KubernetesObject) { request = ResourceRequest(object) }
}

extension KubernetesObject {
  /// Without what says who wrote which field.
  var withoutManagers: KubernetesObject {
    var slim = self
    slim.metadata["managedFields"] = nil
    return slim
  }
}

/// A value kept as text: a tenth of the memory, for what is looked at once, if at all.
struct PackedJSON: Sendable, Hashable {
  private let text: [UInt8]

  init(_ json: JSON) { text = json.serialized() }

  /// The same value.
  var json: JSON { (try? JSON(parsing: text)) ?? .null }
}

/// Which resources of the fleet a command is about.
public struct FleetSelection: Sendable, Hashable {
  /// nil for all namespaces.
  public var namespace: String?
  public var labelSelector: String
  /// `NAMESPACE/NAME`; empty for all.
  public var resources: [String]

  public init(namespace: String? = nil, labelSelector: String = "", resources: [String] = []) {
    self.namespace = namespace
    self.labelSelector = labelSelector
    self.resources = resources
  }

  func takes(_ object: KubernetesObject) -> Bool {
    resources.isEmpty || resources.contains(object.qualifiedName)
  }
}
