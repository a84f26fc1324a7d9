import Kubernetes
import Synchronization

/// One call of the Kubernetes API, as a client made it.
struct APICall: Sendable, Hashable, CustomStringConvertible {
  var verb: String
  var resource: String
  var namespace: String?
  var name: String?

  var isWatch: Bool { verb == "watch" }
  var description: String { "\(verb) \(resource)" + (name.map { "/\($0)" } ?? "") }
}

/// What happens to a call.
enum Interposition: Sendable {
  case passes
  /// It never reaches the server.
  case fails(any Error)
  /// The server does it, and its answer is lost.
  case isAnsweredWith(any Error)
}

/// A Kubernetes API whose calls are noted, and whose fate a test decides.
struct InterposedAPI: KubernetesAPI {
  let base: any KubernetesAPI
  private let decide: @Sendable (Int, APICall) -> Interposition
  private let ledger: Ledger

  private final class Ledger: Sendable {
    let calls = Mutex<[APICall]>([])
    let patches = Mutex<[(APICall, Patch)]>([])
  }

  /// - Parameter decide: what happens to a call; told its number, from 1, and what it is.
  init(_ base: any KubernetesAPI, decide: @escaping @Sendable (Int, APICall) -> Interposition = { _, _ in .passes }) {
    self.base = base
    self.decide = decide
    ledger = Ledger()
  }

  /// All calls so far.
  var calls: [APICall] { ledger.calls.withLock { $0 } }

  /// The patches that the server took.
  var patches: [(call: APICall, patch: Patch)] { ledger.patches.withLock { $0 } }

  private func send<Value>(
    _ verb: String, _ type: ResourceType, _ namespace: String?, _ name: String?, _ work: () async throws -> Value
  ) async throws -> Value {
    let call = APICall(verb: verb, resource: type.plural, namespace: namespace, name: name)
    let number = ledger.calls.withLock {
      $0.append(call)
      return $0.count
    }
    switch decide(number, call) {
    case .passes: return try await work()
    case .fails(let error): throw error
    case .isAnsweredWith(let error):
      _ = try await work()
      throw error
    }
  }

  func get(_ type: ResourceType, namespace: String?, name: String) async throws -> KubernetesObject {
    try await send("get", type, namespace, name) { try await base.get(type, namespace: namespace, name: name) }
  }

  func list(_ type: ResourceType, namespace: String?, options: ListOptions) async throws -> ObjectList {
    try await send("list", type, namespace, nil) { try await base.list(type, namespace: namespace, options: options) }
  }

  func watch(
    _ type: ResourceType, namespace: String?, options: WatchOptions
  ) async throws -> AsyncThrowingStream<WatchEvent, any Error> {
    try await send("watch", type, namespace, nil) {
      try await base.watch(type, namespace: namespace, options: options)
    }
  }

  func create(_ type: ResourceType, _ object: KubernetesObject, options: WriteOptions) async throws -> KubernetesObject
  {
    try await send("create", type, object.namespace, object.name) {
      try await base.create(type, object, options: options)
    }
  }

  func update(
    _ type: ResourceType, _ object: KubernetesObject, subresource: String?, options: WriteOptions
  ) async throws -> KubernetesObject {
    try await send("update", type, object.namespace, object.name) {
      try await base.update(type, object, subresource: subresource, options: options)
    }
  }

  func patch(
    _ type: ResourceType, namespace: String?, name: String, _ patch: Patch, subresource: String?, options: WriteOptions
  ) async throws -> KubernetesObject {
    try await send("patch", type, namespace, name) {
      let object = try await base.patch(
        type, namespace: namespace, name: name, patch, subresource: subresource, options: options)
      let call = APICall(verb: "patch", resource: type.plural, namespace: namespace, name: name)
      ledger.patches.withLock { $0.append((call, patch)) }
      return object
    }
  }

  func delete(_ type: ResourceType, namespace: String?, name: String, options: DeleteOptions) async throws {
    try await send("delete", type, namespace, name) {
      try await base.delete(type, namespace: namespace, name: name, options: options)
    }
  }

  func deleteCollection(
    _ type: ResourceType, namespace: String?, selector: ListOptions, options: DeleteOptions
  ) async throws {
    try await send("deletecollection", type, namespace, nil) {
      try await base.deleteCollection(type, namespace: namespace, selector: selector, options: options)
    }
  }

  func resourceType(for kind: GroupVersionKind) async throws -> ResourceType? {
    try await base.resourceType(for: kind)
  }

  func podLog(namespace: String, pod: String, container: String?) async throws -> String {
    try await send("get", .pods, namespace, pod) {
      try await base.podLog(namespace: namespace, pod: pod, container: container)
    }
  }
}
