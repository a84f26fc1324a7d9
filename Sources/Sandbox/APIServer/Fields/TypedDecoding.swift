import Kubernetes

/// A value of the wrong type, as Go's decoder words it.
struct TypeMismatch: Error {
  var message: String
}

/// Takes a JSON object through the fields of a message, as decoding into a Go struct and encoding it again does:
/// unknown fields go, wrong types are errors, empty values are left out or put in.
struct TypedDecoding {
  private(set) var unknownFields: [String] = []

  /// - Throws: `TypeMismatch`.
  mutating func decode(_ object: JSON, as message: FieldTable.Message) throws(TypeMismatch) -> JSON {
    guard case .object(var given) = object else {
      throw mismatch(object, "", "", "v1.\(message.structName)")
    }
    // What every object has; not part of the message.
    let apiVersion = given.removeValue(forKey: "apiVersion")
    let kind = given.removeValue(forKey: "kind")
    var result = try members(given, of: message, path: "", names: "")
    result["apiVersion"] = apiVersion
    result["kind"] = kind
    return .object(result)
  }

  /// A part of an object.
  /// - Parameter path: Where it stands.
  mutating func decode(
    _ part: JSON, as message: FieldTable.Message, at path: String
  ) throws(TypeMismatch) -> JSON {
    guard case .object(let given) = part else {
      throw mismatch(part, message.structName, path, "v1.\(message.structName)")
    }
    return .object(try members(given, of: message, path: path, names: path))
  }

  private mutating func members(
    _ members: [String: JSON], of message: FieldTable.Message, path: String, names: String
  ) throws(TypeMismatch) -> [String: JSON] {
    var result: [String: JSON] = [:]
    result.reserveCapacity(members.count)
    for (name, value) in members.sorted(by: { JSON.isOrderedByBytes($0.key, $1.key) }) {
      guard let field = message.byName[name] else {
        unknownFields.append(path.isEmpty ? name : "\(path).\(name)")
        continue
      }
      guard value != .null else { continue }
      let here = path.isEmpty ? name : "\(path).\(name)"
      let goName = names.isEmpty ? name : "\(names).\(name)"
      let decoded = try decode(value, field.kind, path: here, names: goName, in: message)
      if field.isPointer || field.isAlwaysWritten || !Self.isEmpty(decoded, field.kind) { result[name] = decoded }
    }
    for field in message.byName.values where field.isAlwaysWritten && result[field.name] == nil {
      result[field.name] = empty(field)
    }
    return result
  }

  private mutating func decode(
    _ value: JSON, _ kind: FieldTable.Field.Kind, path: String, names: String, in message: FieldTable.Message
  ) throws(TypeMismatch) -> JSON {
    switch kind {
    case .string, .bytes, .time, .microTime:
      guard value.stringValue != nil else {
        let type =
          switch kind {
          case .bytes: "[]uint8"
          case .time, .microTime: "v1.Time"
          default: "string"
          }
        throw mismatch(value, message.structName, names, type)
      }
      return value
    case .int32, .int64:
      if let number = value.intValue { return .int(number) }
      guard case .double = value else {
        throw mismatch(value, message.structName, names, kind.isInt32 ? "int32" : "int64")
      }
      throw TypeMismatch(
        message: "json: cannot unmarshal number \(value.text()) into Go struct field \(message.structName).\(names) of "
          + "type \(kind.isInt32 ? "int32" : "int64")")
    case .bool:
      guard value.boolValue != nil else { throw mismatch(value, message.structName, names, "bool") }
      return value
    case .double:
      guard value.doubleValue != nil else { throw mismatch(value, message.structName, names, "float64") }
      return value
    case .quantity:
      if let text = value.stringValue { return .string(text) }
      guard value.doubleValue != nil else { throw mismatch(value, message.structName, names, "resource.Quantity") }
      return .string(value.text())
    case .intOrString:
      if value.stringValue != nil || value.intValue != nil { return value }
      throw mismatch(value, message.structName, names, "intstr.IntOrString")
    case .duration, .raw, .any: return value
    case .message(let name):
      guard let inner = FieldTable.messages[name] else { return value }
      guard let members = value.objectValue else {
        throw mismatch(value, message.structName, names, "v1.\(inner.structName)")
      }
      return .object(try self.members(members, of: inner, path: path, names: names))
    case .list(let element):
      guard let elements = value.arrayValue else {
        throw mismatch(value, message.structName, names, "[]" + element.goName)
      }
      var result: [JSON] = []
      result.reserveCapacity(elements.count)
      for (index, item) in elements.enumerated() {
        result.append(
          try decode(
            item == .null ? emptyElement(element) : item, element, path: "\(path)[\(index)]", names: names, in: message)
        )
      }
      return .array(result)
    case .map(let element):
      guard let entries = value.objectValue else {
        throw mismatch(value, message.structName, names, "map[string]" + element.goName)
      }
      var result: [String: JSON] = [:]
      for (key, item) in entries {
        result[key] = try decode(
          item == .null ? emptyElement(element) : item, element, path: "\(path).\(key)", names: names, in: message)
      }
      return .object(result)
    }
  }

