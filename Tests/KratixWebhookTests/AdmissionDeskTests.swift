import KratixModel
import Kubernetes
import Logging
import PromiseReview
import Testing

@testable import KratixWebhook

@Suite struct AdmissionDeskTests {
  /// Runs `body` with a desk whose caches hold the recorded platform.
  private func withDesk(
    _ api: FakeAPI, settings: ReviewSettings = ReviewSettings(),
    _ body: (AdmissionDesk, FleetCache) async throws -> Void
  ) async throws {
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    let fleet = FleetCache(api: api, logger: logger)
    let observing = Task { try await fleet.run() }
    defer { observing.cancel() }
    await fleet.waitUntilSynced()
    let desk = AdmissionDesk(
      fleet: fleet, api: api, settings: settings, metrics: WebhookMetrics(), logger: logger)
    try await body(desk, fleet)
  }

  private let pinned = "recorded/d-pinned/01-pinned-v2.0.0.yaml"

  private func promise(_ api: FakeAPI) async throws -> Promise {
    Promise(try await api.get(.promises, name: "mongodb"))
  }

  private func withoutMajorVersion(_ promise: Promise) -> Promise {
    var copy = promise
    let versions = (promise.api?.versions ?? []).map { version -> JSON in
      var version = version
      version.set(nil, at: ["schema", "openAPIV3Schema", "properties", "spec", "properties", "majorVersion"])
      return version
    }
    copy.object.json.set(.array(versions), at: ["spec", "api", "spec", "versions"])
    copy.object.labels[KratixLabels.promiseVersion] = "v9.0.0"
    return copy
  }

  private func withImage(_ promise: Promise, version: String = "v9.0.0") -> Promise {
    var copy = promise
    let text = promise.object.json.text().replacing("mongodb-configure-pipeline:", with: "mongodb-configure-pipeline:x")
    if let json = try? JSON(parsing: text) { copy.object.json["spec"] = json["spec"] }
    copy.object.labels[KratixLabels.promiseVersion] = version
    return copy
  }

  // Recorded reviews.

  @Test(arguments: [
    "promise-update", "promise-update-dry-run-server", "promise-update-server-side-apply",
    "promise-status-update-by-controller", "promise-create-dry-run-server", "promise-delete-dry-run-server",
  ])
  func recordedPromiseReviewsAreAnswered(name: String) async throws {
    let body = try Recorded.bytes("recorded/admissionreview/\(name).json")
    let uid = try #require(try JSON(parsing: body)[path: "request", "uid"]?.stringValue)
    try await withDesk(try Recorded.platform(pinned)) { desk, _ in
      for endpoint in [AdmissionEndpoint.validatePromise, .mutatePromise] {
        let answer = try Answer(try await desk.answer(body, at: endpoint))
        #expect(answer.uid == uid)
        #expect(answer.isAllowed == true, "\(answer.message)")
      }
    }
  }

  @Test(arguments: [
    "custom-resource-create-dry-run-server", "custom-resource-update", "custom-resource-label-update-by-controller",
    "custom-resource-update-dry-run-server",
  ])
  func recordedResourceReviewsAreAnnotated(name: String) async throws {
    let body = try Recorded.bytes("recorded/admissionreview/\(name).json")
    try await withDesk(try Recorded.platform(pinned)) { desk, _ in
      let answer = try Answer(try await desk.answer(body, at: .mutateResource))
      #expect(answer.isAllowed == true)
      let object = try #require(try JSON(parsing: body)[path: "request", "object"])
      let patch = try #require(try answer.patch)
      let patched = KubernetesObject(try JSONPatch.apply(patch, to: object))
      #expect(patched.annotations[UpgradeAnnotations.revision]?.hasPrefix("mongodb-") == true)
      #expect(patched.annotations[UpgradeAnnotations.revisionHash]?.hasPrefix("sha256:") == true)
      // Nothing else is touched.
      var undone = patched
      undone.annotations[UpgradeAnnotations.revision] = nil
      undone.annotations[UpgradeAnnotations.revisionHash] = nil
      var before = KubernetesObject(object)
      before.annotations = before.annotations
      #expect(undone.json == before.json)
      // Again: nothing to do.
      var again = try JSON(parsing: body)
      again.set(patched.json, at: ["request", "object"])
      let second = try Answer(try await desk.answer(again.serialized(), at: .mutateResource))
      #expect(try second.patch == nil)
    }
  }

