import KratixModel
import Kubernetes
import Synchronization

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
public final class FleetFeed: Sendable {
  private enum Source: Hashable, CaseIterable {
    case promise
    case revisions
    case resources
    case bindings
    case jobs
  }

  private struct Content {
    var fleet = LiveFleet()
    var missing = Set(Source.allCases)
  }

  let api: any KubernetesAPI
  let promiseName: String
  let type: ResourceType
  private let content = Mutex(Content())

  /// - Parameter type: the resource that the Promise serves.
  public init(api: any KubernetesAPI, promiseName: String, type: ResourceType) {
    self.api = api
    self.promiseName = promiseName
    self.type = type
  }

  /// The fleet as it is known at this moment; nil until everything of it is known.
  public var fleet: LiveFleet? { content.withLock { $0.missing.isEmpty ? $0.fleet : nil } }

  /// Watches, and tells when `fleet` is another one: once when everything is known, and again after changes, of which
  /// several may be one. Ends only with an error or by cancellation.
  public func changes() -> AsyncThrowingStream<Void, any Error> {
    AsyncThrowingStream(bufferingPolicy: .bufferingNewest(1)) { continuation in
      let task = Task {
        do {
          try await watch { continuation.yield() }
          continuation.finish()
        } catch {
          continuation.finish(throwing: error)
        }
      }
      continuation.onTermination = { _ in task.cancel() }
    }
  }

  private func watch(onChange: @escaping @Sendable () -> Void) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      for source in Source.allCases {
        let observed = observation(of: source)
        group.addTask { [self] in
          for try await event in observed {
            let isKnown = content.withLock { content in
              if case .snapshot = event { content.missing.remove(source) }
              apply(event, from: source, to: &content.fleet)
              return content.missing.isEmpty
            }
            if isKnown { onChange() }
          }
        }
      }
      // The first that fails ends all.
      defer { group.cancelAll() }
      for try await _ in group {}
    }
  }

  private func observation(of source: Source) -> AsyncThrowingStream<ObservedEvent, any Error> {
    let ofPromise = "\(KratixLabels.promiseName)=\(promiseName)"
    return switch source {
    case .promise: api.observe(.promises, fieldSelector: "metadata.name=\(promiseName)")
    case .revisions: api.observe(.promiseRevisions, labelSelector: ofPromise)
    case .resources: api.observe(type, keeping: \.withoutManagers)
    case .bindings: api.observe(.resourceBindings, labelSelector: ofPromise, keeping: \.withoutManagers)
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

  /// A Job without what its pods are made of.
  @Sendable private static func withoutPods(_ job: KubernetesObject) -> KubernetesObject {
    var slim = job.withoutManagers
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
