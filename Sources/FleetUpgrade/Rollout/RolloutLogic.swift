import KratixModel
import Kubernetes

/// One thing that a driver does.
public enum RolloutAction: Sendable, Hashable {
  /// Makes a resource's binding say a version and carry a mark (nil takes the mark away).
  case bind(resource: String, version: String, mark: HoldMark?)
  /// Pauses a resource, or lifts its pause, and makes it carry a mark.
  case pause(resource: String, isPaused: Bool, mark: HoldMark?)
  /// Makes the Promise what it is to be at this version.
  case apply(version: String)
  /// Compares what the wave that is done put out with what the plan said.
  case checkOutputs
  /// Runs the gate command of the wave that is done.
  case runGate
  case write(RolloutRecord)
}

/// What is to be done next, if anything.
public struct RolloutDecision: Sendable {
  public var actions: [RolloutAction] = []
  /// When to look again although nothing changes, in seconds since 1970.
  public var lookAgainAt: Double?
}

/// A rollout at one moment: a pure function of its record and the fleet as the cluster has it, so that a driver can be
/// killed anywhere and another goes on.
public struct RolloutLogic: Sendable {
  public let record: RolloutRecord
  public let fleet: LiveFleet
  /// By key, sorted.
  public let members: [RolloutMember]
  /// The members that the rollout moves: held by it, and not left out.
  public let participants: [RolloutMember]
  let now: Double
  let predictions: [String: String]

  /// - Parameters:
  ///   - now: seconds since 1970.
  ///   - predictions: what the plan said that each resource puts out, by its key, as `ResourcePlan.outputsDigest`.
  public init(record: RolloutRecord, fleet: LiveFleet, now: Double, predictions: [String: String] = [:]) {
    self.init(record: record, fleet: fleet, now: now, predictions: predictions, memory: nil)
  }

  /// - Parameter memory: of earlier looks at the same fleet, as the API server has it.
  init(
    record: RolloutRecord, fleet: LiveFleet, now: Double, predictions: [String: String] = [:], memory: MemberMemory?
  ) {
    self.record = record
    self.fleet = fleet
    self.now = now
    self.predictions = predictions
    let jobs = fleet.newestConfigureJobs()
    func make(_ resource: ResourceRequest, _ job: WorkflowJob?) -> RolloutMember {
      RolloutMember(resource, fleet: fleet, newestJob: job, record: record, now: now)
    }
    let all =
      memory?.members(of: fleet, record, newestJobs: jobs, make: make)
      ?? fleet.resources.map { make($0.value, jobs[$0.key]) }
    members = all.filter { $0.resource.object.labels[KratixLabels.dryRun] != KratixLabels.yes }
      .sorted { $0.key < $1.key }
    participants = members.filter { member in
      guard let mark = member.mark, mark.wave != nil, !mark.isSkipped else { return false }
      if case .outside = member.standing { return false }
      if case .drifted = member.standing { return false }
      return true
    }
  }

  public var failures: [RolloutMember] { members.filter(\.isFailing) }

  /// The members of one wave.
  public func wave(_ index: Int) -> [RolloutMember] { participants.filter { $0.mark?.wave == index } }

  public var counts: RolloutRecord.Counts {
    let taking = participants
    let skipped = members.count { $0.standing == .skipped }
    return RolloutRecord.Counts(
      total: taking.count, done: taking.count { $0.standing == .done }, failed: failures.count, skipped: skipped,
      outside: members.count - taking.count - skipped)
  }

  // MARK: What to do

  public func decide() -> RolloutDecision {
    guard record.phase != .ended, record.halt == nil else { return RolloutDecision() }
    guard let promise = fleet.promise, promise.object.uid == record.promiseUID else {
      return stop("Promise \(record.promise) was deleted")
    }
    if promise.object.labels[KratixLabels.paused] == KratixLabels.yes {
      return stop("Promise \(record.promise) is paused (label \(KratixLabels.paused)); remove the label and resume")
    }
    switch record.phase {
    case .holding: return hold(promise)
    case .applying: return apply(promise)
    case .installing: return install(promise)
    case .settling: return settle(promise)
    case .moving: return record.direction == .forward || record.hold == .pause ? move(promise) : revert()
    case .releasing: return release(promise)
    case .ended: return RolloutDecision()
    }
  }

