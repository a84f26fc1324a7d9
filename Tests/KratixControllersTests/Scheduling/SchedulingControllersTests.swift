import APIServer
import Foundation
import KratixModel
import Kubernetes
import Logging
import Testing

@testable import KratixControllers
@testable import Sandbox

/// The controllers from a Work to files, on a real API server, with a directory and a Git repository as state stores:
/// the recorded scenario g-scheduling, step by step.
@Suite(.timeLimit(.minutes(1))) struct SchedulingControllersTests {
  private static let files = [
    "dns": Workload(filepath: "dns/record.yaml", bytes: Array("host: shop\n".utf8)),
    ".": Workload(filepath: "app.yaml", bytes: Array("replicas: 2\n".utf8)),
  ]

  private static func shop() -> KubernetesObject {
    var work = KubernetesObject(
      apiVersion: ResourceType.works.apiVersion, kind: "Work", name: "webapp-shop-instance-c421d", namespace: "default")
    work.labels = [KratixLabels.pipelineName: "instance", KratixLabels.promiseName: "webapp"]
    let groups = [("dns", "platform", "resource-workflow"), (".", "web", "promise")].map { directory, tier, source in
      WorkloadGroup(
        directory: directory,
        selectors: [WorkloadGroup.Selector(matchLabels: ["tier": tier], source: source)],
        workloads: [files[directory]].compactMap { $0 })
    }
    work.spec = ["promiseName": "webapp", "resourceName": "shop", "workloadGroups": .array(groups.map(\.json))]
    return work
  }

  private static let appPath = "worker-a/resources/default/webapp/shop/instance/5058f/app.yaml"
  private static let recordPath =
    "platform-cluster/.kratix/default-webapp-shop-instance-c421d.platform-cluster-b3bf6.yaml"

  @Test func aResourcesWork() async throws {
    try await SchedulingPlatform.run { platform in
      try await platform.makeDestination("worker-a", tier: "web")
      try await platform.makeDestination("platform-cluster", tier: "platform", git: true)
      let created = try await platform.api.create(.works, Self.shop())
      let app = "webapp-shop-instance-c421d.worker-a-5058f"
      let dns = "webapp-shop-instance-c421d.platform-cluster-b3bf6"
      for name in [app, dns] {
        let placement = try await platform.wait(.workPlacements, "default", name) { $0.hasCondition("Ready") }
        let recorded = try Recorded.object("g-scheduling/01-two-destinations.yaml", "WorkPlacement", name)
        #expect(placement.labels == recorded.labels)
        #expect(placement.finalizers == recorded.finalizers)
        #expect(states(placement) == states(recorded))
      }
      let work = try await platform.wait(.works, "default", created.name) { $0.hasCondition("Ready") }
      #expect(work[path: "status", "workPlacements"] == 2 && work[path: "status", "workPlacementsCreated"] == 2)
      #expect(try await platform.read(Self.appPath) == "replicas: 2\n")
      #expect(try await platform.read("platform-cluster/dns/record.yaml", git: true) == "host: shop\n")
      #expect(
        try await platform.read(Self.recordPath, git: true) == "files:\n- platform-cluster/dns/record.yaml\n")

      // The destination's label goes: misplaced, the files stay, and another destination gets nothing.
      try await platform.label("worker-a", tier: "old")
      let misplaced = try await platform.wait(.workPlacements, "default", app) {
        $0.condition("Ready")?.message == "Misplaced"
      }
      let recorded = try Recorded.object("g-scheduling/04-worker-a-no-longer-matches.yaml", "WorkPlacement", app)
      #expect(misplaced.labels == recorded.labels)
      #expect(states(misplaced) == states(recorded))
      _ = try await platform.wait(.works, "default", created.name) { $0.condition("Ready")?.message == "Misplaced" }
      try await platform.makeDestination("worker-b", tier: "web")
      #expect(try await platform.read(Self.appPath) == "replicas: 2\n")

      // A new run is written where the Work is, misplaced as it is.
      var changed = try await platform.api.get(.works, namespace: "default", name: created.name)
      changed[path: "spec", "workloadGroups"] = .array(
        Work(changed).groups.map { group in
          var group = group
          if group.directory == "." {
            group.workloads = [Workload(filepath: "app.yaml", bytes: Array("replicas: 3\n".utf8))]
          }
          return group.json
        })
      _ = try await platform.api.update(.works, changed)
      _ = try await platform.wait(.workPlacements, "default", app) { $0[path: "spec", "generation"] == 2 }
      try await platform.waitForFile(Self.appPath, "replicas: 3\n")
      #expect(
        try await platform.api.get(.workPlacements, namespace: "default", name: app).condition("Ready")?.message
          == "Misplaced")

      // It matches again: the label stays, and the Work is ready.
      try await platform.label("worker-a", tier: "web")
      _ = try await platform.wait(.works, "default", created.name) { $0.hasCondition("Ready") }
      #expect(
        WorkPlacement(try await platform.api.get(.workPlacements, namespace: "default", name: app)).isMisplaced)

      try await platform.api.delete(.works, namespace: "default", name: created.name, options: DeleteOptions())
      try await platform.waitUntilGone(.works, "default", created.name)
      #expect(try await platform.api.listAll(.workPlacements).items == [])
      #expect(try await platform.read(Self.appPath) == nil)
      #expect(try await platform.read(Self.recordPath, git: true) == nil)
      #expect(try await platform.read("platform-cluster/dns/record.yaml", git: true) == nil)
    }
  }

  /// Nothing matches: the Work waits, and is scheduled as soon as a destination gets the label.
  @Test func aWorkThatWaits() async throws {
    try await SchedulingPlatform.run { platform in
      try await platform.makeDestination("platform-cluster", tier: "platform")
      try await platform.makeDestination("worker-b", tier: "db")
      let work = try await platform.api.create(.works, Self.shop())
      let waiting = try await platform.wait(.works, "default", work.name) {
        $0.condition("Ready")?.reason == "UnscheduledWorkloads"
      }
      let recorded = try Recorded.object(
        "g-scheduling/07-new-request-unschedulable.yaml", "Work", "webapp-shop2-instance")
      #expect(states(waiting) == states(recorded))
      #expect(waiting[path: "status", "workPlacementsCreated"] == 1)
      try await platform.label("worker-b", tier: "web")
      let ready = try await platform.wait(.works, "default", work.name) { $0.hasCondition("Ready") }
      #expect(ready[path: "status", "workPlacementsCreated"] == 2)
    }
  }

  /// A promise's Work is wherever it matches; `cleanup: all` empties a destination's place when it is deleted.
  @Test func aPromisesWork() async throws {
    try await SchedulingPlatform.run { platform in
      try await platform.makeDestination("worker-a", tier: "web", cleanup: "all")
      var work = Self.shop()
      work.namespace = KratixNames.systemNamespace
      work.spec?["resourceName"] = nil
      work[path: "spec", "workloadGroups"] = .array(Work(work).groups.filter { $0.directory == "." }.map(\.json))
      let created = try await platform.api.create(.works, work)
      let path = "worker-a/dependencies/webapp/instance/5058f/app.yaml"
      try await platform.waitForFile(path, "replicas: 2\n")
      try await platform.makeDestination("worker-b", tier: "web")
      try await platform.waitForFile("worker-b/dependencies/webapp/instance/5058f/app.yaml", "replicas: 2\n")
      #expect(try await platform.read("worker-a/dependencies/kratix-canary-namespace.yaml") != nil)

      try await platform.api.delete(.destinations, namespace: nil, name: "worker-a", options: DeleteOptions())
      try await platform.waitUntilGone(.destinations, nil, "worker-a")
      #expect(try await platform.paths() == platform.paths().filter { $0.hasPrefix("worker-b/") })
      // The destination is gone, and with it its WorkPlacement; the other one stays.
      let left = try await platform.api.listAll(.workPlacements).items.map(\.name)
      #expect(left == ["\(created.name).worker-b-5058f"])
    }
  }

  /// Files that cannot be written: WorkPlacement and Work say so, and recover by themselves.
  @Test func aStoreThatCannotBeWritten() async throws {
    try await SchedulingPlatform.run { platform in
      try await platform.makeDestination("worker-a", tier: "web")
      try await platform.makeDestination("platform-cluster", tier: "platform")
      // A file is where the directory of the requests would be.
      try platform.block("worker-a/resources/default")
      let work = try await platform.api.create(.works, Self.shop())
      let name = "\(work.name).worker-a-5058f"
      let failed = try await platform.wait(.workPlacements, "default", name) {
        $0.hasCondition("WriteSucceeded", .false)
      }
      #expect(failed.condition("WriteSucceeded")?.reason == "WorkloadsFailedWrite")
      #expect(failed.condition("Ready")?.message == "Failing")
      let failing = try await platform.wait(.works, "default", work.name) {
        $0.condition("Ready")?.message == "Failing"
      }
      #expect(failing.condition("ScheduleSucceeded")?.message == "Workplacements failed to write: [\(name)]")
      try platform.unblock("worker-a/resources/default")
      _ = try await platform.wait(.workPlacements, "default", name) { $0.hasCondition("Ready") }
      _ = try await platform.wait(.works, "default", work.name) { $0.hasCondition("Ready") }
    }
  }

  /// State stores and destinations say what they lack, and are ready when it is there.
  @Test func readiness() async throws {
    try await SchedulingPlatform.run { platform in
      var store = KubernetesObject(
        apiVersion: ResourceType.gitStateStores.apiVersion, kind: "GitStateStore", name: "other")
      store.spec = ["url": .string(platform.repository.path), "secretRef": ["name": "git", "namespace": "default"]]
      _ = try await platform.api.create(.gitStateStores, store)
      var destination = KubernetesObject(
        apiVersion: ResourceType.destinations.apiVersion, kind: "Destination", name: "d")
      destination.spec = ["path": "d", "stateStoreRef": ["kind": "GitStateStore", "name": "other"]]
      _ = try await platform.api.create(.destinations, destination)
      let lacking = try await platform.wait(.gitStateStores, nil, "other") {
        $0[path: "status", "status"] == "NotReady"
      }
      #expect(lacking.condition("Ready")?.reason == "SecretNotFound")
      #expect(lacking.condition("Ready")?.message == "Secret git not found in namespace default")
      let notReady = try await platform.wait(.destinations, nil, "d") {
        $0.condition("Ready")?.reason == "StateStoreNotReady"
      }
      #expect(
        notReady.condition("Ready")?.message == "GitStateStore/other: Secret git not found in namespace default")
      var secret = KubernetesObject(apiVersion: "v1", kind: "Secret", name: "git", namespace: "default")
      secret["stringData"] = ["username": "u", "password": "p"]
      _ = try await platform.api.create(.secrets, secret)
      let ready = try await platform.wait(.gitStateStores, nil, "other") { $0[path: "status", "status"] == "Ready" }
      #expect(states(ready) == states(try Recorded.object("a-install/01-destination.yaml", "GitStateStore")))
      let shown = try await platform.wait(.destinations, nil, "d") { $0.hasCondition("Ready") }
      #expect(states(shown) == states(try Recorded.object("a-install/01-destination.yaml", "Destination")))
    }
  }

  /// Type, status, reason and message of each condition.
  private func states(_ object: KubernetesObject) -> Set<[String]> {
    Set(object.conditions.map { [$0.type, $0.status.rawValue, $0.reason, $0.message] })
  }
}

