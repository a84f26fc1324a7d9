import APIServer
import Foundation
import KratixControllers
import KratixModel
import Kubernetes
import Logging
import Synchronization
import Testing

@testable import Sandbox

/// The sync between a state store and a real API server: one server is platform and worker at once, each test's
/// destination is a directory of its own.
@Suite(.timeLimit(.minutes(1))) struct GitOpsTests {
  private static func configMap(_ name: String, _ value: String = "1", namespace: String? = nil) -> String {
    "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: \(name)\n"
      + (namespace.map { "  namespace: \($0)\n" } ?? "") + "data:\n  value: \"\(value)\"\n"
  }

  private static func thing(_ name: String) -> String {
    "apiVersion: demo.example.com/v1\nkind: Widget\nmetadata:\n  name: \(name)\nspec:\n  size: 3\n"
  }

  private static let widgets = ResourceType(
    group: "demo.example.com", version: "v1", plural: "widgets", kind: "Widget", isNamespaced: true)

  private static func definition(plural: String = "widgets") -> String {
    """
    apiVersion: apiextensions.k8s.io/v1
    kind: CustomResourceDefinition
    metadata:
      creationTimestamp: null
      name: \(plural).demo.example.com
    spec:
      group: demo.example.com
      scope: Namespaced
      names: {kind: Widget, plural: \(plural)}
      versions:
      - name: v1
        served: true
        storage: true
        schema:
          openAPIV3Schema:
            type: object
            properties:
              spec:
                type: object
                properties:
                  size: {type: integer}
    """
  }

  @Test func appliesUpdatesAndPrunes() async throws {
    try await SyncedCluster.run { cluster in
      try await cluster.write([
        "resources/a.yaml": Self.configMap("a"), "resources/b.yaml": Self.configMap("b", namespace: "made"),
        "dependencies/ns.yaml": "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: made\n",
      ])
      let a = try await cluster.wait(.configMaps, "default", "a") { _ in true }
      let b = try await cluster.wait(.configMaps, "made", "b") { _ in true }

      try await cluster.write(["resources/a.yaml": Self.configMap("a", "2")])
      let changed = try await cluster.wait(.configMaps, "default", "a") { $0[path: "data", "value"] == "2" }
      #expect(changed.uid == a.uid)
      // What did not change is not written again.
      try await cluster.settle()
      let untouched = try await cluster.api.get(.configMaps, namespace: "made", name: "b")
      #expect(untouched.resourceVersion == b.resourceVersion)

      try await cluster.write([:], removals: ["resources/a.yaml"])
      try await cluster.waitUntilGone(.configMaps, "default", "a")
      #expect(try await cluster.api.find(.configMaps, namespace: "made", name: "b") != nil)
    }
  }

  /// The next process knows what was applied: nothing is written again, and what went meanwhile is deleted.
  @Test func anotherProcess() async throws {
    try await SyncedCluster.run { cluster in
      try await cluster.write(["a.yaml": Self.configMap("a"), "b.yaml": Self.configMap("b")])
      let a = try await cluster.wait(.configMaps, "default", "a") { _ in true }
      _ = try await cluster.wait(.configMaps, "default", "b") { _ in true }
      try await cluster.settle()
      await cluster.stopSync()
      try await cluster.write([:], removals: ["b.yaml"])
      cluster.startSync()
      try await cluster.waitUntilGone(.configMaps, "default", "b")
      let again = try await cluster.api.get(.configMaps, namespace: "default", name: "a")
      #expect(again.resourceVersion == a.resourceVersion)
    }
  }

  /// A file that cannot be read is told of; the others are applied, and what it held before stays.
  @Test func brokenFiles() async throws {
    try await SyncedCluster.run { cluster in
      try await cluster.write(["a.yaml": Self.configMap("a")])
      _ = try await cluster.wait(.configMaps, "default", "a") { _ in true }
      try await cluster.write(["a.yaml": "a: [", "b.yaml": Self.configMap("b")])
      _ = try await cluster.wait(.configMaps, "default", "b") { _ in true }
      let event = try await cluster.waitForEvent("ApplyFailed")
      #expect(event["note"]?.stringValue?.hasPrefix("worker-1/a.yaml: not valid YAML: line") == true)
      #expect(try await cluster.api.find(.configMaps, namespace: "default", name: "a") != nil)
    }
  }

  /// One object that is refused does not keep the others back, and comes when it can.
  @Test func refusedObjects() async throws {
    try await SyncedCluster.run { cluster in
      try await cluster.write([
        "a.yaml": Self.configMap("a", namespace: "not-there"), "b.yaml": Self.configMap("b"),
      ])
      _ = try await cluster.wait(.configMaps, "default", "b") { _ in true }
      _ = try await cluster.waitForEvent("ApplyFailed")
      _ = try await cluster.api.create(
        .namespaces, KubernetesObject(apiVersion: "v1", kind: "Namespace", name: "not-there"))
      _ = try await cluster.wait(.configMaps, "not-there", "a") { _ in true }
    }
  }

  /// A kind comes from the same store, in whatever order the files are.
  @Test func definitionsFromTheStore() async throws {
    try await SyncedCluster.run { cluster in
      try await cluster.write(["resources/a.yaml": Self.thing("a"), "dependencies/z.yaml": Self.definition()])
      let object = try await cluster.wait(Self.widgets, "default", "a") { _ in true }
      #expect(object[path: "spec", "size"] == 3)
    }
  }

  /// A kind that nobody defines is stored as it is; the author's definition takes over when it comes, also under another
  /// plural.
  @Test(arguments: ["widgets", "widgetry"])
  func generatedDefinitions(plural: String) async throws {
    try await SyncedCluster.run { cluster in
      try await cluster.write(["resources/a.yaml": Self.thing("a")])
      _ = try await cluster.wait(Self.widgets, "default", "a") { $0[path: "spec", "size"] == 3 }
      try await cluster.write(["dependencies/crd.yaml": Self.definition(plural: plural)])
      let real = try await cluster.wait(.customResourceDefinitions, nil, "\(plural).demo.example.com") {
        $0.labels[GeneratedDefinition.label] == nil && $0.hasCondition("Established")
      }
      #expect(real[path: "spec", "versions"]?[0]?[path: "schema", "openAPIV3Schema", "properties"] != nil)
      var type = Self.widgets
      type.plural = plural
      _ = try await cluster.wait(type, "default", "a") { $0[path: "spec", "size"] == 3 && !$0.isBeingDeleted }
    }
  }

  /// On the platform an unknown kind is waited for: its Promise may come.
  @Test func unknownKindsOfThePlatform() async throws {
    try await SyncedCluster.run(definesUnknownKinds: false) { cluster in
      try await cluster.write(["a.yaml": Self.thing("a")])
      _ = try await cluster.waitForEvent("ApplyFailed")
      let definition = try YAML.parse(Self.definition())
      _ = try await cluster.api.create(.customResourceDefinitions, KubernetesObject(definition))
      _ = try await cluster.wait(Self.widgets, "default", "a") { _ in true }
    }
  }
}