  /// Whether the Promise is what it is to be (`isGoal`), or what it was before.
  private func isPromise(_ promise: Promise, atGoal isGoal: Bool) -> Bool {
    let isNew = (record.direction == .forward) == isGoal
    if record.isInPlace, let digest = isNew ? record.toDigest : record.fromDigest {
      return promise.planDigest == digest
    }
    return promise.revisionVersion == (isNew ? record.to : record.from)
  }

  private func hold(_ promise: Promise) -> RolloutDecision {
    // Turned round before it was applied, the Promise is where it is to go already.
    guard isPromise(promise, atGoal: false) || (record.direction == .back && isPromise(promise, atGoal: true)) else {
      return stopForOther(promise)
    }
    if record.direction == .forward, let start = record.strategy.startAt, now < start {
      return RolloutDecision(lookAgainAt: start)
    }
    let unheld = members.filter { $0.standing == .unheld }
    if unheld.isEmpty {
      let isPinning = members.contains { $0.standing == .pinning }
      return isPinning ? RolloutDecision() : turn(to: .applying)
    }
    let taking = (unheld + members.filter { $0.mark != nil }).filter { member in
      record.strategy.takes(version: member.mark?.held ?? member.resource.promiseVersion)
    }
    let waves = record.strategy.waves(
      of: Dictionary(taking.map { ($0.key, $0.resource.object.labels) }, uniquingKeysWith: { first, _ in first }),
      known: Dictionary(
        members.compactMap { member in member.mark?.wave.map { (member.key, $0) } },
        uniquingKeysWith: { first, _ in first }))
    return RolloutDecision(
      actions: unheld.compactMap { member in
        guard let version = member.resource.promiseVersion ?? member.binding?.lastAppliedVersion,
          let origin = member.origin
        else { return nil }
        var mark = HoldMark(rollout: record.id, from: origin, held: version, wave: waves[member.key])
        mark.wasFailing = member.ailment != nil
        mark.outputs = predictions[member.key]
        if record.hold == .pause {
          // On the way back, what was moved is held again.
          var mark = member.mark ?? mark
          mark.isLifted = false
          return .pause(resource: member.key, isPaused: true, mark: mark)
        }
        return .bind(resource: member.key, version: version, mark: mark)
      })
  }

  private func apply(_ promise: Promise) -> RolloutDecision {
    if isPromise(promise, atGoal: true) { return turn(to: .installing) }
    guard isPromise(promise, atGoal: false) else { return stopForOther(promise) }
    return RolloutDecision(actions: [.apply(version: record.goal)])
  }

  private func install(_ promise: Promise) -> RolloutDecision {
    guard isPromise(promise, atGoal: true) else { return stopForOther(promise) }
    let object = promise.object
    // Without a label, the status keeps the version before (contract, section 4.6).
    let sawVersion = promise.version == nil || object.status?["version"]?.stringValue == record.goal
    let isTaken =
      object.hasCondition(KratixConditions.available) && sawVersion
      && object.status?["observedGeneration"]?.intValue == object.generation
    if isTaken, fleet.latestRevision?.version == record.goal { return turn(to: .settling) }
    if let workflow = object.condition(KratixConditions.configureWorkflowCompleted),
      workflow.reason == "ConfigureWorkflowFailed"
    {
      return stop(
        "the workflow of Promise \(promise.name) itself failed (\(workflow.message)); no resource has been moved")
    }
    return RolloutDecision()
  }

  private func settle(_ promise: Promise) -> RolloutDecision {
    if let other = checkGoal(promise) { return other }
    if !failures.isEmpty {
      return stop("resources fail at the version they ran before: \(list(failures)); retry, skip or roll back")
    }
    // On the way back, what was moved back is held again, and looks done.
    if members.contains(where: \.isUnderWay) { return RolloutDecision() }
    return turn(to: record.direction == .forward || record.hold == .pause ? .moving : .releasing)
  }

  private func move(_ promise: Promise) -> RolloutDecision {
    if let other = checkGoal(promise) { return other }
    guard let group = record.group else { return finishMoving() }
    let wave = wave(record.wave)
    let failed = wave.filter(\.isFailing)
    if failed.count > group.maxFailures.atMost(of: wave.count) {
      return stop("\(list(failed)); what they had put out before is still in place: retry, skip or roll back")
    }
    let moving = wave.count { $0.standing == .moving }
    let waiting = wave.filter { $0.standing == .held }
    let room = group.concurrency(of: wave.count) - moving
    if !waiting.isEmpty, room > 0 {
      if let opening = closedUntil(group) { return RolloutDecision(lookAgainAt: opening) }
      return RolloutDecision(actions: waiting.prefix(room).compactMap(moveAction))
    }
    if moving > 0 || !waiting.isEmpty { return RolloutDecision(lookAgainAt: firstDeadline(group, wave)) }
    // One that runs again, for whatever reason, is waited for.
    if wave.contains(where: \.isUnderWay) { return RolloutDecision(lookAgainAt: firstDeadline(group, wave)) }
    return gate(group, wave)
  }