/// The scheduling controllers on an API server, with a state store of each kind.
struct SchedulingPlatform: Sendable {
  let api: LocalAPI
  let catalog: StateStoreCatalog
  let directory: URL
  var repository: URL { directory.appending(path: "repository.git") }

  static func run(_ body: @Sendable @escaping (SchedulingPlatform) async throws -> Void) async throws {
    try await withTemporaryDirectory { directory in
      let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
      let server = try APIServer(configuration: APIServer.Configuration(stateDirectory: nil, logger: logger))
      try await server.start()
      let api = server.api(as: .administrator)
      let factory = StateStoreFactory(directory: directory.appending(path: "clones"), minimumFetchInterval: .zero)
      let catalog = StateStoreCatalog(api: api) { (store, secret) throws(StateStoreAccessError) in
        try factory.make(store, secret)
      }
      let platform = SchedulingPlatform(api: api, catalog: catalog, directory: directory)
      try await platform.prepare()
      let controllers = SchedulingControllers.all(
        api: api, pace: .fast, events: EventRecorder(api: api, logger: logger), stateStores: catalog)
      let result = await withTaskGroup(of: Result<Void, any Error>?.self) { group in
        for controller in controllers {
          group.addTask {
            await controller.run(api: api, pace: .fast, logger: logger)
            return nil
          }
        }
        group.addTask {
          do {
            return .success(try await body(platform))
          } catch {
            return .failure(error)
          }
        }
        defer { group.cancelAll() }
        for await result in group { if let result { return result } }
        return .failure(CancellationError())
      }
      await server.stop()
      try result.get()
    }
  }

