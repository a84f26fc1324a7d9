/// What the API server asks of an `openAPIV3Schema` in a CustomResourceDefinition, besides being structural.
enum OpenAPISchemaRules {
  /// - Parameters:
  ///   - path: of the schema, as the server names it.
  ///   - hasStatus: whether the versions have a status subresource, which allows less at the root.
  static func validate(_ schema: JSON, path: String, hasStatus: Bool) -> [FieldError] {
    var errors: [FieldError] = []
    if hasStatus { errors += validateRootForStatus(schema, path: path) }
    if schema["nullable"] == .bool(true) {
      errors.append(.forbidden("\(path).nullable", "nullable cannot be true at the root"))
    }
    let unsupported = unsupportedField(in: schema)
    if unsupported == nil {
      let structural = StructuralSchemaRules.validate(schema, path: path)
      errors += structural.isEmpty ? validateDefaults(schema, path: path, isResource: true) : structural
    }
    let context = Context(isRoot: true)
    errors += validateNode(schema, path: path, context)
    if errors.isEmpty, let unsupported {
      errors.append(.invalid(path, "", "OpenAPIV3Schema '\(unsupported)' is not supported"))
    }
    return errors
  }

  // MARK: Root

  private static let allowedAtRoot = [
    "Description", "Type", "Format", "Title", "Maximum", "ExclusiveMaximum", "Minimum", "ExclusiveMinimum", "MaxLength",
    "MinLength", "Pattern", "MaxItems", "MinItems", "UniqueItems", "MultipleOf", "Required", "Items", "Properties",
    "ExternalDocs", "Example", "XPreserveUnknownFields", "XValidations",
  ]

  private static func validateRootForStatus(_ schema: JSON, path: String) -> [FieldError] {
    let type = schema["type"]?.stringValue ?? ""
    if !type.isEmpty, type != "object" {
      return [
        .invalid(
          "\(path).type", .string(type),
          "only \"object\" is allowed as the type at the root of the schema if the status subresource is enabled")
      ]
    }
    let allowed = Set(
      allowedAtRoot.map { name in
        switch name {
        case "XPreserveUnknownFields": "x-kubernetes-preserve-unknown-fields"
        case "XValidations": "x-kubernetes-validations"
        default: name.prefix(1).lowercased() + name.dropFirst()
        }
      })
    let isEmpty: (JSON) -> Bool = { [.null, .bool(false), "", [], [:]].contains($0) }
    guard (schema.objectValue ?? [:]).contains(where: { !allowed.contains($0.key) && !isEmpty($0.value) }) else {
      return []
    }
    return [
      .invalid(
        path, schema,
        "only [\(allowedAtRoot.joined(separator: " "))] fields are allowed at the root of the schema if the status "
          + "subresource is enabled")
    ]
  }

  // MARK: Defaults

  /// Defaults have to be valid, and to have no fields that would be pruned. Those of `additionalProperties` are not
  /// followed.
  private static func validateDefaults(_ schema: JSON, path: String, isResource: Bool) -> [FieldError] {
    var errors: [FieldError] = []
    if let value = schema["default"], !value.isNull {
      let node = SchemaNode(schema)
      var pruning = SchemaPruning()
      if pruning.prune(value, node, isResource: node.isEmbeddedResource) != nil {
        errors.append(.invalid("\(path).default", value, "must not have unknown fields"))
      }
      let embedded = StructureChecks.embeddedResources(value, node, path: "\(path).default")
      if embedded.isEmpty {
        var validation = SchemaValidation(prefix: "\(path).default")
        _ = validation.validate(value, node, old: nil)
        errors += validation.errors
      } else {
        errors += embedded
      }
    }
    if let items = schema["items"] { errors += validateDefaults(items, path: "\(path).items", isResource: false) }
    for (name, property) in sortedMembers(schema["properties"]) {
      errors += validateDefaults(property, path: "\(path).properties[\(name)]", isResource: false)
    }
    return errors
  }

  // MARK: Every node

  private struct Context {
    var isRoot = false
    var isInMetadata = false
    /// Why there may be no default, or nil where there may be.
    var forbidsDefaults: String?

    var nested: Context {
      var context = self
      context.isRoot = false
      return context
    }
  }

  private static let types = ["array", "boolean", "integer", "number", "object", "string"]
  private static let unsupportedFields = [
    "id", "$schema", "$ref", "patternProperties", "dependencies", "additionalItems", "definitions",
  ]

  private static func unsupportedField(in schema: JSON) -> String? {
    let found = unsupportedFields.first { schema[$0] != nil }
    if let found { return found == "$schema" ? "schema" : found }
    let children =
      sortedMembers(schema["properties"]).map(\.1)
      + [schema["items"], schema["additionalProperties"]].compactMap { $0 }
    for child in children where child.objectValue != nil {
      if let found = unsupportedField(in: child) { return found }
    }
    return nil
  }

