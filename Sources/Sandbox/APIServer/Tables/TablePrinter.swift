import Kubernetes

/// `meta.k8s.io/v1` `Table`: what `kubectl get` asks for and prints.
public enum TablePrinter {
  /// A table of objects of one resource.
  /// - Parameters:
  ///   - listMetadata: the list's `metadata` (resourceVersion, continue, remainingItemCount), or of a single object
  ///     its resourceVersion.
  ///   - includeObject: what each row carries of its object: `None`, `Metadata` or `Object`; anything else is
  ///     `Metadata`.
  ///   - omitHeaders: leave the column definitions out, as a watch does after its first event.
  ///   - now: seconds since 1970, which ages are counted to.
  public static func table(
    for resource: ServedResource, objects: [KubernetesObject], listMetadata: JSON, includeObject: String,
    omitHeaders: Bool, now: Double
  ) -> JSON {
    let layout = TableLayout.layout(for: resource)
    let rows = objects.map { object -> JSON in
      ["cells": .array(layout.cells(object, now)), "object": carried(object, includeObject)]
    }
    return [
      "kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": listMetadata,
      "columnDefinitions": omitHeaders ? .null : .array(layout.columns.map(\.json)), "rows": .array(rows),
    ]
  }

  private static func carried(_ object: KubernetesObject, _ include: String) -> JSON {
    switch include {
    case "None": .null
    case "Object": object.json
    default: ["kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": object.metadata]
    }
  }
}
