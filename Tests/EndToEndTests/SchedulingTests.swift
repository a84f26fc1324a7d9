import Foundation
import Kubernetes
import Testing

/// The recorded scheduling (shared/recorded g): a directory of its own Destination, labels of Destinations that come and
/// go, a selector that nothing matches. After each step the same objects, Works and placements among them, as real Kratix
/// left. The steps build on each other.
@Suite(
  .platform(
    arguments: ["--no-webhook", "--image", "busybox:1.36=\(Platform.root)/Tests/EndToEndTests/Images/busybox"]),
  .serialized)
struct SchedulingTests {
  private static let folder = "g-scheduling"

  /// Which of two Destinations that match takes a request is chance (contract, section 7.2): whatever follows of it for
  /// `blog` is not compared.
  private func moment(_ name: String, without: Set<String> = []) async throws {
    let blog = [
      "WorkPlacement/webapp-blog-instance-*.worker-a-5058f", "WorkPlacement/webapp-blog-instance-*.worker-b-5058f",
    ]
    try await Platform.require().matches(
      "\(Self.folder)/\(name)", of: .webApp, without: without.union(blog), works: true)
  }

  private func kubectl(_ arguments: String..., input: String = "") async throws {
    let platform = try Platform.require()
    try await platform.run("kubectl", ["--context", platform.platform] + arguments, input: input).succeeded()
  }

  /// The Destinations as they were recorded; `platform-cluster` in place of the sandbox's own.
  private func makeDestinations() async throws {
    try await kubectl("delete", "destination", "platform-cluster", "worker-a", "worker-b", "--ignore-not-found")
    try await kubectl("apply", "-f", "\(Platform.root)/../shared/recorded/\(Self.folder)/input/destinations.yaml")
  }

  @Test("recorded g: scheduling")
  func scheduledAsWithRealKratix() async throws {
    let platform = try Platform.require()
    try await platform.remove(promises: "webapp")
    try await makeDestinations()
    try await kubectl("apply", "-f", "\(Platform.root)/../shared/recorded/\(Self.folder)/input/promise-v1.0.0.yaml")
    try await platform.wait("promise/webapp", for: "condition=Available")
    try await kubectl("apply", "-f", "-", input: request("shop"))
    try await moment("01-two-destinations")
    let gitFile = try await gitStore("platform-cluster/dns/record.yaml")
    #expect(gitFile?.contains("host: shop.example.com") == true, "filepath mode none: where the pipeline wrote it")

    // Another Destination that matches: dependencies go there too, what is scheduled stays.
    let workerB = """
      {"apiVersion": "platform.kratix.io/v1alpha1", "kind": "Destination",
       "metadata": {"name": "worker-b", "labels": {"tier": "web"}},
       "spec": {"path": "worker-b", "stateStoreRef": {"name": "default", "kind": "BucketStateStore"}}}
      """
    try await kubectl("apply", "-f", "-", input: workerB)
    // The recording caught this placement before its files were written.
    try await moment("02-second-matching-destination", without: ["WorkPlacement/webapp-static-deps-*.worker-b-5058f"])
    try await kubectl("apply", "-f", "-", input: request("blog"))
    try await moment("03-new-request")

    // A Destination matches no more: what is there stays, misplaced, and is still written.
    let blog: Set = ["WebApp/blog", "Work/webapp-blog-instance-*"]
    try await kubectl("label", "destination", "worker-a", "tier=old", "--overwrite")
    try await moment("04-worker-a-no-longer-matches", without: blog)
    try await kubectl("label", "webapp", "shop", "kratix.io/manual-reconciliation=true")
    try await moment("05-rerun-while-misplaced", without: blog)

    // The Promise selects what no Destination has.
    let promise = try Recording("\(Self.folder)/06-selector-matches-nothing", of: .webApp).promise(named: "webapp")
    try await kubectl("apply", "-f", "-", input: promise)
    try await moment("06-selector-matches-nothing", without: blog)
    try await kubectl("apply", "-f", "-", input: request("shop2"))
    try await moment("07-new-request-unschedulable", without: blog)
    try await kubectl("label", "destination", "worker-b", "tier=edge", "--overwrite")
    try await moment("08-worker-b-matches", without: blog)
    try await kubectl("delete", "destination", "worker-a", "--timeout=20s")
    try await moment("09-worker-a-deleted", without: blog)

    try await kubectl("delete", "promise", "webapp", "--timeout=90s")
    try await kubectl("delete", "destination", "worker-b", "--timeout=20s")
  }

  private func request(_ name: String) -> String {
    """
    {"apiVersion": "demo.example.com/v1", "kind": "WebApp", "metadata": {"name": "\(name)", "namespace": "default"},
     "spec": {"size": "s"}}
    """
  }

  /// A file of the Git state store, where this machine can read it.
  private func gitStore(_ file: String) async throws -> String? {
    let platform = try Platform.require()
    let url = try await platform.kubectl("get", "gitstatestore", "default", "-o", "jsonpath={.spec.url}").succeeded()
    let clone = "\(platform.folder)/clone-\(UUID().uuidString.prefix(8))"
    try await platform.run("git", ["clone", "-q", url.output, clone]).succeeded()
    return try? String(contentsOfFile: "\(clone)/\(file)", encoding: .utf8)
  }
}
