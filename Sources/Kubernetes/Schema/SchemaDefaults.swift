/// Defaults of a schema (apiextensions-apiserver, `defaulting`).
enum SchemaDefaults {
  /// nil when nothing changes.
  static func apply(to value: JSON, _ node: SchemaNode?) -> JSON? {
    switch value {
    case .object(let members):
      var result = members
      var hasChanged = false
      for (key, member) in members {
        let child = node?.child(key)
        if case .null = member {
          guard let child, !child.isNullable else { continue }
          // A null that may not be: its default, or nothing at all.
          result[key] = child.defaultValue.map { apply(to: $0, child) ?? $0 }
          hasChanged = true
        } else if let changed = apply(to: member, child) {
          result[key] = changed
          hasChanged = true
        }
      }
      guard let node, node.hasDefaults else { return hasChanged ? .object(result) : nil }
      for (key, child) in node.sortedProperties where result[key] == nil {
        guard let value = child.defaultValue else { continue }
        result[key] = apply(to: value, child) ?? value
        hasChanged = true
      }
      return hasChanged ? .object(result) : nil
    case .array(let elements):
      var result: [JSON]?
      let items = node?.items
      for (index, element) in elements.enumerated() {
        var changed = apply(to: element, items)
        if element.isNull, let items, !items.isNullable, let value = items.defaultValue {
          changed = apply(to: value, items) ?? value
        }
        guard let changed else { continue }
        if result == nil { result = elements }
        result?[index] = changed
      }
      return result.map(JSON.array)
    default: return nil
    }
  }
}