/// An API server whose destination `worker-1` is synced to itself.
final class SyncedCluster: Sendable {
  let api: LocalAPI
  private let catalog: StateStoreCatalog
  private let definesUnknownKinds: Bool
  private let task = Mutex<Task<Void, Never>?>(nil)
  private static let store = StateStoreReference(kind: "BucketStateStore", name: "default")

  private init(server: APIServer, directory: URL, definesUnknownKinds: Bool) async throws {
    api = server.api(as: .administrator)
    self.definesUnknownKinds = definesUnknownKinds
    let factory = StateStoreFactory(directory: directory)
    catalog = StateStoreCatalog(api: api) { (store, secret) throws(StateStoreAccessError) in
      try factory.make(store, secret)
    }
    for definition in KratixDefinitions.all { _ = try await api.create(.customResourceDefinitions, definition) }
    var store = KubernetesObject(
      apiVersion: ResourceType.bucketStateStores.apiVersion, kind: "BucketStateStore", name: "default")
    store.spec = [
      "bucketName": "kratix", "endpoint": .string(directory.absoluteString),
      "authMethod": "IAM",
    ]
    _ = try await api.create(.bucketStateStores, store)
    var destination = KubernetesObject(
      apiVersion: ResourceType.destinations.apiVersion, kind: "Destination", name: "worker-1")
    destination.spec = ["path": "worker-1", "stateStoreRef": ["kind": "BucketStateStore", "name": "default"]]
    _ = try await api.create(.destinations, destination)
    startSync()
  }

