import Foundation
import KratixModel
import Kubernetes
import Synchronization

/// Runs pipelines as Jobs of a Kubernetes cluster, in a namespace of their own, which goes with the engine.
///
/// Nothing else in the cluster is written. The input comes from a Secret, the output goes through the log of a last
/// container, so that neither a volume nor a registry is shared. What a process leaves that is killed goes by itself
/// (Jobs after their time to live) or with the next engine (the rest).
public final class ClusterEngine: WorkflowEngine {
  /// What the containers that read the input and collect the output run in, unless told otherwise.
  public static let defaultCollectorImage = "docker.io/library/busybox:1.37.0"

  /// How long a pod may wait for a node and its images.
  static let startLimit = Duration.seconds(600)
  /// How long a quota's refusal is borne when nothing of one's own runs that could make room.
  static let quotaPatience = Duration.seconds(60)

  private let namespace: ClusterNamespace
  private let references: ClusterReferences
  private let collectorImage: String
  private let room = QuotaRoom()
  private let waits: WaitingRuns

  private init(
    namespace: ClusterNamespace, source: any KubernetesAPI, collectorImage: String, waits: WaitingRuns
  ) {
    self.namespace = namespace
    self.collectorImage = collectorImage
    self.waits = waits
    references = ClusterReferences(source: source, namespace: namespace)
  }

  /// Does something with an engine, and removes all that it made, also when the task is cancelled.
  ///
  /// - Parameters:
  ///   - api: the cluster that runs the pipelines.
  ///   - source: the platform, where the ConfigMaps and Secrets are that pipelines refer to.
  ///   - onWarning: hears, in a sentence, what cannot be removed for now.
  ///   - onWait: hears how many runs the cluster does not start for now, and why; nil when it starts them all.
  /// - Throws: faults of the API when there is no namespace to be had; what `body` throws.
  public static func with<Result>(
    _ api: any KubernetesAPI, source: any KubernetesAPI, collectorImage: String = defaultCollectorImage,
    allowsNetwork: Bool, onWarning: @escaping @Sendable (String) -> Void = { _ in },
    onWait: @escaping @Sendable (String?) -> Void = { _ in },
    _ body: (ClusterEngine) async throws -> Result
  ) async throws -> Result {
    try await ClusterNamespace.sweep(api)
    let namespace = try await ClusterNamespace.make(in: api, allowsNetwork: allowsNetwork)
    let engine = ClusterEngine(
      namespace: namespace, source: source, collectorImage: collectorImage, waits: WaitingRuns(onChange: onWait))
    let beating = Task { await namespace.keepAlive() }
    defer { beating.cancel() }
    /// In a task of its own, which is not cancelled with this one.
    func remove() async {
      await Task {
        do {
          try await namespace.remove()
        } catch {
          onWarning("namespace \(namespace.name) cannot be removed, which is left to the next preview: \(error)")
        }
      }.value
    }
    do {
      let result = try await body(engine)
      await remove()
      return result
    } catch {
      await remove()
      throw error
    }
  }

  public func run(
    _ run: WorkflowRun, limits: WorkflowLimits, onEvent: @escaping @Sendable (ContainerEvent) -> Void
  ) async throws(WorkflowFailure) -> WorkflowResult {
    func failure(_ reason: WorkflowFailure.Reason) -> WorkflowFailure {
      WorkflowFailure(pipeline: run.pipeline.name, container: "", reason: reason)
    }
    do {
      // Kratix runs a resource's pipelines beside it, where nothing else is said.
      let home = run.namespace ?? run.environment.objectNamespace
      let job = ClusterJob(
        name: "preview-\(UUID().uuidString.lowercased())", namespace: namespace.name,
        pipeline: try await references.localized(run.pipeline, from: home.isEmpty ? KratixNames.systemNamespace : home),
        environment: run.environment, collectorImage: collectorImage, limits: limits, owner: namespace.owner)
      return try await perform(job, run, limits: limits, onEvent: onEvent)
    } catch let error as WorkflowFailure {
      throw error
    } catch let reason as WorkflowFailure.Reason {
      throw failure(reason)
    } catch is CancellationError {
      throw failure(.engine("it was cancelled"))
    } catch {
      throw failure(.engine("\(error)"))
    }
  }

