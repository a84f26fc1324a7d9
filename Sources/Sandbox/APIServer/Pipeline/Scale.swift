import Kubernetes

/// The `scale` subresource: `autoscaling/v1` Scale, read from and written to the object's own paths.
extension RequestPipeline {
  func scale(_ target: RequestTarget) throws -> ServedObject {
    let object = try get(target).object
    let scale = try Self.scale(of: object, target)
    return ServedObject(object: scale, bytes: scale.json.serialized())
  }

  func updateScale(
    _ target: RequestTarget, options: WriteOptions, _ change: (KubernetesObject) throws -> KubernetesObject
  ) async throws -> WriteResult {
    guard let paths = target.kind.resource.scale else { throw StatusError.notFound(target.type, target.name) }
    var main = target
    main.subresource = ""
    var precondition = false
    let result = try await modify(main, options: options, retries: true) { old in
      let before = try Self.scale(of: old, target)
      let wanted = try change(before)
      precondition = !wanted.resourceVersion.isEmpty && wanted.resourceVersion != before.resourceVersion
      if precondition { throw StatusError.modified(target.type, target.name) }
      let replicas = wanted[path: "spec", "replicas"] ?? 0
      guard let count = replicas.intValue, count >= 0 else {
        throw StatusError.invalid(
          GroupVersionKind(group: "autoscaling", version: "v1", kind: "Scale"), target.name,
          [FieldError.invalid("spec.replicas", replicas, "must be greater than or equal to 0")])
      }
      var object = old
      object.json.set(.int(count), at: Self.members(paths.specReplicas))
      return object
    }
    let scale = try Self.scale(of: result.object.object, target)
    return WriteResult(
      object: ServedObject(object: scale, bytes: scale.json.serialized()), warnings: result.warnings)
  }

  private static func scale(of object: KubernetesObject, _ target: RequestTarget) throws -> KubernetesObject {
    guard let paths = target.kind.resource.scale else { throw StatusError.notFound(target.type, target.name) }
    var scale = KubernetesObject(apiVersion: "autoscaling/v1", kind: "Scale", name: object.name)
    for field in ["namespace", "uid", "resourceVersion", "creationTimestamp"] {
      scale["metadata"]?[field] = object.metadata[field]
    }
    scale.spec = ["replicas": object.json.value(at: members(paths.specReplicas)) ?? 0]
    scale.status = ["replicas": object.json.value(at: members(paths.statusReplicas)) ?? 0]
    if let path = paths.labelSelector, let value = object.json.value(at: members(path)) {
      let text = value.stringValue ?? (try? LabelSelector(json: value))?.description ?? ""
      if !text.isEmpty { scale[path: "status", "selector"] = .string(text) }
    }
    return scale
  }

  /// `.spec.replicas` as members.
  private static func members(_ path: String) -> ArraySlice<String> {
    path.split(separator: ".").map(String.init)[...]
  }
}
