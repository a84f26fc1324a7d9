import Kubernetes

/// Two values compared field by field, lists by their Kubernetes merge keys.
public enum FieldDifference {
  /// What differs, in the order of the paths.
  /// - Parameter path: where the values stand; empty for the root.
  public static func between(_ old: JSON?, _ new: JSON?, object: String, at path: String = "") -> [Change] {
    var changes: [Change] = []
    collect(old, new, object: object, path: path, into: &changes)
    return changes
  }

  /// Whether a field is `prefix` or stands below it.
  public static func isPath(_ path: String, below prefix: String) -> Bool {
    guard path.hasPrefix(prefix) else { return false }
    let rest = path.dropFirst(prefix.count)
    return rest.isEmpty || rest.hasPrefix(".") || rest.hasPrefix("[")
  }

  private static func collect(_ old: JSON?, _ new: JSON?, object: String, path: String, into changes: inout [Change]) {
    switch (old, new) {
    case (nil, nil): return
    case (nil, let new?): changes.append(Change(.added, object: object, path: path, from: nil, to: new))
    case (let old?, nil): changes.append(Change(.removed, object: object, path: path, from: old, to: nil))
    case (.object(let old)?, .object(let new)?):
      for key in Set(old.keys).union(new.keys).sorted() {
        collect(old[key], new[key], object: object, path: join(path, key), into: &changes)
      }
    case (.array(let old)?, .array(let new)?):
      collect(old, new, object: object, path: path, into: &changes)
    case (let old?, let new?):
      if old != new, !isSameNumber(old, new) {
        changes.append(Change(.modified, object: object, path: path, from: old, to: new))
      }
    }
  }

  private static func collect(
    _ old: [JSON], _ new: [JSON], object: String, path: String, into changes: inout [Change]
  ) {
    if old == new { return }
    if let key = mergeKey(of: old, new, field: path) {
      let oldByKey = keyed(old, by: key)
      let newByKey = keyed(new, by: key)
      for value in Set(oldByKey.keys).union(newByKey.keys).sorted() {
        collect(oldByKey[value], newByKey[value], object: object, path: "\(path)[\(key)=\(value)]", into: &changes)
      }
      return
    }
    if old.count == new.count {
      for (index, pair) in zip(old, new).enumerated() {
        collect(pair.0, pair.1, object: object, path: "\(path)[\(index)]", into: &changes)
      }
    } else {
      changes.append(Change(.modified, object: object, path: path, from: .array(old), to: .array(new)))
    }
  }

  /// The keys that lists of objects merge by, the likeliest first; a list has a key when all its elements carry it and
  /// no two share a value.
  private static let mergeKeys: [String: [String]] = [
    "ports": ["containerPort", "port", "name"], "volumeMounts": ["mountPath"], "volumeDevices": ["devicePath"],
    "conditions": ["type"], "ownerReferences": ["uid"], "hostAliases": ["ip"],
    "topologySpreadConstraints": [
      "topologyKey"
    ],
    "users": ["name"], "versions": ["name"],
  ]

  private static func mergeKey(of old: [JSON], _ new: [JSON], field path: String) -> String? {
    let field = path.split(separator: ".").last.map(String.init) ?? ""
    for key in mergeKeys[field] ?? ["name"] where isKey(key, of: old) && isKey(key, of: new) {
      return key
    }
    return nil
  }

  private static func isKey(_ key: String, of list: [JSON]) -> Bool {
    var seen: Set<String> = []
    for element in list {
      guard let value = element[key].flatMap(text), seen.insert(value).inserted else { return false }
    }
    return true
  }

  private static func keyed(_ list: [JSON], by key: String) -> [String: JSON] {
    Dictionary(
      list.compactMap { element in element[key].flatMap(text).map { ($0, element) } },
      uniquingKeysWith: { first, _ in first })
  }

  private static func text(_ value: JSON) -> String? {
    switch value {
    case .string(let text): text
    case .int(let number): String(number)
    default: nil
    }
  }

  /// Field names with dots (labels, annotations) are quoted as in JSONPath.
  private static func join(_ path: String, _ key: String) -> String {
    if key.contains(".") || key.contains("/") { return "\(path)['\(key)']" }
    return path.isEmpty ? key : "\(path).\(key)"
  }

  private static func isSameNumber(_ old: JSON, _ new: JSON) -> Bool {
    guard let old = old.doubleValue, let new = new.doubleValue else { return false }
    return old == new
  }
}
