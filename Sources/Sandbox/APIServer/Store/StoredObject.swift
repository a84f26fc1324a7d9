import Kubernetes
import Synchronization

/// Where an object is kept: the collection of its resource, whatever the version it is served in, and its key there.
struct ObjectID: Sendable, Hashable {
  /// `mongodbs.promise.kratix.io`, `pods`.
  var collection: String
  /// `namespace/name`, or the name alone where there is no namespace.
  var key: String

  init(collection: String, key: String) {
    self.collection = collection
    self.key = key
  }

  init(collection: String, namespace: String?, name: String) {
    self.init(collection: collection, key: ObjectID.key(namespace: namespace, name: name))
  }

  static func key(namespace: String?, name: String) -> String { namespace.map { "\($0)/\(name)" } ?? name }
}

/// One state of an object, as it is stored: never changed, so that lists, watches and the journal share it.
final class StoredObject: Sendable {
  let key: String
  let version: UInt64
  let object: KubernetesObject
  /// The object as compact JSON.
  let bytes: [UInt8]
  /// `metadata.labels`: lists and watches look at those of every object.
  private let labels: [String: JSON]
  /// What the served form was last computed for; see `ServedKind.view(of:)`.
  let view = Mutex<View?>(nil)

  struct View: Sendable {
    var servedBy: UInt64
    var object: KubernetesObject
    var bytes: [UInt8]
  }

  init(key: String, version: UInt64, object: KubernetesObject, bytes: [UInt8]) {
    self.key = key
    self.version = version
    self.object = object
    self.bytes = bytes
    labels = object.json["metadata"]?["labels"]?.objectValue ?? [:]
  }

  func isSelected(by selector: LabelSelector) -> Bool {
    selector.requirements.isEmpty || selector.matches { labels[$0]?.stringValue }
  }

  /// The object at a version: the version is written into it.
  convenience init(key: String, version: UInt64, object: KubernetesObject) {
    var object = object
    object.resourceVersion = String(version)
    self.init(key: key, version: version, object: object, bytes: object.json.serialized())
  }
}

/// One change of a collection.
struct StoreEvent: Sendable {
  enum Kind: Sendable {
    case added, modified, deleted
  }

  var version: UInt64
  var kind: Kind
  /// For a deletion the last state, at the deletion's version.
  var object: StoredObject
  /// The state before; nil for an addition.
  var previous: StoredObject?
}

enum StoreError: Error {
  case exists
  case missing
  /// Somebody wrote in between.
  case conflict
}
