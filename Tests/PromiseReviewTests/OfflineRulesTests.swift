import KratixModel
import Kubernetes
import Testing

@testable import PromiseReview

@Suite struct OfflineRulesTests {
  @Test func aCleanPromiseIsOnlyToldAboutItsTag() {
    let findings = PromiseReview.review(candidate: Fixtures.clean())
    #expect(findings.map(\.rule) == [.imageNotPinned])
    #expect(findings.denials.isEmpty)
  }

  /// A change of the clean Promise, and the rule that has something to say about it.
  struct Case: CustomTestStringConvertible, Sendable {
    let rule: RuleID
    let severity: Severity
    let message: String
    let promise: Promise

    init(_ rule: RuleID, _ severity: Severity, _ message: String, _ promise: Promise) {
      self.rule = rule
      self.severity = severity
      self.message = message
      self.promise = promise
    }

    var testDescription: String { "\(rule.rawValue): \(message)" }
  }

  private static func api(_ path: String..., to value: JSON?) -> Promise {
    var promise = Fixtures.clean()
    promise.object.json.set(value, at: (["spec", "api"] + path)[...])
    return promise
  }

  private static func labelled(_ labels: JSON) -> Promise {
    var promise = Fixtures.clean()
    promise.object.json.set(labels, at: ["metadata", "labels"])
    return promise
  }

  private static func pipeline(_ change: (inout JSON) -> Void) -> Promise {
    var pipeline = Fixtures.pipeline("configure")
    change(&pipeline)
    return Fixtures.clean().setting("workflows", "resource", "configure", to: .array([pipeline]))
  }

  private static func container(_ key: String, _ value: JSON?) -> Promise {
    pipeline { pipeline in
      var container: JSON = ["name": "main", "image": "registry.example.com/thing:v1.0.0"]
      container[key] = value
      pipeline.set(.array([container]), at: ["spec", "containers"])
    }
  }