  // A rollout's record.

  @Test func somebodyElsesRolloutIsTold() async throws {
    let api = try Recorded.platform(pinned)
    let live = try await promise(api)
    var record = KubernetesObject(
      apiVersion: "v1", kind: "ConfigMap", name: "kratix-upgrade-mongodb", namespace: KratixNames.systemNamespace)
    record.labels = ["app.kubernetes.io/managed-by": "kubectl-kratix"]
    func at(_ phase: String) -> JSON {
      let text: JSON = ["promise": "mongodb", "number": 3, "from": "v1.0.0", "to": "v2.0.0", "phase": .string(phase)]
      return ["record": .string(text.text()), "history": "[]"]
    }
    record["data"] = at("moving")
    api.put(.configMaps, record)
    try await withDesk(api) { desk, fleet in
      func warnings() async throws -> [String] {
        let review = JSON.review(.promises, object: withImage(live).object, old: live.object)
        return try Answer(try await desk.answer(review.serialized(), at: .validatePromise)).warnings
      }
      var changes = fleet.changes().makeAsyncIterator()
      while fleet.evidence(forPromise: "mongodb")?.rollout == nil, await changes.next() != nil {}
      let told = try await warnings()
      #expect(
        told.contains { $0.contains("a rollout from v1.0.0 to v2.0.0 is under way (moving) [rollout-in-progress]") },
        "\(told)")
      record["data"] = at("ended")
      api.put(.configMaps, record)
      while fleet.evidence(forPromise: "mongodb")?.rollout?.isOver != true, await changes.next() != nil {}
      #expect(try await !warnings().contains { $0.contains("rollout-in-progress") })
    }
  }

  // The tutorial's step 10.

  @Test func aRemovedFieldIsRefusedWithTheFieldAndTheResources() async throws {
    let api = try Recorded.platform(pinned)
    let live = try await promise(api)
    try await withDesk(api) { desk, _ in
      let review = JSON.review(.promises, object: withoutMajorVersion(live).object, old: live.object)
      let answer = try Answer(try await desk.answer(review.serialized(), at: .validatePromise))
      #expect(answer.isAllowed == false)
      #expect(
        answer.message.contains(
          "spec.api: field spec.majorVersion is removed, but 3 resources use it: default/mongo-v4, default/mongo-v5, "
            + "default/mongo-v6 [api-field-removed]"), "\(answer.message)")
      #expect(answer.audit["rules"]?.contains("api-field-removed") == true)
    }
  }

  @Test func aGoodUpdateTellsWhatItWouldReconcile() async throws {
    let api = try Recorded.platform(pinned)
    let live = try await promise(api)
    try await withDesk(api) { desk, _ in
      for dryRun in [true, false] {
        let review = JSON.review(.promises, object: withImage(live).object, old: live.object, dryRun: dryRun)
        let answer = try Answer(try await desk.answer(review.serialized(), at: .validatePromise))
        #expect(answer.isAllowed == true, "\(answer.message)")
        #expect(answer.warnings.first?.hasSuffix("to v9.0.0: 3 resources will be reconciled") == true)
        #expect(answer.warnings.contains("reconciled: default/mongo-v4, default/mongo-v5, default/mongo-v6"))
        #expect(answer.warnings.contains { $0.contains("2 pinned") }, "\(answer.warnings)")
      }
    }
  }

  @Test func theAnnotationLetsItPassAndIsAudited() async throws {
    let api = try Recorded.platform(pinned)
    let live = try await promise(api)
    var candidate = withoutMajorVersion(live)
    candidate.object.annotations[AllowAnnotation.key] = "api-field-removed"
    try await withDesk(api) { desk, _ in
      let review = JSON.review(.promises, object: candidate.object, old: live.object)
      let answer = try Answer(try await desk.answer(review.serialized(), at: .validatePromise))
      #expect(answer.isAllowed == true, "\(answer.message)")
      #expect(answer.audit["allowed-by-annotation"] == "api-field-removed")
    }
  }

  @Test func kratixItselfIsNeverRefused() async throws {
    let api = try Recorded.platform(pinned)
    let live = try await promise(api)
    try await withDesk(api) { desk, _ in
      let review = JSON.review(
        .promises, object: withoutMajorVersion(live).object, old: live.object, user: KratixNames.controllerUser)
      let answer = try Answer(try await desk.answer(review.serialized(), at: .validatePromise))
      #expect(answer.isAllowed == true)
    }
  }

  @Test func whatKratixWritesOutIsNoChange() async throws {
    let api = try Recorded.platform(pinned)
    let live = try await promise(api)
    var candidate = live
    candidate.object.json.set([], at: ["spec", "requiredPromises"])
    try await withDesk(api) { desk, _ in
      let review = JSON.review(.promises, object: candidate.object, old: live.object)
      let answer = try Answer(try await desk.answer(review.serialized(), at: .validatePromise))
      #expect(answer.isAllowed == true)
      #expect(!answer.warnings.contains { $0.contains("reconciled") })
    }
  }

  @Test func reviewsAskTheCacheOnly() async throws {
    let api = try Recorded.platform(pinned)
    let live = try await promise(api)
    try await withDesk(api) { desk, _ in
      let before = api.lists
      let review = JSON.review(.promises, object: withImage(live).object, old: live.object)
      for _ in 0..<10 { _ = try await desk.answer(review.serialized(), at: .validatePromise) }
      #expect(api.lists == before)
    }
  }

  @Test func theSameReviewIsNotWorkedOutTwiceUnlessTheFleetChanges() async throws {
    let api = try Recorded.platform(pinned)
    let live = try await promise(api)
    try await withDesk(api) { desk, fleet in
      func answer(_ uid: String, _ object: KubernetesObject) async throws -> Answer {
        var review = JSON.review(.promises, object: object, old: live.object)
        review.set(.string(uid), at: ["request", "uid"])
        return try Answer(try await desk.answer(review.serialized(), at: .validatePromise))
      }
      let candidate = withoutMajorVersion(live).object
      let first = try await answer("one", candidate)
      let second = try await answer("two", candidate)
      #expect(first.uid == "one" && second.uid == "two")
      #expect(first.message == second.message && first.isAllowed == second.isAllowed)
      // Another annotation makes another answer.
      var allowed = candidate
      allowed.annotations[AllowAnnotation.key] = "api-field-removed"
      let third = try await answer("three", allowed)
      #expect(third.isAllowed == true)
      // And so does another fleet.
      for name in ["mongo-v4", "mongo-v5", "mongo-v6"] {
        api.remove(Recorded.mongodbs, namespace: "default", name: name)
      }
      for await _ in fleet.changes() where fleet.evidence(forPromise: "mongodb")?.resources.isEmpty == true { break }
      let fourth = try await answer("four", candidate)
      #expect(fourth.isAllowed == true, "\(fourth.message)")
    }
  }

  @Test func aPromiseThatIsNoneIsRefusedWithASentence() async throws {
    let api = try Recorded.platform(pinned)
    try await withDesk(api) { desk, _ in
      var object = KubernetesObject(apiVersion: ResourceType.promises.apiVersion, kind: "Promise", name: "bad")
      object.spec = ["api": ["apiVersion": "v1", "kind": "ConfigMap", "metadata": ["name": "x"]]]
      let review = JSON.review(.promises, operation: "CREATE", object: object, old: nil)
      let answer = try Answer(try await desk.answer(review.serialized(), at: .validatePromise))
      #expect(answer.isAllowed == false)
      #expect(answer.message.contains("this is ConfigMap, not a CustomResourceDefinition"))
    }
  }

  // Mutations of Promises.

  @Test func contentHashesFollowWhatResourcesDependOn() async throws {
    let api = try Recorded.platform(pinned)
    let live = try await promise(api)
    let hash = ContentHash.of(spec: live.spec)
    try await withDesk(api) { desk, _ in
      let review = JSON.review(.promises, object: withImage(live).object, old: live.object)
      let patch = try Answer(try await desk.answer(review.serialized(), at: .mutatePromise)).patch
      let patched = KubernetesObject(
        try JSONPatch.apply(try #require(patch), to: withImage(live).object.json))
      #expect(patched.annotations[UpgradeAnnotations.contentHash] == ContentHash.of(spec: withImage(live).spec))
      #expect(patched.annotations[UpgradeAnnotations.previousContentHash] == hash)
      // Dependencies are no matter of the resources.
      var other = live
      other.object.json.set([["apiVersion": "v1", "kind": "Namespace"]], at: ["spec", "dependencies"])
      #expect(ContentHash.of(spec: other.spec) == hash)
    }
  }

  @Test func aRequestToReconcileBecomesKratixsLabel() async throws {
    let api = try Recorded.platform(pinned)
    let live = try await promise(api)
    var candidate = live
    candidate.object.annotations[UpgradeAnnotations.reconcileRequested] = "2026-11-23T18:00:00Z"
    try await withDesk(api) { desk, _ in
      let review = JSON.review(.promises, object: candidate.object, old: live.object)
      let patch = try #require(try Answer(try await desk.answer(review.serialized(), at: .mutatePromise)).patch)
      let patched = KubernetesObject(try JSONPatch.apply(patch, to: candidate.object.json))
      #expect(patched.labels[KratixLabels.reconcileResources] == "true")
      // Kratix takes the label away; an update with the same annotation does not bring it back.
      let next = JSON.review(.promises, object: candidate.object, old: candidate.object)
      let second = try Answer(try await desk.answer(next.serialized(), at: .mutatePromise)).patch
      #expect(second?.text().contains(KratixLabels.reconcileResources) != true)
    }
  }

  // Mutations of resources.

  @Test func aResourceThatRanWithAnotherHashRunsAgain() async throws {
    let api = try Recorded.platform(pinned)
    var old = try await api.get(Recorded.mongodbs, namespace: "default", name: "mongo-v4")
    old.annotations[UpgradeAnnotations.revisionHash] = "sha256:old"
    old.annotations[UpgradeAnnotations.revision] = KratixNames.revision(
      promise: "mongodb", version: try #require(ResourceRequest(old).promiseVersion))
    func labels(_ object: KubernetesObject, user: String = "kubernetes-admin") async throws -> [String: String] {
      var labels: [String: String] = [:]
      try await withDesk(api) { desk, _ in
        let review = JSON.review(Recorded.mongodbs, object: object, old: old, user: user)
        let patch = try Answer(try await desk.answer(review.serialized(), at: .mutateResource)).patch
        labels = KubernetesObject(try JSONPatch.apply(patch ?? [], to: object.json)).labels
      }
      return labels
    }
    var touched = old
    touched.annotations["touched"] = "yes"
    #expect(try await labels(touched)[KratixLabels.manualReconciliation] == "true")
    // Kratix runs these by itself, or must not.
    #expect(try await labels(touched, user: KratixNames.controllerUser)[KratixLabels.manualReconciliation] == nil)
    var changed = touched
    changed.json.set(5, at: ["spec", "majorVersion"])
    #expect(try await labels(changed)[KratixLabels.manualReconciliation] == nil)
    var paused = touched
    paused.labels[KratixLabels.paused] = "true"
    #expect(try await labels(paused)[KratixLabels.manualReconciliation] == nil)
  }

  // Bindings and revisions.

  @Test func aBindingToAVersionThatDoesNotExist() async throws {
    let api = try Recorded.platform(pinned)
    let live = try await api.list(.resourceBindings, namespace: nil, options: ListOptions()).items
    let old = try #require(live.first)
    func answer(_ version: String, user: String = "kubernetes-admin") async throws -> Answer {
      var object = old
      object.json.set(.string(version), at: ["spec", "version"])
      let review = JSON.review(.resourceBindings, object: object, old: old, user: user)
      var result: Answer?
      try await withDesk(api) { desk, _ in
        result = try Answer(try await desk.answer(review.serialized(), at: .validateBinding))
      }
      return try #require(result)
    }
    let refused = try await answer("v77.0.0")
    #expect(refused.isAllowed == false)
    #expect(refused.message.contains("Promise mongodb has no revision of version v77.0.0; it has"))
    #expect(try await answer("latest").isAllowed == true)
    #expect(try await answer("v1.0.0").isAllowed == true)
    #expect(try await answer("v77.0.0", user: KratixNames.controllerUser).isAllowed == true)
  }

  @Test func aSecondBindingForAResource() async throws {
    let api = try Recorded.platform(pinned)
    var object = try #require(
      try await api.list(.resourceBindings, namespace: nil, options: ListOptions()).items.first)
    let first = object.name
    object.name = "another"
    try await withDesk(api) { desk, _ in
      let review = JSON.review(.resourceBindings, operation: "CREATE", object: object, old: nil)
      let answer = try Answer(try await desk.answer(review.serialized(), at: .validateBinding))
      #expect(answer.isAllowed == false)
      #expect(answer.message.contains("is bound by \(first) already"))
      // The cache may be behind: it was deleted.
      api.remove(.resourceBindings, namespace: "default", name: first)
      let later = try Answer(try await desk.answer(review.serialized(), at: .validateBinding))
      #expect(later.isAllowed == true)
    }
  }

  @Test func theDeletionOfARevisionThatIsNeeded() async throws {
    let api = try Recorded.platform(pinned)
    let revisions = try await api.list(.promiseRevisions, namespace: nil, options: ListOptions()).items
    try await withDesk(api) { desk, _ in
      func answer(_ version: String) async throws -> Answer {
        let old = try #require(revisions.first { PromiseRevision($0).version == version })
        let review = JSON.review(.promiseRevisions, operation: "DELETE", object: nil, old: old)
        return try Answer(try await desk.answer(review.serialized(), at: .validateRevision))
      }
      let refused = try await answer("v2.0.0")
      #expect(refused.isAllowed == false)
      #expect(
        refused.message.contains("pinned to version v2.0.0 would be deleted with the revision"), "\(refused.message)")
      #expect(try await answer("v1.0.0").isAllowed == true)
    }
  }

  // The cache.

  @Test func theCacheFollowsTheFleet() async throws {
    let api = try Recorded.platform(pinned)
    try await withDesk(api) { _, fleet in
      #expect((fleet.evidence(forPromise: "mongodb")?.resources ?? []).count == 3)
      var added = try await api.get(Recorded.mongodbs, namespace: "default", name: "mongo-v4")
      added.name = "mongo-v7"
      api.put(Recorded.mongodbs, added)
      for await _ in fleet.changes() where (fleet.evidence(forPromise: "mongodb")?.resources ?? []).count == 4 { break }
      api.remove(.promises, name: "mongodb")
      for await _ in fleet.changes() where fleet.promise(named: "mongodb") == nil { break }
      #expect(fleet.promise(servingGroup: "promise.kratix.io", plural: "mongodbs") == nil)
    }
  }

  @Test func anAPIThatIsNotServedYetIsNoObstacle() async throws {
    let source = try Recorded.platform(pinned)
    let promise = try await source.get(.promises, name: "mongodb")
    let api = FakeAPI([(.promises, promise)], unserved: [Recorded.mongodbs])
    try await withDesk(api) { _, fleet in
      #expect((fleet.evidence(forPromise: "mongodb")?.resources ?? []).isEmpty)
      api.serve(Recorded.mongodbs)
      api.put(Recorded.mongodbs, try await source.get(Recorded.mongodbs, namespace: "default", name: "mongo-v4"))
      api.put(.promises, promise)
      for await _ in fleet.changes() where (fleet.evidence(forPromise: "mongodb")?.resources ?? []).count == 1 { break }
    }
  }

  @Test func resourcesThatMayNotBeReadAreNoEvidence() async throws {
    let source = try Recorded.platform(pinned)
    let live = try await promise(source)
    let api = FakeAPI([(.promises, live.object)], forbidden: [Recorded.mongodbs])
    try await withDesk(api) { desk, _ in
      let review = JSON.review(.promises, object: withoutMajorVersion(live).object, old: live.object)
      let answer = try Answer(try await desk.answer(review.serialized(), at: .validatePromise))
      // Nobody can say whom it breaks.
      #expect(answer.isAllowed == false)
      #expect(answer.message.contains("field spec.majorVersion is removed [api-field-removed]"), "\(answer.message)")
      #expect(answer.warnings.contains { $0.contains("may not read mongodbs.promise.kratix.io") })
    }
  }

  @Test func theCacheKeepsNoBulk() async throws {
    let api = try Recorded.platform(pinned)
    try await withDesk(api) { _, fleet in
      let resource = try #require((fleet.evidence(forPromise: "mongodb")?.resources ?? []).first)
      #expect(resource.object.annotations["kubectl.kubernetes.io/last-applied-configuration"] == nil)
      #expect(resource.object.spec != nil)
    }
  }
}
