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
  /// Bindings cannot be pinned, and why.
  case cannotPin(String)
  /// The strategy was written for something else.
  case otherPlan(String)
  /// The Promise is not applied yet, and only its file has it.
  case needsFile(promise: String, version: String)
  /// It is being given up.
  case aborting(String)

  public var description: String {
    switch self {
    case .noRollout(let promise): "Promise \(promise) has no rollout"
    case .recordDeleted(let promise): "the record of the rollout of Promise \(promise) was deleted"
    case .notServed(let promise): "Promise \(promise) is not installed, or serves no API"
    case .leaseLost(let holder): "the rollout is driven by \(holder) now; this command only stopped watching"
    case .cannotPin(let why): "the fleet cannot be held by pins: \(why); say --hold pause"
    case .otherPlan(let why): why
    case .needsFile(let promise, let version):
      "Promise \(promise) \(version) is not applied yet: go on with kubectl kratix upgrade -f FILE"
    case .aborting(let promise):
      "the rollout of Promise \(promise) is being aborted: say kubectl kratix upgrade abort \(promise) again"
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
    /// The server cannot be asked for the moment, and why; it is tried again.
    case trouble(String)
    /// A resource whose outputs are not what the plan said.
    case difference(resource: String)
    /// What the failed container of a resource printed last.
    case failure(resource: String, lines: [String])
    /// The rollout as it is now.
    case view(RolloutLogic)
  }

  /// Runs a gate command; returns its exit code.
  public typealias Gate = @Sendable (_ command: String, RolloutRecord) async throws -> Int32

  let api: any KubernetesAPI
  let promise: String
  let candidate: Promise?
  let predictions: [String: String]
  let identity: Identity
  let gate: Gate
  let now: @Sendable () -> Double
  let backoff: Backoff
  let onEvent: @Sendable (Event) -> Void
  private let failures = FailureWatch()

  /// - Parameters:
  ///   - candidate: the Promise to apply; nil when it is applied already, or is one of the Promise's revisions.
  ///   - predictions: what the plan said that each resource puts out: see `RolloutLogic`.
  ///   - now: seconds since 1970.
  ///   - backoff: between attempts, when the server cannot be asked for the moment.
  public init(
    api: any KubernetesAPI, promise: String, candidate: Promise?, predictions: [String: String] = [:],
    identity: Identity, gate: @escaping Gate, now: @escaping @Sendable () -> Double, backoff: Backoff = .reconnecting,
    onEvent: @escaping @Sendable (Event) -> Void
  ) {
    self.api = api
    self.promise = promise
    self.candidate = candidate
    self.predictions = predictions
    self.identity = identity
    self.gate = gate
    self.now = now
    self.backoff = backoff
    self.onEvent = onEvent
  }

  private var store: RolloutStore { RolloutStore(api: api, promise: promise) }

  /// Drives until the rollout is over or halted.
  /// - Returns: the record then.
  /// - Throws: `RolloutError`, `StatusError`; `CancellationError` when the task is cancelled: nothing that moves is
  ///   changed then, and another run goes on.
  public func run() async throws -> RolloutRecord {
    let lease = RolloutLease(api: api, promise: promise, driver: identity, now: now)
    try await patiently { try await lease.acquire { onEvent(.waiting(holder: $0)) } }
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
    guard let stored = try await patiently({ try await store.load() }) else { throw RolloutError.noRollout(promise) }
    if stored.record.isOver { return stored.record }
    let served = try await patiently { try await api.find(.promises, namespace: nil, name: promise) }
    guard let type = served.flatMap({ Promise($0).api?.resourceType }) else { throw RolloutError.notServed(promise) }
    var latest = stored
    while true {
      // A watch that cannot even begin ends a look; another one may go well.
      let present = latest
      let feed = FleetFeed(api: api, promiseName: promise, type: type)
      switch try await patiently({ try await look(RolloutState(present, feed: feed)) }) {
      case .ended(let record): return record
      case .again(let stored): latest = stored
      }
    }
  }

  private enum Ending {
    /// The rollout is over or halted.
    case ended(RolloutRecord)
    /// Everything is to be read anew.
    case again(RolloutStore.Stored)
  }

  /// Watches and acts.
  private func look(_ state: RolloutState) async throws -> Ending {
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { await state.followRecord(of: promise, api: api) }
      group.addTask { await state.followFleet() }
      group.addTask { await failures.follow(promise: promise, api: api) }
      defer { group.cancelAll() }
      return try await steer(state).map(Ending.ended) ?? .again(state.stored)
    }
  }

  private func steer(_ state: RolloutState) async throws -> RolloutRecord? {
    let alarm = Alarm { state.wake() }
    var told: Set<String> = []
    for await _ in state.changes {
      let look = Look()
      guard let (fleet, stored) = try state.present else { continue }
      let logic = RolloutLogic(
        record: stored.record, fleet: fleet, now: now(), predictions: predictions, memory: state.memory)
      onEvent(.view(logic))
      for member in logic.failures {
        guard let run = member.run, case let lines = failures.lines(ofJob: run), !lines.isEmpty,
          told.insert(run).inserted
        else { continue }
        onEvent(.failure(resource: member.key, lines: lines))
      }
      if stored.record.isOver || stored.record.halt != nil { return stored.record }
      let decision = logic.decide()
      if let time = decision.lookAgainAt { alarm.set(after: time - now()) }
      if decision.actions.isEmpty { try await look.rest() }
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
    var writes: [@Sendable () async throws -> Void] = []
    var hasActed = false
    for action in actions {
      switch action {
      case .bind(let resource, let version, let mark):
        guard let binding = logic.fleet.bindings[resource], !state.isRefused(binding.object) else { continue }
        writes.append { try await bind(binding, version, mark, state) }
      case .pause(let key, let isPaused, let mark):
        guard let type = logic.fleet.promise?.api?.resourceType, let resource = logic.fleet.resources[key]?.object,
          !state.isRefused(resource)
        else { continue }
        writes.append { try await pause(resource, type, isPaused, mark, state) }
      case .apply(let version):
        if let halt = try await apply(version, logic, stored, state) {
          var record = stored.record
          record.halt = .stopped(reason: halt)
          try await save(record, logic, stored, state)
        }
        hasActed = true
      case .checkOutputs:
        try await save(try await checked(stored.record, logic), logic, stored, state)
        hasActed = true
      case .runGate:
        try await save(try await gated(stored.record), logic, stored, state)
        hasActed = true
      case .write(let record):
        try await save(record, logic, stored, state)
        hasActed = true
      }
    }
    guard !writes.isEmpty else { return hasActed }
    let pending = writes
    try await withThrowingTaskGroup(of: Void.self) { group in
      var next = pending.makeIterator()
      for _ in 0..<8 {
        guard let write = next.next() else { break }
        group.addTask { try await write() }
      }
      while try await group.next() != nil {
        guard let write = next.next() else { continue }
        group.addTask { try await write() }
      }
    }
    return true
  }

  private func pause(
    _ resource: KubernetesObject, _ type: ResourceType, _ isPaused: Bool, _ mark: HoldMark?, _ state: RolloutState
  ) async throws {
    do {
      let object = try await patiently {
        try await api.patch(
          type, namespace: resource.namespace, name: resource.name,
          .merge(HoldMark.patch(resource, isPaused: isPaused, mark: mark)), options: RolloutStore.options)
      }
      state.know(resource: object)
    } catch let error as StatusError where [404, 409].contains(error.code) {
      // Somebody was there first: perhaps we ourselves, when an answer was lost.
      guard
        let fresh = try await patiently({
          try await api.find(type, namespace: resource.namespace, name: resource.name)
        })
      else { return state.refuse(resource) }
      state.know(resource: fresh)
    }
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
      // Somebody was there first: perhaps we ourselves, when an answer was lost. Or an admission webhook refuses.
      guard
        let fresh = try await patiently({
          try await api.find(.resourceBindings, namespace: binding.namespace, name: binding.name)
        })
      else { return state.refuse(binding.object) }
      let isSame =
        ResourceBinding(fresh).version == binding.version
        && fresh.annotations[HoldMark.annotation] == binding.object.annotations[HoldMark.annotation]
      if isSame, error.code == 422 { throw error }
      state.know(fresh)
    }
  }

  /// - Returns: why the API server refuses the Promise; nil when it took it.
  private func apply(
    _ version: String, _ logic: RolloutLogic, _ stored: RolloutStore.Stored, _ state: RolloutState
  ) async throws -> String? {
    guard let live = logic.fleet.promise else { return nil }
    guard let candidate = candidate(version, logic.fleet, stored) else {
      throw RolloutError.needsFile(promise: promise, version: version)
    }
    do {
      let applied = try await patiently { try await PromiseInstaller(api: api).apply(candidate, over: live) }
      state.know(promise: applied)
    } catch let error as StatusError where error.reason == .conflict {
      // Somebody was there first: perhaps we ourselves, when an answer was lost.
      state.know(promise: Promise(try await patiently { try await api.get(.promises, name: promise) }))
    } catch let error as StatusError where (400..<500).contains(error.code) {
      return "the API server refused Promise \(promise) \(version): \(error.message); roll back lets the resources go"
    }
    return nil
  }

  private func candidate(_ version: String, _ fleet: LiveFleet, _ stored: RolloutStore.Stored) -> Promise? {
    let record = stored.record
    if record.direction == .back {
      if let before = stored.before { return before }
    } else {
      if let candidate,
        record.isInPlace ? candidate.planDigest == record.toDigest : candidate.revisionVersion == version
      {
        return candidate
      }
      if let after = stored.after { return after }
    }
    if record.isInPlace || version == KratixNames.unversioned { return nil }
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

  /// Compares what the wave's resources have put out with what the plan said.
  private func checked(_ record: RolloutRecord, _ logic: RolloutLogic) async throws -> RolloutRecord {
    var record = record
    record.checkedWave = record.wave
    var works: [String: [Work]] = [:]
    do {
      let inWave = Set(logic.wave(record.wave).map(\.key))
      let found = try await patiently {
        try await api.collect(.works, labelSelector: "\(KratixLabels.promiseName)=\(promise)") {
          (object) -> Work? in
          let work = Work(object.withoutManagers)
          return inWave.contains(work.resourceKey) ? work : nil
        }.items
      }
      works = Dictionary(grouping: found, by: \.resourceKey)
    } catch let error as StatusError where error.reason == .forbidden {
      onEvent(.trouble("what was put out cannot be compared with the plan: \(error.message)"))
      if record.isStrict { record.halt = .stopped(reason: "the Works cannot be read: \(error.message)") }
      return record
    }
    let different = logic.wave(record.wave).filter { member in
      guard member.standing == .done, let expected = member.mark?.outputs else { return false }
      return (try? Outputs(of: works[member.key] ?? []).digest) != expected
    }
    for member in different { onEvent(.difference(resource: member.key)) }
    if record.isStrict, !different.isEmpty {
      let names = different.prefix(5).map(\.key).joined(separator: ", ")
      record.halt = .stopped(
        reason: "what was put out is not what the plan said: \(names)"
          + (different.count > 5 ? " and \(different.count - 5) more" : "") + "; resume to go on all the same")
    }
    return record
  }

  private func save(
    _ record: RolloutRecord, _ logic: RolloutLogic, _ stored: RolloutStore.Stored, _ state: RolloutState
  ) async throws {
    do {
      let saved = try await patiently { try await store.save(record, over: stored) }
      state.know(saved)
      await RolloutEvents(api: api, instance: identity.name, now: now)
        .tell(record, before: stored.record, logic) { member in member.run.map(failures.lines(ofJob:)) ?? [] }
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
        onEvent(.trouble("\(error)"))
        let wait = (error as? StatusError)?.retryAfterSeconds.map { Duration.seconds($0) }
        try await Task.sleep(for: wait ?? backoff.delay(afterFailures: failures))
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
