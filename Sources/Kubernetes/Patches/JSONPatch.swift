/// RFC 6902, as the API server applies it: negative indices count from the end.
public enum JSONPatch {
  /// How many operations the API server takes in one patch.
  private static let maximumOperations = 10_000
  /// By how many bytes the copies of one patch may make a document grow, so that copies of copies end in an error.
  private static let maximumCopiedBytes = 3 * 1024 * 1024

  /// - Parameter patch: an array of operations.
  /// - Returns: the document after all of them.
  /// - Throws: `PatchError` at the first one that does not apply.
  public static func apply(_ patch: JSON, to document: JSON) throws(PatchError) -> JSON {
    guard let operations = patch.arrayValue else {
      throw PatchError(.malformed, "a JSON patch must be an array of operations, not \(patch.typeName)")
    }
    guard operations.count <= maximumOperations else {
      throw PatchError(
        .tooLarge,
        "The allowed maximum operations in a JSON patch is \(maximumOperations), got \(operations.count)")
    }
    var result = document
    var copied = 0
    for operation in operations { try apply(operation: operation, to: &result, copied: &copied) }
    return result
  }

  private static func apply(
    operation: JSON, to document: inout JSON, copied: inout Int
  ) throws(PatchError) {
    guard operation.objectValue != nil else {
      throw PatchError(.malformed, "an operation of a JSON patch must be an object, not \(operation.typeName)")
    }
    let name = operation["op"]?.stringValue ?? "unknown"
    guard let path = operation["path"]?.stringValue else {
      throw PatchError(.notApplicable, "\(name) operation failed to decode path: missing value")
    }
    let target = try pointer(path)
    switch name {
    case "add":
      try add(operation["value"] ?? .null, at: target[...], in: &document, path: path, verb: name)
    case "remove":
      _ = try remove(at: target[...], in: &document, path: path, verb: name)
    case "replace":
      guard find(target, in: document) != nil else {
        throw PatchError(
          .notApplicable, "replace operation does not apply: doc is missing key: \(path): missing value")
      }
      try replace(operation["value"] ?? .null, at: target[...], in: &document, path: path)
    case "move", "copy":
      guard let from = operation["from"]?.stringValue else {
        throw PatchError(.notApplicable, "\(name) operation failed to decode from: missing value")
      }
      let source = try pointer(from)
      guard let value = find(source, in: document) else {
        throw PatchError(
          .notApplicable, "\(name) operation does not apply: doc is missing from path: \(from): missing value")
      }
      if name == "move" {
        guard !(target.count > source.count && target.starts(with: source)) else {
          throw PatchError(.notApplicable, "move operation does not apply: \(path) is inside of \(from)")
        }
        _ = try remove(at: source[...], in: &document, path: from, verb: name)
      } else {
        copied += value.serialized().count
        guard copied <= maximumCopiedBytes else {
          throw PatchError(
            .tooLarge,
            "Unable to complete the copy, the accumulated size increase of copy is \(copied), exceeding the limit "
              + "\(maximumCopiedBytes)")
        }
      }
      try add(value, at: target[...], in: &document, path: path, verb: name)
    case "test":
      let expected = operation["value"] ?? .null
      // The server compares an absent member as null.
      var found = find(target, in: document)
      if found == nil, find(target.dropLast(), in: document) != nil { found = .some(.null) }
      guard let found else {
        throw PatchError(.notApplicable, "test operation does not apply: is missing path: \(path): missing value")
      }
      guard isEqual(found, expected) else {
        throw PatchError(.notApplicable, "testing value \(path) failed: test failed")
      }
    default:
      throw PatchError(.notApplicable, "Unexpected kind: \(name)")
    }
  }

  /// The reference tokens of a JSON pointer (RFC 6901).
  private static func pointer(_ text: String) throws(PatchError) -> [String] {
    if text.isEmpty { return [] }
    guard text.hasPrefix("/") else {
      throw PatchError(.notApplicable, "doc is missing path: \"\(text)\": missing value")
    }
    return text.dropFirst().split(separator: "/", omittingEmptySubsequences: false).map {
      $0.contains("~") ? String($0).replacing("~1", with: "/").replacing("~0", with: "~") : String($0)
    }
  }

  private static func find(_ path: some Collection<String>, in document: JSON) -> JSON? {
    var current = document
    for key in path {
      switch current {
      case .object(let members):
        guard let next = members[key] else { return nil }
        current = next
      case .array(let elements):
        guard let position = index(key, count: elements.count) else { return nil }
        current = elements[position]
      default: return nil
      }
    }
    return current
  }