  /// When the group's windows open again, to look then; nil when they are open. Going back does not wait.
  func closedUntil(_ group: Strategy.Group) -> Double? {
    guard record.direction == .forward, !group.windows.isOpen(at: now) else { return nil }
    // Windows that never open again are looked at once a day: an operator may resume with another strategy.
    return group.windows.nextOpening(after: now) ?? now + 86_400
  }

  /// Until when nothing is moved, because it is not the time; nil when it is, or there is nothing to move.
  public var waitsUntil: Double? {
    guard !record.isOver, record.halt == nil else { return nil }
    if record.phase == .holding, record.direction == .forward, let start = record.strategy.startAt, now < start {
      return start
    }
    guard record.phase == .moving, let group = record.group, wave(record.wave).contains(where: { $0.standing == .held })
    else { return nil }
    return closedUntil(group)
  }

  private func firstDeadline(_ group: Strategy.Group, _ wave: [RolloutMember]) -> Double? {
    guard let timeout = group.timeout else { return nil }
    return wave.filter { $0.standing == .moving }.compactMap { $0.mark?.movedAt }.min().map { $0 + timeout.seconds }
  }

  private func moveAction(_ member: RolloutMember) -> RolloutAction? {
    guard var mark = member.mark else { return nil }
    mark.earlierJob = member.newestJob?.uid
    mark.movedAt = now
    if record.hold == .pause {
      mark.isLifted = true
      return .pause(resource: member.key, isPaused: false, mark: mark)
    }
    return .bind(resource: member.key, version: record.to, mark: mark)
  }

  /// All waves are through: what could not move in its own wave, because it was paused then, moves now.
  private func finishMoving() -> RolloutDecision {
    let stragglers = participants.filter { $0.standing == .held }
    if !stragglers.isEmpty {
      let group = record.strategy.groups.last
      if let opening = group.flatMap(closedUntil) { return RolloutDecision(lookAgainAt: opening) }
      return RolloutDecision(actions: stragglers.compactMap(moveAction))
    }
    if participants.contains(where: \.isUnderWay) { return RolloutDecision() }
    return failures.isEmpty
      ? turn(to: .releasing) : stop("\(list(failures)); the others are done: retry, skip or roll back")
  }

  /// All of a wave is done: what has to hold before the next begins.
  private func gate(_ group: Strategy.Group, _ wave: [RolloutMember]) -> RolloutDecision {
    let ill = wave.filter { $0.standing == .done && $0.resource.isUnhealthy }
    if !ill.isEmpty {
      return stop(
        "health: "
          + ill.prefix(5).map { "\($0.key) is \($0.resource.healthState ?? "")" }.joined(separator: ", ")
          + "; resume when it is well again, skip or roll back")
    }
    guard !wave.isEmpty else { return nextWave() }
    guard let doneAt = record.waveDoneAt else {
      var next = record
      next.waveDoneAt = now
      next.gatePassed = false
      next.counts = counts
      return RolloutDecision(actions: [.write(next)])
    }
    // A clock that went back would make the soak last as long: it begins anew.
    if now < doneAt - 1 {
      var next = record
      next.waveDoneAt = now
      return RolloutDecision(actions: [.write(next)])
    }
    let end = doneAt + group.soak.seconds
    if now < end { return RolloutDecision(lookAgainAt: end) }
    if record.direction == .forward, wave.contains(where: { $0.mark?.outputs != nil }),
      record.checkedWave < record.wave
    {
      return RolloutDecision(actions: [.checkOutputs])
    }
    if record.direction == .back { return nextWave() }
    if record.gateCommand != nil, !record.gatePassed { return RolloutDecision(actions: [.runGate]) }
    if group.approval, record.approvedWave < record.wave {
      var next = record
      next.halt = .approval(wave: record.wave)
      return RolloutDecision(actions: [.write(next)])
    }
    return nextWave()
  }

