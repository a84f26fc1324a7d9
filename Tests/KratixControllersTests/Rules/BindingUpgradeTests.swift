import KratixModel
import Kubernetes
import Testing

@testable import KratixControllers

/// The status of a binding (contract, section 6.3).
@Suite struct BindingUpgradeTests {
  private static func binding(
    _ version: String, applied: String? = nil, failed: String? = nil, upgrade: Condition? = nil, isManual: Bool = false
  ) -> ResourceBinding {
    var object = KubernetesObject(
      apiVersion: "platform.kratix.io/v1alpha1", kind: "ResourceBinding", name: "b", namespace: "default")
    object.json.set(.string(version), at: ["spec", "version"])
    if let applied { object.json.set(.string(applied), at: ["status", "lastAppliedVersion"]) }
    if let failed { object.json.set(.string(failed), at: ["status", "failedVersion"]) }
    if let upgrade { object.setCondition(upgrade, now: "then") }
    if isManual { object.setLabel(KratixLabels.manualReconciliation) }
    return ResourceBinding(object)
  }

  struct Recording: Sendable, CustomTestStringConvertible {
    var why: String
    var binding: ResourceBinding
    var condition: Condition
    var applied = ""
    var attempted = ""
    /// `lastAppliedVersion failedVersion condition`, or nil when nothing is written.
    var result: String?
    var testDescription: String { why }
  }

  static let recordings: [Recording] = [
    Recording(
      why: "a fresh deployment gets no condition", binding: binding("latest"),
      condition: BindingUpgrade.complete("v1"), applied: "v1", attempted: "v1", result: "v1 - -"),
    Recording(
      why: "nothing new", binding: binding("latest", applied: "v1"), condition: BindingUpgrade.complete("v1"),
      applied: "v1", attempted: "v1", result: nil),
    Recording(
      why: "an upgrade begins", binding: binding("v2", applied: "v1"), condition: BindingUpgrade.inProgress("v2"),
      applied: "v2", attempted: "v2", result: "v1 - Unknown Upgrade to version v2 is in progress"),
    Recording(
      why: "an upgrade ends well", binding: binding("v2", applied: "v1", upgrade: BindingUpgrade.inProgress("v2")),
      condition: BindingUpgrade.complete("v2"), applied: "v2", attempted: "v2",
      result: "v2 - True Resource is at version v2"),
    Recording(
      why: "an upgrade fails", binding: binding("v2", applied: "v1", upgrade: BindingUpgrade.inProgress("v2")),
      condition: BindingUpgrade.failed("A Configure Pipeline has failed: p"), applied: "v1", attempted: "v2",
      result: "v1 v2 False A Configure Pipeline has failed: p"),
    Recording(
      why: "a plain run at the same version fails", binding: binding("v1", applied: "v1"),
      condition: BindingUpgrade.failed("A Configure Pipeline has failed: p"), applied: "v1", attempted: "v1",
      result: "v1 v1 False A Configure Pipeline has failed: p"),
    Recording(
      why: "the retry runs", binding: binding("v2", applied: "v1", failed: "v2", upgrade: BindingUpgrade.failed("x")),
      condition: BindingUpgrade.inProgress("v2"), applied: "v2", attempted: "v2",
      result: "v1 - Unknown Upgrade to version v2 is in progress"),
    Recording(
      why: "the roll-back of a failed upgrade ends well",
      binding: binding("v1", applied: "v1", failed: "v2", upgrade: BindingUpgrade.failed("x")),
      condition: BindingUpgrade.complete("v1"), applied: "v1", attempted: "v1",
      result: "v1 - True Resource is at version v1"),
  ]

  @Test(arguments: recordings)
  func status(_ test: Recording) {
    let written = BindingUpgrade.status(
      of: test.binding, recording: test.condition, applied: test.applied, attempted: test.attempted, now: "now"
    ).map(ResourceBinding.init)
    let text = written.map {
      let condition = $0.upgrade.map { "\($0.status.rawValue) \($0.message)" } ?? "-"
      return "\($0.lastAppliedVersion ?? "-") \($0.failedVersion ?? "-") \(condition)"
    }
    #expect(text == test.result)
  }

