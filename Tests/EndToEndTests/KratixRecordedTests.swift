import Kubernetes
import Testing

/// The recorded life of a Promise, step by step (shared/recorded a to e): after each step the same labels, finalizers,
/// generations, conditions and statuses as real Kratix left. The steps build on each other.
@Suite(.platform(arguments: ["--no-webhook"] + MongoDB.images), .serialized)
struct KratixRecordedTests {
  @Test("recorded a to e: install, bump, versions, pins, a failing upgrade")
  func aPromiseAndItsUpgradesLeaveWhatRealKratixLeft() async throws {
    let platform = try Platform.require()
    try await platform.applyMongoDB()
    try await platform.wait("promise/mongodb", for: "condition=Available")
    for version in 4...6 {
      try await platform.kubectl(
        "apply", "-f", "-", input: MongoDB.request("mongo-v\(version)", majorVersion: version)
      ).succeeded()
    }
    try await platform.matches("a-install/05-requests-succeeded")
    try await table()

    // b: the image changes, the version does not.
    try await platform.applyMongoDB(tag: "v0.2.0")
    try await platform.matches("b-inplace-bump/02-after")

    // c: a version label, then a version with another image.
    try await platform.applyMongoDB(tag: "v0.2.0", version: "v1.0.0")
    try await platform.matches("c-version-label/01-labelled-v1.0.0")
    try await platform.applyMongoDB(tag: "v0.3.0", version: "v2.0.0")
    try await platform.matches("c-version-label/03-v2.0.0-done")

    // d: bindings.
    try await platform.bind("mongo-v4", to: "v2.0.0")
    try await platform.bind("mongo-v5", to: "v2.0.0")
    try await platform.matches("d-pinned/01-pinned-v2.0.0")
    try await platform.applyMongoDB(tag: "v0.4.0", version: "v3.0.0")
    try await platform.matches("d-pinned/02-v3.0.0-applied-only-latest-moves")
    try await platform.bind("mongo-v5", to: "v3.0.0")
    try await platform.matches("d-pinned/04-moved")
    try await platform.bind("mongo-v6", to: "v2.0.0")
    try await platform.matches("d-pinned/05-rolled-back-v6")
    try await platform.bind("mongo-v5", to: "v2.0.0")
    try await platform.matches("d-pinned/06-rolled-back-v5")
    try await platform.bind("mongo-v4", to: "v9.9.9")
    try await platform.matches("d-pinned/07-unknown-version")
    try await platform.bind("mongo-v4", to: "v2.0.0")
    try await platform.matches("d-pinned/08-back-from-unknown")
    try await spec(of: "mongo-v4", majorVersion: 5)
    try await platform.matches("d-pinned/09-spec-change-while-pinned")
    // Between these two moments the recording set majorVersion back.
    try await spec(of: "mongo-v4", majorVersion: 4)
    try await platform.kubectl("delete", "promiserevision", "mongodb-2888c").succeeded()
    try await platform.kubectl("delete", "promiserevision", "mongodb-ee7bf").failed(
      "can not delete the latest PromiseRevision")
    try await platform.matches("d-pinned/10-revision-deletes")
    for request in ["mongo-v4", "mongo-v5", "mongo-v6"] { try await platform.bind(request, to: "latest") }
    try await platform.matches("d-pinned/11-all-latest-again")

    // e: a version whose pipeline fails.
    try await platform.bind("mongo-v4", to: "v3.0.0")
    try await platform.applyMongoDB(tag: "fails", version: "v4.0.0")
    try await platform.matches("e-failing-upgrade/01-failed")
    try await platform.kubectl("label", MongoDB.binding("mongo-v5"), "kratix.io/manual-reconciliation=true").succeeded()
    try await platform.matches("e-failing-upgrade/02-retried-by-binding-label")
    try await platform.kubectl("label", "mongodb", "mongo-v6", "kratix.io/manual-reconciliation=true").succeeded()
    try await platform.matches("e-failing-upgrade/03-retried-by-request-label")
    try await platform.applyMongoDB(tag: "v0.5.0", version: "v4.0.0")
    try await platform.bind("mongo-v4", to: "latest")
    try await platform.matches("e-failing-upgrade/06-all-on-v4.0.0")

    // d2: the revision that a request is bound to takes the request with it.
    try await platform.bind("mongo-v4", to: "v3.0.0")
    try await platform.wait("mongodb/mongo-v4", for: "jsonpath={.status.promiseVersion}=v3.0.0")
    try await platform.kubectl("delete", "promiserevision", "mongodb-ee7bf").succeeded()
    try await platform.wait("mongodb/mongo-v4", for: "delete")
    let left = try await platform.kubectl("get", "mongodbs", "-o", "name").succeeded()
    #expect(left.lines == ["mongodb.promise.kratix.io/mongo-v5", "mongodb.promise.kratix.io/mongo-v6"])

    // The Promise takes all with it.
    try await platform.kubectl("delete", "promise", "mongodb", "--timeout=60s").succeeded()
    let rest = try await platform.kubectl("get", "works,workplacements,resourcebindings,promiserevisions", "-A")
    #expect(rest.output.isEmpty && rest.error.contains("No resources found"), "\(rest.output)")
    try await platform.kubectl("get", "crd", "mongodbs.promise.kratix.io").failed("not found")
  }