  /// A position in an array of `count` elements; negative ones count from the end.
  private static func index(_ key: String, count: Int) -> Int? {
    guard let number = Int(key), number < count, number >= -count else { return nil }
    return number < 0 ? number + count : number
  }

  private static func add(
    _ value: JSON, at path: ArraySlice<String>, in document: inout JSON, path text: String, verb: String
  ) throws(PatchError) {
    guard let key = path.first else {
      document = value
      return
    }
    switch document {
    case .object(var members):
      document = .null
      defer { document = .object(members) }
      guard path.count > 1 else {
        members[key] = value
        return
      }
      guard var child = members[key] else { throw missing(text, verb) }
      members[key] = .null
      defer { members[key] = child }
      try add(value, at: path.dropFirst(), in: &child, path: text, verb: verb)
    case .array(var elements):
      document = .null
      defer { document = .array(elements) }
      if path.count > 1 {
        guard let position = index(key, count: elements.count) else { throw badIndex(key, text, verb) }
        try add(value, at: path.dropFirst(), in: &elements[position], path: text, verb: verb)
      } else if key == "-" {
        elements.append(value)
      } else {
        guard let position = index(key, count: elements.count + 1) else { throw badIndex(key, text, verb) }
        elements.insert(value, at: position)
      }
    default: throw missing(text, verb)
    }
  }

  private static func replace(
    _ value: JSON, at path: ArraySlice<String>, in document: inout JSON, path text: String
  ) throws(PatchError) {
    guard !path.isEmpty else {
      document = value
      return
    }
    // An element of an array is replaced in its place; a member of an object is set.
    let position = path.count == 1 ? nil : path.first
    if path.count == 1, case .array(var elements) = document, let key = path.first,
      let index = index(key, count: elements.count)
    {
      document = .null
      elements[index] = value
      document = .array(elements)
    } else if let position {
      switch document {
      case .object(var members):
        guard var child = members[position] else { throw missing(text, "replace") }
        document = .null
        members[position] = .null
        defer {
          members[position] = child
          document = .object(members)
        }
        try replace(value, at: path.dropFirst(), in: &child, path: text)
      case .array(var elements):
        guard let index = index(position, count: elements.count) else { throw badIndex(position, text, "replace") }
        document = .null
        defer { document = .array(elements) }
        try replace(value, at: path.dropFirst(), in: &elements[index], path: text)
      default: throw missing(text, "replace")
      }
    } else {
      try add(value, at: path, in: &document, path: text, verb: "replace")
    }
  }

  private static func remove(
    at path: ArraySlice<String>, in document: inout JSON, path text: String, verb: String
  ) throws(PatchError) -> JSON {
    guard let key = path.first else { throw missing(text, verb) }
    switch document {
    case .object(var members):
      document = .null
      defer { document = .object(members) }
      guard var child = members[key] else {
        guard path.count == 1 else { throw missing(text, verb) }
        throw PatchError(
          .notApplicable,
          "error in \(verb) for path: '\(text)': Unable to remove nonexistent key: \(key): missing value")
      }
      if path.count == 1 {
        members[key] = nil
        return child
      }
      members[key] = .null
      defer { members[key] = child }
      return try remove(at: path.dropFirst(), in: &child, path: text, verb: verb)
    case .array(var elements):
      document = .null
      defer { document = .array(elements) }
      guard let position = index(key, count: elements.count) else { throw badIndex(key, text, verb) }
      if path.count == 1 { return elements.remove(at: position) }
      return try remove(at: path.dropFirst(), in: &elements[position], path: text, verb: verb)
    default: throw missing(text, verb)
    }
  }

  private static func missing(_ path: String, _ verb: String) -> PatchError {
    PatchError(.notApplicable, "\(verb) operation does not apply: doc is missing path: \"\(path)\": missing value")
  }

  private static func badIndex(_ key: String, _ path: String, _ verb: String) -> PatchError {
    PatchError(
      .notApplicable,
      "error in \(verb) for path: '\(path)': Unable to access invalid index: \(key): invalid index referenced")
  }

  /// Equality of the RFC: numbers by value, whatever their notation.
  private static func isEqual(_ left: JSON, _ right: JSON) -> Bool {
    switch (left, right) {
    case (.int, .double), (.double, .int): left.doubleValue == right.doubleValue
    case (.array(let a), .array(let b)): a.count == b.count && zip(a, b).allSatisfy(isEqual)
    case (.object(let a), .object(let b)):
      a.count == b.count && a.allSatisfy { key, value in b[key].map { isEqual(value, $0) } ?? false }
    default: left == right
    }
  }
}
