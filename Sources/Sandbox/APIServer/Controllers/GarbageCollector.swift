import Kubernetes

/// Deletes what its owners leave behind, as the garbage collector of a real cluster does.
struct GarbageCollector: Sendable {
  let pipeline: RequestPipeline
  private let user = UserInfo.serviceAccount(namespace: "kube-system", name: "generic-garbage-collector")

  init(pipeline: RequestPipeline) { self.pipeline = pipeline }

  /// An owner is gone for good: its dependents go too, unless somebody else owns them.
  func ownerIsGone(uid: String) async throws {
    for id in pipeline.store.dependents(ofUID: uid) { try await checkOwners(of: id) }
  }

  /// Deletes an object whose owners are all gone; takes the gone ones off an object that has others.
  func checkOwners(of id: ObjectID) async throws {
    guard let kind = pipeline.registry.kind(collection: id.collection), let stored = pipeline.store.get(id) else {
      return
    }
    let object = stored.object
    let owners = object.ownerReferences
    guard !owners.isEmpty, !object.isBeingDeleted else { return }
    var gone: [OwnerReference] = []
    for owner in owners {
      // An owner of a kind that is not served cannot be looked for: it counts as there.
      let type = GroupVersionKind(apiVersion: owner.apiVersion, kind: owner.kind)
      if let found = pipeline.store.find(uid: owner.uid) {
        guard let live = pipeline.store.get(found),
          live.object.namespace == nil || live.object.namespace == object.namespace
        else {
          gone.append(owner)
          continue
        }
        if live.object.isBeingDeleted, live.object.finalizers.contains(RequestPipeline.foregroundFinalizer) {
          gone.append(owner)
        }
      } else if pipeline.registry.kind(group: type.group, kind: type.kind) != nil {
        gone.append(owner)
      }
    }
    guard !gone.isEmpty else { return }
    let target = self.target(kind, object)
    if gone.count == owners.count {
      let waits = owners.contains { pipeline.store.find(uid: $0.uid) != nil }
      try await ignoringMissing {
        try await delete(
          target, object, propagation: waits && hasBlockingDependents(object) ? .foreground : .background)
      }
    } else {
      let uids = Set(gone.map(\.uid))
      try await ignoringMissing { try await removeOwners(uids, from: target) }
    }
  }

  /// The dependents of an object that waits for them are deleted; then it is released.
  func deleteForeground(_ id: ObjectID) async throws {
    guard let stored = pipeline.store.get(id) else { return }
    for dependent in pipeline.store.dependents(ofUID: stored.object.uid) { try await checkOwners(of: dependent) }
    try await releaseForeground(ownerUID: stored.object.uid)
  }

  /// Takes the finalizer off an owner whose blocking dependents are gone.
  func releaseForeground(ownerUID uid: String) async throws {
    guard let id = pipeline.store.find(uid: uid), let stored = pipeline.store.get(id),
      stored.object.isBeingDeleted, stored.object.finalizers.contains(RequestPipeline.foregroundFinalizer),
      !hasBlockingDependents(stored.object), let kind = pipeline.registry.kind(collection: id.collection)
    else { return }
    try await ignoringMissing {
      try await removeFinalizer(RequestPipeline.foregroundFinalizer, from: target(kind, stored.object))
    }
  }

  /// The dependents lose this owner; then it is released.
  func orphanDependents(of id: ObjectID) async throws {
    guard let stored = pipeline.store.get(id), let kind = pipeline.registry.kind(collection: id.collection) else {
      return
    }
    for dependent in pipeline.store.dependents(ofUID: stored.object.uid) {
      guard let child = pipeline.store.get(dependent),
        let childKind = pipeline.registry.kind(collection: dependent.collection)
      else { continue }
      try await ignoringMissing {
        try await removeOwners([stored.object.uid], from: target(childKind, child.object))
      }
    }
    try await ignoringMissing {
      try await removeFinalizer(RequestPipeline.orphanFinalizer, from: target(kind, stored.object))
    }
  }

  private func hasBlockingDependents(_ owner: KubernetesObject) -> Bool {
    pipeline.store.dependents(ofUID: owner.uid).contains { id in
      pipeline.store.get(id)?.object.ownerReferences.contains {
        $0.uid == owner.uid && $0.blockOwnerDeletion == true
      } ?? false
    }
  }

  private func target(_ kind: ServedKind, _ object: KubernetesObject) -> RequestTarget {
    RequestTarget(kind: kind, namespace: object.namespace, name: object.name, user: user)
  }

  private func delete(
    _ target: RequestTarget, _ object: KubernetesObject, propagation: DeleteOptions.Propagation
  ) async throws {
    var warnings: [String] = []
    _ = try await pipeline.delete(
      target, options: DeleteOptions(propagation: propagation, preconditionUID: object.uid), warnings: &warnings)
  }

  private func removeOwners(_ uids: Set<String>, from target: RequestTarget) async throws {
    _ = try await pipeline.modify(target, options: WriteOptions(fieldManager: "kube-controller-manager"), retries: true)
    {
      var object = $0
      object.ownerReferences = object.ownerReferences.filter { !uids.contains($0.uid) }
      return object
    }
  }

  private func removeFinalizer(_ finalizer: String, from target: RequestTarget) async throws {
    _ = try await pipeline.modify(target, options: WriteOptions(fieldManager: "kube-controller-manager"), retries: true)
    {
      var object = $0
      object.finalizers = object.finalizers.filter { $0 != finalizer }
      return object
    }
  }

  /// What is gone already, or replaced by a namesake, needs nothing more.
  private func ignoringMissing(_ body: () async throws -> Void) async throws {
    do {
      try await body()
    } catch let error as StatusError where error.reason == .notFound {
    } catch let error as StatusError where error.reason == .conflict && error.message.contains("UID in precondition") {
    }
  }
}
