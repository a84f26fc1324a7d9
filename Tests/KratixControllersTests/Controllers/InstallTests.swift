import KratixModel
import Kubernetes
import Testing

@testable import KratixControllers

extension ResourceType {
  static let mongos = ResourceType(
    group: "promise.kratix.io", version: "v1alpha1", plural: "mongodbs", kind: "MongoDB", isNamespaced: true)
}

/// A Promise is installed and requested, step by step as real Kratix was seen to do it.
@Suite(.timeLimit(.minutes(1))) struct InstallTests {
  @Test(arguments: [Pace.fast, .kratix])
  func statesAndTheirOrder(pace: Pace) async throws {
    let recorded = try Recorded.object("a-install/02-promise-installed.yaml", "Promise", "mongodb")
    let script = JobScript { job in
      job.labels[KratixLabels.resourceName] == nil
        ? .succeeds()
        : .succeeds(status: [
          "message": "mongodb version: 4.4.23", "version": "4.4.23",
          "adminUserCredentials": ["name": "mongodb-password-mongo-v4", "namespace": "default"],
        ])
    }
    try await Platform.run(pace: pace, script: script, recording: [.promises, .promiseRevisions, .resourceBindings]) {
      platform in
      var promise = KubernetesObject(apiVersion: recorded.apiVersion, kind: "Promise", name: "mongodb")
      var spec = recorded.spec
      // As its author wrote it.
      spec?.set(nil, at: ["workflows", "config"])
      promise.spec = spec
      _ = try await platform.api.create(.promises, promise)
      try await platform.wait(for: .promises, "mongodb") { $0.hasCondition(KratixConditions.reconciled) }

      let recorder = TransitionRecorder()
      let recording = Task { try await recorder.record(.mongos, api: platform.api) }
      defer { recording.cancel() }
      var request = KubernetesObject(
        apiVersion: "promise.kratix.io/v1alpha1", kind: "MongoDB", name: "mongo-v4", namespace: "default")
      request.spec = ["majorVersion": 4]
      _ = try await platform.api.create(.mongos, request)
      try await platform.wait(for: .mongos, "mongo-v4") {
        $0[path: "status", "lastSuccessfulConfigureWorkflowTime"] != nil
      }
      try await platform.wait(for: .resourceBindings, "mongo-v4-mongodb-7630f") {
        $0[path: "status", "lastAppliedVersion"] == "not-set"
      }
      let file = "a-install/transitions.jsonl"
      for (seen, kind, name) in [
        (recorder, "MongoDB", "mongo-v4"), (platform.transitions, "ResourceBinding", "mongo-v4-mongodb-7630f"),
        (platform.transitions, "Promise", "mongodb"), (platform.transitions, "PromiseRevision", "mongodb-5a7f3"),
      ] {
        let wanted = try TransitionRecorder.recorded(file, kind, name)
        expectSame(seen.changes(of: kind, name), wanted, kind)
      }
    }
  }
}
