import KratixModel
import Kubernetes
import Testing

@testable import PromiseReview

@Suite struct ChangeRulesTests {
  private func review(
    _ candidate: Promise, _ live: Promise, resources: [ResourceRequest] = [], bindings: [ResourceBinding] = [],
    destinations: [Destination]? = nil
  ) -> [Finding] {
    PromiseReview.review(
      candidate: candidate, live: live, fleet: FleetEvidence(resources: resources, bindings: bindings),
      platform: destinations.map { PlatformEvidence(destinations: $0) })
  }

  private let live = Fixtures.clean()
  private var changed: Promise { Fixtures.clean(image: "registry.example.com/thing:v2.0.0") }

  // The API.

  @Test func aRemovedFieldThatIsUsedIsDeniedWithTheNames() throws {
    let old = try Fixtures.promise(recorded: "recorded/d-pinned/01-pinned-v2.0.0.yaml")
    let fleet = try Fixtures.fleet(recorded: "recorded/d-pinned/01-pinned-v2.0.0.yaml")
    let new = old.removingField("majorVersion").labelled("v9.0.0")
    let findings = PromiseReview.review(candidate: new, live: old, fleet: fleet).denials
    #expect(
      findings.map(\.text) == [
        "spec.api: field spec.majorVersion is removed, but 3 resources use it: default/mongo-v4, default/mongo-v5, "
          + "default/mongo-v6"
      ])
    #expect(findings.first?.evidence.count == 3)
  }

  @Test func aRemovedFieldThatNobodyUsesIsAWarning() {
    let old = Fixtures.clean(schema: ["size": ["type": "string"], "old": ["type": "string"]])
    let findings = review(live.labelled("v2.0.0"), old, resources: Fixtures.things(["size": "a"], [:]))
    #expect(
      findings.of(.apiFieldRemoved).map(\.text) == [
        "spec.api: field spec.old is removed; none of the 2 live resources uses it"
      ])
    #expect(findings.denials.isEmpty)
  }

  @Test func withoutEvidenceABreakingChangeIsDenied() {
    let old = Fixtures.clean(schema: ["size": ["type": "string"], "old": ["type": "string"]])
    let findings = PromiseReview.review(candidate: live.labelled("v2.0.0"), live: old)
    #expect(findings.denials.map(\.message) == ["field spec.old is removed"])
  }

  @Test func manyNamesAreCutAfterTen() {
    let old = Fixtures.clean(schema: ["old": ["type": "string"]])
    let things = (100..<512).map { Fixtures.thing("t-\($0)", ["old": "a"]) }
    let finding = review(live.labelled("v2.0.0"), old, resources: things).denials.first
    #expect(finding?.message.hasSuffix("default/t-109, ... and 402 more") == true, "\(finding?.message ?? "")")
    #expect(finding?.message.contains("412 resources use it: default/t-100, default/t-101") == true)
    #expect(finding?.evidence.count == 412)
  }

  @Test func aRequiredFieldNamesThoseThatLackIt() {
    let new = Fixtures.clean(version: "v2.0.0", schema: ["size": ["type": "string"]], required: ["size"])
    let findings = review(new, live, resources: Fixtures.things(["size": "a"], [:]))
    #expect(
      findings.of(.apiFieldRequired).map(\.message) == [
        "field spec.size becomes required and has no default, but 1 resource lacks it: default/thing-2"
      ])
    // What is wrong with it has been said.
    #expect(findings.of(.resourceInvalid).isEmpty)
  }

  @Test func anEnumNamesThoseWithAnotherValue() {
    let new = Fixtures.clean(version: "v2.0.0", schema: ["size": ["type": "string", "enum": ["a"]]])
    let findings = review(new, live, resources: Fixtures.things(["size": "a"], ["size": "b"], [:]))
    #expect(
      findings.of(.apiValueNarrowed).map(\.message) == [
        "field spec.size takes only \"a\" now, but 1 resource has another value: default/thing-2"
      ])
    #expect(review(new, live, resources: Fixtures.things(["size": "a"])).denials.isEmpty)
  }

  @Test func anExclusiveBoundIsHeldAgainstTheValues() {
    let old = Fixtures.clean(schema: ["size": ["type": "number", "minimum": 1]])
    let new = Fixtures.clean(
      version: "v2.0.0", schema: ["size": ["type": "number", "minimum": 1, "exclusiveMinimum": true]])
    #expect(review(new, old, resources: Fixtures.things(["size": 1])).of(.apiValueNarrowed).first?.severity == .deny)
    #expect(review(new, old, resources: Fixtures.things(["size": 2])).of(.apiValueNarrowed).first?.severity == .warn)
  }

  @Test func aResourceThatWouldNoLongerValidateForAnotherReason() {
    // Nobody can say which of two patterns takes more; the resources can.
    let old = Fixtures.clean(schema: ["size": ["type": "string", "pattern": "^[a-z]+$"]])
    let new = Fixtures.clean(version: "v2.0.0", schema: ["size": ["type": "string", "pattern": "^[a-c]+$"]])
    let findings = review(new, old, resources: Fixtures.things(["size": "a"], ["size": "z"]))
    #expect(findings.of(.apiUnknownChange).map(\.severity) == [.warn])
    #expect(findings.denials.map(\.rule) == [.resourceInvalid])
    #expect(findings.denials.first?.evidence == ["default/thing-2"])
  }

  @Test func aRuleInCELCannotBeCheckedSoItWarns() {
    let new = Fixtures.clean(
      version: "v2.0.0",
      schema: ["size": ["type": "string", "x-kubernetes-validations": [["rule": "self != 'b'"]]]])
    let findings = review(new, live, resources: Fixtures.things(["size": "a"]))
    #expect(
      findings.of(.apiRuleAdded).map(\.message) == [
        "field spec.size must satisfy the rule self != 'b' now, which 1 resource may not satisfy: default/thing-1"
      ])
    #expect(findings.of(.apiRuleAdded).first?.severity == .warn)
  }

  @Test func whatWasInvalidBeforeIsNotHeldAgainstTheChange() {
    let old = Fixtures.clean(schema: ["size": ["type": "integer"]])
    let new = Fixtures.clean(version: "v2.0.0", schema: ["size": ["type": "integer"], "more": ["type": "string"]])
    #expect(review(new, old, resources: Fixtures.things(["size": "text"])).of(.resourceInvalid).isEmpty)
  }

  @Test func theAPICannotBeRemovedOrRenamed() {
    let things = Fixtures.things([:])
    let removed = live.setting("api", to: nil).setting("workflows", to: nil).labelled("v2.0.0")
    #expect(
      review(removed, live, resources: things).of(.apiRemoved).map(\.message) == [
        "cannot remove API from existing promise; 1 resource live by it: default/thing-1"
      ])
    let renamed = live.setting("api", "spec", "names", "shortNames", to: ["th"]).labelled("v2.0.0")
    #expect(review(renamed, live).of(.apiIdentity).first?.severity == .deny)
  }

  @Test func aDefinitionFromTheClusterIsTheSameAsTheAuthors() throws {
    let promise = try Fixtures.promise(recorded: "recorded/a-install/02-promise-installed.yaml")
    let author = try #require(promise.api)
    let installed = try Fixtures.documents("recorded/i-api-change/01b-crd.yaml").first {
      $0.kind == "CustomResourceDefinition"
    }
    let definition = PromiseAPI(try #require(installed))
    // An optional field more is all that differs; what Kratix and the server add does not count.
    #expect(APIComparison(old: author, new: definition).verdict == .compatible)
  }

  @Test func theRecordedChangesOfTheAPI() throws {
    // i-api-change, steps 3 and 4: what Kratix let pass without a word.
    let before = try Fixtures.promise(recorded: "recorded/i-api-change/02-new-fields-used.yaml")
    let fleet = try Fixtures.fleet(recorded: "recorded/i-api-change/02-new-fields-used.yaml")
    let removed = try Fixtures.promise(recorded: "recorded/i-api-change/04-fields-removed.yaml")
    let findings = PromiseReview.review(candidate: removed, live: before, fleet: fleet).denials
    #expect(
      findings.map(\.text) == [
        "spec.api: field spec.team is removed, but 1 resource uses it: default/mongo-v5",
        "spec.api: field spec.version is removed, but 1 resource uses it: default/mongo-v6",
      ])
    let required = try Fixtures.promise(recorded: "recorded/i-api-change/05-required-field-added.yaml")
    let later = try Fixtures.fleet(recorded: "recorded/i-api-change/04-fields-removed.yaml")
    let rules = PromiseReview.review(candidate: required, live: removed, fleet: later).denials.map(\.rule)
    #expect(rules == [.apiFieldRequired])
  }

  // Versions.

  @Test func theSameVersionWithAnotherSpec() {
    #expect(review(changed, live).of(.versionReused).map(\.severity) == [.warn])
    let pinned = review(changed, live, bindings: [Fixtures.binding("thing-1", "v1.0.0")])
    #expect(pinned.of(.versionReused).map(\.severity) == [.deny])
    #expect(pinned.of(.versionReused).first?.message.hasSuffix("pinned to it would change: default/thing-1") == true)
    let floating = review(changed, live, bindings: [Fixtures.binding("thing-1", "latest")])
    #expect(floating.of(.versionReused).map(\.severity) == [.warn])
    #expect(review(changed.labelled("v2.0.0"), live).of(.versionReused).isEmpty)
  }

  @Test func anUnversionedPromiseIsWarnedOnly() {
    let bindings = [Fixtures.binding("thing-1", "not-set")]
    let findings = review(changed.labelled(nil), live.labelled(nil), bindings: bindings)
    #expect(findings.of(.versionReused).map(\.severity) == [.warn])
  }

  @Test(arguments: [
    ("v1.0.0", "v0.9.0", true), ("v1.0.0", "v1.0.0-rc.1", true), ("v1.9.0", "v1.10.0", false),
    ("v1.0.0", "other", false),
  ])
  func versionsThatGoBack(from: String, to: String, isBack: Bool) {
    let findings = review(changed.labelled(to), live.labelled(from))
    #expect(findings.of(.versionBackwards).isEmpty == !isBack)
  }

  @Test func onlyTheVersionChanges() {
    #expect(review(live.labelled("v1.1.0"), live).of(.versionOnly).count == 1)
    // To Kratix an empty list is none.
    let same = live.setting("requiredPromises", to: []).labelled("v1.1.0")
    #expect(review(same, live).of(.versionOnly).count == 1)
    #expect(review(changed.labelled("v1.1.0"), live).of(.versionOnly).isEmpty)
    #expect(review(live, live).of(.versionOnly).isEmpty)
  }

  @Test func theVersionIsRemoved() {
    #expect(review(changed.labelled(nil), live).of(.versionRemoved).count == 1)
  }

  @Test func anUpgradeUnderWay() {
    let moving = Fixtures.binding(
      "thing-1", "latest",
      upgrade: Condition(type: "UpgradeSucceeded", status: .unknown, reason: "UpgradeInProgress", message: ""))
    let findings = review(changed.labelled("v2.0.0"), live, bindings: [moving])
    #expect(
      findings.of(.rolloutInProgress).map(\.message) == ["1 resource is still being upgraded: default/thing-1"])
  }

  /// Where a rollout is, who changes the Promise to what, and what the rule says of it.
  @Test(
    arguments: [
      // Somebody else's change, whatever the rollout waits for.
      ("v1.0.0", "v3.0.0", "moving", nil, "a rollout from v1.0.0 to v2.0.0 is under way (moving)"),
      ("v2.0.0", "v3.0.0", "moving", "paused", "a rollout from v1.0.0 to v2.0.0 is under way (moving, and paused)"),
      // The version that the rollout installed already is changed again.
      ("v2.0.0", "v2.0.0", "settling", nil, "a rollout from v1.0.0 to v2.0.0 is under way (settling)"),
      // The rollout's own step, and a rollout that is over.
      ("v1.0.0", "v2.0.0", "applying", nil, nil), ("v1.0.0", "v2.0.0", "holding", nil, nil),
      ("v2.0.0", "v3.0.0", "ended", nil, nil),
    ] as [(String, String, String, String?, String?)])
  func aRolloutUnderWay(from: String, to: String, phase: String, halt: String?, message: String?) throws {
    var object = KubernetesObject(
      apiVersion: "v1", kind: "ConfigMap", name: "kratix-upgrade-thing", namespace: "kratix-platform-system")
    var record: JSON = [
      "promise": "thing", "number": 1, "from": "v1.0.0", "to": "v2.0.0", "direction": "forward",
      "phase": .string(phase),
    ]
    record["halt"] = halt.map { ["kind": .string($0)] }
    object["data"] = ["record": .string(record.text()), "history": "[]"]
    let notice = try #require(RolloutNotice(configMap: object))
    let findings = PromiseReview.review(
      candidate: changed.labelled(to), live: live.labelled(from), fleet: FleetEvidence(rollout: notice))
    #expect(findings.of(.rolloutInProgress).map(\.message) == (message.map { [$0] } ?? []))
  }

  // Where things go.

  @Test func selectorsThatLeaveADestination() {
    let old = live.setting("destinationSelectors", to: [["matchLabels": ["env": "dev"]]])
    let new = live.setting("destinationSelectors", to: [["matchLabels": ["env": "prod"]]]).labelled("v2.0.0")
    let destinations = [
      Fixtures.destination("dev-1", ["env": "dev"]), Fixtures.destination("prod-1", ["env": "prod"]),
    ]
    let findings = review(new, old, resources: Fixtures.things([:]), destinations: destinations)
    #expect(
      findings.of(.destinationMisplaced).map(\.message) == [
        "the selectors no longer match dev-1, where resources may be"
      ])
    #expect(review(new, old, destinations: destinations).of(.destinationMisplaced).isEmpty)
  }

  @Test func aRenamedPipelineMovesThingsOnlyWhereThereIsAChoice() {
    let new = Fixtures.clean(version: "v2.0.0", pipeline: "other")
    let one = [Fixtures.destination("a")]
    let two = one + [Fixtures.destination("b")]
    #expect(review(new, live, destinations: two).of(.pipelineRenamed).map(\.severity) == [.warn])
    #expect(review(new, live, destinations: one).of(.pipelineRenamed).map(\.severity) == [.info])
    #expect(
      review(new, live, destinations: two).of(.pipelineRenamed).first?.message
        == "pipeline configure becomes other, so that Kratix places the resources anew, on any of a, b")
  }

  @Test func pipelinesThatGo() {
    let none = live.setting("workflows", to: nil).labelled("v2.0.0")
    #expect(
      review(none, live).of(.workflowsRemoved).map(\.message) == ["all pipelines for resources are removed (configure)"]
    )
    let two = live.setting(
      "workflows", "resource", "configure", to: [Fixtures.pipeline("configure"), Fixtures.pipeline("second")])
    #expect(review(live.labelled("v2.0.0"), two).of(.workflowsRemoved).count == 1)
  }

  @Test func dependenciesThatGo() {
    let dependency: JSON = ["apiVersion": "v1", "kind": "Namespace", "metadata": ["name": "operators"]]
    let old = live.setting("dependencies", to: .array([dependency]))
    let findings = review(live.labelled("v2.0.0"), old)
    #expect(
      findings.of(.dependencyRemoved).map(\.message) == [
        "1 object would be deleted from the destinations: Namespace operators"
      ])
  }

  @Test func workflowsInAnotherNamespace() {
    let new = live.setting("workflows", "config", "pipelineNamespace", to: "pipelines").labelled("v2.0.0")
    #expect(
      review(new, live).of(.pipelineNamespaceChanged).map(\.message) == [
        "workflows move from the resource's own to pipelines namespace"
      ])
  }

  // Permissions.

  private func permitted(_ permissions: JSON...) -> Promise {
    var pipeline = Fixtures.pipeline("configure")
    pipeline.set(.array(permissions), at: ["spec", "rbac", "permissions"])
    return live.setting("workflows", "resource", "configure", to: .array([pipeline])).labelled("v2.0.0")
  }

  @Test func permissionsThatWiden() {
    let read: JSON = ["apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]]
    let readAll: JSON = ["apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]]
    let readEverywhere: JSON = [
      "resourceNamespace": "*", "apiGroups": [""], "resources": ["secrets"], "verbs": ["get"],
    ]
    let readOne: JSON = [
      "apiGroups": [""], "resources": ["secrets"], "verbs": ["get"], "resourceNames": ["mine"],
    ]
    func widened(_ new: Promise, _ old: Promise) -> [String] { review(new, old).of(.permissionsWidened).map(\.message) }
    #expect(widened(permitted(read), live) == ["pipeline \"configure\" may now get secrets"])
    #expect(widened(permitted(read), permitted(readAll)).isEmpty)
    #expect(widened(permitted(readOne), permitted(read)).isEmpty)
    #expect(widened(permitted(read), permitted(readOne)) == ["pipeline \"configure\" may now get secrets"])
    #expect(
      widened(permitted(readEverywhere), permitted(read)) == [
        "pipeline \"configure\" may now get secrets in every namespace"
      ])
  }

  // Ratcheting, settings, allowances.

  @Test func whatWasWrongBeforeDoesNotBlock() {
    let wrong = live.setting("workflows", "config", "reconciliationInterval", to: "5s")
    var both = wrong
    both.object.labels[KratixLabels.promiseVersion] = "v2.0.0"
    #expect(review(both, wrong).of(.reconciliationInterval).map(\.severity) == [.warn])
    #expect(review(both, live).of(.reconciliationInterval).map(\.severity) == [.deny])
  }

  @Test func aPipelineThatMovesInTheListIsNotNewlyWrong() {
    let bad = Fixtures.pipeline("bad", image: "thing:latest")
    let old = live.setting("workflows", "resource", "configure", to: .array([bad]))
    let new = live.setting(
      "workflows", "resource", "configure", to: .array([Fixtures.pipeline("first"), bad])
    ).labelled("v2.0.0")
    #expect(review(new, old).of(.imageLatest).map(\.severity) == [.info])
  }

  @Test func settingsChangeSeverities() throws {
    let settings = try ReviewSettings(parsing: ["image-not-pinned=deny", "version-reused = off"])
    let findings = PromiseReview.review(candidate: changed, live: live, settings: settings)
    #expect(findings.of(.imageNotPinned).map(\.severity) == [.deny])
    #expect(findings.of(.versionReused).isEmpty)
  }

  @Test(arguments: [
    ("image-latst=deny", "there is no rule \"image-latst\"; did you mean \"image-latest\"?"),
    ("image-latest=refuse", "\"refuse\" is no severity of rule image-latest; use one of deny, warn, info, off"),
    ("image-latest", "\"image-latest\" is not of the form RULE=SEVERITY"),
  ])
  func settingsThatCannotBe(text: String, message: String) {
    #expect(throws: SettingsError(message)) { try ReviewSettings(parsing: [text]) }
  }

  @Test func anAnnotationAllowsOneUpdate() {
    let old = Fixtures.clean(schema: ["old": ["type": "string"]])
    var new = live.labelled("v2.0.0")
    new.object.annotations[AllowAnnotation.key] = "api-field-removed, image-latst"
    let findings = review(new, old, resources: Fixtures.things(["old": "a"]))
    #expect(findings.denials.isEmpty)
    #expect(findings.of(.apiFieldRemoved).map(\.severity) == [.warn])
    #expect(findings.of(.unknownField).first?.message.contains("did you mean \"image-latest\"") == true)
    // The next update with the same annotation is not covered.
    var before = old
    before.object.annotations[AllowAnnotation.key] = "api-field-removed, image-latst"
    #expect(review(new, before, resources: Fixtures.things(["old": "a"])).denials.count == 1)
    #expect(AllowAnnotation.rules(of: new, live: old) == [.apiFieldRemoved])
  }

  @Test func theGravestComeFirst() {
    let severities = review(
      Fixtures.clean(version: "latest", image: "thing:latest"), live
    ).map(\.severity)
    #expect(severities == severities.sorted(by: >))
  }
}

extension Promise {
  /// Without one field of the spec in every version of the API.
  func removingField(_ name: String) -> Promise {
    var copy = self
    let versions = (api?.versions ?? []).map { version -> JSON in
      var version = version
      version.set(nil, at: ["schema", "openAPIV3Schema", "properties", "spec", "properties", name])
      return version
    }
    copy.object.json.set(.array(versions), at: ["spec", "api", "spec", "versions"])
    return copy
  }
}
