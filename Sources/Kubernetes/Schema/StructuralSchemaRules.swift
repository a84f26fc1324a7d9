/// What makes a schema structural: every field has a type outside of `allOf`, `anyOf`, `oneOf` and `not`, which may only
/// narrow what is specified beside them (apiextensions-apiserver, `schema`).
enum StructuralSchemaRules {
  private enum Level {
    case root, item, field
  }

  private static let intOrString: JSON = [["type": "integer"], ["type": "string"]]

  /// The errors are sorted by their text, as in the server.
  static func validate(_ schema: JSON, path: String) -> [FieldError] {
    let errors =
      invariants(schema, .root, path: path) + completeness(of: schema, schema, structuralPath: path, path: path)
    return errors.stableSorted(by: \.description)
  }

  private static func invariants(_ schema: JSON, _ level: Level, path: String) -> [FieldError] {
    var errors: [FieldError] = []
    let type = schema["type"]?.stringValue ?? ""
    let isEmbedded = schema["x-kubernetes-embedded-resource"] == .bool(true)
    let isIntOrString = schema["x-kubernetes-int-or-string"] == .bool(true)
    let preserves = schema["x-kubernetes-preserve-unknown-fields"] == .bool(true)
    let properties = schema["properties"]?.objectValue ?? [:]
    let additional = schema["additionalProperties"]
    if let items = schema["items"], items.objectValue != nil {
      errors += invariants(items, .item, path: "\(path).items")
    } else if type == "array" {
      errors.append(.required("\(path).items", "must be specified"))
    }
    for (name, property) in OpenAPISchemaRules.sortedMembers(schema["properties"]) {
      errors += invariants(property, .field, path: "\(path).properties[\(name)]")
    }
    if let additional {
      if level == .root { errors.append(.forbidden("\(path).additionalProperties", "must not be used at the root")) }
      if additional.objectValue != nil {
        errors += invariants(additional, .field, path: "\(path).additionalProperties")
      }
    }
    if isIntOrString, preserves {
      errors.append(
        .invalid(
          "\(path).x-kubernetes-preserve-unknown-fields", true, "must be false if x-kubernetes-int-or-string is true"))
    }
    if isIntOrString, isEmbedded {
      errors.append(
        .invalid("\(path).x-kubernetes-embedded-resource", true, "must be false if x-kubernetes-int-or-string is true"))
    }
    errors += valueValidation(
      schema, path: path, skipsAnyOf: schema["anyOf"] == intOrString,
      skipsAnyOfOfFirstAllOf: schema["allOf"]?[0]?["anyOf"] == intOrString)

    let embeddedDetail = "must be object if x-kubernetes-embedded-resource is true"
    if isEmbedded, type != "object" {
      errors.append(
        type.isEmpty
          ? .required("\(path).type", embeddedDetail) : .invalid("\(path).type", .string(type), embeddedDetail))
    } else if type.isEmpty, !isIntOrString, !preserves {
      let detail =
        switch level {
        case .root: "must not be empty at the root"
        case .item: "must not be empty for specified array items"
        case .field: "must not be empty for specified object fields"
        }
      errors.append(.required("\(path).type", detail))
    }
    if isEmbedded, additional != nil {
      errors.append(
        .forbidden("\(path).additionalProperties", "must not be used if x-kubernetes-embedded-resource is set"))
    }
    if level == .root, !type.isEmpty, type != "object" {
      errors.append(.invalid("\(path).type", .string(type), "must be object at the root"))
    }
    let isResource = level == .root || isEmbedded
    for key in ["kind", "apiVersion"] where isResource {
      guard let property = properties[key], property["type"] != "string" else { continue }
      errors.append(.invalid("\(path).properties[\(key)].type", property["type"] ?? "", "must be string"))
    }
    if let metadata = properties["metadata"], isResource {
      errors += self.metadata(metadata, level, path: "\(path).properties[metadata]")
    }
    if isEmbedded, !preserves, properties.isEmpty {
      errors.append(
        .required(
          "\(path).properties",
          "must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields"))
    }
    return errors
  }

  private static func metadata(_ metadata: JSON, _ level: Level, path: String) -> [FieldError] {
    var errors: [FieldError] = []
    if metadata["type"] != "object" {
      errors.append(.invalid("\(path).type", metadata["type"] ?? "", "must be object"))
    }
    guard level == .root else { return errors }
    let names = Set((metadata["properties"]?.objectValue ?? [:]).keys)
    let others = (metadata.objectValue ?? [:]).keys.filter { !["type", "properties", "default"].contains($0) }
    if !names.isSubset(of: ["name", "generateName"]) || !others.isEmpty {
      errors.append(
        .forbidden(
          path, "must not specify anything other than name and generateName, but metadata is implicitly specified"))
    }
    return errors
  }

