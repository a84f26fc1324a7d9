import KratixModel
import Kubernetes

/// The files of a source directory, parsed on demand.
struct SourceDirectory {
  /// In the order of their paths' bytes, whatever the order that a file system lists them in.
  let files: [SourceFile]

  init(_ files: [SourceFile]) throws(PackagingError) {
    self.files = files.sorted { JSON.isOrderedByBytes($0.path, $1.path) }
    for stem in [SourceLayout.promise, SourceLayout.api, SourceLayout.dependencies, SourceLayout.base] {
      let found = SourceLayout.names(stem).filter { name in files.contains { $0.path == name } }
      if found.count > 1 { throw .severalFiles(found[0], found[1]) }
    }
  }

  /// `STEM.yaml` or `STEM.yml`.
  func file(_ stem: String) -> SourceFile? {
    files.first { SourceLayout.names(stem).contains($0.path) }
  }

  var imageDirectories: [String] { files.compactMap { SourceLayout.imageDirectory(of: $0.path) } }

  func documents(_ file: SourceFile) throws(PackagingError) -> [JSON] {
    guard let text = String(validating: file.bytes, as: UTF8.self) else { throw .notUTF8(file.path) }
    do {
      return try YAML.documents(text).filter { !$0.isNull }
    } catch {
      throw .notYAML(file: file.path, error)
    }
  }

  /// The one object of a file; nil when there is no such file.
  func object(_ stem: String, kind: String) throws(PackagingError) -> KubernetesObject? {
    guard let file = file(stem) else { return nil }
    let documents = try documents(file)
    guard let document = documents.first else { throw .empty(file.path) }
    guard documents.count == 1 else { throw .severalDocuments(file: file.path, count: documents.count) }
    guard case .object = document else { throw .notObject(file: file.path, what: Self.article(document)) }
    let object = KubernetesObject(document)
    guard object.kind.isEmpty || object.kind == kind else {
      throw .wrongKind(file: file.path, found: object.kind, expected: kind)
    }
    return object
  }

  /// The CustomResourceDefinition of `api.yaml`; nil when there is none, or an empty one.
  func api() throws(PackagingError) -> KubernetesObject? {
    guard let file = file(SourceLayout.api) else { return nil }
    let documents = try documents(file)
    guard documents.count <= 1 else { throw .severalAPIs(documents.map { KubernetesObject($0).name }) }
    guard !documents.isEmpty else { return nil }
    return try object(SourceLayout.api, kind: "CustomResourceDefinition")
  }

  /// What replaces `spec.dependencies`; nil to leave them. As in the kratix CLI, `dependencies.yaml` replaces them even
  /// when it is empty; in the split layout a folder stands in for a file that is missing or empty.
  func dependencies(isSplit: Bool) throws(PackagingError) -> [JSON]? {
    var found: [JSON]?
    if let file = file(SourceLayout.dependencies) { found = try items(of: file) }
    if isSplit, found?.isEmpty ?? true {
      for file in files where SourceLayout.isDependency(file.path) { found = (found ?? []) + (try items(of: file)) }
    }
    return found
  }

  /// The items of a list, or the documents; a `List` object counts as its items.
  private func items(of file: SourceFile) throws(PackagingError) -> [JSON] {
    var items: [JSON] = []
    for document in try documents(file) {
      if let list = document.arrayValue {
        items += list
      } else if document["kind"]?.stringValue == "List", let list = document["items"]?.arrayValue {
        items += list
      } else {
        items.append(document)
      }
    }
    for (index, item) in items.enumerated() { try Self.checkDependency(item, index: index, file: file.path) }
    return items
  }

  /// Kratix decodes dependencies as objects, which need a kind (contract, section 1.1).
  static func checkDependency(_ item: JSON, index: Int, file: String) throws(PackagingError) {
    guard case .object = item else {
      throw .dependency(file: file, index: index, reason: "is \(article(item)), not an object")
    }
    for field in ["apiVersion", "kind"] where item[field]?.stringValue?.isEmpty ?? true {
      throw .dependency(file: file, index: index, reason: "has no \(field)")
    }
  }

  func addWorkflows(to promise: inout KubernetesObject) throws(PackagingError) {
    for file in files {
      guard let workflow = SourceLayout.workflow(of: file.path) else { continue }
      var pipelines: [JSON] = []
      for document in try documents(file) { pipelines += document.arrayValue ?? [document] }
      for (index, pipeline) in pipelines.enumerated() {
        guard case .object = pipeline else {
          throw .pipeline(file: file.path, index: index, reason: "is \(Self.article(pipeline)), not an object")
        }
      }
      guard !pipelines.isEmpty else { continue }
      promise.json.set(
        .array(pipelines), at: ["spec", "workflows", workflow.type.rawValue, workflow.action.rawValue])
    }
  }

  private static func article(_ value: JSON) -> String {
    let name = value.isNull ? "nothing" : value.typeName
    if value.isNull { return name }
    return ["a", "e", "i", "o"].contains(name.first.map(String.init)) ? "an \(name)" : "a \(name)"
  }
}
