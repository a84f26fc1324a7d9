import Foundation
import KratixModel

/// Which directory stands for which image in the process engine: a build context with a Dockerfile.
public struct ImageMap: Sendable, Hashable {
  private var directories: [String: String]
  /// Directories of directories, `NAME/TAG`: an image whose repository ends in NAME is `NAME/TAG` below one of them.
  private var collections: [String]

  /// - Parameters:
  ///   - images: directory by image reference.
  ///   - collections: directories with a directory for each image's name, and in it one for each tag.
  public init(_ images: [String: String] = [:], collections: [String] = []) {
    directories = Dictionary(images.map { (Self.normalized($0.key), $0.value) }) { $1 }
    self.collections = collections
  }

  /// From `--image REF=PATH`, several times.
  /// - Throws: `ImageMapError`, one sentence.
  public init(parsing arguments: [String], collections: [String] = []) throws(ImageMapError) {
    var images: [String: String] = [:]
    for argument in arguments {
      guard let equals = argument.firstIndex(of: "=") else {
        throw ImageMapError("--image \(argument): REF=PATH is expected, an image and the directory of its Dockerfile")
      }
      let reference = String(argument[..<equals])
      let path = String(argument[argument.index(after: equals)...])
      guard ImageReference(reference) != nil else {
        throw ImageMapError("--image \(argument): \"\(reference)\" is no image reference")
      }
      guard FileManager.default.fileExists(atPath: "\(path)/Dockerfile") else {
        throw ImageMapError("--image \(argument): there is no \(path)/Dockerfile")
      }
      images[reference] = path
    }
    self.init(images, collections: collections)
  }

  public var isEmpty: Bool { directories.isEmpty && collections.isEmpty }

  /// Adds what the other map has; of one image the other's directory wins.
  public func merging(_ other: ImageMap) -> ImageMap {
    var merged = self
    merged.directories.merge(other.directories) { $1 }
    merged.collections = other.collections + collections.filter { !other.collections.contains($0) }
    return merged
  }

  /// The directory of an image; nil when none stands for it.
  public func directory(for image: String) -> String? {
    if let directory = directories[Self.normalized(image)] { return directory }
    guard let reference = ImageReference(image), let name = reference.path.split(separator: "/").last else {
      return nil
    }
    return collections.map { "\($0)/\(name)/\(reference.tag ?? "latest")" }
      .first { FileManager.default.fileExists(atPath: "\($0)/Dockerfile") }
  }

  /// What there is, for messages: references, and what is in the collections as `NAME:TAG`.
  var known: [String] {
    var known = Array(directories.keys)
    for collection in collections {
      for name in (try? FileManager.default.contentsOfDirectory(atPath: collection)) ?? [] {
        for tag in (try? FileManager.default.contentsOfDirectory(atPath: "\(collection)/\(name)")) ?? []
        where FileManager.default.fileExists(atPath: "\(collection)/\(name)/\(tag)/Dockerfile") {
          known.append("\(name):\(tag)")
        }
      }
    }
    return known.sorted()
  }

  /// One sentence for an image that nothing stands for.
  func missing(_ image: String) -> String {
    let there = known.isEmpty ? "no image is mapped" : "mapped are \(known.joined(separator: ", "))"
    return "image \(image) is not mapped to a directory (\(there)); "
      + "say where its Dockerfile is: --image \(image)=PATH"
  }

  /// The same image by other words: Docker Hub's registry and the tag `latest` may be left out.
  private static func normalized(_ image: String) -> String {
    guard var reference = ImageReference(image) else { return image }
    if reference.registry == "docker.io" || reference.registry == "index.docker.io" { reference.registry = nil }
    if reference.registry == nil, reference.path.hasPrefix("library/") {
      reference.path = String(reference.path.dropFirst("library/".count))
    }
    if reference.tag == nil, reference.digest == nil { reference.tag = "latest" }
    return reference.description
  }
}

/// What is wrong with an `--image` argument.
public struct ImageMapError: Error, Sendable, Hashable, CustomStringConvertible {
  public let description: String

  init(_ description: String) { self.description = description }
}