  private func perform(
    _ job: ClusterJob, _ run: WorkflowRun, limits: WorkflowLimits,
    onEvent: @escaping @Sendable (ContainerEvent) -> Void
  ) async throws -> WorkflowResult {
    let began = ContinuousClock.now
    defer { waits.note(nil, of: job.name) }
    do {
      try await withRoom(job) { try await $0.create(.secrets, job.secret(for: run.object)) }
      try await withRoom(job) { try await $0.create(.jobs, job.object) }
      await room.enter()
      let result: WorkflowResult
      do {
        result = try await self.result(of: job, run, limits: limits, began: began, onEvent: onEvent)
      } catch {
        await Task { await self.remove(job) }.value
        await room.leave()
        throw error
      }
      await Task { await self.remove(job) }.value
      await room.leave()
      return result
    } catch let error as WorkflowFailure {
      throw error
    } catch {
      await Task { await self.remove(job) }.value
      throw error
    }
  }

  /// The Job with its pod, and its input. What cannot be removed goes with the namespace.
  private func remove(_ job: ClusterJob) async {
    for type in [ResourceType.jobs, .secrets] {
      try? await namespace.api.delete(
        type, namespace: job.namespace, name: job.name, options: DeleteOptions(propagation: .background))
    }
  }

  /// Creates something, and when a quota refuses it, once more whenever a run of one's own has ended.
  private func withRoom(
    _ job: ClusterJob, _ create: (any KubernetesAPI) async throws -> KubernetesObject
  ) async throws {
    let began = ContinuousClock.now
    var failures = 0
    while true {
      try Task.checkCancellation()
      let ends = await room.ends
      do {
        _ = try await create(namespace.api)
        waits.note(nil, of: job.name)
        return
      } catch let error as StatusError where error.code == 403 && error.message.contains("exceeded quota") {
        waits.note(error.message, of: job.name)
        if await room.waitForAnEnd(after: ends) { continue }
        guard began.duration(to: .now) < Self.quotaPatience else { throw error }
        failures += 1
        try await Task.sleep(for: Backoff.reconnecting.delay(afterFailures: failures))
      }
    }
  }

  // MARK: One run

  private func result(
    of job: ClusterJob, _ run: WorkflowRun, limits: WorkflowLimits, began: ContinuousClock.Instant,
    onEvent: @escaping @Sendable (ContainerEvent) -> Void
  ) async throws -> WorkflowResult {
    func failure(_ reason: WorkflowFailure.Reason, _ container: String, log: String = "") -> WorkflowFailure {
      WorkflowFailure(
        pipeline: run.pipeline.name, container: container, reason: reason, lastLines: PipelineExecution.lastLines(log),
        logs: log.isEmpty ? [] : [ContainerLog(container: container, text: log)])
    }
    let (pod, ending) = try await ending(of: job, run, limits: limits, onEvent: onEvent)
    func log(_ container: String) async throws -> String {
      try await namespace.api.podLog(namespace: job.namespace, pod: pod, container: container)
    }
    switch ending {
    case .held(let container, let reason): throw failure(reason, container)
    case .ended(let reason, let message):
      // The only bound that a pipeline sets off is that of its output.
      if reason == "Evicted", message.contains("shared-") {
        throw failure(.badOutput("it was evicted for what it put out: \(message)"), "")
      }
      throw failure(.engine("its pod was ended by the cluster (\(reason)): \(message)"), "")
    case .exited(let container, let code) where run.pipeline.containers.contains { $0.name == container }:
      throw failure(.exited(code: code), container, log: try await log(container))
    case .exited(ClusterJob.collector, _):
      let text = PipelineExecution.lastLines(try await log(ClusterJob.collector)).joined(separator: "; ")
      throw WorkflowFailure.Reason.badOutput("what it put out cannot be collected: \(text)")
    case .exited(let container, let code):
      throw failure(.engine("\(container) exited with code \(code)"), container, log: try await log(container))
    case .succeeded:
      let archive = try CollectedOutput.archive(inLog: try await log(ClusterJob.collector), limits: limits)
      return try read(archive, run, limits: limits, began: began)
    }
  }

