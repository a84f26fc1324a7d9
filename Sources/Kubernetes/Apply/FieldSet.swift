/// One step of a path to a field: `f:name`, `k:{"name":"x"}`, `v:"x"` or `i:0` in `fieldsV1`.
enum FieldStep: Hashable, Sendable {
  case field(String)
  case key([String: JSON])
  case value(JSON)
  case index(Int)

  /// nil when it is none of these.
  init?(serialized text: String) {
    let content = String(text.dropFirst(2))
    switch text.prefix(2) {
    case "f:": self = .field(content)
    case "k:":
      guard let key = try? JSON(parsing: content), let members = key.objectValue else { return nil }
      self = .key(members)
    case "v:":
      guard let value = try? JSON(parsing: content) else { return nil }
      self = .value(value)
    case "i:":
      guard let index = Int(content) else { return nil }
      self = .index(index)
    default: return nil
    }
  }

  var serialized: String {
    switch self {
    case .field(let name): "f:\(name)"
    case .key(let members): "k:\(JSON.object(members).text())"
    case .value(let value): "v:\(value.text())"
    case .index(let index): "i:\(index)"
    }
  }

  /// As messages have it: `.name`, `[name="x"]`, `[="x"]`, `[0]`.
  var text: String {
    switch self {
    case .field(let name): ".\(name)"
    case .key(let members):
      "["
        + members.sorted { JSON.isOrderedByBytes($0.key, $1.key) }
        .map { "\($0.key)=\(GoText.plain($0.value))" }.joined(separator: ",") + "]"
    case .value(let value): "[=\(GoText.plain(value))]"
    case .index(let index): "[\(index)]"
    }
  }
}

/// A set of fields, as `managedFields` have them: a tree whose nodes may be members themselves.
struct FieldSet: Hashable, Sendable {
  private(set) var members: Set<FieldStep> = []
  private(set) var children: [FieldStep: FieldSet] = [:]

  init() {}

  init(members: Set<FieldStep>, children: [FieldStep: FieldSet]) {
    self.members = members
    self.children = children.filter { !$0.value.isEmpty }
  }

  /// From a `fieldsV1` object; what is no path in it is passed over.
  init(fieldsV1 json: JSON) {
    for (name, content) in json.objectValue ?? [:] {
      guard name != ".", let step = FieldStep(serialized: name) else { continue }
      let inner = content.objectValue ?? [:]
      if inner.isEmpty || inner["."] != nil { members.insert(step) }
      let child = FieldSet(fieldsV1: content)
      if !child.isEmpty { children[step] = child }
    }
  }

  var fieldsV1: JSON {
    var result: [String: JSON] = [:]
    for (step, child) in children { result[step.serialized] = child.fieldsV1 }
    for step in members {
      if children[step] == nil {
        result[step.serialized] = [:]
      } else {
        result[step.serialized]?["."] = [:]
      }
    }
    return .object(result)
  }

  var isEmpty: Bool { members.isEmpty && children.isEmpty }

  mutating func insert(_ path: ArraySlice<FieldStep>) {
    guard let step = path.first else { return }
    if path.count == 1 {
      members.insert(step)
    } else {
      children[step, default: FieldSet()].insert(path.dropFirst())
    }
  }

  func contains(_ path: ArraySlice<FieldStep>) -> Bool {
    guard let step = path.first else { return false }
    if path.count == 1 { return members.contains(step) }
    return children[step]?.contains(path.dropFirst()) ?? false
  }

  func union(_ other: FieldSet) -> FieldSet {
    FieldSet(
      members: members.union(other.members), children: children.merging(other.children) { $0.union($1) })
  }

  func subtracting(_ other: FieldSet) -> FieldSet {
    var result = children
    for (step, child) in children { result[step] = other.children[step].map(child.subtracting) ?? child }
    return FieldSet(members: members.subtracting(other.members), children: result)
  }

  func intersection(_ other: FieldSet) -> FieldSet {
    var result: [FieldStep: FieldSet] = [:]
    for (step, child) in children { result[step] = other.children[step].map(child.intersection) }
    return FieldSet(members: members.intersection(other.members), children: result)
  }

  /// Without the fields below the top that are named, and what is below them.
  func removingTop(_ isRemoved: (String) -> Bool) -> FieldSet {
    func stays(_ step: FieldStep) -> Bool {
      if case .field(let name) = step { !isRemoved(name) } else { true }
    }
    return FieldSet(members: members.filter(stays), children: children.filter { stays($0.key) })
  }

  /// With the fields of records on the way to members as members, too, so that an empty record goes with its last
  /// field.
  func withRecordFields(_ type: FieldType) -> FieldSet {
    var allMembers = members
    var allChildren: [FieldStep: FieldSet] = [:]
    for (step, child) in children {
      let childType: FieldType
      switch (step, type) {
      case (.field(let name), .record), (.field(let name), .entries):
        let member = type.member(name)
        if member.isKnown { allMembers.insert(step) }
        childType = member.type
      case (_, .list(let list)): childType = list.element
      default: childType = .untyped
      }
      allChildren[step] = child.withRecordFields(childType)
    }
    return FieldSet(members: allMembers, children: allChildren)
  }

  /// Every path that is a member, in the order of its text.
  var paths: [[FieldStep]] {
    var paths: [[FieldStep]] = []
    func collect(_ set: FieldSet, _ prefix: [FieldStep]) {
      for step in set.members { paths.append(prefix + [step]) }
      for (step, child) in set.children { collect(child, prefix + [step]) }
    }
    collect(self, [])
    return paths.stableSorted { path in path.map(\.text).joined() }
  }
}
