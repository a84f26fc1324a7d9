/// Whose fields are whose, seen from a client that applies: server-side apply removes a field that its manager no longer
/// names only when nobody else owns it.
public enum FieldOwnership {
  /// `metadata.managedFields` in which `manager`, as an applier, alone owns what is at and below some fields.
  ///
  /// kubectl does the same before its first server-side apply of an object that it applied by itself before: what the
  /// new configuration leaves out would stay otherwise.
  /// - Parameter paths: names of nested objects' members, as `["spec"]`.
  /// - Returns: nil when nobody else owns any of it, or the entries cannot be read.
  public static func takenOver(_ paths: [[String]], of object: KubernetesObject, by manager: String) -> JSON? {
    guard var managed = ManagedFields(object.metadata["managedFields"]) else { return nil }
    let own = applier(manager)
    var taken = FieldSet()
    var time: String?
    if managed.entries.isEmpty {
      // The server would give all of it to a manager of its own.
      for path in paths { taken = taken.union(FieldSet(at: path, of: object.json)) }
      time = object.creationTimestamp
    }
    for (other, entry) in managed.entries where other != own && other.subresource.isEmpty {
      var rest = entry.fields
      for path in paths {
        let parts = rest.divided(at: path.map(FieldStep.field)[...])
        taken = taken.union(parts.below)
        rest = parts.rest
      }
      if rest == entry.fields { continue }
      time = [time, entry.time].compactMap(\.self).max()
      managed.entries[other] =
        rest.isEmpty ? nil : ManagedFields.Entry(fields: rest, apiVersion: entry.apiVersion, time: entry.time)
    }
    guard !taken.isEmpty else { return nil }
    let present = managed.entries[own]
    managed.entries[own] = ManagedFields.Entry(
      fields: present?.fields.union(taken) ?? taken, apiVersion: object.apiVersion, time: present?.time ?? time)
    return managed.json
  }

  /// The keys of a map that `manager` has applied, as those of `["metadata", "labels"]`.
  public static func keys(of path: [String], in object: KubernetesObject, appliedBy manager: String) -> Set<String> {
    guard var fields = ManagedFields(object.metadata["managedFields"])?.entries[applier(manager)]?.fields else {
      return []
    }
    for name in path { fields = fields.children[.field(name)] ?? FieldSet() }
    return Set(
      fields.members.union(fields.children.keys).compactMap { step in
        if case .field(let name) = step { name } else { nil }
      })
  }

  private static func applier(_ manager: String) -> ManagedFields.Manager {
    ManagedFields.Manager(name: manager, isApply: true, apiVersion: "", subresource: "")
  }
}

extension FieldSet {
  /// What is at and below a path, and everything else.
  fileprivate func divided(at path: ArraySlice<FieldStep>) -> (below: FieldSet, rest: FieldSet) {
    guard let step = path.first else { return (self, FieldSet()) }
    var others = children
    let child = others.removeValue(forKey: step) ?? FieldSet()
    if path.count == 1 {
      return (
        FieldSet(members: members.intersection([step]), children: [step: child]),
        FieldSet(members: members.subtracting([step]), children: others)
      )
    }
    let parts = child.divided(at: path.dropFirst())
    others[step] = parts.rest
    return (FieldSet(members: [], children: [step: parts.below]), FieldSet(members: members, children: others))
  }

  /// The fields of a value that is at a path: of objects each member, of the rest the whole.
  fileprivate init(at path: [String], of json: JSON) {
    guard let value = json.value(at: path[...]) else {
      self.init()
      return
    }
    var set = FieldSet(leaves: value)
    for name in path.reversed() {
      set =
        set.isEmpty
        ? FieldSet(members: [.field(name)], children: [:]) : FieldSet(members: [], children: [.field(name): set])
    }
    self = set
  }

  private init(leaves json: JSON) {
    var members: Set<FieldStep> = []
    var children: [FieldStep: FieldSet] = [:]
    for (name, value) in json.objectValue ?? [:] {
      let inner = FieldSet(leaves: value)
      if inner.isEmpty { members.insert(.field(name)) } else { children[.field(name)] = inner }
    }
    self.init(members: members, children: children)
  }
}
