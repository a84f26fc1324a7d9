import Foundation
import Kubernetes
import Testing

/// The recorded pauses, suspensions and deletions (shared/recorded f): after each step the same labels, finalizers,
/// generations, conditions and statuses as real Kratix left. The steps build on each other.
@Suite(
  .platform(
    arguments: ["--no-webhook", "--image", "busybox:1.36=\(Platform.root)/Tests/EndToEndTests/Images/busybox"]),
  .serialized)
struct PauseAndSuspendTests {
  private static let folder = "f-pause-suspend-delete"

  private func moment(_ name: String, without: Set<String> = []) async throws {
    try await Platform.require().matches("\(Self.folder)/\(name)", of: .queue, without: without)
  }

  /// Applies the Promise as it was at a moment.
  private func apply(_ moment: String) async throws {
    let promise = try Recording("\(Self.folder)/\(moment)", of: .queue).promise(named: "queue")
    try await Platform.require().kubectl("apply", "-f", "-", input: promise).succeeded()
  }

  private func request(_ name: String) async throws {
    let request: JSON = [
      "apiVersion": "demo.example.com/v1", "kind": "Queue", "metadata": ["name": .string(name)], "spec": ["size": "s"],
    ]
    try await Platform.require().kubectl("apply", "-f", "-", input: request.text()).succeeded()
  }

  private func kubectl(_ arguments: String...) async throws {
    let platform = try Platform.require()
    try await platform.run("kubectl", ["--context", platform.platform] + arguments).succeeded()
  }

  @Test("recorded f: pause, suspend, delete")
  func pausedSuspendedAndDeletedAsWithRealKratix() async throws {
    let platform = try Platform.require()
    try await platform.remove(promises: "queue")
    try await platform.kubectl(
      "apply", "-f", "\(Platform.root)/../shared/recorded/\(Self.folder)/input/promise-v1.0.0.yaml"
    ).succeeded()
    try await platform.wait("promise/queue", for: "condition=Available")
    for name in ["q1", "q2", "q3"] { try await request(name) }
    try await moment("01-before")

    // One request is paused, and stays where it is.
    try await kubectl("label", "queue", "q1", "kratix.io/paused=true")
    try await moment("02-q1-paused")
    try await apply("03-upgraded-but-q1")
    try await moment("03-upgraded-but-q1")
    try await kubectl("patch", "queue", "q1", "--type=merge", "-p", #"{"spec":{"size":"m"}}"#)
    try await kubectl("label", "queue", "q1", "kratix.io/paused-")
    try await moment("04-q1-unpaused")

    // The Promise is paused, and all of its requests with it.
    try await kubectl("label", "promise", "queue", "kratix.io/paused=true")
    try await apply("05-promise-paused-with-v3.0.0-applied")
    try await moment("05-promise-paused-with-v3.0.0-applied")
    try await kubectl("patch", "queue", "q3", "--type=merge", "-p", #"{"spec":{"size":"l"}}"#)
    try await moment("06-requests-while-promise-paused")
    try await request("q4")
    try await kubectl("label", "promise", "queue", "kratix.io/paused-")
    try await moment("07-promise-unpaused")
    try await kubectl("delete", "queue", "q4")

    // The pipelines wait for approval. In the recording, q3's lost a race and says nothing of it.
    try await apply("08-suspended")
    try await moment("08-suspended", without: ["Queue/q3"])
    try await platform.wait("queue/q3", for: "jsonpath={.status.kratix.workflows.pipelines[0].phase}=Suspended")
    try await kubectl("annotate", "queue", "q1", "approved=yes")
    try await kubectl("label", "queue", "q1", "kratix.io/workflow-suspended-")
    // Without an approval, q2 is run again and suspended again.
    try await kubectl("label", "queue", "q2", "kratix.io/workflow-suspended-")
    try await moment("09-approved-q1", without: ["Queue/q3"])
    try await kubectl("label", "queue", "q3", "kratix.io/manual-reconciliation=true")
    try await moment("10-manual-reconciliation-while-suspended")

    // A suspended request goes, its delete pipeline first; then the Promise takes all with it.
    try await kubectl("delete", "queue", "q2", "--timeout=60s")
    try await kubectl("delete", "promise", "queue", "--timeout=90s")
    let rest = try await platform.kubectl(
      "get", "works,workplacements,resourcebindings,promiserevisions,jobs", "-A", "-l", "kratix.io/promise-name=queue")
    #expect(rest.output.isEmpty && rest.error.contains("No resources found"), "\(rest.output)")
    try await platform.kubectl("get", "crd", "queues.demo.example.com").failed("not found")
  }
}
