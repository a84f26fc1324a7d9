import Kubernetes
import KratixModel
import Synchronization

/// A state store by its kind and name.
public struct StateStoreReference: Sendable, Hashable, CustomStringConvertible {
  /// `BucketStateStore` or `GitStateStore`.
  public var kind: String
  public var name: String

  public init(kind: String, name: String) {
    self.kind = kind
    self.name = name
  }

  /// nil for a kind that is no state store.
  public var resourceType: ResourceType? {
    switch kind {
    case ResourceType.bucketStateStores.kind: .bucketStateStores
    case ResourceType.gitStateStores.kind: .gitStateStores
    default: nil
    }
  }

  public var description: String { "\(kind)/\(name)" }
}

/// Why a state store's files cannot be got at.
public enum StateStoreAccessError: Error, Sendable, Hashable, CustomStringConvertible {
  case notFound
  case secretNotFound(name: String, namespace: String)
  /// The store's spec or Secret does not say how to get there; the text says what is missing.
  case unusable(String)

  public var description: String {
    switch self {
    case .notFound: "not found"
    case .secretNotFound(let name, let namespace): "Secret \(name) not found in namespace \(namespace)"
    case .unusable(let why): why
    }
  }
}

/// The writers of the state stores, one for each, so that everybody writes and reads in the same order; and whom a write
/// wakes.
public final class StateStoreCatalog: Sendable {
  /// Makes the writer of a BucketStateStore or GitStateStore.
  public typealias Factory =
    @Sendable (_ store: KubernetesObject, _ secret: KubernetesObject?) throws(StateStoreAccessError)
    -> any StateStoreWriter

  private struct Known {
    /// What the writer was made from.
    var identity: [String]
    var writer: any StateStoreWriter
  }

  private struct State {
    var known: [StateStoreReference: Known] = [:]
    var listeners: [Int: (StateStoreReference, AsyncStream<Void>.Continuation)] = [:]
    var nextListener = 0
  }

  private let api: any KubernetesAPI
  private let make: Factory
  private let state = Mutex(State())

  public init(api: any KubernetesAPI, make: @escaping Factory) {
    self.api = api
    self.make = make
  }

  /// The writer of a state store as its object and its Secret are now.
  /// - Throws: `StateStoreAccessError`, or what the API throws.
  public func writer(for reference: StateStoreReference) async throws -> any StateStoreWriter {
    guard let type = reference.resourceType,
      let store = try await api.find(type, namespace: nil, name: reference.name)
    else { throw StateStoreAccessError.notFound }
    return try await writer(of: store)
  }

  func writer(of store: KubernetesObject) async throws -> any StateStoreWriter {
    let reference = StateStoreReference(kind: store.kind, name: store.name)
    var secret: KubernetesObject?
    if let key = Self.secretKey(of: store) {
      secret = try await api.find(.secrets, namespace: key.namespace, name: key.name)
      if secret == nil { throw StateStoreAccessError.secretNotFound(name: key.name, namespace: key.namespace ?? "") }
    }
    let identity = [store.uid, String(store.generation), secret?.uid ?? "", secret?.resourceVersion ?? ""]
    if let known = state.withLock({ $0.known[reference] }), known.identity == identity { return known.writer }
    let made = NotifyingWriter(try make(store, secret)) { [weak self] in self?.notify(reference) }
    return state.withLock { state in
      // Of two that were made at the same time, one is for all.
      if let known = state.known[reference], known.identity == identity { return known.writer }
      state.known[reference] = Known(identity: identity, writer: made)
      return made
    }
  }

  /// The Secret that a state store names; Kratix looks in namespace `default` when none is given.
  static func secretKey(of store: KubernetesObject) -> ObjectKey? {
    guard let name = store[path: "spec", "secretRef", "name"]?.stringValue, !name.isEmpty else { return nil }
    let namespace = store[path: "spec", "secretRef", "namespace"]?.stringValue ?? ""
    return ObjectKey(namespace: namespace.isEmpty ? "default" : namespace, name: name)
  }

  /// An element whenever a write has changed the store since the last element was taken.
  public func changes(of reference: StateStoreReference) -> AsyncStream<Void> {
    let (stream, continuation) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
    let id = state.withLock { state in
      state.nextListener += 1
      state.listeners[state.nextListener] = (reference, continuation)
      return state.nextListener
    }
    continuation.onTermination = { [weak self] _ in
      _ = self?.state.withLock { $0.listeners.removeValue(forKey: id) }
    }
    return stream
  }

  private func notify(_ reference: StateStoreReference) {
    let listeners = state.withLock { $0.listeners.values.filter { $0.0 == reference }.map(\.1) }
    for listener in listeners { listener.yield() }
  }
}

/// Tells of every write that changed something.
private struct NotifyingWriter: StateStoreWriter {
  let writer: any StateStoreWriter
  let notify: @Sendable () -> Void

  init(_ writer: any StateStoreWriter, notify: @escaping @Sendable () -> Void) {
    self.writer = writer
    self.notify = notify
  }

  func apply(_ change: StateStoreChange) async throws(StateStoreError) -> StateStoreOutcome {
    let outcome = try await writer.apply(change)
    if outcome.changed { notify() }
    return outcome
  }

  func read(_ path: String) async throws(StateStoreError) -> [UInt8]? { try await writer.read(path) }

  func files(under directory: String) async throws(StateStoreError) -> [StateStoreFile] {
    try await writer.files(under: directory)
  }

  func checkPermissions() async throws(StateStoreError) { try await writer.checkPermissions() }
}
