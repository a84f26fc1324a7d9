import Kubernetes
import KratixModel

/// Schedules Works: makes, updates and deletes their WorkPlacements (contract, section 7).
public struct WorkReconciler: Reconciler {
  let api: any KubernetesAPI
  let pace: Pace
  let events: EventRecorder
  /// Which destination a group of a resource's Work goes to, of several.
  let choose: @Sendable ([String]) -> String?

  static let scheduler = "Scheduler"
  static let name = "WorkController"

  public init(
    api: any KubernetesAPI, pace: Pace, events: EventRecorder,
    choose: @escaping @Sendable ([String]) -> String? = { $0.randomElement() }
  ) {
    self.api = api
    self.pace = pace
    self.events = events
    self.choose = choose
  }

  /// Woken by the Work, its WorkPlacements, and every destination but one that goes away.
  public func controller(workers: Int = 1) -> Controller {
    let api = api
    return Controller(
      name: "work",
      sources: [
        .objects(.works),
        Source(.workPlacements) { placement, _ in
          placement.labels[KratixLabels.work].map { [ObjectKey(namespace: placement.namespace, name: $0)] } ?? []
        },
        // What a destination says of itself does not matter, only whether and what it matches.
        Source(
          .destinations,
          interest: { [JSON($0.labels), $0.spec ?? .null, .bool($0.isBeingDeleted)] },
          map: { destination, isDeleted in
            guard !isDeleted, !destination.isBeingDeleted else { return [] }
            return (try? await api.listAll(.works))?.items.map { ObjectKey($0) } ?? []
          }),
      ], reconciler: self, workers: workers)
  }

  public func reconcile(_ key: ObjectKey) async throws -> ReconcileResult {
    guard let object = try await api.find(.works, namespace: key.namespace, name: key.name) else { return .done }
    let work = Work(object)
    let existing = try await api.listAll(
      .workPlacements, namespace: work.namespace, labelSelector: "\(KratixLabels.work)=\(work.name)"
    ).items.map(WorkPlacement.init)
    if object.isBeingDeleted { return try await delete(work, existing) }
    guard object.finalizers.contains(KratixFinalizers.workCleanup) else {
      try await api.setFinalizers(.works, object, object.finalizers + [KratixFinalizers.workCleanup])
      return .done
    }
    let destinations = try await api.listAll(.destinations).items.map(Destination.init)
    let plan = SchedulingPlan(work: work, existing: existing, destinations: destinations, choose: choose)
    for id in plan.unscheduled {
      await record(
        .normal, "NoMatchingDestination", "waiting for a destination with labels for workloadGroup: \(id)", on: work)
    }
    for placement in plan.placements {
      do {
        try await apply(placement, of: work)
      } catch {
        try await setStatus(SchedulingConditions.failedToSchedule(group: placement.group.id), plan: nil, of: work)
        throw error
      }
    }
    for placement in plan.obsolete { try await delete(placement) }
    try await report(plan, existing, of: work)
    guard !work.resourceName.isEmpty, !plan.unscheduled.isEmpty else { return .done }
    await events.record(
      .normal, "WaitingDestination",
      "waiting for destination for workload group: [\(plan.unscheduled.joined(separator: ","))]", on: object,
      by: Self.name)
    return .requeue(after: pace.slowRequeue)
  }

