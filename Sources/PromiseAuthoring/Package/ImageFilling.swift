import KratixModel
import Kubernetes

/// Gives the containers whose images are built from the package's own directories their image references.
public struct ImageFilling {
  private(set) var promise: KubernetesObject
  private(set) var sources: [PromisePackage.ImageSource] = []
  private(set) var warnings: [String] = []
  private let directories: [String]
  private let options: PackageOptions

  init(promise: KubernetesObject, directories: [String], options: PackageOptions) {
    self.promise = promise
    self.directories = directories
    self.options = options
  }

  mutating func fill() throws(PackagingError) {
    for type in WorkflowType.allCases {
      for action in WorkflowAction.allCases {
        let path: [String] = ["spec", "workflows", type.rawValue, action.rawValue]
        guard var pipelines = promise.json.value(at: path[...])?.arrayValue else { continue }
        for index in pipelines.indices {
          for list in ["initContainers", "containers"] {
            guard var containers = pipelines[index][path: "spec", list]?.arrayValue else { continue }
            for position in containers.indices {
              let address = ContainerAddress(
                promise: promise.name, type: type, action: action,
                pipeline: pipelines[index][path: "metadata", "name"]?.stringValue ?? "",
                container: containers[position]["name"]?.stringValue ?? "")
              try fill(&containers[position], address)
            }
            pipelines[index][path: "spec", list] = .array(containers)
          }
        }
        promise.json.set(.array(pipelines), at: path[...])
      }
    }
    let used = Set(sources.map(\.directory))
    for directory in directories where directory.hasPrefix("workflows/") && !used.contains(directory) {
      warnings.append("\(directory) belongs to no container of the Promise")
    }
  }

  private mutating func fill(_ container: inout JSON, _ address: ContainerAddress) throws(PackagingError) {
    let text = container["image"]?.stringValue ?? ""
    let reference = ImageReference(text)
    if reference == nil, !text.isEmpty { throw .invalidImage(container: address.description, image: text) }
    let directory = directory(of: address, image: reference)
    guard directory != nil || text.isEmpty else { return }
    var image = reference ?? ImageReference(registry: nil, path: "\(promise.name)-\(address.container)")
    if let prefix = options.imagePrefix {
      let name = image.path.split(separator: "/").last ?? ""
      guard let filled = Self.reference(prefix, name) else {
        throw .invalidImage(container: address.description, image: "\(prefix)/\(name)")
      }
      image = ImageReference(registry: filled.registry, path: filled.path, tag: image.tag, digest: image.digest)
    }
    if let tag = options.tag {
      image.tag = tag
      image.digest = nil
      guard ImageReference(image.description) == image else {
        throw .invalidImage(container: address.description, image: image.description)
      }
    }
    if reference == nil, options.imagePrefix == nil, options.tag == nil {
      warnings.append("\(address) has no image; name one, or give --image-prefix and --tag")
      return
    }
    container["image"] = .string(image.description)
    guard let directory else { return }
    if let index = sources.firstIndex(where: { $0.directory == directory && $0.image == image }) {
      sources[index].containers.append(address)
    } else {
      sources.append(PromisePackage.ImageSource(directory: directory, containers: [address], image: image))
    }
  }

  /// Whether a text can stand before images' names: `ghcr.io/acme`, with or without a slash at its end.
  public static func isPrefix(_ text: String) -> Bool { reference(text, "image") != nil }

  private static func reference(_ prefix: String, _ name: some StringProtocol) -> ImageReference? {
    let whole = "\(prefix.hasSuffix("/") ? String(prefix.dropLast()) : prefix)/\(name)"
    guard let reference = ImageReference(whole), reference.tag == nil, reference.digest == nil else { return nil }
    return reference
  }

  /// `workflows/TYPE/ACTION/PIPELINE/CONTAINER`, `pipelines/NAME/TAG` of the image, or the directory below `internal`
  /// whose name is the image's, with or without the Promise's name before it.
  private func directory(of address: ContainerAddress, image: ImageReference?) -> String? {
    let own = "workflows/\(address)"
    if directories.contains(own) { return own }
    guard let image, let name = image.path.split(separator: "/").last else { return nil }
    let tagged = "pipelines/\(name)/\(image.tag ?? "latest")"
    if directories.contains(tagged) { return tagged }
    return directories.first { directory in
      guard directory.hasPrefix("internal/"), let last = directory.split(separator: "/").last else { return false }
      return name == last || name == "\(promise.name)-\(last)"
    }
  }
}
