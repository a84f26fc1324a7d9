import KratixControllers
import KratixModel
import Kubernetes

/// One object of a destination's files.
struct Manifest: Sendable, Hashable {
  /// What tells it from all others; the namespace is set, or nil where the kind has none or nobody knows yet.
  struct Identity: Sendable, Hashable, CustomStringConvertible {
    var apiVersion: String
    var kind: String
    var namespace: String?
    var name: String

    var groupVersionKind: GroupVersionKind { GroupVersionKind(apiVersion: apiVersion, kind: kind) }
    var description: String { "\(kind) \(namespace.map { "\($0)/" } ?? "")\(name)" }
  }

  var file: String
  var object: KubernetesObject

  init(file: String, object: KubernetesObject) {
    self.file = file
    var object = object
    // What a tool wrote of the object's life elsewhere.
    object.status = nil
    if object[path: "metadata", "creationTimestamp"]?.isNull == true {
      object.json.set(nil, at: ["metadata", "creationTimestamp"])
    }
    self.object = object
  }

  func identity(namespace: String?) -> Identity {
    Identity(apiVersion: object.apiVersion, kind: object.kind, namespace: namespace, name: object.name)
  }

  /// Lower ones are applied first, and deleted last.
  var rank: Int { Self.rank(object.groupVersionKind) }

  static func rank(_ kind: GroupVersionKind) -> Int {
    switch (kind.group, kind.kind) {
    case ("", "Namespace"): 0
    case ("apiextensions.k8s.io", "CustomResourceDefinition"): 1
    case ("", "ServiceAccount"), ("rbac.authorization.k8s.io", _): 2
    case ("", "Secret"), ("", "ConfigMap"): 3
    default: 4
    }
  }
}

/// What is wrong with a file, in one sentence.
struct ManifestProblem: Error, Sendable, Hashable, CustomStringConvertible {
  var file: String
  var reason: String
  var description: String { "\(file): \(reason)" }
}

/// Reads the files of a destination.
enum ManifestFiles {
  /// The objects of a file; a `List` gives its items. Nothing for a file that is no manifest by its name, and for
  /// Kratix's own records.
  /// - Throws: `ManifestProblem`, and then none of its objects is known.
  static func manifests(in file: StateStoreFile) throws(ManifestProblem) -> [Manifest] {
    guard isManifest(file.path) else { return [] }
    guard let text = String(validating: file.bytes, as: UTF8.self) else {
      throw ManifestProblem(file: file.path, reason: "not UTF-8")
    }
    let documents: [JSON]
    do {
      documents = try YAML.documents(text)
    } catch {
      throw ManifestProblem(file: file.path, reason: "not valid YAML: \(error)")
    }
    var manifests: [Manifest] = []
    for (index, document) in documents.enumerated() where !document.isNull {
      let problem = { (reason: String) in ManifestProblem(file: file.path, reason: "document \(index + 1) \(reason)") }
      guard document.objectValue != nil else { throw problem("is not a mapping") }
      let object = KubernetesObject(document)
      guard !object.apiVersion.isEmpty, !object.kind.isEmpty else { throw problem("has no apiVersion or no kind") }
      if object.kind.hasSuffix("List"), let items = object["items"]?.arrayValue {
        manifests += items.map { Manifest(file: file.path, object: KubernetesObject($0)) }
        continue
      }
      guard !object.name.isEmpty else { throw problem("has no metadata.name") }
      manifests.append(Manifest(file: file.path, object: object))
    }
    return manifests
  }

  private static func isManifest(_ path: String) -> Bool {
    let parts = path.split(separator: "/")
    guard !parts.contains(".kratix") else { return false }
    return [".yaml", ".yml", ".json"].contains { path.hasSuffix($0) }
  }

  /// The order in which manifests can be applied: what others need first, dependencies before resources, then as the
  /// files come.
  static func ordered(_ manifests: [Manifest], root: String) -> [Manifest] {
    let dependencies = StateStorePath.join(root, "dependencies") + "/"
    return manifests.enumerated().sorted { left, right in
      let (a, b) = (left.element, right.element)
      if a.rank != b.rank { return a.rank < b.rank }
      let (first, second) = (a.file.hasPrefix(dependencies), b.file.hasPrefix(dependencies))
      return first != second ? first : left.offset < right.offset
    }.map(\.element)
  }
}
