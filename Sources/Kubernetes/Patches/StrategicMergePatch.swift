/// Strategic merge patches: merge patches that know by which key the elements of a built-in kind's lists are told apart,
/// and that carry directives (k8s.io/apimachinery, strategicpatch).
public enum StrategicMergePatch {
  /// - Parameters:
  ///   - patch: an object, with `$patch`, `$retainKeys`, `$setElementOrder/...` and `$deleteFromPrimitiveList/...`
  ///     where wanted.
  ///   - kind: of the document. Lists of kinds that are not built in are replaced whole.
  /// - Throws: `PatchError` when a directive makes no sense, or an element has no merge key.
  public static func apply(
    _ patch: JSON, to document: JSON, kind: GroupVersionKind
  ) throws(PatchError) -> JSON {
    guard case .object(let changes) = patch else {
      throw PatchError(.malformed, "a strategic merge patch must be an object, not \(patch.typeName)")
    }
    return .object(
      try merge(changes, into: document.objectValue ?? [:], FieldType.builtIn(kind) ?? FieldTypes.deduced.root))
  }

  private static let directive = "$patch"
  private static let retainKeys = "$retainKeys"
  private static let elementOrder = "$setElementOrder/"
  private static let primitiveDeletion = "$deleteFromPrimitiveList/"

  private static func merge(
    _ patch: [String: JSON], into original: [String: JSON], _ type: FieldType
  ) throws(PatchError) -> [String: JSON] {
    var patch = patch
    var result = original
    if let action = patch.removeValue(forKey: directive) {
      switch action {
      case "replace": return withoutDirectives(patch)
      case "delete": return [:]
      case "merge": break
      default: throw unknownDirective(action)
      }
    }
    if let retained = patch.removeValue(forKey: retainKeys) {
      guard let keys = retained.stringArrayValue else {
        throw PatchError(.malformed, "\(retainKeys) must be a list of strings, not \(retained.text())")
      }
      result = result.filter { keys.contains($0.key) }
    }
    let orders = try lists(in: &patch, prefix: elementOrder)
    let deletions = try lists(in: &patch, prefix: primitiveDeletion)
    for (key, values) in deletions {
      guard let elements = result[key]?.arrayValue else { continue }
      result[key] = .array(elements.filter { !values.contains($0) })
    }
    for (key, change) in patch {
      if change.isNull {
        result[key] = nil
        continue
      }
      let (fieldType, _) = type.member(key)
      switch (change, result[key]) {
      case (.object(let changes), .object(let members)):
        result[key] = .object(try merge(changes, into: members, fieldType))
      case (.object(let changes), _):
        // Directives have to be known even where there is nothing to direct.
        result[key] = .object(try merge(changes, into: [:], fieldType))
      case (.array(let changes), let existing):
        result[key] = .array(
          try mergeList(changes, into: existing?.arrayValue ?? [], fieldType, order: orders[key]))
      default: result[key] = change
      }
    }
    for (key, order) in orders where patch[key] == nil {
      guard let elements = result[key]?.arrayValue else { continue }
      result[key] = .array(sorted(elements, by: order, original: elements, type.member(key).type))
    }
    return result
  }

  /// Takes the members with a prefix out of the patch, by the field that they are about.
  private static func lists(
    in patch: inout [String: JSON], prefix: String
  ) throws(PatchError) -> [String: [JSON]] {
    var lists: [String: [JSON]] = [:]
    for key in patch.keys where key.hasPrefix(prefix) {
      let value = patch.removeValue(forKey: key) ?? .null
      guard let list = value.arrayValue else {
        throw PatchError(.malformed, "\(key) must be a list, not \(value.text())")
      }
      lists[String(key.dropFirst(prefix.count))] = list
    }
    return lists
  }

  private static func mergeList(
    _ patch: [JSON], into original: [JSON], _ type: FieldType, order: [JSON]?
  ) throws(PatchError) -> [JSON] {
    guard case .list(let list) = type else { return patch.map(withoutDirectives) }
    if list.mergeKey == nil {
      guard list.keys != nil else { return patch.map(withoutDirectives) }
      // A set of scalars: what is new is added.
      var result = original
      for value in patch where !result.contains(value) { result.append(value) }
      return order.map { sorted(result, by: $0, original: original, type) } ?? result
    }
    guard let key = list.mergeKey else { return patch }
    if patch.contains(where: { $0[directive] == "replace" }) {
      return patch.filter { $0[directive] == nil }.map(withoutDirectives)
    }
    var result = original
    for change in patch {
      guard case .object(var members) = change else {
        throw PatchError(.malformed, "an element of a list that is merged by \(key) is no object: \(change.text())")
      }
      guard let value = members[key] else {
        throw PatchError(.malformed, "map: \(change.text()) does not contain declared merge key: \(key)")
      }
      let index = result.firstIndex { $0[key] == value }
      switch members[directive] {
      case "delete":
        result.removeAll { $0[key] == value }
        continue
      case nil, "merge": members[directive] = nil
      case let action?: throw unknownDirective(action)
      }
      if let index {
        result[index] = .object(try merge(members, into: result[index].objectValue ?? [:], list.element))
      } else {
        result.append(.object(try merge(members, into: [:], list.element)))
      }
    }
    return order.map { sorted(result, by: $0, original: original, type) } ?? result
  }

  /// Puts the elements that an order names into that order; the others stay where they were among those that were there
  /// before.
  private static func sorted(
    _ elements: [JSON], by order: [JSON], original: [JSON], _ type: FieldType
  ) -> [JSON] {
    var mergeKey: String?
    if case .list(let list) = type { mergeKey = list.mergeKey }
    func identity(_ element: JSON) -> JSON { mergeKey.flatMap { element[$0] } ?? element }
    let wanted = order.map(identity)
    let before = original.map(identity)
    let named = elements.filter { wanted.contains(identity($0)) }
      .enumerated().sorted { left, right in
        let a = wanted.firstIndex(of: identity(left.element)) ?? 0
        let b = wanted.firstIndex(of: identity(right.element)) ?? 0
        return a == b ? left.offset < right.offset : a < b
      }.map(\.element)
    var others = elements.filter { !wanted.contains(identity($0)) }[...]
    var result: [JSON] = []
    for element in named {
      while let other = others.first, let a = before.firstIndex(of: identity(other)),
        let b = before.firstIndex(of: identity(element)), a < b
      {
        result.append(other)
        others.removeFirst()
      }
      result.append(element)
    }
    return result + others
  }

  private static func withoutDirectives(_ value: JSON) -> JSON {
    switch value {
    case .object(let members): .object(withoutDirectives(members))
    case .array(let elements): .array(elements.map(withoutDirectives))
    default: value
    }
  }

  private static func withoutDirectives(_ members: [String: JSON]) -> [String: JSON] {
    members.filter { key, _ in
      key != directive && key != retainKeys && !key.hasPrefix(elementOrder) && !key.hasPrefix(primitiveDeletion)
    }.mapValues(withoutDirectives)
  }

  private static func unknownDirective(_ action: JSON) -> PatchError {
    PatchError(.malformed, "unknown patch type: \(action.stringValue ?? action.text())")
  }
}
