import Foundation
import Kubernetes
import Testing

@testable import APIServer

@Suite struct ObjectStoreTests {
  private func object(_ name: String, uid: String = UUID().uuidString, owners: [String] = []) -> KubernetesObject {
    var object = Fixtures.configMap(name)
    object.uid = uid
    object.ownerReferences = owners.map { OwnerReference(apiVersion: "v1", kind: "ConfigMap", name: "o", uid: $0) }
    return object
  }

  private func id(_ name: String, _ namespace: String = "default") -> ObjectID {
    ObjectID(collection: "configmaps", namespace: namespace, name: name)
  }

  @Test func versionsGrowAcrossCollectionsAndConflictsAreSeen() throws {
    let store = try ObjectStore(path: nil)
    let first = try store.create(id("a"), object("a"))
    let other = try store.create(ObjectID(collection: "secrets", key: "default/s"), object("s"))
    #expect(other.version == first.version + 1)
    let second = try store.update(id("a"), first.object, expecting: first.version)
    #expect(second.version == other.version + 1)
    #expect(second.object.resourceVersion == String(second.version))
    #expect(throws: StoreError.conflict) { try store.update(id("a"), first.object, expecting: first.version) }
    #expect(throws: StoreError.exists) { try store.create(id("a"), object("a")) }
    #expect(throws: StoreError.missing) { try store.delete(id("b"), expecting: 1) }
  }

  @Test func everythingAcknowledgedIsThereAgain() throws {
    let directory = FileManager.default.temporaryDirectory.appending(path: "store-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: directory) }
    let path = directory.appending(path: "objects.sqlite").path
    // The first store is neither closed nor checkpointed, as after a kill -9.
    let first = try ObjectStore(path: path)
    for index in 0..<50 { _ = try first.create(id("c\(index)"), object("c\(index)")) }
    let changed = try first.update(id("c7"), object("c7", owners: ["u"]), expecting: first.get(id("c7"))!.version)
    let deleted = try first.delete(id("c8"), expecting: first.get(id("c8"))!.version)

    let second = try ObjectStore(path: path)
    #expect(second.version == deleted.version)
    #expect(second.snapshot("configmaps").objects.count == 49)
    #expect(second.get(id("c8")) == nil)
    #expect(second.get(id("c7"))?.bytes == changed.bytes)
    #expect(second.dependents(ofUID: "u") == [id("c7")])
    #expect(try second.create(id("new"), object("new")).version == deleted.version + 1)
    // What happened before this process cannot be watched any more.
    #expect(second.events("configmaps", after: deleted.version - 1) == nil)
    #expect(second.events("configmaps", after: deleted.version)?.events.count == 1)
  }

  @Test func listsAreInKeyOrderAndByNamespace() throws {
    let store = try ObjectStore(path: nil)
    var names: [(String, String)] = []
    for namespace in ["b", "a", "a-b", "ab"] { for name in ["z", "m", "a"] { names.append((namespace, name)) } }
    for (namespace, name) in names.shuffled() { _ = try store.create(id(name, namespace), object(name)) }
    let keys = store.snapshot("configmaps").objects.map(\.key)
    #expect(keys == keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) })
    #expect(store.snapshot("configmaps", prefix: "a/").objects.map(\.key) == ["a/a", "a/m", "a/z"])
    #expect(store.snapshot("configmaps", prefix: "ab/").objects.map(\.key) == ["ab/a", "ab/m", "ab/z"])
    #expect(store.snapshot("configmaps", prefix: "c/").objects.isEmpty)
  }

  @Test func aKeptSnapshotDoesNotChange() throws {
    let store = try ObjectStore(path: nil)
    for name in ["a", "b", "c"] { _ = try store.create(id(name), object(name)) }
    let snapshot = store.snapshot("configmaps")
    store.keep(snapshot, of: "configmaps", prefix: "")
    _ = try store.delete(id("b"), expecting: store.get(id("b"))!.version)
    let again = try #require(store.snapshot("configmaps", prefix: "", at: snapshot.version))
    #expect(again.objects.map(\.key) == ["default/a", "default/b", "default/c"])
    #expect(store.snapshot("configmaps", prefix: "", at: snapshot.version - 1) == nil)
  }

  @Test func aReaderThatIsTooLateIsTold() async throws {
    let store = try ObjectStore(path: nil)
    let watch = WatchSubscription(store: store, collection: "configmaps", after: store.version)
    for index in 0...CollectionState.maximumEvents {
      _ = try store.create(id("c\(index)"), object("c\(index)"))
    }
    let error = await statusError { _ = try await watch.next() }
    #expect(error?.code == 410)
    #expect(error?.reason == .expired)
  }

  /// Whatever order things happen in, a watch tells every change once and in order.
  @Test func aWatchLosesAndRepeatsNothing() async throws {
    let store = try ObjectStore(path: nil)
    let count = 2_000
    let start = store.version
    let watch = WatchSubscription(store: store, collection: "configmaps", after: start)
    let writer = Task {
      for index in 0..<count {
        _ = try store.create(id("c\(index)"), object("c\(index)"))
        _ = try store.create(ObjectID(collection: "secrets", key: "default/\(index)"), object("s"))
      }
    }
    var versions: [UInt64] = []
    while versions.count < count {
      let batch = try #require(try await watch.next())
      versions += batch.events.map(\.version)
    }
    try await writer.value
    #expect(versions == (0..<count).map { start + 1 + UInt64($0) * 2 })
  }
}