  private static func validateNode(_ schema: JSON, path: String, _ context: Context) -> [FieldError] {
    var errors = validateKeywords(schema, path: path, context)
    if schema["uniqueItems"] == .bool(true) {
      errors.append(
        .forbidden(
          "\(path).uniqueItems", "uniqueItems cannot be set to true since the runtime complexity becomes quadratic"))
    }
    if let additional = schema["additionalProperties"] {
      if !(schema["properties"]?.objectValue ?? [:]).isEmpty, additional != .bool(true) {
        errors.append(
          .forbidden(
            "\(path).additionalProperties", "additionalProperties and properties are mutual exclusive"))
      }
      if additional.objectValue != nil {
        var inner = context.nested
        if inner.isInMetadata {
          inner.forbidsDefaults = "inside additionalProperties applying to object metadata"
        }
        errors += validateNode(additional, path: "\(path).additionalProperties", inner)
      }
    }
    for (name, property) in sortedMembers(schema["properties"]) {
      var inner = context.nested
      let isEmbedded = schema["x-kubernetes-embedded-resource"] == .bool(true)
      if context.isRoot || isEmbedded, ["metadata", "kind", "apiVersion"].contains(name) {
        inner.isInMetadata = true
        if context.isRoot { inner.forbidsDefaults = "in top-level \(name)" }
      }
      errors += validateNode(property, path: "\(path).properties[\(name)]", inner)
    }
    if let not = schema["not"] { errors += validateNode(not, path: "\(path).not", context.nested) }
    for key in ["allOf", "oneOf", "anyOf"] {
      for (index, part) in (schema[key]?.arrayValue ?? []).enumerated() {
        errors += validateNode(part, path: "\(path).\(key)[\(index)]", context.nested)
      }
    }
    if let items = schema["items"], items.objectValue != nil {
      errors += validateNode(items, path: "\(path).items", context.nested)
    }
    return errors + validateExtensions(schema, path: path) + validateRules(schema, path: path)
  }

  private static func validateKeywords(_ schema: JSON, path: String, _ context: Context) -> [FieldError] {
    var errors: [FieldError] = []
    if let type = schema["type"]?.stringValue, !type.isEmpty, !types.contains(type) {
      errors.append(.notSupported("\(path).type", .string(type), supported: types))
    }
    if let reason = context.forbidsDefaults, let value = schema["default"], !value.isNull {
      errors.append(.forbidden("\(path).default", "must not be set \(reason)"))
    }
    for key in ["id", "additionalItems", "patternProperties", "definitions", "dependencies", "$ref"]
    where schema[key] != nil {
      errors.append(.forbidden("\(path).\(key)", "\(key) is not supported"))
    }
    if schema["type"] == "null" {
      errors.append(
        .forbidden("\(path).type", "type cannot be set to null, use nullable as an alternative"))
    }
    if schema["items"]?.arrayValue != nil {
      errors.append(.forbidden("\(path).items", "items must be a schema object and not an array"))
    }
    if context.isInMetadata, schema["x-kubernetes-embedded-resource"] == .bool(true) {
      errors.append(
        .forbidden("\(path).x-kubernetes-embedded-resource", "must not be used inside of resource meta"))
    }
    return errors
  }

  /// `x-kubernetes-preserve-unknown-fields`, `-map-type`, `-list-type` and `-list-map-keys`.
  private static func validateExtensions(_ schema: JSON, path: String) -> [FieldError] {
    var errors: [FieldError] = []
    let type = schema["type"]?.stringValue ?? ""
    if schema["x-kubernetes-preserve-unknown-fields"] == .bool(false) {
      errors.append(
        .invalid("\(path).x-kubernetes-preserve-unknown-fields", false, "must be true or undefined"))
    }
    func mustBe(_ expected: String, because key: String) {
      let detail = "must be \(expected) if \(key) is specified"
      errors.append(
        type.isEmpty ? .required("\(path).type", detail) : .invalid("\(path).type", .string(type), detail))
    }
    if let mapType = schema["x-kubernetes-map-type"]?.stringValue {
      if type != "object" { mustBe("object", because: "x-kubernetes-map-type") }
      if !["atomic", "granular"].contains(mapType) {
        errors.append(
          .notSupported("\(path).x-kubernetes-map-type", .string(mapType), supported: ["atomic", "granular"]))
      }
    }
    let keys = schema["x-kubernetes-list-map-keys"]?.stringArrayValue ?? []
    let listType = schema["x-kubernetes-list-type"]?.stringValue
    if let listType {
      if type != "array" {
        mustBe("array", because: "x-kubernetes-list-type")
      } else if listType == "set", let items = schema["items"] {
        errors += validateSetItems(items, path: path)
      }
      if !["atomic", "set", "map"].contains(listType) {
        errors.append(
          .notSupported("\(path).x-kubernetes-list-type", .string(listType), supported: ["atomic", "set", "map"]))
      }
    }
    if !keys.isEmpty, listType != "map" {
      let detail = "must be map if x-kubernetes-list-map-keys is non-empty"
      let field = "\(path).x-kubernetes-list-type"
      errors.append(listType.map { .invalid(field, .string($0), detail) } ?? .required(field, detail))
    }
    if listType == "map" { errors += validateMapItems(schema, keys: keys, path: path) }
    return errors
  }

