import KratixModel
import Kubernetes

/// Makes objects small that are kept in their thousands: what neither rules nor the plan look at is left out, and what is
/// the same in many is held once.
struct SlimObjects {
  /// Of how many distinct values is remembered that they may come again.
  private static let memoryLimit = 2000

  let depth: FleetDepth
  private var known: Set<JSON> = []

  init(depth: FleetDepth) { self.depth = depth }

  /// Of annotations only what a rollout noted, and of `managedFields` only when somebody last wrote the spec.
  mutating func resource(_ object: KubernetesObject) -> KubernetesObject {
    var slim: [String: JSON] = [:]
    for key in ["apiVersion", "kind"] { slim[key] = object.json[key].map { share($0) } }
    slim["metadata"] = metadata(
      object, keys: ["name", "namespace", "uid", "generation", "creationTimestamp", "deletionTimestamp"])
    slim["spec"] = object.spec.map { share($0) }
    slim["status"] = object.status.map { status($0) }
    return KubernetesObject(.object(slim))
  }

  /// Name, spec, and what a rollout noted.
  mutating func binding(_ object: KubernetesObject) -> KubernetesObject {
    var slim: [String: JSON] = [:]
    for key in ["apiVersion", "kind"] { slim[key] = object.json[key].map { share($0) } }
    slim["metadata"] = metadata(object, keys: ["name", "namespace", "deletionTimestamp"])
    slim["spec"] = object.spec.map { share($0, isRoot: false) }
    // Whether its upgrade failed is a word of its own.
    slim["status"] = object.status.map { status($0) }
    return KubernetesObject(.object(slim))
  }

  /// Without the files' contents.
  mutating func placement(_ object: KubernetesObject) -> KubernetesObject {
    var slim = binding(object)
    slim.json.set(nil, at: ["spec", "workloads"])
    slim.labels = object.labels
    return slim
  }

  private mutating func metadata(_ object: KubernetesObject, keys: [String]) -> JSON {
    var metadata: [String: JSON] = [:]
    for key in keys { metadata[key] = object.metadata[key] }
    metadata["labels"] = object.metadata["labels"].map { share($0) }
    if depth == .identity, let mark = object.annotations[HoldMark.annotation] {
      metadata["annotations"] = .object([HoldMark.annotation: .string(mark)])
    }
    let times = (object.metadata["managedFields"]?.arrayValue ?? [])
      .filter { $0["subresource"] == nil && $0[path: "fieldsV1", "f:spec"] != nil }
      .compactMap { $0["time"] }
    if depth == .identity, !times.isEmpty {
      metadata["managedFields"] = .array(times.map { ["time": $0, "fieldsV1": ["f:spec": .emptyObject]] })
    }
    return .object(metadata)
  }

  /// When conditions changed and what they say is for those who look at one resource.
  private mutating func status(_ status: JSON) -> JSON {
    guard depth == .schema, let conditions = status["conditions"]?.arrayValue else { return share(status) }
    var slim = status
    slim["conditions"] = .array(
      conditions.map { condition in
        var slim: [String: JSON] = [:]
        for key in ["type", "status", "reason"] { slim[key] = condition[key] }
        return .object(slim)
      })
    return share(slim)
  }

  /// The same value, with storage of one that was seen before where there was one.
  private mutating func share(_ value: JSON, isRoot: Bool = true) -> JSON {
    switch value {
    case .null, .bool, .int, .double: return value
    case .string(let text) where text.utf8.count < 16: return value
    case .string: break
    case .array, .object:
      if let seen = known.firstIndex(of: value) { return known[seen] }
      let parts: JSON =
        switch value {
        case .array(let elements): .array(elements.map { share($0) })
        case .object(let members): .object(members.mapValues { share($0) })
        default: value
        }
      if isRoot, known.count < Self.memoryLimit { known.insert(parts) }
      return parts
    }
    if let seen = known.firstIndex(of: value) { return known[seen] }
    if isRoot, known.count < Self.memoryLimit { known.insert(value) }
    return value
  }
}
