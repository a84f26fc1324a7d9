import Kubernetes

extension RequestPipeline {
  /// PUT.
  func update(_ target: RequestTarget, _ body: DecodedBody, options: WriteOptions) async throws -> WriteResult {
    try ObjectChecks.shape(body.object)
    try checkKind(body.object, target)
    var object = body.object
    try placeInNamespace(&object, target)
    if object.name.isEmpty {
      throw StatusError.badRequest("name must be provided")
    }
    guard object.name == target.name else {
      throw StatusError.badRequest(
        "the name of the object (\(object.name)) does not match the name on the URL (\(target.name))")
    }
    var warnings: [String] = []
    let unknown = try normalize(&object, target)
    try check(
      unknown: unknown, duplicate: body.duplicateFields, target: target, options: options, warnings: &warnings
    ) { decodingError($0, target) }
    let proposed = object
    let hasVersion = !proposed.resourceVersion.isEmpty
    if !hasVersion, target.kind.resource.isCustom || target.kind.collection.hasPrefix("customresourcedefinitions.") {
      if store.get(target.id) != nil {
        throw StatusError.invalid(
          target.type.groupVersionKind, target.name,
          [FieldError.invalid("metadata.resourceVersion", 0, "must be specified for an update").asHexadecimal()])
      }
    }
    if target.kind.rules.createsOnUpdate, target.subresource.isEmpty, store.get(target.id) == nil {
      return try await create(target, body, options: options)
    }
    return try await modify(target, options: options, warnings: warnings, retries: !hasVersion) { _ in proposed }
  }

  /// Reads, changes and stores an object; again from the start when somebody wrote in between.
  /// - Parameters:
  ///   - retries: Whether a conflict is the server's to solve: the client named no version.
  ///   - isApplied: Whether the change is server-side apply, which says itself who owns what.
  func modify(
    _ target: RequestTarget, options: WriteOptions, warnings: [String] = [], retries: Bool, isApplied: Bool = false,
    _ change: (KubernetesObject) throws -> KubernetesObject
  ) async throws -> WriteResult {
    for _ in 0..<10 {
      guard let stored = store.get(target.id) else { throw StatusError.notFound(target.type, target.name) }
      let old = target.kind.view(of: stored).object
      var warnings = warnings
      var object = try change(old)
      try checkPreconditions(object, old, target)
      try prepare(&object, old: old, target: target)
      if !isApplied {
        FieldOwnership.recordUpdate(
          &object, old: old, kind: target.kind, subresource: target.subresource,
          manager: options.fieldManager ?? "unknown")
      }

      let admission = admissionRequest(
        target, .update, name: target.name, object: object, old: old,
        options: optionsObject("UpdateOptions", options), isDryRun: options.isDryRun)
      if let mutated = try await mutate(admission, warnings: &warnings), mutated != object {
        object = mutated
        try normalize(&object, target)
        try prepare(&object, old: old, target: target)
      }
      try validate(object, old: old, target: target, warnings: &warnings)
      var final = admission
      final.object = object
      try await validate(final, warnings: &warnings)
      noteUnevaluatedRules(object, target, &warnings)

      if options.isDryRun {
        return WriteResult(object: ServedObject(object: object, bytes: object.json.serialized()), warnings: warnings)
      }
      if Self.isSame(object, old) {
        return WriteResult(object: target.kind.view(of: stored), warnings: warnings)
      }
      do {
        let served = try commit(object, over: stored, target)
        try await settleDefinition(target.id)
        return WriteResult(object: served, warnings: warnings)
      } catch StoreError.conflict where retries {
        continue
      } catch StoreError.conflict {
        throw StatusError.modified(target.type, target.name)
      } catch StoreError.missing {
        throw StatusError.notFound(target.type, target.name)
      }
    }
    throw StatusError.modified(target.type, target.name)
  }

  /// Stores a changed object, or removes it when nothing holds it any more.
  func commit(_ object: KubernetesObject, over stored: StoredObject, _ target: RequestTarget) throws -> ServedObject {
    if Self.isReleased(object) {
      let last = try store.delete(target.id, expecting: stored.version)
      onCommit(Commit(id: target.id, kind: .deleted, object: last.object))
      var final = object
      final.resourceVersion = String(last.version)
      return ServedObject(object: final, bytes: final.json.serialized())
    }
    let new = try store.update(target.id, target.kind.toStorage(object), expecting: stored.version)
    onCommit(Commit(id: target.id, kind: .modified, object: new.object))
    return target.kind.view(of: new)
  }

