import Kubernetes

/// Lets equal parts of many objects be one in memory: the resources of a fleet say much the same, and their conditions,
/// labels and defaults are the same for thousands of them.
struct Interner: Sendable {
  /// What is remembered at most; then it begins anew, and what is shared stays shared.
  private static let capacity = 4096

  private var known: Set<JSON> = []

  /// The same value, with the storage of an equal one that was seen before.
  mutating func shared(_ value: JSON) -> JSON {
    switch value {
    case .object(let members): return remembered(.object(members.mapValues { shared($0) }))
    case .array(let elements): return remembered(.array(elements.map { shared($0) }))
    // Shorter strings are stored in the value itself.
    case .string(let text) where text.utf8.count > 15: return remembered(value)
    default: return value
    }
  }

  private mutating func remembered(_ value: JSON) -> JSON {
    if known.count >= Self.capacity { known = [] }
    return known.insert(value).memberAfterInsert
  }
}
