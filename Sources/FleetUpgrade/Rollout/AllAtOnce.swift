import KratixModel
import Kubernetes

/// Kratix's own way: apply the Promise, and follow its fleet until every resource that follows it is done.
public struct AllAtOnceUpgrade: Sendable {
  /// What happens on the way.
  public enum Event: Sendable {
    case applied(version: String)
    case promiseAvailable
    case progress(resource: String, MemberProgress, done: Int, total: Int)
  }

  /// How it ended.
  public struct Outcome: Sendable {
    /// By `namespace/name`.
    public var members: [String: MemberProgress]

    public var failures: [(resource: String, reason: String)] {
      members.compactMap { key, progress in
        if case .failed(let reason) = progress { (key, reason) } else { nil }
      }.sorted { $0.resource < $1.resource }
    }

    public var isDone: Bool { failures.isEmpty }
  }

  let api: any KubernetesAPI

  public init(api: any KubernetesAPI) { self.api = api }

  /// - Parameters:
  ///   - live: the Promise that the plan was made for; nil when it is not installed.
  ///   - onEvent: for progress.
  /// - Throws: `StatusError` when the Promise is refused, `UpgradeError` when it never gets available.
  public func run(
    _ candidate: Promise, over live: Promise?, onEvent: @escaping @Sendable (Event) -> Void
  ) async throws -> Outcome {
    let version = candidate.revisionVersion
    let specChanges = live.map { PromiseSpec.normalized($0.spec) != PromiseSpec.normalized(candidate.spec) } ?? true
    guard specChanges || live?.revisionVersion != version else { return Outcome(members: [:]) }
    let earlierJobs = try await api.collect(
      .jobs, labelSelector: "\(KratixLabels.promiseName)=\(candidate.name)", keeping: \.uid
    ).items
    let target = UpgradeTarget(version: version, earlierJobs: Set(earlierJobs), runsWorkflow: specChanges)
    let applied = try await PromiseInstaller(api: api).apply(candidate, over: live)
    onEvent(.applied(version: version))
    try await waitUntilAvailable(applied, version: candidate.version, earlierJobs: target.earlierJobs)
    onEvent(.promiseAvailable)
    guard let type = applied.api?.resourceType else { return Outcome(members: [:]) }
    if !specChanges { try await askForReconciliation(type, promiseName: candidate.name) }
    return try await follow(candidate.name, type: type, target: target, onEvent: onEvent)
  }

  /// Waits until Kratix has taken the Promise in: its revision is there, and requests are served again.
  private func waitUntilAvailable(_ applied: Promise, version: String?, earlierJobs: Set<String>) async throws {
    let observed = api.observe(.promises, fieldSelector: "metadata.name=\(applied.name)")
    for try await event in observed {
      let object: KubernetesObject
      switch event {
      case .snapshot(let objects):
        guard let first = objects.first else { throw UpgradeError.promiseDeleted(applied.name) }
        object = first
      case .added(let new), .modified(let new): object = new
      case .deleted: throw UpgradeError.promiseDeleted(applied.name)
      }
      guard object.generation >= applied.object.generation else { continue }
      let status = object.status
      let isObserved = status?["observedGeneration"]?.intValue == object.generation
      let sawVersion = version == nil || status?["version"]?.stringValue == version
      if object.hasCondition(KratixConditions.available), sawVersion, isObserved || applied.api == nil { return }
      if let workflow = object.condition(KratixConditions.configureWorkflowCompleted),
        workflow.reason == "ConfigureWorkflowFailed",
        try await hasFailedJob(of: applied.name, notIn: earlierJobs)
      {
        throw UpgradeError.promiseWorkflowFailed(applied.name, message: workflow.message)
      }
      if object.labels[KratixLabels.paused] == KratixLabels.yes { throw UpgradeError.promisePaused(applied.name) }
    }
  }

  /// Whether the Promise's own workflow failed since: the condition alone may be the one of an earlier run.
  private func hasFailedJob(of promise: String, notIn earlier: Set<String>) async throws -> Bool {
    let selector =
      "\(KratixLabels.promiseName)=\(promise),\(KratixLabels.workflowType)=\(WorkflowType.promise.rawValue)"
    return try await api.listAll(.jobs, labelSelector: selector).items
      .contains { !earlier.contains($0.uid) && JobOutcome($0) == .failed }
  }

  /// A new label over the same spec moves nobody by itself (contract, section 6.1): each resource that follows the
  /// latest version is asked to reconcile.
  private func askForReconciliation(_ type: ResourceType, promiseName: String) async throws {
    let fleet = try await FleetReader(api: api).fleet(of: promiseName, depth: .identity)
    for member in fleet.members where member.binding?.followsLatest ?? true {
      let object = member.resource.object
      guard !object.isBeingDeleted, !member.resource.isPaused, !member.resource.isSuspended else { continue }
      _ = try await api.patch(
        type, namespace: object.namespace, name: object.name,
        .merge(["metadata": ["labels": [KratixLabels.manualReconciliation: .string(KratixLabels.yes)]]]),
        options: WriteOptions(fieldManager: PromiseInstaller.fieldManager))
    }
  }

  private func follow(
    _ promiseName: String, type: ResourceType, target: UpgradeTarget, onEvent: @escaping @Sendable (Event) -> Void
  ) async throws -> Outcome {
    var told: [String: MemberProgress] = [:]
    let feed = FleetFeed(api: api, promiseName: promiseName, type: type)
    for try await _ in feed.changes() {
      let look = Look()
      guard let fleet = feed.fleet else { continue }
      guard fleet.promise != nil else { throw UpgradeError.promiseDeleted(promiseName) }
      var members: [String: MemberProgress] = [:]
      let jobs = fleet.configureJobs()
      for (key, resource) in fleet.resources where resource.object.labels[KratixLabels.dryRun] != KratixLabels.yes {
        members[key] = MemberProgress(
          of: resource, binding: fleet.bindings[key], jobs: jobs[key] ?? [], target: target)
      }
      let done = members.values.count(where: \.isFinal)
      for (key, progress) in members.sorted(by: { $0.key < $1.key }) where told[key] != progress {
        // Kratix may start a resource's workflow twice (contract, section 6.5): it is running all the while.
        if progress == .waiting, told[key] != nil { continue }
        onEvent(.progress(resource: key, progress, done: done, total: members.count))
        told[key] = progress
      }
      if done == members.count { return Outcome(members: members) }
      try await look.rest()
    }
    throw CancellationError()
  }
}

/// Why an upgrade cannot go on.
public enum UpgradeError: Error, Sendable, Hashable, CustomStringConvertible {
  case promiseDeleted(String)
  case promiseWorkflowFailed(String, message: String)
  case promisePaused(String)

  public var description: String {
    switch self {
    case .promiseDeleted(let name): "Promise \(name) was deleted while its upgrade was under way"
    case .promiseWorkflowFailed(let name, let message):
      "the workflow of Promise \(name) itself failed (\(message)); no resource moves until it succeeds"
    case .promisePaused(let name):
      "Promise \(name) is paused (label \(KratixLabels.paused)); nothing happens until the label is removed"
    }
  }
}
