/// Removal of what a schema does not specify (apiextensions-apiserver, `pruning`).
struct SchemaPruning {
  private(set) var removed: [String] = []
  /// `.name` and `[0]`.
  private var path: [Step] = []

  private enum Step {
    case member(String)
    case index(Int)
  }

  private static let typeFields: Set<String> = ["apiVersion", "kind", "metadata"]
  private static let metadataFields: Set<String> = [
    "name", "generateName", "namespace", "selfLink", "uid", "resourceVersion", "generation", "creationTimestamp",
    "deletionTimestamp", "deletionGracePeriodSeconds", "labels", "annotations", "ownerReferences", "finalizers",
    "managedFields",
  ]

  /// - Parameters:
  ///   - isResource: whether the value has `apiVersion`, `kind` and `metadata`, specified or not.
  ///   - keepsUnknown: whether the value is an element of a list that keeps unknown fields.
  /// - Returns: nil when nothing changes.
  mutating func prune(
    _ value: JSON, _ node: SchemaNode?, isResource: Bool = false, keepsUnknown: Bool = false
  ) -> JSON? {
    let keepsUnknown = keepsUnknown || node?.preservesUnknownFields ?? false
    switch value {
    case .object(let members):
      let isResource = isResource || node?.isEmbeddedResource ?? false
      var result: [String: JSON]?
      for (key, member) in members {
        let changed: JSON?
        path.append(.member(key))
        if isResource, Self.typeFields.contains(key) {
          changed = key == "metadata" ? pruneMetadata(member) : nil
        } else if let child = node?.properties[key] {
          changed = prune(member, child)
        } else if let node, node.hasAdditionalProperties {
          changed = prune(member, node.additionalProperties)
        } else if keepsUnknown {
          changed = nil
        } else {
          record()
          if result == nil { result = members }
          result?[key] = nil
          changed = nil
        }
        path.removeLast()
        guard let changed else { continue }
        if result == nil { result = members }
        result?[key] = changed
      }
      return result.map(JSON.object)
    case .array(let elements):
      if keepsUnknown, node?.items == nil { return nil }
      var result: [JSON]?
      for (index, element) in elements.enumerated() {
        path.append(.index(index))
        let changed = prune(element, node?.items, keepsUnknown: keepsUnknown)
        path.removeLast()
        guard let changed else { continue }
        if result == nil { result = elements }
        result?[index] = changed
      }
      return result.map(JSON.array)
    default: return nil
    }
  }

  /// The metadata that every object has; a null creation time is none.
  private mutating func pruneMetadata(_ value: JSON) -> JSON? {
    guard case .object(let members) = value else { return nil }
    var result = members
    for key in members.keys where !Self.metadataFields.contains(key) {
      path.append(.member(key))
      record()
      path.removeLast()
      result[key] = nil
    }
    if members["creationTimestamp"]?.isNull ?? false { result["creationTimestamp"] = nil }
    return result.count == members.count ? nil : .object(result)
  }

  private mutating func record() {
    var text = ""
    for step in path {
      switch step {
      case .member(let name): text += text.isEmpty ? name : ".\(name)"
      case .index(let index): text += "[\(index)]"
      }
    }
    removed.append(text)
  }
}
