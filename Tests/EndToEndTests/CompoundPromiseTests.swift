import Foundation
import Kubernetes
import Testing

/// The recorded compound Promise (shared/recorded h): its pipeline writes a request of another Promise for the platform's
/// own Destination.
@Suite(
  .platform(
    arguments: ["--no-webhook"] + Busybox.images
      + MongoDB.images), .serialized)
struct CompoundPromiseTests {
  private let scenario = RecordedScenario("h-compound", of: .stack)

  @Test("recorded h: a compound Promise")
  func aRequestOfARequestAsWithRealKratix() async throws {
    let platform = try Platform.require()
    try await platform.remove(promises: "stack", "mongodb")
    try await scenario.kubectl("label", "destination", "platform-cluster", "tier=platform", "--overwrite")
    try await platform.applyMongoDB(version: "v9.0.0")
    try await platform.wait("promise/mongodb", for: "condition=Available")
    try await scenario.kubectl("apply", "-f", scenario.input("promise-v1.0.0"))
    try await platform.wait("promise/stack", for: "condition=Available")
    try await scenario.request("prod-1")
    try await scenario.moment("01-request-succeeded", works: true)

    // A GitOps agent of the platform applies it; where there is none, this does.
    try await scenario.kubectl("apply", "-f", "-", input: MongoDB.request("prod-1-db", majorVersion: 6))
    let revisions = try await scenario.kubectl(
      "get", "promiserevisions", "-l", "kratix.io/promise-name=mongodb", "-o", "jsonpath={.items[*].metadata.name}"
    ).output.split(separator: " ")
    let promiseItself = [
      "Promise/mongodb", "Work/mongodb-configure-promise-*",
      "WorkPlacement/mongodb-configure-promise-*.worker-1-5058f",
    ]
    try await scenario.moment(
      "02-inner-request", of: .mongoDB,
      without: Set(promiseItself + revisions.map { "PromiseRevision/\($0)" }), works: true)

    // The outer one goes, and all that is Kratix's of it.
    try await scenario.kubectl("delete", "stack", "prod-1", "--timeout=60s")
    try await scenario.moment("03-outer-deleted", works: true)
    try await scenario.kubectl("delete", "mongodb", "prod-1-db", "--ignore-not-found", "--timeout=60s")
    try await scenario.kubectl("delete", "promise", "stack", "mongodb", "--timeout=90s")
    try await scenario.kubectl("label", "destination", "platform-cluster", "tier-")
  }
}
