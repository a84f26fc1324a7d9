import KratixModel
import Kubernetes
import Logging
import PromiseReview
import Testing

@testable import KratixWebhook

@Suite struct AnnotatorTests {
  private static let revision = CachedRevision(
    name: "thing-1", promise: "thing", version: "v1.0.0", isLatest: true, contentHash: "new",
    writtenAt: Timestamp.secondsSince1970("2026-06-01T00:00:00Z"))

  private let promise: Promise = {
    var object = KubernetesObject(apiVersion: ResourceType.promises.apiVersion, kind: "Promise", name: "thing")
    object.generation = 3
    object.status = ["observedGeneration": 3, "status": "Available"]
    return Promise(object)
  }()

  private func thing(
    _ name: String, created: String = "2026-01-01T00:00:00Z", hash: String? = "old", labels: [String: String] = [:],
    workflow: Condition.Status = .true, ran: String = "2026-05-01T00:00:00Z", version: String = "v1.0.0",
    revision: String = "thing-1"
  ) -> ResourceRequest {
    var object = KubernetesObject(apiVersion: "t/v1", kind: "Thing", name: name, namespace: "default")
    object.creationTimestamp = created
    object.labels = labels
    if let hash {
      object.annotations = [UpgradeAnnotations.revisionHash: hash, UpgradeAnnotations.revision: revision]
    }
    object.status = [
      "promiseVersion": .string(version), "lastSuccessfulConfigureWorkflowTime": .string(ran),
      "conditions": [Condition(type: "ConfigureWorkflowCompleted", status: workflow, reason: "r", message: "").json],
    ]
    return ResourceRequest(object)
  }

  private func binding(_ name: String, _ version: String = "latest", moving: Bool = false) -> ResourceBinding {
    var object = KubernetesObject(apiVersion: "p/v1", kind: "ResourceBinding", name: name, namespace: "default")
    object.spec = [
      "promiseRef": ["name": "thing"], "resourceRef": ["name": .string(name), "namespace": "default"],
      "version": .string(version),
    ]
    if moving {
      object.status = [
        "conditions": [Condition(type: "UpgradeSucceeded", status: .unknown, reason: "r", message: "").json]
      ]
    }
    return ResourceBinding(object)
  }

  private func select(_ things: [ResourceRequest], _ bindings: [ResourceBinding], promise: Promise? = nil) -> [String] {
    Laggards.select(promise ?? self.promise, FleetEvidence(resources: things, bindings: bindings)) { _ in Self.revision
    }
    .behind.map(\.name)
  }

  @Test func theOldestComeFirst() {
    let things = [
      thing("b", created: "2026-02-01T00:00:00Z"), thing("a", created: "2026-03-01T00:00:00Z"),
      thing("c", created: "2026-01-01T00:00:00Z"),
    ]
    #expect(select(things, things.map { binding($0.name) }) == ["c", "b", "a"])
  }

