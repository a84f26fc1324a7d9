import FleetUpgrade
import Foundation
import KratixModel
import Kubernetes
import Synchronization
import Testing

@testable import KratixControllers

/// A fleet on a platform with Kratix's controllers, and the plugin's way to move it.
struct RolloutFleet: Sendable {
  static let queues = ResourceType(
    group: "demo.example.com", version: "v1", plural: "queues", kind: "Queue", isNamespaced: true)
  static let clock: @Sendable () -> Double = { Date().timeIntervalSince1970 }

  let platform: Platform
  let names: [String]
  /// One that somebody pinned: it is not to move.
  let pinned: Set<String>

  /// Installs version 1, and requests the resources.
  init(_ platform: Platform, _ names: [String], pinned: Set<String> = [], version: String? = "v1") async throws {
    self.platform = platform
    self.names = names
    self.pinned = pinned
    let promise = Self.promise(version: version)
    _ = try await platform.api.create(.promises, promise.object)
    try await platform.wait(for: .promises, promise.name) { $0.hasCondition(KratixConditions.worksSucceeded) }
    for name in names {
      var queue = KubernetesObject(
        apiVersion: "demo.example.com/v1", kind: "Queue", name: name, namespace: "default")
      queue.spec = ["size": "s"]
      _ = try await platform.api.create(Self.queues, queue)
    }
    for name in names { try await settle(name, at: version ?? KratixNames.unversioned, bound: KratixNames.latest) }
    for name in pinned { try await bind(name, to: version ?? KratixNames.unversioned) }
  }

  /// A Promise whose one pipeline carries a tag, the version unless told otherwise.
  static func promise(version: String?, tag: String? = nil) -> Promise {
    var promise = KubernetesObject(apiVersion: "platform.kratix.io/v1alpha1", kind: "Promise", name: "queue")
    if let version { promise.labels = [KratixLabels.promiseVersion: version] }
    promise.spec = [
      "api": [
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": ["name": "queues.demo.example.com"],
        "spec": [
          "group": "demo.example.com", "names": ["kind": "Queue", "plural": "queues", "singular": "queue"],
          "scope": "Namespaced",
          "versions": [
            [
              "name": "v1", "served": true, "storage": true,
              "schema": [
                "openAPIV3Schema": [
                  "type": "object",
                  "properties": ["spec": ["type": "object", "properties": ["size": ["type": "string"]]]],
                ]
              ],
            ]
          ],
        ],
      ],
      "workflows": [
        "resource": [
          "configure": [
            [
              "apiVersion": "platform.kratix.io/v1alpha1", "kind": "Pipeline", "metadata": ["name": "instance"],
              "spec": [
                "containers": [
                  ["name": "run", "image": .string("example.com/queue:\(tag ?? version ?? "v0")")]
                ]
              ],
            ]
          ]
        ]
      ],
    ]
    return Promise(promise)
  }

  static func tag(_ job: KubernetesObject) -> String {
    let image = job[path: "spec", "template", "spec", "initContainers"]?[1]?["image"]?.stringValue ?? ""
    return String(image.split(separator: ":").last ?? "")
  }

  func binding(_ name: String) -> String { KratixNames.binding(resource: name, promise: "queue") }

  func bind(_ name: String, to version: String) async throws {
    _ = try await platform.api.patch(
      .resourceBindings, namespace: "default", name: binding(name), .merge(["spec": ["version": .string(version)]]))
    try await settle(name, at: nil, bound: version)
  }

  /// Settled at a version, with what its binding says taken in.
  func settle(_ name: String, at version: String?, bound: String? = nil) async throws {
    try await platform.wait(for: Self.queues, name, namespace: "default") {
      let resource = ResourceRequest($0)
      return $0.hasCondition(KratixConditions.reconciled)
        && (version.map { resource.promiseVersion == $0 } ?? true)
        && (bound.map { resource.resourceBindingVersion == $0 } ?? true)
        && !$0.hasLabel(KratixLabels.runFromStart) && !$0.hasLabel(KratixLabels.manualReconciliation)
    }
  }

  func resource(_ name: String) async throws -> ResourceRequest {
    ResourceRequest(try await platform.api.get(Self.queues, namespace: "default", name: name))
  }

  func bound(_ name: String) async throws -> ResourceBinding {
    ResourceBinding(try await platform.api.get(.resourceBindings, namespace: "default", name: binding(name)))
  }

