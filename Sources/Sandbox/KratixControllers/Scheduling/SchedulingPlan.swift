import Kubernetes
import KratixModel

/// Which WorkPlacements a Work is to have (contract, sections 7.1 to 7.4 and 7.6): computed from what there is, with no
/// effect of its own.
public struct SchedulingPlan: Sendable, Hashable {
  /// One group of the Work at one destination.
  public struct Placement: Sendable, Hashable {
    public var group: WorkloadGroup
    public var destination: String
    /// The WorkPlacement that is there already.
    public var existing: WorkPlacement?
    /// The destination is not, or no longer, one that the group may go to.
    public var isMisplaced: Bool

    public init(group: WorkloadGroup, destination: String, existing: WorkPlacement? = nil, isMisplaced: Bool = false) {
      self.group = group
      self.destination = destination
      self.existing = existing
      self.isMisplaced = isMisplaced
    }
  }

  public var placements: [Placement] = []
  /// WorkPlacements of groups that the Work has no more.
  public var obsolete: [WorkPlacement] = []
  /// Ids of the groups with no destination at all.
  public var unscheduled: [String] = []

  /// Ids of the groups that are where they should not be.
  public var misplaced: [String] {
    var ids: [String] = []
    for placement in placements where placement.isMisplaced && !ids.contains(placement.group.id) {
      ids.append(placement.group.id)
    }
    return ids
  }

  /// - Parameters:
  ///   - existing: the WorkPlacements of this Work.
  ///   - destinations: all there are.
  ///   - choose: one of several destinations (names, sorted) for a group of a resource's Work; Kratix takes one at
  ///     random.
  public init(
    work: Work, existing: [WorkPlacement], destinations: [Destination],
    choose: ([String]) -> String? = { $0.randomElement() }
  ) {
    let isDryRun = work.object.labels[KratixLabels.dryRun] == KratixLabels.yes
    let candidates = destinations.filter { !$0.object.isBeingDeleted && $0.isDryRunTarget == isDryRun }
    let groups = work.groups
    for group in groups {
      let selector = isDryRun ? [KratixLabels.dryRun: KratixLabels.yes] : group.effectiveSelector
      let matching = candidates.filter { $0.matches(selector) }.map(\.name).sorted()
      let present = existing.filter { $0.groupID == group.id }.sorted { $0.name < $1.name }
      let targets: [String]
      if work.resourceName.isEmpty {
        targets = matching
      } else {
        // A resource's group stays where it once went, whatever matches better since.
        targets = present.isEmpty ? [choose(matching)].compactMap { $0 } : []
      }
      for destination in targets where !present.contains(where: { $0.destinationName == destination }) {
        placements.append(Placement(group: group, destination: destination))
      }
      for placement in present {
        placements.append(
          Placement(
            group: group, destination: placement.destinationName, existing: placement,
            isMisplaced: !matching.contains(placement.destinationName)))
      }
      if targets.isEmpty, present.isEmpty { unscheduled.append(group.id) }
    }
    let ids = Set(groups.map(\.id))
    obsolete = existing.filter { !ids.contains($0.groupID) && !$0.object.isBeingDeleted }
  }
}

extension SchedulingPlan.Placement {
  /// The WorkPlacement as it is to be: a new one, or the one there with this Work's files.
  ///
  /// The labels of a promise's WorkPlacement are made anew each time, so that the misplaced label goes when the
  /// destination matches again; on a resource's it stays (contract, section 7.4).
  public func desired(for work: Work) -> KubernetesObject {
    var object: KubernetesObject
    var labels: [String: String] = [:]
    if let existing {
      object = existing.object
      if !work.resourceName.isEmpty { labels = existing.object.labels }
    } else {
      object = KubernetesObject(
        apiVersion: ResourceType.workPlacements.apiVersion, kind: ResourceType.workPlacements.kind,
        name: KratixNames.workPlacement(work: work.name, destination: destination, groupID: group.id),
        namespace: work.namespace)
      object.finalizers = [KratixFinalizers.workPlacementRepoCleanup]
    }
    labels[KratixLabels.work] = work.name
    labels[KratixLabels.workloadGroupID] = group.id
    labels[KratixLabels.targetDestinationName] = destination
    labels[KratixLabels.pipelineName] = work.pipelineName
    if isMisplaced { labels[KratixLabels.misplaced] = KratixLabels.yes }
    object.labels = labels
    object.annotations = work.object.annotations
    if !object.ownerReferences.contains(where: { $0.uid == work.object.uid }) {
      object.ownerReferences.append(OwnerReference(to: work.object, controller: true))
    }
    var spec = object.spec ?? .emptyObject
    spec["id"] = .string(group.id)
    spec["promiseName"] = .string(work.promiseName)
    if !work.resourceName.isEmpty { spec["resourceName"] = .string(work.resourceName) }
    spec["targetDestinationName"] = .string(destination)
    spec["generation"] = .int(work.object.generation)
    spec["workloads"] = group.workloads.isEmpty ? nil : .array(group.workloads.map(\.json))
    object.spec = spec
    return object
  }
}