  @Test func trueOverTrueKeepsItsTime() throws {
    let binding = Self.binding("v2", applied: "v1", upgrade: BindingUpgrade.complete("v1"))
    let written = try #require(
      BindingUpgrade.status(
        of: binding, recording: BindingUpgrade.complete("v2"), applied: "v2", attempted: "v2", now: "now"))
    #expect(ResourceBinding(written).upgrade?.lastTransitionTime == "then")
  }

  @Test(arguments: [
    // The version that a workflow runs at, and whether that is an upgrade of the binding.
    (binding("latest"), "v1", false), (binding("latest", applied: "v1"), "v1", false),
    (binding("latest", applied: "v1"), "v2", true), (binding("latest", applied: "v1"), "not-set", false),
    (binding("v2", applied: "v2", failed: "v2"), "v2", true), (binding("latest", applied: "v1"), "", false),
  ])
  func upgrades(binding: ResourceBinding, version: String, expected: Bool) {
    #expect(BindingUpgrade.isUpgrade(binding, to: version) == expected)
  }

  struct Driving: Sendable, CustomTestStringConvertible {
    var why: String
    var binding: ResourceBinding
    var desired: String
    var current: String
    var action: BindingUpgrade.Action
    var testDescription: String { why }
  }

  static let drivings: [Driving] = [
    Driving(
      why: "the resource is there", binding: binding("v1", applied: "v1"), desired: "v1", current: "v1",
      action: .nothing),
    Driving(
      why: "the binding was moved", binding: binding("v2", applied: "v1"), desired: "v2", current: "v1",
      action: .drive(labelsResource: true, unlabelsBinding: false, condition: BindingUpgrade.inProgress("v2"))),
    Driving(
      why: "the upgrade is under way already",
      binding: binding("v2", applied: "v1", upgrade: BindingUpgrade.inProgress("v2")), desired: "v2", current: "v1",
      action: .drive(labelsResource: false, unlabelsBinding: false, condition: nil)),
    Driving(
      why: "an upgrade to another version is under way",
      binding: binding("v3", applied: "v1", upgrade: BindingUpgrade.inProgress("v2")), desired: "v3", current: "v1",
      action: .drive(labelsResource: true, unlabelsBinding: false, condition: BindingUpgrade.inProgress("v3"))),
    Driving(
      why: "it failed for this version: nobody asked again",
      binding: binding("v2", applied: "v1", failed: "v2", upgrade: BindingUpgrade.failed("x")), desired: "v2",
      current: "v1", action: .nothing),
    Driving(
      why: "a person asks again",
      binding: binding("v2", applied: "v1", failed: "v2", upgrade: BindingUpgrade.failed("x"), isManual: true),
      desired: "v2", current: "v1",
      action: .drive(labelsResource: true, unlabelsBinding: true, condition: BindingUpgrade.requested("v2"))),
    Driving(
      why: "a request for what is under way is swallowed",
      binding: binding("v2", applied: "v1", upgrade: BindingUpgrade.inProgress("v2"), isManual: true), desired: "v2",
      current: "v1",
      action: .drive(labelsResource: false, unlabelsBinding: true, condition: BindingUpgrade.requested("v2"))),
  ]

  @Test(arguments: drivings)
  func action(_ test: Driving) {
    #expect(BindingUpgrade.action(for: test.binding, desired: test.desired, current: test.current) == test.action)
  }

  @Test(
    arguments: [
      (BindingUpgrade.inProgress("v1.2.3"), "v1.2.3"), (BindingUpgrade.requested("v2"), "v2"),
      (BindingUpgrade.complete("v2"), nil), (BindingUpgrade.failed("version v2 is broken"), nil),
    ] as [(Condition, String?)])
  func inFlight(condition: Condition, expected: String?) {
    #expect(BindingUpgrade.inFlightVersion(of: Self.binding("v9", upgrade: condition)) == expected)
  }
}