  /// How often a resource's workflow was run with a tag.
  func runs(_ name: String, tag: String) async throws -> Int {
    try await platform.api.listAll(
      .jobs, namespace: "default", labelSelector: "\(KratixLabels.resourceName)=\(name)"
    ).items.count { Self.tag($0) == tag }
  }

  /// What `kubectl kratix upgrade -f FILE --yes` does, once the plan is shown.
  @discardableResult
  func upgrade(
    to candidate: Promise, strategy: Strategy = .standard, hold: RolloutRecord.Hold? = nil,
    api: (any KubernetesAPI)? = nil, driver: String = "driver",
    isGone: @escaping @Sendable (String) -> Bool = { _ in true },
    now: @escaping @Sendable () -> Double = RolloutFleet.clock, gateCommand: String? = nil,
    gate: @escaping RolloutDriver.Gate = { _, _ in 0 },
    onEvent: @escaping @Sendable (RolloutDriver.Event) -> Void = { _ in }
  ) async throws -> RolloutRecord {
    let api = api ?? platform.api
    let control = RolloutControl(api: api, promise: candidate.name, now: now)
    let live = Promise(try await api.get(.promises, name: candidate.name))
    if try await control.open(promiseUID: live.object.uid) != nil {
      _ = try await control.resume()
    } else if live.planDigest == candidate.planDigest {
      // The first command was through before it was killed.
      guard let stored = try await RolloutStore(api: api, promise: candidate.name).load() else {
        throw RolloutError.noRollout(candidate.name)
      }
      return stored.record
    } else {
      _ = try await control.begin(
        live, to: candidate,
        options: RolloutOptions(strategy: strategy, hold: hold, includesPinned: false, gateCommand: gateCommand))
    }
    return try await drive(
      candidate, api: api, driver: driver, isGone: isGone, now: now, gate: gate, onEvent: onEvent)
  }

  /// How often somebody moved a resource: set its binding to the version, or lifted its pause.
  func moves(_ name: String, to version: String, by drivers: [InterposedAPI]) -> Int {
    drivers.flatMap(\.patches).count { call, patch in
      if call.resource == "resourcebindings", call.name == binding(name) {
        return (patch.body.arrayValue ?? []).contains { operation in
          operation["op"] == "replace" && operation["path"] == "/spec/version" && operation["value"] == .string(version)
        }
      }
      guard call.resource == "queues", call.name == name else { return false }
      let mark = patch.body[path: "metadata", "annotations", HoldMark.annotation]?.stringValue ?? ""
      return patch.body[path: "metadata", "labels", KratixLabels.paused]?.isNull == true && mark.contains("lifted")
    }
  }

  /// Applies version 1 again, with nobody held: what an operator does by hand after giving up.
  func returnToFirstVersion() async throws {
    let api = platform.api
    for name in names {
      _ = try await api.patch(
        Self.queues, namespace: "default", name: name,
        .merge([
          "metadata": ["labels": [KratixLabels.paused: .null], "annotations": [HoldMark.annotation: .null]]
        ]))
      _ = try await api.patch(
        .resourceBindings, namespace: "default", name: binding(name),
        .merge([
          "metadata": ["annotations": [HoldMark.annotation: .null]], "spec": ["version": .string(KratixNames.latest)],
        ]))
    }
    let live = Promise(try await api.get(.promises, name: "queue"))
    _ = try await PromiseInstaller(api: api).apply(Self.promise(version: "v1"), over: live)
    for name in names { try await settle(name, at: "v1", bound: KratixNames.latest) }
  }

  func drive(
    _ candidate: Promise? = nil, api: (any KubernetesAPI)? = nil, driver: String = "driver",
    isGone: @escaping @Sendable (String) -> Bool = { _ in true },
    now: @escaping @Sendable () -> Double = RolloutFleet.clock, gate: @escaping RolloutDriver.Gate = { _, _ in 0 },
    onEvent: @escaping @Sendable (RolloutDriver.Event) -> Void = { _ in }
  ) async throws -> RolloutRecord {
    try await RolloutDriver(
      api: api ?? platform.api, promise: "queue", candidate: candidate,
      identity: .init(name: driver, isGone: isGone), gate: gate, now: now,
      backoff: Backoff(initial: .milliseconds(2), maximum: .milliseconds(20)), onEvent: onEvent
    ).run()
  }
}
