import Foundation
import Kubernetes
import Testing

/// The recorded compound Promise (shared/recorded h): its pipeline writes a request of another Promise for the platform's
/// own Destination.
@Suite(
  .platform(
    arguments: ["--no-webhook", "--image", "busybox:1.36=\(Platform.root)/Tests/EndToEndTests/Images/busybox"]
      + MongoDB.images), .serialized)
struct CompoundPromiseTests {
  private static let folder = "h-compound"

  private func kubectl(_ arguments: String..., input: String = "") async throws -> CommandResult {
    let platform = try Platform.require()
    return try await platform.run("kubectl", ["--context", platform.platform] + arguments, input: input).succeeded()
  }

  @Test("recorded h: a compound Promise")
  func aRequestOfARequestAsWithRealKratix() async throws {
    let platform = try Platform.require()
    try await platform.remove(promises: "stack", "mongodb")
    try await kubectl("label", "destination", "platform-cluster", "tier=platform", "--overwrite")
    try await platform.applyMongoDB(version: "v9.0.0")
    try await platform.wait("promise/mongodb", for: "condition=Available")
    try await kubectl("apply", "-f", "\(Platform.root)/../shared/recorded/\(Self.folder)/input/promise-v1.0.0.yaml")
    try await platform.wait("promise/stack", for: "condition=Available")
    let request: JSON = [
      "apiVersion": "demo.example.com/v1", "kind": "Stack", "metadata": ["name": "prod-1", "namespace": "default"],
      "spec": ["size": "s"],
    ]
    try await kubectl("apply", "-f", "-", input: request.text())
    try await platform.matches("\(Self.folder)/01-request-succeeded", of: .stack, works: true)

    // A GitOps agent of the platform applies it; where there is none, this does.
    try await kubectl("apply", "-f", "-", input: MongoDB.request("prod-1-db", majorVersion: 6))
    let revisions = try await kubectl(
      "get", "promiserevisions", "-l", "kratix.io/promise-name=mongodb", "-o", "jsonpath={.items[*].metadata.name}"
    ).output.split(separator: " ")
    let promiseItself = [
      "Promise/mongodb", "Work/mongodb-configure-promise-*",
      "WorkPlacement/mongodb-configure-promise-*.worker-1-5058f",
    ]
    try await platform.matches(
      "\(Self.folder)/02-inner-request",
      without: Set(promiseItself + revisions.map { "PromiseRevision/\($0)" }), works: true)

    // The outer one goes, and all that is Kratix's of it.
    try await kubectl("delete", "stack", "prod-1", "--timeout=60s")
    try await platform.matches("\(Self.folder)/03-outer-deleted", of: .stack, works: true)
    try await kubectl("delete", "mongodb", "prod-1-db", "--ignore-not-found", "--timeout=60s")
    try await kubectl("delete", "promise", "stack", "mongodb", "--timeout=90s")
    try await kubectl("label", "destination", "platform-cluster", "tier-")
  }
}
