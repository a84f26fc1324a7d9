import Kubernetes
import Synchronization

/// All objects of a server: in memory, and in the journal before anybody hears of a change. One version counter orders
/// all changes, as etcd's revision does.
final class ObjectStore: Sendable {
  private struct State {
    var version: UInt64 = 1
    /// What a collection that is not there yet has forgotten: everything before this process.
    var startVersion: UInt64 = 1
    var collections: [String: CollectionState] = [:]
    var byUID: [String: ObjectID] = [:]
    var dependents: [String: Set<ObjectID>] = [:]
    var snapshots: [PageSnapshot] = []
    var nextWaiter = 0

    subscript(collection: String) -> CollectionState {
      get { collections[collection] ?? CollectionState(forgottenThrough: startVersion) }
      _modify { yield &collections[collection, default: CollectionState(forgottenThrough: startVersion)] }
    }
  }

  private struct PageSnapshot {
    var collection: String
    var prefix: String
    var snapshot: Snapshot
  }

  /// A consistent read of a collection.
  struct Snapshot: Sendable {
    var objects: ArraySlice<StoredObject>
    var version: UInt64
  }

  private let state = Mutex(State())
  private let journal: Journal

  /// - Parameter path: The database file; nil keeps everything in memory only.
  init(path: String?) throws {
    journal = try Journal(path: path)
    try state.withLock { state in
      let version = try journal.load { collection, object in
        state.collections[collection, default: CollectionState(forgottenThrough: 0)].load(object)
      }
      state.version = max(1, version)
      state.startVersion = state.version
      for name in state.collections.keys {
        var loaded = CollectionState(forgottenThrough: state.startVersion)
        for object in state.collections[name]?.sorted ?? [] {
          loaded.load(object)
          Self.index(&state, ObjectID(collection: name, key: object.key), object.object)
        }
        loaded.finishLoading()
        state.collections[name] = loaded
      }
    }
  }

  var version: UInt64 { state.withLock { $0.version } }

  func get(_ id: ObjectID) -> StoredObject? { state.withLock { $0.collections[id.collection]?.byKey[id.key] } }

  /// The objects of a namespace (prefix `namespace/`) or, with an empty prefix, of all.
  func snapshot(_ collection: String, prefix: String = "") -> Snapshot {
    state.withLock { Snapshot(objects: $0[collection].objects(withPrefix: prefix), version: $0.version) }
  }

  /// The names of the collections that hold something.
  var collections: [String] {
    state.withLock { state in state.collections.filter { !$0.value.byKey.isEmpty }.map(\.key) }
  }

  func find(uid: String) -> ObjectID? { state.withLock { $0.byUID[uid] } }

  /// Which objects name an owner in their ownerReferences.
  func dependents(ofUID uid: String) -> [ObjectID] { state.withLock { Array($0.dependents[uid] ?? []) } }

  /// The owners that objects name and that do not exist.
  var missingOwners: [String] { state.withLock { state in state.dependents.keys.filter { state.byUID[$0] == nil } } }

  /// - Throws: `StoreError`; a `StatusError` when the object is too large.
  func create(_ id: ObjectID, _ object: KubernetesObject) throws -> StoredObject {
    try state.withLock { state in
      guard state.collections[id.collection]?.byKey[id.key] == nil else { throw StoreError.exists }
      let stored = StoredObject(key: id.key, version: state.version + 1, object: object)
      try StoreLimits.check(stored, in: id.collection)
      try journal.put(id, stored)
      state.version += 1
      state[id.collection].insert(stored)
      Self.index(&state, id, stored.object)
      return stored
    }
  }

  /// - Throws: `StoreError`; a `StatusError` when the object is too large.
  func update(_ id: ObjectID, _ object: KubernetesObject, expecting version: UInt64) throws -> StoredObject {
    try state.withLock { state in
      guard let previous = state.collections[id.collection]?.byKey[id.key] else { throw StoreError.missing }
      guard previous.version == version else { throw StoreError.conflict }
      let stored = StoredObject(key: id.key, version: state.version + 1, object: object)
      try StoreLimits.check(stored, in: id.collection)
      try journal.put(id, stored)
      state.version += 1
      Self.unindex(&state, id, previous.object)
      state[id.collection].replace(previous, by: stored)
      Self.index(&state, id, stored.object)
      return stored
    }
  }

