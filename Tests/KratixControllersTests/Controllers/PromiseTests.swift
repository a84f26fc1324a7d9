import KratixModel
import Kubernetes
import Synchronization
import Testing

@testable import KratixControllers

/// Promises that require others, carry dependencies, or come from a release (contract, sections 4 and 11).
@Suite(.timeLimit(.minutes(1))) struct PromiseTests {
  private static func promise(_ name: String, version: String?, spec: JSON = .emptyObject) -> KubernetesObject {
    var promise = KubernetesObject(apiVersion: "platform.kratix.io/v1alpha1", kind: "Promise", name: name)
    if let version { promise.labels = [KratixLabels.promiseVersion: version] }
    promise.spec = spec
    return promise
  }

  private static let namespace: JSON = ["apiVersion": "v1", "kind": "Namespace", "metadata": ["name": "apps"]]

  @Test func staticDependenciesAreOneWorkThatIsWrittenOnlyWhenTheyChange() async throws {
    try await Platform.run { platform in
      let spec: JSON = [
        "dependencies": [Self.namespace], "destinationSelectors": [["matchLabels": ["environment": "dev"]]],
      ]
      _ = try await platform.api.create(.promises, Self.promise("deps", version: "v1.0.0", spec: spec))
      try await platform.wait(for: .promises, "deps") { $0.hasCondition(KratixConditions.worksSucceeded) }
      let work = try await platform.wait(for: .works, namespace: KratixNames.systemNamespace) { _ in true }
      #expect(work.name.hasPrefix("deps-static-deps-"))
      #expect(work.labels == [KratixLabels.promiseName: "deps", KratixLabels.workType: "static-dependency"])
      let group = try #require(Work(work).groups.first)
      #expect(group.id == "5058f1af8388633f609cadb75a75dc9d")
      #expect(group.selectors == [.init(matchLabels: ["environment": "dev"], source: "promise")])
      #expect(group.workloads.map(\.filepath) == ["static/deps-dependencies.yaml"])
      #expect(
        try String(decoding: group.workloads[0].bytes(), as: UTF8.self)
          == "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: apps\n")
      #expect(work.generation == 1)
      #expect(try await platform.api.get(.promises, name: "deps").finalizers.count == 3)

      // A changed Promise without changed dependencies leaves the Work alone.
      try await platform.label(.promises, "deps", KratixLabels.promiseVersion, "v2.0.0")
      try await platform.wait(for: .promiseRevisions, KratixNames.revision(promise: "deps", version: "v2.0.0")) {
        PromiseRevision($0).isLatest
      }
      let same = try await platform.api.get(.works, namespace: KratixNames.systemNamespace, name: work.name)
      #expect(same.resourceVersion == work.resourceVersion)

      _ = try await platform.api.patch(
        .promises, namespace: nil, name: "deps", .merge(["spec": ["dependencies": .null]]))
      try await platform.waitUntilGone(.works, work.name, namespace: KratixNames.systemNamespace)
    }
  }

  @Test func aRequirementIsWaitedFor() async throws {
    try await Platform.run { platform in
      let required: JSON = ["requiredPromises": [["name": "cache", "version": "v1.2.0"]]]
      _ = try await platform.api.create(.promises, Self.promise("session", version: "v0.1.0", spec: required))
      let waiting = try await platform.wait(for: .promises, "session") {
        $0.hasCondition(KratixConditions.requirementsFulfilled, .false)
      }
      #expect(
        waiting[path: "status", "requiredPromises"]?[0]
          == ["name": "cache", "version": "v1.2.0", "state": "Requirement not installed"])
      #expect(waiting.condition(KratixConditions.reconciled)?.reason == "RequirementsNotFulfilled")
      _ = try await platform.api.create(.promises, Self.promise("cache", version: "v1.1.0"))
      try await platform.wait(for: .promises, "cache") { $0.hasCondition(KratixConditions.available) }
      // Nobody tells a Promise that another one appears; any event of its own makes it look.
      try await platform.label(.promises, "session", "look", "again")
      try await platform.wait(for: .promises, "session") {
        $0[path: "status", "requiredPromises"]?[0]?["state"]
          == "Requirement not installed at the specified version"
      }
      try await platform.label(.promises, "cache", KratixLabels.promiseVersion, "v1.2.0")
      let met = try await platform.wait(for: .promises, "session") {
        $0.hasCondition(KratixConditions.requirementsFulfilled) && $0.hasCondition(KratixConditions.available)
      }
      #expect(met.condition(KratixConditions.requirementsFulfilled)?.message == "Requirements fulfilled")
      let cache = try await platform.api.get(.promises, name: "cache")
      #expect(Promise(cache).requiredBy == ["session"])
    }
  }

  @Test func aPausedPromiseStopsUntilItIsUnpaused() async throws {
    try await Platform.run { platform in
      _ = try await platform.api.create(.promises, Self.promise("p", version: "v1.0.0"))
      try await platform.wait(for: .promises, "p") { $0.hasCondition(KratixConditions.available) }
      try await platform.label(.promises, "p", KratixLabels.paused, "true")
      let paused = try await platform.wait(for: .promises, "p") {
        $0.condition(KratixConditions.available)?.message == "Paused"
      }
      #expect(paused[path: "status", "status"]?.stringValue == "Unavailable")
      try await platform.label(.promises, "p", KratixLabels.paused, nil)
      try await platform.wait(for: .promises, "p") { $0.hasCondition(KratixConditions.available) }
    }
  }

  /// What a server has at each moment.
  private final class Shelf: PromiseFetcher {
    private let promise = Mutex<KubernetesObject?>(nil)
    func put(_ object: KubernetesObject?) { promise.withLock { $0 = object } }
    func fetch(_ url: String, authorization: String?) async throws -> Promise {
      guard let object = promise.withLock({ $0 }) else { throw ReconcileError("\(url) answered 404") }
      return Promise(object)
    }
  }

  @Test func aReleaseInstallsItsPromiseAndTakesItAway() async throws {
    let shelf = Shelf()
    try await Platform.run(fetcher: shelf) { platform in
      var release = KubernetesObject(
        apiVersion: "platform.kratix.io/v1alpha1", kind: "PromiseRelease", name: "r")
      release.spec = ["sourceRef": ["type": "http", "url": "http://promises.test/p.yaml"]]
      _ = try await platform.api.create(.promiseReleases, release)
      func installed(_ reason: String, _ message: String) async throws {
        let found = try await platform.wait(for: .promiseReleases, "r") {
          $0.condition(KratixConditions.installed)?.reason == reason
        }
        #expect(found.condition(KratixConditions.installed)?.message == message)
      }
      try await installed("FailedToFetchPromise", "Failed to fetch Promise from URL")
      shelf.put(Self.promise("p", version: nil))
      try await installed("VersionLabelNotFound", "Version label not found on Promise")
      shelf.put(Self.promise("p", version: "v1.0.0"))
      try await installed("InstalledSuccessfully", "Installed successfully")
      let one = try await platform.api.get(.promises, name: "p")
      #expect(one.labels[KratixLabels.promiseReleaseName] == "r")
      #expect(
        try await platform.api.get(.promiseReleases, name: "r")[path: "spec", "version"]?.stringValue == "v1.0.0")

      _ = try await platform.api.patch(
        .promiseReleases, namespace: nil, name: "r", .merge(["spec": ["version": "v2.0.0"]]))
      try await installed("VersionNotMatching", "Version labels do not match, found: v1.0.0, expected: v2.0.0")
      shelf.put(Self.promise("p", version: "v2.0.0"))
      try await installed("InstalledSuccessfully", "Installed successfully")
      try await platform.wait(for: .promises, "p") { $0.labels[KratixLabels.promiseVersion] == "v2.0.0" }

      // A Promise that somebody deletes is installed again.
      let uid = try await platform.api.get(.promises, name: "p").uid
      try await platform.api.delete(.promises, namespace: nil, name: "p", options: DeleteOptions())
      try await platform.wait(for: .promises, "p") { $0.uid != uid }
      try await platform.api.delete(.promiseReleases, namespace: nil, name: "r", options: DeleteOptions())
      try await platform.waitUntilGone(.promiseReleases, "r")
      try await platform.waitUntilGone(.promises, "p")
    }
  }
}