  private func nextWave() -> RolloutDecision {
    var next = record
    next.wave += 1
    next.waveDoneAt = nil
    next.gatePassed = false
    next.counts = counts
    return RolloutDecision(actions: [.write(next)])
  }

  private func revert() -> RolloutDecision {
    let moved = members.filter { $0.standing == .unreverted }
    if !moved.isEmpty {
      return RolloutDecision(
        actions: moved.compactMap { member in
          guard var mark = member.mark else { return nil }
          mark.earlierJob = member.newestJob?.uid
          return .bind(resource: member.key, version: mark.held, mark: mark)
        })
    }
    if !failures.isEmpty { return stop("resources fail at the version they ran before: \(list(failures))") }
    return members.contains { $0.standing == .moving } ? RolloutDecision() : turn(to: .applying)
  }

  private func release(_ promise: Promise) -> RolloutDecision {
    if let other = checkGoal(promise) { return other }
    let held = members.filter { $0.mark != nil }
    if record.hold == .pause { return releasePaused(held) }
    let actions = held.compactMap { member -> RolloutAction? in
      guard let mark = member.mark, let binding = member.binding else { return nil }
      let isThere = member.standing == .done || (record.direction == .back && member.standing == .held)
      if case .drifted = member.standing { return .bind(resource: member.key, version: binding.version, mark: nil) }
      guard isThere || (record.direction == .back && member.standing == .skipped) else { return nil }
      let version = mark.followedLatest ? KratixNames.latest : record.direction == .back ? mark.from : record.to
      return .bind(resource: member.key, version: version, mark: nil)
    }
    if !actions.isEmpty { return RolloutDecision(actions: actions) }
    // A resource that runs again for a while is let go when it is done.
    if held.contains(where: \.isUnderWay) { return RolloutDecision() }
    return finish()
  }

  /// What was paused is let go; what an operator skipped, and what no group took, stays paused.
  private func releasePaused(_ held: [RolloutMember]) -> RolloutDecision {
    let actions = held.compactMap { member -> RolloutAction? in
      guard let mark = member.mark else { return nil }
      let isBack = record.direction == .back
      switch member.standing {
      case .done: return .pause(resource: member.key, isPaused: false, mark: nil)
      // A pause of ours would keep it from being deleted (contract, section 12.4); a person's pause stays.
      case .outside, .drifted:
        let isOurs = !mark.isLifted && member.resource.object.isBeingDeleted
        return .pause(resource: member.key, isPaused: member.resource.isPaused && !isOurs, mark: nil)
      case .held where isBack, .skipped where isBack:
        return .pause(resource: member.key, isPaused: false, mark: nil)
      default: return nil
      }
    }
    if !actions.isEmpty { return RolloutDecision(actions: actions) }
    if held.contains(where: \.isUnderWay) { return RolloutDecision() }
    return finish()
  }

  private func finish() -> RolloutDecision {
    var next = record
    next.end(record.direction == .forward ? .done : .rolledBack, at: now)
    return RolloutDecision(actions: [.write(next)])
  }

  // MARK: Helpers

  private func checkGoal(_ promise: Promise) -> RolloutDecision? {
    guard isPromise(promise, atGoal: true) else { return stopForOther(promise) }
    guard fleet.revisions.values.contains(where: { $0.version == record.goal }) else {
      return stop("the revision of \(record.promise) \(record.goal) was deleted; apply that version again and resume")
    }
    return nil
  }

  private func stopForOther(_ promise: Promise) -> RolloutDecision {
    stop(
      "Promise \(record.promise) was "
        + (record.isInPlace ? "changed" : "set to \(promise.revisionVersion)")
        + " by somebody else while it went from \(record.from) to \(record.to)")
  }

  private func turn(to phase: RolloutRecord.Phase) -> RolloutDecision {
    var next = record
    next.enter(phase)
    if phase == .moving || phase == .releasing || phase == .applying { next.counts = counts }
    return RolloutDecision(actions: [.write(next)])
  }

  private func stop(_ reason: String) -> RolloutDecision {
    var next = record
    next.halt = .stopped(reason: reason)
    next.counts = counts
    return RolloutDecision(actions: [.write(next)])
  }

  private func list(_ members: [RolloutMember]) -> String {
    let named = members.prefix(5).map { "\($0.key) failed (\($0.standing.reason ?? ""))" }
    return named.joined(separator: ", ") + (members.count > 5 ? " and \(members.count - 5) more" : "")
  }
}