  private func spec(of name: String, majorVersion: Int) async throws {
    let platform = try Platform.require()
    try await platform.kubectl(
      "patch", "mongodb", name, "--type=merge", "-p", #"{"spec":{"majorVersion":\#(majorVersion)}}"#
    ).succeeded()
  }

  /// What a person sees (a-install/tables.txt and logs-and-describe.txt).
  private func table() async throws {
    let platform = try Platform.require()
    let requests = try await platform.kubectl("get", "mongodbs").succeeded()
    #expect(
      requests.lines == [
        "NAME       MESSAGE                   STATUS",
        "mongo-v4   mongodb version: 4.4.23   Reconciled",
        "mongo-v5   mongodb version: 5.0.14   Reconciled",
        "mongo-v6   mongodb version: 6.0.10   Reconciled",
      ])
    let promises = try await platform.kubectl("get", "promises").succeeded()
    #expect(
      promises.lines == [
        "NAME      STATUS      KIND      API VERSION                  VERSION   MESSAGE",
        "mongodb   Available   MongoDB   promise.kratix.io/v1alpha1             Promise configured",
      ])
    let bindings = try await platform.kubectl("get", "resourcebindings", "-A").succeeded()
    #expect(
      bindings.lines == [
        "NAMESPACE   NAME                     RESOURCE   PROMISE   DESIRED   APPLIED",
        "default     mongo-v4-mongodb-7630f   mongo-v4   mongodb   latest    not-set",
        "default     mongo-v5-mongodb-bf5d4   mongo-v5   mongodb   latest    not-set",
        "default     mongo-v6-mongodb-0b92e   mongo-v6   mongodb   latest    not-set",
      ])
    let described = try await platform.kubectl("describe", "mongodb", "mongo-v4").succeeded()
    for event in [
      "Binding mongo-v4-mongodb-7630f created for promise mongodb version latest",
      "Configure Pipeline started: configure-workflow", "All works associated with this resource are ready",
      "Resource binding version updated to latest", "Successfully reconciled",
    ] {
      #expect(described.output.contains(event), "no event \(event)")
    }
    let pod = try await platform.kubectl(
      "get", "pods", "-l", "kratix.io/resource-name=mongo-v4", "-o", "jsonpath={.items[0].metadata.name}"
    ).succeeded().output
    let log = try await platform.kubectl("logs", pod, "-c", "create-instance").succeeded()
    #expect(log.lines == ["Creating mongodb with name: mongo-v4", "Creating mongodb with version: 4.4.23"])
    let reader = try await platform.kubectl("logs", pod, "-c", "reader").succeeded()
    #expect(reader.lines.first == "Object file written to: /kratix/input/object.yaml head of file:")
    let pods = try await platform.kubectl("get", "pod", pod, "--no-headers").succeeded()
    #expect(pods.output.split(separator: " ").dropFirst().prefix(2) == ["0/1", "Completed"])
  }
}
