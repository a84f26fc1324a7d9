extension ImageReference {
  /// The registry that a reference without one means.
  public static let defaultRegistry = "docker.io"

  /// The repository in full: `alpine`, `docker.io/alpine` and `index.docker.io/library/alpine` are one.
  public var canonicalRepository: String {
    guard registry == nil || registry == Self.defaultRegistry || registry == "index.docker.io" else {
      return repository
    }
    return "\(Self.defaultRegistry)/\(path.contains("/") ? path : "library/\(path)")"
  }
}