  /// Unpacks an archive and reads it as what a run on this machine leaves.
  private func read(
    _ archive: [UInt8], _ run: WorkflowRun, limits: WorkflowLimits, began: ContinuousClock.Instant
  ) throws -> WorkflowResult {
    let scratch = try ScratchDirectory("kratix-output")
    let directory = try RunDirectory(below: scratch.path, run: run)
    defer { directory.remove() }
    do throws(TarArchive.Failure) {
      try TarArchive.unpack(archive, into: directory.path)
    } catch {
      throw WorkflowFailure.Reason.badOutput(error.description)
    }
    return try PipelineExecution.read(directory, of: run, limits: limits, logs: [], began: began)
  }

  /// Waits for the end of a Job's pod, for as long as it may take.
  private func ending(
    of job: ClusterJob, _ run: WorkflowRun, limits: WorkflowLimits,
    onEvent: @escaping @Sendable (ContainerEvent) -> Void
  ) async throws -> (pod: String, PodReport.Ending) {
    let clock = RunClock(startLimit: Self.startLimit)
    let own = Set(run.pipeline.containers.map(\.name))
    let pods = namespace.api.observe(
      .pods, namespace: job.namespace, labelSelector: "\(ClusterJob.runLabel)=\(job.name)")
    return try await withThrowingTaskGroup(of: (String, PodReport.Ending)?.self) { group in
      group.addTask { [waits] in
        var told: Set<String> = []
        for try await event in pods {
          let pod: KubernetesObject?
          switch event {
          case .snapshot(let objects): pod = objects.first
          case .added(let object), .modified(let object): pod = object
          case .deleted: throw WorkflowFailure.Reason.engine("its pod was deleted")
          }
          guard let pod else { continue }
          let report = PodReport(pod)
          clock.note(report, limit: limits.time)
          waits.note(report.hasStarted ? nil : report.obstacle, of: job.name)
          for (container, code) in report.finished where own.contains(container) && told.insert(container).inserted {
            onEvent(.finished(container: container, exitCode: code))
          }
          if let ending = report.ending { return (pod.name, ending) }
        }
        throw CancellationError()
      }
      group.addTask {
        try await clock.waitUntilOver()
        throw clock.reason(limit: limits.time)
      }
      group.addTask {
        try await self.watchForRefusal(of: job, clock)
        return nil
      }
      defer { group.cancelAll() }
      for try await first in group {
        if let first { return first }
      }
      throw CancellationError()
    }
  }

  /// Hears why the Job's pod cannot be made.
  /// - Throws: `WorkflowFailure.Reason` when waiting will not help.
  private func watchForRefusal(of job: ClusterJob, _ clock: RunClock) async throws {
    let events = namespace.api.observe(
      .coreEvents, namespace: job.namespace,
      fieldSelector: "involvedObject.kind=Job,involvedObject.name=\(job.name)")
    do {
      for try await event in events {
        let objects: [KubernetesObject] =
          switch event {
          case .snapshot(let objects): objects
          case .added(let object), .modified(let object): [object]
          case .deleted: []
          }
        for refusal in objects.compactMap(PodRefusal.init) {
          guard refusal.isTransient else {
            throw WorkflowFailure.Reason.engine("the cluster makes no pod for it: \(refusal.message)")
          }
          if clock.note(refusal) { waits.note(refusal.message, of: job.name) }
        }
      }
    } catch is StatusError {
      // Who may not read events hears of it when the time to start is over.
    }
  }
}
