import KratixModel
import Kubernetes
import Synchronization
import Testing
import WorkflowRunner

@testable import FleetUpgrade

/// Serves lists that the test says, remembers every verb, and refuses what it is told to.
final class RecordingAPI: KubernetesAPI {
  private let objects: [ResourceType: [KubernetesObject]]
  private let forbidden: @Sendable (ResourceType, _ name: String?) -> Bool
  private let log = Mutex<[String]>([])
  /// What a write is refused with; nil for one that is taken.
  private let refusal: @Sendable (ResourceType, JSON) -> StatusError?

  init(
    _ objects: [ResourceType: [KubernetesObject]],
    forbidden: @escaping @Sendable (ResourceType, String?) -> Bool = { _, _ in false },
    refusal: @escaping @Sendable (ResourceType, JSON) -> StatusError? = { _, _ in nil }
  ) {
    self.refusal = refusal
    self.objects = objects
    self.forbidden = forbidden
  }

  var verbs: Set<String> { Set(log.withLock { $0 }) }
  var requests: Int { log.withLock { $0.count } }

  private func note(_ verb: String, _ type: ResourceType, _ name: String? = nil) throws {
    log.withLock { $0.append(verb) }
    if forbidden(type, name) {
      throw StatusError(
        code: 403, reason: .forbidden,
        message: "\(type.qualifiedResource)\(name.map { " \"\($0)\"" } ?? "") is forbidden: User \"ann\" cannot \(verb)"
      )
    }
  }

  func get(_ type: ResourceType, namespace: String?, name: String) async throws -> KubernetesObject {
    try note("get", type, name)
    guard
      let object = objects[type]?.first(where: { $0.name == name && (namespace == nil || $0.namespace == namespace) })
    else { throw StatusError(code: 404, reason: .notFound, message: "\(name) not found") }
    return object
  }

  /// Pages as a server has them.
  func list(_ type: ResourceType, namespace: String?, options: ListOptions) async throws -> ObjectList {
    try note("list", type)
    let selector = try LabelSelector(parsing: options.labelSelector)
    let all = (objects[type] ?? []).filter {
      (namespace == nil || $0.namespace == namespace) && selector.matches($0.labels)
    }
    let start = options.continueToken.flatMap { Int($0) } ?? 0
    let end = min(all.count, start + (options.limit ?? all.count))
    return ObjectList(
      items: Array(all[start..<end]), resourceVersion: "1", continueToken: end < all.count ? String(end) : nil)
  }

  func watch(
    _ type: ResourceType, namespace: String?, options: WatchOptions
  ) async throws -> AsyncThrowingStream<WatchEvent, any Error> {
    try note("watch", type)
    return AsyncThrowingStream { $0.finish() }
  }

  func create(
    _ type: ResourceType, _ object: KubernetesObject, options: WriteOptions
  ) async throws -> KubernetesObject {
    try note(options.isDryRun ? "dry-run create" : "create", type)
    if let error = refusal(type, object.json) { throw error }
    return object
  }

  func update(
    _ type: ResourceType, _ object: KubernetesObject, subresource: String?, options: WriteOptions
  ) async throws -> KubernetesObject {
    try note("update", type)
    return object
  }

  func patch(
    _ type: ResourceType, namespace: String?, name: String, _ patch: Patch, subresource: String?, options: WriteOptions
  ) async throws -> KubernetesObject {
    try note(options.isDryRun ? "dry-run patch" : "patch", type)
    if let error = refusal(type, patch.body) { throw error }
    return KubernetesObject(.emptyObject)
  }

  func delete(_ type: ResourceType, namespace: String?, name: String, options: DeleteOptions) async throws {
    try note("delete", type)
  }

  func deleteCollection(
    _ type: ResourceType, namespace: String?, selector: ListOptions, options: DeleteOptions
  ) async throws { try note("deletecollection", type) }

  func resourceType(for kind: GroupVersionKind) async throws -> ResourceType? { nil }

  func podLog(namespace: String, pod: String, container: String?) async throws -> String { "" }
}

@Suite struct FleetReaderTests {
  private static let dbs = ResourceType(
    group: "example.com", version: "v1", plural: "dbs", kind: "DB", isNamespaced: true)
  private let live: Promise
  private let objects: [ResourceType: [KubernetesObject]]

  init() throws {
    live = try Fixtures.promise(image: "old:1", version: "v1")
    let fleet = Fixtures.fleet(live, (0..<1200).map { "r\($0)" })
    objects = [
      .promises: [live.object],
      .promiseRevisions: [Fixtures.revision(of: live, isLatest: true)].map { revision in
        var object = revision.object
        object.labels = [KratixLabels.promiseName: "db"]
        return object
      },
      .destinations: fleet.destinations.map(\.object), Self.dbs: fleet.members.map(\.resource.object),
      .resourceBindings: fleet.members.compactMap { member in
        var object = member.binding?.object
        object?.labels = [KratixLabels.promiseName: "db"]
        return object
      },
      .works: fleet.members.flatMap(\.works).map(\.object),
    ]
  }

  /// Whoever previews must not need, nor use, the right to write or to watch.
  @Test func onlyGetAndListReachTheAPI() async throws {
    let api = RecordingAPI(objects)
    let fleet = try await FleetReader(api: api).fleet(of: "db")
    #expect(fleet.members.count == 1200 && fleet.gaps.isEmpty)
    #expect(fleet.members.allSatisfy { $0.binding != nil && $0.works.count == 1 })
    #expect(api.verbs.isSubset(of: ["get", "list"]))
    // And the second look, by which movement is seen.
    _ = try await FleetReader(api: api).fleet(of: "db", depth: .identity)
    #expect(api.verbs.isSubset(of: ["get", "list"]))
  }

