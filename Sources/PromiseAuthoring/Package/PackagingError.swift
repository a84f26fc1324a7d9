import Kubernetes

/// Why a directory cannot be packaged. The description is one sentence that stands after the directory's name.
public enum PackagingError: Error, Sendable, Hashable, CustomStringConvertible {
  case noPromise
  case noAPI
  case severalAPIs([String])
  case severalFiles(String, String)
  case notUTF8(String)
  case notYAML(file: String, YAMLSyntaxError)
  case empty(String)
  case notObject(file: String, what: String)
  case wrongKind(file: String, found: String, expected: String)
  case severalDocuments(file: String, count: Int)
  case dependency(file: String, index: Int, reason: String)
  case pipeline(file: String, index: Int, reason: String)
  case noName
  case invalidName(String, reason: String)
  case invalidVersion(String, reason: String)
  case invalidImage(container: String, image: String)
  case tooLarge(bytes: Int, limit: Int)

  public var description: String {
    switch self {
    case .noPromise:
      "is no Promise's source directory: there is neither promise.yaml nor api.yaml; start one with "
        + "\"kubectl kratix init\""
    case .noAPI:
      "has no API: write the CustomResourceDefinition into api.yaml, or into spec.api of promise.yaml"
    case .severalAPIs(let names): "has several APIs (\(names.joined(separator: ", "))); a Promise has one"
    case .severalFiles(let one, let other): "has both \(one) and \(other); keep one"
    case .notUTF8(let file): "holds \(file), which is not UTF-8 text"
    case .notYAML(let file, let error): "holds \(file), which is not YAML: \(error)"
    case .empty(let file): "holds \(file), which is empty"
    case .notObject(let file, let what): "holds \(file), which is \(what) where an object is expected"
    case .wrongKind(let file, let found, let expected): "holds \(file), which is a \(found), not a \(expected)"
    case .severalDocuments(let file, let count): "holds \(file) with \(count) documents; it must have one"
    case .dependency(let file, let index, let reason): "holds \(file), whose item \(index + 1) \(reason)"
    case .pipeline(let file, let index, let reason): "holds \(file), whose pipeline \(index + 1) \(reason)"
    case .noName: "says nowhere what the Promise is called; name it with --name"
    case .invalidName(let name, let reason): "cannot be a Promise called \"\(name)\": \(reason)"
    case .invalidVersion(let version, let reason): "cannot have the version \"\(version)\": \(reason)"
    case .invalidImage(let container, let image):
      "gives \(container) the image \"\(image)\", which is no image reference"
    case .tooLarge(let bytes, let limit):
      "makes a Promise of \(bytes) bytes, and a cluster stores objects of at most \(limit); move dependencies into a "
        + "promise workflow's container"
    }
  }
}
