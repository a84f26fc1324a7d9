/// The one validation rule of `x-kubernetes-validations` that is evaluated without an evaluator of CEL: `self == oldSelf`,
/// by which an author makes a field immutable.
enum TransitionRules {
  /// Whether a rule is exactly this one, with no more than a message of its own.
  static func isEvaluated(_ rule: JSON) -> Bool {
    guard let members = rule.objectValue, members.keys.allSatisfy({ ["rule", "message"].contains($0) }) else {
      return false
    }
    let words = rule["rule"]?.stringValue?.split(whereSeparator: \.isWhitespace) ?? []
    return words == ["self", "==", "oldSelf"]
  }

  /// What has changed against the rules. Like the server, a rule is asked only where the value was and is, and where the
  /// old one can be told: members of objects and maps, and elements of lists that are maps.
  static func validate(_ value: JSON, _ node: SchemaNode, old: JSON, path: String) -> [FieldError] {
    guard node.hasRules, value != old else { return [] }
    var errors = node.rules.filter(isEvaluated).map { rule in
      FieldError.invalid(
        path, value.isScalar ? value : "object", rule["message"]?.stringValue ?? "failed rule: self == oldSelf")
    }
    switch (value, old) {
    case (.object(let members), .object(let before)):
      for (name, member) in members.sorted(by: { JSON.isOrderedByBytes($0.key, $1.key) }) {
        guard let child = node.child(name), let previous = before[name] else { continue }
        let isEntry = node.properties[name] == nil
        let field = isEntry ? "\(path)[\(name)]" : path.isEmpty ? name : "\(path).\(name)"
        errors += validate(member, child, old: previous, path: field)
      }
    case (.array(let elements), .array(let before)):
      guard node.listType == "map", let items = node.items else { break }
      for (index, element) in elements.enumerated() {
        let previous = before.first { candidate in node.listMapKeys.allSatisfy { candidate[$0] == element[$0] } }
        guard let previous else { continue }
        errors += validate(element, items, old: previous, path: "\(path)[\(index)]")
      }
    default: break
    }
    return errors
  }
}

extension JSON {
  fileprivate var isScalar: Bool {
    switch self {
    case .object, .array: false
    default: true
    }
  }
}
