/// A JSON document as the Kubernetes API sees it: integers are told from floating point numbers, as
/// `k8s.io/apimachinery`'s unstructured decoding does, and every field is kept, known or not.
public enum JSON: Sendable, Hashable {
  case null
  case bool(Bool)
  case int(Int64)
  case double(Double)
  case string(String)
  case array([JSON])
  case object([String: JSON])
}

extension JSON {
  /// The empty object, `{}`.
  public static let emptyObject = JSON.object([:])

  public var isNull: Bool { self == .null }

  public var stringValue: String? {
    if case .string(let value) = self { value } else { nil }
  }

  public var boolValue: Bool? {
    if case .bool(let value) = self { value } else { nil }
  }

  /// The value as an integer; a floating point number with no fraction counts as one.
  public var intValue: Int64? {
    switch self {
    case .int(let value): value
    case .double(let value): Int64(exactly: value)
    default: nil
    }
  }

  public var doubleValue: Double? {
    switch self {
    case .int(let value): Double(value)
    case .double(let value): value
    default: nil
    }
  }

  public var arrayValue: [JSON]? {
    if case .array(let value) = self { value } else { nil }
  }

  public var objectValue: [String: JSON]? {
    if case .object(let value) = self { value } else { nil }
  }

  /// The entries of an object whose values are all strings, or nil for anything else.
  public var stringMapValue: [String: String]? {
    guard let object = objectValue else { return nil }
    var map: [String: String] = [:]
    map.reserveCapacity(object.count)
    for (key, value) in object {
      guard let string = value.stringValue else { return nil }
      map[key] = string
    }
    return map
  }

  /// The strings of an array of strings, or nil for anything else.
  public var stringArrayValue: [String]? {
    guard let array = arrayValue else { return nil }
    var strings: [String] = []
    for value in array {
      guard let string = value.stringValue else { return nil }
      strings.append(string)
    }
    return strings
  }

  /// A member of an object. Reading from anything else gives nil. Setting makes an object of anything that is not one;
  /// setting nil removes the member.
  public subscript(key: String) -> JSON? {
    get {
      if case .object(let members) = self { members[key] } else { nil }
    }
    set {
      guard case .object(var members) = self else {
        if let newValue { self = .object([key: newValue]) }
        return
      }
      self = .null  // Drop the shared storage, so that the mutation below is in place.
      members[key] = newValue
      self = .object(members)
    }
    _modify {
      var members: [String: JSON]
      let wasObject: Bool
      if case .object(let existing) = self {
        members = existing
        wasObject = true
        self = .null
      } else {
        members = [:]
        wasObject = false
      }
      let original = wasObject ? JSON.null : self
      defer { self = wasObject || !members.isEmpty ? .object(members) : original }
      yield &members[key]
    }
  }

  /// An element of an array, or nil when this is no array or the index is outside of it.
  public subscript(index: Int) -> JSON? {
    guard case .array(let elements) = self, elements.indices.contains(index) else { return nil }
    return elements[index]
  }

  /// The value at a path of object members: `promise[path: "spec", "api", "kind"]`. Setting makes the objects on the
  /// way; setting nil removes the last member and leaves the objects on the way.
  public subscript(path keys: String...) -> JSON? {
    get { value(at: keys[...]) }
    set { set(newValue, at: keys[...]) }
  }

  public func value(at keys: ArraySlice<String>) -> JSON? {
    var current = self
    for key in keys {
      guard let next = current[key] else { return nil }
      current = next
    }
    return current
  }

  public mutating func set(_ value: JSON?, at keys: ArraySlice<String>) {
    guard let first = keys.first else {
      self = value ?? .null
      return
    }
    if keys.count == 1 {
      self[first] = value
    } else {
      if value == nil, self[first] == nil { return }
      var child = self[first] ?? .emptyObject
      self[first] = .null
      child.set(value, at: keys.dropFirst())
      self[first] = child
    }
  }

  /// The name of the type as JSON schema and the Kubernetes messages call it.
  public var typeName: String {
    switch self {
    case .null: "null"
    case .bool: "boolean"
    case .int: "integer"
    case .double: "number"
    case .string: "string"
    case .array: "array"
    case .object: "object"
    }
  }
}

extension JSON {
  public init(_ map: [String: String]) { self = .object(map.mapValues(JSON.string)) }
  public init(_ strings: [String]) { self = .array(strings.map(JSON.string)) }
  public init(_ value: Int) { self = .int(Int64(value)) }
}

// Not by `nil`: it would turn `isEmpty ? nil : .string(text)`, meant as "no member", into a member `null`.
extension JSON: ExpressibleByStringLiteral, ExpressibleByStringInterpolation, ExpressibleByBooleanLiteral,
  ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
  public init(stringLiteral value: String) { self = .string(value) }
  public init(booleanLiteral value: Bool) { self = .bool(value) }
  public init(integerLiteral value: Int64) { self = .int(value) }
  public init(floatLiteral value: Double) { self = .double(value) }
  public init(arrayLiteral elements: JSON...) { self = .array(elements) }
  public init(dictionaryLiteral elements: (String, JSON)...) {
    self = .object(Dictionary(elements, uniquingKeysWith: { _, last in last }))
  }
}