  private func prepare() async throws {
    try await GitStateStore.makeBareRepository(at: repository)
    for definition in KratixDefinitions.all { _ = try await api.create(.customResourceDefinitions, definition) }
    _ = try await api.create(
      .namespaces, KubernetesObject(apiVersion: "v1", kind: "Namespace", name: KratixNames.systemNamespace))
    var bucket = KubernetesObject(
      apiVersion: ResourceType.bucketStateStores.apiVersion, kind: "BucketStateStore", name: "default")
    bucket.spec = ["bucketName": "kratix", "endpoint": .string(directory.absoluteString), "authMethod": "IAM"]
    _ = try await api.create(.bucketStateStores, bucket)
    var git = KubernetesObject(
      apiVersion: ResourceType.gitStateStores.apiVersion, kind: "GitStateStore", name: "default")
    git.spec = ["url": .string(repository.path)]
    _ = try await api.create(.gitStateStores, git)
  }

  /// Made, and ready.
  func makeDestination(_ name: String, tier: String, git: Bool = false, cleanup: String = "none") async throws {
    var destination = KubernetesObject(
      apiVersion: ResourceType.destinations.apiVersion, kind: "Destination", name: name)
    destination.labels = ["tier": tier]
    destination.spec = [
      "path": .string(name), "cleanup": .string(cleanup),
      "stateStoreRef": ["kind": git ? "GitStateStore" : "BucketStateStore", "name": "default"],
      "filepath": ["mode": git ? "none" : "nestedByMetadata"],
    ]
    _ = try await api.create(.destinations, destination)
    _ = try await wait(.destinations, nil, name) { $0.hasCondition("Ready") }
  }