  /// Removes an object; gives its last state, at the version of the deletion.
  func delete(_ id: ObjectID, expecting version: UInt64) throws -> StoredObject {
    try state.withLock { state in
      guard let previous = state.collections[id.collection]?.byKey[id.key] else { throw StoreError.missing }
      guard previous.version == version else { throw StoreError.conflict }
      let lastState = StoredObject(key: id.key, version: state.version + 1, object: previous.object)
      try journal.remove(id, version: lastState.version)
      state.version += 1
      Self.unindex(&state, id, previous.object)
      state[id.collection].remove(previous, lastState: lastState)
      return lastState
    }
  }

  func close() throws { try journal.close() }

  private static func index(_ state: inout State, _ id: ObjectID, _ object: KubernetesObject) {
    state.byUID[object.uid] = id
    for owner in object.ownerReferences { state.dependents[owner.uid, default: []].insert(id) }
  }

  private static func unindex(_ state: inout State, _ id: ObjectID, _ object: KubernetesObject) {
    state.byUID[object.uid] = nil
    for owner in object.ownerReferences {
      state.dependents[owner.uid]?.remove(id)
      if state.dependents[owner.uid]?.isEmpty == true { state.dependents[owner.uid] = nil }
    }
  }
}

// Pages.
extension ObjectStore {
  /// How many lists in progress are kept; the oldest is forgotten first, as etcd compacts.
  private static let maximumSnapshots = 64

  /// Keeps a snapshot for the pages that follow.
  func keep(_ snapshot: Snapshot, of collection: String, prefix: String) {
    state.withLock { state in
      if state.snapshots.contains(where: {
        $0.collection == collection && $0.prefix == prefix && $0.snapshot.version == snapshot.version
      }) {
        return
      }
      state.snapshots.append(PageSnapshot(collection: collection, prefix: prefix, snapshot: snapshot))
      if state.snapshots.count > Self.maximumSnapshots { state.snapshots.removeFirst() }
    }
  }

  /// The snapshot at a version; nil when it is forgotten.
  func snapshot(_ collection: String, prefix: String, at version: UInt64) -> Snapshot? {
    state.withLock { state in
      if let kept = state.snapshots.first(where: {
        $0.collection == collection && $0.prefix == prefix && $0.snapshot.version == version
      }) {
        return kept.snapshot
      }
      // Nothing of this collection changed since: the present is that past.
      if version <= state.version, state[collection].events(after: version)?.isEmpty == true {
        return Snapshot(objects: state[collection].objects(withPrefix: prefix), version: version)
      }
      return nil
    }
  }
}

// Watches.
extension ObjectStore {
  /// What a watcher reads at once.
  struct Batch: Sendable {
    var events: [StoreEvent]
    /// Everything up to this version has been read.
    var version: UInt64
  }

  /// Registers somebody who wants to be woken by changes of a collection.
  func addWaiter(_ collection: String, _ waiter: AsyncStream<Void>.Continuation) -> Int {
    state.withLock { state in
      state.nextWaiter += 1
      state[collection].waiters[state.nextWaiter] = waiter
      return state.nextWaiter
    }
  }

  func removeWaiter(_ collection: String, _ number: Int) {
    state.withLock { state in _ = state[collection].waiters.removeValue(forKey: number) }
  }

  /// Wakes every reader of a collection, with nothing to read.
  func wake(_ collection: String) {
    state.withLock { state in for waiter in (state.collections[collection]?.waiters ?? [:]).values { waiter.yield() } }
  }

  /// The changes of a collection after a version; nil when some are forgotten.
  func events(_ collection: String, after version: UInt64) -> Batch? {
    state.withLock { state in
      guard let events = state[collection].events(after: version) else { return nil }
      return Batch(events: events, version: max(version, state.version))
    }
  }
}
