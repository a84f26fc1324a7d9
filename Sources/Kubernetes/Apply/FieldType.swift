/// What a field is to server-side apply and to strategic merge patches: who can own parts of it, and what its elements
/// are told apart by.
indirect enum FieldType: Sendable {
  /// Nothing is known: objects are merged member by member, lists are replaced whole (structured-merge-diff, deduced).
  case untyped
  /// Owned and replaced as a whole, whatever it is.
  case leaf
  /// An object with fields of its own.
  case record(Record)
  /// An object whose keys are data: labels, `additionalProperties`.
  case entries(FieldType)
  case list(List)

  struct Record: Sendable {
    var fields: [String: FieldType]
    /// What fields that are not listed are; they count as known when this is `.known`.
    var others: Others
  }

  enum Others: Sendable {
    /// The table lists the exceptions only: any other field is a plain record, list or scalar of a built-in type.
    case known
    /// Fields that the schema does not have.
    case unknown
  }

  struct List: Sendable {
    var element: FieldType
    /// The fields that tell the elements apart; empty for a set of scalars; nil for a list that is owned as a whole.
    var keys: [String]?
    /// Values of keys that are left out.
    var defaults: [String: JSON] = [:]
    /// The field by which strategic merge patches tell the elements apart; nil where the list is replaced.
    var mergeKey: String?
  }

  /// A record of a built-in type without exceptions.
  static let plain = FieldType.record(Record(fields: [:], others: .known))
  static let labels = FieldType.entries(.leaf)

  static func record(_ fields: [String: FieldType]) -> FieldType { .record(Record(fields: fields, others: .known)) }

  static func map(_ keys: String..., of element: FieldType = .plain, defaults: [String: JSON] = [:]) -> FieldType {
    .list(List(element: element, keys: keys, defaults: defaults, mergeKey: keys.first))
  }

  /// A list that is owned as a whole, but merged by a key in strategic merge patches.
  static func replaced(mergedBy key: String) -> FieldType {
    .list(List(element: .plain, keys: nil, mergeKey: key))
  }

  static let set = FieldType.list(List(element: .leaf, keys: []))

  /// The type of a member, and whether it is a field of the type rather than a key.
  func member(_ name: String) -> (type: FieldType, isKnown: Bool) {
    switch self {
    case .record(let record):
      if let type = record.fields[name] { return (type, true) }
      return record.others == .known ? (.plain, true) : (.untyped, false)
    case .entries(let type): return (type, false)
    default: return (.untyped, false)
    }
  }

  /// How a value is walked.
  enum Shape {
    case leaf
    case object
    /// With what its elements are told apart by.
    case list(List)
  }

  func shape(of value: JSON?) -> Shape {
    switch (self, value) {
    case (.leaf, _): .leaf
    case (.list(let list), .array), (.list(let list), .null), (.list(let list), nil):
      list.keys == nil ? .leaf : .list(list)
    case (_, .object), (.record, .null), (.entries, .null), (.record, nil), (.entries, nil): .object
    default: .leaf
    }
  }
}

/// The types of an object's fields, for server-side apply.
public struct FieldTypes: Sendable {
  let root: FieldType

  init(root: FieldType) { self.root = root }

  /// For an object about which nothing is known.
  public static let deduced = FieldTypes(root: .record(.init(fields: ["metadata": .metadata], others: .unknown)))

  /// Those of a custom resource: `x-kubernetes-list-type`, `-list-map-keys` and `-map-type` of its schema.
  public init(_ schema: StructuralSchema) {
    root = Self.type(of: schema.root, isResource: true)
  }

  /// Those of a built-in kind; any other kind is deduced.
  public init(builtIn kind: GroupVersionKind) {
    root = FieldType.builtIn(kind) ?? FieldTypes.deduced.root
  }

  private static func type(of node: SchemaNode, isResource: Bool = false) -> FieldType {
    if node.types.contains(.array) {
      guard let items = node.items else { return .untyped }
      let element = type(of: items)
      switch node.listType {
      case "set": return .list(.init(element: .leaf, keys: [], mergeKey: nil))
      case "map":
        var defaults: [String: JSON] = [:]
        for key in node.listMapKeys { defaults[key] = items.properties[key]?.defaultValue }
        return .list(.init(element: element, keys: node.listMapKeys, defaults: defaults, mergeKey: nil))
      default: return .list(.init(element: element, keys: nil, mergeKey: nil))
      }
    }
    let isResource = isResource || node.isEmbeddedResource
    guard node.types.contains(.object) || isResource else {
      return node.preservesUnknownFields || node.types.isEmpty ? .untyped : .leaf
    }
    if node.mapType == "atomic" { return .leaf }
    if let values = node.additionalProperties, node.properties.isEmpty { return .entries(type(of: values)) }
    var fields = node.properties.mapValues { type(of: $0) }
    if isResource {
      fields["metadata"] = .metadata
      fields["apiVersion"] = .leaf
      fields["kind"] = .leaf
    }
    return .record(.init(fields: fields, others: .unknown))
  }
}
