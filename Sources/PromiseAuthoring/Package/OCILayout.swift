import KratixModel
import Kubernetes

/// A package as an OCI artifact in an image layout directory (image-spec: image-layout.md, manifest.md).
public enum OCILayout {
  public static let artifactType = "application/vnd.kratix.promise.v1+yaml"
  static let manifestType = "application/vnd.oci.image.manifest.v1+json"
  static let configType = "application/vnd.oci.image.config.v1+json"

  /// The files of the layout: the same package gives the same bytes. The index is the last: who finds it finds all that
  /// it names.
  ///
  /// The config is that of an image without layers to run, not the empty one: tools of before image-spec 1.1 copy it too.
  public static func files(_ package: PromisePackage) -> [SourceFile] {
    var blobs: [SourceFile] = []
    func blob(_ bytes: [UInt8], _ mediaType: String, _ annotations: [String: String] = [:]) -> JSON {
      let digest = Hashes.sha256(bytes)
      let path = "blobs/" + digest.replacing(":", with: "/")
      if !blobs.contains(where: { $0.path == path }) { blobs.append(SourceFile(path: path, bytes: bytes)) }
      var descriptor: JSON = [
        "mediaType": .string(mediaType), "digest": .string(digest), "size": JSON(bytes.count),
      ]
      if !annotations.isEmpty { descriptor["annotations"] = JSON(annotations) }
      return descriptor
    }
    let title = "org.opencontainers.image.title"
    var layers = [blob(Array(package.yaml.utf8), artifactType, [title: "promise.yaml"])]
    for file in package.companions {
      layers.append(
        blob(file.bytes, SourceLayout.isReadme(file.path) ? "text/markdown" : "application/yaml", [title: file.path]))
    }
    let config: JSON = [
      "architecture": "unknown", "os": "unknown", "config": [:],
      "rootfs": ["type": "layers", "diff_ids": .array(layers.compactMap { $0["digest"] })],
    ]
    var annotations = [title: package.promise.name]
    if let version = Promise(package.promise).version { annotations["org.opencontainers.image.version"] = version }
    let manifest: JSON = [
      "schemaVersion": 2, "mediaType": .string(manifestType), "artifactType": .string(artifactType),
      "config": blob(config.serialized(), configType), "layers": .array(layers), "annotations": JSON(annotations),
    ]
    let reference = Promise(package.promise).version ?? "latest"
    let index: JSON = [
      "schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json",
      "manifests": [blob(manifest.serialized(), manifestType, ["org.opencontainers.image.ref.name": reference])],
    ]
    return [SourceFile(path: "oci-layout", bytes: Array("{\"imageLayoutVersion\":\"1.0.0\"}".utf8))]
      + blobs + [SourceFile(path: "index.json", bytes: index.serialized())]
  }
}
