import APIServer
import Foundation
import KratixModel
import Kubernetes
import Logging
import Testing

@testable import KratixControllers
@testable import Sandbox

/// Kratix's refusals and warnings, each input against what a real API server with real Kratix answered.
@Suite(.timeLimit(.minutes(1))) struct AdmissionTests {
  /// One section of the recorded list.
  struct Recording: Sendable, CustomTestStringConvertible {
    var title: String
    var input: KubernetesObject
    var answer: String
    var testDescription: String { title }

    /// What follows `denied the request: `, without the random end of a Job's name.
    var denial: String? {
      answer.firstRange(of: "denied the request: ").map { withoutRandom(String(answer[$0.upperBound...])) }
    }

    var warnings: [String] {
      answer.split(separator: "\n").filter { $0.hasPrefix("Warning: ") }.map { String($0.dropFirst(9)) }
    }
  }

  static func withoutRandom(_ text: String) -> String {
    text.replacing(/(webhook-dry-run-[a-z-]+)-[0-9a-f]{5}"/) { "\($0.1)\"" }
      .trimmingCharacters(in: .whitespacesAndNewlines)
  }

  static func recordings() throws -> [Recording] {
    let file = Recorded.root.appending(path: "k-admission/denials-and-warnings.md")
    let text = try String(contentsOf: file, encoding: .utf8)
    return try text.split(separator: "\n## ").dropFirst().compactMap { section in
      guard let start = section.firstRange(of: "```yaml\n"),
        let end = section[start.upperBound...].firstRange(of: "\n```"),
        let answer = section[end.upperBound...].firstRange(of: "```\n"),
        let last = section[answer.upperBound...].firstRange(of: "\n```")
      else { return nil }
      let input = try YAML.parse(String(section[start.upperBound..<end.lowerBound]))
      return Recording(
        title: String(section.prefix { $0 != "\n" }), input: KubernetesObject(input),
        answer: String(section[answer.upperBound..<last.lowerBound]))
    }
  }

  /// The inputs that Kratix's webhook refuses in its own words, or warns of.
  static let creations: [Recording] =
    (try? recordings().filter {
      let isOurs = $0.title.contains(" create: ") && KratixAdmission.kinds.contains($0.input.kind)
      // Its crash is a sentence here; a name that cannot be looked up is told in our client's words.
      let isOther = $0.answer.contains("panic:") || $0.answer.contains("unreachable") || $0.answer.contains("dial tcp")
      return isOurs && !isOther && ($0.denial != nil || !$0.warnings.isEmpty)
    }) ?? []

  private static func server() async throws -> (APIServer, LocalAPI) {
    var logger = Logger(label: "test")
    logger.logLevel = .error
    let server = try APIServer(configuration: APIServer.Configuration(stateDirectory: nil, logger: logger))
    try await server.start()
    let api = server.api(as: .administrator)
    _ = try await api.create(
      .namespaces, KubernetesObject(apiVersion: "v1", kind: "Namespace", name: KratixNames.systemNamespace))
    for definition in KratixDefinitions.all { _ = try await api.create(.customResourceDefinitions, definition) }
    // The live objects of the recording.
    let promise = try Recorded.object("e-failing-upgrade/06-all-on-v4.0.0.yaml", "Promise")
    var live = KubernetesObject(apiVersion: promise.apiVersion, kind: "Promise", name: promise.name)
    live.labels = promise.labels
    live.spec = promise.spec
    _ = try await api.create(.promises, live)
    _ = try await api.create(
      .customResourceDefinitions, try PromiseDefinition.definition(of: Promise(promise)))
    let revision = KubernetesObject(
      apiVersion: promise.apiVersion, kind: "PromiseRevision", name: "mongodb-2888c")
    var old = revision
    old.labels = [KratixLabels.promiseName: "mongodb"]
    old.spec = ["promiseRef": ["name": "mongodb"], "promiseSpec": promise.spec ?? .null, "version": "v1.0.0"]
    _ = try await api.create(.promiseRevisions, old)
    var store = KubernetesObject(apiVersion: promise.apiVersion, kind: "BucketStateStore", name: "default")
    store.spec = ["bucketName": "b", "endpoint": "e"]
    _ = try await api.create(.bucketStateStores, store)
    var destination = KubernetesObject(apiVersion: promise.apiVersion, kind: "Destination", name: "worker-1")
    destination.spec = ["path": "worker-1", "stateStoreRef": ["kind": "BucketStateStore", "name": "default"]]
    _ = try await api.create(.destinations, destination)
    return (server, api)
  }

  @Test func thereAreRecordings() { #expect(Self.creations.count >= 20) }

  @Test(arguments: creations)
  func creation(_ recording: Recording) async throws {
    let (server, api) = try await Self.server()
    let admission = KratixAdmission(api: api)
    let kind = recording.input.kind
    do {
      let (object, _) = try await admission.mutate(
        kind: kind, operation: .create, object: recording.input, oldObject: nil)
      let warnings = try await admission.validate(
        kind: kind, operation: .create, object: object, oldObject: nil, userName: "kubernetes-admin")
      #expect(recording.denial == nil)
      #expect(warnings == recording.warnings)
    } catch {
      let seen = error.message.firstRange(of: "denied the request: ").map { String(error.message[$0.upperBound...]) }
      #expect(Self.withoutRandom(seen ?? error.message) == recording.denial)
      #expect(
        recording.answer.contains("admission webhook \"\(KratixAdmission.webhook(kind))\"")
          || recording.answer.contains("admission webhook \"\(KratixAdmission.webhook(kind, isMutating: true))\""))
    }
    await server.stop()
  }

  @Test(
    arguments: [
      // What of spec.api is changed, and the refusal's lines.
      (
        ["metadata", "name"], JSON.string("mongodbs.other.io"),
        ["* spec.api.metadata.name: Invalid value: \"mongodbs.other.io\": field is immutable"]
      ),
      (
        ["spec", "names", "shortNames"], ["mdb"],
        [
          "* spec.api.spec.names: Invalid value: {\"plural\": \"mongodbs\", \"singular\": \"mongodb\", \"kind\": \"MongoDB\"}: field is immutable"
        ]
      ),
      (["spec", "versions"], [], []),
    ] as [([String], JSON, [String])])
  func identity(path: [String], value: JSON, lines: [String]) throws {
    let old = Promise(try Recorded.object("a-install/02-promise-installed.yaml", "Promise", "mongodb"))
    var new = old
    new.object.json.set(value, at: (["spec", "api"] + path)[...])
    var denial: String?
    do { try KratixAdmission.validateIdentity(new, old: old) } catch { denial = error.message }
    #expect(
      denial
        == (lines.isEmpty
          ? nil : (["promises.platform.kratix.io \"mongodb\" was not valid:"] + lines).joined(separator: "\n")))
  }

  @Test func anAPICanBeAddedButNotRemoved() throws {
    let with = Promise(try Recorded.object("a-install/02-promise-installed.yaml", "Promise", "mongodb"))
    var without = with
    without.object.json.set(nil, at: ["spec", "api"])
    #expect(throws: KratixAdmission.Denial("cannot remove API from existing promise")) {
      try KratixAdmission.validateIdentity(without, old: with)
    }
    #expect(throws: Never.self) { try KratixAdmission.validateIdentity(with, old: without) }
  }

  @Test(arguments: [
    ("kubernetes-admin", true),
    ("system:serviceaccount:kratix-platform-system:kratix-platform-controller-manager", false),
    ("system:serviceaccount:kube-system:generic-garbage-collector", false),
  ])
  func theLatestRevisionIsDeletedByKratixOnly(user: String, isRefused: Bool) async throws {
    let (server, api) = try await Self.server()
    var revision = KubernetesObject(apiVersion: "platform.kratix.io/v1alpha1", kind: "PromiseRevision", name: "r")
    revision.json.set(true, at: ["status", "latest"])
    var refusal: String?
    do {
      _ = try await KratixAdmission(api: api).validate(
        kind: "PromiseRevision", operation: .delete, object: nil, oldObject: revision, userName: user)
    } catch { refusal = error.message }
    #expect(
      refusal
        == (isRefused
          ? "admission webhook \"vpromiserevision-v1alpha1.kb.io\" denied the request: can not delete the latest PromiseRevision"
          : nil))
    await server.stop()
  }

  @Test(
    arguments: [
      ("1d", "time: unknown unit \"d\" in duration \"1d\""), ("5", "time: missing unit in duration \"5\""),
      ("soon", "time: invalid duration \"soon\""), ("", "time: invalid duration \"\""), ("10h", nil), ("-1.5m", nil),
    ] as [(String, String?)])
  func durations(text: String, fault: String?) {
    #expect(KratixAdmission.durationFault(text) == fault)
  }
}
