import Kubernetes

extension RequestPipeline {
  /// POST: decode, fill, mutate, validate, store.
  /// - Parameter isApplied: Whether the object comes from server-side apply, which says itself who owns what.
  func create(
    _ target: RequestTarget, _ body: DecodedBody, options: WriteOptions, isApplied: Bool = false
  ) async throws -> WriteResult {
    let kind = target.kind
    guard !kind.isTerminating else {
      throw StatusError(
        code: 405, reason: .methodNotAllowed,
        message: "create not allowed while custom resource definition is terminating", group: kind.type.group,
        kind: kind.type.plural)
    }
    var warnings: [String] = []
    var object = body.object
    try ObjectChecks.shape(object)
    try checkKind(object, target)
    try placeInNamespace(&object, target)
    if kind.resource.isReview { return try answer(object, target) }

    let unknown = try normalize(&object, target)
    try check(
      unknown: unknown, duplicate: body.duplicateFields, target: target, options: options, warnings: &warnings
    ) { decodingError($0, target) }
    guard object.resourceVersion.isEmpty else {
      throw StatusError(
        code: 500, reason: .unknown, message: "resourceVersion should not be set on objects to be created")
    }
    let isGenerated = object.name.isEmpty && !(object.generateName ?? "").isEmpty
    // A generated name that is taken already is made again, as a real server does it.
    for attempt in 0..<8 {
      var candidate = object
      if isGenerated { candidate.name = Names.generated(from: object.generateName ?? "") }
      do {
        return try await create(candidate, target, options: options, warnings: warnings, isApplied: isApplied)
      } catch let error as StatusError where error.reason == .alreadyExists && isGenerated && attempt < 7 {
        continue
      }
    }
    throw StatusError.alreadyExists(kind.type, object.generateName ?? "")
  }

  private func create(
    _ candidate: KubernetesObject, _ target: RequestTarget, options: WriteOptions, warnings: [String],
    isApplied: Bool
  ) async throws -> WriteResult {
    var warnings = warnings
    var object = candidate
    let name = object.name
    try checkNamespace(for: target, name: name)
    if store.get(target.kind.id(namespace: target.namespace, name: name)) != nil {
      throw StatusError.alreadyExists(target.type, name)
    }
    let now = Clock.now()
    fillSystemFields(&object, now: now)
    stripForCreate(&object, target.kind)
    if !isApplied {
      FieldOwnership.recordUpdate(
        &object, old: nil, kind: target.kind, subresource: "", manager: options.fieldManager ?? "unknown")
    }

    let admission = admissionRequest(
      target, .create, name: name, object: object, old: nil, options: optionsObject("CreateOptions", options),
      isDryRun: options.isDryRun)
    if let mutated = try await mutate(admission, warnings: &warnings), mutated != object {
      object = mutated
      _ = try normalize(&object, target)
      stripForCreate(&object, target.kind)
    }
    target.kind.rules.prepareForCreate(&object)
    try validate(object, old: nil, target: target, warnings: &warnings)
    var final = admission
    final.object = object
    try await validate(final, warnings: &warnings)
    noteUnevaluatedRules(object, target, &warnings)
    let served = try store(new: object, target, isDryRun: options.isDryRun)
    if !options.isDryRun { try await settleDefinition(target.kind.id(namespace: target.namespace, name: name)) }
    return WriteResult(object: served, isCreated: true, warnings: warnings)
  }

  private func store(new object: KubernetesObject, _ target: RequestTarget, isDryRun: Bool) throws -> ServedObject {
    let kind = target.kind
    if isDryRun { return ServedObject(object: object, bytes: object.json.serialized()) }
    // Between the first look and now, webhooks had their time: look again.
    try checkNamespace(for: target, name: object.name)
    let id = kind.id(namespace: target.namespace, name: object.name)
    do {
      let stored = try store.create(id, kind.toStorage(object))
      onCommit(Commit(id: id, kind: .added, object: stored.object))
      return kind.view(of: stored)
    } catch StoreError.exists {
      throw StatusError.alreadyExists(kind.type, object.name)
    }
  }

  /// uid, creationTimestamp and what else no client chooses.
  private func fillSystemFields(_ object: inout KubernetesObject, now: Double) {
    object.uid = Names.uid()
    object.creationTimestamp = Timestamp.text(secondsSince1970: Int64(now))
    for field in ["deletionTimestamp", "deletionGracePeriodSeconds", "generation"] { object["metadata"]?[field] = nil }
  }

  /// The status is the controllers'; the generation starts at 1.
  private func stripForCreate(_ object: inout KubernetesObject, _ kind: ServedKind) {
    if kind.resource.hasStatus { object.status = kind.rules.initialStatus }
    if !kind.rules.generationFields.isEmpty { object.generation = 1 }
  }

