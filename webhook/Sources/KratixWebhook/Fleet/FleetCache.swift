import KratixModel
import Kubernetes
import Logging
import PromiseReview
import Synchronization

/// The live fleet, kept up to date by lists and watches: Promises, revisions, bindings, destinations, and the resources
/// of each Promise as their APIs come and go. Reviews read it; none waits for the API server.
final class FleetCache: Sendable {
  private let api: any KubernetesAPI
  private let logger: Logger
  private let state = Mutex(FleetState())
  private let progress = Mutex(Progress())
  private let listeners = Mutex<[Int: AsyncStream<Void>.Continuation]>([:])
  /// Called with the API types whenever they change.
  private let onTypes: @Sendable ([ResourceType]) async -> Void

  /// Which sources have had their first snapshot, and who waits for all of them.
  private struct Progress {
    var synced: Set<FleetSource> = []
    /// Sources of resources whose first snapshot is awaited.
    var expected: Set<FleetSource> = [.promises, .revisions, .bindings, .destinations]
    var waiters: [Int: CheckedContinuation<Void, Never>] = [:]
    var nextWaiter = 0

    var isSynced: Bool { expected.isSubset(of: synced) }
  }

  init(
    api: any KubernetesAPI, logger: Logger, onTypes: @escaping @Sendable ([ResourceType]) async -> Void = { _ in }
  ) {
    self.api = api
    self.logger = logger
    self.onTypes = onTypes
  }

  // Reads.

  /// nil when the webhook may not read the Promise's resources.
  func evidence(forPromise name: String) -> FleetEvidence? { state.withLock { $0.evidence(forPromise: name) } }
  func platform() -> PlatformEvidence { state.withLock { $0.platform() } }
  func promise(named name: String) -> Promise? { state.withLock { $0.promises[name] } }
  func promises() -> [Promise] { state.withLock { Array($0.promises.values) } }
  func bindings(ofPromise name: String) -> [ResourceBinding] {
    state.withLock { Array(($0.bindings[name] ?? [:]).values) }
  }
  func versions(ofPromise name: String) -> Set<String> {
    state.withLock { state in Set(state.revisions.values.filter { $0.promise == name }.map(\.version)) }
  }
  func promise(servingGroup group: String, plural: String) -> String? {
    state.withLock { $0.promisesByAPI["\(group)/\(plural)"] }
  }
  /// They change whenever a review of the Promise may come out differently.
  func versions(ofFleet promise: String) -> (fleet: Int, platform: Int) {
    state.withLock { ($0.fleetVersions[promise] ?? 0, $0.platformVersion) }
  }
  var counts: [String: Int] { state.withLock { $0.counts } }

  /// The revision that a resource's binding leads to; the latest one while it has none.
  func revision(
    forResource object: KubernetesObject, namespace: String, ofPromise promise: String
  ) -> CachedRevision? {
    state.withLock { state in
      let binding = (state.bindings[promise] ?? [:]).values.first {
        $0.resourceName == object.name && $0.resourceNamespace == namespace
      }
      guard let binding, !binding.followsLatest else { return state.latestRevision(ofPromise: promise) }
      return state.revision(ofPromise: promise, version: binding.version)
    }
  }

  // Synchronisation.

  var isSynced: Bool { progress.withLock { $0.isSynced } }