  private func apply(_ placement: SchedulingPlan.Placement, of work: Work) async throws {
    let desired = placement.desired(for: work)
    let operation: String
    let written: KubernetesObject
    if let existing = placement.existing {
      if existing.object.isBeingDeleted { return }
      operation = existing.object == desired ? "unchanged" : "updated"
      written = existing.object == desired ? desired : try await api.update(.workPlacements, desired)
    } else {
      operation = "created"
      written = try await api.create(.workPlacements, desired)
    }
    if placement.isMisplaced {
      await record(
        .warning, SchedulingConditions.mismatch,
        "labels for destination: \(placement.destination) no longer match the expected labels, marking this "
          + "workplacement as misplaced", on: written)
    }
    let now = SystemTime.timestamp
    try await api.changeStatus(.workPlacements, written) {
      SchedulingConditions.setScheduled(misplaced: placement.isMisplaced, on: &$0, now: now)
    }
    // Kratix tells of a resource's WorkPlacement only when it makes it.
    if work.resourceName.isEmpty || placement.existing == nil {
      await record(
        .normal, "WorkplacementReconciled",
        "workplacement reconciled: \(written.name), operation: \(operation)", on: work)
    }
  }

  private func report(_ plan: SchedulingPlan, _ existing: [WorkPlacement], of work: Work) async throws {
    let isResource = !work.resourceName.isEmpty
    let failing = existing.filter {
      $0.object.hasCondition(KratixConditions.writeSucceeded, .false) && !$0.object.isBeingDeleted
    }.map(\.name)
    if !plan.misplaced.isEmpty, plan.unscheduled.isEmpty {
      await record(
        .warning, SchedulingConditions.mismatch, SchedulingConditions.misplacedMessage(plan.misplaced) + " ", on: work)
    }
    let pair = SchedulingConditions.work(plan: plan, isResource: isResource, failing: failing)
    if pair.schedule.status == .true {
      await record(.normal, SchedulingConditions.allScheduled, SchedulingConditions.allScheduledMessage, on: work)
    }
    let wasFailing = work.object.condition(KratixConditions.scheduleSucceeded)?.message == pair.schedule.message
    if pair.schedule.reason == SchedulingConditions.failingReason, !wasFailing {
      await events.record(
        .warning, SchedulingConditions.failingReason, pair.schedule.message, on: work.object, by: Self.name)
    }
    try await setStatus(pair, plan: plan, of: work)
  }

  private func setStatus(_ pair: SchedulingConditions.Pair, plan: SchedulingPlan?, of work: Work) async throws {
    let groups = work.groups.count
    let now = SystemTime.timestamp
    try await api.changeStatus(.works, work.object) { object in
      if let plan {
        let scheduled = groups - plan.unscheduled.count
        object[path: "status", "workPlacements"] = groups == 0 ? nil : JSON(groups)
        object[path: "status", "workPlacementsCreated"] = scheduled == 0 ? nil : JSON(scheduled)
      }
      SchedulingConditions.set(pair, on: &object, now: now)
    }
  }

  private func delete(_ work: Work, _ placements: [WorkPlacement]) async throws -> ReconcileResult {
    guard work.object.finalizers.contains(KratixFinalizers.workCleanup) else { return .done }
    do {
      for placement in placements where !placement.object.isBeingDeleted { try await delete(placement) }
    } catch {
      await events.record(
        .warning, "FailedDelete", "deleting work failed: \(error)", on: work.object, by: Self.name)
      throw error
    }
    if placements.isEmpty {
      try await api.setFinalizers(
        .works, work.object, work.object.finalizers.filter { $0 != KratixFinalizers.workCleanup })
      return .done
    }
    // The deletion of the last one wakes this Work; the timer is for a store that does not answer.
    return .requeue(after: pace.defaultRequeue)
  }

  private func delete(_ placement: WorkPlacement) async throws {
    do {
      try await api.delete(
        .workPlacements, namespace: placement.namespace, name: placement.name,
        options: DeleteOptions(propagation: .background))
    } catch let error as StatusError where error.reason == .notFound {
    }
  }

  private func record(_ kind: EventRecorder.Kind, _ reason: String, _ note: String, on work: Work) async {
    await record(kind, reason, note, on: work.object)
  }

  private func record(_ kind: EventRecorder.Kind, _ reason: String, _ note: String, on object: KubernetesObject) async {
    await events.record(kind, reason, note, on: object, by: Self.scheduler)
  }
}
