import Kubernetes

/// An OpenAPI v2 document as gnostic's protocol buffers have it (`openapi.v2.Document`). The numbers are those of the
/// fields in `OpenAPIv2.proto`.
enum OpenAPIProtobuf {
  static func document(_ document: JSON) -> [UInt8] {
    var writer = ProtobufWriter()
    writer.string(1, document["swagger"]?.stringValue)
    writer.message(2) { info in
      info.string(1, document[path: "info", "title"]?.stringValue)
      info.string(2, document[path: "info", "version"]?.stringValue)
    }
    writer.message(8) { paths in
      for (name, item) in sorted(document["paths"]) {
        paths.message(2) { entry in
          entry.string(1, name)
          entry.message(2) { pathItem(item, &$0) }
        }
      }
    }
    writer.message(9) { definitions in
      for (name, value) in sorted(document["definitions"]) { namedSchema(1, name, value, &definitions) }
    }
    return writer.bytes
  }

  private static func pathItem(_ item: JSON, _ writer: inout ProtobufWriter) {
    for (field, method) in [(2, "get"), (3, "put"), (4, "post"), (5, "delete"), (8, "patch")] {
      guard let value = item[method] else { continue }
      writer.message(field) { operation(value, &$0) }
    }
  }

  private static func operation(_ operation: JSON, _ writer: inout ProtobufWriter) {
    writer.string(5, operation["operationId"]?.stringValue)
    for type in operation["produces"]?.stringArrayValue ?? [] { writer.repeatedString(6, type) }
    for type in operation["consumes"]?.stringArrayValue ?? [] { writer.repeatedString(7, type) }
    for value in operation["parameters"]?.arrayValue ?? [] {
      writer.message(8) { item in item.message(1) { parameter(value, &$0) } }
    }
    writer.message(9) { responses in
      for (code, response) in sorted(operation["responses"]) {
        responses.message(1) { named in
          named.string(1, code)
          named.message(2) { value in
            value.message(1) { inner in
              inner.string(1, response["description"]?.stringValue)
              if let body = response["schema"] { inner.message(2) { $0.message(1) { schema(body, &$0) } } }
            }
          }
        }
      }
    }
    extensions(13, of: operation, &writer)
  }

  private static func parameter(_ parameter: JSON, _ writer: inout ProtobufWriter) {
    let place = parameter["in"]?.stringValue
    let isRequired = parameter["required"]?.boolValue
    let name = parameter["name"]?.stringValue
    switch place {
    case "body":
      writer.message(1) { body in
        body.string(2, name)
        body.string(3, place)
        body.bool(4, isRequired)
        if let value = parameter["schema"] { body.message(5) { schema(value, &$0) } }
      }
    case "path":
      writer.message(2) { other in
        other.message(4) { path in
          path.bool(1, isRequired)
          path.string(2, place)
          path.string(4, name)
          path.string(5, parameter["type"]?.stringValue)
        }
      }
    default:
      writer.message(2) { other in
        other.message(3) { query in
          query.bool(1, isRequired)
          query.string(2, place)
          query.string(4, name)
          query.string(6, parameter["type"]?.stringValue)
        }
      }
    }
  }

  private static func namedSchema(_ field: Int, _ name: String, _ value: JSON, _ writer: inout ProtobufWriter) {
    writer.message(field) { entry in
      entry.string(1, name)
      entry.message(2) { schema(value, &$0) }
    }
  }

  private static func schema(_ schema: JSON, _ writer: inout ProtobufWriter) {
    writer.string(1, schema["$ref"]?.stringValue)
    writer.string(2, schema["format"]?.stringValue)
    writer.string(3, schema["title"]?.stringValue)
    writer.string(4, schema["description"]?.stringValue)
    if let value = schema["default"] { any(5, value, &writer) }
    writer.double(6, schema["multipleOf"]?.doubleValue)
    writer.double(7, schema["maximum"]?.doubleValue)
    writer.bool(8, schema["exclusiveMaximum"]?.boolValue)
    writer.double(9, schema["minimum"]?.doubleValue)
    writer.bool(10, schema["exclusiveMinimum"]?.boolValue)
    writer.int(11, schema["maxLength"]?.intValue)
    writer.int(12, schema["minLength"]?.intValue)
    writer.string(13, schema["pattern"]?.stringValue)
    writer.int(14, schema["maxItems"]?.intValue)
    writer.int(15, schema["minItems"]?.intValue)
    writer.bool(16, schema["uniqueItems"]?.boolValue)
    writer.int(17, schema["maxProperties"]?.intValue)
    writer.int(18, schema["minProperties"]?.intValue)
    for name in schema["required"]?.stringArrayValue ?? [] { writer.repeatedString(19, name) }
    for value in schema["enum"]?.arrayValue ?? [] { any(20, value, &writer) }
    switch schema["additionalProperties"] {
    case .bool(let allowed)?: writer.message(21) { $0.bool(2, allowed) }
    case .some(let inner): writer.message(21) { item in item.message(1) { Self.schema(inner, &$0) } }
    case nil: break
    }
    if let type = schema["type"]?.stringValue { writer.message(22) { $0.repeatedString(1, type) } }
    if let items = schema["items"] { writer.message(23) { item in item.message(1) { Self.schema(items, &$0) } } }
    for inner in schema["allOf"]?.arrayValue ?? [] { writer.message(24) { Self.schema(inner, &$0) } }
    if schema["properties"]?.objectValue != nil {
      writer.message(25) { properties in
        for (name, value) in sorted(schema["properties"]) { namedSchema(1, name, value, &properties) }
      }
    }
    extensions(31, of: schema, &writer)
  }

  private static func extensions(_ field: Int, of object: JSON, _ writer: inout ProtobufWriter) {
    for (name, value) in sorted(object) where name.hasPrefix("x-") {
      writer.message(field) { entry in
        entry.string(1, name)
        any(2, value, &entry)
      }
    }
  }

  /// A value as YAML text, which JSON is.
  private static func any(_ field: Int, _ value: JSON, _ writer: inout ProtobufWriter) {
    writer.message(field) { $0.string(2, value.text() + "\n") }
  }

  private static func sorted(_ object: JSON?) -> [(key: String, value: JSON)] {
    (object?.objectValue ?? [:]).sorted { JSON.isOrderedByBytes($0.key, $1.key) }
  }
}
