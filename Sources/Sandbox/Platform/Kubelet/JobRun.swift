import APIServer
import KratixControllers
import KratixModel
import Kubernetes
import Logging
import WorkflowRunner

/// Brings one Job to its end: makes its pod, runs the containers, starts them again when they fail, and says so in both
/// statuses. It can be begun again at any point, also by another process.
struct JobRun: Sendable {
  let api: any KubernetesAPI
  let engine: any WorkflowEngine
  let logs: PodLogs
  let events: ClusterEvents
  let configuration: Kubelet.Configuration
  let slots: RunSlots
  let logger: Logger
  /// The API as a ServiceAccount.
  let adapterAPI: @Sendable (_ namespace: String, _ serviceAccount: String) throws -> any KubernetesAPI

  /// How a run of a pod's containers ended.
  enum Outcome {
    case succeeded
    case failed(container: String)
    /// A container could not even be started; the text is in the pod's status.
    case held
  }

  /// - Throws: `CancellationError` when it was stopped; faults of the API.
  func run(_ job: KubernetesObject, _ content: JobContent) async throws {
    var job = job
    // The time runs from the first pod on, whether that runs yet or not.
    if JobStatus.hasDeadline(job), JobStatus.deadline(job) == nil { _ = try await pod(of: &job) }
    guard let deadline = JobStatus.deadline(job) else { return try await bringToEnd(job, content) }
    let start = job
    let isFinished = try await withThrowingTaskGroup(of: Bool.self) { group in
      group.addTask {
        try await Task.sleep(for: .seconds(max(0, deadline - SystemTime.secondsSince1970)))
        return false
      }
      if deadline > SystemTime.secondsSince1970 {
        group.addTask {
          try await bringToEnd(start, content)
          return true
        }
      }
      defer { group.cancelAll() }
      return try await group.next() ?? true
    }
    if !isFinished { try await exceedDeadline(job) }
  }

  private func bringToEnd(_ job: KubernetesObject, _ content: JobContent) async throws {
    var job = job
    var failures = 0
    while true {
      let pod = try await pod(of: &job)
      let session = PodSession(pod: pod, api: api, events: events, logs: logs)
      if pod[path: "status", "phase"] == "Succeeded" { return try await complete(job, session) }
      switch try await inSlot({ try await runContainers(content, session) }) {
      case .succeeded:
        return try await complete(job, session)
      case .held:
        failures += 1
      case .failed where content.startsNewPods:
        failures += 1
        try await session.fail()
        try await release(await session.pod)
        let total = JobStatus.failedPods(job) + 1
        if total > JobStatus.backoffLimit(job) { return try await giveUp(job, failedPods: total, deleting: nil) }
        try await change(&job) { JobStatus.countFailure(&$0) }
      case .failed(let container):
        failures += 1
        if await session.restarts + 1 >= max(1, JobStatus.backoffLimit(job)) {
          try await session.write()
          return try await giveUp(job, failedPods: JobStatus.failedPods(job) + 1, deleting: await session.pod)
        }
        try await session.restart(container)
      }
      try await Task.sleep(for: configuration.restartBackoff.delay(afterFailures: failures, fraction: 1))
    }
  }

  private func inSlot<Result: Sendable>(_ body: () async throws -> Result) async throws -> Result {
    try await slots.acquire()
    do {
      let result = try await body()
      await slots.release()
      return result
    } catch {
      await slots.release()
      throw error
    }
  }

  // MARK: Job controller

  /// The Job's pod: the one there that has not failed, or a new one.
  private func pod(of job: inout KubernetesObject) async throws -> KubernetesObject {
    if let pod = try await pods(of: job).first(where: { $0[path: "status", "phase"] != "Failed" && !$0.isBeingDeleted })
    {
      if job[path: "status", "active"] != 1 {
        try await change(&job) { JobStatus.start(&$0, now: SystemTime.timestamp) }
      }
      return pod
    }
    let pod = try await api.create(.pods, JobPod.make(for: job))
    await events.record(.jobController, "SuccessfulCreate", "Created pod: \(pod.name)", on: job)
    try await change(&job) { JobStatus.start(&$0, now: SystemTime.timestamp) }
    await events.record(
      .scheduler, "Scheduled", "Successfully assigned \(pod.qualifiedName) to \(PodProgress.node)", on: pod)
    return pod
  }

