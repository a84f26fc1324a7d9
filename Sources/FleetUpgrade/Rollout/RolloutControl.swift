import KratixModel
import Kubernetes

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
    for try await fleet in FleetFeed(api: api, promiseName: promise, type: type).updates() {
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
  public func begin(
    _ live: Promise, to version: String, strategy: Strategy, includesPinned: Bool, gateCommand: String?
  ) async throws -> RolloutRecord {
    let last = try await store.load()
    let id = String(UInt32.random(in: 0...UInt32.max), radix: 16)
    let record = RolloutRecord(
      number: (last?.record.number ?? 0) + 1, id: id, promise: promise, promiseUID: live.object.uid,
      from: live.revisionVersion, to: version, strategy: strategy, includesPinned: includesPinned,
      gateCommand: gateCommand, startedAt: now())
    return try await store.begin(record, after: last).record
  }

  /// Changes the record of an open rollout.
  /// - Throws: `RolloutError.noRollout` when there is none.
  @discardableResult
  public func change(_ change: @escaping @Sendable (inout RolloutRecord) -> Void) async throws -> RolloutRecord {
    let stored = try await store.change { record in
      guard !record.isOver else { throw RolloutError.noRollout(record.promise) }
      change(&record)
    }
    guard let stored else { throw RolloutError.noRollout(promise) }
    return stored.record
  }

  public func pause() async throws -> RolloutRecord { try await change { $0.halt = .paused } }

  public func resume() async throws -> RolloutRecord {
    try await change { record in
      if case .approval = record.halt { return }
      record.halt = nil
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
      record.enter(.moving)
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
    try await send(HoldMark.patch(binding, version: mark.held, mark: mark).arrayValue ?? [], to: binding)
    return true
  }

  /// Gives the rollout up where it is: a resource that runs the Promise's present version follows it again, any other
  /// stays pinned to the version that it runs.
  public func abort() async throws -> RolloutRecord {
    let now = now()
    // First the record, so that nobody drives on.
    let record = try await change { $0.end(.aborted, at: now) }
    let logic = try await look()
    let latest = logic.fleet.latestRevision?.version
    for member in logic.members {
      guard let mark = member.mark, mark.followedLatest, let binding = member.binding, binding.version == latest,
        member.resource.promiseVersion == latest
      else { continue }
      try await send(HoldMark.patch(binding, version: KratixNames.latest, mark: nil).arrayValue ?? [], to: binding)
    }
    return record
  }

  private func send(_ operations: [JSON], to binding: ResourceBinding) async throws {
    _ = try await api.patch(
      .resourceBindings, namespace: binding.namespace, name: binding.name, .json(.array(operations)),
      options: RolloutStore.options)
  }
}
