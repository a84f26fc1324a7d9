import KratixModel
import Kubernetes
import Testing

@testable import KratixControllers

/// Upgrades, failures, holds and deletions of resources (contract, sections 5 and 6).
@Suite(.timeLimit(.minutes(1))) struct FleetTests {
  private static let queues = ResourceType(
    group: "demo.example.com", version: "v1", plural: "queues", kind: "Queue", isNamespaced: true)

  /// A Promise whose one pipeline carries its version as its image's tag.
  private static func promise(
    _ version: String, pipelines: [String] = ["instance"], deletes: Bool = false
  ) -> KubernetesObject {
    func pipeline(_ name: String) -> JSON {
      [
        "apiVersion": "platform.kratix.io/v1alpha1", "kind": "Pipeline", "metadata": ["name": .string(name)],
        "spec": ["containers": [["name": "run", "image": .string("example.com/queue:\(version)")]]],
      ]
    }
    var promise = KubernetesObject(apiVersion: "platform.kratix.io/v1alpha1", kind: "Promise", name: "queue")
    promise.labels = [KratixLabels.promiseVersion: version]
    promise.spec = [
      "api": [
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": ["name": "queues.demo.example.com"],
        "spec": [
          "group": "demo.example.com", "names": ["kind": "Queue", "plural": "queues", "singular": "queue"],
          "scope": "Namespaced",
          "versions": [
            [
              "name": "v1", "served": true, "storage": true,
              "schema": [
                "openAPIV3Schema": [
                  "type": "object",
                  "properties": ["spec": ["type": "object", "properties": ["size": ["type": "string"]]]],
                ]
              ],
            ]
          ],
        ],
      ],
      "workflows": ["resource": ["configure": .array(pipelines.map(pipeline))]],
    ]
    if deletes { promise.json.set([pipeline("cleanup")], at: ["spec", "workflows", "resource", "delete"]) }
    return promise
  }

  private static func image(_ job: KubernetesObject) -> String {
    job[path: "spec", "template", "spec", "initContainers"]?[1]?["image"]?.stringValue ?? ""
  }

  private static func install(_ promise: KubernetesObject, on platform: Platform) async throws {
    let version = promise.labels[KratixLabels.promiseVersion] ?? ""
    if var live = try await platform.api.find(.promises, namespace: nil, name: promise.name) {
      let generation = live.generation
      live.spec = promise.spec
      live.labels.merge(promise.labels) { _, new in new }
      _ = try await platform.api.update(.promises, live)
      try await platform.wait(for: .promises, promise.name) {
        $0.generation > generation && $0[path: "status", "observedGeneration"]?.intValue == $0.generation
          && $0.hasCondition(KratixConditions.available)
      }
    } else {
      _ = try await platform.api.create(.promises, promise)
      try await platform.wait(for: .promises, promise.name) { $0.hasCondition(KratixConditions.worksSucceeded) }
    }
    try await platform.wait(for: .promiseRevisions, KratixNames.revision(promise: promise.name, version: version)) {
      PromiseRevision($0).isLatest
    }
  }

  private static func request(_ name: String, on platform: Platform) async throws {
    var queue = KubernetesObject(
      apiVersion: "demo.example.com/v1", kind: "Queue", name: name, namespace: "default")
    queue.spec = ["size": "s"]
    _ = try await platform.api.create(queues, queue)
  }

  /// Settled at a version: reconciled, applied, nothing asked for.
  private static func settle(_ name: String, at version: String, on platform: Platform) async throws {
    try await platform.wait(for: queues, name, namespace: "default") {
      $0.hasCondition(KratixConditions.reconciled) && ResourceRequest($0).promiseVersion == version
        && !$0.hasLabel(KratixLabels.runFromStart) && !$0.hasLabel(KratixLabels.manualReconciliation)
    }
    try await platform.wait(for: .resourceBindings, binding(name), namespace: "default") {
      ResourceBinding($0).lastAppliedVersion == version
    }
  }

  private static func binding(_ name: String) -> String {
    KratixNames.binding(resource: name, promise: "queue")
  }

  private static func bind(_ name: String, to version: String, on platform: Platform) async throws {
    _ = try await platform.api.patch(
      .resourceBindings, namespace: "default", name: binding(name),
      .merge(["spec": ["version": .string(version)]]))
  }

  @Test func aFloatingResourceFollowsThePromiseAndABoundOneWaits() async throws {
    try await Platform.run { platform in
      try await Self.install(Self.promise("v1.0.0"), on: platform)
      for name in ["floating", "bound"] {
        try await Self.request(name, on: platform)
        try await Self.settle(name, at: "v1.0.0", on: platform)
      }
      try await Self.bind("bound", to: "v1.0.0", on: platform)
      try await Self.install(Self.promise("v2.0.0"), on: platform)
      try await Self.settle("floating", at: "v2.0.0", on: platform)
      try await Self.settle("bound", at: "v1.0.0", on: platform)
      let upgraded = try await platform.wait(for: .resourceBindings, Self.binding("floating"), namespace: "default") {
        $0.hasCondition(KratixConditions.upgradeSucceeded)
      }
      #expect(ResourceBinding(upgraded).upgrade?.message == "Resource is at version v2.0.0")
      // Bound resources run again too, with the pipelines of their own revision.
      let jobs = try await platform.api.listAll(.jobs, namespace: "default").items
      let ofBound = jobs.filter { $0.labels[KratixLabels.resourceName] == "bound" }
      #expect(ofBound.count == 2)
      #expect(Set(ofBound.map(Self.image)) == ["example.com/queue:v1.0.0"])

      try await Self.bind("bound", to: "v2.0.0", on: platform)
      try await Self.settle("bound", at: "v2.0.0", on: platform)
      // Back again: a forward run of the old code.
      try await Self.bind("bound", to: "v1.0.0", on: platform)
      try await Self.settle("bound", at: "v1.0.0", on: platform)
    }
  }

  @Test func aFailedUpgradeStaysUntilItIsAskedForAgain() async throws {
    let isMended = Flag()
    let script = JobScript { job in
      Self.image(job).hasSuffix("v2.0.0") && !isMended.isSet ? .fails : .succeeds()
    }
    try await Platform.run(script: script) { platform in
      try await Self.install(Self.promise("v1.0.0"), on: platform)
      try await Self.request("q", on: platform)
      try await Self.settle("q", at: "v1.0.0", on: platform)
      try await Self.bind("q", to: "v1.0.0", on: platform)
      try await Self.install(Self.promise("v2.0.0"), on: platform)
      try await Self.settle("q", at: "v1.0.0", on: platform)
      try await Self.bind("q", to: "v2.0.0", on: platform)
      let failed = try await platform.wait(for: .resourceBindings, Self.binding("q"), namespace: "default") {
        $0.hasCondition(KratixConditions.upgradeSucceeded, .false)
      }
      #expect(ResourceBinding(failed).failedVersion == "v2.0.0")
      #expect(ResourceBinding(failed).lastAppliedVersion == "v1.0.0")
      #expect(ResourceBinding(failed).upgrade?.message == "A Configure Pipeline has failed: instance")
      let request = try await platform.api.get(Self.queues, namespace: "default", name: "q")
      #expect(ResourceRequest(request).promiseVersion == "v1.0.0")
      #expect(request.condition(KratixConditions.reconciled)?.message == "Failing")
      #expect(request.workflowCounter("workflowsFailed") == 1)
      #expect(request.phase(ofPipeline: "instance") == "Failed")

      isMended.set()
      try await platform.label(
        .resourceBindings, Self.binding("q"), namespace: "default", KratixLabels.manualReconciliation, "true")
      try await Self.settle("q", at: "v2.0.0", on: platform)
      let mended = try await platform.api.get(.resourceBindings, namespace: "default", name: Self.binding("q"))
      #expect(ResourceBinding(mended).failedVersion == nil)
      #expect(!mended.hasLabel(KratixLabels.manualReconciliation))
    }
  }

  @Test func pipelinesRunInOrderAndAFailureStopsThem() async throws {
    let script = JobScript { $0.labels[KratixLabels.pipelineName] == "two" ? .fails : .succeeds() }
    try await Platform.run(script: script) { platform in
      try await Self.install(Self.promise("v1.0.0", pipelines: ["one", "two", "three"]), on: platform)
      try await Self.request("q", on: platform)
      let failed = try await platform.wait(for: Self.queues, "q", namespace: "default") {
        $0.condition(KratixConditions.configureWorkflowCompleted)?.isWorkflowFailed == true
      }
      #expect(failed.workflowCounter("workflows") == 3)
      #expect(failed.workflowCounter("workflowsSucceeded") == 1)
      #expect(
        failed.condition(KratixConditions.configureWorkflowCompleted)?.message == "A Configure Pipeline has failed: two"
      )
      #expect(["one", "two", "three"].map(failed.phase(ofPipeline:)) == ["Succeeded", "Failed", "Pending"])
      let jobs = try await platform.api.listAll(.jobs, namespace: "default").items
      #expect(Set(jobs.compactMap { $0.labels[KratixLabels.pipelineName] }) == ["one", "two"])
    }
  }

  @Test func aPausedResourceWaitsAndRunsAgainWhenUnpaused() async throws {
    try await Platform.run { platform in
      try await Self.install(Self.promise("v1.0.0"), on: platform)
      try await Self.request("q", on: platform)
      try await Self.settle("q", at: "v1.0.0", on: platform)
      try await platform.label(Self.queues, "q", namespace: "default", KratixLabels.paused, "true")
      try await platform.wait(for: Self.queues, "q", namespace: "default") { $0.saysPaused }
      try await Self.install(Self.promise("v2.0.0"), on: platform)
      let paused = try await platform.api.get(Self.queues, namespace: "default", name: "q")
      #expect(ResourceRequest(paused).promiseVersion == "v1.0.0")
      #expect(paused.condition(KratixConditions.reconciled)?.message == "Paused")
      try await platform.label(Self.queues, "q", namespace: "default", KratixLabels.paused, nil)
      try await Self.settle("q", at: "v2.0.0", on: platform)
    }
  }

  @Test func aSuspendedWorkflowWaitsForItsLabel() async throws {
    let isApproved = Flag()
    let script = JobScript { _ in isApproved.isSet ? .succeeds() : .suspends(message: "waiting for approval") }
    try await Platform.run(script: script) { platform in
      try await Self.install(Self.promise("v1.0.0"), on: platform)
      try await Self.request("q", on: platform)
      let suspended = try await platform.wait(for: Self.queues, "q", namespace: "default") {
        $0.condition(KratixConditions.reconciled)?.message == "Suspended"
      }
      #expect(suspended.phase(ofPipeline: "instance") == "Suspended")
      isApproved.set()
      try await platform.label(Self.queues, "q", namespace: "default", KratixLabels.workflowSuspended, nil)
      try await Self.settle("q", at: "v1.0.0", on: platform)
      let done = try await platform.api.get(Self.queues, namespace: "default", name: "q")
      #expect(done.phase(ofPipeline: "instance") == "Succeeded")
      #expect(done.pipelineStatuses?[0]["message"] == nil)
    }
  }

  @Test func aRetryComesByItself() async throws {
    let isFirst = Flag()
    let script = JobScript { _ in
      if isFirst.isSet { return .succeeds() }
      isFirst.set()
      return .suspends(message: "not yet", retryAt: "2020-01-01T00:00:00Z")
    }
    try await Platform.run(script: script) { platform in
      try await Self.install(Self.promise("v1.0.0"), on: platform)
      try await Self.request("q", on: platform)
      try await Self.settle("q", at: "v1.0.0", on: platform)
      let done = try await platform.api.get(Self.queues, namespace: "default", name: "q")
      #expect(done.pipelineStatuses?[0]["attempts"] == 1)
    }
  }

  @Test func aManualReconciliationSuspendsWhatRuns() async throws {
    let hasHung = Flag()
    let script = JobScript { _ in
      if hasHung.isSet { return .succeeds() }
      hasHung.set()
      return .hangs
    }
    try await Platform.run(script: script) { platform in
      try await Self.install(Self.promise("v1.0.0"), on: platform)
      try await Self.request("q", on: platform)
      try await platform.wait(for: .jobs, namespace: "default") { _ in true }
      try await platform.label(Self.queues, "q", namespace: "default", KratixLabels.manualReconciliation, "true")
      try await Self.settle("q", at: "v1.0.0", on: platform)
      let jobs = try await platform.api.listAll(.jobs, namespace: "default").items
      #expect(jobs.filter { $0[path: "spec", "suspend"]?.boolValue == true }.count == 1)
      #expect(jobs.count == 2)
    }
  }

  @Test func onlyFiveJobsOfAPipelineAreKept() async throws {
    try await Platform.run { platform in
      try await Self.install(Self.promise("v1.0.0"), on: platform)
      try await Self.request("q", on: platform)
      try await Self.settle("q", at: "v1.0.0", on: platform)
      for _ in 0..<6 {
        let before = Set(try await platform.api.listAll(.jobs, namespace: "default").items.map(\.name))
        try await platform.label(Self.queues, "q", namespace: "default", KratixLabels.manualReconciliation, "true")
        // The label goes before the run begins: only its Job tells that there is one.
        try await Self.waitForJobs(on: platform) { jobs in
          jobs.contains { !before.contains($0.name) && $0.state == .completed }
        }
        try await Self.settle("q", at: "v1.0.0", on: platform)
      }
      // The sixth run and the ones after it prune when they end.
      try await Self.waitForJobs(on: platform) { $0.count == 5 && $0.allSatisfy { $0.state == .completed } }
    }
  }

  @Test func aVersionThatIsNotThereLeavesTheResourceAsItWas() async throws {
    try await Platform.run { platform in
      try await Self.install(Self.promise("v1.0.0"), on: platform)
      try await Self.request("q", on: platform)
      try await Self.settle("q", at: "v1.0.0", on: platform)
      try await Self.bind("q", to: "v9.0.0", on: platform)
      let binding = try await platform.wait(for: .resourceBindings, Self.binding("q"), namespace: "default") {
        $0.hasCondition(KratixConditions.upgradeSucceeded, .unknown)
      }
      #expect(ResourceBinding(binding).upgrade?.message == "Upgrade to version v9.0.0 is in progress")
      let note = "cannot find a PromiseRevision for Promise queue with version v9.0.0: promise revision not found"
      #expect(try await Self.event("FailedPromiseRevisionLookup", noting: note, on: platform) != nil)
      let request = try await platform.api.get(Self.queues, namespace: "default", name: "q")
      #expect(request.hasCondition(KratixConditions.reconciled))
      #expect(request.hasLabel(KratixLabels.manualReconciliation))
      try await Self.bind("q", to: "v1.0.0", on: platform)
      try await Self.settle("q", at: "v1.0.0", on: platform)
    }
  }

  private static func waitForJobs(
    on platform: Platform, _ isReached: @Sendable ([WorkflowJob]) -> Bool
  ) async throws {
    var jobs: [String: KubernetesObject] = [:]
    for try await event in platform.api.observe(.jobs, namespace: "default") {
      switch event {
      case .snapshot(let all): jobs = Dictionary(all.map { ($0.name, $0) }) { _, last in last }
      case .added(let job), .modified(let job): jobs[job.name] = job
      case .deleted(let job): jobs[job.name] = nil
      }
      if isReached(jobs.values.filter { !$0.isBeingDeleted }.map(WorkflowJob.init)) { return }
    }
    throw CancellationError()
  }

  /// The first event with a reason and a note; nil when the watch ends before it comes.
  private static func event(
    _ reason: String, noting note: String, on platform: Platform
  ) async throws -> KubernetesObject? {
    for try await event in platform.api.observe(.events, namespace: "default") {
      let events: [KubernetesObject] =
        switch event {
        case .snapshot(let all): all
        case .added(let object), .modified(let object): [object]
        case .deleted: []
        }
      for event in events where event["reason"]?.stringValue == reason && event["note"]?.stringValue == note {
        return event
      }
    }
    return nil
  }

  @Test func aDeletedBindingComesBackWithItsVersion() async throws {
    try await Platform.run { platform in
      try await Self.install(Self.promise("v1.0.0"), on: platform)
      try await Self.request("q", on: platform)
      try await Self.settle("q", at: "v1.0.0", on: platform)
      try await Self.bind("q", to: "v1.0.0", on: platform)
      try await platform.wait(for: Self.queues, "q", namespace: "default") {
        ResourceRequest($0).resourceBindingVersion == "v1.0.0"
      }
      let old = try await platform.api.get(.resourceBindings, namespace: "default", name: Self.binding("q"))
      try await platform.api.delete(
        .resourceBindings, namespace: "default", name: Self.binding("q"), options: DeleteOptions())
      let new = try await platform.wait(for: .resourceBindings, Self.binding("q"), namespace: "default") {
        $0.uid != old.uid && ResourceBinding($0).lastAppliedVersion == "v1.0.0"
      }
      #expect(ResourceBinding(new).version == "v1.0.0")
    }
  }

  @Test func deletingARevisionThatIsNotLatestDeletesWhatIsBoundToIt() async throws {
    try await Platform.run { platform in
      try await Self.install(Self.promise("v1.0.0"), on: platform)
      for name in ["bound", "floating"] {
        try await Self.request(name, on: platform)
        try await Self.settle(name, at: "v1.0.0", on: platform)
      }
      try await Self.bind("bound", to: "v1.0.0", on: platform)
      try await Self.install(Self.promise("v2.0.0"), on: platform)
      try await Self.settle("floating", at: "v2.0.0", on: platform)
      let revision = KratixNames.revision(promise: "queue", version: "v1.0.0")
      try await platform.api.delete(.promiseRevisions, namespace: nil, name: revision, options: DeleteOptions())
      try await platform.waitUntilGone(Self.queues, "bound", namespace: "default")
      try await platform.waitUntilGone(.promiseRevisions, revision)
      #expect(try await platform.api.find(Self.queues, namespace: "default", name: "floating") != nil)
    }
  }

  @Test func deletionRunsTheDeleteWorkflowAndLeavesNothing() async throws {
    try await Platform.run { platform in
      try await Self.install(Self.promise("v1.0.0", deletes: true), on: platform)
      for name in ["one", "two"] {
        try await Self.request(name, on: platform)
        try await Self.settle(name, at: "v1.0.0", on: platform)
      }
      try await platform.api.delete(Self.queues, namespace: "default", name: "one", options: DeleteOptions())
      try await platform.waitUntilGone(Self.queues, "one", namespace: "default")
      #expect(try await Self.event("PipelineStarted", noting: "Delete Pipeline started: cleanup", on: platform) != nil)
      let jobs = try await platform.api.listAll(.jobs, namespace: "default").items
      #expect(jobs.allSatisfy { $0.labels[KratixLabels.resourceName] == "two" || $0.isBeingDeleted })
      #expect(
        try await platform.api.listAll(.works, namespace: "default").items
          .filter { $0.labels[KratixLabels.resourceName] == "one" }.isEmpty)
      #expect(try await platform.api.find(.resourceBindings, namespace: "default", name: Self.binding("one")) == nil)

      // The Promise takes the rest with it.
      try await platform.api.delete(.promises, namespace: nil, name: "queue", options: DeleteOptions())
      try await platform.waitUntilGone(.promises, "queue")
      let label = "\(KratixLabels.promiseName)=queue"
      for type in [
        ResourceType.promiseRevisions, .works, .resourceBindings, .clusterRoles, .clusterRoleBindings, .roles,
        .roleBindings, .serviceAccounts, .configMaps, .customResourceDefinitions,
      ] {
        let left = try await platform.api.listAll(type, labelSelector: label).items.map(\.name)
        #expect(left.isEmpty, "\(type.plural)")
      }
    }
  }
}
