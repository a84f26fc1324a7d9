/// The checks of what each version of a custom resource has, and of what all of them share.
enum CustomResourceVersionRules {
  /// What one version has for itself alone.
  static func validate(_ version: JSON, path: String, isShared: (String) -> Bool) -> [FieldError] {
    var errors = deprecation(version, path: path)
    let hasStatus = version[path: "subresources", "status"]?.objectValue != nil
    if !isShared("schema"), let schema = version[path: "schema", "openAPIV3Schema"] {
      errors += OpenAPISchemaRules.validate(schema, path: "\(path).schema.openAPIV3Schema", hasStatus: hasStatus)
    }
    if !isShared("subresources") { errors += subresources(version["subresources"], path: "\(path).subresources") }
    if !isShared("additionalPrinterColumns") {
      errors += columns(version["additionalPrinterColumns"], path: "\(path).additionalPrinterColumns")
    }
    // The schema of a version is the shared one where it is shared; the paths are the version's anyway.
    if !isShared("selectableFields") {
      errors += selectableFields(
        version["selectableFields"], schema: version[path: "schema", "openAPIV3Schema"],
        path: "\(path).selectableFields")
    }
    return errors
  }

  /// What all versions have in common, which the server calls `spec.validation`, `spec.subresources` and so on.
  static func validateShared(_ shared: [String: JSON], hasStatus: Bool) -> [FieldError] {
    var errors: [FieldError] = []
    let schema = shared["schema"]?["openAPIV3Schema"]
    if let schema {
      errors += OpenAPISchemaRules.validate(schema, path: "spec.validation.openAPIV3Schema", hasStatus: hasStatus)
    }
    errors += subresources(shared["subresources"], path: "spec.subresources")
    errors += columns(shared["additionalPrinterColumns"], path: "spec.additionalPrinterColumns")
    errors += selectableFields(shared["selectableFields"], schema: schema, path: "spec.selectableFields")
    return errors
  }

  /// The versions as the server's messages show them: with the names and the order of Go's fields, and without what is
  /// shared.
  static func internalText(_ versions: [JSON], isShared: (String) -> Bool) -> String {
    guard !versions.isEmpty else { return "null" }
    let texts = versions.map { version in
      let fields: [(String, JSON?)] = [
        ("Name", version["name"] ?? ""), ("Served", version["served"] ?? false),
        ("Storage", version["storage"] ?? false), ("Deprecated", version["deprecated"] ?? false),
        ("DeprecationWarning", version["deprecationWarning"]),
        ("Schema", isShared("schema") ? nil : version["schema"]),
        ("Subresources", isShared("subresources") ? nil : version["subresources"]),
        ("AdditionalPrinterColumns", isShared("additionalPrinterColumns") ? nil : version["additionalPrinterColumns"]),
        ("SelectableFields", isShared("selectableFields") ? nil : version["selectableFields"]),
      ]
      return "{" + fields.map { "\"\($0.0)\":\($0.1?.text() ?? "null")" }.joined(separator: ",") + "}"
    }
    return "[\(texts.joined(separator: ","))]"
  }

  private static func deprecation(_ version: JSON, path: String) -> [FieldError] {
    guard let warning = version["deprecationWarning"]?.stringValue else { return [] }
    let field = "\(path).deprecationWarning"
    if version["deprecated"]?.boolValue != true {
      return [.invalid(field, .string(warning), "can only be set for deprecated versions")]
    }
    var errors: [FieldError] = []
    if warning.utf8.count > 256 { errors.append(.invalid(field, .string(warning), "must be <= 256 characters long")) }
    if warning.isEmpty { errors.append(.invalid(field, .string(warning), "must not be an empty string")) }
    return errors
  }

