import Kubernetes

/// One difference that an upgrade makes.
public struct Change: Sendable, Hashable {
  public enum Kind: String, Sendable, Hashable {
    case added
    case removed
    case modified
    /// The same content under another name or path.
    case renamed
    /// A GitOps agent will delete the object and create it again.
    case replaced
  }

  public var kind: Kind
  /// `KIND/NAMESPACE/NAME` of a manifest, `file PATH` of another file, `status`, `spec` (of the stored resource), or
  /// `scheduling`.
  public var object: String
  /// The field (`spec.version`, `spec.containers[name=app].image`); empty for the whole object.
  public var path: String
  /// nil when there was nothing.
  public var from: JSON?
  /// nil when there is nothing any more.
  public var to: JSON?

  public init(_ kind: Kind, object: String, path: String, from: JSON?, to: JSON?) {
    self.kind = kind
    self.object = object
    self.path = path
    self.from = from
    self.to = to
  }
}
