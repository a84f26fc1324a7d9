import KratixModel
import Kubernetes

/// The rules about a change: the candidate against the live Promise, with the fleet as evidence.
struct ChangeReview {
  let candidate: Promise
  let live: Promise
  let fleet: FleetEvidence?
  let platform: PlatformEvidence?
  /// Whether Kratix sees a change of the spec: equal texts, defaults written out and unknown fields are none.
  let specChanges: Bool

  init(candidate: Promise, live: Promise, fleet: FleetEvidence?, platform: PlatformEvidence?) {
    self.candidate = candidate
    self.live = live
    self.fleet = fleet
    self.platform = platform
    specChanges =
      candidate.spec != live.spec
      && PromiseSpec.normalized(candidate.spec) != PromiseSpec.normalized(live.spec)
  }

  func findings() -> [Finding] {
    guard specChanges else { return versions() }
    return APIChangeRules(candidate: candidate, live: live, fleet: fleet).findings()
      + versions() + rollout() + destinations() + dependencies() + workflows() + namespace()
      + PermissionRules.findings(candidate: candidate, live: live)
  }

  private func versions() -> [Finding] {
    let path = "metadata.labels[\(KratixLabels.promiseVersion)]"
    var findings: [Finding] = []
    if let from = live.version, candidate.version == nil {
      findings.append(
        Finding(
          .versionRemoved, path: path,
          message: "the version \(from) is removed, and the revision not-set becomes the latest"
        ))
    }
    if candidate.revisionVersion == live.revisionVersion {
      if specChanges { findings.append(reusedVersion(path: path)) }
      return findings
    }
    if !specChanges {
      findings.append(
        Finding(
          .versionOnly, path: path,
          message: "the version goes from \(live.revisionVersion) to \(candidate.revisionVersion), but the spec stays: "
            + "no resource runs again"))
    }
    if let from = live.version.flatMap(SemanticVersion.init), let to = candidate.version.flatMap(SemanticVersion.init),
      to < from
    {
      findings.append(
        Finding(
          .versionBackwards, path: path,
          message: "the version goes back from \(live.revisionVersion) to \(candidate.revisionVersion)"))
    }
    return findings
  }

  private func reusedVersion(path: String) -> Finding {
    let version = candidate.revisionVersion
    let pinned = (fleet?.bindings ?? []).filter { $0.version == version }
      .map { "\($0.resourceNamespace)/\($0.resourceName)" }.sorted()
    let name = KratixNames.revision(promise: candidate.name, version: version)
    var message =
      candidate.version == nil
      ? "the spec changes and there is no version, so that the only revision \(name) is overwritten"
      : "the spec changes but the version stays \(version), so that the revision \(name) is overwritten"
    guard candidate.version != nil, !pinned.isEmpty else {
      return Finding(.versionReused, path: path, message: message)
    }
    // To pin is to ask that nothing changes.
    message += "; \(NameList.count(pinned.count, "resource")) pinned to it would change: \(NameList.text(pinned))"
    return Finding(.versionReused, severity: .deny, path: path, message: message, evidence: pinned)
  }

  private func rollout() -> [Finding] {
    if let notice = fleet?.rollout, !notice.isOver { return rollout(notice) }
    let moving = fleet?.standing.moving ?? []
    guard !moving.isEmpty else { return [] }
    return [
      Finding(
        .rolloutInProgress, path: "spec",
        message:
          "\(NameList.count(moving.count, "resource")) \(moving.count == 1 ? "is" : "are") still being upgraded: "
          + NameList.text(moving), evidence: moving)
    ]
  }

  /// The rollout's own step is no surprise to it: it leads to the version where the rollout is heading.
  private func rollout(_ notice: RolloutNotice) -> [Finding] {
    guard candidate.revisionVersion != notice.goal || live.revisionVersion == notice.goal else { return [] }
    let halt =
      switch notice.halt {
      case "paused": ", and paused"
      case "approval": ", and waits for approval"
      case "stopped": ", and stopped"
      case "aborting": ", and being aborted"
      default: ""
      }
    let direction = notice.isBack ? "back from \(notice.to) to \(notice.from)" : "from \(notice.from) to \(notice.to)"
    return [
      Finding(
        .rolloutInProgress, path: "spec",
        message: "a rollout \(direction) is under way (\(notice.phase)\(halt))",
        evidence: [KratixNames.systemNamespace + "/" + RolloutNotice.configMapName(promise: notice.promise)],
        remedy: "Wait for it (kubectl kratix upgrade status \(notice.promise)), or abort it, before changing the "
          + "Promise again.")
    ]
  }

