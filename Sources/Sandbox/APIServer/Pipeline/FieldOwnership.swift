import Kubernetes

/// Where field management meets the pipeline: who owns which field, and server-side apply.
enum FieldOwnership {
  /// Records that a manager wrote an object by create, update or a patch other than apply.
  static func recordUpdate(
    _ object: inout KubernetesObject, old: KubernetesObject?, kind: ServedKind, subresource: String, manager: String
  ) {
    object = ServerSideApply.tracking(object, old: old, request(kind, subresource, manager))
  }

  /// The object that applying a manager's fields gives.
  static func apply(
    _ configuration: KubernetesObject, to live: KubernetesObject?, kind: ServedKind, subresource: String,
    manager: String, force: Bool
  ) throws(StatusError) -> KubernetesObject {
    try ServerSideApply.apply(configuration, to: live, force: force, request(kind, subresource, manager))
  }

  private static func request(_ kind: ServedKind, _ subresource: String, _ manager: String) -> ServerSideApply.Request {
    let scope: ServerSideApply.Scope =
      subresource == "status" ? .statusOnly : kind.resource.hasStatus ? .exceptStatus : .everything
    return ServerSideApply.Request(
      manager: manager, subresource: subresource, scope: scope, types: kind.fieldTypes,
      time: Timestamp.text(secondsSince1970: Int64(Clock.now())))
  }
}
