import Kubernetes

/// What a DELETE answers with.
enum DeleteResult: Sendable {
  /// It is gone: a `Status` that names it.
  case gone(KubernetesObject)
  /// The object as it is now: being deleted, or the last state of a kind that answers so.
  case object(ServedObject)
}

extension RequestPipeline {
  static let foregroundFinalizer = "foregroundDeletion"
  static let orphanFinalizer = "orphan"

  func delete(
    _ target: RequestTarget, options: DeleteOptions, warnings: inout [String]
  ) async throws -> DeleteResult {
    if target.kind.collection == "namespaces", ["default", "kube-system", "kube-public"].contains(target.name) {
      throw StatusError.forbidden(target.type, target.name, because: "this namespace may not be deleted")
    }
    for _ in 0..<10 {
      guard let stored = store.get(target.id) else { throw StatusError.notFound(target.type, target.name) }
      let current = target.kind.view(of: stored)
      try checkPreconditions(options, current.object, target)
      let admission = admissionRequest(
        target, .delete, name: target.name, object: nil, old: current.object, options: Self.optionsObject(options),
        isDryRun: options.isDryRun)
      _ = try await mutate(admission, warnings: &warnings)
      try await validate(admission, warnings: &warnings)

      var object = current.object
      let isHeld = mark(&object, options, target)
      if options.isDryRun {
        return isHeld || target.kind.rules.returnsDeletedObject
          ? .object(ServedObject(object: object, bytes: object.json.serialized())) : .gone(object)
      }
      do {
        if isHeld {
          if object == current.object { return .object(current) }
          let new = try store.update(target.id, target.kind.toStorage(object), expecting: stored.version)
          onCommit(Commit(id: target.id, kind: .modified, object: new.object))
          try await settleDefinition(target.id)
          return .object(target.kind.view(of: new))
        }
        let last = try store.delete(target.id, expecting: stored.version)
        onCommit(Commit(id: target.id, kind: .deleted, object: last.object))
        try await settleDefinition(target.id)
        guard target.kind.rules.returnsDeletedObject else { return .gone(last.object) }
        object.resourceVersion = String(last.version)
        return .object(ServedObject(object: object, bytes: object.json.serialized()))
      } catch StoreError.conflict {
        continue
      } catch StoreError.missing {
        throw StatusError.notFound(target.type, target.name)
      }
    }
    throw StatusError.modified(target.type, target.name)
  }

  /// Deletes everything that the selectors take; gives what there was.
  func deleteCollection(
    _ target: RequestTarget, selector: ListRequest, options: DeleteOptions, warnings: inout [String]
  ) async throws -> ListResult {
    let result = try list(target, selector)
    for item in result.items {
      var one = target
      one.name = item.object.name
      one.namespace = item.object.namespace
      do {
        _ = try await delete(one, options: options, warnings: &warnings)
      } catch let error as StatusError where error.reason == .notFound {
        continue
      }
    }
    return result
  }

  /// Writes into an object that it is to be deleted. Whether something still holds it: a finalizer, a running pod, a
  /// namespace's content.
  private func mark(_ object: inout KubernetesObject, _ options: DeleteOptions, _ target: RequestTarget) -> Bool {
    var finalizers = object.finalizers
    switch options.propagation {
    case .foreground:
      finalizers.removeAll { $0 == Self.orphanFinalizer }
      if !finalizers.contains(Self.foregroundFinalizer) { finalizers.append(Self.foregroundFinalizer) }
    case .orphan:
      finalizers.removeAll { $0 == Self.foregroundFinalizer }
      if !finalizers.contains(Self.orphanFinalizer) { finalizers.append(Self.orphanFinalizer) }
    case .background:
      finalizers.removeAll { $0 == Self.orphanFinalizer || $0 == Self.foregroundFinalizer }
    case nil: break
    }
    var grace = 0
    switch target.kind.collection {
    case "pods":
      if PodKind.needsGracefulDeletion(object) {
        grace =
          options.gracePeriodSeconds
          ?? Int(object[path: "spec", "terminationGracePeriodSeconds"]?.intValue ?? 30)
      }
    case "namespaces":
      object.status = object.status ?? .emptyObject
      if object.metadata["deletionTimestamp"] == nil { object[path: "status", "phase"] = "Terminating" }
    case "customresourcedefinitions.apiextensions.k8s.io":
      if !object.isBeingDeleted, !finalizers.contains(DefinitionKind.finalizer) {
        finalizers.append(DefinitionKind.finalizer)
      }
    default: break
    }
    object.finalizers = finalizers
    let holdsContent =
      target.kind.collection == "namespaces" && !(object[path: "spec", "finalizers"]?.arrayValue ?? []).isEmpty
    guard !finalizers.isEmpty || grace > 0 || holdsContent else { return false }

    let now = Clock.now()
    if !object.isBeingDeleted {
      object.deletionTimestamp = Timestamp.text(secondsSince1970: Int64(now) + Int64(grace))
      object["metadata"]?["deletionGracePeriodSeconds"] = JSON(grace)
      if object.generation > 0 { object.generation += 1 }
    } else if let left = object.metadata["deletionGracePeriodSeconds"]?.intValue, grace < left {
      object.deletionTimestamp = Timestamp.text(secondsSince1970: Int64(now) + Int64(grace))
      object["metadata"]?["deletionGracePeriodSeconds"] = JSON(grace)
    }
    return true
  }

  private func checkPreconditions(
    _ options: DeleteOptions, _ object: KubernetesObject, _ target: RequestTarget
  ) throws {
    if let uid = options.preconditionUID, uid != object.uid {
      throw StatusError.conflict(
        target.type, target.name,
        because: "Precondition failed: UID in precondition: \(uid), UID in object meta: \(object.uid)")
    }
    if let version = options.preconditionResourceVersion, version != object.resourceVersion {
      throw StatusError.conflict(
        target.type, target.name,
        because: "Precondition failed: ResourceVersion in precondition: \(version), ResourceVersion in object meta: "
          + object.resourceVersion)
    }
  }

  private static func optionsObject(_ options: DeleteOptions) -> JSON {
    var json: JSON = ["kind": "DeleteOptions", "apiVersion": "meta.k8s.io/v1"]
    if let propagation = options.propagation { json["propagationPolicy"] = .string(propagation.rawValue) }
    if let seconds = options.gracePeriodSeconds { json["gracePeriodSeconds"] = JSON(seconds) }
    if let uid = options.preconditionUID { json[path: "preconditions", "uid"] = .string(uid) }
    if let version = options.preconditionResourceVersion {
      json[path: "preconditions", "resourceVersion"] = .string(version)
    }
    if options.isDryRun { json["dryRun"] = ["All"] }
    return json
  }
}
