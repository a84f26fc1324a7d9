import KratixModel
import Kubernetes
import Testing

@testable import KratixControllers

/// HealthRecords and what resources show of them (contract, section 11.3).
@Suite(.timeLimit(.minutes(1))) struct HealthTests {
  private static func record(_ name: String, _ state: String, resource: String = "r") -> KubernetesObject {
    var record = KubernetesObject(
      apiVersion: "platform.kratix.io/v1alpha1", kind: "HealthRecord", name: name, namespace: "default")
    record["data"] = [
      "promiseRef": ["name": "thing"], "resourceRef": ["name": .string(resource), "namespace": "default"],
      "state": .string(state), "lastRun": 1_750_000_000,
    ]
    return record
  }

  @Test(
    arguments: [
      // The worst counts.
      ([], "ready"), (["ready"], "ready"), (["healthy", "ready"], "healthy"), (["unknown", "healthy"], "unknown"),
      (["degraded", "unknown"], "degraded"), (["ready", "unhealthy", "degraded"], "unhealthy"),
    ] as [([String], String)])
  func worst(states: [String], expected: String) {
    #expect(HealthSummary(states.map { Self.record("h", $0) }).state == expected)
  }

  @Test func aRecordShowsInTheResourceUntilItIsDeleted() async throws {
    let things = ResourceType(
      group: "x.example.com", version: "v1", plural: "things", kind: "Thing", isNamespaced: true)
    try await Platform.run { platform in
      try await platform.apply(
        """
        apiVersion: platform.kratix.io/v1alpha1
        kind: Promise
        metadata: {name: thing}
        spec:
          api:
            apiVersion: apiextensions.k8s.io/v1
            kind: CustomResourceDefinition
            metadata: {name: things.x.example.com}
            spec:
              group: x.example.com
              names: {kind: Thing, plural: things, singular: thing}
              scope: Namespaced
              versions:
              - {name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}
        """)
      try await platform.wait(for: .promises, "thing") { $0.hasCondition(KratixConditions.available) }
      _ = try await platform.api.create(
        things, KubernetesObject(apiVersion: "x.example.com/v1", kind: "Thing", name: "r", namespace: "default"))
      // A Promise without pipelines: no Job, no Reconciled, the version at once.
      let settled = try await platform.wait(for: things, "r", namespace: "default") {
        ResourceRequest($0).promiseVersion == "not-set" && $0.workflowCounter("workflows") == 0
      }
      #expect(settled.condition(KratixConditions.reconciled) == nil)
      _ = try await platform.api.create(.healthRecords, Self.record("one", "healthy"))
      _ = try await platform.api.create(.healthRecords, Self.record("two", "degraded"))
      _ = try await platform.api.create(.healthRecords, Self.record("other", "unhealthy", resource: "nobody"))
      try await platform.wait(for: things, "r", namespace: "default") {
        ResourceRequest($0).healthState == "degraded"
          && $0[path: "status", "healthStatus", "healthRecords"]?.arrayValue?.count == 2
      }
      // Its sum may have been made for the other record's sake: only with its finalizer does its end count.
      try await platform.wait(for: .healthRecords, "two", namespace: "default") {
        $0.finalizers.contains(KratixFinalizers.healthRecordCleanup)
      }
      try await platform.api.delete(.healthRecords, namespace: "default", name: "two", options: DeleteOptions())
      try await platform.waitUntilGone(.healthRecords, "two", namespace: "default")
      let healthy = try await platform.api.get(things, namespace: "default", name: "r")
      #expect(ResourceRequest(healthy).healthState == "healthy")
      #expect(
        healthy[path: "status", "healthStatus", "healthRecords"]?[0]?["source"]
          == ["name": "one", "namespace": "default"])
    }
  }

  @Test func repetitionsOfAnEventAreCounted() async throws {
    try await Platform.run { platform in
      let recorder = EventRecorder(api: platform.api, logger: .init(label: "test"))
      let object = try await platform.api.create(
        .configMaps, KubernetesObject(apiVersion: "v1", kind: "ConfigMap", name: "c", namespace: "default"))
      for note in ["first", "second", "third"] {
        await recorder.record(.normal, "Same", note, on: object, by: "TestController")
      }
      await recorder.record(.warning, "Same", "another type", on: object, by: "TestController")
      let events = try await platform.api.listAll(.events, namespace: "default").items
        .filter { $0["reportingController"]?.stringValue == "TestController" }
        .sorted { $0["type"]?.stringValue ?? "" < $1["type"]?.stringValue ?? "" }
      #expect(events.map { $0["note"]?.stringValue } == ["first", "another type"])
      #expect(events.first?["series"]?["count"] == 3)
      #expect(events.first?["action"]?.stringValue == "Same")
    }
  }
}