  /// The parts of a schema that only narrow.
  private static func valueValidation(
    _ schema: JSON, path: String, skipsAnyOf: Bool = false, skipsAnyOfOfFirstAllOf: Bool = false
  ) -> [FieldError] {
    var errors: [FieldError] = []
    func parts(_ key: String) -> [JSON] { schema[key]?.arrayValue ?? [] }
    if !skipsAnyOf {
      for (index, part) in parts("anyOf").enumerated() {
        errors += nested(part, path: "\(path).anyOf[\(index)]")
      }
    }
    for (index, part) in parts("allOf").enumerated() {
      errors += nested(part, path: "\(path).allOf[\(index)]", skipsAnyOf: skipsAnyOfOfFirstAllOf && index == 0)
    }
    for (index, part) in parts("oneOf").enumerated() {
      errors += nested(part, path: "\(path).oneOf[\(index)]")
    }
    if let not = schema["not"] { errors += nested(not, path: "\(path).not") }
    if let pattern = schema["pattern"]?.stringValue, !pattern.isEmpty {
      do throws(RegularExpression.SyntaxError) {
        _ = try RegularExpression(pattern)
      } catch {
        errors.append(
          .invalid(
            "\(path).pattern", .string(pattern), "must be a valid regular expression, but isn't: \(error.description)"))
      }
    }
    return errors
  }

  private static func nested(_ schema: JSON, path: String, skipsAnyOf: Bool = false) -> [FieldError] {
    var errors = valueValidation(schema, path: path, skipsAnyOf: skipsAnyOf)
    if let items = schema["items"] { errors += nested(items, path: "\(path).items") }
    for (name, property) in OpenAPISchemaRules.sortedMembers(schema["properties"]) {
      errors += nested(property, path: "\(path).properties[\(name)]")
    }
    let forbidden = [
      ("type", "must be empty to be structural"), ("additionalProperties", "must be undefined to be structural"),
      ("default", "must be undefined to be structural"), ("title", "must be empty to be structural"),
      ("description", "must be empty to be structural"), ("nullable", "must be false to be structural"),
      ("x-kubernetes-preserve-unknown-fields", "must be false to be structural"),
      ("x-kubernetes-embedded-resource", "must be false to be structural"),
      ("x-kubernetes-int-or-string", "must be false to be structural"),
      ("x-kubernetes-list-map-keys", "must be empty to be structural"),
      ("x-kubernetes-list-type", "must be undefined to be structural"),
      ("x-kubernetes-map-type", "must be undefined to be structural"),
      ("x-kubernetes-validations", "must be empty to be structural"),
    ]
    for (key, detail) in forbidden {
      guard let value = schema[key], ![.null, .bool(false), "", []].contains(value) else { continue }
      errors.append(.forbidden("\(path).\(key)", detail))
    }
    if schema["properties"]?["metadata"] != nil {
      errors.append(.forbidden("\(path).properties[metadata]", "must not be specified in a nested context"))
    }
    return errors
  }

  /// Whatever is narrowed has to be specified: `structural` is where, `path` where it is narrowed.
  private static func completeness(
    of schema: JSON, _ structural: JSON?, structuralPath: String, path: String
  ) -> [FieldError] {
    var parts: [(JSON, String)] = []
    if let not = schema["not"] { parts.append((not, "\(path).not")) }
    for key in ["allOf", "anyOf", "oneOf"] {
      for (index, part) in (schema[key]?.arrayValue ?? []).enumerated() {
        parts.append((part, "\(path).\(key)[\(index)]"))
      }
    }
    return parts.flatMap { part, path in
      nestedCompleteness(of: part, structural, structuralPath: structuralPath, path: path)
    }
  }

  private static func nestedCompleteness(
    of schema: JSON, _ structural: JSON?, structuralPath: String, path: String
  ) -> [FieldError] {
    guard let structural else { return [.required(structuralPath, "because it is defined in \(path)")] }
    var errors = completeness(of: schema, structural, structuralPath: structuralPath, path: path)
    if let items = schema["items"] {
      errors += nestedCompleteness(
        of: items, structural["items"], structuralPath: "\(structuralPath).items", path: "\(path).items")
    }
    for (name, property) in OpenAPISchemaRules.sortedMembers(schema["properties"]) {
      errors += nestedCompleteness(
        of: property, structural["properties"]?[name], structuralPath: "\(structuralPath).properties[\(name)]",
        path: "\(path).properties[\(name)]")
    }
    return errors
  }
}