  private func complete(_ job: KubernetesObject, _ session: PodSession) async throws {
    var job = job
    let pod = await session.pod
    try await change(&job) { JobStatus.meetCriteria(&$0, podUID: pod.uid, now: SystemTime.timestamp) }
    try await release(pod)
    try await change(&job) { JobStatus.complete(&$0, now: SystemTime.timestamp) }
    await events.record(.jobController, "Completed", "Job completed", on: job)
  }

  private func giveUp(_ job: KubernetesObject, failedPods: Int, deleting pod: KubernetesObject?) async throws {
    try await fail(job, because: .backoffLimitExceeded, failedPods: failedPods, deleting: pod.map { [$0] } ?? [])
  }

  private func fail(
    _ job: KubernetesObject, because failure: JobStatus.Failure, failedPods: Int, deleting pods: [KubernetesObject]
  ) async throws {
    var job = job
    try await change(&job) { JobStatus.giveUp(&$0, because: failure, now: SystemTime.timestamp) }
    for pod in pods { try await delete(pod, of: job) }
    await events.record(.jobController, failure.rawValue, failure.message, on: job, isWarning: true)
    try await change(&job) { JobStatus.fail(&$0, because: failure, pods: failedPods, now: SystemTime.timestamp) }
  }

  /// The Job has been active for too long: what ran has been stopped before.
  private func exceedDeadline(_ job: KubernetesObject) async throws {
    guard let job = try await api.find(.jobs, namespace: job.namespace, name: job.name), !JobStatus.isFinished(job)
    else { return }
    let pods = try await pods(of: job).filter { !JobPod.isTerminal($0) }
    try await fail(
      job, because: .deadlineExceeded, failedPods: JobStatus.failedPods(job) + pods.count, deleting: pods)
  }

  private func pods(of job: KubernetesObject) async throws -> [KubernetesObject] {
    try await api.listAll(
      .pods, namespace: job.namespace, labelSelector: "batch.kubernetes.io/controller-uid=\(job.uid)"
    ).items
  }

  /// Ends the pods of a Job that is suspended, and says that it is. What ran in them has been stopped before.
  func suspend(_ job: KubernetesObject) async throws {
    for pod in try await pods(of: job) where !JobPod.isTerminal(pod) { try await delete(pod, of: job) }
    var job = job
    try await change(&job) { JobStatus.suspend(&$0, now: SystemTime.timestamp) }
    await events.record(.jobController, "Suspended", "Job suspended", on: job)
  }

  private func change(_ job: inout KubernetesObject, _ body: (inout KubernetesObject) -> Void) async throws {
    guard let changed = try await api.changeStatus(.jobs, job, body) else { throw CancellationError() }
    job = changed
  }

  private func delete(_ pod: KubernetesObject, of job: KubernetesObject) async throws {
    try await remove(pod)
    await events.record(.jobController, "SuccessfulDelete", "Deleted pod: \(pod.name)", on: job)
  }

  /// Takes a pod away whose containers do not run any more.
  func remove(_ pod: KubernetesObject) async throws {
    try await release(pod)
    do {
      try await api.delete(
        .pods, namespace: pod.namespace, name: pod.name,
        options: DeleteOptions(preconditionUID: pod.uid, gracePeriodSeconds: 0))
    } catch let error as StatusError where error.reason == .notFound || error.reason == .conflict {
    }
  }

  /// The Job has counted the pod.
  private func release(_ pod: KubernetesObject) async throws {
    for attempt in 1... {
      guard let current = try await api.find(.pods, namespace: pod.namespace, name: pod.name), current.uid == pod.uid
      else { return }
      do {
        try await api.setFinalizers(
          .pods, current, current.finalizers.filter { $0 != JobStatus.trackingFinalizer })
        return
      } catch let error as StatusError where error.reason == .conflict && attempt < 10 {
        continue
      }
    }
  }

  // MARK: Kubelet

  private func runContainers(_ content: JobContent, _ session: PodSession) async throws -> Outcome {
    switch content {
    case .workflow(let workflow): try await runContainers(workflow, session)
    case .plain(let plain): try await runContainers(plain, session)
    }
  }

