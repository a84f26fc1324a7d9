import KratixModel
import Kubernetes

/// Where one resource stands in a rollout.
public enum Standing: Sendable, Hashable {
  /// It takes no part, and why.
  case outside(String)
  /// It is to be pinned to the version it runs.
  case unheld
  /// It is to go back to the version it ran before.
  case unreverted
  /// It is pinned, and Kratix has yet to take notice.
  case pinning
  /// It is held, and Kratix is running it again.
  case settling
  case held
  /// It fails at the version it is held at.
  case unwell(String)
  case moving
  case done
  case failed(String)
  /// Left out by an operator.
  case skipped
  /// Somebody changed its binding by hand: it is left alone.
  case drifted(String)

  public var word: String {
    switch self {
    case .outside: "not concerned"
    case .unheld: "to be held"
    case .unreverted: "to go back"
    case .pinning, .held: "held"
    case .settling: "settling"
    case .unwell: "unwell"
    case .moving: "moving"
    case .done: "done"
    case .failed: "failed"
    case .skipped: "skipped"
    case .drifted: "drifted"
    }
  }

  public var reason: String? {
    switch self {
    case .outside(let reason), .unwell(let reason), .failed(let reason), .drifted(let reason): reason
    default: nil
    }
  }
}

/// One resource of a fleet that is being rolled out.
public struct RolloutMember: Sendable {
  /// `namespace/name`.
  public var key: String
  public var resource: ResourceRequest
  public var binding: ResourceBinding?
  /// What the present rollout noted on the binding.
  public var mark: HoldMark?
  /// What another rollout left there.
  var strayMark: HoldMark?
  var newestJob: WorkflowJob?
  public var standing: Standing

  init(
    _ resource: ResourceRequest, fleet: LiveFleet, newestJob: WorkflowJob?, record: RolloutRecord, now: Double
  ) {
    key = resource.object.qualifiedName
    self.resource = resource
    binding = fleet.bindings[key]
    let mark = record.hold == .pin ? binding.flatMap(HoldMark.init(on:)) : HoldMark(on: resource.object)
    if mark?.rollout == record.id { self.mark = mark } else { strayMark = mark }
    self.newestJob = newestJob
    standing = .settling
    standing = stand(record, fleet)
    // An image that cannot be pulled never fails a Job (contract, section 12.1): time tells.
    if standing == .moving, record.phase == .moving, record.direction == .forward, let movedAt = self.mark?.movedAt,
      let timeout = self.mark?.wave.flatMap({
        record.strategy.groups.indices.contains($0) ? record.strategy.groups[$0].timeout : nil
      }), now >= movedAt + timeout.seconds
    {
      standing = .failed("it is not done after \(timeout)")
    }
  }

  /// What the binding said before anybody held it.
  var origin: String? {
    if let strayMark, let binding, strayMark.followedLatest, binding.version == strayMark.held || isAtRest {
      return KratixNames.latest
    }
    return binding?.version
  }

  /// It fails, where it was moved to or where it is held.
  public var isFailing: Bool {
    switch standing {
    case .failed, .unwell: true
    default: false
    }
  }

  /// Kratix is at work on it.
  public var isUnderWay: Bool { standing == .moving || standing == .settling || standing == .pinning }

  // MARK: What the resource is doing

  private var isAsked: Bool {
    resource.object.labels[KratixLabels.runFromStart] == KratixLabels.yes
      || resource.object.labels[KratixLabels.manualReconciliation] == KratixLabels.yes
      || binding?.object.labels[KratixLabels.manualReconciliation] == KratixLabels.yes
  }

  private var isRunning: Bool { newestJob?.outcome == .running }

  /// Nothing is under way, well or not. A resource that is paused may be asked for all the same.
  private var isAtRest: Bool { (!isAsked || resource.isPaused) && !isRunning }

  /// Nothing is under way, and all is well with the present generation.
  private var isSettled: Bool {
    isAtRest && (resource.observedGeneration ?? resource.object.generation) == resource.object.generation
      && (resource.configureWorkflow.map { $0.status == .true } ?? true)
      && (resource.reconciled.map { $0.status == .true } ?? true)
  }

  /// Why it is failing where it is; nil when it is not, or something is under way.
  var ailment: String? {
    guard isAtRest else { return nil }
    if let workflow = resource.configureWorkflow, workflow.status == .false,
      workflow.reason == "ConfigureWorkflowFailed"
    {
      return workflow.message
    }
    if let works = resource.works, works.status == .false, resource.configureWorkflow?.status != .false {
      return works.message
    }
    return nil
  }

  // MARK: Where it stands

