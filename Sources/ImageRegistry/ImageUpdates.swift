import KratixModel

/// Which image a reference could be replaced with.
public struct ImageUpdates: Sendable {
  /// What a person wants of new images.
  public struct Wish: Sendable, Hashable {
    /// nil keeps the tag.
    public var constraint: VersionConstraint?
    public var includesPrereleases: Bool
    /// Add the digest that the registry gives for the tag.
    public var pinsDigest: Bool

    public init(constraint: VersionConstraint?, includesPrereleases: Bool = false, pinsDigest: Bool = false) {
      self.constraint = constraint
      self.includesPrereleases = includesPrereleases
      self.pinsDigest = pinsDigest
    }
  }

  private let registry: RegistryClient

  public init(registry: RegistryClient) { self.registry = registry }

  /// The image that fulfils the wish; equal to `image` when that one does. Without `pinsDigest` a digest is kept only
  /// where the tag stays.
  /// - Returns: nil when no tag of the repository fits the constraint.
  /// - Throws: `RegistryError`.
  public func update(of image: ImageReference, wish: Wish) async throws(RegistryError) -> ImageReference? {
    var result = image
    if let constraint = wish.constraint {
      let tags = try await registry.tags(of: image)
      guard
        let tag = constraint.best(
          of: tags, current: image.tag, includingPrereleases: wish.includesPrereleases)
      else { return nil }
      if tag != image.tag { result.digest = nil }
      result.tag = tag
    }
    if wish.pinsDigest {
      var tagged = result
      if tagged.tag != nil { tagged.digest = nil }
      result.digest = try await registry.digest(of: tagged)
    }
    return result
  }
}
