import KratixModel
import Kubernetes
import Synchronization

/// Why a rollout cannot be driven on.
public enum RolloutError: Error, Sendable, Hashable, CustomStringConvertible {
  case noRollout(String)
  case recordDeleted(String)
  case notServed(String)
  /// Another driver has taken over.
  case leaseLost(String)
  /// The Promise is not applied yet, and only its file has it.
  case needsFile(promise: String, version: String)

  public var description: String {
    switch self {
    case .noRollout(let promise): "Promise \(promise) has no rollout"
    case .recordDeleted(let promise): "the record of the rollout of Promise \(promise) was deleted"
    case .notServed(let promise): "Promise \(promise) is not installed, or serves no API"
    case .leaseLost(let holder): "the rollout is driven by \(holder) now; this command only stopped watching"
    case .needsFile(let promise, let version):
      "Promise \(promise) \(version) is not applied yet: go on with kubectl kratix upgrade -f FILE"
    }
  }
}

/// Carries a rollout out: looks at the cluster, does what `RolloutLogic` says, and looks again when anything changes.
public struct RolloutDriver: Sendable {
  /// Who drives.
  public struct Identity: Sendable {
    public var name: String
    /// Whether another driver is known to be gone, by its name.
    public var isGone: @Sendable (String) -> Bool

    public init(name: String, isGone: @escaping @Sendable (String) -> Bool = { _ in false }) {
      self.name = name
      self.isGone = isGone
    }
  }

  /// What the caller is told.
  public enum Event: Sendable {
    /// Another driver is waited for.
    case waiting(holder: String)
    /// The rollout as it is now.
    case view(RolloutLogic)
  }

  /// Runs a gate command; returns its exit code.
  public typealias Gate = @Sendable (_ command: String, RolloutRecord) async throws -> Int32

  let api: any KubernetesAPI
  let promise: String
  let candidate: Promise?
  let identity: Identity
  let gate: Gate
  let now: @Sendable () -> Double
  let onEvent: @Sendable (Event) -> Void

  /// - Parameters:
  ///   - candidate: the Promise to apply; nil when it is applied already, or is one of the Promise's revisions.
  ///   - now: seconds since 1970.
  public init(
    api: any KubernetesAPI, promise: String, candidate: Promise?, identity: Identity, gate: @escaping Gate,
    now: @escaping @Sendable () -> Double, onEvent: @escaping @Sendable (Event) -> Void
  ) {
    self.api = api
    self.promise = promise
    self.candidate = candidate
    self.identity = identity
    self.gate = gate
    self.now = now
    self.onEvent = onEvent
  }

  private var store: RolloutStore { RolloutStore(api: api, promise: promise) }

  /// Drives until the rollout is over or halted.
  /// - Returns: the record then.
  /// - Throws: `RolloutError`, `StatusError`; `CancellationError` when the task is cancelled: nothing that moves is
  ///   changed then, and another run goes on.
  public func run() async throws -> RolloutRecord {
    let lease = RolloutLease(api: api, promise: promise, driver: identity, now: now)
    try await lease.acquire { onEvent(.waiting(holder: $0)) }
    let result: Result<RolloutRecord, any Error>
    do {
      let record = try await withThrowingTaskGroup(of: RolloutRecord?.self) { group in
        group.addTask {
          try await lease.keep()
          return nil
        }
        group.addTask { try await drive() }
        defer { group.cancelAll() }
        guard let record = try await group.next() ?? nil else { throw CancellationError() }
        return record
      }
      result = .success(record)
    } catch {
      result = .failure(error)
    }
    // Also when this task is cancelled.
    await Task { await lease.giveBack() }.value
    return try result.get()
  }

  private func drive() async throws -> RolloutRecord {
    guard let stored = try await store.load() else { throw RolloutError.noRollout(promise) }
    if stored.record.isOver { return stored.record }
    guard
      let type = try await api.find(.promises, namespace: nil, name: promise).flatMap({ Promise($0).api?.resourceType })
    else { throw RolloutError.notServed(promise) }
    var state = RolloutState(stored)
    while true {
      if let record = try await look(type, state) { return record }
      state = RolloutState(state.stored)
    }
  }

