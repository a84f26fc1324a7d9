import KratixModel
import Kubernetes

/// How a rollout is to go.
public struct RolloutOptions: Sendable {
  public var strategy: Strategy
  /// nil for the default: `pin` where versions can be told apart, `pause` otherwise.
  public var hold: RolloutRecord.Hold?
  public var includesPinned: Bool
  public var gateCommand: String?
  public var isStrict: Bool
  /// It takes an earlier rollout back.
  public var isRollback = false

  public init(
    strategy: Strategy, hold: RolloutRecord.Hold? = nil, includesPinned: Bool = false, gateCommand: String? = nil,
    isStrict: Bool = false
  ) {
    self.strategy = strategy
    self.hold = hold
    self.includesPinned = includesPinned
    self.gateCommand = gateCommand
    self.isStrict = isStrict
  }

  /// Why bindings cannot be pinned while the Promise changes; nil when they can.
  public static func whyNotPinned(from live: Promise, to candidate: Promise) -> String? {
    guard let from = live.version else { return "the installed Promise has no version that they could be pinned to" }
    guard let to = candidate.version else { return "the Promise has no version label to move them to" }
    if from == to { return "its version label stays \(to), so that its revision is changed in place" }
    return nil
  }
}

/// What an operator does with a rollout, besides driving it: changes of its record and of bindings, each of which a
/// driver that is at work takes in.
public struct RolloutControl: Sendable {
  let api: any KubernetesAPI
  let promise: String
  let now: @Sendable () -> Double

  public init(api: any KubernetesAPI, promise: String, now: @escaping @Sendable () -> Double) {
    self.api = api
    self.promise = promise
    self.now = now
  }

  private var store: RolloutStore { RolloutStore(api: api, promise: promise) }

  /// The rollout as it is now.
  /// - Throws: `RolloutError.noRollout`, `RolloutError.notServed`.
  public func look() async throws -> RolloutLogic {
    guard let stored = try await store.load() else { throw RolloutError.noRollout(promise) }
    guard
      let type = try await api.find(.promises, namespace: nil, name: promise).flatMap({ Promise($0).api?.resourceType })
    else { throw RolloutError.notServed(promise) }
    let feed = FleetFeed(api: api, promiseName: promise, type: type)
    for try await _ in feed.changes() {
      guard let fleet = feed.fleet else { continue }
      return RolloutLogic(record: stored.record, fleet: fleet, now: now())
    }
    throw CancellationError()
  }

  /// The open rollout of the Promise as it is installed; nil when there is none.
  public func open(promiseUID: String) async throws -> RolloutStore.Stored? {
    guard let stored = try await store.load(), !stored.record.isOver, stored.record.promiseUID == promiseUID else {
      return nil
    }
    return stored
  }

  /// Begins a rollout: writes its record. Nothing is moved before somebody drives it.
  /// - Throws: `RolloutError.cannotPin`, `RolloutError.otherPlan`; `StatusError`, 409 when somebody else began one.
  public func begin(_ live: Promise, to candidate: Promise, options: RolloutOptions) async throws -> RolloutRecord {
    let version = candidate.revisionVersion
    let why = RolloutOptions.whyNotPinned(from: live, to: candidate)
    let hold = options.hold ?? (why == nil ? .pin : .pause)
    if hold == .pin, let why { throw RolloutError.cannotPin(why) }
    let strategy = options.strategy
    if let promise = strategy.promise, promise != live.name {
      throw RolloutError.otherPlan("the UpgradePlan is for Promise \(promise), not \(live.name)")
    }
    if let to = strategy.to, to != version {
      throw RolloutError.otherPlan("the UpgradePlan goes to \(to), and Promise \(live.name) would go to \(version)")
    }
    let last = try await store.load()
    let id = String(UInt32.random(in: 0...UInt32.max), radix: 16)
    var record = RolloutRecord(
      number: (last?.record.number ?? 0) + 1, id: id, promise: promise, promiseUID: live.object.uid,
      from: live.revisionVersion, to: version, strategy: strategy, includesPinned: options.includesPinned,
      gateCommand: options.gateCommand, startedAt: now())
    record.hold = hold
    record.isRollback = options.isRollback
    record.isStrict = options.isStrict
    record.fromDigest = live.planDigest
    record.toDigest = candidate.planDigest
    return try await store.begin(record, from: live, to: candidate, after: last).record
  }

  /// Changes the record of an open rollout.
  /// - Throws: `RolloutError.noRollout` when there is none.
  @discardableResult
  public func change(
    _ change: @escaping @Sendable (inout RolloutRecord) throws -> Void
  ) async throws -> RolloutRecord {
    let stored = try await store.change { record in
      guard !record.isOver else { throw RolloutError.noRollout(record.promise) }
      try change(&record)
    }
    guard let stored else { throw RolloutError.noRollout(promise) }
    return stored.record
  }

  /// - Throws: `RolloutError.aborting`.
  public func pause() async throws -> RolloutRecord {
    try await change { record in
      if record.halt == .aborting { throw RolloutError.aborting(record.promise) }
      record.halt = .paused
    }
  }

  /// - Throws: `RolloutError.aborting`.
  public func resume() async throws -> RolloutRecord {
    try await change { record in
      switch record.halt {
      case .approval: return
      case .aborting: throw RolloutError.aborting(record.promise)
      case .paused, .stopped, nil: record.halt = nil
      }
    }
  }