  private func destinations() -> [Finding] {
    guard let platform, candidate.destinationSelectors != live.destinationSelectors else { return [] }
    let after = Set(platform.destinations(matching: candidate.destinationSelectors).map(\.name))
    let lost = platform.destinations(matching: live.destinationSelectors).map(\.name).filter { !after.contains($0) }
      .sorted()
    guard !lost.isEmpty, let fleet, !fleet.resources.isEmpty || !candidate.dependencies.isEmpty else { return [] }
    let placed = fleet.placements.filter { lost.contains($0.destinationName) && !$0.resourceName.isEmpty }
    let resources = Set(placed.map { "\($0.namespace)/\($0.resourceName)" }).sorted()
    guard fleet.placements.isEmpty || !placed.isEmpty else { return [] }
    var message = "the selectors no longer match \(NameList.text(lost))"
    if resources.isEmpty {
      message += ", where resources may be"
    } else {
      message +=
        ", where \(NameList.count(resources.count, "resource")) would be misplaced: \(NameList.text(resources))"
    }
    return [
      Finding(
        .destinationMisplaced, path: "spec.destinationSelectors", message: message,
        evidence: resources.isEmpty ? lost : resources)
    ]
  }

  private func dependencies() -> [Finding] {
    func names(_ promise: Promise) -> [String] {
      promise.dependencies.map { "\($0.kind) \($0.qualifiedName)" }
    }
    let kept = Set(names(candidate))
    let removed = names(live).filter { !kept.contains($0) }
    guard !removed.isEmpty else { return [] }
    return [
      Finding(
        .dependencyRemoved, path: "spec.dependencies",
        message: "\(NameList.count(removed.count, "object")) would be deleted from the destinations: "
          + NameList.text(removed), evidence: removed)
    ]
  }

  private func workflows() -> [Finding] {
    let path = "spec.workflows.resource.configure"
    let before = live.pipelines(.resource, .configure).map(\.name)
    let after = candidate.pipelines(.resource, .configure).map(\.name)
    if after.isEmpty, !before.isEmpty {
      return [
        Finding(
          .workflowsRemoved, path: path,
          message: "all pipelines for resources are removed (\(before.joined(separator: ", ")))")
      ]
    }
    let removed = before.filter { !after.contains($0) }
    let added = after.filter { !before.contains($0) }
    guard !removed.isEmpty else { return [] }
    guard !added.isEmpty else {
      return [
        Finding(
          .workflowsRemoved, path: path,
          message: "pipeline \(removed.joined(separator: ", ")) is removed: what it made is deleted after the next run")
      ]
    }
    // With one destination there is nowhere else to go.
    let choices = platform.map { $0.destinations(matching: candidate.destinationSelectors).map(\.name).sorted() }
    let moves = choices.map { $0.count > 1 } ?? true
    var message =
      "pipeline \(removed.joined(separator: ", ")) becomes \(added.joined(separator: ", ")), so that Kratix "
    message += "places the resources anew"
    if let choices, moves { message += ", on any of \(NameList.text(choices))" }
    return [
      Finding(
        .pipelineRenamed, severity: moves ? nil : .info, path: path, message: message,
        evidence: fleet?.resources.map(\.object.qualifiedName) ?? [])
    ]
  }

  private func namespace() -> [Finding] {
    guard candidate.pipelineNamespace != live.pipelineNamespace else { return [] }
    let own = "the resource's own"
    return [
      Finding(
        .pipelineNamespaceChanged, path: "spec.workflows.config.pipelineNamespace",
        message:
          "workflows move from \(live.pipelineNamespace ?? own) to \(candidate.pipelineNamespace ?? own) namespace")
    ]
  }
}
