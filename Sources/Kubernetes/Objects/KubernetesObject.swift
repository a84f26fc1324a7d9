/// One Kubernetes object: its JSON as it came, with accessors for what every object has. Fields that this project does
/// not know stay where they are.
public struct KubernetesObject: Sendable, Hashable {
  public var json: JSON

  public init(_ json: JSON) { self.json = json }

  public init(apiVersion: String, kind: String, name: String, namespace: String? = nil) {
    json = ["apiVersion": .string(apiVersion), "kind": .string(kind), "metadata": ["name": .string(name)]]
    if let namespace { self.namespace = namespace }
  }

  public subscript(key: String) -> JSON? {
    get { json[key] }
    set { json[key] = newValue }
    _modify { yield &json[key] }
  }

  public subscript(path keys: String...) -> JSON? {
    get { json.value(at: keys[...]) }
    set { json.set(newValue, at: keys[...]) }
  }

  public var apiVersion: String { json["apiVersion"]?.stringValue ?? "" }
  public var kind: String { json["kind"]?.stringValue ?? "" }
  public var groupVersionKind: GroupVersionKind { GroupVersionKind(apiVersion: apiVersion, kind: kind) }

  public var spec: JSON? {
    get { json["spec"] }
    set { json["spec"] = newValue }
    _modify { yield &json["spec"] }
  }

  public var status: JSON? {
    get { json["status"] }
    set { json["status"] = newValue }
    _modify { yield &json["status"] }
  }
}

// Metadata.
extension KubernetesObject {
  public var metadata: JSON {
    get { json["metadata"] ?? .emptyObject }
    set { json["metadata"] = newValue }
  }

  public var name: String {
    get { metadataString("name") ?? "" }
    set { json.set(.string(newValue), at: ["metadata", "name"]) }
  }

  public var generateName: String? { metadataString("generateName") }

  /// nil for cluster-scoped objects, and for ones whose manifest leaves the namespace out.
  public var namespace: String? {
    get { metadataString("namespace").flatMap { $0.isEmpty ? nil : $0 } }
    set { json.set(newValue.map(JSON.string), at: ["metadata", "namespace"]) }
  }

  public var uid: String {
    get { metadataString("uid") ?? "" }
    set { json.set(.string(newValue), at: ["metadata", "uid"]) }
  }

  public var resourceVersion: String {
    get { metadataString("resourceVersion") ?? "" }
    set { json.set(newValue.isEmpty ? nil : .string(newValue), at: ["metadata", "resourceVersion"]) }
  }

  public var generation: Int64 {
    get { json[path: "metadata", "generation"]?.intValue ?? 0 }
    set { json.set(.int(newValue), at: ["metadata", "generation"]) }
  }

  /// RFC 3339, in UTC and whole seconds, as the API server writes it.
  public var creationTimestamp: String? {
    get { metadataString("creationTimestamp") }
    set { json.set(newValue.map(JSON.string), at: ["metadata", "creationTimestamp"]) }
  }

  public var deletionTimestamp: String? {
    get { metadataString("deletionTimestamp") }
    set { json.set(newValue.map(JSON.string), at: ["metadata", "deletionTimestamp"]) }
  }

  public var isBeingDeleted: Bool { deletionTimestamp != nil }

  public var labels: [String: String] {
    get { metadataMap("labels") }
    set { json.set(newValue.isEmpty ? nil : JSON(newValue), at: ["metadata", "labels"]) }
  }

  public var annotations: [String: String] {
    get { metadataMap("annotations") }
    set { json.set(newValue.isEmpty ? nil : JSON(newValue), at: ["metadata", "annotations"]) }
  }

  public var finalizers: [String] {
    get { json[path: "metadata", "finalizers"]?.stringArrayValue ?? [] }
    set { json.set(newValue.isEmpty ? nil : JSON(newValue), at: ["metadata", "finalizers"]) }
  }

  public var ownerReferences: [OwnerReference] {
    get { (json[path: "metadata", "ownerReferences"]?.arrayValue ?? []).map(OwnerReference.init(json:)) }
    set {
      json.set(newValue.isEmpty ? nil : .array(newValue.map(\.json)), at: ["metadata", "ownerReferences"])
    }
  }

  /// `namespace/name`, or the name alone where there is no namespace: how messages name an object.
  public var qualifiedName: String { namespace.map { "\($0)/\(name)" } ?? name }

  private func metadataString(_ key: String) -> String? { json["metadata"]?[key]?.stringValue }

  private func metadataMap(_ key: String) -> [String: String] {
    (json["metadata"]?[key]?.objectValue ?? [:]).compactMapValues(\.stringValue)
  }
}

/// `metadata.ownerReferences[]`.
public struct OwnerReference: Sendable, Hashable {
  public var apiVersion: String
  public var kind: String
  public var name: String
  public var uid: String
  public var controller: Bool?
  public var blockOwnerDeletion: Bool?

  public init(
    apiVersion: String, kind: String, name: String, uid: String, controller: Bool? = nil,
    blockOwnerDeletion: Bool? = nil
  ) {
    self.apiVersion = apiVersion
    self.kind = kind
    self.name = name
    self.uid = uid
    self.controller = controller
    self.blockOwnerDeletion = blockOwnerDeletion
  }

  /// A reference to `owner`; with `controller`, also blocking, as controller-runtime's SetControllerReference does it.
  public init(to owner: KubernetesObject, controller: Bool) {
    self.init(
      apiVersion: owner.apiVersion, kind: owner.kind, name: owner.name, uid: owner.uid,
      controller: controller ? true : nil, blockOwnerDeletion: controller ? true : nil)
  }

  init(json: JSON) {
    self.init(
      apiVersion: json["apiVersion"]?.stringValue ?? "", kind: json["kind"]?.stringValue ?? "",
      name: json["name"]?.stringValue ?? "", uid: json["uid"]?.stringValue ?? "",
      controller: json["controller"]?.boolValue, blockOwnerDeletion: json["blockOwnerDeletion"]?.boolValue)
  }

  public var json: JSON {
    var json: JSON = [
      "apiVersion": .string(apiVersion), "kind": .string(kind), "name": .string(name), "uid": .string(uid),
    ]
    if let controller { json["controller"] = .bool(controller) }
    if let blockOwnerDeletion { json["blockOwnerDeletion"] = .bool(blockOwnerDeletion) }
    return json
  }
}
