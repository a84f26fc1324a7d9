import KratixModel
import Kubernetes
import Testing

@testable import KratixControllers

/// Which revision a resource runs (contract, section 5.3).
@Suite struct RevisionResolutionTests {
  private static func binding(_ version: String, applied: String? = nil) -> ResourceBinding {
    var object = KubernetesObject(apiVersion: "platform.kratix.io/v1alpha1", kind: "ResourceBinding", name: "b")
    object.json.set(.string(version), at: ["spec", "version"])
    object.json.set(applied.map(JSON.string), at: ["status", "lastAppliedVersion"])
    return ResourceBinding(object)
  }

  @Test(
    arguments: [
      // Binding, the resource's promiseVersion, what is wanted.
      (nil, nil, .latest), (nil, "", .latest), (nil, "v1", .version("v1")), (binding("latest"), "v1", .latest),
      (binding("v2"), "v1", .version("v2")),
    ] as [(ResourceBinding?, String?, RevisionResolution.Wanted)])
  func wanted(binding: ResourceBinding?, version: String?, expected: RevisionResolution.Wanted) {
    #expect(RevisionResolution.wanted(binding: binding, promiseVersion: version) == expected)
  }

  @Test(
    arguments: [
      // What ran last is what deletes.
      (nil, nil, .latest), (binding("v2"), "v1", .version("v1")), (binding("v2"), nil, .latest),
      (binding("v2", applied: "v1"), nil, .version("v1")),
    ] as [(ResourceBinding?, String?, RevisionResolution.Wanted)])
  func wantedForDelete(binding: ResourceBinding?, version: String?, expected: RevisionResolution.Wanted) {
    #expect(RevisionResolution.wantedForDelete(binding: binding, promiseVersion: version) == expected)
  }

  private static func revision(_ name: String, _ version: String, isLatest: Bool = false) -> PromiseRevision {
    var object = KubernetesObject(apiVersion: "platform.kratix.io/v1alpha1", kind: "PromiseRevision", name: name)
    object.json.set(.string(version), at: ["spec", "version"])
    if isLatest { object.json.set(true, at: ["status", "latest"]) }
    return PromiseRevision(object)
  }

  @Test func theFirstLatestOfTheListCounts() throws {
    let revisions = [
      Self.revision("a", "v1"), Self.revision("b", "v2", isLatest: true), Self.revision("c", "v3", isLatest: true),
    ]
    #expect(try RevisionResolution.resolve(.latest, among: revisions, promise: "p").name == "b")
    #expect(try RevisionResolution.resolve(.version("v1"), among: revisions, promise: "p").name == "a")
  }

  @Test(arguments: [
    (
      RevisionResolution.Wanted.latest, [revision("a", "v1")],
      "cannot find any PromiseRevision for Promise p with status.latest set to true: no latest promise revision yet"
    ),
    (
      .version("v9"), [revision("a", "v1")],
      "cannot find a PromiseRevision for Promise p with version v9: promise revision not found"
    ),
    (
      .version("v1"), [revision("a", "v1"), revision("b", "v1")],
      "multiple PromiseRevisions for Promise p with version v1"
    ),
  ])
  func failures(wanted: RevisionResolution.Wanted, revisions: [PromiseRevision], text: String) {
    #expect(throws: RevisionResolution.Failure(description: text)) {
      try RevisionResolution.resolve(wanted, among: revisions, promise: "p")
    }
  }

  @Test(
    arguments: [
      // Annotation, spec, what counts.
      (nil, nil, "10h0m0s"), (nil, "30m", "30m0s"), ("5m", "30m", "5m0s"), ("5s", "30m", "30m0s"),
      ("1d", nil, "10h0m0s"),
    ] as [(String?, String?, String)])
  func interval(annotation: String?, spec: String?, expected: String) {
    var revision = Self.revision("a", "v1")
    revision.object.annotations[KratixAnnotations.reconciliationInterval] = annotation
    revision.object.json.set(
      spec.map(JSON.string), at: ["spec", "promiseSpec", "workflows", "config", "reconciliationInterval"])
    #expect(ReconciliationInterval.of(revision, default: .seconds(36_000)).description == expected)
  }
}