  /// Returns once every source has had its first snapshot, or when the task is cancelled.
  func waitUntilSynced() async {
    if isSynced { return }
    let ticket = progress.withLock { progress in
      progress.nextWaiter += 1
      return progress.nextWaiter
    }
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isDone = progress.withLock { progress in
          if progress.isSynced || Task.isCancelled { return true }
          progress.waiters[ticket] = continuation
          return false
        }
        if isDone { continuation.resume() }
      }
    } onCancel: {
      progress.withLock { $0.waiters.removeValue(forKey: ticket) }?.resume()
    }
  }

  private func markSynced(_ source: FleetSource) { advance { $0.synced.insert(source) } }

  /// Changes what is awaited or there, and lets go of those who waited for the last of it.
  private func advance(_ change: (inout Progress) -> Void) {
    let released = progress.withLock { progress -> [CheckedContinuation<Void, Never>] in
      change(&progress)
      guard progress.isSynced else { return [] }
      defer { progress.waiters = [:] }
      return Array(progress.waiters.values)
    }
    for waiter in released { waiter.resume() }
  }

  // Observation.

  /// One element at once, and one after every change; changes in between become one.
  func changes() -> AsyncStream<Void> {
    let (stream, continuation) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
    let id = listeners.withLock { listeners in
      let id = (listeners.keys.max() ?? 0) + 1
      listeners[id] = continuation
      return id
    }
    continuation.onTermination = { [weak self] _ in _ = self?.listeners.withLock { $0.removeValue(forKey: id) } }
    continuation.yield()
    return stream
  }

  private func take(_ event: ObservedEvent, from source: FleetSource) {
    state.withLock { $0.apply(event, to: source) }
    markSynced(source)
    for listener in listeners.withLock({ Array($0.values) }) { listener.yield() }
  }

  /// - Returns: false at the end of the events.
  private func takeNext(
    of events: inout AsyncThrowingStream<ObservedEvent, any Error>.Iterator, from source: FleetSource
  ) async throws -> Bool {
    guard let isSnapshot = try await taken(of: &events, from: source) else { return false }
    // A list of thousands is many times as large as what is kept of it, and is gone by now.
    if isSnapshot { Memory.giveBack() }
    return true
  }

  /// - Returns: whether the event was a snapshot; nil at the end.
  private func taken(
    of events: inout AsyncThrowingStream<ObservedEvent, any Error>.Iterator, from source: FleetSource
  ) async throws -> Bool? {
    guard let event = try await events.next() else { return nil }
    if case .promises = source { expectResources(after: event) }
    take(event, from: source)
    guard case .snapshot = event else { return false }
    return true
  }

  /// Observes until cancelled.
  func run() async throws {
    let (changes, announce) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await self.follow(.revisions, .promiseRevisions) }
      group.addTask { try await self.follow(.bindings, .resourceBindings) }
      group.addTask { try await self.follow(.destinations, .destinations) }
      group.addTask { try await self.follow(.promises, .promises) { announce.yield() } }
      group.addTask {
        // No review waits for these: who may not read them knows of rollouts by their bindings only.
        try await self.follow(
          .rollouts, .configMaps, namespace: KratixNames.systemNamespace,
          labelSelector: RolloutNotice.labelSelector)
      }
      group.addTask { await self.followResources(changes) }
      for try await _ in group {}
    }
  }

  /// Every event of one source, for ever: what breaks is begun anew, with growing waits.
  private func follow(
    _ source: FleetSource, _ type: ResourceType, namespace: String? = nil, labelSelector: String = "",
    onEvent: @Sendable () -> Void = {}
  ) async throws {
    var failures = 0
    while !Task.isCancelled {
      do {
        var events = api.observe(type, namespace: namespace, labelSelector: labelSelector).makeAsyncIterator()
        while try await takeNext(of: &events, from: source) {
          failures = 0
          onEvent()
        }
      } catch is CancellationError {
        return
      } catch {
        failures += 1
        logger.warning(
          "cannot observe \(type.qualifiedResource); trying again", metadata: ["error": "\(error)"])
        try await Task.sleep(for: Backoff.reconnecting.delay(afterFailures: failures))
      }
    }
  }

  /// The caches are complete only with the resources of the Promises that are there at the start.
  private func expectResources(after event: ObservedEvent) {
    guard case .snapshot(let objects) = event else { return }
    let sources = objects.map(Promise.init).filter { $0.api?.resourceType != nil }
      .map { FleetSource.resources(promise: $0.name) }
    progress.withLock { $0.expected.formUnion(sources) }
  }

  /// Keeps one observation for each API that the Promises serve.
  private func followResources(_ changes: AsyncStream<Void>) async {
    var running: [String: (type: ResourceType, task: Task<Void, Never>, retry: AsyncStream<Void>.Continuation)] = [:]
    for await _ in changes {
      let wanted = Dictionary(
        promises().compactMap { promise in promise.api?.resourceType.map { (promise.name, $0) } },
        uniquingKeysWith: { first, _ in first })
      for (name, entry) in running where wanted[name] != entry.type {
        entry.task.cancel()
        running[name] = nil
        state.withLock { $0.forget(promise: name) }
        advance { $0.expected.remove(.resources(promise: name)) }
      }
      for (name, type) in wanted {
        if let entry = running[name] {
          // A change of the Promise may be that its API is served now.
          entry.retry.yield()
        } else {
          let (retries, retry) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
          running[name] = (type, Task { await self.followResources(of: name, type, retries) }, retry)
        }
      }
      await onTypes(wanted.values.sorted { $0.qualifiedResource < $1.qualifiedResource })
    }
    for entry in running.values { entry.task.cancel() }
  }

  private func followResources(of promise: String, _ type: ResourceType, _ retries: AsyncStream<Void>) async {
    let source = FleetSource.resources(promise: promise)
    var retry = retries.makeAsyncIterator()
    var failures = 0
    while !Task.isCancelled {
      do {
        var events = api.observe(type).makeAsyncIterator()
        while try await takeNext(of: &events, from: source) { failures = 0 }
        return
      } catch is CancellationError {
        return
      } catch let error as StatusError where error.code == 404 {
        // Not served yet, or no more: there are none. The Promise changes when that changes.
        take(.snapshot([]), from: source)
        guard await retry.next() != nil else { return }
      } catch {
        failures += 1
        if let status = error as? StatusError, status.code == 403 {
          state.withLock { $0.markUnreadable(promise: promise) }
          markSynced(source)
        }
        logger.warning(
          "cannot observe \(type.qualifiedResource); trying again", metadata: ["error": "\(error)"])
        guard (try? await Task.sleep(for: Backoff.reconnecting.delay(afterFailures: failures))) != nil else { return }
      }
    }
  }
}
