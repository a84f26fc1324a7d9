/// The operations of structured-merge-diff on a value and its type: which fields it has, how two values differ, what
/// they are together, and what remains without some fields.
enum FieldWalk {
  struct Comparison {
    var added = FieldSet()
    var modified = FieldSet()
    var removed = FieldSet()
  }

  struct KeyError: Error {
    let message: String
  }

  /// What tells an element of a list apart.
  static func step(of element: JSON, _ list: FieldType.List) throws(KeyError) -> FieldStep {
    guard let keys = list.keys, !keys.isEmpty else {
      switch element {
      case .object: throw KeyError(message: "associative list without keys has an element that's a map type")
      case .array: throw KeyError(message: "not supported: associative list with lists as elements")
      case .null: throw KeyError(message: "associative list without keys has an element that's an explicit null")
      default: return .value(element)
      }
    }
    guard case .object(let members) = element else {
      throw KeyError(
        message: element.isNull
          ? "associative list with keys may not have a null element"
          : "associative list with keys may not have non-map elements")
    }
    var key: [String: JSON] = [:]
    for name in keys { key[name] = members[name] ?? list.defaults[name] }
    guard !key.isEmpty else {
      let names = keys.map(GoText.quoted).joined(separator: " ")
      throw KeyError(
        message: "associative list with keys has an element that omits all key fields [\(names)] (and doesn't have "
          + "default values for any key fields)")
    }
    return .key(key)
  }

  /// The elements of a list with what tells them apart; for those that nothing tells apart that is their place.
  private static func steps(_ value: JSON?, _ list: FieldType.List) -> [(step: FieldStep, value: JSON)] {
    (value?.arrayValue ?? []).enumerated().map { index, element in
      ((try? step(of: element, list)) ?? .index(index), element)
    }
  }

  /// What is wrong with the lists of a value that is applied: elements that nothing tells apart, and duplicates.
  static func problem(in value: JSON, _ type: FieldType, path: String = "") -> String? {
    switch (type.shape(of: value), value) {
    case (.object, .object(let members)):
      for (name, member) in members.sorted(by: { JSON.isOrderedByBytes($0.key, $1.key) }) {
        if let problem = problem(in: member, type.member(name).type, path: "\(path).\(name)") { return problem }
      }
    case (.list(let list), .array(let elements)):
      var seen: Set<FieldStep> = []
      for (index, element) in elements.enumerated() {
        do throws(KeyError) {
          let step = try step(of: element, list)
          guard seen.insert(step).inserted else { return "\(path): duplicate entries for key \(step.text)" }
          if let problem = problem(in: element, list.element, path: path + step.text) { return problem }
        } catch {
          return "\(path): element \(index): \(error.message)"
        }
      }
    default: break
    }
    return nil
  }

  // MARK: Fields

  /// The fields that a value has.
  static func fields(of value: JSON, _ type: FieldType) -> FieldSet {
    var set = FieldSet()
    collect(value, type, [], &set)
    return set
  }

  private static func collect(_ value: JSON, _ type: FieldType, _ path: [FieldStep], _ set: inout FieldSet) {
    switch (type.shape(of: value), value) {
    case (.object, .object(let members)):
      for (name, member) in members {
        let (childType, isKnown) = type.member(name)
        let childPath = path + [.field(name)]
        collect(member, childType, childPath, &set)
        // Keys that are data are fields themselves; so is what is empty.
        if !isKnown || member.isNull || member == [:] { set.insert(childPath[...]) }
      }
    case (.list(let list), .array):
      let elements = steps(value, list)
      var times: [FieldStep: Int] = [:]
      for element in elements { times[element.step, default: 0] += 1 }
      for element in elements {
        let childPath = path + [element.step]
        if times[element.step] == 1 { collect(element.value, list.element, childPath, &set) }
        set.insert(childPath[...])
      }
    case (.leaf, _): set.insert(path[...])
    default: break
    }
  }

  // MARK: Comparison

  static func compare(_ old: JSON, _ new: JSON, _ type: FieldType) -> Comparison {
    var comparison = Comparison()
    compare(old, new, type, [], &comparison)
    return comparison
  }

  private static func compare(
    _ old: JSON?, _ new: JSON?, _ type: FieldType, _ path: [FieldStep], _ comparison: inout Comparison
  ) {
    if old == new { return }
    var isLeaf = false
    let shape = type.shape(of: new ?? old)
    if let old, let new, !isSameShape(type.shape(of: old), shape), !old.isNull, !new.isNull {
      // The parts of what was there before are gone.
      descend(old, nil, type, type.shape(of: old), path, &comparison)
    }
    if !descend(old, new, type, shape, path, &comparison) {
      isLeaf = true
      if old == nil {
        comparison.added.insert(path[...])
      } else if new == nil {
        comparison.removed.insert(path[...])
      } else {
        comparison.modified.insert(path[...])
      }
    }
    if !isLeaf {
      if old == nil { comparison.added.insert(path[...]) } else if new == nil { comparison.removed.insert(path[...]) }
    }
  }

