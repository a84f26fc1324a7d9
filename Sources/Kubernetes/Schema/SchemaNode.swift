/// One node of a parsed schema. Parsed once, shared by every validation.
final class SchemaNode: Sendable {
  struct Types: OptionSet, Sendable {
    let rawValue: UInt8
    static let string = Types(rawValue: 1)
    static let integer = Types(rawValue: 2)
    static let number = Types(rawValue: 4)
    static let boolean = Types(rawValue: 8)
    static let array = Types(rawValue: 16)
    static let object = Types(rawValue: 32)
    static let null = Types(rawValue: 64)

    static func named(_ name: String) -> Types {
      switch name {
      case "string": .string
      case "integer": .integer
      case "number": .number
      case "boolean": .boolean
      case "array": .array
      case "object": .object
      default: []
      }
    }

    static func of(_ value: JSON) -> Types {
      switch value {
      case .null: .null
      case .bool: .boolean
      case .int: .integer
      case .double: .number
      case .string: .string
      case .array: .array
      case .object: .object
      }
    }
  }

  let types: Types
  /// As messages name it: `number`, `integer,string`.
  let typeText: String
  let isNullable: Bool
  let format: SchemaFormat?
  /// As it is written, also one that the server ignores.
  let formatName: String?
  let enumeration: [JSON]
  let pattern: String?
  /// nil when there is no pattern, or none that can be read.
  let expression: RegularExpression?
  let minimum: Double?
  let maximum: Double?
  let isMinimumExclusive: Bool
  let isMaximumExclusive: Bool
  let multipleOf: Double?
  let minLength: Int64?
  let maxLength: Int64?
  let minItems: Int64?
  let maxItems: Int64?
  let hasUniqueItems: Bool
  let minProperties: Int64?
  let maxProperties: Int64?
  let required: [String]
  let properties: [String: SchemaNode]
  /// In the order of their names, so that errors have an order.
  let sortedProperties: [(name: String, node: SchemaNode)]
  /// Whether `additionalProperties` is there, as a schema or true.
  let hasAdditionalProperties: Bool
  let forbidsAdditionalProperties: Bool
  let additionalProperties: SchemaNode?
  let items: SchemaNode?
  let allOf: [SchemaNode]
  let anyOf: [SchemaNode]
  let oneOf: [SchemaNode]
  let not: SchemaNode?
  let defaultValue: JSON?
  let preservesUnknownFields: Bool
  let isEmbeddedResource: Bool
  let isIntOrString: Bool
  /// `set`, `map`, `atomic` or nil.
  let listType: String?
  let listMapKeys: [String]
  /// `granular`, `atomic` or nil.
  let mapType: String?
  /// `x-kubernetes-validations`, as they are written.
  let rules: [JSON]

  // What is found anywhere below, so that whole trees can be passed over.
  let hasRules: Bool
  let hasDefaults: Bool
  /// Lists of type set or map, and embedded resources.
  let hasStructureChecks: Bool
  /// Lists of type set or map: equal values may differ in their order.
  let hasUnorderedLists: Bool

  init(_ json: JSON) {
    let isIntOrString = json["x-kubernetes-int-or-string"]?.boolValue ?? false
    self.isIntOrString = isIntOrString
    let type = json["type"]?.stringValue ?? ""
    types = isIntOrString ? [.integer, .string] : .named(type)
    typeText = isIntOrString ? "integer,string" : type
    isNullable = json["nullable"]?.boolValue ?? false
    formatName = json["format"]?.stringValue
    format = json["format"]?.stringValue.flatMap { SchemaFormat(name: $0, type: isIntOrString ? nil : type) }
    enumeration = json["enum"]?.arrayValue ?? []
    let pattern = json["pattern"]?.stringValue.flatMap { $0.isEmpty ? nil : $0 }
    self.pattern = pattern
    expression = pattern.flatMap { try? RegularExpression($0) }
    minimum = json["minimum"]?.doubleValue
    maximum = json["maximum"]?.doubleValue
    isMinimumExclusive = json["exclusiveMinimum"]?.boolValue ?? false
    isMaximumExclusive = json["exclusiveMaximum"]?.boolValue ?? false
    multipleOf = json["multipleOf"]?.doubleValue
    minLength = json["minLength"]?.intValue
    maxLength = json["maxLength"]?.intValue
    minItems = json["minItems"]?.intValue
    maxItems = json["maxItems"]?.intValue
    hasUniqueItems = json["uniqueItems"]?.boolValue ?? false
    minProperties = json["minProperties"]?.intValue
    maxProperties = json["maxProperties"]?.intValue
    required = json["required"]?.stringArrayValue ?? []
    let properties = (json["properties"]?.objectValue ?? [:]).mapValues(SchemaNode.init)
    self.properties = properties
    let sortedProperties = properties.map { (name: $0.key, node: $0.value) }
      .sorted { JSON.isOrderedByBytes($0.name, $1.name) }
    self.sortedProperties = sortedProperties
    let additional = json["additionalProperties"]
    forbidsAdditionalProperties = additional?.boolValue == false
    let additionalProperties = additional?.objectValue == nil ? nil : additional.map(SchemaNode.init)
    self.additionalProperties = additionalProperties
    hasAdditionalProperties = additional?.objectValue != nil || additional?.boolValue == true
    let items = json["items"]?.objectValue == nil ? nil : json["items"].map(SchemaNode.init)
    self.items = items
    allOf = (json["allOf"]?.arrayValue ?? []).map(SchemaNode.init)
    anyOf = (json["anyOf"]?.arrayValue ?? []).map(SchemaNode.init)
    oneOf = (json["oneOf"]?.arrayValue ?? []).map(SchemaNode.init)
    not = json["not"]?.objectValue == nil ? nil : json["not"].map(SchemaNode.init)
    defaultValue = json["default"].flatMap { $0.isNull ? nil : $0 }
    preservesUnknownFields = json["x-kubernetes-preserve-unknown-fields"]?.boolValue ?? false
    isEmbeddedResource = json["x-kubernetes-embedded-resource"]?.boolValue ?? false
    listType = json["x-kubernetes-list-type"]?.stringValue
    listMapKeys = json["x-kubernetes-list-map-keys"]?.stringArrayValue ?? []
    mapType = json["x-kubernetes-map-type"]?.stringValue
    rules = json["x-kubernetes-validations"]?.arrayValue ?? []

    let children = sortedProperties.map(\.node) + [additionalProperties, items].compactMap { $0 }
    hasRules = !rules.isEmpty || children.contains(where: \.hasRules)
    hasDefaults = children.contains { $0.defaultValue != nil || $0.hasDefaults }
    hasUnorderedLists = listType == "set" || listType == "map" || children.contains(where: \.hasUnorderedLists)
    hasStructureChecks =
      listType == "set" || listType == "map" || isEmbeddedResource || children.contains(where: \.hasStructureChecks)
  }

  /// The schema of a member of an object.
  func child(_ name: String) -> SchemaNode? { properties[name] ?? additionalProperties }
}
