import KratixModel
import Kubernetes

/// The status of a ResourceBinding: pure rules (contract, section 6.3).
public enum BindingUpgrade {
  public static func inProgress(_ version: String) -> Condition {
    condition(.unknown, "UpgradeInProgress", "Upgrade to version \(version) is in progress")
  }

  public static func requested(_ version: String) -> Condition {
    condition(.unknown, "UpgradeInProgress", "Reconciliation requested for version \(version)")
  }

  public static func complete(_ version: String) -> Condition {
    condition(.true, "UpgradeComplete", "Resource is at version \(version)")
  }

  public static func failed(_ message: String) -> Condition { condition(.false, "UpgradeFailed", message) }

  private static func condition(_ status: Condition.Status, _ reason: String, _ message: String) -> Condition {
    Condition(type: KratixConditions.upgradeSucceeded, status: status, reason: reason, message: message)
  }

  /// The version that is being moved to: the word after `version ` in the message of an upgrade in progress.
  public static func inFlightVersion(of binding: ResourceBinding) -> String? {
    guard let upgrade = binding.upgrade, isInProgress(upgrade),
      let range = upgrade.message.firstRange(of: "version ")
    else { return nil }
    return upgrade.message[range.upperBound...].split(separator: " ").first.map(String.init)
  }

  static func isInProgress(_ condition: Condition) -> Bool {
    condition.status == .unknown && condition.reason == "UpgradeInProgress"
  }

  /// What the resource controller writes after a pass, or nil when nothing changes.
  /// - Parameters:
  ///   - desired: the condition as the workflow's state has it.
  ///   - applied: the version that the resource is at, as its status says.
  ///   - attempted: the version that the pass worked on.
  public static func status(
    of binding: ResourceBinding, recording desired: Condition, applied: String, attempted: String, now: String
  ) -> KubernetesObject? {
    var object = binding.object
    let lastApplied = binding.lastAppliedVersion ?? ""
    let failed = binding.failedVersion ?? ""
    if desired.status == .true, lastApplied != applied {
      object.json.set(applied.isEmpty ? nil : .string(applied), at: ["status", "lastAppliedVersion"])
    }
    if desired.status == .false {
      object.json.set(attempted.isEmpty ? nil : .string(attempted), at: ["status", "failedVersion"])
    } else if !failed.isEmpty {
      object.json.set(nil, at: ["status", "failedVersion"])
    }
    if records(desired, over: binding.upgrade, lastApplied: lastApplied, applied: applied, failed: failed) {
      object.setCondition(desired, now: now)
    }
    return object == binding.object ? nil : object
  }

  /// True is only said when there was something to upgrade from; failures always.
  private static func records(
    _ desired: Condition, over existing: Condition?, lastApplied: String, applied: String, failed: String
  ) -> Bool {
    if desired.status == .false || !failed.isEmpty { return true }
    if let existing, existing.reason == "UpgradeInProgress" || existing.status == .false { return true }
    return !lastApplied.isEmpty && lastApplied != applied
  }

  /// Whether a running workflow is an upgrade of this binding.
  public static func isUpgrade(_ binding: ResourceBinding, to version: String) -> Bool {
    guard !version.isEmpty, version != KratixNames.unversioned else { return false }
    if !(binding.failedVersion ?? "").isEmpty || binding.upgrade?.status == .false { return true }
    let applied = binding.lastAppliedVersion ?? ""
    return !applied.isEmpty && applied != version
  }

  /// What the binding controller does when the binding and its resource are looked at.
  public enum Action: Sendable, Hashable {
    case nothing
    /// - Parameters:
    ///   - labelsResource: ask the resource for a manual reconciliation.
    ///   - unlabelsBinding: the request on the binding is taken.
    ///   - condition: to write, clearing the failed version; nil leaves the status.
    case drive(labelsResource: Bool, unlabelsBinding: Bool, condition: Condition?)
  }

  /// - Parameters:
  ///   - desired: the effective version: the binding's own, or that of the latest revision.
  ///   - current: the version of the resource's last successful run.
  public static func action(for binding: ResourceBinding, desired: String, current: String) -> Action {
    let inFlight = inFlightVersion(of: binding)
    if binding.object.hasLabel(KratixLabels.manualReconciliation) {
      return .drive(
        labelsResource: inFlight != desired, unlabelsBinding: true, condition: requested(desired))
    }
    if current == desired { return .nothing }
    if binding.upgrade?.status == .false, binding.failedVersion == desired { return .nothing }
    let advertises =
      (binding.failedVersion ?? "").isEmpty && binding.upgrade.map(isInProgress) == true && inFlight == desired
    return .drive(
      labelsResource: inFlight != desired, unlabelsBinding: false,
      condition: advertises ? nil : inProgress(desired))
  }
}