  static let cases: [Case] = [
    Case(
      .notAPromise, .deny, "this is no Promise but v1, ConfigMap",
      Promise(KubernetesObject(apiVersion: "v1", kind: "ConfigMap", name: "a"))),
    Case(.promiseName, .deny, "cannot be a Promise's name", Fixtures.clean(name: "Big_Name")),
    Case(.versionLabel, .deny, "called latest", Fixtures.clean(version: "latest")),
    Case(.versionLabel, .deny, "cannot be a label", Fixtures.clean(version: "not a version")),
    Case(.versionMissing, .info, "no version", Fixtures.clean(version: nil)),
    // Labels.
    Case(.labelInvalid, .deny, "\"a b\" cannot be a label", labelled(["team": "a b"])),
    Case(.labelInvalid, .deny, "1 cannot be a label: it is no string; quote it", labelled(["team": 1])),
    Case(.labelInvalid, .deny, "\"a/b/c\" cannot be a label's key", labelled(["a/b/c": "d"])),
    Case(
      .labelInvalid, .warn, "\"prod!\" cannot be a label",
      Fixtures.clean().setting("destinationSelectors", to: [["matchLabels": ["env": "prod!"]]])),
    // Promises that no platform can have.
    Case(
      .requiredPromise, .warn, "has no name", Fixtures.clean().setting("requiredPromises", to: [["version": "v1"]])),
    Case(
      .requiredPromise, .warn, "requires itself",
      Fixtures.clean(name: "own").setting("requiredPromises", to: [["name": "own"]])),
    Case(
      .requiredPromise, .warn, "\"Other\" cannot be a Promise's name",
      Fixtures.clean().setting("requiredPromises", to: [["name": "Other"]])),
    Case(
      .requiredPromise, .warn, "\"v 1\" cannot be a Promise's version",
      Fixtures.clean().setting("requiredPromises", to: [["name": "other", "version": "v 1"]])),
    // Fields that nobody knows, at each depth.
    Case(
      .unknownField, .warn, "unknown field \"workflow\"; did you mean \"workflows\"?",
      Fixtures.clean().setting("workflow", to: [:])),
    Case(
      .unknownField, .warn, "unknown field \"matchLabel\"; did you mean \"matchLabels\"?",
      Fixtures.clean().setting("destinationSelectors", to: [["matchLabel": ["a": "b"]]])),
    Case(
      .unknownField, .warn, "unknown field \"quux\"", Fixtures.clean().setting("workflows", "config", "quux", to: 1)),
    // Intervals.
    Case(
      .reconciliationInterval, .deny, "less than a minute",
      Fixtures.clean().setting("workflows", "config", "reconciliationInterval", to: "30s")),
    Case(
      .reconciliationInterval, .deny, "no duration",
      Fixtures.clean().setting("workflows", "config", "reconciliationInterval", to: "1d")),
    // The API.
    Case(
      .apiNotCRD, .deny, "this is ConfigMap, not a CustomResourceDefinition",
      Fixtures.clean().setting("api", to: ["apiVersion": "v1", "kind": "ConfigMap", "metadata": ["name": "x"]])),
    Case(.apiNotCRD, .deny, "not a CustomResourceDefinition", Fixtures.clean().setting("api", to: "text")),
    Case(.apiNoVersions, .deny, "no versions", api("spec", to: nil)),
    Case(.apiNoVersions, .deny, "no versions", api("spec", "versions", to: [])),
    Case(
      .apiNoVersions, .deny, "version \"v1\" of the API has no schema",
      api("spec", "versions", to: [["name": "v1", "served": true, "storage": true]])),
    Case(.apiClusterScoped, .deny, "cannot be: Cluster", api("spec", "scope", to: "Cluster")),
    Case(
      .apiUnknownKeyword, .warn, "unknown keyword \"patern\" at spec.size; did you mean \"pattern\"?",
      Fixtures.clean(schema: ["size": ["type": "string", "patern": "a"]])),
    // Pipelines.
    Case(.pipelineWithoutAPI, .deny, "there is no spec.api", Fixtures.clean().setting("api", to: nil)),
    Case(.pipelineInvalid, .deny, "kind \"Other\"", pipeline { $0["kind"] = "Other" }),
    Case(.pipelineInvalid, .deny, "of \"v9\"", pipeline { $0["apiVersion"] = "v9" }),
    Case(
      .pipelineInvalid, .deny, "unknown field \"bogus\"", pipeline { $0.set(1, at: ["spec", "bogus"]) }),
    Case(
      .pipelineInvalid, .deny, "unknown field \"imagePullPolici\" in pipeline \"configure\"; did you mean",
      container("imagePullPolici", "Always")),
    Case(.pipelineInvalid, .deny, "no object", Fixtures.clean().setting("workflows", "resource", "configure", to: [1])),
    Case(
      .pipelineInvalid, .deny, "no list", Fixtures.clean().setting("workflows", "resource", "configure", to: "a")),
    Case(.pipelineName, .deny, "no name", pipeline { $0["metadata"] = [:] }),
    Case(.pipelineName, .deny, "cannot be", pipeline { $0["metadata"] = ["name": "Big"] }),
    Case(
      .pipelineNameTooLong, .deny, "of 61 characters",
      Fixtures.clean(name: "abcdefghijklmnopqrst", pipeline: "abcdefghijklmnopqrstu")),
    Case(
      .pipelineNameDuplicate, .deny, "duplicate pipeline name \"a\"",
      Fixtures.clean().setting(
        "workflows", "resource", "configure", to: [Fixtures.pipeline("a"), Fixtures.pipeline("a")])),
    Case(
      .pipelineLabel, .deny, "invalid label value \"b c\"",
      pipeline { $0.set(["a": "b c"], at: ["metadata", "labels"]) }),
    Case(
      .pipelineLabel, .deny, "invalid label key \"a b\"", pipeline { $0.set(["a b": "c"], at: ["metadata", "labels"]) }),
    Case(.pipelineEmpty, .warn, "no containers", pipeline { $0["spec"] = [:] }),
    // Containers and images.
    Case(.containerInvalid, .deny, "has no image", container("image", nil)),
    Case(.containerInvalid, .deny, "\"Capital\"", container("name", "Capital")),
    Case(
      .containerInvalid, .deny, "is there twice",
      pipeline {
        $0.set([["name": "c", "image": "a:1"], ["name": "c", "image": "a:1"]], at: ["spec", "containers"])
      }),
    Case(.imageInvalid, .deny, "no image reference", container("image", "not an image")),
    Case(.imageNoTag, .warn, "has no tag", container("image", "registry.example.com:5000/thing")),
    Case(.imageLatest, .warn, "tag latest", container("image", "thing:latest")),
    Case(.imageNotPinned, .info, "not pinned", container("image", "thing:v1")),
    Case(
      .backoffLimit, .warn, "tried 6 times again", pipeline { $0.set(6, at: ["spec", "jobOptions", "backoffLimit"]) }),
    Case(.backoffLimit, .info, "no backoffLimit", pipeline { $0.set(nil, at: ["spec", "jobOptions"]) }),
    // Dependencies.
    Case(
      .dependencyInvalid, .deny, "the dependency has no kind",
      Fixtures.clean().setting("dependencies", to: [["apiVersion": "v1"]])),
    Case(.dependencyInvalid, .deny, "no object", Fixtures.clean().setting("dependencies", to: [3])),
    Case(
      .dependenciesLoop, .warn, "without end",
      Fixtures.clean().setting("dependencies", to: [["apiVersion": "v1", "kind": "Namespace"]])),
  ]

  @Test(arguments: cases) func finds(_ example: Case) throws {
    let findings = PromiseReview.review(candidate: example.promise)
    let finding = try #require(
      findings.first { $0.rule == example.rule && $0.message.contains(example.message) }, "\(findings)")
    #expect(finding.severity == example.severity)
    #expect(!finding.remedy.isEmpty)
    if example.severity != .deny { #expect(findings.denials.isEmpty, "\(findings.denials)") }
  }

