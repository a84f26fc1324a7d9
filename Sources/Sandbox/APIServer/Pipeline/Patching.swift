import Kubernetes

extension RequestPipeline {
  /// PATCH.
  func patch(
    _ target: RequestTarget, _ patch: Patch, duplicateFields: [String] = [], options: WriteOptions
  ) async throws -> WriteResult {
    if case .apply(let fields) = patch { return try await apply(target, fields, duplicateFields, options: options) }
    if case .strategic = patch, target.kind.resource.isCustom {
      throw StatusError(
        code: 415, reason: .unsupportedMediaType,
        message: "the body of the request was in an unknown format - accepted media types include: "
          + MediaTypes.patches(isCustom: true).joined(separator: ", "))
    }
    var warnings: [String] = []
    // What one attempt warned of; the last attempt counts.
    var noted: [String] = []
    // A version inside the patch is a precondition; without one, a conflict is the server's to solve.
    let namesVersion = patch.body.value(at: ["metadata", "resourceVersion"]) != nil
    let result = try await modify(target, options: options, retries: !namesVersion) { old in
      noted = []
      var object = try Self.patched(old, by: patch, kind: target.type.groupVersionKind)
      try ObjectChecks.shape(object)
      let unknown = try normalize(&object, target)
      try check(
        unknown: unknown, duplicate: duplicateFields, target: target, options: options, warnings: &noted
      ) { reason in
        StatusError.invalid(
          GroupVersionKind(group: "", version: "", kind: ""), "",
          [FieldError.invalid("patch", .string(patch.body.text()), reason)])
      }
      return object
    }
    warnings += noted
    return WriteResult(object: result.object, warnings: warnings + result.warnings)
  }

  /// The object that a patch other than apply makes of another.
  static func patched(
    _ old: KubernetesObject, by patch: Patch, kind: GroupVersionKind
  ) throws(StatusError) -> KubernetesObject {
    do throws(PatchError) {
      switch patch {
      case .json(let operations): return KubernetesObject(try JSONPatch.apply(operations, to: old.json))
      case .merge(let changes):
        guard changes.objectValue != nil else { throw PatchError(.malformed, "Invalid JSON Document") }
        return KubernetesObject(MergePatch.apply(changes, to: old.json))
      case .strategic(let changes):
        return KubernetesObject(try StrategicMergePatch.apply(changes, to: old.json, kind: kind))
      case .apply: return old
      }
    } catch {
      throw error.statusError
    }
  }

  /// Server-side apply: creates what is not there.
  private func apply(
    _ target: RequestTarget, _ fields: JSON, _ duplicateFields: [String], options: WriteOptions
  ) async throws -> WriteResult {
    guard let manager = options.fieldManager, !manager.isEmpty else {
      throw StatusError.invalid(
        GroupVersionKind(group: "meta.k8s.io", version: "v1", kind: "PatchOptions"), "",
        [FieldError.required("fieldManager", "is required for apply patch")])
    }
    let wanted = KubernetesObject(fields)
    try ObjectChecks.shape(wanted)
    try checkKind(wanted, target)
    if !wanted.name.isEmpty, wanted.name != target.name {
      throw StatusError.badRequest(
        "the name of the object (\(wanted.name)) does not match the name on the URL (\(target.name))")
    }
    var placed = wanted
    try placeInNamespace(&placed, target)
    var warnings: [String] = []
    try check(
      unknown: [], duplicate: duplicateFields, target: target, options: options, warnings: &warnings
    ) { .badRequest("error decoding YAML: \($0)") }

    guard store.get(target.id) != nil else {
      guard target.subresource.isEmpty else { throw StatusError.notFound(target.type, target.name) }
      var configuration = placed
      configuration.name = target.name
      let object = try FieldOwnership.apply(
        configuration, to: nil, kind: target.kind, subresource: "", manager: manager, force: options.force)
      var collection = target
      collection.name = ""
      var result = try await create(collection, DecodedBody(object: object), options: options, isApplied: true)
      result.warnings = warnings + result.warnings
      return result
    }
    let namesVersion = !wanted.resourceVersion.isEmpty
    return try await modify(
      target, options: options, warnings: warnings, retries: !namesVersion, isApplied: true
    ) { old in
      var object = try FieldOwnership.apply(
        placed, to: old, kind: target.kind, subresource: target.subresource, manager: manager, force: options.force)
      try normalize(&object, target)
      return object
    }
  }
}
