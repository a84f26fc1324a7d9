import Kubernetes

/// Kratix's own kinds, group `platform.kratix.io`, version `v1alpha1` (contract, section 1).
extension ResourceType {
  public static let kratixGroup = "platform.kratix.io"
  public static let kratixVersion = "v1alpha1"

  public static let promises = kratix("promises", "Promise", isNamespaced: false)
  public static let promiseReleases = kratix("promisereleases", "PromiseRelease", isNamespaced: false)
  public static let promiseRevisions = kratix("promiserevisions", "PromiseRevision", isNamespaced: false)
  public static let resourceBindings = kratix("resourcebindings", "ResourceBinding", isNamespaced: true)
  public static let works = kratix("works", "Work", isNamespaced: true)
  public static let workPlacements = kratix("workplacements", "WorkPlacement", isNamespaced: true)
  public static let destinations = kratix("destinations", "Destination", isNamespaced: false)
  public static let bucketStateStores = kratix("bucketstatestores", "BucketStateStore", isNamespaced: false)
  public static let gitStateStores = kratix("gitstatestores", "GitStateStore", isNamespaced: false)
  public static let healthRecords = kratix("healthrecords", "HealthRecord", isNamespaced: true)

  private static func kratix(_ plural: String, _ kind: String, isNamespaced: Bool) -> ResourceType {
    ResourceType(
      group: kratixGroup, version: kratixVersion, plural: plural, kind: kind, isNamespaced: isNamespaced)
  }
}
