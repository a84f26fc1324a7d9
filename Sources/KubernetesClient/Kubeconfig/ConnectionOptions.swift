/// What kubectl's connection flags say.
public struct ConnectionOptions: Sendable, Hashable {
  /// `--kubeconfig`: this one file, and it must be there.
  public var kubeconfig: String?
  public var context: String?
  public var namespace: String?
  /// `--as`.
  public var asUser: String?
  /// `--as-group`.
  public var asGroups: [String]

  public init(
    kubeconfig: String? = nil, context: String? = nil, namespace: String? = nil, asUser: String? = nil,
    asGroups: [String] = []
  ) {
    self.kubeconfig = kubeconfig
    self.context = context
    self.namespace = namespace
    self.asUser = asUser
    self.asGroups = asGroups
  }
}
