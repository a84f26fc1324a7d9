import KratixModel
import Kubernetes
import Testing

@testable import FleetUpgrade

/// What the API server says by dry-run.
@Suite struct ServerCheckTests {
  private let fleet: FleetSnapshot
  private let candidate: Promise
  private let plan: UpgradePlan

  init() throws {
    fleet = Fixtures.fleet(try Fixtures.promise(image: "old:1", version: "v1"), ["a", "b"])
    candidate = try Fixtures.promise(image: "new:1", version: "v2", schema: Fixtures.requestSchema)
    plan = UpgradePlan(
      candidate: candidate, fleet: fleet, findings: [],
      resources: fleet.members.map { ResourcePlan(member: $0, verdict: .unchanged, reason: "same") })
  }

  private func asked(_ api: RecordingAPI) async throws -> UpgradePlan {
    try await ServerCheck(api: api).asked(plan, candidate: candidate, fleet: fleet)
  }

  @Test func aServerThatTakesAll() async throws {
    let api = RecordingAPI([:])
    let asked = try await asked(api)
    #expect(asked.json == plan.json)
    // The Promise, its definition, two resources: and nothing but dry-runs.
    #expect(api.verbs == ["dry-run patch", "dry-run create"])
    #expect(api.requests == 4)
  }

  @Test func aResourceThatItRefusesIsInvalid() async throws {
    let asked = try await asked(
      RecordingAPI(
        [:],
        refusal: { type, body in
          guard type.plural == "dbs" else { return nil }
          #expect(body["metadata"]?["generateName"] == "kratix-preview-" && body["metadata"]?["name"] == nil)
          return StatusError(code: 422, reason: .invalid, message: "failed rule: self.size < 3")
        }))
    #expect(asked.resources.map(\.verdict) == [.invalid, .invalid])
    #expect(asked.resources[0].reason == "the API server refuses it: failed rule: self.size < 3")
    #expect(asked.hasFailures)
  }

  @Test func aPromiseThatItRefusesIsAFailure() async throws {
    let asked = try await asked(
      RecordingAPI(
        [:],
        refusal: { type, _ in
          type == .promises
            ? StatusError(code: 403, reason: .forbidden, message: "admission webhook \"x\" denied the request: no")
            : nil
        }))
    #expect(asked.consequences.first?.kind == .refused)
    #expect(
      asked.consequences.first?.message
        == "the API server refuses the Promise: admission webhook \"x\" denied the request: no")
    #expect(asked.hasFailures && asked.unknowns == plan.unknowns)
  }

  @Test func whatMayNotBeAskedIsUnknown() async throws {
    let asked = try await asked(RecordingAPI([:], forbidden: { type, _ in type == .customResourceDefinitions }))
    #expect(!asked.hasFailures)
    #expect(asked.unknowns.count == plan.unknowns.count + 1)
    #expect(asked.unknowns.last?.hasPrefix("the API server may not be asked about the new API: ") == true)
  }
}
