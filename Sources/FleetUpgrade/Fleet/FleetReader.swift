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
  /// A page is held whole as it comes, with all that is then left out: small pages keep the peak low.
  static let pageSize = 200

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
      try await pages(.promiseRevisions, namespace: nil) { object in
        // Of other Promises only which versions there are: their specs are long.
        if object.labels[KratixLabels.promiseName] == promiseName { return object }
        var other = object
        other.json.set(nil, at: ["spec", "promiseSpec"])
        return other
      }
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
    async let resourceList = read(.resources) {
      var slim = SlimObjects(depth: depth)
      return try await pages(type, namespace: namespace, labelSelector: selection.labelSelector) { object in
        guard selection.takes(object), object.labels[KratixLabels.dryRun] != KratixLabels.yes else { return nil }
        return depth == .pipelines ? object : slim.resource(object)
      }
    }
    async let bindingList = read(.bindings) {
      var slim = SlimObjects(depth: depth)
      return try await pages(.resourceBindings, namespace: namespace, labelSelector: label(promiseName)) { object in
        depth == .pipelines ? object : slim.binding(object)
      }
    }
    var works: [String: [Work]] = [:]
    var placements: [String: [WorkPlacement]] = [:]
    if depth != .identity {
      // Where the Promise has a namespace of its own for pipelines, Works are not beside their resources.
      let worksNamespace = fleet.promise?.pipelineNamespace == nil ? namespace : nil
      let placementList = try await read(.placements) {
        var slim = SlimObjects(depth: depth)
        return try await pages(.workPlacements, namespace: worksNamespace) { object in
          let placement = WorkPlacement(object)
          guard placement.promiseName == promiseName, !placement.resourceName.isEmpty else { return nil }
          return slim.placement(object)
        }
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
        try await pages(.works, namespace: worksNamespace, labelSelector: label(promiseName)) { object in
          guard !Work(object).resourceName.isEmpty, object.labels[KratixLabels.dryRun] != KratixLabels.yes else {
            return nil
          }
          return object
        }
      }
      for object in workList.items {
        let work = Work(object)
        works[Self.key(work.resourceNamespace, work.resourceName), default: []].append(work)
      }
      fleet.gaps += [workList.gap].compactMap { $0 }
      // Durations are for the estimate alone, which says itself when it knows none.
      let jobs = try await read(.works) {
        try await api.listAll(
          .jobs, namespace: worksNamespace,
          labelSelector: "\(label(promiseName)),\(KratixLabels.workflowType)=\(WorkflowType.resource.rawValue)"
        ).items
      }
      fleet.lastRuns = RunDurations.byResource(jobs.items)
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
      resources = try await named(selection.resources, type: type, gaps: &fleet.gaps)
    }
    fleet.gaps += [resources.gap, bindingItems.gap].compactMap { $0 }
    fleet.members = resources.items.map { object in
      let key = Self.key(object.namespace ?? "", object.name)
      return FleetMember(
        resource: ResourceRequest(object), binding: bindings[key], works: works[key] ?? [],
        placements: placements[key] ?? [])
    }.sorted { ($0.resource.namespace, $0.resource.name) < ($1.resource.namespace, $1.resource.name) }
  }

  /// What `take` makes of the objects, page by page, so that no more than a page is held of what is not kept.
  private func pages(
    _ type: ResourceType, namespace: String?, labelSelector: String = "",
    take: (KubernetesObject) -> KubernetesObject?
  ) async throws -> [KubernetesObject] {
    var options = ListOptions(labelSelector: labelSelector, limit: Self.pageSize)
    var kept: [KubernetesObject] = []
    repeat {
      let page = try await api.list(type, namespace: namespace, options: options)
      for object in page.items {
        if let object = take(object) { kept.append(object) }
      }
      options.continueToken = page.continueToken
    } while options.continueToken != nil
    return kept
  }

  /// The resources of these names; each that may not be read is a gap of its own.
  private func named(
    _ names: [String], type: ResourceType, gaps: inout [FleetGap]
  ) async throws -> (items: [KubernetesObject], gap: FleetGap?) {
    var items: [KubernetesObject] = []
    for name in names {
      let parts = name.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
      guard parts.count == 2 else { continue }
      do {
        if let object = try await api.find(type, namespace: parts[0], name: parts[1]) { items.append(object) }
      } catch let error as StatusError where error.reason == .forbidden {
        gaps.append(FleetGap(.resources, reason: "\(name): \(error.message)"))
      }
    }
    return (items, nil)
  }

  /// What a request answers; nothing, and why, when it is not allowed.
  private func read(
    _ source: FleetGap.Source, _ request: () async throws -> [KubernetesObject]
  ) async throws -> (items: [KubernetesObject], gap: FleetGap?) {
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
  /// The namespace of the resource that the Work is of: its own, or the labelled one where the Promise has a namespace
  /// of its own for pipelines (contract, section 2.1).
  var resourceNamespace: String { object.labels[KratixLabels.resourceNamespace] ?? namespace }
}
