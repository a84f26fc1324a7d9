import KratixModel
import Kubernetes
import Testing

@testable import FleetUpgrade

/// What of the Promise itself changes.
@Suite struct PromiseDifferenceTests {
  private func lines(_ change: (inout JSON) -> Void) throws -> [String] {
    var live = try Fixtures.promise(image: "a:1", version: "v1")
    live.object.spec?["dependencies"] = try YAML.parse(
      """
      - {apiVersion: v1, kind: Namespace, metadata: {name: db}}
      - {apiVersion: v1, kind: Secret, metadata: {name: s, namespace: db}, stringData: {password: old}}
      """)
    var candidate = live
    var spec = live.spec
    change(&spec)
    candidate.object.spec = spec
    return PromiseChange(live: live, candidate: candidate).changes.map {
      "\($0.kind.rawValue) \($0.object) \($0.path)"
    }
  }

  @Test func nothing() throws { #expect(try lines { _ in }.isEmpty) }

  /// Images are told by container.
  @Test func anImageIsNoneOfThem() throws {
    let text = "{configure: [{metadata: {name: configure}, spec: {containers: [{name: c, image: 'b:2'}]}}]}"
    #expect(try lines { $0.set(try? YAML.parse(text), at: ["workflows", "resource"]) }.isEmpty)
  }

  @Test func workflows() throws {
    let text = """
      {configure: [{metadata: {name: configure}, spec: {rbac: {permissions: [{verbs: [get]}]},
      containers: [{name: c, image: 'a:1', args: [x]}]}}, {metadata: {name: second}, spec: {containers: []}}]}
      """
    #expect(
      try lines { $0.set(try? YAML.parse(text), at: ["workflows", "resource"]) } == [
        "added workflow resource/configure/configure spec.containers[name=c].args",
        "added workflow resource/configure/configure spec.rbac", "added workflow resource/configure/second ",
      ])
  }

  @Test func dependenciesWithSecretsMasked() throws {
    let dependencies = try YAML.parse(
      "- {apiVersion: v1, kind: Secret, metadata: {name: s, namespace: db}, stringData: {password: new}}")
    var live = try Fixtures.promise(image: "a:1", version: "v1")
    var candidate = live
    live.object.spec?["dependencies"] = try YAML.parse(
      "- {apiVersion: v1, kind: Secret, metadata: {name: s, namespace: db}, stringData: {password: old}}")
    candidate.object.spec?["dependencies"] = dependencies
    let changes = PromiseChange(live: live, candidate: candidate).changes
    #expect(changes.map(\.object) == ["dependency Secret/db/s"])
    #expect(changes.first?.from == "*** (before)" && changes.first?.to == "*** (after)")
    #expect(
      try lines { $0["dependencies"] = dependencies }
        == ["modified dependency Secret/db/s stringData.password", "removed dependency Namespace/db "])
  }

  @Test func selectorsRequirementsAndTheNamespaceOfPipelines() throws {
    let found = try lines {
      $0["destinationSelectors"] = [["matchLabels": ["environment": "prod"]]]
      $0["requiredPromises"] = [["name": "network", "version": "v1"]]
      $0.set("pipes", at: ["workflows", "config", "pipelineNamespace"])
    }
    #expect(
      found == [
        "added workflows config.pipelineNamespace", "modified destinationSelectors environment",
        "added requiredPromises network",
      ])
  }
}