  /// Lets the rollout go on after the wave that waits for it. - Returns: the record; unchanged when none waits.
  public func approve() async throws -> RolloutRecord {
    try await change { record in
      guard case .approval(let wave) = record.halt else { return }
      record.approvedWave = wave
      record.halt = nil
    }
  }

  /// Turns the rollout round: what was moved goes back to the version it ran, then the Promise does.
  public func turnBack() async throws -> RolloutRecord {
    try await change { record in
      guard record.direction == .forward else {
        record.halt = nil
        return
      }
      record.direction = .back
      // What is moved back is released in waves again when it was paused, and all at once when it was pinned.
      record.wave = 0
      record.waveDoneAt = nil
      record.enter(record.hold == .pause ? .holding : .moving)
    }
  }

  /// Asks Kratix to run what failed again, and lets the rollout go on.
  /// - Returns: which resources were asked.
  public func retry() async throws -> [String] {
    let logic = try await look()
    guard !logic.record.isOver else { throw RolloutError.noRollout(promise) }
    var asked: [String] = []
    for member in logic.failures {
      guard let binding = member.binding, var mark = member.mark else { continue }
      mark.earlierJob = member.newestJob?.uid
      mark.movedAt = now()
      if logic.record.hold == .pause {
        guard let type = logic.fleet.promise?.api?.resourceType else { continue }
        var patch = HoldMark.patch(member.resource.object, isPaused: false, mark: mark)
        patch.set(.string(KratixLabels.yes), at: ["metadata", "labels", KratixLabels.manualReconciliation])
        _ = try await api.patch(
          type, namespace: member.resource.namespace, name: member.resource.name, .merge(patch),
          options: RolloutStore.options)
        asked.append(member.key)
        continue
      }
      var patch = HoldMark.patch(binding, version: binding.version, mark: mark).arrayValue ?? []
      patch.append([
        "op": "add",
        "path": .string("/metadata/labels/" + KratixLabels.manualReconciliation.replacing("/", with: "~1")),
        "value": .string(KratixLabels.yes),
      ])
      try await send(patch, to: binding)
      asked.append(member.key)
    }
    _ = try await resume()
    return asked
  }

  /// Leaves a resource out: it stays at the version it ran before, or goes back to it.
  /// - Returns: whether the rollout holds such a resource.
  public func skip(_ key: String) async throws -> Bool {
    let logic = try await look()
    guard let member = logic.members.first(where: { $0.key == key }), let binding = member.binding,
      var mark = member.mark
    else { return false }
    mark.isSkipped = true
    if logic.record.hold == .pause {
      guard let type = logic.fleet.promise?.api?.resourceType else { return false }
      _ = try await api.patch(
        type, namespace: member.resource.namespace, name: member.resource.name,
        .merge(HoldMark.patch(member.resource.object, isPaused: true, mark: mark)), options: RolloutStore.options)
      return true
    }
    try await send(HoldMark.patch(binding, version: mark.held, mark: mark).arrayValue ?? [], to: binding)
    return true
  }

  /// Gives the rollout up where it is: a resource that runs the Promise's present version follows it again, any other
  /// stays pinned to the version that it runs, or paused. One that fails half-way can be said again.
  public func abort() async throws -> RolloutRecord {
    // Halted first, so that nobody drives on; over last, so that what is still held is let go by the next abort.
    let halted = try await change { $0.halt = .aborting }
    let logic = try await look()
    for member in logic.members { try await letGo(member, logic) }
    let now = now()
    let record = try await change { record in
      record.end(.aborted, at: now)
      record.counts = logic.counts
    }
    await RolloutEvents(api: api, instance: PromiseInstaller.fieldManager, now: self.now)
      .tell(record, before: halted, logic) { _ in [] }
    return record
  }

  /// Takes the hold from a resource that runs, or will run, what the Promise says at present.
  private func letGo(_ member: RolloutMember, _ logic: RolloutLogic) async throws {
    guard let mark = member.mark, let promise = logic.fleet.promise else { return }
    let record = logic.record
    guard record.hold == .pause else {
      let latest = logic.fleet.latestRevision?.version
      guard mark.followedLatest, let binding = member.binding, binding.version == latest,
        member.resource.promiseVersion == latest
      else { return }
      return try await send(
        HoldMark.patch(binding, version: KratixNames.latest, mark: nil).arrayValue ?? [], to: binding)
    }
    // Before the Promise is applied, and after it is applied back, what is paused runs it as it is.
    let isCurrent = !mark.isSkipped && promise.planDigest == record.fromDigest
    guard mark.isLifted || isCurrent, let type = promise.api?.resourceType else { return }
    let staysPaused = mark.isLifted && member.resource.isPaused
    _ = try await api.patch(
      type, namespace: member.resource.namespace, name: member.resource.name,
      .merge(HoldMark.patch(member.resource.object, isPaused: staysPaused, mark: nil)), options: RolloutStore.options)
  }

  private func send(_ operations: [JSON], to binding: ResourceBinding) async throws {
    _ = try await api.patch(
      .resourceBindings, namespace: binding.namespace, name: binding.name, .json(.array(operations)),
      options: RolloutStore.options)
  }
}