  /// Watches and acts. - Returns: the record when the rollout is over or halted; nil when everything is to be read anew.
  private func look(_ type: ResourceType, _ state: RolloutState) async throws -> RolloutRecord? {
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { await state.followRecord(of: promise, api: api) }
      group.addTask { await state.followFleet(of: promise, type: type, api: api) }
      defer { group.cancelAll() }
      return try await steer(state)
    }
  }

  private func steer(_ state: RolloutState) async throws -> RolloutRecord? {
    let alarm = Alarm { state.wake() }
    for await _ in state.changes {
      guard let (fleet, stored) = try state.present else { continue }
      let logic = RolloutLogic(record: stored.record, fleet: fleet, now: now())
      onEvent(.view(logic))
      if stored.record.isOver || stored.record.halt != nil { return stored.record }
      let decision = logic.decide()
      if let time = decision.lookAgainAt { alarm.set(after: time - now()) }
      if try await perform(decision.actions, logic, stored, state) { state.wake() }
      // A look that begins after Kratix took the Promise in sees what it did to the resources (contract, section 4.7).
      if stored.record.phase != .settling, state.stored.record.phase == .settling { return nil }
    }
    throw CancellationError()
  }

  // MARK: Doing

  /// - Returns: whether anything was done, so that another look is worth it.
  private func perform(
    _ actions: [RolloutAction], _ logic: RolloutLogic, _ stored: RolloutStore.Stored, _ state: RolloutState
  ) async throws -> Bool {
    var binds: [(ResourceBinding, String, HoldMark?)] = []
    var hasActed = false
    for action in actions {
      switch action {
      case .bind(let resource, let version, let mark):
        guard let binding = logic.fleet.bindings[resource], !state.isRefused(binding) else { continue }
        binds.append((binding, version, mark))
      case .apply(let version):
        if let halt = try await apply(version, logic) {
          var record = stored.record
          record.halt = .stopped(reason: halt)
          try await save(record, logic, stored, state)
        }
        hasActed = true
      case .runGate:
        try await save(try await gated(stored.record), logic, stored, state)
        hasActed = true
      case .write(let record):
        try await save(record, logic, stored, state)
        hasActed = true
      }
    }
    guard !binds.isEmpty else { return hasActed }
    try await withThrowingTaskGroup(of: Void.self) { group in
      var next = binds.makeIterator()
      for _ in 0..<8 {
        guard let (binding, version, mark) = next.next() else { break }
        group.addTask { try await bind(binding, version, mark, state) }
      }
      while try await group.next() != nil {
        guard let (binding, version, mark) = next.next() else { continue }
        group.addTask { try await bind(binding, version, mark, state) }
      }
    }
    return true
  }

  private func bind(
    _ binding: ResourceBinding, _ version: String, _ mark: HoldMark?, _ state: RolloutState
  ) async throws {
    do {
      let object = try await patiently {
        try await api.patch(
          .resourceBindings, namespace: binding.namespace, name: binding.name,
          .json(HoldMark.patch(binding, version: version, mark: mark)), options: RolloutStore.options)
      }
      state.know(object)
    } catch let error as StatusError where [404, 409, 422].contains(error.code) {
      // Somebody was there first: perhaps we ourselves, when an answer was lost.
      guard
        let fresh = try await patiently({
          try await api.find(.resourceBindings, namespace: binding.namespace, name: binding.name)
        })
      else { return state.refuse(binding) }
      let isSame =
        ResourceBinding(fresh).version == binding.version
        && fresh.annotations[HoldMark.annotation] == binding.object.annotations[HoldMark.annotation]
      if isSame, error.code == 422 { throw error }
      state.know(fresh)
    }
  }

  /// - Returns: why the API server refuses the Promise; nil when it took it.
  private func apply(_ version: String, _ logic: RolloutLogic) async throws -> String? {
    guard var live = logic.fleet.promise else { return nil }
    guard let candidate = candidate(version, logic.fleet) else {
      throw RolloutError.needsFile(promise: promise, version: version)
    }
    let seen = live
    for attempt in 1... {
      do {
        let request = live
        _ = try await patiently { try await PromiseInstaller(api: api).apply(candidate, over: request) }
        return nil
      } catch let error as StatusError where [409, 422].contains(error.code) && attempt < 10 {
        // Its status was written in between, or something else was: only what the plan was made for is replaced.
        live = Promise(try await patiently { try await api.get(.promises, name: promise) })
        if live.spec != seen.spec || live.revisionVersion != seen.revisionVersion { return nil }
      } catch let error as StatusError where (400..<500).contains(error.code) {
        return "the API server refused Promise \(promise) \(version): \(error.message); roll back lets the resources go"
      }
    }
    return nil
  }

  private func candidate(_ version: String, _ fleet: LiveFleet) -> Promise? {
    if let candidate, candidate.revisionVersion == version { return candidate }
    return fleet.revisions.values.first { $0.version == version }.map(Promise.init(of:))
  }

  private func gated(_ record: RolloutRecord) async throws -> RolloutRecord {
    var record = record
    guard let command = record.gateCommand else { return record }
    let code = try await gate(command, record)
    if code == 0 {
      record.gatePassed = true
    } else {
      record.halt = .stopped(
        reason: "the gate command exited with \(code) after wave \(record.group?.name ?? ""); resume asks it again")
    }
    return record
  }

  private func save(
    _ record: RolloutRecord, _ logic: RolloutLogic, _ stored: RolloutStore.Stored, _ state: RolloutState
  ) async throws {
    do {
      let saved = try await patiently { try await store.save(record, over: stored) }
      state.know(saved)
      await RolloutEvents(api: api, instance: identity.name, now: now).tell(record, before: stored.record, logic)
    } catch let error as StatusError where error.code == 409 {
      guard let fresh = try await patiently({ try await store.load() }) else {
        throw RolloutError.recordDeleted(promise)
      }
      state.know(fresh)
    }
  }

  /// Tries again for as long as trying again may help, as the server asks for.
  private func patiently<Value: Sendable>(_ work: () async throws -> Value) async throws -> Value {
    var failures = 0
    while true {
      do {
        return try await work()
      } catch let error as any RetryableError where error.isTransient {
        failures += 1
        let wait = (error as? StatusError)?.retryAfterSeconds.map { Duration.seconds($0) }
        try await Task.sleep(for: wait ?? Backoff.reconnecting.delay(afterFailures: failures))
      }
    }
  }
}

extension Promise {
  /// The Promise that a revision was made of.
  public init(of revision: PromiseRevision) {
    var object = KubernetesObject(
      apiVersion: ResourceType.promises.apiVersion, kind: "Promise", name: revision.promiseName)
    object.spec = revision.promiseSpec
    object.labels = [KratixLabels.promiseVersion: revision.version]
    self.init(object)
  }
}
