import KratixModel
import Kubernetes

/// A fleet as it moves: everything that tells how far its resources are.
public struct LiveFleet: Sendable {
  public var promise: Promise?
  public var revisions: [String: PromiseRevision] = [:]
  /// By `namespace/name`.
  public var resources: [String: ResourceRequest] = [:]
  /// By `namespace/name` of the resource.
  public var bindings: [String: ResourceBinding] = [:]
  /// The Jobs of resource workflows, by uid.
  public var jobs: [String: WorkflowJob] = [:]

  public var latestRevision: PromiseRevision? {
    revisions.values.filter(\.isLatest).min { $0.name < $1.name }
  }

  public func member(_ key: String) -> FleetMember? {
    resources[key].map { FleetMember(resource: $0, binding: bindings[key], works: []) }
  }

  public var members: [FleetMember] { resources.keys.sorted().compactMap(member) }

  /// The Jobs that configure each resource, by its `namespace/name`, oldest first.
  func configureJobs() -> [String: [WorkflowJob]] {
    Dictionary(grouping: jobs.values.filter(\.configures), by: \.resource)
      .mapValues { $0.count == 1 ? $0 : $0.sorted { $0.isOlder(than: $1) } }
  }

  /// The newest of them.
  func newestConfigureJobs() -> [String: WorkflowJob] {
    var newest: [String: WorkflowJob] = [:]
    for job in jobs.values where job.configures {
      if let known = newest[job.resource], job.isOlder(than: known) { continue }
      newest[job.resource] = job
    }
    return newest
  }
}

/// Watches a fleet through the Kubernetes API.
public struct FleetFeed: Sendable {
  let api: any KubernetesAPI
  let promiseName: String
  let type: ResourceType

  /// - Parameter type: the resource that the Promise serves.
  public init(api: any KubernetesAPI, promiseName: String, type: ResourceType) {
    self.api = api
    self.promiseName = promiseName
    self.type = type
  }

  /// The fleet, once everything is known, and again after changes; whoever takes it slowly misses what was in between.
  /// Ends only with an error or by cancellation.
  public func updates() -> AsyncThrowingStream<LiveFleet, any Error> {
    AsyncThrowingStream(bufferingPolicy: .bufferingNewest(1)) { continuation in
      let task = Task {
        do {
          try await run { continuation.yield($0) }
          continuation.finish()
        } catch {
          continuation.finish(throwing: error)
        }
      }
      continuation.onTermination = { _ in task.cancel() }
    }
  }

  private enum Source: Hashable, CaseIterable {
    case promise
    case revisions
    case resources
    case bindings
    case jobs
  }

  private func run(emit: @Sendable (LiveFleet) -> Void) async throws {
    let (events, continuation) = AsyncThrowingStream<(Source, ObservedEvent), any Error>.makeStream()
    try await withThrowingTaskGroup(of: Void.self) { group in
      for source in Source.allCases {
        let observed = observation(of: source)
        group.addTask {
          do {
            for try await event in observed { continuation.yield((source, event)) }
          } catch {
            continuation.finish(throwing: error)
          }
        }
      }
      defer { group.cancelAll() }
      var fleet = LiveFleet()
      var missing = Set(Source.allCases)
      for try await (source, event) in events {
        if case .snapshot = event { missing.remove(source) }
        apply(event, from: source, to: &fleet)
        if missing.isEmpty { emit(fleet) }
      }
    }
  }

  private func observation(of source: Source) -> AsyncThrowingStream<ObservedEvent, any Error> {
    let ofPromise = "\(KratixLabels.promiseName)=\(promiseName)"
    return switch source {
    case .promise: api.observe(.promises, fieldSelector: "metadata.name=\(promiseName)")
    case .revisions: api.observe(.promiseRevisions, labelSelector: ofPromise)
    case .resources: api.observe(type, keeping: Self.withoutManagers)
    case .bindings: api.observe(.resourceBindings, labelSelector: ofPromise, keeping: Self.withoutManagers)
    case .jobs:
      api.observe(
        .jobs, labelSelector: "\(ofPromise),\(KratixLabels.workflowType)=\(WorkflowType.resource.rawValue)",
        keeping: Self.withoutPods)
    }
  }

  private func apply(_ event: ObservedEvent, from source: Source, to fleet: inout LiveFleet) {
    switch source {
    case .promise:
      switch event {
      case .snapshot(let objects): fleet.promise = objects.first.map(Promise.init)
      case .added(let object), .modified(let object): fleet.promise = Promise(object)
      case .deleted: fleet.promise = nil
      }
    case .revisions: apply(event, to: &fleet.revisions, key: \.name, make: PromiseRevision.init)
    case .resources: apply(event, to: &fleet.resources, key: \.qualifiedName, make: ResourceRequest.init)
    case .bindings:
      apply(
        event, to: &fleet.bindings,
        key: { "\($0.namespace ?? "")/\(ResourceBinding($0).resourceName)" }, make: ResourceBinding.init)
    case .jobs: apply(event, to: &fleet.jobs, key: \.uid, make: WorkflowJob.init)
    }
  }

  @Sendable private static func withoutManagers(_ object: KubernetesObject) -> KubernetesObject {
    var slim = object
    slim.metadata["managedFields"] = nil
    return slim
  }

  /// A Job without what its pods are made of.
  @Sendable private static func withoutPods(_ job: KubernetesObject) -> KubernetesObject {
    var slim = withoutManagers(job)
    slim.spec = nil
    return slim
  }

  private func apply<Value>(
    _ event: ObservedEvent, to map: inout [String: Value], key: (KubernetesObject) -> String,
    make: (KubernetesObject) -> Value
  ) {
    switch event {
    case .snapshot(let objects):
      map = Dictionary(objects.map { (key($0), make($0)) }, uniquingKeysWith: { _, last in last })
    case .added(let object), .modified(let object): map[key(object)] = make(object)
    case .deleted(let object): map[key(object)] = nil
    }
  }
}
