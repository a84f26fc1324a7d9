import APIServer
import KratixControllers
import KratixModel
import Kubernetes
import Logging
import WorkflowRunner

/// The node and the Job controller of a sandbox: runs Kratix's Jobs, and any other whose pod has one container after its
/// init containers, with a workflow engine in the place of a container runtime.
///
/// Where it differs from a real node: a container that is started again is started with all that stand before it, in
/// directories of its own; a pod's containers run without network, and as the engine has it, not as a security context
/// asks; a Job's parallelism is of no account.
public actor Kubelet {
  public struct Configuration: Sendable {
    /// Pipelines that run at the same time.
    public var concurrency: Int
    /// Waits before a failed container is started again.
    public var restartBackoff: Backoff
    public var limits: WorkflowLimits

    public init(
      concurrency: Int = 2, restartBackoff: Backoff = Backoff(initial: .seconds(10), maximum: .seconds(300)),
      limits: WorkflowLimits = WorkflowLimits()
    ) {
      self.concurrency = concurrency
      self.restartBackoff = restartBackoff
      self.limits = limits
    }

    /// A kubelet's own waits under Kratix's pace, short ones under any other.
    public init(pace: Pace, concurrency: Int = 2, limits: WorkflowLimits = WorkflowLimits()) {
      self.init(
        concurrency: concurrency,
        restartBackoff: pace == .kratix
          ? Backoff(initial: .seconds(10), maximum: .seconds(300))
          : Backoff(initial: .milliseconds(50), maximum: .seconds(1)), limits: limits)
    }
  }

  private struct Activity {
    /// Told apart from the one that took its place.
    var id: Int
    /// It takes a pod away, which goes on when the Job goes.
    var isRemoval = false
    var task: Task<Void, Never>
  }

  private let jobs: JobRun
  private let api: any KubernetesAPI
  private let logger: Logger
  /// The newest state of each Job, by uid.
  private var latest: [String: KubernetesObject] = [:]
  /// What goes on for a Job, by uid.
  private var active: [String: Activity] = [:]
  private var lastActivity = 0
  /// Jobs brought to their end; a late event of theirs starts nothing.
  private var ended: Set<String> = []
  /// What waits for the `ttlSecondsAfterFinished` of a Job, by uid.
  private var expiring: [String: Task<Void, Never>] = [:]
  private var isStopping = false
  /// Pods that are being deleted while a run that has ended in them is counted, by the Job's uid.
  private var condemned: [String: KubernetesObject] = [:]

  /// - Parameters:
  ///   - api: the platform's, as the node and the Job controller.
  ///   - adapterAPI: the platform's, as a ServiceAccount: what Kratix's own containers write with.
  public init(
    api: any KubernetesAPI, engine: any WorkflowEngine, logs: PodLogs, configuration: Configuration, logger: Logger,
    adapterAPI: @escaping @Sendable (_ namespace: String, _ serviceAccount: String) throws -> any KubernetesAPI
  ) {
    self.api = api
    self.logger = logger
    jobs = JobRun(
      api: api, engine: engine, logs: logs, events: ClusterEvents(api: api, logger: logger),
      configuration: configuration, slots: RunSlots(configuration.concurrency), logger: logger,
      adapterAPI: adapterAPI)
  }

  /// Runs until the task is cancelled; then everything that runs is stopped, and goes on with the next process.
  public func run() async {
    await withTaskGroup(of: Void.self) { group in
      group.addTask { await self.watch(.jobs) { await self.handle(job: $0) } }
      group.addTask { await self.watch(.pods) { await self.handle(pod: $0) } }
      await group.waitForAll()
    }
    isStopping = true
    for task in expiring.values { task.cancel() }
    for activity in active.values { activity.task.cancel() }
    for activity in active.values { await activity.task.value }
  }

  private func watch(_ type: ResourceType, _ handle: (ObservedEvent) async -> Void) async {
    var failures = 0
    while !Task.isCancelled {
      do {
        for try await event in api.observe(type) {
          failures = 0
          await handle(event)
        }
      } catch {
        failures += 1
        logger.debug("cannot watch \(type.qualifiedResource), trying again: \(error)")
      }
      guard (try? await Task.sleep(for: Backoff.reconnecting.delay(afterFailures: max(failures, 1)))) != nil else {
        return
      }
    }
  }

  // MARK: Jobs

  private func handle(job event: ObservedEvent) {
    switch event {
    case .snapshot(let objects):
      let present = Set(objects.map(\.uid))
      for uid in latest.keys where !present.contains(uid) { forget(uid) }
      for object in objects { consider(object) }
    case .added(let object), .modified(let object): consider(object)
    case .deleted(let object): forget(object.uid)
    }
  }

  private func forget(_ uid: String) {
    latest[uid] = nil
    ended.remove(uid)
    stopRunning(uid)
    expiring.removeValue(forKey: uid)?.cancel()
  }

  private func consider(_ job: KubernetesObject) {
    let uid = job.uid
    let before = latest.updateValue(job, forKey: uid)
    if expiring[uid] == nil, !job.isBeingDeleted, let time = JobStatus.expiry(job) {
      expiring[uid] = Task { [jobs] in
        guard (try? await Task.sleep(for: .seconds(max(0, time - SystemTime.secondsSince1970)))) != nil else { return }
        _ = await self.attempt { try await jobs.expire(job) }
      }
    }
    if ended.contains(uid) { return }
    if job.isBeingDeleted || JobStatus.isFinished(job) {
      stopRunning(uid)
      return
    }
    if JobStatus.isSuspended(job) {
      guard !job.hasCondition("Suspended"), before.map({ !JobStatus.isSuspended($0) }) ?? true else { return }
      begin(uid) { _ = await self.attempt { try await self.jobs.suspend(job) } }
      return
    }
    guard active[uid] == nil else { return }
    guard let content = JobContent(job) else {
      logger.info("Job \(job.qualifiedName) has a pod that a sandbox does not run: several containers at a time")
      return
    }
    begin(uid) {
      if await self.attempt({ try await self.jobs.run(job, content) }) { self.ended.insert(uid) }
    }
  }

  private func stopRunning(_ uid: String) {
    if let activity = active[uid], !activity.isRemoval { activity.task.cancel() }
  }

  /// Stops what goes on for a Job, and then does something else.
  private func begin(_ uid: String, isRemoval: Bool = false, _ body: @escaping () async -> Void) {
    let before = active[uid]?.task
    before?.cancel()
    lastActivity += 1
    let id = lastActivity
    active[uid] = Activity(
      id: id, isRemoval: isRemoval,
      task: Task {
        await before?.value
        await body()
        self.finish(uid, id)
      })
  }

  /// What came meanwhile may ask for something else.
  private func finish(_ uid: String, _ id: Int) {
    guard active[uid]?.id == id else { return }
    active[uid] = nil
    if let pod = condemned.removeValue(forKey: uid), !isStopping { remove(pod, of: uid) }
    if let job = latest[uid], !Task.isCancelled { consider(job) }
  }

  /// Tries again, with growing waits, what the API has refused. - Returns: false when it was cancelled.
  private func attempt(_ body: @Sendable () async throws -> Void) async -> Bool {
    var failures = 0
    while !Task.isCancelled {
      do {
        try await body()
        return true
      } catch is CancellationError {
        return false
      } catch {
        failures += 1
        logger.info("a Job could not be brought on, trying again: \(error)")
        try? await Task.sleep(for: jobs.configuration.restartBackoff.delay(afterFailures: failures))
      }
    }
    return false
  }

  // MARK: Pods

  private func handle(pod event: ObservedEvent) {
    switch event {
    case .snapshot(let objects): for object in objects { stop(object) }
    case .added(let object), .modified(let object): stop(object)
    case .deleted: break
    }
  }

  /// Ends the containers of a pod that is being deleted, and lets it go; its Job, if it lives, makes another one.
  private func stop(_ pod: KubernetesObject) {
    guard pod.isBeingDeleted, let uid = pod.ownerReferences.first(where: { $0.kind == "Job" })?.uid else { return }
    if JobPod.isTerminal(pod), let activity = active[uid], !activity.isRemoval {
      condemned[uid] = pod
      return
    }
    remove(pod, of: uid)
  }

  private func remove(_ pod: KubernetesObject, of uid: String) {
    begin(uid, isRemoval: true) { _ = await self.attempt { try await self.jobs.remove(pod) } }
  }
}