  private func runContainers(_ workflow: WorkflowPod, _ session: PodSession) async throws -> Outcome {
    let adapter = PipelineAdapter(
      pod: workflow, api: try adapterAPI(workflow.namespace, workflow.serviceAccount), node: api)
    let read = try await step(WorkflowPod.reader, session) {
      let object = try await adapter.readObject()
      return (object, PipelineAdapter.readerLog(object))
    }
    guard let object = read else { return .failed(container: WorkflowPod.reader) }
    var run = WorkflowRun(pipeline: workflow.pipeline, environment: workflow.environment, object: object)
    do {
      run.resolvedEnvironment = try await EnvironmentResolver(api: api, pod: await session.pod)
        .resolve(workflow.pipeline.containers)
    } catch let missing as EnvironmentResolver.Missing {
      try await session.hold(missing.container, reason: "CreateContainerConfigError", message: "Error: \(missing)")
      return .held
    }
    let result: WorkflowResult
    do {
      result = try await engineRun(run, session)
    } catch let failure as WorkflowFailure {
      return try await end(failure, workflow, session)
    }
    if workflow.writesWork {
      let written = try await step(WorkflowPod.workWriter, session) { ((), try await adapter.writeWork(result)) }
      if written == nil { return .failed(container: WorkflowPod.workWriter) }
    }
    let stated = try await step(WorkflowPod.statusWriter, session) {
      try await adapter.writeStatus(result)
      return ((), "")
    }
    if stated == nil { return .failed(container: WorkflowPod.statusWriter) }
    try await session.write()
    return .succeeded
  }

  /// Runs one of Kratix's own containers. - Returns: nil when it failed; why is in its log.
  private func step<Result>(
    _ container: String, _ session: PodSession, _ body: () async throws -> (Result, log: String)
  ) async throws -> Result? {
    try await session.start(container)
    do {
      let (result, log) = try await body()
      if !log.isEmpty { await session.print(log, from: container) }
      await session.end(container, exitCode: 0)
      return result
    } catch is CancellationError {
      throw CancellationError()
    } catch {
      try Task.checkCancellation()
      await session.print("\(error)", from: container)
      await session.end(container, exitCode: 1)
      return nil
    }
  }

  /// Runs the author's containers; their starts, ends and output go to the pod as they come.
  func engineRun(_ run: WorkflowRun, _ session: PodSession) async throws -> WorkflowResult {
    let (containerEvents, feed) = AsyncStream<ContainerEvent>.makeStream()
    async let reporting: Void = {
      for await event in containerEvents {
        switch event {
        case .started(let container): try await session.start(container)
        case .output(let container, let bytes): await session.print(bytes, from: container)
        case .finished(let container, let exitCode): await session.end(container, exitCode: exitCode)
        }
      }
    }()
    let result: Result<WorkflowResult, WorkflowFailure>
    do {
      result = .success(try await engine.run(run, limits: configuration.limits) { feed.yield($0) })
    } catch {
      result = .failure(error)
    }
    feed.finish()
    try await reporting
    try Task.checkCancellation()
    return try result.get()
  }

  /// Says in the pod why the author's containers have no result.
  private func end(
    _ failure: WorkflowFailure, _ workflow: WorkflowPod, _ session: PodSession
  ) async throws -> Outcome {
    let first = workflow.pipeline.containers.first?.name ?? ""
    let container = failure.container.isEmpty ? first : failure.container
    switch failure.reason {
    case .exited:
      return .failed(container: container)
    case .imageUnavailable(let text):
      try await session.hold(container, reason: "ImagePullBackOff", message: text)
      return .held
    case .timedOut, .unsound, .engine:
      await session.end(container, because: failure.description)
      return .failed(container: container)
    case .badOutput(let text), .badMetadata(let text):
      // Kratix finds these in a container of its own, after the author's.
      let isWork = workflow.writesWork && !text.contains("status") && !text.contains("workflow-control")
      let own = isWork ? WorkflowPod.workWriter : WorkflowPod.statusWriter
      try await session.start(own)
      await session.print(text, from: own)
      await session.end(own, exitCode: 1)
      return .failed(container: own)
    }
  }
}