  static func run(definesUnknownKinds: Bool = true, _ body: (SyncedCluster) async throws -> Void) async throws {
    let directory = FileManager.default.temporaryDirectory.appending(path: "gitops-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: directory) }
    let server = try APIServer(
      configuration: APIServer.Configuration(
        stateDirectory: nil, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }))
    try await server.start()
    let cluster = try await SyncedCluster(
      server: server, directory: directory, definesUnknownKinds: definesUnknownKinds)
    let result: Result<Void, any Error>
    do {
      result = .success(try await body(cluster))
    } catch {
      result = .failure(error)
    }
    await cluster.stopSync()
    await server.stop()
    try result.get()
  }

  func startSync() {
    let gitOps = GitOps(
      platform: api, stateStores: catalog,
      clusters: ["worker-1": GitOps.Cluster(api: api, definesUnknownKinds: definesUnknownKinds)],
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    task.withLock { $0 = Task { await gitOps.run() } }
  }

  func stopSync() async {
    let running = task.withLock { $0 }
    running?.cancel()
    await running?.value
  }

  /// Writes files of the destination.
  func write(_ files: [String: String], removals: [String] = []) async throws {
    let writer = try await catalog.writer(for: Self.store)
    _ = try await writer.apply(
      StateStoreChange(
        files: files.map { StateStoreFile(path: "worker-1/\($0.key)", text: $0.value) },
        removals: removals.map { "worker-1/\($0)" }, message: "test"))
  }

  /// Returns when everything written before has been applied: a pass applies in the order of the files.
  func settle() async throws {
    let name = "zz-\(UUID().uuidString.lowercased())"
    try await write(["zz/\(name).yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: \(name)\n"])
    _ = try await wait(.configMaps, "default", name) { _ in true }
    // The inventory is written at the end of a pass.
    let shard = Inventory.shard(
      of: Manifest.Identity(apiVersion: "v1", kind: "ConfigMap", namespace: "default", name: name))
    _ = try await wait(.configMaps, Inventory.namespace, "gitops-inventory-worker-1-\(shard)") {
      Inventory(configMaps: [$0]).entries.values.contains { $0.identity.name == name && !$0.hash.isEmpty }
    }
  }

  func wait(
    _ type: ResourceType, _ namespace: String?, _ name: String, until: (KubernetesObject) -> Bool
  ) async throws -> KubernetesObject {
    while true {
      do {
        for try await event in api.observe(type, namespace: namespace, fieldSelector: "metadata.name=\(name)") {
          switch event {
          case .snapshot(let objects): if let found = objects.first(where: until) { return found }
          case .added(let found), .modified(let found): if until(found) { return found }
          case .deleted: break
          }
        }
        throw CancellationError()
      } catch let error as StatusError where error.code == 404 {
        // The kind is not served yet: wait for its definition.
        for try await event in api.observe(.customResourceDefinitions) {
          if case .snapshot = event {
            if try await api.resourceType(for: type.groupVersionKind)?.plural == type.plural { break }
          } else if try await api.resourceType(for: type.groupVersionKind)?.plural == type.plural {
            break
          }
        }
      }
    }
  }

  func waitUntilGone(_ type: ResourceType, _ namespace: String, _ name: String) async throws {
    for try await event in api.observe(type, namespace: namespace, fieldSelector: "metadata.name=\(name)") {
      switch event {
      case .snapshot(let objects): if objects.isEmpty { return }
      case .deleted: return
      case .added, .modified: break
      }
    }
  }

  func waitForEvent(_ reason: String) async throws -> KubernetesObject {
    for try await event in api.observe(.events, namespace: "default") {
      switch event {
      case .snapshot(let objects):
        if let found = objects.first(where: { $0["reason"]?.stringValue == reason }) { return found }
      case .added(let found): if found["reason"]?.stringValue == reason { return found }
      case .modified, .deleted: break
      }
    }
    throw CancellationError()
  }
}
