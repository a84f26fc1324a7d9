import KratixModel
import Kubernetes
import PromiseAuthoring

/// What is reviewed: a Promise, or a CustomResourceDefinition that one could hold.
struct ReviewSubject {
  var file: String
  var lines: FieldLines
  /// A Promise made around the definition when the file holds only that.
  var promise: Promise
  var isDefinition: Bool
  /// Of the object in the file.
  var document: Int

  /// The exit code of an input that could not be read.
  static let unreadable: Int32 = 2

  /// Reads the one Promise or definition of a file. What else the object may be, the rules say.
  /// - Throws: `Failure` with the exit code for unreadable input.
  static func read(_ path: String) throws(Failure) -> ReviewSubject {
    let (documents, bytes) = try self.documents(path)
    let name = PromiseFile.name(path)
    let present = documents.enumerated().filter { !$0.element.isNull }
    guard !present.isEmpty else {
      throw Failure("\(name) is empty; a Promise or a CustomResourceDefinition is expected", exitCode: unreadable)
    }
    let promises = present.filter { $0.element["kind"]?.stringValue == ResourceType.promises.kind }
    guard let found = present.count == 1 ? present.first : promises.count == 1 ? promises.first : nil else {
      throw Failure(
        "\(name) holds \(present.count) documents with \(promises.count) Promises; one is expected",
        exitCode: unreadable)
    }
    guard case .object = found.element else {
      throw Failure(
        "\(name) holds no object; a Promise or a CustomResourceDefinition is expected", exitCode: unreadable)
    }
    let object = KubernetesObject(found.element)
    let isDefinition = PromiseAPI(object).isCustomResourceDefinition
    return ReviewSubject(
      file: path, lines: FieldLines(bytes), promise: isDefinition ? wrapping(object) : Promise(object),
      isDefinition: isDefinition, document: found.offset)
  }

  /// Every document of a file; `null` for empty ones.
  static func documents(_ path: String) throws(Failure) -> (documents: [JSON], bytes: [UInt8]) {
    try PromiseFile.documents(path, exitCode: unreadable)
  }

  static func wrapping(_ definition: KubernetesObject) -> Promise {
    var promise = KubernetesObject(
      apiVersion: "\(ResourceType.kratixGroup)/\(ResourceType.kratixVersion)", kind: ResourceType.promises.kind,
      name: "api")
    promise.spec = ["api": definition.json]
    return Promise(promise)
  }

  /// The line in the file of what a finding is about.
  func line(of path: String) -> Int? {
    lines.line(of: isDefinition && path.hasPrefix("spec.api.") ? String(path.dropFirst(9)) : path, document: document)
  }
}
