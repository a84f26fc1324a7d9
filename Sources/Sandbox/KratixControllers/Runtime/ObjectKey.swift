import Kubernetes

/// What a reconciler is asked about: an object by its name.
public struct ObjectKey: Sendable, Hashable, CustomStringConvertible {
  /// nil for a cluster-scoped object.
  public var namespace: String?
  public var name: String

  public init(namespace: String? = nil, name: String) {
    self.namespace = namespace
    self.name = name
  }

  public init(_ object: KubernetesObject) {
    self.init(namespace: object.namespace, name: object.name)
  }

  public var description: String { namespace.map { "\($0)/\(name)" } ?? name }
}
