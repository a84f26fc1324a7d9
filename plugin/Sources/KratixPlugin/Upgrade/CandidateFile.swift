import KratixModel
import Kubernetes

/// Reads the Promise that a command is about.
enum CandidateFile {
  /// - Parameter path: a file, or `-` for standard input.
  /// - Throws: `Failure`: what is wrong, and where.
  static func promise(at path: String) throws(Failure) -> Promise {
    let name = PromiseFile.name(path)
    let documents = try PromiseFile.documents(path).documents.filter { !$0.isNull }
    guard let document = documents.first else { throw Failure("\(name) is empty: a Promise is expected") }
    guard documents.count == 1 else {
      throw Failure("\(name) holds \(documents.count) documents: give a file that holds the Promise alone")
    }
    let object = KubernetesObject(document)
    guard document.objectValue != nil, object.kind == "Promise" else {
      let what = object.kind.isEmpty ? "no Kubernetes object" : "a \(object.kind)"
      throw Failure("\(name) holds \(what): a Promise (apiVersion \(ResourceType.promises.apiVersion)) is expected")
    }
    guard object.apiVersion == ResourceType.promises.apiVersion else {
      throw Failure(
        "\(name): a Promise of apiVersion \(object.apiVersion); this command reads \(ResourceType.promises.apiVersion)")
    }
    guard !object.name.isEmpty else { throw Failure("\(name): metadata.name is missing: name the Promise") }
    return Promise(object)
  }

  /// The same, of a Promise that serves an API.
  static func servingPromise(at path: String) throws(Failure) -> Promise {
    let promise = try promise(at: path)
    guard let api = promise.api else {
      throw Failure(
        "\(path): Promise \(promise.name) has no spec.api, so it serves no resources and has no fleet to upgrade; "
          + "apply it with kubectl")
    }
    guard api.isCustomResourceDefinition, api.resourceType != nil, api.schema != nil else {
      throw Failure(
        "\(path): spec.api of Promise \(promise.name) is not a CustomResourceDefinition (apiextensions.k8s.io/v1) with "
          + "a group, a plural name and a version with a schema")
    }
    return promise
  }
}
