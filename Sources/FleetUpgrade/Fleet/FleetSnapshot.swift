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

/// One resource of a fleet with what Kratix keeps beside it.
public struct FleetMember: Sendable {
  public var resource: ResourceRequest
  public var binding: ResourceBinding?
  public var works: [Work]
  public var placements: [WorkPlacement]

  public init(
    resource: ResourceRequest, binding: ResourceBinding?, works: [Work], placements: [WorkPlacement] = []
  ) {
    self.resource = resource
    self.binding = binding
    self.works = works
    self.placements = placements
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

/// Reads fleets. Only `get` and `list` are ever sent.
public struct FleetReader: Sendable {
  let api: any KubernetesAPI

  public init(api: any KubernetesAPI) { self.api = api }

  /// The fleet of a Promise; when it is not installed, one with no resources.
  /// - Parameter readsWorks: also what the resources' workflows have put out; not needed to tell versions.
  /// - Throws: `StatusError`, for example when something may not be read.
  public func fleet(
    of promiseName: String, selection: FleetSelection = FleetSelection(), readsWorks: Bool = true
  ) async throws -> FleetSnapshot {
    async let destinations = api.listAll(.destinations)
    async let promises = api.listAll(.promises)
    async let revisions = api.listAll(.promiseRevisions, labelSelector: label(promiseName))
    let installed = try await promises.items.map(Promise.init)
    let promise = installed.first { $0.name == promiseName }
    var members: [FleetMember] = []
    if let type = promise?.api?.resourceType {
      members = try await self.members(of: promiseName, type: type, selection: selection, readsWorks: readsWorks)
    }
    return FleetSnapshot(
      promise: promise, revisions: try await revisions.items.map(PromiseRevision.init), members: members,
      destinations: try await destinations.items.map(Destination.init), installedPromises: installed)
  }

  private func members(
    of promiseName: String, type: ResourceType, selection: FleetSelection, readsWorks: Bool
  ) async throws -> [FleetMember] {
    let namespace = selection.namespace
    async let resourceList = api.listAll(type, namespace: namespace, labelSelector: selection.labelSelector)
    async let bindingList = api.listAll(
      .resourceBindings, namespace: namespace, labelSelector: label(promiseName))
    var works: [String: [Work]] = [:]
    var placements: [String: [WorkPlacement]] = [:]
    if readsWorks {
      for object in try await api.listAll(.works, labelSelector: label(promiseName)).items {
        let work = Work(object)
        guard !work.resourceName.isEmpty, object.labels[KratixLabels.dryRun] != KratixLabels.yes else { continue }
        works[Self.key(work.resourceNamespace, work.resourceName), default: []].append(work)
      }
      for object in try await api.listAll(.workPlacements).items {
        let placement = WorkPlacement(object)
        guard placement.promiseName == promiseName, !placement.resourceName.isEmpty else { continue }
        placements[Self.key(placement.namespace, placement.resourceName), default: []].append(placement)
      }
    }
    var bindings: [String: ResourceBinding] = [:]
    for object in try await bindingList.items {
      let binding = ResourceBinding(object)
      bindings[Self.key(binding.namespace, binding.resourceName)] = binding
    }
    let isDryRun = { (object: KubernetesObject) in object.labels[KratixLabels.dryRun] == KratixLabels.yes }
    return try await resourceList.items.filter { selection.takes($0) && !isDryRun($0) }.map { object in
      let key = Self.key(object.namespace ?? "", object.name)
      return FleetMember(
        resource: ResourceRequest(object), binding: bindings[key], works: works[key] ?? [],
        placements: placements[key] ?? [])
    }.sorted { ($0.resource.namespace, $0.resource.name) < ($1.resource.namespace, $1.resource.name) }
  }

  private func label(_ promiseName: String) -> String { "\(KratixLabels.promiseName)=\(promiseName)" }

  private static func key(_ namespace: String, _ name: String) -> String { "\(namespace)/\(name)" }
}

extension Work {
  /// The namespace of the resource that the Work is of: its own, or the labelled one where the Promise has a namespace
  /// of its own for pipelines (contract, section 2.1).
  var resourceNamespace: String { object.labels[KratixLabels.resourceNamespace] ?? namespace }
}
