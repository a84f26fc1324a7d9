import Kubernetes

/// The differences between two structural schemas, with what each does to those who use the older one. The one place
/// that compares schemas.
///
/// Descriptions, titles and examples never count. Loosening is never breaking; where it cannot be told whether a change
/// loosens (two patterns, two rules), the verdict is `warn`.
public struct SchemaComparison: Sendable, Hashable {
  /// In the order of the paths.
  public let changes: [SchemaChange]

  /// The worst of the changes.
  public var verdict: Verdict { changes.map(\.verdict).max() ?? .compatible }

  /// - Parameters:
  ///   - old, new: the JSON of two `openAPIV3Schema`s, or of parts of them.
  ///   - ignoredProperties: properties of the root that are not compared. Kratix replaces the author's `status`
  ///     (contract, section 4.2), and the API server has its own idea of the other three.
  public init(
    old: JSON, new: JSON, ignoredProperties: Set<String> = ["apiVersion", "kind", "metadata", "status"]
  ) {
    var comparer = SchemaComparer(ignoredProperties: ignoredProperties)
    comparer.compare(old, new, at: SchemaPath(), meaning: .structure)
    changes = comparer.changes
  }
}

/// Walks two schemas at once.
struct SchemaComparer {
  /// Whether a schema says which fields there are, or only tests values: the API server prunes by the former, and the
  /// insides of allOf, anyOf, oneOf and not are the latter.
  enum Meaning {
    case structure
    case test
  }

  let ignoredProperties: Set<String>
  var changes: [SchemaChange] = []

  init(ignoredProperties: Set<String> = []) { self.ignoredProperties = ignoredProperties }

  mutating func compare(_ old: JSON, _ new: JSON, at path: SchemaPath, meaning: Meaning) {
    guard old != new else { return }
    let first = changes.count
    compareType(old, new, at: path)
    compareNullable(old, new, at: path)
    compareEnum(old, new, at: path)
    compareBounds(old, new, at: path)
    comparePattern(old, new, at: path)
    compareFormat(old, new, at: path)
    compareDefault(old, new, at: path)
    compareMerging(old, new, at: path)
    compareUnknownFields(old, new, at: path, meaning: meaning)
    compareProperties(old, new, at: path, meaning: meaning)
    compareRequired(old, new, at: path, meaning: meaning)
    compareItems(old, new, at: path, meaning: meaning)
    compareJunctors(old, new, at: path)
    compareRules(old, new, at: path)
    compareUnknownKeywords(old, new, at: path)
    sparesListedValues(old, new, at: path, since: first)
  }

  /// Where the older schema takes listed values only, it is enough that the newer one takes each of them: what it asks
  /// for besides refuses nothing then.
  private mutating func sparesListedValues(_ old: JSON, _ new: JSON, at path: SchemaPath, since first: Int) {
    guard let values = old["enum"]?.arrayValue, changes[first...].contains(where: { $0.verdict == .breaking }),
      values.allSatisfy({ value in value.objectValue == nil && value.arrayValue == nil }), new["not"] == nil,
      new["x-kubernetes-validations"] == nil
    else { return }
    let newer = StructuralSchema(json: new)
    guard values.allSatisfy({ newer.validate($0).isEmpty }) else { return }
    for index in changes[first...].indices where changes[index].path == path && changes[index].verdict == .breaking {
      changes[index].verdict = .compatible
    }
  }

  mutating func add(
    _ kind: SchemaChange.Kind, _ verdict: Verdict, at path: SchemaPath, _ keyword: String, old: JSON? = nil,
    new: JSON? = nil, _ summary: String
  ) {
    changes.append(
      SchemaChange(kind, verdict, at: path, keyword: keyword, old: old, new: new, summary: summary))
  }

  /// How the change from one schema to the other is to be judged, without recording it.
  func judged(_ old: JSON, _ new: JSON, meaning: Meaning) -> Verdict {
    var inner = SchemaComparer()
    inner.compare(old, new, at: SchemaPath(), meaning: meaning)
    return inner.changes.map(\.verdict).max() ?? .compatible
  }
}

/// Reads of a schema node.
struct SchemaNode {
  let json: JSON

  init(_ json: JSON) { self.json = json }

  var properties: [String: JSON] { json["properties"]?.objectValue ?? [:] }
  var required: Set<String> { Set(json["required"]?.stringArrayValue ?? []) }
  var keepsUnknownFields: Bool { json["x-kubernetes-preserve-unknown-fields"]?.boolValue ?? false }
  var isIntOrString: Bool { json["x-kubernetes-int-or-string"]?.boolValue ?? false }
  var isEmbeddedResource: Bool { json["x-kubernetes-embedded-resource"]?.boolValue ?? false }
  var isNullable: Bool { json["nullable"]?.boolValue ?? false }

  /// The schema of map values; `{}` where anything goes, nil where no other fields are allowed.
  var additionalProperties: JSON? {
    switch json["additionalProperties"] {
    case .bool(true): .emptyObject
    case .object(let schema): .object(schema)
    default: nil
    }
  }

  /// What a field without a schema of its own is held to: nil when the API server drops it.
  var schemaOfUnknownFields: JSON? { keepsUnknownFields ? .emptyObject : additionalProperties }

  /// The types that values may have; nil when any will do.
  var types: Set<String>? {
    if isIntOrString { return ["integer", "string"] }
    switch json["type"]?.stringValue {
    case nil, "": return nil
    case "number": return ["number", "integer"]
    case let type?: return [type]
    }
  }

  var typeName: String {
    isIntOrString ? "integer or string" : json["type"]?.stringValue ?? "any"
  }
}
