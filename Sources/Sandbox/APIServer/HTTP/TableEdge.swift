import Kubernetes

/// The one place that asks the folder Tables for what `kubectl get` prints.
enum TableEdge {
  static func table(
    _ kind: ServedKind, _ objects: [KubernetesObject], metadata: JSON, includeObject: String, omitHeaders: Bool
  ) -> JSON {
    TablePrinter.table(
      for: kind.resource, objects: objects, listMetadata: metadata, includeObject: includeObject,
      omitHeaders: omitHeaders, now: Clock.now())
  }
}
