import Kubernetes

/// A CustomResourceDefinition for a kind that nobody defines: it takes everything. A worker of the sandbox stores what
/// is sent to it, whatever operators a real one would have.
enum GeneratedDefinition {
  static let label = "sandbox.kratix.io/generated-definition"

  /// nil for the core group, which has no definitions.
  static func make(for kind: GroupVersionKind, isNamespaced: Bool) -> KubernetesObject? {
    guard !kind.group.isEmpty, !kind.kind.isEmpty else { return nil }
    let plural = plural(of: kind.kind)
    var definition = KubernetesObject(
      apiVersion: ResourceType.customResourceDefinitions.apiVersion, kind: "CustomResourceDefinition",
      name: "\(plural).\(kind.group)")
    definition.labels = [label: "true"]
    definition.spec = [
      "group": .string(kind.group), "scope": isNamespaced ? "Namespaced" : "Cluster",
      "names": [
        "kind": .string(kind.kind), "plural": .string(plural), "singular": .string(kind.kind.lowercased()),
      ],
      "versions": [
        [
          "name": .string(kind.version), "served": true, "storage": true, "subresources": ["status": .emptyObject],
          "schema": ["openAPIV3Schema": ["type": "object", "x-kubernetes-preserve-unknown-fields": true]],
        ]
      ],
    ]
    return definition
  }

  /// As Kubernetes guesses a resource's name from a kind.
  static func plural(of kind: String) -> String {
    let name = kind.lowercased()
    if name.hasSuffix("s") { return name + "es" }
    if name.hasSuffix("y") { return name.dropLast() + "ies" }
    return name + "s"
  }

  /// Whether a definition is of a kind.
  static func defines(_ definition: KubernetesObject, _ kind: GroupVersionKind) -> Bool {
    definition[path: "spec", "group"]?.stringValue == kind.group
      && definition[path: "spec", "names", "kind"]?.stringValue == kind.kind
  }
}
