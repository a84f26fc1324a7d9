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
        let types: [String: ResourceType] = [
          "MongoDB": .mongos, "ResourceBinding": .resourceBindings, "Promise": .promises,
          "PromiseRevision": .promiseRevisions,
        ]
        let type = try #require(types[kind])
        await seen.catchUp(
          with: try await platform.api.get(type, namespace: type.isNamespaced ? "default" : nil, name: name))
        let wanted = try TransitionRecorder.recorded(file, kind, name)
        expectSame(seen.changes(of: kind, name), wanted, kind)
      }
    }
  }

  /// The Promise gets a version label, then another version with another spec (recorded as c-version-label).
  @Test func aVersionLabelAndThenAnUpgrade() async throws {
    let recorded = try Recorded.object("a-install/02-promise-installed.yaml", "Promise", "mongodb")
    try await Platform.run(recording: [.promises, .promiseRevisions]) { platform in
      var promise = KubernetesObject(apiVersion: recorded.apiVersion, kind: "Promise", name: "mongodb")
      promise.spec = recorded.spec
      promise.json.set(nil, at: ["spec", "workflows", "config"])
      _ = try await platform.api.create(.promises, promise)
      try await platform.wait(for: .promises, "mongodb") { $0.hasCondition(KratixConditions.reconciled) }
      try await platform.label(.promises, "mongodb", KratixLabels.promiseVersion, "v1.0.0")
      try await Self.waitForLatest("v1.0.0", on: platform)

      var upgrade = try await platform.api.get(.promises, name: "mongodb")
      upgrade.labels[KratixLabels.promiseVersion] = "v2.0.0"
      upgrade.json.set([["matchLabels": ["environment": "prod"]]], at: ["spec", "destinationSelectors"])
      _ = try await platform.api.update(.promises, upgrade)
      try await Self.waitForLatest("v2.0.0", on: platform)
      try await platform.wait(for: .promises, "mongodb") {
        $0.hasCondition(KratixConditions.reconciled) && $0[path: "status", "observedGeneration"] == 3
      }
      let file = "c-version-label/transitions.jsonl"
      // The first line of a recording is all that was there before.
      let wanted = try TransitionRecorder.recorded(file, "Promise", "mongodb").dropFirst()
      await platform.transitions.catchUp(with: try await platform.api.get(.promises, name: "mongodb"))
      let seen = platform.transitions.changes(of: "Promise", "mongodb")
        .drop { $0 != ["labels.kratix.io/promise-version=\"v1.0.0\""] }.dropFirst()
      expectSame(seen.map(Self.withoutGenerations), wanted.map(Self.withoutGenerations), "Promise")
      for version in ["v1.0.0", "v2.0.0"] {
        let name = KratixNames.revision(promise: "mongodb", version: version)
        await platform.transitions.catchUp(with: try await platform.api.get(.promiseRevisions, name: name))
        expectSame(
          platform.transitions.changes(of: "PromiseRevision", name),
          try TransitionRecorder.recorded(file, "PromiseRevision", name), name)
      }
    }
  }

  private static func waitForLatest(_ version: String, on platform: Platform) async throws {
    let name = KratixNames.revision(promise: "mongodb", version: version)
    for try await event in platform.api.observe(.promiseRevisions) {
      guard event != .snapshot([]) else { continue }
      let all = try await platform.api.listAll(.promiseRevisions).items.map(PromiseRevision.init)
      if all.filter(\.isLatest).map(\.name) == [name] { return }
    }
  }

  /// The recorded Promise had been changed once more before.
  private static func withoutGenerations(_ change: [String]) -> [String] {
    change.filter { !$0.hasPrefix("generation=") && !$0.hasPrefix("status.observedGeneration=") }
  }
}