  func label(_ destination: String, tier: String) async throws {
    _ = try await api.patch(
      .destinations, namespace: nil, name: destination, .merge(["metadata": ["labels": ["tier": .string(tier)]]]))
  }

  private func reference(git: Bool) -> StateStoreReference {
    StateStoreReference(kind: git ? "GitStateStore" : "BucketStateStore", name: "default")
  }

  func read(_ path: String, git: Bool = false) async throws -> String? {
    try await catalog.writer(for: reference(git: git)).read(path).map { String(decoding: $0, as: UTF8.self) }
  }

  func paths() async throws -> [String] {
    try await catalog.writer(for: reference(git: false)).files(under: "").map(\.path)
  }

  func waitForFile(_ path: String, _ text: String) async throws {
    let changes = catalog.changes(of: reference(git: false))
    if try await read(path) == text { return }
    for await _ in changes where try await read(path) == text { return }
    throw CancellationError()
  }

  func block(_ path: String) throws {
    let file = directory.appending(path: "kratix/\(path)")
    try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data().write(to: file)
  }

  func unblock(_ path: String) throws {
    try FileManager.default.removeItem(at: directory.appending(path: "kratix/\(path)"))
  }

  func wait(
    _ type: ResourceType, _ namespace: String?, _ name: String, until: (KubernetesObject) -> Bool
  ) async throws -> KubernetesObject {
    for try await event in api.observe(type, namespace: namespace, fieldSelector: "metadata.name=\(name)") {
      switch event {
      case .snapshot(let objects): if let found = objects.first(where: until) { return found }
      case .added(let found), .modified(let found): if until(found) { return found }
      case .deleted: break
      }
    }
    throw CancellationError()
  }

  func waitUntilGone(_ type: ResourceType, _ namespace: String?, _ name: String) async throws {
    for try await event in api.observe(type, namespace: namespace, fieldSelector: "metadata.name=\(name)") {
      switch event {
      case .snapshot(let objects): if objects.isEmpty { return }
      case .deleted: return
      case .added, .modified: break
      }
    }
  }
}
