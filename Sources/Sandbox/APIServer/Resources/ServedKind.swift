import Kubernetes

/// An object as it goes to a client: in the version that was asked for.
struct ServedObject: Sendable {
  var object: KubernetesObject
  /// The same as compact JSON.
  var bytes: [UInt8]
}

/// A served resource with what serving it takes: where its objects are kept, its rules, its schema.
final class ServedKind: Sendable {
  let resource: ServedResource
  let collection: String
  /// The rules of a built-in kind; those of a custom one are in its schema.
  let rules: KindRules
  let schema: StructuralSchema?
  /// How field management sees lists and maps of the kind.
  let fieldTypes: FieldTypes
  /// The apiVersion in which objects are kept.
  let storageAPIVersion: String
  /// The definition is being deleted: nothing new is created.
  let isTerminating: Bool
  /// Tells the forms that this kind computed from those that a former definition computed.
  let stamp: UInt64

  init(
    _ resource: ServedResource, rules: KindRules = KindRules(), schema: StructuralSchema? = nil,
    isTerminating: Bool = false, stamp: UInt64 = 0
  ) {
    self.resource = resource
    self.rules = rules
    self.schema = schema
    fieldTypes = schema.map { FieldTypes($0) } ?? FieldTypes(builtIn: resource.type.groupVersionKind)
    self.isTerminating = isTerminating
    self.stamp = stamp
    if resource.type.plural == "events", resource.type.group == "events.k8s.io" {
      collection = "events"
      storageAPIVersion = "v1"
    } else {
      collection = resource.type.qualifiedResource
      storageAPIVersion =
        resource.type.group.isEmpty ? resource.storageVersion : "\(resource.type.group)/\(resource.storageVersion)"
    }
  }

  var type: ResourceType { resource.type }
  var isNamespaced: Bool { resource.type.isNamespaced }
  var hasScale: Bool { resource.scale != nil }

  func id(namespace: String?, name: String) -> ObjectID {
    ObjectID(collection: collection, namespace: isNamespaced ? namespace : nil, name: name)
  }

  /// The key prefix of a namespace's objects; empty for all.
  func prefix(namespace: String?) -> String { isNamespaced ? namespace.map { $0 + "/" } ?? "" : "" }

  /// A stored object in this version, pruned and defaulted by the schema of today: a definition that changed since the
  /// object was written shows at once.
  func view(of stored: StoredObject) -> ServedObject {
    guard resource.isCustom || storageAPIVersion != type.apiVersion else {
      return ServedObject(object: stored.object, bytes: stored.bytes)
    }
    return stored.view.withLock { view in
      if let view, view.servedBy == stamp { return ServedObject(object: view.object, bytes: view.bytes) }
      let object = fromStorage(stored.object)
      let bytes = object == stored.object ? stored.bytes : object.json.serialized()
      view = StoredObject.View(servedBy: stamp, object: object, bytes: bytes)
      return ServedObject(object: object, bytes: bytes)
    }
  }

  /// The form in which an object of this version is kept.
  func toStorage(_ object: KubernetesObject) -> KubernetesObject {
    guard storageAPIVersion != type.apiVersion else { return object }
    var object = object
    if collection == "events" { EventViews.convertToCore(&object) }
    object["apiVersion"] = .string(storageAPIVersion)
    return object
  }

  private func fromStorage(_ stored: KubernetesObject) -> KubernetesObject {
    var object = stored
    if collection == "events", storageAPIVersion != type.apiVersion { EventViews.convertFromCore(&object) }
    // Not always the storage version: an object that was stored before that changed has another.
    if object.apiVersion != type.apiVersion { object["apiVersion"] = .string(type.apiVersion) }
    if let schema { object = KubernetesObject(schema.normalized(object.json).value) }
    return object
  }

  /// The value of a field that a field selector names; nil when the server has no such field.
  func selectableValue(_ path: String, of object: KubernetesObject) -> String? {
    switch path {
    case "metadata.name": return object.name
    case "metadata.namespace": return object.namespace ?? ""
    default: break
    }
    if resource.isCustom {
      guard resource.selectableFields.contains("." + path) else { return nil }
      return object.json.value(at: path.split(separator: ".").map(String.init)[...]).map(\.selectorText) ?? ""
    }
    guard rules.selectableFields.contains(path) else { return nil }
    return rules.selectableValue(object, path)
  }

  /// The paths that a field selector may name.
  func knowsField(_ path: String) -> Bool {
    path == "metadata.name" || path == "metadata.namespace" || rules.selectableFields.contains(path)
      || resource.selectableFields.contains("." + path)
  }
}

extension StructuralSchema {
  /// Pruned, then defaulted, as a custom resource is whenever it is read or written.
  func normalized(_ value: JSON) -> (value: JSON, removed: [String]) {
    let (pruned, removed) = pruning(value)
    return (applyingDefaults(to: pruned), removed)
  }
}

extension JSON {
  /// How a field selector sees a value.
  var selectorText: String {
    switch self {
    case .string(let text): text
    case .bool(let value): value ? "true" : "false"
    case .null, .array, .object: ""
    default: self.text()
    }
  }
}