  private static func subresources(_ subresources: JSON?, path: String) -> [FieldError] {
    guard let scale = subresources?["scale"] else { return [] }
    var errors: [FieldError] = []
    for (key, root) in [("specReplicasPath", ".spec"), ("statusReplicasPath", ".status")] {
      let field = "\(path).scale.\(key)"
      let value = scale[key]?.stringValue ?? ""
      if value.isEmpty {
        errors.append(.required(field))
      } else if !value.hasPrefix(".") {
        errors.append(.invalid(field, .string(value), "must be a simple json path starting with ."))
      } else if !value.hasPrefix(root + ".") {
        errors.append(.invalid(field, .string(value), "should be a json path under \(root)"))
      }
    }
    if let value = scale["labelSelectorPath"]?.stringValue, !value.isEmpty {
      let field = "\(path).scale.labelSelectorPath"
      if !value.hasPrefix(".") {
        errors.append(.invalid(field, .string(value), "must be a simple json path starting with ."))
      } else if !value.hasPrefix(".spec."), !value.hasPrefix(".status.") {
        errors.append(.invalid(field, .string(value), "should be a json path under either .spec or .status"))
      }
    }
    return errors
  }

  private static func columns(_ columns: JSON?, path: String) -> [FieldError] {
    (columns?.arrayValue ?? []).enumerated().flatMap { index, column in
      self.column(column, path: "\(path)[\(index)]")
    }
  }

  private static func column(_ column: JSON, path: String) -> [FieldError] {
    var errors: [FieldError] = []
    func text(_ key: String) -> String { column[key]?.stringValue ?? "" }
    if text("name").isEmpty { errors.append(.required("\(path).name")) }
    let types = ["boolean", "date", "integer", "number", "string"]
    let mustBe = "must be one of \(types.joined(separator: ","))"
    if text("type").isEmpty {
      errors.append(.required("\(path).type", mustBe))
    } else if !types.contains(text("type")) {
      errors.append(.invalid("\(path).type", .string(text("type")), mustBe))
    }
    let formats = ["byte", "date", "date-time", "double", "float", "int32", "int64", "password"]
    if !text("format").isEmpty, !formats.contains(text("format")) {
      errors.append(
        .invalid("\(path).format", .string(text("format")), "must be one of \(formats.joined(separator: ","))"))
    }
    if text("jsonPath").isEmpty {
      errors.append(.required("\(path).JSONPath"))
    } else if !text("jsonPath").hasPrefix(".") {
      errors.append(
        .invalid("\(path).JSONPath", .string(text("jsonPath")), "must be a simple json path starting with ."))
    }
    return errors
  }

  /// How many fields of a version may be selected by.
  private static let maximumSelectableFields = 8

  private static func selectableFields(_ fields: JSON?, schema: JSON?, path: String) -> [FieldError] {
    guard let fields = fields?.arrayValue, !fields.isEmpty else { return [] }
    var errors: [FieldError] = []
    var seen: Set<String> = []
    for (index, field) in fields.enumerated() {
      let name = "\(path)[\(index)].jsonPath"
      let value = field["jsonPath"]?.stringValue ?? ""
      if value.isEmpty {
        errors.append(.required(name))
        continue
      }
      let steps = value.split(separator: ".", omittingEmptySubsequences: false).dropFirst().map(String.init)
      guard value.hasPrefix("."), !steps.contains("") else {
        errors.append(.invalid(name, .string(value), "is an invalid path: must be a simple json path starting with ."))
        continue
      }
      var node = schema
      for step in steps { node = node?["properties"]?[step] }
      if steps.first == "metadata" {
        errors.append(.invalid(name, .string(value), "must not point to fields in metadata"))
      }
      guard let node else {
        errors.append(.invalid(name, .string(value), "is an invalid path: does not refer to a valid field"))
        continue
      }
      if !["string", "boolean", "integer"].contains(node["type"]?.stringValue ?? "") {
        errors.append(
          .invalid(
            name, .string(value),
            "must point to a field of type string, boolean or integer. Enum string fields and strings with formats are "
              + "allowed."))
      }
      if !seen.insert(value).inserted { errors.append(.duplicate(name, .string(value))) }
    }
    if seen.count > maximumSelectableFields {
      errors.append(.tooMany(path, count: seen.count, limit: maximumSelectableFields))
    }
    return errors
  }
}