  /// Being deleted, and no finalizer or running container holds it.
  private static func isReleased(_ object: KubernetesObject) -> Bool {
    guard object.isBeingDeleted, object.finalizers.isEmpty else { return false }
    if (object.metadata["deletionGracePeriodSeconds"]?.intValue ?? 0) > 0 { return false }
    return object.kind != "Namespace" || object.apiVersion != "v1"
      || (object[path: "spec", "finalizers"]?.arrayValue ?? []).isEmpty
  }

  /// Whether storing would change nothing but times of field management.
  private static func isSame(_ new: KubernetesObject, _ old: KubernetesObject) -> Bool {
    func withoutTimes(_ object: KubernetesObject) -> JSON {
      var json = object.json
      json[path: "metadata", "resourceVersion"] = nil
      if let entries = json[path: "metadata", "managedFields"]?.arrayValue {
        json[path: "metadata", "managedFields"] = .array(
          entries.map { entry in
            var entry = entry
            entry["time"] = nil
            return entry
          })
      }
      return json
    }
    return withoutTimes(new) == withoutTimes(old)
  }

  private func checkPreconditions(
    _ object: KubernetesObject, _ old: KubernetesObject, _ target: RequestTarget
  ) throws {
    if !object.resourceVersion.isEmpty, object.resourceVersion != old.resourceVersion {
      guard UInt64(object.resourceVersion) != nil else {
        throw StatusError.invalid(
          target.type.groupVersionKind, target.name,
          [
            .invalid(
              "metadata.resourceVersion", .string(object.resourceVersion), "must be an unsigned integer")
          ])
      }
      throw StatusError.modified(target.type, target.name)
    }
    if !object.uid.isEmpty, object.uid != old.uid {
      throw StatusError.conflict(
        target.type, target.name,
        because: "Precondition failed: UID in precondition: \(object.uid), UID in object meta: \(old.uid)")
    }
  }

  /// What an update may touch: the server's metadata stays, the status belongs to its subresource, the generation
  /// counts changes of what is wanted.
  private func prepare(_ object: inout KubernetesObject, old: KubernetesObject, target: RequestTarget) throws {
    let kind = target.kind
    object["apiVersion"] = .string(target.type.apiVersion)
    object["kind"] = .string(target.type.kind)
    ObjectChecks.tidy(&object)
    for field in [
      "uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation", "resourceVersion",
    ] {
      object["metadata"]?[field] = old.metadata[field]
    }
    if object.generateName == nil, let base = old.generateName { object["metadata"]?["generateName"] = .string(base) }
    switch target.subresource {
    case "status":
      var updated = old
      updated.status = object.status
      updated["metadata"]?["managedFields"] = object.metadata["managedFields"]
      if !kind.resource.isCustom {
        for field in ["labels", "annotations", "finalizers"] {
          updated["metadata"]?[field] = object.metadata[field]
        }
      }
      object = updated
    case "finalize":
      var updated = old
      updated[path: "spec", "finalizers"] = object[path: "spec", "finalizers"]
      object = updated
      return
    default:
      if kind.resource.hasStatus { object.status = old.status }
    }
    kind.rules.applyDefaults(&object)
    kind.rules.prepareForUpdate(&object, old)
    guard target.subresource != "status" else { return }
    object["metadata"]?["generation"] = old.metadata["generation"]
    if Self.changesGeneration(object, old, kind) { object.generation = old.generation + 1 }
  }

  private static func changesGeneration(
    _ object: KubernetesObject, _ old: KubernetesObject, _ kind: ServedKind
  ) -> Bool {
    guard kind.rules.generationFields != ["*"] else {
      var (new, before) = (object.json, old.json)
      new["metadata"] = nil
      before["metadata"] = nil
      return new != before
    }
    return kind.rules.generationFields.contains { object[$0] != old[$0] }
  }
}

extension FieldError {
  /// The server words a missing version in hexadecimal.
  fileprivate func asHexadecimal() -> StatusError.Cause {
    var cause = self.cause
    cause.message = "Invalid value: 0x0: \(detail)"
    return cause
  }
}
