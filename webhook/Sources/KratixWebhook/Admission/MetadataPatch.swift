import Kubernetes

/// A JSON patch of labels and annotations that says only what differs, so that applying it twice changes nothing.
struct MetadataPatch {
  private let object: KubernetesObject
  private var labels: [String: String] = [:]
  private var annotations: [String: String] = [:]

  init(of object: KubernetesObject) { self.object = object }

  mutating func label(_ key: String, _ value: String) {
    if object.labels[key] != value { labels[key] = value }
  }

  mutating func annotate(_ key: String, _ value: String) {
    if object.annotations[key] != value { annotations[key] = value }
  }

  var operations: [JSON] { operations("labels", labels) + operations("annotations", annotations) }

  private func operations(_ field: String, _ values: [String: String]) -> [JSON] {
    guard !values.isEmpty, object["metadata"]?.objectValue != nil else { return [] }
    // A map that is not there, or is null, is made whole: `add` needs its parent.
    guard object[path: "metadata", field]?.objectValue != nil else {
      return [["op": "add", "path": .string("/metadata/\(field)"), "value": JSON(values)]]
    }
    return values.sorted { $0.key < $1.key }.map { key, value in
      let escaped = key.replacing("~", with: "~0").replacing("/", with: "~1")
      return ["op": "add", "path": .string("/metadata/\(field)/\(escaped)"), "value": .string(value)]
    }
  }
}
