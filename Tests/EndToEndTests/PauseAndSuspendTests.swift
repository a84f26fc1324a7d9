import Foundation
import Kubernetes
import Testing

/// The recorded pauses, suspensions and deletions (shared/recorded f): after each step the same labels, finalizers,
/// generations, conditions and statuses as real Kratix left. The steps build on each other.
@Suite(
  .platform(
    arguments: ["--no-webhook"] + Busybox.images),
  .serialized)
struct PauseAndSuspendTests {
  private let scenario = RecordedScenario("f-pause-suspend-delete", of: .queue)

  @Test("recorded f: pause, suspend, delete")
  func pausedSuspendedAndDeletedAsWithRealKratix() async throws {
    let platform = try Platform.require()
    try await platform.remove(promises: "queue")
    try await scenario.kubectl("apply", "-f", scenario.input("promise-v1.0.0"))
    try await platform.wait("promise/queue", for: "condition=Available")
    for name in ["q1", "q2", "q3"] { try await scenario.request(name) }
    try await scenario.moment("01-before")

    // One request is paused, and stays where it is.
    try await scenario.kubectl("label", "queue", "q1", "kratix.io/paused=true")
    try await scenario.moment("02-q1-paused")
    try await scenario.applyPromise(of: "03-upgraded-but-q1")
    try await scenario.moment("03-upgraded-but-q1")
    try await scenario.kubectl("patch", "queue", "q1", "--type=merge", "-p", #"{"spec":{"size":"m"}}"#)
    try await scenario.kubectl("label", "queue", "q1", "kratix.io/paused-")
    try await scenario.moment("04-q1-unpaused")

    // The Promise is paused, and all of its requests with it.
    try await scenario.kubectl("label", "promise", "queue", "kratix.io/paused=true")
    try await scenario.applyPromise(of: "05-promise-paused-with-v3.0.0-applied")
    try await scenario.moment("05-promise-paused-with-v3.0.0-applied")
    try await scenario.kubectl("patch", "queue", "q3", "--type=merge", "-p", #"{"spec":{"size":"l"}}"#)
    try await scenario.moment("06-requests-while-promise-paused")
    try await scenario.request("q4")
    try await scenario.kubectl("label", "promise", "queue", "kratix.io/paused-")
    try await scenario.moment("07-promise-unpaused")
    try await scenario.kubectl("delete", "queue", "q4")

    // The pipelines wait for approval. In the recording, q3's lost a race and says nothing of it.
    try await scenario.applyPromise(of: "08-suspended")
    try await scenario.moment("08-suspended", without: ["Queue/q3"])
    try await platform.wait("queue/q3", for: "jsonpath={.status.kratix.workflows.pipelines[0].phase}=Suspended")
    try await scenario.kubectl("annotate", "queue", "q1", "approved=yes")
    try await scenario.kubectl("label", "queue", "q1", "kratix.io/workflow-suspended-")
    // Without an approval, q2 is run again and suspended again.
    try await scenario.kubectl("label", "queue", "q2", "kratix.io/workflow-suspended-")
    try await scenario.moment("09-approved-q1", without: ["Queue/q3"])
    try await scenario.kubectl("label", "queue", "q3", "kratix.io/manual-reconciliation=true")
    try await scenario.moment("10-manual-reconciliation-while-suspended")

    // A suspended request goes, its delete pipeline first; then the Promise takes all with it.
    try await scenario.kubectl("delete", "queue", "q2", "--timeout=60s")
    try await scenario.kubectl("delete", "promise", "queue", "--timeout=90s")
    let rest = try await platform.kubectl(
      "get", "works,workplacements,resourcebindings,promiserevisions,jobs", "-A", "-l", "kratix.io/promise-name=queue")
    #expect(rest.output.isEmpty && rest.error.contains("No resources found"), "\(rest.output)")
    try await platform.kubectl("get", "crd", "queues.demo.example.com").failed("not found")
  }
}
