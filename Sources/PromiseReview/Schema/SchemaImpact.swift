import Kubernetes

/// Which objects a breaking change of a schema hits.
struct SchemaImpact {
  private enum Test {
    /// The value is there: it goes away, or nobody can tell.
    case isPresent
    /// Its parent is there and it is not.
    case isMissing
    /// The value does not satisfy the keyword that changed.
    case fails(ResourceValidator)
    /// The object has fields that the schema does not name.
    case hasOtherFields(known: Set<String>)
    /// Every object.
    case always
  }

  let change: SchemaChange
  private let test: Test

  /// - Parameter schema: the new schema as a whole.
  init(change: SchemaChange, schema: JSON) {
    self.change = change
    switch change.kind {
    case .requiredAdded: test = .isMissing
    case .unknownFieldsChanged, .mapValuesChanged:
      let node = Self.node(of: schema, at: change.path)
      test = .hasOtherFields(known: Set((node["properties"]?.objectValue ?? [:]).keys))
    case .typeChanged, .enumAdded, .enumChanged, .boundAdded, .boundChanged, .patternAdded, .formatAdded,
      .formatChanged, .nullableChanged, .junctorAdded, .junctorChanged, .listTypeChanged:
      test = .fails(ResourceValidator(schema: Self.keywordAlone(change, in: Self.node(of: schema, at: change.path))))
    case .versionRemoved, .versionNotServed: test = .always
    default: test = .isPresent
    }
  }

  /// Whether an object that is hit is surely in trouble: rules in CEL are not evaluated here.
  var isCertain: Bool {
    switch change.kind {
    case .ruleAdded, .embeddedResourceChanged, .listMapKeysChanged, .versionNotServed: false
    default: true
    }
  }

  func hits(_ object: JSON) -> Bool {
    switch test {
    case .always: return true
    case .isPresent: return change.path.exists(in: object)
    case .isMissing:
      guard case .property(let name)? = change.path.segments.last else { return false }
      return change.path.parent.values(in: object).contains { $0.objectValue != nil && $0[name] == nil }
    case .fails(let validator): return change.path.values(in: object).contains { !validator.errors(in: $0).isEmpty }
    case .hasOtherFields(let known):
      return change.path.values(in: object).contains { value in
        (value.objectValue ?? [:]).keys.contains { !known.contains($0) }
      }
    }
  }

  /// `but 3 resources use it`.
  func clause(_ count: Int) -> String {
    let subject = NameList.count(count, "resource")
    let verb = { (one: String, many: String) in count == 1 ? one : many }
    switch test {
    case .isMissing: return "but \(subject) \(verb("lacks", "lack")) it"
    case .fails: return "but \(subject) \(verb("has", "have")) another value"
    case .hasOtherFields: return "but \(subject) \(verb("has", "have")) such fields"
    case .always: return "and \(subject) may be requested by it"
    case .isPresent:
      return isCertain
        ? "but \(subject) \(verb("uses", "use")) it" : "which \(subject) may not satisfy"
    }
  }

  var clauseForNone: String {
    switch test {
    case .isMissing: "lacks it"
    case .fails: "has another value"
    case .hasOtherFields: "has such fields"
    case .isPresent, .always: "uses it"
    }
  }

  private static func node(of schema: JSON, at path: SchemaPath) -> JSON {
    var node = schema
    for segment in path.segments {
      let child =
        switch segment {
        case .property(let name): node[path: "properties", name] ?? node["additionalProperties"]
        case .items: node["items"]
        case .values: node["additionalProperties"]
        }
      node = child ?? .emptyObject
    }
    return node
  }

  /// The part of a schema that says the one thing that changed, so that nothing else is held against the value.
  private static func keywordAlone(_ change: SchemaChange, in node: JSON) -> JSON {
    var members: [String: JSON] = [:]
    let companions = [
      "type", "nullable", "x-kubernetes-int-or-string", change.keyword, "exclusive\(change.keyword.capitalized)",
    ]
    for key in companions { members[key] = node[key] }
    if change.keyword == "x-kubernetes-list-type" {
      members["x-kubernetes-list-map-keys"] = node["x-kubernetes-list-map-keys"]
      members["items"] = ["x-kubernetes-preserve-unknown-fields": true]
    }
    if members["type"] == .string("object") { members["x-kubernetes-preserve-unknown-fields"] = true }
    return .object(members)
  }
}
