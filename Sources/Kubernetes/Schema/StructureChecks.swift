/// What a schema asks of values beyond their types: lists that are sets or maps have no duplicates, embedded resources
/// are objects of the API (apiextensions-apiserver, `listtype` and `objectmeta`).
enum StructureChecks {
  static func lists(_ value: JSON, _ node: SchemaNode, path: String) -> [FieldError] {
    guard node.hasStructureChecks else { return [] }
    switch value {
    case .object(let members):
      return sorted(members).flatMap { key, member in
        node.properties[key].map { lists(member, $0, path: joined(path, key)) }
          ?? node.additionalProperties.map { lists(member, $0, path: "\(path)[\(key)]") } ?? []
      }
    case .array(let elements):
      var errors: [FieldError] = []
      switch node.listType {
      case "set":
        for index in duplicates(in: elements) { errors.append(.duplicate("\(path)[\(index)]", elements[index])) }
      case "map":
        errors += keys(of: elements, node, path: path)
      default: break
      }
      if let items = node.items {
        for (index, element) in elements.enumerated() { errors += lists(element, items, path: "\(path)[\(index)]") }
      }
      return errors
    default: return []
    }
  }

  private static func keys(of elements: [JSON], _ node: SchemaNode, path: String) -> [FieldError] {
    var keys: [JSON] = []
    for (index, element) in elements.enumerated() {
      guard element.isNull || element.objectValue != nil else {
        return [.invalid("\(path)[\(index)]", element, "must be an object for an array of list-type map")]
      }
      var key: [String: JSON] = [:]
      for name in node.listMapKeys { key[name] = element[name] }
      keys.append(.object(key))
    }
    return duplicates(in: keys).map { .duplicate("\(path)[\($0)]", keys[$0]) }
  }

  /// Where a value occurs for the second time; further ones are not told.
  private static func duplicates(in elements: [JSON]) -> [Int] {
    var times: [JSON: Int] = [:]
    var indices: [Int] = []
    for (index, element) in elements.enumerated() {
      let seen = times[element, default: 0]
      if seen == 1 { indices.append(index) }
      times[element] = seen + 1
    }
    return indices
  }

  static func embeddedResources(_ value: JSON, _ node: SchemaNode, path: String) -> [FieldError] {
    guard node.hasStructureChecks else { return [] }
    switch value {
    case .object(let members):
      var errors: [FieldError] = []
      if node.isEmbeddedResource { errors += embeddedResource(members, path: path) }
      for (key, member) in sorted(members) {
        if let child = node.properties[key] {
          errors += embeddedResources(member, child, path: joined(path, key))
        } else if let child = node.additionalProperties {
          errors += embeddedResources(member, child, path: "\(path)[\(key)]")
        }
      }
      return errors
    case .array(let elements):
      guard let items = node.items else { return [] }
      return elements.enumerated().flatMap { embeddedResources($1, items, path: "\(path)[\($0)]") }
    default: return []
    }
  }

  private static func embeddedResource(_ members: [String: JSON], path: String) -> [FieldError] {
    var errors: [FieldError] = []
    for key in ["apiVersion", "kind"] {
      let field = joined(path, key)
      guard let value = members[key] else {
        errors.append(.required(field))
        continue
      }
      guard let text = value.stringValue else {
        errors.append(.invalid(field, value, "must be a string"))
        continue
      }
      if text.isEmpty {
        errors.append(.invalid(field, value, "must not be empty"))
      } else if key == "apiVersion", text.filter({ $0 == "/" }).count > 1 {
        errors.append(.invalid(field, value, "unexpected GroupVersion string: \(text)"))
      } else if key == "kind" {
        let complaints = NameRules.dns1035Label(text.lowercased())
        if !complaints.isEmpty {
          errors.append(
            .invalid(
              field, value,
              "may have mixed case, but should otherwise match: " + complaints.joined(separator: ",")))
        }
      }
    }
    let object = KubernetesObject(.object(members))
    let field = joined(path, "metadata")
    errors += NameRules.labels(object.labels, field: "\(field).labels")
    errors += NameRules.annotations(object.annotations, field: "\(field).annotations")
    return errors
  }

  private static func joined(_ path: String, _ name: String) -> String { path.isEmpty ? name : "\(path).\(name)" }

  private static func sorted(_ members: [String: JSON]) -> [(key: String, value: JSON)] {
    members.sorted { JSON.isOrderedByBytes($0.key, $1.key) }
  }
}