  @Test func anImageWithADigestIsPinned() {
    let digest = "sha256:" + String(repeating: "a", count: 64)
    #expect(PromiseReview.review(candidate: Fixtures.clean(image: "thing:latest@\(digest)")).isEmpty)
  }

  @Test func theIdOfSixtyCharactersPasses() {
    let promise = Fixtures.clean(name: "abcdefghijklmnopqrst", pipeline: "abcdefghijklmnopqrst")
    #expect(PromiseReview.review(candidate: promise).of(.pipelineNameTooLong).isEmpty)
  }

  @Test func aPromiseThatIsTooLargeForApply() {
    let text = String(repeating: "x", count: 270_000)
    let promise = Fixtures.clean(schema: ["a": ["type": "string", "description": .string(text)]])
    #expect(PromiseReview.review(candidate: promise).of(.promiseTooLarge).count == 1)
  }

  @Test func destinationsThatMatch() {
    let promise = Fixtures.clean().setting("destinationSelectors", to: [["matchLabels": ["env": "prod"]]])
    func findings(_ destinations: Destination...) -> [Finding] {
      PromiseReview.review(candidate: promise, platform: PlatformEvidence(destinations: destinations))
        .of(.destinationSelector)
    }
    #expect(findings(Fixtures.destination("a", ["env": "prod"])).isEmpty)
    #expect(
      findings(Fixtures.destination("a", ["env": "dev"])).map(\.message)
        == ["no destination has the labels env=prod; there are a"])
    #expect(findings().map(\.message) == ["no destination has the labels env=prod; there is no destination at all"])
    // Kratix keeps these for dry runs.
    #expect(findings(Fixtures.destination("a", ["env": "prod", "kratix.io/dry-run": "true"])).count == 1)
  }

  @Test func aStrictDestinationTakesNothingUnlabelled() {
    let platform = PlatformEvidence(destinations: [Fixtures.destination("a", ["env": "prod"], strict: true)])
    let findings = PromiseReview.review(candidate: Fixtures.clean(), platform: platform)
    #expect(findings.of(.destinationSelector).map(\.message) == ["no destination takes the Promise; there are a"])
  }

  @Test func requiredPromises() {
    let promise = Fixtures.clean().setting(
      "requiredPromises", to: [["name": "other", "version": "v2"], ["name": "gone"], ["name": "other"]])
    var revision = KubernetesObject(
      apiVersion: ResourceType.promiseRevisions.apiVersion, kind: "PromiseRevision", name: "other-1")
    revision.spec = ["promiseRef": ["name": "other"], "version": "v1"]
    let platform = PlatformEvidence(
      destinations: [Fixtures.destination("a")], promises: [Fixtures.clean(name: "other")],
      revisions: [PromiseRevision(revision)])
    let findings = PromiseReview.review(candidate: promise, platform: platform).of(.requiredPromise)
    #expect(
      findings.map(\.message) == [
        "Required Promise \"other\" installed, but no revision found at version \"v2\"",
        "Required Promise \"gone\" not installed",
      ])
  }

  /// Every Promise that a real API server with real Kratix refused is refused, and what it took is not.
  @Test(arguments: ["Promise create"]) func agreesWithTheRecordedAdmission(prefix: String) throws {
    var checked = 0
    for section in try Fixtures.text("recorded/k-admission/denials-and-warnings.md").split(separator: "\n## ")
    where section.hasPrefix(prefix) {
      let parts = String(section).components(separatedBy: "```")
      let name = section.prefix { $0 != "\n" }
      guard parts.count > 2, parts[1].hasPrefix("yaml\n") else { continue }
      // Needs the other Promises of that platform.
      if name.contains("the same API as another") { continue }
      // kubectl refuses that, not admission: a newer Kratix may know the field.
      if name.contains("unknown top-level spec field") { continue }
      let promise = try Fixtures.promise(String(parts[1].dropFirst(5)))
      let isRefused = parts[2].contains("exit 1")
      let denials = PromiseReview.review(candidate: promise).denials
      #expect(denials.isEmpty == !isRefused, "\(name): \(denials)")
      checked += 1
    }
    #expect(checked >= 25)
  }

  @Test(arguments: [
    "app-as-a-service", "cert-manager", "jenkins", "kafka", "knative", "mongodb-full", "mongodb", "namespace", "redis",
    "runtime", "slack", "vault-namespace",
  ])
  func realPromisesPass(name: String) throws {
    for object in try Fixtures.documents("promises/\(name).yaml") where object.kind == "Promise" {
      let denials = PromiseReview.review(candidate: Promise(object)).denials
      #expect(denials.isEmpty, "\(denials)")
      #expect(PromiseReview.review(candidate: Promise(object), live: Promise(object)).denials.isEmpty)
    }
  }
}
