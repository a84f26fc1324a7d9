import KratixModel
import Kubernetes

/// The outputs of two runs compared: manifests as objects, wherever their files are; other files as text.
public enum OutputDifference {
  public static func between(_ old: Outputs, _ new: Outputs) -> [Change] {
    let oldContents = Contents(old)
    let newContents = Contents(new)
    var changes = between(manifests: oldContents.manifests, newContents.manifests)
    changes += fileChanges(oldContents.texts, newContents.texts)
    changes += selectorChanges(old, new)
    return changes
  }

  /// The same of manifests alone.
  static func between(manifests old: [ObjectID: JSON], _ new: [ObjectID: JSON]) -> [Change] {
    var changes: [Change] = []
    var added: [(key: ObjectID, manifest: JSON)] = []
    var removed: [(key: ObjectID, manifest: JSON)] = []
    for id in Set(old.keys).union(new.keys).sorted() {
      switch (old[id], new[id]) {
      case (let before?, let after?):
        changes += differences(of: id, before, after)
      case (nil, let after?): added.append((id, after))
      case (let before?, nil): removed.append((id, before))
      case (nil, nil): break
      }
    }
    changes += renames(&added, &removed)
    changes += added.map { id, manifest in
      Change(.added, object: id.description, path: "", from: nil, to: masked(manifest))
    }
    changes += removed.map { id, manifest in
      Change(.removed, object: id.description, path: "", from: masked(manifest), to: nil)
    }
    return changes
  }

  // MARK: Manifests

  private static func differences(of id: ObjectID, _ before: JSON, _ after: JSON) -> [Change] {
    var changes = FieldDifference.between(before, after, object: id.description)
    guard !changes.isEmpty else { return [] }
    if id.isSecret { changes = changes.map(maskingSecret) }
    // An API server refuses these changes; a GitOps agent then deletes and creates.
    let immutable = ImmutableFields.paths(of: id)
    return changes.map { change in
      var change = change
      if immutable.contains(where: { FieldDifference.isPath(change.path, below: $0) }) {
        change.kind = .replaced
      }
      return change
    }
  }

  /// An object that goes and one that comes with the same kind and, name apart, the same content.
  private static func renames(
    _ added: inout [(key: ObjectID, manifest: JSON)], _ removed: inout [(key: ObjectID, manifest: JSON)]
  ) -> [Change] {
    var changes: [Change] = []
    removed.removeAll { old in
      guard
        let index = added.firstIndex(where: {
          $0.key.group == old.key.group && $0.key.kind == old.key.kind
            && nameless($0.manifest) == nameless(old.manifest)
        })
      else { return false }
      let new = added.remove(at: index)
      changes.append(
        Change(
          .renamed, object: old.key.description, path: "", from: .string(old.key.description),
          to: .string(new.key.description)))
      return true
    }
    return changes
  }

  private static func nameless(_ manifest: JSON) -> JSON {
    var copy = manifest
    copy.set(nil, at: ["metadata", "name"])
    copy.set(nil, at: ["metadata", "namespace"])
    return copy
  }

  // MARK: Secrets

  /// The value of a Secret is never shown: only that it differs.
  private static func maskingSecret(_ change: Change) -> Change {
    guard change.path.hasPrefix("data") || change.path.hasPrefix("stringData") else { return change }
    var change = change
    change.from = change.from.map { mask($0, as: "before") }
    change.to = change.to.map { mask($0, as: "after") }
    return change
  }

  private static func mask(_ value: JSON, as when: String) -> JSON {
    if let members = value.objectValue { return .object(members.mapValues { mask($0, as: when) }) }
    return .string("*** (\(when))")
  }

  private static func masked(_ manifest: JSON) -> JSON {
    guard ObjectID(manifest)?.isSecret == true else { return manifest }
    var copy = manifest
    for key in ["data", "stringData"] {
      if let value = copy[key] { copy[key] = mask(value, as: "value") }
    }
    return copy
  }

  // MARK: Other files and scheduling

  private static func fileChanges(_ old: [String: [UInt8]], _ new: [String: [UInt8]]) -> [Change] {
    Set(old.keys).union(new.keys).sorted().compactMap { path in
      let before = old[path].map(text)
      let after = new[path].map(text)
      if old[path] == new[path] { return nil }
      let kind: Change.Kind = before == nil ? .added : after == nil ? .removed : .modified
      return Change(kind, object: "file \(path)", path: "", from: before, to: after)
    }
  }

  private static func text(_ bytes: [UInt8]) -> JSON {
    if let text = String(validating: bytes, as: UTF8.self) { return .string(text) }
    return .string("\(bytes.count) bytes, \(Hashes.sha256(bytes))")
  }