  private func stand(_ record: RolloutRecord, _ fleet: LiveFleet) -> Standing {
    if resource.object.isBeingDeleted { return .outside("it is being deleted") }
    guard let binding else { return .outside("Kratix has not bound it yet") }
    if record.hold == .pause { return standPausing(record, binding) }
    guard let mark else { return standUnmarked(record, fleet, binding) }
    if mark.isSkipped { return .skipped }
    guard binding.version == mark.held || binding.version == record.to else {
      return .drifted("its binding was set to \(binding.version) by hand")
    }
    if resource.isPaused { return .outside("it was paused meanwhile") }
    if resource.isSuspended { return .outside("its workflow is suspended") }
    let isMoved = binding.version == record.to
    if record.direction == .forward, isMoved { return standMoved(to: record.to, mark, binding) }
    if record.direction == .back {
      // Still where the rollout brought it, or on its way back.
      if isMoved, mark.held != record.to { return .unreverted }
      let standing = standMoved(to: mark.held, mark, binding)
      if case .failed = standing, mark.wasFailing { return .held }
      return standing
    }
    return standHeld(record, mark)
  }

  private func standUnmarked(_ record: RolloutRecord, _ fleet: LiveFleet, _ binding: ResourceBinding) -> Standing {
    guard record.phase == .holding else {
      return .outside(
        binding.followsLatest ? "it is new: it follows the latest version" : "pinned to \(binding.version)")
    }
    guard origin == KratixNames.latest || record.includesPinned else { return .outside("pinned to \(binding.version)") }
    if resource.isPaused { return .outside("it is paused") }
    if resource.isSuspended { return .outside("its workflow is suspended") }
    guard let version = resource.promiseVersion ?? binding.lastAppliedVersion else {
      return .outside("it has never succeeded: it follows the latest version as Kratix sees fit")
    }
    guard fleet.revisions.values.contains(where: { $0.version == version }) else {
      return .outside("the revision of the version that it runs, \(version), is gone")
    }
    return .unheld
  }

  private func standHeld(_ record: RolloutRecord, _ mark: HoldMark) -> Standing {
    if record.phase == .holding || record.phase == .applying {
      // Written at the end of a pass that went well only (contract, section 5.1, step 18).
      let isSeen = resource.resourceBindingVersion == mark.held || ailment != nil
      return isSeen && isAtRest ? .held : .pinning
    }
    if isSettled { return .held }
    if let ailment { return mark.wasFailing ? .held : .unwell(ailment) }
    return .settling
  }

  /// Contract, section 6.7: what counts as done, and as failed.
  private func standMoved(to version: String, _ mark: HoldMark, _ binding: ResourceBinding) -> Standing {
    let upgrade = binding.upgrade?.status
    if isAtRest, upgrade == .false, binding.failedVersion == version,
      newestJob.map({ $0.uid != mark.earlierJob && $0.outcome == .failed }) ?? true
    {
      return .failed(binding.upgrade?.message ?? "its workflow failed")
    }
    guard resource.promiseVersion == version, binding.lastAppliedVersion ?? version == version, upgrade != .false,
      upgrade != .unknown
    else { return .moving }
    if isSettled { return .done }
    if let ailment { return .failed(ailment) }
    return .moving
  }
}

// Held by a pause.
extension RolloutMember {
  private func standPausing(_ record: RolloutRecord, _ binding: ResourceBinding) -> Standing {
    guard let mark else {
      if resource.isPaused { return .outside("it is paused") }
      guard binding.followsLatest else { return .outside("pinned to \(binding.version)") }
      guard record.phase == .holding, record.direction == .forward else {
        return .outside("it is new: it follows the latest version")
      }
      if resource.isSuspended { return .outside("its workflow is suspended") }
      guard resource.promiseVersion != nil else {
        return .outside("it has never succeeded: it follows the latest version as Kratix sees fit")
      }
      return .unheld
    }
    if mark.isSkipped { return .skipped }
    guard binding.followsLatest else { return .drifted("its binding was set to \(binding.version) by hand") }
    if !mark.isLifted {
      guard resource.isPaused else { return .drifted("its pause was lifted by hand") }
      // What ran when it was paused runs on; Kratix says that it has taken notice (contract, section 5.1, step 2).
      let isSeen = resource.reconciled.map { $0.reason == "PausedReconciliation" } ?? true
      return isSeen && !isRunning ? .held : .pinning
    }
    if resource.isPaused { return .outside("it was paused meanwhile") }
    if resource.isSuspended { return .outside("its workflow is suspended") }
    // On the way back, it is held again first.
    if record.direction == .back, record.phase == .holding { return .unheld }
    return standLifted(at: record.goal, mark)
  }

  private func standLifted(at version: String, _ mark: HoldMark) -> Standing {
    let hasRun = newestJob.map { $0.uid != mark.earlierJob } ?? true
    if hasRun, isAtRest, newestJob.map({ $0.outcome == .failed }) ?? true, let ailment { return .failed(ailment) }
    guard hasRun, resource.promiseVersion == version else { return .moving }
    if isSettled { return .done }
    if let ailment { return .failed(ailment) }
    return .moving
  }
}

extension ResourceRequest {
  /// Its HealthRecords say that it is not well (contract, section 11.3).
  var isUnhealthy: Bool { ["degraded", "unhealthy"].contains(healthState ?? "") }
}
