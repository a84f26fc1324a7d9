import Foundation
import Kubernetes
import Testing

/// The recorded scheduling (shared/recorded g): a directory of its own Destination, labels of Destinations that come and
/// go, a selector that nothing matches. After each step the same objects, Works and placements among them, as real Kratix
/// left. The steps build on each other.
@Suite(
  .platform(
    arguments: ["--no-webhook"] + Busybox.images),
  .serialized)
struct SchedulingTests {
  private let scenario = RecordedScenario("g-scheduling", of: .webApp)

  /// Which of two Destinations that match takes a request is chance (contract, section 7.2): whatever follows of it for
  /// `blog` is not compared. After a new version a request may run at its old one first (contract, section 6.5), and each
  /// run writes its Works anew.
  private func moment(_ name: String, without: Set<String> = [], afterBump: Bool = false) async throws {
    let blog = [
      "WorkPlacement/webapp-blog-instance-*.worker-a-5058f", "WorkPlacement/webapp-blog-instance-*.worker-b-5058f",
    ]
    try await scenario.moment(
      name, without: without.union(blog),
      paths: afterBump ? ["Work.metadata.generation", "WorkPlacement.metadata.generation"] : [], works: true)
  }

  /// The Destinations as they were recorded; `platform-cluster` in place of the platform's own.
  private func makeDestinations() async throws {
    try await scenario.kubectl(
      "delete", "destination", "platform-cluster", "worker-a", "worker-b", "--ignore-not-found")
    try await scenario.kubectl("apply", "-f", scenario.input("destinations"))
  }

  @Test("recorded g: scheduling")
  func scheduledAsWithRealKratix() async throws {
    let platform = try Platform.require()
    try await platform.remove(promises: "webapp")
    let own = try await platform.object("destination", "platform-cluster")
    try await makeDestinations()
    try await scenario.kubectl("apply", "-f", scenario.input("promise-v1.0.0"))
    try await platform.wait("promise/webapp", for: "condition=Available")
    try await scenario.request("shop")
    try await moment("01-two-destinations")
    // What is in a state store, the sandbox alone lets this machine read.
    if Platform.isSandbox {
      let gitFile = try await gitStore("platform-cluster/dns/record.yaml")
      #expect(gitFile?.contains("host: shop.example.com") == true, "filepath mode none: where the pipeline wrote it")
    }

    // Another Destination that matches: dependencies go there too, what is scheduled stays.
    let workerB = """
      {"apiVersion": "platform.kratix.io/v1alpha1", "kind": "Destination",
       "metadata": {"name": "worker-b", "labels": {"tier": "web"}},
       "spec": {"path": "worker-b", "stateStoreRef": {"name": "default", "kind": "BucketStateStore"}}}
      """
    try await scenario.kubectl("apply", "-f", "-", input: workerB)
    // The recording caught this placement before its files were written.
    try await moment("02-second-matching-destination", without: ["WorkPlacement/webapp-static-deps-*.worker-b-5058f"])
    try await scenario.request("blog")
    try await moment("03-new-request")

    // A Destination matches no more: what is there stays, misplaced, and is still written.
    let blog: Set = ["WebApp/blog", "Work/webapp-blog-instance-*"]
    try await scenario.kubectl("label", "destination", "worker-a", "tier=old", "--overwrite")
    try await moment("04-worker-a-no-longer-matches", without: blog)
    try await scenario.kubectl("label", "webapp", "shop", "kratix.io/manual-reconciliation=true")
    try await moment("05-rerun-while-misplaced", without: blog)

    // The Promise selects what no Destination has.
    try await scenario.applyPromise(of: "06-selector-matches-nothing")
    try await moment("06-selector-matches-nothing", without: blog, afterBump: true)
    try await scenario.request("shop2")
    try await moment("07-new-request-unschedulable", without: blog, afterBump: true)
    try await scenario.kubectl("label", "destination", "worker-b", "tier=edge", "--overwrite")
    try await moment("08-worker-b-matches", without: blog, afterBump: true)
    try await scenario.kubectl("delete", "destination", "worker-a", "--timeout=20s")
    try await moment("09-worker-a-deleted", without: blog, afterBump: true)

    try await scenario.kubectl("delete", "promise", "webapp", "--timeout=90s")
    try await scenario.kubectl("delete", "destination", "worker-b", "platform-cluster", "--timeout=20s")
    var again = KubernetesObject(apiVersion: own.apiVersion, kind: own.kind, name: own.name)
    again.labels = own.labels
    again.spec = own.spec
    try await scenario.kubectl("create", "-f", "-", input: again.json.text())
  }

  /// A file of the Git state store.
  private func gitStore(_ file: String) async throws -> String? {
    let platform = try Platform.require()
    let url = try await platform.kubectl("get", "gitstatestore", "default", "-o", "jsonpath={.spec.url}").succeeded()
    let clone = "\(platform.folder)/clone-\(UUID().uuidString.prefix(8))"
    try await platform.run("git", ["clone", "-q", url.output, clone]).succeeded()
    return try? String(contentsOfFile: "\(clone)/\(file)", encoding: .utf8)
  }
}
