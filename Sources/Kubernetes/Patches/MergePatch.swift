/// RFC 7386 merge patches.
public enum MergePatch {
  /// The document with the patch's members set, and those that are null in it removed. Anything but an object replaces
  /// the document.
  public static func apply(_ patch: JSON, to document: JSON) -> JSON {
    guard case .object(let changes) = patch else { return patch }
    var members = document.objectValue ?? [:]
    for (key, change) in changes {
      switch change {
      case .null: members[key] = nil
      case .object: members[key] = apply(change, to: members[key] ?? .null)
      default: members[key] = change
      }
    }
    return .object(members)
  }

  /// The smallest patch that makes `new` of `old`; `{}` when they are equal. Members that are null in `new` cannot be
  /// told from absent ones by a merge patch.
  public static func difference(from old: JSON, to new: JSON) -> JSON {
    guard case .object(let before) = old, case .object(let after) = new else { return new }
    var patch: [String: JSON] = [:]
    for key in before.keys where after[key] == nil { patch[key] = .null }
    for (key, value) in after {
      guard let previous = before[key] else {
        patch[key] = value
        continue
      }
      if previous == value { continue }
      patch[key] = difference(from: previous, to: value)
    }
    return .object(patch)
  }
}
