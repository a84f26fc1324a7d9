import KratixModel
import Kubernetes
import Yams

/// A node, where it is in the document, and the text that its marks count in.
struct SourceNode {
  var node: Node
  var path: FieldPath
  var text: SourceText

  /// The member of a mapping, merge keys included.
  func member(_ key: String) -> (key: Node, value: SourceNode)? {
    guard case .mapping(let mapping) = node else { return nil }
    for (name, value) in mapping {
      if case .scalar(let scalar) = name, scalar.string == key {
        return (name, SourceNode(node: value, path: path.appending(key), text: text))
      }
    }
    for (name, value) in mapping {
      guard case .scalar(let scalar) = name, YAML.isMergeKey(scalar) else { continue }
      for source in value.sequence.map(Array.init) ?? [value] {
        if let found = SourceNode(node: source, path: path, text: text).member(key) { return found }
      }
    }
    return nil
  }

  subscript(_ keys: String...) -> SourceNode? {
    var current = self
    for key in keys {
      guard let next = current.member(key)?.value else { return nil }
      current = next
    }
    return current
  }

  /// The elements of a sequence; none of anything else.
  var elements: [SourceNode] {
    guard case .sequence(let sequence) = node else { return [] }
    return sequence.enumerated().map {
      SourceNode(node: $1, path: path.appending(.index($0)), text: text)
    }
  }

  var scalar: Node.Scalar? {
    if case .scalar(let scalar) = node { scalar } else { nil }
  }

  var string: String? { scalar?.string }
}

/// A Promise in a source: in a document of its own, in a list, among the dependencies of another Promise, or in the
/// text that a string holds.
struct PromiseSource {
  var node: SourceNode

  var name: String { node["metadata", "name"]?.string ?? "" }
  var line: Int { node.node.mark?.line ?? 1 }

  /// The containers of all workflows, in the order of promise and resource, configure and delete.
  var containers: [ContainerSite] {
    var sites: [ContainerSite] = []
    for type in [WorkflowType.promise, .resource] {
      for action in [WorkflowAction.configure, .delete] {
        for pipeline in node["spec", "workflows", type.rawValue, action.rawValue]?.elements ?? [] {
          let name = pipeline["metadata", "name"]?.string ?? ""
          for list in ["initContainers", "containers"] {
            for container in pipeline["spec", list]?.elements ?? [] {
              let address = ContainerAddress(
                promise: self.name, type: type, action: action, pipeline: name,
                container: container["name"]?.string ?? "")
              sites.append(ContainerSite(address: address, image: container["image"], path: container.path))
            }
          }
        }
      }
    }
    return sites
  }

  /// Every Promise below `root`, the texts in its strings included.
  /// - Throws: `YAMLSyntaxError` when aliases expand to too much.
  static func all(below root: SourceNode) throws(YAMLSyntaxError) -> [PromiseSource] {
    var found: [PromiseSource] = []
    var budget = YAML.maximumNodes
    try collect(root, into: &found, budget: &budget, depth: 0)
    return found
  }

  private static func collect(
    _ node: SourceNode, into found: inout [PromiseSource], budget: inout Int, depth: Int
  ) throws(YAMLSyntaxError) {
    budget -= 1
    guard budget > 0, depth < 1_000 else {
      throw YAMLSyntaxError(
        line: node.node.mark?.line ?? 1, column: node.node.mark?.column ?? 1,
        reason: "the aliases of this document expand to too many values")
    }
    switch node.node {
    case .mapping(let mapping):
      if isPromise(node) { found.append(PromiseSource(node: node)) }
      for (key, value) in mapping {
        let path = node.path.appending(key.scalar?.string ?? "")
        try collect(
          SourceNode(node: value, path: path, text: node.text), into: &found, budget: &budget, depth: depth + 1)
      }
    case .sequence:
      for element in node.elements { try collect(element, into: &found, budget: &budget, depth: depth + 1) }
    case .scalar(let scalar):
      for document in documents(in: scalar, at: node.path, of: node.text) {
        try collect(document, into: &found, budget: &budget, depth: depth + 1)
      }
    case .alias: break
    }
  }

  /// The documents in a string that looks as if it held a Promise; none when it is no YAML after all.
  static func documents(in scalar: Node.Scalar, at path: FieldPath, of text: SourceText) -> [SourceNode] {
    guard scalar.style != .plain, scalar.string.utf8.count > 40, scalar.string.contains("Promise"),
      scalar.string.contains(ResourceType.kratixGroup), let located = LocatedScalar(scalar, in: text)
    else { return [] }
    let inner = SourceText(located, in: text)
    guard let documents = try? YAML.compose(inner.string) else { return [] }
    return documents.enumerated().map { SourceNode(node: $1, path: path.appending(.text($0)), text: inner) }
  }

  private static func isPromise(_ node: SourceNode) -> Bool {
    node["kind"]?.string == ResourceType.promises.kind
      && (node["apiVersion"]?.string ?? "").hasPrefix(ResourceType.kratixGroup + "/")
  }
}

/// A container's `image` in a source.
struct ContainerSite {
  var address: ContainerAddress
  /// nil when the container has no such field.
  var image: SourceNode?
  /// The container's.
  var path: FieldPath

  /// Without the line break that a block scalar ends with.
  var imageText: String {
    let text = image?.string ?? ""
    return text.hasSuffix("\n") ? String(text.dropLast()) : text
  }
  var reference: ImageReference? { ImageReference(imageText) }
}