  private static func isSameShape(_ left: FieldType.Shape, _ right: FieldType.Shape) -> Bool {
    switch (left, right) {
    case (.leaf, .leaf), (.object, .object), (.list, .list): true
    default: false
    }
  }

  /// False when there is nothing to descend into.
  @discardableResult
  private static func descend(
    _ old: JSON?, _ new: JSON?, _ type: FieldType, _ shape: FieldType.Shape, _ path: [FieldStep],
    _ comparison: inout Comparison
  ) -> Bool {
    switch shape {
    case .leaf: return false
    case .object:
      let before = old?.objectValue ?? [:]
      let after = new?.objectValue ?? [:]
      if before.isEmpty, after.isEmpty { return false }
      for name in Set(before.keys).union(after.keys) {
        compare(before[name], after[name], type.member(name).type, path + [.field(name)], &comparison)
      }
      return true
    case .list(let list):
      let before = Dictionary(grouping: steps(old, list), by: \.step).mapValues { $0.map(\.value) }
      let after = Dictionary(grouping: steps(new, list), by: \.step).mapValues { $0.map(\.value) }
      if before.isEmpty, after.isEmpty { return false }
      for step in Set(before.keys).union(after.keys) {
        let left = before[step] ?? []
        let right = after[step] ?? []
        let childPath = path + [step]
        switch (left.count > 1, right.count > 1) {
        case (false, false): compare(left.first, right.first, list.element, childPath, &comparison)
        case (true, true): if left != right { comparison.modified.insert(childPath[...]) }
        case (true, false):
          if let value = right.first { compare(nil, value, list.element, childPath, &comparison) }
          comparison.removed.insert(childPath[...])
        case (false, true):
          if let value = left.first { compare(value, nil, list.element, childPath, &comparison) }
          comparison.added.insert(childPath[...])
        }
      }
      return true
    }
  }

  // MARK: Merge

  /// Both values together, with the right one's where both have a field.
  static func merge(_ left: JSON?, _ right: JSON?, _ type: FieldType) -> JSON? {
    guard let left else { return right }
    guard let right else { return left }
    let shape = type.shape(of: right.isNull ? left : right)
    switch shape {
    case .leaf: return right
    case .object:
      let before = left.objectValue ?? [:]
      let after = right.objectValue ?? [:]
      if before.isEmpty, after.isEmpty { return right }
      var result: [String: JSON] = [:]
      for name in Set(before.keys).union(after.keys) {
        result[name] = merge(before[name], after[name], type.member(name).type)
      }
      return .object(result)
    case .list(let list):
      let before = steps(left, list)
      let after = steps(right, list)
      if before.isEmpty, after.isEmpty { return right }
      return .array(merge(before, after, list))
    }
  }

  /// The elements of the right list in its order; those that only the left one has stay behind their predecessors.
  private static func merge(
    _ left: [(step: FieldStep, value: JSON)], _ right: [(step: FieldStep, value: JSON)], _ list: FieldType.List
  ) -> [JSON] {
    let leftValues = Dictionary(left.map { ($0.step, $0.value) }, uniquingKeysWith: { first, _ in first })
    let rightSteps = Set(right.map(\.step))
    let shared = right.map(\.step).filter { leftValues[$0] != nil }
    var nextShared = shared[...]
    var taken: Set<FieldStep> = []
    var result: [JSON] = []
    var l = 0
    var r = 0
    func takeRight() {
      let (step, value) = right[r]
      if let merged = merge(leftValues[step], value, list.element) { result.append(merged) }
      taken.insert(step)
      if nextShared.first == step { nextShared.removeFirst() }
      r += 1
    }
    while l < left.count || r < right.count {
      if l < left.count {
        let step = left[l].step
        if !rightSteps.contains(step) {
          result.append(left[l].value)
          l += 1
          continue
        }
        if r < right.count, step == right[r].step {
          takeRight()
          l += 1
          continue
        }
        // A shared element out of turn: its place is where the right list has it.
        if taken.contains(step) || (nextShared.first.map { $0 != step } ?? false) {
          l += 1
          continue
        }
      }
      if r < right.count { takeRight() } else { l += 1 }
    }
    return result
  }

  // MARK: Removal

  /// The value without the fields of a set; nil when nothing remains of it.
  static func remove(_ set: FieldSet, from value: JSON, _ type: FieldType) -> JSON? {
    switch (type.shape(of: value), value) {
    case (.object, .object(let members)):
      if members.isEmpty { return value }
      var result: [String: JSON] = [:]
      for (name, member) in members {
        let step = FieldStep.field(name)
        if set.members.contains(step) { continue }
        result[name] = set.children[step].map { remove($0, from: member, type.member(name).type) } ?? member
      }
      return result.isEmpty ? nil : .object(result)
    case (.list(let list), .array(let elements)):
      let result = elements.compactMap { element -> JSON? in
        guard let step = try? step(of: element, list) else { return element }
        if set.members.contains(step) { return nil }
        return set.children[step].map { remove($0, from: element, list.element) } ?? element
      }
      return result.isEmpty && !elements.isEmpty ? nil : .array(result)
    default: return value
    }
  }
}