  /// What a Go field of a type holds that nobody set.
  private func empty(_ field: FieldTable.Field) -> JSON {
    if field.isPointer { return .null }
    switch field.kind {
    case .list, .map, .time, .microTime, .raw, .any, .bytes: return .null
    default: return emptyElement(field.kind)
    }
  }

  private func emptyElement(_ kind: FieldTable.Field.Kind) -> JSON {
    switch kind {
    case .string, .bytes, .time, .microTime, .duration: return ""
    case .int32, .int64, .double, .intOrString: return 0
    case .bool: return false
    case .quantity: return "0"
    case .message(let name):
      guard let inner = FieldTable.messages[name] else { return .emptyObject }
      var members: [String: JSON] = [:]
      for field in inner.byName.values where field.isAlwaysWritten { members[field.name] = empty(field) }
      return .object(members)
    case .list: return .array([])
    case .map: return .emptyObject
    case .raw, .any: return .null
    }
  }

  /// Whether `omitempty` leaves a value out. A struct is never empty to Go.
  private static func isEmpty(_ value: JSON, _ kind: FieldTable.Field.Kind) -> Bool {
    switch kind {
    case .message, .quantity, .intOrString, .time, .microTime: false
    case .string, .bytes, .duration: value == ""
    case .int32, .int64, .double: value == 0 || value == .double(0)
    case .bool: value == false
    case .list: value == .array([])
    case .map: value == .emptyObject
    case .raw, .any: false
    }
  }

  private func mismatch(
    _ value: JSON, _ structName: Substring, _ names: String, _ type: String
  ) -> TypeMismatch {
    let found =
      switch value {
      case .bool: "bool"
      case .int, .double: "number"
      default: value.typeName
      }
    let field = names.isEmpty ? "Go value" : "Go struct field \(structName).\(names)"
    return TypeMismatch(message: "json: cannot unmarshal \(found) into \(field) of type \(type)")
  }
}

extension FieldTable.Field.Kind {
  fileprivate var isInt32: Bool { if case .int32 = self { true } else { false } }

  fileprivate var goName: String {
    switch self {
    case .string: "string"
    case .int32: "int32"
    case .int64: "int64"
    case .bool: "bool"
    case .double: "float64"
    case .bytes: "[]uint8"
    case .time, .microTime: "v1.Time"
    case .duration: "v1.Duration"
    case .quantity: "resource.Quantity"
    case .intOrString: "intstr.IntOrString"
    case .raw: "runtime.RawExtension"
    case .any: "interface {}"
    case .message(let name): "v1." + (name.split(separator: ".").last ?? "")
    case .list(let element): "[]" + element.goName
    case .map(let element): "map[string]" + element.goName
    }
  }
}
