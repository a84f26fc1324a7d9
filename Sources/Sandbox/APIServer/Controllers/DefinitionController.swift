import Kubernetes

/// Accepts the names of a CustomResourceDefinition, establishes it, and removes the instances of one that is deleted.
/// The first two happen within the write that asks for them, so that a resource is served when its creation returns.
struct DefinitionController: Sendable {
  let pipeline: RequestPipeline
  private let user = UserInfo(name: "system:apiserver", groups: ["system:masters"])

  static let collection = ResourceType.customResourceDefinitions.qualifiedResource

  init(pipeline: RequestPipeline) { self.pipeline = pipeline }

  /// Brings names, conditions and stored versions of a definition up to its spec, and serves it.
  func reconcile(_ name: String) async throws {
    guard let kind = pipeline.registry.kind(.customResourceDefinitions) else { return }
    let id = ObjectID(collection: Self.collection, key: name)
    guard let stored = pipeline.store.get(id) else {
      if pipeline.registry.setDefinition(name, nil) { pipeline.store.wake(name) }
      return
    }
    let updated = accepted(stored.object)
    if updated != stored.object {
      // Served before anybody hears that it is established: who waits for that event asks for its resources at once.
      if pipeline.registry.setDefinition(name, updated) { pipeline.store.wake(name) }
      var target = RequestTarget(kind: kind, name: name, user: user)
      target.subresource = "status"
      _ = try await pipeline.modify(
        target, options: WriteOptions(fieldManager: "kube-apiserver"), retries: true
      ) { accepted($0) }
    }
    if pipeline.registry.setDefinition(name, pipeline.store.get(id)?.object) { pipeline.store.wake(name) }
  }

  /// Serves what a former process established.
  func load() {
    for stored in pipeline.store.snapshot(Self.collection).objects {
      _ = pipeline.registry.setDefinition(stored.object.name, stored.object)
    }
  }

  /// The definition with the status that its spec asks for.
  private func accepted(_ definition: KubernetesObject) -> KubernetesObject {
    var definition = definition
    let now = Timestamp.text(secondsSince1970: Int64(Clock.now()))
    let conflict = nameConflict(definition)
    if conflict == nil, let names = definition[path: "spec", "names"] {
      definition[path: "status", "acceptedNames"] = names
    }
    definition.setCondition(
      conflict.map { Condition(type: "NamesAccepted", status: .false, reason: $0.reason, message: $0.message) }
        ?? Condition(type: "NamesAccepted", status: .true, reason: "NoConflicts", message: "no conflicts found"),
      now: now)
    if !definition.hasCondition("Established") {
      definition.setCondition(
        conflict == nil
          ? Condition(
            type: "Established", status: .true, reason: "InitialNamesAccepted",
            message: "the initial names have been accepted")
          : Condition(
            type: "Established", status: .false, reason: "NotAccepted", message: "not all names are accepted"),
        now: now)
    }
    let versions = definition[path: "spec", "versions"]?.arrayValue ?? []
    var storedVersions = definition[path: "status", "storedVersions"]?.arrayValue ?? []
    if let storage = versions.first(where: { $0["storage"]?.boolValue == true })?["name"],
      !storedVersions.contains(storage)
    {
      storedVersions.append(storage)
      definition[path: "status", "storedVersions"] = .array(storedVersions)
    }
    return definition
  }

  /// A name that another definition of the group has.
  private func nameConflict(_ definition: KubernetesObject) -> (reason: String, message: String)? {
    let group = definition[path: "spec", "group"]
    let names = definition[path: "spec", "names"]
    let others = pipeline.store.snapshot(Self.collection).objects.map(\.object).filter {
      $0.name != definition.name && $0[path: "spec", "group"] == group
    }.compactMap { $0[path: "status", "acceptedNames"] }
    func resourceNames(_ names: JSON) -> Set<String> {
      Set(
        ([names["plural"], names["singular"]].compactMap { $0?.stringValue }
          + (names["shortNames"]?.stringArrayValue ?? [])).filter { !$0.isEmpty })
    }
    let taken = others.reduce(into: Set<String>()) { $0.formUnion(resourceNames($1)) }
    let kinds = Set(others.flatMap { [$0["kind"], $0["listKind"]].compactMap { $0?.stringValue } })
    for (field, reason) in [("plural", "PluralConflict"), ("singular", "SingularConflict")] {
      if let name = names?[field]?.stringValue, taken.contains(name) {
        return (reason, "\"\(name)\" is already in use")
      }
    }
    for name in names?["shortNames"]?.stringArrayValue ?? [] where taken.contains(name) {
      return ("ShortNamesConflict", "\"\(name)\" is already in use")
    }
    for (field, reason) in [("kind", "KindConflict"), ("listKind", "ListKindConflict")] {
      if let name = names?[field]?.stringValue, kinds.contains(name) {
        return (reason, "\"\(name)\" is already in use")
      }
    }
    return nil
  }

  /// Deletes the instances of a definition that is being deleted; when none is left, releases it.
  func finalize(_ name: String) async throws {
    let id = ObjectID(collection: Self.collection, key: name)
    guard let definitionKind = pipeline.registry.kind(.customResourceDefinitions), let stored = pipeline.store.get(id),
      stored.object.isBeingDeleted, stored.object.finalizers.contains(DefinitionKind.finalizer)
    else { return }
    var target = RequestTarget(kind: definitionKind, name: name, user: user)
    let options = WriteOptions(fieldManager: "kube-apiserver")
    let now = Timestamp.text(secondsSince1970: Int64(Clock.now()))
    let collection =
      "\(stored.object[path: "spec", "names", "plural"]?.stringValue ?? "").\(stored.object[path: "spec", "group"]?.stringValue ?? "")"
    if let kind = pipeline.registry.kind(collection: collection), kind.resource.definitionName == name {
      target.subresource = "status"
      _ = try await pipeline.modify(target, options: options, retries: true) { old in
        var object = old
        object.setCondition(
          Condition(
            type: "Terminating", status: .true, reason: "InstanceDeletionInProgress",
            message: "CustomResource deletion is in progress"), now: now)
        return object
      }
      for instance in pipeline.store.snapshot(collection).objects where !instance.object.isBeingDeleted {
        var warnings: [String] = []
        do {
          _ = try await pipeline.delete(
            RequestTarget(
              kind: kind, namespace: instance.object.namespace, name: instance.object.name, user: user),
            options: DeleteOptions(propagation: .background), warnings: &warnings)
        } catch let error as StatusError where error.reason == .notFound {
        }
      }
    }
    guard pipeline.store.snapshot(collection).objects.isEmpty else { return }
    // No longer served when anybody hears that it is gone, as it is served before it is heard to be established.
    if stored.object.finalizers == [DefinitionKind.finalizer], pipeline.registry.setDefinition(name, nil) {
      pipeline.store.wake(name)
    }
    target.subresource = ""
    do {
      _ = try await pipeline.modify(target, options: options, retries: true) { old in
        var object = old
        object.finalizers = object.finalizers.filter { $0 != DefinitionKind.finalizer }
        return object
      }
    } catch let error as StatusError where error.reason == .notFound {
    }
  }
}