  private static func selectorChanges(_ old: Outputs, _ new: Outputs) -> [Change] {
    func byDirectory(_ outputs: Outputs) -> [String: JSON] {
      Dictionary(
        outputs.selectors.map { ($0.key.path, $0.value.map(JSON.init) ?? "any destination") },
        uniquingKeysWith: { first, _ in first })
    }
    let before = byDirectory(old)
    let after = byDirectory(new)
    return Set(before.keys).intersection(after.keys).sorted().flatMap { directory in
      FieldDifference.between(
        before[directory], after[directory], object: "scheduling", at: "destinationSelectors[\(directory)]")
    }
  }
}

/// What identifies a manifest: group, kind, namespace and name, whatever the version and the file.
struct ObjectID: Sendable, Hashable, Comparable, CustomStringConvertible {
  var group: String
  var kind: String
  var namespace: String
  var name: String

  /// nil when the value is no Kubernetes object.
  init?(_ manifest: JSON) {
    let object = KubernetesObject(manifest)
    guard !object.apiVersion.isEmpty, !object.kind.isEmpty, !object.name.isEmpty else { return nil }
    group = object.groupVersionKind.group
    kind = object.kind
    namespace = object.namespace ?? ""
    name = object.name
  }

  /// The objects of a document, which may be a list of them; nil when one is none.
  static func manifests(_ document: JSON) -> [(ObjectID, JSON)]? {
    let items = document["kind"]?.stringValue == "List" ? document["items"]?.arrayValue ?? [] : [document]
    var objects: [(ObjectID, JSON)] = []
    for item in items {
      guard let id = ObjectID(item) else { return nil }
      objects.append((id, item))
    }
    return objects
  }

  /// The objects of a YAML or JSON file; nil when it is anything else.
  static func objects(inFile path: String, _ bytes: [UInt8]) -> [(ObjectID, JSON)]? {
    let name = path.lowercased()
    guard name.hasSuffix(".yaml") || name.hasSuffix(".yml") || name.hasSuffix(".json"),
      let text = String(validating: bytes, as: UTF8.self), let documents = try? YAML.documents(text)
    else { return nil }
    var objects: [(ObjectID, JSON)] = []
    for document in documents where !document.isNull {
      guard let manifests = manifests(document) else { return nil }
      objects += manifests
    }
    return objects
  }

  var isSecret: Bool { group.isEmpty && kind == "Secret" }

  var description: String { namespace.isEmpty ? "\(kind)/\(name)" : "\(kind)/\(namespace)/\(name)" }

  static func < (left: ObjectID, right: ObjectID) -> Bool {
    (left.kind, left.namespace, left.name, left.group) < (right.kind, right.namespace, right.name, right.group)
  }
}

/// Fields that cannot be changed in place, by kind (Kubernetes' validation of updates).
enum ImmutableFields {
  private static let byKind: [String: [String]] = [
    "apps/Deployment": ["spec.selector"], "apps/DaemonSet": ["spec.selector"], "apps/ReplicaSet": ["spec.selector"],
    "apps/StatefulSet": ["spec.selector", "spec.serviceName", "spec.volumeClaimTemplates", "spec.podManagementPolicy"],
    "batch/Job": ["spec.selector", "spec.template", "spec.completions", "spec.completionMode"],
    "/PersistentVolumeClaim": ["spec.storageClassName", "spec.accessModes", "spec.volumeName", "spec.selector"],
    "/Service": ["spec.clusterIP"], "rbac.authorization.k8s.io/RoleBinding": ["roleRef"],
    "rbac.authorization.k8s.io/ClusterRoleBinding": ["roleRef"],
    "storage.k8s.io/StorageClass": [
      "provisioner", "parameters", "reclaimPolicy", "volumeBindingMode",
    ], "/Secret": ["type"],
  ]

  static func paths(of id: ObjectID) -> [String] { byKind["\(id.group)/\(id.kind)"] ?? [] }
}

/// The files of outputs, read: manifests by identity, everything else by path.
private struct Contents {
  var manifests: [ObjectID: JSON] = [:]
  var texts: [String: [UInt8]] = [:]

  init(_ outputs: Outputs) {
    for (key, bytes) in outputs.files.sorted(by: { $0.key < $1.key }) {
      guard let objects = ObjectID.objects(inFile: key.path, bytes) else {
        texts[key.path] = bytes
        continue
      }
      for (id, manifest) in objects { manifests[id] = manifest }
    }
  }
}