  @Test(arguments: [
    (ResourceType.works, "the works cannot be read: works.platform.kratix.io is forbidden: User \"ann\" cannot list"),
    (.resourceBindings, "the bindings cannot be read: "), (.destinations, "the destinations cannot be read: "),
    (.workPlacements, "the work placements cannot be read: "),
    (.promiseRevisions, "the revisions of the Promise cannot be read: "),
    (Self.dbs, "the resources cannot be read: dbs.example.com is forbidden"),
  ])
  func whatMayNotBeReadIsNamed(type: ResourceType, text: String) async throws {
    let api = RecordingAPI(objects) { asked, _ in asked == type }
    let fleet = try await FleetReader(api: api).fleet(of: "db")
    #expect(fleet.gaps.count == 1)
    #expect(fleet.gaps.first?.description.hasPrefix(text) == true)
    let plan = UpgradePlan(
      candidate: live, fleet: fleet, findings: [],
      resources: fleet.members.map { ResourcePlan(member: $0, verdict: .unchanged, reason: "") })
    #expect(plan.unknowns.contains { $0.hasPrefix(text) })
  }

  @Test func oneResourceThatMayNotBeReadIsNamed() async throws {
    let api = RecordingAPI(objects) { type, name in type == Self.dbs && name != "r7" }
    let selection = FleetSelection(resources: ["default/r7", "default/r8"])
    let fleet = try await FleetReader(api: api).fleet(of: "db", selection: selection)
    #expect(fleet.members.map(\.resource.name) == ["r7"])
    #expect(fleet.gaps.count == 1)
    #expect(
      fleet.gaps.first?.description
        == "the resources cannot be read: default/r8: dbs.example.com \"r8\" is forbidden: User \"ann\" cannot get")
  }

  /// Pipelines see who wrote which field (contract, section 5.5), although a fleet in memory does without.
  @Test func pipelinesSeeTheObjectWhole() async throws {
    var objects = objects
    let managers: JSON = [
      [
        "manager": "kubectl", "operation": "Update", "apiVersion": "example.com/v1",
        "fieldsV1": ["f:spec": ["f:size": [:]]],
      ]
    ]
    objects[Self.dbs]?[0].metadata["managedFields"] = managers
    let first = try #require(objects[Self.dbs]?[0])
    let fleet = try await FleetReader(api: RecordingAPI(objects)).fleet(of: "db")
    let member = try #require(fleet.members.first { $0.resource.name == first.name })
    #expect(member.resource.object.metadata["managedFields"] == nil)
    #expect(member.unpacked.resource.object == first)
    // One that had none has none.
    #expect(fleet.members.last?.unpacked.resource.object.metadata["managedFields"] == nil)
  }

  /// Whoever may only get a resource is told all the same since when it has moved.
  @Test func aResourceThatIsGotByNameSaysWhoWroteItLast() async throws {
    var objects = objects
    let managers: JSON = [["time": "2026-11-22T22:00:00Z", "fieldsV1": ["f:spec": [:]]]]
    let index = try #require(objects[Self.dbs]?.firstIndex { $0.name == "r7" })
    objects[Self.dbs]?[index].metadata["managedFields"] = managers
    let fleet = try await FleetReader(api: RecordingAPI(objects) { type, name in type == Self.dbs && name != "r7" })
      .fleet(
        of: "db", selection: FleetSelection(resources: ["default/r7"]), depth: .identity)
    #expect(fleet.members.first?.resource.object.metadata["managedFields"] == managers)
  }

  /// What another Promise has is known for requirements, and is none of this fleet's versions.
  @Test func revisionsOfOthersAreKnownApart() async throws {
    var other = Fixtures.revision(of: live, isLatest: true).object
    other.name = "other"
    other.labels = [KratixLabels.promiseName: "other"]
    var objects = objects
    objects[.promiseRevisions]?.append(other)
    let fleet = try await FleetReader(api: RecordingAPI(objects)).fleet(
      of: "db", selection: FleetSelection(namespace: "x"))
    #expect(fleet.revisions.count == 1 && fleet.installedRevisions.count == 2 && fleet.isSelection)
    #expect(fleet.installedRevisions.last?.promiseSpec == .emptyObject && fleet.revisions[0].promiseSpec == live.spec)
  }

  /// A Work that does not decompress: named, and the plan is incomplete.
  @Test func aWorkThatDoesNotDecompress() async throws {
    var objects = objects
    objects[.works]?[0].json.set(
      [["id": "5058f", "directory": ".", "workloads": [["filepath": "out.yaml", "content": "bm90IGd6aXA="]]]],
      at: ["spec", "workloadGroups"])
    let fleet = try await FleetReader(api: RecordingAPI(objects)).fleet(
      of: "db", selection: FleetSelection(resources: ["default/r0"]))
    let engine = ScriptedEngine(scripts: [
      "old:1": { (object) throws(WorkflowFailure) in ScriptedEngine.configMap(object, value: "x") }
    ])
    let plans = try await Planner(engine: engine, options: PlanOptions(parallelism: 1))
      .resourcePlans(candidate: live, fleet: fleet)
    #expect(plans.map(\.verdict) == [.skipped])
    #expect(plans[0].unknown?.hasPrefix("Work default/db-r0-configure-12345, file out.yaml: its content is ") == true)
  }

  @Test func aPromiseThatMayOnlyBeGotten() async throws {
    let api = RecordingAPI(objects) { type, name in type == .promises && name == nil }
    let fleet = try await FleetReader(api: api).fleet(of: "db")
    #expect(fleet.promise?.name == "db" && fleet.members.count == 1200)
    #expect(fleet.gaps.map(\.source) == [.promises])
  }
}
