import Foundation
import Kubernetes
import Testing

/// The recorded changes of a Promise's API (shared/recorded i): fields added, used, removed and required, an enum
/// narrowed; one request stays at the version before all of it. The steps build on each other.
@Suite(.platform(arguments: ["--no-webhook"] + MongoDB.images), .serialized)
struct APIChangeTests {
  private let scenario = RecordedScenario("i-api-change")

  /// What came before in the recording is not compared: revisions, generations, a label of a person's, the condition of
  /// a binding that had been moved.
  private func moment(_ name: String) async throws {
    try await scenario.moment(
      name,
      without: [
        "PromiseRevision/mongodb-081a7", "PromiseRevision/mongodb-5a7f3", "PromiseRevision/mongodb-ee7bf",
        "ResourceBinding/mongo-v4-mongodb-7630f",
      ],
      paths: [".metadata.generation", ".status.observedGeneration", ".metadata.labels.team"])
  }

  private func patch(_ name: String, _ spec: String) async throws -> CommandResult {
    try await Platform.require().kubectl("patch", "mongodb", name, "--type=merge", "-p", #"{"spec":\#(spec)}"#)
  }

  @Test("recorded i: the API changes")
  func theAPIChangesAsWithRealKratix() async throws {
    let platform = try Platform.require()
    try await platform.remove(promises: "mongodb")
    try await RecordedScenario("e-failing-upgrade").applyPromise(of: "06-all-on-v4.0.0")
    try await platform.wait("promise/mongodb", for: "condition=Available")
    for version in 4...6 {
      let request = MongoDB.request("mongo-v\(version)", majorVersion: version)
      try await platform.kubectl("apply", "-f", "-", input: request).succeeded()
      try await platform.wait("mongodb/mongo-v\(version)", for: "jsonpath={.status.promiseVersion}=v4.0.0")
    }
    // A person's own field of the status, from before.
    let note = #"{"status":{"note":"x"}}"#
    try await scenario.kubectl("patch", "mongodb", "mongo-v6", "--subresource=status", "--type=merge", "-p", note)
    try await platform.bind("mongo-v4", to: "v4.0.0")

    // Optional fields are added, and used.
    try await scenario.applyPromise(of: "01-optional-fields-added")
    try await moment("01-optional-fields-added")
    try await patch("mongo-v5", #"{"team":"blue","members":5}"#).succeeded()
    try await patch("mongo-v6", #"{"version":"6.0.99"}"#).succeeded()
    try await moment("02-new-fields-used")

    // Fields that are used are removed: nobody is asked.
    try await scenario.applyPromise(of: "04-fields-removed")
    try await moment("04-fields-removed")
    try await scenario.kubectl("annotate", "mongodb", "mongo-v4", "touched=yes")

    // A field is required that nobody has: who is touched may stay as it is, who changes may not.
    try await scenario.applyPromise(of: "05-required-field-added")
    try await moment("05-required-field-added")
    try await scenario.kubectl("annotate", "mongodb", "mongo-v6", "touched=again")
    let changed = try await patch("mongo-v6", #"{"majorVersion":5}"#)
    #expect(changed.error == "The MongoDB \"mongo-v6\" is invalid: spec.owner: Required value\n")
    let status = try await scenario.kubectl(
      "patch", "mongodb", "mongo-v6", "--subresource=status", "--type=merge", "-p", note)
    #expect(status.output == "mongodb.promise.kratix.io/mongo-v6 patched (no change)\n")
    let created = try await platform.kubectl(
      "create", "-f", "-", input: MongoDB.request("mongo-new", majorVersion: 5))
    #expect(created.error == "The MongoDB \"mongo-new\" is invalid: spec.owner: Required value\n")

    // An enum is narrowed: what is there stays.
    try await scenario.applyPromise(of: "07-enum-narrowed")
    try await moment("07-enum-narrowed")
    try await scenario.kubectl("annotate", "mongodb", "mongo-v5", "touched=again")
    try await patch("mongo-v5", #"{"members":7}"#).succeeded()
    let refused = try await patch("mongo-v5", #"{"majorVersion":4}"#)
    #expect(
      refused.error
        == "The MongoDB \"mongo-v5\" is invalid: spec.majorVersion: Unsupported value: 4: supported values: \"6\"\n")
    try await moment("09-end")
    try await platform.wait(MongoDB.binding("mongo-v4"), for: "jsonpath={.status.lastAppliedVersion}=v4.0.0")
    try await scenario.kubectl("delete", "promise", "mongodb", "--timeout=90s")
  }
}
