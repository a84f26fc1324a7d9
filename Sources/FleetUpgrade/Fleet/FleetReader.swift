import KratixModel
import Kubernetes

/// How much of a fleet is needed.
public enum FleetDepth: Sendable, Hashable {
  /// Which versions run and what identifies the resources.
  case identity
  /// Also where their files are: what can be told without running pipelines.
  case schema
  /// All: whole objects, which pipelines see, what they have put out, and how long that took.
  case pipelines
}

/// Reads fleets. Only `get` and `list` are ever sent, page by page; of each page only what is needed is kept.
public struct FleetReader: Sendable {
  let api: any KubernetesAPI

  public init(api: any KubernetesAPI) { self.api = api }

  /// The fleet of a Promise; when it is not installed, one with no resources. What may not be read is left out and named
  /// in `gaps`.
  /// - Parameter depth: how much is read and kept.
  /// - Throws: `StatusError` when the Promise itself may not be read, and failures to reach the server.
  public func fleet(
    of promiseName: String, selection: FleetSelection = FleetSelection(), depth: FleetDepth = .pipelines
  ) async throws -> FleetSnapshot {
    async let destinations = read(.destinations) { try await api.listAll(.destinations).items }
    async let promises = read(.promises) { try await api.listAll(.promises).items }
    async let revisions = read(.revisions) {
      try await api.collect(.promiseRevisions) { (object) -> KubernetesObject? in
        // Of other Promises only which versions there are: their specs are long.
        if object.labels[KratixLabels.promiseName] == promiseName { return object }
        var other = object
        other.json.set(nil, at: ["spec", "promiseSpec"])
        return other
      }.items
    }
    var fleet = FleetSnapshot(promise: nil, revisions: [], members: [], destinations: [], installedPromises: [])
    let promiseList = try await promises
    fleet.installedPromises = promiseList.items.map(Promise.init)
    fleet.promise = fleet.installedPromises.first { $0.name == promiseName }
    if let gap = promiseList.gap {
      // Whoever may not list Promises may still get this one.
      fleet.promise = try await api.find(.promises, namespace: nil, name: promiseName).map(Promise.init)
      fleet.installedPromises = fleet.promise.map { [$0] } ?? []
      fleet.gaps.append(gap)
    }
    if let type = fleet.promise?.api?.resourceType {
      try await addMembers(to: &fleet, of: promiseName, type: type, selection: selection, depth: depth)
    }
    let revisionList = try await revisions
    fleet.installedRevisions = revisionList.items.map(PromiseRevision.init)
    // One without the label is invisible to Kratix (contract, section 2.1).
    fleet.revisions = fleet.installedRevisions.filter {
      $0.object.labels[KratixLabels.promiseName] == promiseName
    }
    fleet.isSelection = selection != FleetSelection()
    let destinationList = try await destinations
    fleet.destinations = destinationList.items.map(Destination.init)
    fleet.gaps += [revisionList.gap, destinationList.gap].compactMap { $0 }
    return fleet
  }

