import Foundation
import Kubernetes
import Testing

/// The recorded releases and health (shared/recorded j): Promises from a server over HTTP, a required Promise that is
/// missing and comes, versions that do not match, health records. The steps build on each other.
///
/// On the sandbox only: the server is this machine's, which another platform cannot reach.
@Suite(
  .enabled(if: Platform.isSandbox),
  .platform(
    arguments: ["--no-webhook"] + Busybox.images),
  .serialized)
struct PromiseReleaseTests {
  private let scenario = RecordedScenario("j-promise-release-and-health", of: .session)

  @discardableResult
  private func release(_ name: String, _ version: String, at server: String) async throws -> CommandResult {
    let release: JSON = [
      "apiVersion": "platform.kratix.io/v1alpha1", "kind": "PromiseRelease", "metadata": ["name": .string(name)],
      "spec": [
        "version": .string(version), "sourceRef": ["type": "http", "url": .string("\(server)/\(name).yaml")],
      ],
    ]
    return try await scenario.kubectl("apply", "-f", "-", input: release.text())
  }

  @Test("recorded j: releases, required Promises, health")
  func releasedRequiredAndWatchedAsWithRealKratix() async throws {
    let platform = try Platform.require()
    let served = "\(platform.folder)/served"
    try FileManager.default.createDirectory(atPath: served, withIntermediateDirectories: true)
    let arguments = ["-u", "-m", "http.server", "0", "--bind", "127.0.0.1", "--directory", served]
    try await Shell.withLines(of: "python3", arguments) { lines in
      var iterator = lines.makeAsyncIterator()
      let greeting = try #require(await iterator.next())
      let port = try #require(greeting.firstMatch(of: #/port (\d+)/#)?.1)
      try await steps(served: served, server: "http://127.0.0.1:\(port)")
    }
  }

  private func steps(served: String, server: String) async throws {
    let cache = try String(contentsOfFile: scenario.input("cache-v1.2.0"), encoding: .utf8)
    func serve(_ name: String, _ text: String) throws {
      try text.write(toFile: "\(served)/\(name).yaml", atomically: true, encoding: .utf8)
    }
    try serve("session", try String(contentsOfFile: scenario.input("session-v0.1.0"), encoding: .utf8))
    try await release("session", "v0.1.0", at: server)
    // The recording caught it before Kratix wrote these two.
    try await scenario.moment("01-required-promise-missing", paths: [".status.apiVersion", ".status.kind"])
    try await scenario.request("s1")
    try await scenario.moment("02-request-while-unavailable")
    try serve("cache", cache)
    try await release("cache", "v1.2.0", at: server)
    try await scenario.moment("04-a-minute-later", of: .cache)
    try await scenario.moment("04-a-minute-later")

    // The release moves, with what is served; then to a version that is not served.
    try serve("cache", cache.replacing("v1.2.0", with: "v1.3.0"))
    try await release("cache", "v1.3.0", at: server)
    try await scenario.moment("05-release-moved", of: .cache)
    try await scenario.moment("05-release-moved")
    try await release("cache", "v1.4.0", at: server)
    try await scenario.moment("06-version-mismatch", of: .cache)
    try serve("nolabel", cache.replacing("  labels:\n    kratix.io/promise-version: v1.2.0\n", with: ""))
    let unlabelled = try await release("nolabel", "v1.0.0", at: server)
    #expect(
      unlabelled.error.contains(
        "Warning: version label (kratix.io/promise-version) not found on promise, installation will fail"))
    try await Platform.require().wait(
      "promiserelease/nolabel", for: "jsonpath={.status.conditions[0].message}=Version label not found on Promise")
    try await scenario.kubectl("delete", "promiserelease", "nolabel", "--timeout=20s")

    try await health()

    try await scenario.kubectl("delete", "promiserelease", "cache", "--timeout=60s")
    try await scenario.moment("12-cache-release-deleted")
    try await scenario.kubectl("delete", "promiserelease", "session", "--timeout=60s")
    try await Platform.require().kubectl("get", "promise", "session").failed("not found")
  }

  /// A record of health by hand, as an agent would write it, and gone again. Of these moments, only the request was
  /// recorded.
  private func health() async throws {
    let unrecorded: Set = [
      "Promise/session", "PromiseRelease/session", "PromiseRevision/session-77ba1",
      "ResourceBinding/s1-session-582a6",
    ]
    let probe: JSON = ["endpoints": ["a", "b"], "reason": "probe"]
    let steps: [(state: String, details: JSON, moment: String)] = [
      ("healthy", [:], "08-health-healthy"),
      ("unhealthy", probe, "09-health-unhealthy"),
      ("degraded", probe, "10-health-degraded"),
    ]
    for step in steps {
      let record: JSON = [
        "apiVersion": "platform.kratix.io/v1alpha1", "kind": "HealthRecord",
        "metadata": ["name": "session-default-s1", "namespace": "default"],
        "data": [
          "promiseRef": ["name": "session"], "resourceRef": ["name": "s1", "namespace": "default"],
          "state": .string(step.state), "lastRun": 1_750_000_000, "details": step.details,
        ],
      ]
      try await scenario.kubectl("apply", "-f", "-", input: record.text())
      try await scenario.moment(step.moment, without: unrecorded)
    }
    let events = try await scenario.kubectl("get", "events", "--field-selector", "reason=HealthRecord", "-o", "json")
    let messages = try JSON(parsing: events.output)["items"]?.arrayValue?.compactMap { $0["message"]?.stringValue }
    #expect(Set(messages ?? []) == Set(steps.map { "Health state is \($0.state)" }))
    try await scenario.kubectl("delete", "healthrecord", "session-default-s1", "--timeout=20s")
    try await Platform.require().wait("session/s1", for: "jsonpath={.status.healthStatus.state}=ready")
  }
}
