import Foundation
import KratixModel
import Kubernetes
import Logging
import PromiseReview
import Testing

@testable import KratixWebhook

/// The changes of a live Promise that were sent to a real API server with real Kratix (recorded/k-admission), given to
/// `/validate/promise`: what Kratix took with a word or without, and what we say of it.
@Suite struct RecordedUpdateTests {
  struct Change: Sendable, CustomTestStringConvertible {
    var title: String
    /// The findings that it must bring, beside any others.
    var rules: [RuleID]
    var isDenied: Bool
    var change: @Sendable (inout KubernetesObject) -> Void

    var testDescription: String { title }
  }

  /// Sets a value in the schema of the API's `spec`.
  private static func schema(_ path: [String], _ value: JSON?) -> @Sendable (inout KubernetesObject) -> Void {
    { object in
      guard var versions = object.json[path: "spec", "api", "spec", "versions"]?.arrayValue, !versions.isEmpty else {
        return
      }
      versions[0].set(value, at: (["schema", "openAPIV3Schema", "properties", "spec"] + path)[...])
      object.json.set(.array(versions), at: ["spec", "api", "spec", "versions"])
    }
  }

  private static func set(_ path: String, _ value: JSON?) -> @Sendable (inout KubernetesObject) -> Void {
    { $0.json.set(value, at: path.split(separator: ".").map(String.init)[...]) }
  }

  private static func label(_ value: String?) -> @Sendable (inout KubernetesObject) -> Void {
    { $0.labels[KratixLabels.promiseVersion] = value }
  }

  static let changes: [Change] = [
    // What Kratix refuses, or the API server in its name.
    Change(title: "remove spec.api", rules: [.apiRemoved], isDenied: true, change: set("spec.api", nil)),
    Change(
      title: "another CRD name", rules: [.apiIdentity], isDenied: true,
      change: set("spec.api.metadata.name", "mongos.promise.kratix.io")),
    Change(
      title: "another kind in names", rules: [.apiIdentity], isDenied: true,
      change: set("spec.api.spec.names.kind", "Mongo")),
    Change(
      title: "another plural", rules: [.apiIdentity], isDenied: true,
      change: set("spec.api.spec.names.plural", "mongos")),
    Change(
      title: "a short name added", rules: [.apiIdentity], isDenied: true,
      change: set("spec.api.spec.names.shortNames", ["mdb"])),
    Change(
      title: "scope Namespaced -> Cluster", rules: [.apiClusterScoped], isDenied: true,
      change: set("spec.api.spec.scope", "Cluster")),
    Change(
      title: "schema not structural", rules: [.apiNotStructural], isDenied: true,
      change: schema(["properties", "extra"], ["description": "no type"])),
    Change(
      title: "version renamed v1alpha1 -> v1", rules: [.apiVersionRemoved], isDenied: true,
      change: { object in
        guard var versions = object.json[path: "spec", "api", "spec", "versions"]?.arrayValue, !versions.isEmpty
        else { return }
        versions[0]["name"] = "v1"
        object.json.set(.array(versions), at: ["spec", "api", "spec", "versions"])
      }),
    Change(
      title: "default that does not match its type", rules: [.apiNotStructural], isDenied: true,
      change: schema(["properties", "majorVersion", "default"], "six")),
    Change(
      // Whether it compiles the API server knows, which refuses it after us; the pinned resources are reason enough.
      title: "CEL rule that does not compile", rules: [.versionReused], isDenied: true,
      change: schema(["x-kubernetes-validations"], [["rule": "self.nope > 1"]])),
    Change(
      title: "version label \"not a version\"", rules: [.versionLabel], isDenied: true,
      change: label("not a version")),
    // What Kratix takes without a word.
    Change(
      title: "field removed (majorVersion, used by stored requests)", rules: [.apiFieldRemoved], isDenied: true,
      change: schema(["properties", "majorVersion"], nil)),
    Change(
      title: "field made required (version)", rules: [.apiFieldRequired], isDenied: true,
      change: schema(["required"], ["version"])),
    Change(
      title: "type changed number -> string", rules: [.apiTypeChanged], isDenied: true,
      change: schema(["properties", "majorVersion"], ["type": "string", "default": "6"])),
    Change(
      title: "enum narrowed", rules: [.apiValueNarrowed], isDenied: true,
      change: schema(["properties", "majorVersion", "enum"], [7, 6])),
    Change(
      title: "default removed", rules: [.apiDefaultChanged, .versionReused], isDenied: true,
      change: schema(["properties", "majorVersion", "default"], nil)),
    Change(
      title: "all destinationSelectors removed", rules: [.versionReused], isDenied: true,
      change: set("spec.destinationSelectors", nil)),
    Change(title: "the version label removed", rules: [.versionRemoved], isDenied: false, change: label(nil)),
    Change(
      title: "version label moved back (v1.0.0)", rules: [.versionBackwards, .versionOnly], isDenied: false,
      change: label("v1.0.0")),
    Change(
      title: "all workflows removed", rules: [.workflowsRemoved], isDenied: true, change: set("spec.workflows", nil)),
  ]

  @Test func everyRecordedUpdateIsReplayed() throws {
    let text = String(
      decoding: try Recorded.bytes("recorded/k-admission/denials-and-warnings.md"), as: UTF8.self)
    let prefix = "## Promise update: "
    let titles = text.split(separator: "\n").filter { $0.hasPrefix(prefix) }.map { String($0.dropFirst(prefix.count)) }
    #expect(Set(titles) == Set(Self.changes.map(\.title)))
  }

  @Test(arguments: changes)
  func isAnswered(_ change: Change) async throws {
    let api = try Recorded.platform("recorded/d-pinned/01-pinned-v2.0.0.yaml")
    let live = try await api.get(.promises, name: "mongodb")
    var candidate = live
    change.change(&candidate)
    #expect(candidate.json != live.json)
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    let fleet = FleetCache(api: api, logger: logger)
    let observing = Task { try await fleet.run() }
    defer { observing.cancel() }
    await fleet.waitUntilSynced()
    let desk = AdmissionDesk(
      fleet: fleet, api: api, settings: ReviewSettings(), metrics: WebhookMetrics(), logger: logger)
    let review = JSON.review(.promises, object: candidate, old: live)
    let answer = try Answer(try await desk.answer(review.serialized(), at: .validatePromise))
    #expect(answer.isAllowed == !change.isDenied, "\(answer.message) \(answer.warnings)")
    let fired = Set((answer.audit["rules"] ?? "").split(separator: ",").map(String.init))
    #expect(fired.isSuperset(of: change.rules.map(\.rawValue)), "\(fired)")
    // What is decoded of a review is all that its answer depends on.
    let whole = try AdmissionReview(parsing: review.serialized())
    let wholly = await desk.validator.answer(whole).answer
    #expect(try Answer(wholly.serialized(uid: whole.uid)).audit == answer.audit)
    #expect(wholly.isAllowed == answer.isAllowed && wholly.warnings == answer.warnings)
    #expect(wholly.message == answer.message)
  }
}