  private func answer(_ review: KubernetesObject, _ target: RequestTarget) throws -> WriteResult {
    guard let answered = AdmissionEdge.answer(review, user: target.user, store: store) else {
      throw StatusError.badRequest("\(review.kind) is not answered by this server")
    }
    return WriteResult(
      object: ServedObject(object: answered, bytes: answered.json.serialized()), isCreated: true)
  }

  /// Not every CEL rule of a schema is evaluated here: whoever relies on another is told.
  func noteUnevaluatedRules(_ object: KubernetesObject, _ target: RequestTarget, _ warnings: inout [String]) {
    if target.kind.schema?.hasUnevaluatedRules == true {
      warnings.append(
        "some x-kubernetes-validations rules of \(target.type.qualifiedResource) are not evaluated by this server")
    }
    guard target.kind.collection == ResourceType.customResourceDefinitions.qualifiedResource else { return }
    for version in object[path: "spec", "versions"]?.arrayValue ?? [] {
      guard let schema = version["schema"]?["openAPIV3Schema"], StructuralSchema(json: schema).hasUnevaluatedRules
      else { continue }
      warnings.append(
        "some x-kubernetes-validations rules of version \(version["name"]?.stringValue ?? "") are stored but not "
          + "evaluated by this server")
    }
  }
}

// Decoding, shared with updates.
extension RequestPipeline {
  /// The body's kind is the path's, or left out.
  func checkKind(_ object: KubernetesObject, _ target: RequestTarget) throws {
    let wanted = target.type.groupVersionKind
    if object.apiVersion.isEmpty && object.kind.isEmpty { return }
    guard !object.kind.isEmpty else {
      throw StatusError.badRequest("Object 'Kind' is missing in '\(object.json.text())'")
    }
    guard object.apiVersion == wanted.apiVersion else {
      throw StatusError.badRequest(
        "the API version in the data (\(object.apiVersion)) does not match the expected API version "
          + "(\(wanted.apiVersion))")
    }
    guard object.kind == wanted.kind else {
      throw StatusError.badRequest(
        "\(object.kind) in version \"\(wanted.version)\" cannot be handled as a \(wanted.kind): "
          + "no kind \"\(object.kind)\" is registered for \(wanted.kind)")
    }
  }

  /// The namespace of the path, which the body may repeat but not contradict.
  func placeInNamespace(_ object: inout KubernetesObject, _ target: RequestTarget) throws {
    guard target.kind.isNamespaced else {
      object.namespace = nil
      return
    }
    if let given = object.namespace, let namespace = target.namespace, given != namespace {
      throw StatusError.badRequest(
        "the namespace of the provided object does not match the namespace sent on the request")
    }
    object.namespace = target.namespace
  }

  /// Kind and version, defaults, and for custom resources pruning. Gives the paths of what was removed.
  @discardableResult
  func normalize(_ object: inout KubernetesObject, _ target: RequestTarget) throws -> [String] {
    object["apiVersion"] = .string(target.type.apiVersion)
    object["kind"] = .string(target.type.kind)
    ObjectChecks.tidy(&object)
    var decoding = TypedDecoding()
    do throws(TypeMismatch) {
      if let message = FieldTable.message(for: target.type.groupVersionKind) {
        object = KubernetesObject(try decoding.decode(object.json, as: message))
      } else if let message = FieldTable.messages["meta.ObjectMeta"] {
        object["metadata"] = try decoding.decode(object.metadata, as: message, at: "metadata")
      }
    } catch {
      throw decodingError(error.message, target)
    }
    guard let schema = target.kind.schema else {
      target.kind.rules.applyDefaults(&object)
      return decoding.unknownFields
    }
    let (value, removed) = schema.normalized(object.json)
    object = KubernetesObject(value)
    return decoding.unknownFields + removed
  }

  func decodingError(_ reason: String, _ target: RequestTarget) -> StatusError {
    let kind = target.type.kind
    return .badRequest(
      "\(kind) in version \"\(target.type.version)\" cannot be handled as a \(kind): \(reason)")
  }

  /// Everything that makes an object invalid: 422 with all of it.
  func validate(
    _ object: KubernetesObject, old: KubernetesObject?, target: RequestTarget, warnings: inout [String]
  ) throws {
    let kind = target.kind
    var errors = ObjectChecks.metadata(object, kind: kind)
    if let old { errors += ObjectChecks.metadataUpdate(object, old: old) }
    if let findings = kind.schema?.findings(in: object.json, old: old?.json) {
      errors += findings.errors
      warnings += findings.warnings.map(\.description)
    }
    errors += kind.rules.validate(object, old)
    guard errors.isEmpty else { throw StatusError.invalid(kind.type.groupVersionKind, object.name, errors) }
  }
}