  private static func validateSetItems(_ items: JSON, path: String) -> [FieldError] {
    var errors: [FieldError] = []
    let detail = "must be atomic as item of a list with x-kubernetes-list-type=set"
    switch items["type"]?.stringValue {
    case "array":
      if let type = items["x-kubernetes-list-type"], type != "atomic" {
        errors.append(.invalid("\(path).items.x-kubernetes-list-type", type, detail))
      }
    case "object":
      if items["x-kubernetes-map-type"] != "atomic" {
        errors.append(
          .invalid("\(path).items.x-kubernetes-map-type", items["x-kubernetes-map-type"] ?? .null, detail))
      }
    default: break
    }
    if items["nullable"] == .bool(true) {
      errors.append(.forbidden("\(path).items.nullable", "cannot be nullable when x-kubernetes-list-type is set"))
    }
    return errors
  }

  private static func validateMapItems(_ schema: JSON, keys: [String], path: String) -> [FieldError] {
    var errors: [FieldError] = []
    let keysField = "\(path).x-kubernetes-list-map-keys"
    if keys.isEmpty { errors.append(.required(keysField, "must not be empty if x-kubernetes-list-type is map")) }
    guard let items = schema["items"] else {
      return errors + [.required("\(path).items", "must have a schema if x-kubernetes-list-type is map")]
    }
    guard items["type"] == "object" else {
      return errors + [
        .invalid(
          "\(path).items.type", items["type"] ?? "", "must be object if parent array's x-kubernetes-list-type is map")
      ]
    }
    var seen: Set<String> = []
    for key in keys {
      if let property = items["properties"]?[key] {
        if let type = property["type"], type == "array" || type == "object" {
          errors.append(
            .invalid(
              "\(path).items.properties[\(key)].type", "object",
              "must be a scalar type if parent array's x-kubernetes-list-type is map"))
        }
      } else {
        errors.append(.invalid(keysField, JSON(keys), "entries must all be names of item properties"))
      }
      if !seen.insert(key).inserted {
        errors.append(.invalid(keysField, JSON(keys), "must not contain duplicate entries"))
      }
    }
    if items["nullable"] == .bool(true) {
      errors.append(.forbidden("\(path).items.nullable", "cannot be nullable when x-kubernetes-list-type is map"))
    }
    let required = items["required"]?.stringArrayValue ?? []
    for key in keys {
      guard let property = items["properties"]?[key] else { continue }
      let field = "\(path).items.properties[\(key)]"
      if !required.contains(key), property["default"]?.isNull ?? true {
        errors.append(
          .required(
            "\(field).default",
            "this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property"))
      }
      if property["nullable"] == .bool(true) {
        errors.append(
          .forbidden("\(field).nullable", "this property is in x-kubernetes-list-map-keys, so it cannot be nullable"))
      }
    }
    return errors
  }

  /// `x-kubernetes-validations`, but for the rules themselves.
  private static func validateRules(_ schema: JSON, path: String) -> [FieldError] {
    var errors: [FieldError] = []
    for (index, rule) in (schema["x-kubernetes-validations"]?.arrayValue ?? []).enumerated() {
      let field = "\(path).x-kubernetes-validations[\(index)]"
      func text(_ key: String) -> String { rule[key]?.stringValue ?? "" }
      func isBlank(_ text: String) -> Bool { text.allSatisfy(\.isWhitespace) }
      func hasLineBreaks(_ text: String) -> Bool {
        text.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).contains(where: \.isNewline)
      }
      if isBlank(text("rule")) {
        errors.append(.required("\(field).rule", "rule is not specified"))
      } else if !text("message").isEmpty, isBlank(text("message")) {
        errors.append(.invalid("\(field).message", .string(text("message")), "must be non-empty if specified"))
      } else if hasLineBreaks(text("message")) {
        errors.append(.invalid("\(field).message", .string(text("message")), "must not contain line breaks"))
      } else if hasLineBreaks(text("rule")), isBlank(text("message")) {
        errors.append(.required("\(field).message", "message must be specified if rule contains line breaks"))
      }
      let reasons = ["FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired"]
      if let reason = rule["reason"]?.stringValue, !reasons.contains(reason) {
        errors.append(.notSupported("\(field).reason", .string(reason), supported: reasons))
      }
    }
    return errors
  }

  static func sortedMembers(_ json: JSON?) -> [(String, JSON)] {
    (json?.objectValue ?? [:]).sorted { JSON.isOrderedByBytes($0.key, $1.key) }.map { ($0.key, $0.value) }
  }
}