  /// Those that are left alone, each with the reason.
  @Test func whoIsLeftAlone() {
    let cases: [(String, ResourceRequest, ResourceBinding)] = [
      ("ran with this hash", thing("a", hash: "new"), binding("a")),
      ("nobody knows with which hash it ran", thing("a", hash: nil), binding("a")),
      ("ran after the revision was written", thing("a", ran: "2026-06-01T00:00:01Z"), binding("a")),
      ("ran another version, which Kratix sees", thing("a", version: "v0.9.0"), binding("a")),
      ("was bound to another revision", thing("a", revision: "thing-0"), binding("a")),
      ("paused", thing("a", labels: [KratixLabels.paused: "true"]), binding("a")),
      ("suspended", thing("a", labels: [KratixLabels.workflowSuspended: "true"]), binding("a")),
      ("pinned", thing("a"), binding("a", "v1.0.0")),
      ("being upgraded", thing("a"), binding("a", moving: true)),
      ("running", thing("a", workflow: .unknown), binding("a")),
      ("failed", thing("a", workflow: .false), binding("a")),
      ("Kratix runs it", thing("a", labels: [KratixLabels.runFromStart: "true"]), binding("a")),
      ("marked", thing("a", labels: [KratixLabels.manualReconciliation: "true"]), binding("a")),
      ("of a compound Promise", thing("a", labels: [KratixLabels.componentOfPromise: "app"]), binding("a")),
    ]
    for (reason, thing, binding) in cases { #expect(select([thing], [binding]).isEmpty, "\(reason)") }
    #expect(select([thing("a")], [binding("a")]) == ["a"])
  }

  @Test func nobodyIsMarkedBeforeKratixHasSeenTheUpdate() {
    var unseen = promise
    unseen.object.generation = 4
    #expect(select([thing("a")], [binding("a")], promise: unseen).isEmpty)
    var unavailable = promise
    unavailable.object.json.set("Unavailable", at: ["status", "status"])
    #expect(select([thing("a")], [binding("a")], promise: unavailable).isEmpty)
  }

  @Test func whatRunsIsInFlight() {
    let selection = Laggards.select(
      promise,
      FleetEvidence(resources: [
        thing("a", workflow: .unknown), thing("b", labels: [KratixLabels.runFromStart: "true"]), thing("c"),
      ])
    ) { _ in Self.revision }
    #expect(selection.inFlight == 2)
  }

  @Test func theLeaderMarksWhoIsBehind() async throws {
    let type = ResourceType(group: "t", version: "v1", plural: "things", kind: "Thing", isNamespaced: true)
    var promise = self.promise
    promise.object.spec = [
      "api": [
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "spec": [
          "group": "t", "names": ["kind": "Thing", "plural": "things"],
          "versions": [["name": "v1", "storage": true, "served": true]],
        ],
      ]
    ]
    promise.object.labels = [KratixLabels.promiseVersion: "v1.0.0"]
    var revision = KubernetesObject(apiVersion: "p/v1", kind: "PromiseRevision", name: "thing-1")
    revision.spec = ["promiseRef": ["name": "thing"], "version": "v1.0.0", "promiseSpec": promise.spec]
    revision.status = ["latest": true]
    revision.metadata["managedFields"] = [
      ["time": "2026-06-01T00:00:00Z", "fieldsV1": ["f:spec": ["f:promiseSpec": [:]]]]
    ]
    let api = FakeAPI([
      (.promises, promise.object), (.promiseRevisions, revision),
      (.resourceBindings, binding("a").object), (.resourceBindings, binding("b").object),
      (type, thing("a").object), (type, thing("b", ran: "2026-07-01T00:00:00Z").object),
    ])
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    let fleet = FleetCache(api: api, logger: logger)
    let annotator = FleetAnnotator(
      api: api, fleet: fleet,
      configuration: AnnotatorConfiguration(namespace: "n", identity: "one", qps: 1000), metrics: WebhookMetrics(),
      logger: logger)
    let observing = Task { try await fleet.run() }
    let leading = Task { await annotator.lead() }
    var patched = api.patched.makeAsyncIterator()
    #expect(await patched.next() == "a")
    let marked = try await api.get(type, namespace: "default", name: "a")
    #expect(marked.labels[KratixLabels.manualReconciliation] == "true")
    let other = try await api.get(type, namespace: "default", name: "b")
    #expect(other.labels[KratixLabels.manualReconciliation] == nil)
    leading.cancel()
    observing.cancel()
    await leading.value
  }

  @Test func oneLeadsAndAnotherFollowsWhenItLeaves() async throws {
    let api = FakeAPI()
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    func lease(_ identity: String) -> LeaderLease {
      LeaderLease(
        api: api, namespace: "n", name: "l", identity: identity, duration: .seconds(60), renewal: .milliseconds(5),
        logger: logger)
    }
    let (events, say) = AsyncStream<String>.makeStream()
    var heard = events.makeAsyncIterator()
    let first = Task {
      await lease("one").run {
        say.yield("one"); try? await Task.sleep(for: .seconds(600))
      }
    }
    #expect(await heard.next() == "one")
    let second = Task {
      await lease("two").run {
        say.yield("two"); try? await Task.sleep(for: .seconds(600))
      }
    }
    #expect(try await api.get(.leases, namespace: "n", name: "l")[path: "spec", "holderIdentity"] == "one")
    first.cancel()
    await first.value
    #expect(await heard.next() == "two")
    let object = try await api.get(.leases, namespace: "n", name: "l")
    #expect(object[path: "spec", "holderIdentity"] == "two")
    #expect(object[path: "spec", "leaseTransitions"] == 1)
    second.cancel()
    await second.value
  }
}
