import KratixModel
import Kubernetes

public struct PackageOptions: Sendable, Hashable {
  /// Overrides the name in `promise.yaml`.
  public var name: String?
  /// For a layout that holds no name.
  public var defaultName: String?
  /// For the label `kratix.io/promise-version`.
  public var version: String?
  /// Registry and path before the image's own name: `ghcr.io/acme`.
  public var imagePrefix: String?
  public var tag: String?

  public init(
    name: String? = nil, defaultName: String? = nil, version: String? = nil, imagePrefix: String? = nil,
    tag: String? = nil
  ) {
    self.name = name
    self.defaultName = defaultName
    self.version = version
    self.imagePrefix = imagePrefix
    self.tag = tag
  }
}

/// An installable Promise, and what goes with it.
public struct PromisePackage: Sendable, Hashable {
  /// An image that is built from a directory of the sources.
  public struct ImageSource: Sendable, Hashable {
    public var directory: String
    /// The containers that run it.
    public var containers: [ContainerAddress]
    public var image: ImageReference
  }

  public var promise: KubernetesObject
  public var images: [ImageSource]
  /// Example requests and README, as they are in the directory.
  public var companions: [SourceFile]
  /// What an author should know: one sentence each.
  public var warnings: [String]

  /// YAML with sorted keys: the same Promise gives the same bytes on any machine.
  public var yaml: String { YAML.text(promise.json) }

  /// The PromiseRelease that installs this Promise from `url` (contract, sections 1.4 and 11.1).
  public func release(url: String) -> KubernetesObject {
    var release = KubernetesObject(
      apiVersion: "\(ResourceType.kratixGroup)/\(ResourceType.kratixVersion)",
      kind: ResourceType.promiseReleases.kind, name: promise.name)
    release.spec = ["sourceRef": ["type": "http", "url": .string(url)]]
    if let version = Promise(promise).version { release.spec?["version"] = .string(version) }
    return release
  }
}

/// What a cluster takes.
public enum ObjectSize {
  /// All annotations of an object together, keys and values.
  public static let annotations = 262_144
  /// etcd's default for one request.
  public static let stored = 1_572_864

  static let lastApplied = "kubectl.kubernetes.io/last-applied-configuration"

  /// The size of the annotations after a client-side `kubectl apply`, which keeps the whole object in one.
  public static func annotationsAfterApply(_ object: KubernetesObject) -> Int {
    object.annotations.reduce(lastApplied.utf8.count + object.json.serialized().count + 1) {
      $0 + $1.key.utf8.count + $1.value.utf8.count
    }
  }
}
