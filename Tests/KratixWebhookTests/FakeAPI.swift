import Kubernetes
import Synchronization

/// A few objects in memory that can be listed, watched and written: what the webhook needs of an API server.
final class FakeAPI: KubernetesAPI {
  private struct Key: Hashable {
    var type: ResourceType
    var namespace: String
    var name: String
  }

  private struct State {
    var objects: [Key: KubernetesObject] = [:]
    /// Types that are not served: they answer 404.
    var unserved: Set<ResourceType> = []
    /// Types that may not be listed: they answer 403.
    var forbidden: Set<ResourceType> = []
    var watchers: [Int: (type: ResourceType, continuation: AsyncThrowingStream<WatchEvent, any Error>.Continuation)] =
      [:]
    var version = 1
    var lists = 0
    var patches: [(name: String, patch: Patch)] = []
  }

  private let state = Mutex(State())
  /// Everything that was patched, as it happens.
  let patched: AsyncStream<String>
  private let onPatch: AsyncStream<String>.Continuation

  init(
    _ objects: [(ResourceType, KubernetesObject)] = [], unserved: Set<ResourceType> = [],
    forbidden: Set<ResourceType> = []
  ) {
    (patched, onPatch) = AsyncStream<String>.makeStream()
    state.withLock { state in
      state.unserved = unserved
      state.forbidden = forbidden
    }
    for (type, object) in objects { put(type, object) }
  }

  /// How many lists were asked for.
  var lists: Int { state.withLock { $0.lists } }

  func put(_ type: ResourceType, _ object: KubernetesObject) {
    state.withLock { state in
      state.version += 1
      var object = object
      object.resourceVersion = "\(state.version)"
      let key = Key(type: type, namespace: object.namespace ?? "", name: object.name)
      let isNew = state.objects.updateValue(object, forKey: key) == nil
      for watcher in state.watchers.values where watcher.type == type {
        watcher.continuation.yield(isNew ? .added(object) : .modified(object))
      }
    }
  }

  func remove(_ type: ResourceType, namespace: String = "", name: String) {
    state.withLock { state in
      state.version += 1
      guard let object = state.objects.removeValue(forKey: Key(type: type, namespace: namespace, name: name)) else {
        return
      }
      for watcher in state.watchers.values where watcher.type == type { watcher.continuation.yield(.deleted(object)) }
    }
  }

  func serve(_ type: ResourceType) { _ = state.withLock { $0.unserved.remove(type) } }

  func get(_ type: ResourceType, namespace: String?, name: String) async throws -> KubernetesObject {
    let object = state.withLock { $0.objects[Key(type: type, namespace: namespace ?? "", name: name)] }
    guard let object else { throw StatusError.notFound(type, name) }
    return object
  }

  func list(_ type: ResourceType, namespace: String?, options: ListOptions) async throws -> ObjectList {
    try state.withLock { state in
      state.lists += 1
      guard !state.unserved.contains(type) else { throw StatusError.notFound(type, "") }
      guard !state.forbidden.contains(type) else { throw StatusError.forbidden(type, "", because: "not yours") }
      let items = state.objects.filter { key, object in
        key.type == type && (namespace == nil || key.namespace == namespace)
          && (options.fieldSelector.isEmpty || options.fieldSelector == "metadata.name=\(object.name)")
      }.values.sorted { $0.qualifiedName < $1.qualifiedName }
      return ObjectList(items: items, resourceVersion: "\(state.version)")
    }
  }

  func watch(
    _ type: ResourceType, namespace: String?, options: WatchOptions
  ) async throws -> AsyncThrowingStream<WatchEvent, any Error> {
    let (stream, continuation) = AsyncThrowingStream<WatchEvent, any Error>.makeStream()
    let since = Int(options.resourceVersion) ?? 0
    state.withLock { state in
      // What was written between the list and the watch.
      for (key, object) in state.objects where key.type == type && (Int(object.resourceVersion) ?? 0) > since {
        continuation.yield(.modified(object))
      }
      state.watchers[(state.watchers.keys.max() ?? 0) + 1] = (type, continuation)
    }
    return stream
  }

  func create(
    _ type: ResourceType, _ object: KubernetesObject, options: WriteOptions
  ) async throws -> KubernetesObject {
    let key = Key(type: type, namespace: object.namespace ?? "", name: object.name)
    if state.withLock({ $0.objects[key] != nil }) { throw StatusError.alreadyExists(type, object.name) }
    put(type, object)
    return try await get(type, namespace: object.namespace, name: object.name)
  }

  func update(
    _ type: ResourceType, _ object: KubernetesObject, subresource: String?, options: WriteOptions
  ) async throws -> KubernetesObject {
    let current = try await get(type, namespace: object.namespace, name: object.name)
    guard object.resourceVersion.isEmpty || object.resourceVersion == current.resourceVersion else {
      throw StatusError.modified(type, object.name)
    }
    put(type, object)
    return try await get(type, namespace: object.namespace, name: object.name)
  }

  func patch(
    _ type: ResourceType, namespace: String?, name: String, _ patch: Patch, subresource: String?,
    options: WriteOptions
  ) async throws -> KubernetesObject {
    var object = try await get(type, namespace: namespace, name: name)
    switch patch {
    case .json(let operations): object.json = try JSONPatch.apply(operations, to: object.json)
    case .merge(let body): object.json = MergePatch.apply(body, to: object.json)
    case .strategic, .apply: throw StatusError.badRequest("not here")
    }
    state.withLock { $0.patches.append((name, patch)) }
    put(type, object)
    onPatch.yield(name)
    return object
  }

  func delete(_ type: ResourceType, namespace: String?, name: String, options: DeleteOptions) async throws {
    remove(type, namespace: namespace ?? "", name: name)
  }

  func deleteCollection(
    _ type: ResourceType, namespace: String?, selector: ListOptions, options: DeleteOptions
  ) async throws {}

  func resourceType(for kind: GroupVersionKind) async throws -> ResourceType? { nil }
  func podLog(namespace: String, pod: String, container: String?) async throws -> String { "" }
}
