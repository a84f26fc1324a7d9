import Kubernetes
import Logging

/// What a real cluster's controller manager does for every object: establishes definitions, fills and empties
/// namespaces, collects garbage, reports deployments ready. It hears of each change once, in order, and writes through
/// the same pipeline as everybody else.
final class Housekeeper: Sendable {
  private let commits: AsyncStream<RequestPipeline.Commit>
  private let continuation: AsyncStream<RequestPipeline.Commit>.Continuation
  let logger: Logger

  init(logger: Logger) {
    self.logger = logger
    (commits, continuation) = AsyncStream.makeStream()
  }

  func receive(_ commit: RequestPipeline.Commit) { continuation.yield(commit) }

  func stop() { continuation.finish() }

  /// Works until `stop`. What fails is tried again, later each time.
  func run(_ pipeline: RequestPipeline) async {
    let tasks = Tasks(pipeline: pipeline, logger: logger)
    await withDiscardingTaskGroup { group in
      group.addTask { await EventExpiry(store: pipeline.store).run() }
      for work in tasks.leftOver() { group.addTask { await Self.repeating(work, logger: self.logger) } }
      for await commit in commits {
        for work in tasks.work(for: commit) { group.addTask { await Self.repeating(work, logger: self.logger) } }
      }
      group.cancelAll()
    }
  }

  private static func repeating(_ work: Work, logger: Logger) async {
    var pause = Duration.milliseconds(50)
    while !Task.isCancelled {
      do {
        return try await work.run()
      } catch {
        logger.debug("\(work.name) failed, again in \(pause): \(error)")
        guard (try? await Task.sleep(for: pause)) != nil else { return }
        pause = min(pause * 2, .seconds(30))
      }
    }
  }

  /// One thing to do, until it succeeds.
  struct Work: Sendable {
    var name: String
    var run: @Sendable () async throws -> Void
  }
}

extension Housekeeper {
  /// Which change asks for what.
  struct Tasks: Sendable {
    let pipeline: RequestPipeline
    let logger: Logger
    let garbage: GarbageCollector
    let namespaces: NamespaceController
    let deployments: WorkloadStatusController
    let definitions: DefinitionController

    init(pipeline: RequestPipeline, logger: Logger) {
      self.pipeline = pipeline
      self.logger = logger
      garbage = GarbageCollector(pipeline: pipeline)
      namespaces = NamespaceController(pipeline: pipeline)
      deployments = WorkloadStatusController(pipeline: pipeline)
      definitions = DefinitionController(pipeline: pipeline)
    }

    /// What a former process left undone.
    func leftOver() -> [Work] {
      var work: [Work] = []
      for collection in pipeline.store.collections {
        for stored in pipeline.store.snapshot(collection).objects {
          let id = ObjectID(collection: collection, key: stored.key)
          work += self.work(for: RequestPipeline.Commit(id: id, kind: .modified, object: stored.object))
        }
      }
      for uid in pipeline.store.missingOwners {
        work.append(Work(name: "collect dependents of \(uid)") { try await garbage.ownerIsGone(uid: uid) })
      }
      return work
    }

    func work(for commit: RequestPipeline.Commit) -> [Work] {
      var work: [Work] = []
      let object = commit.object
      let id = commit.id
      func add(_ name: String, _ run: @escaping @Sendable () async throws -> Void) {
        work.append(Work(name: "\(name) \(id.collection) \(id.key)", run: run))
      }
      if commit.kind == .deleted {
        let uid = object.uid
        if !pipeline.store.dependents(ofUID: uid).isEmpty {
          add("collect dependents of") { try await garbage.ownerIsGone(uid: uid) }
        }
        for owner in object.ownerReferences where owner.blockOwnerDeletion == true {
          add("release owner of") { try await garbage.releaseForeground(ownerUID: owner.uid) }
        }
      } else {
        if object.isBeingDeleted {
          if object.finalizers.contains(RequestPipeline.orphanFinalizer) {
            add("orphan dependents of") { try await garbage.orphanDependents(of: id) }
          }
          if object.finalizers.contains(RequestPipeline.foregroundFinalizer) {
            add("delete dependents of") { try await garbage.deleteForeground(id) }
          }
        }
        if object.ownerReferences.contains(where: { pipeline.store.find(uid: $0.uid) == nil }) {
          add("look for the owner of") { try await garbage.checkOwners(of: id) }
        }
      }
      switch id.collection {
      case "namespaces":
        if commit.kind != .deleted, object.isBeingDeleted {
          add("empty") { try await namespaces.empty(id.key) }
        } else if commit.kind != .deleted {
          add("fill") { try await namespaces.fill(id.key) }
        }
      case DefinitionController.collection:
        if commit.kind != .deleted, object.isBeingDeleted, object.finalizers.contains(DefinitionKind.finalizer) {
          add("finalize") { try await definitions.finalize(id.key) }
        }
      case "serviceaccounts" where commit.kind == .deleted && object.name == "default",
        "configmaps" where commit.kind == .deleted && object.name == NamespaceController.certificateMap:
        if let namespace = object.namespace { add("fill") { try await namespaces.fill(namespace) } }
      case "deployments.apps", "replicasets.apps", "statefulsets.apps", "daemonsets.apps":
        if commit.kind != .deleted { add("report") { try await deployments.report(id) } }
      default: break
      }
      if commit.kind == .deleted, let kind = pipeline.registry.kind(collection: id.collection), kind.isTerminating,
        let name = kind.resource.definitionName
      {
        add("finalize the definition of") { try await definitions.finalize(name) }
      }
      if commit.kind == .deleted, let namespace = object.namespace,
        pipeline.store.get(ObjectID(collection: "namespaces", key: namespace))?.object.isBeingDeleted == true
      {
        add("empty the namespace of") { try await namespaces.empty(namespace) }
      }
      return work
    }
  }
}