  private func addMembers(
    to fleet: inout FleetSnapshot, of promiseName: String, type: ResourceType, selection: FleetSelection,
    depth: FleetDepth
  ) async throws {
    let namespace = selection.namespace
    async let resourceList = read(.resources) { () async throws -> [FleetResource] in
      var slim = SlimObjects(depth: depth)
      return try await api.collect(type, namespace: namespace, labelSelector: selection.labelSelector) {
        (object) -> FleetResource? in
        guard selection.takes(object), object.labels[KratixLabels.dryRun] != KratixLabels.yes else { return nil }
        return depth == .pipelines ? FleetResource(whole: object) : FleetResource(slim: slim.resource(object))
      }.items
    }
    async let bindingList = read(.bindings) { () async throws -> [KubernetesObject] in
      var slim = SlimObjects(depth: depth)
      return try await api.collect(.resourceBindings, namespace: namespace, labelSelector: label(promiseName)) {
        depth == .pipelines ? $0.withoutManagers : slim.binding($0)
      }.items
    }
    var works: [String: [Work]] = [:]
    var placements: [String: [WorkPlacement]] = [:]
    if depth != .identity {
      // Where the Promise has a namespace of its own for pipelines, Works are not beside their resources.
      let worksNamespace = fleet.promise?.pipelineNamespace == nil ? namespace : nil
      let placementList = try await read(.placements) { () async throws -> [KubernetesObject] in
        var slim = SlimObjects(depth: depth)
        return try await api.collect(.workPlacements, namespace: worksNamespace) { (object) -> KubernetesObject? in
          let placement = WorkPlacement(object)
          guard placement.promiseName == promiseName, !placement.resourceName.isEmpty else { return nil }
          return slim.placement(object)
        }.items
      }
      for object in placementList.items {
        let placement = WorkPlacement(object)
        placements[Self.key(placement.namespace, placement.resourceName), default: []].append(placement)
      }
      fleet.gaps += [placementList.gap].compactMap { $0 }
    }
    if depth == .pipelines {
      let worksNamespace = fleet.promise?.pipelineNamespace == nil ? namespace : nil
      let workList = try await read(.works) {
        try await api.collect(.works, namespace: worksNamespace, labelSelector: label(promiseName)) {
          (object) -> KubernetesObject? in
          guard !Work(object).resourceName.isEmpty, object.labels[KratixLabels.dryRun] != KratixLabels.yes else {
            return nil
          }
          return object.withoutManagers
        }.items
      }
      for object in workList.items {
        let work = Work(object)
        works[work.resourceKey, default: []].append(work)
      }
      fleet.gaps += [workList.gap].compactMap { $0 }
      // Durations are for the estimate alone, which says itself when it knows none.
      let runs = try await read(.works) {
        try await api.collect(
          .jobs, namespace: worksNamespace,
          labelSelector: "\(label(promiseName)),\(KratixLabels.workflowType)=\(WorkflowType.resource.rawValue)",
          keeping: WorkflowDuration.init
        ).items
      }
      fleet.lastRuns = WorkflowDuration.newest(of: runs.items)
    }
    let bindingItems = try await bindingList
    let bindings = Dictionary(
      bindingItems.items.map { object in
        let binding = ResourceBinding(object)
        return (Self.key(binding.namespace, binding.resourceName), binding)
      }, uniquingKeysWith: { _, last in last })
    var resources = try await resourceList
    if resources.gap != nil, !selection.resources.isEmpty {
      // Whoever may not list may still get what was asked for by name.
      resources = try await named(selection.resources, type: type, depth: depth, gaps: &fleet.gaps)
    }
    fleet.gaps += [resources.gap, bindingItems.gap].compactMap { $0 }
    fleet.members = resources.items.map { item in
      let key = Self.key(item.request.namespace, item.request.name)
      var member = FleetMember(
        resource: item.request, binding: bindings[key], works: works[key] ?? [], placements: placements[key] ?? [])
      member.managers = item.managers
      return member
    }.sorted { ($0.resource.namespace, $0.resource.name) < ($1.resource.namespace, $1.resource.name) }
  }

  /// The resources of these names; each that may not be read is a gap of its own.
  private func named(
    _ names: [String], type: ResourceType, depth: FleetDepth, gaps: inout [FleetGap]
  ) async throws -> (items: [FleetResource], gap: FleetGap?) {
    var items: [FleetResource] = []
    for name in names {
      let parts = name.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
      guard parts.count == 2 else { continue }
      do {
        if let object = try await api.find(type, namespace: parts[0], name: parts[1]) {
          items.append(depth == .pipelines ? FleetResource(whole: object) : FleetResource(slim: object))
        }
      } catch let error as StatusError where error.reason == .forbidden {
        gaps.append(FleetGap(.resources, reason: "\(name): \(error.message)"))
      }
    }
    return (items, nil)
  }

  /// What a request answers; nothing, and why, when it is not allowed.
  private func read<Item>(
    _ source: FleetGap.Source, _ request: () async throws -> [Item]
  ) async throws -> (items: [Item], gap: FleetGap?) {
    do {
      return (try await request(), nil)
    } catch let error as StatusError where error.reason == .forbidden {
      return ([], FleetGap(source, reason: error.message))
    }
  }

  private func label(_ promiseName: String) -> String { "\(KratixLabels.promiseName)=\(promiseName)" }

  private static func key(_ namespace: String, _ name: String) -> String { "\(namespace)/\(name)" }
}

extension Work {
  /// `namespace/name` of the resource that the Work is of.
  var resourceKey: String { "\(resourceNamespace)/\(resourceName)" }

  /// The namespace of the resource that the Work is of: its own, or the labelled one where the Promise has a namespace
  /// of its own for pipelines (contract, section 2.1).
  var resourceNamespace: String { object.labels[KratixLabels.resourceNamespace] ?? namespace }
}
