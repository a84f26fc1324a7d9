import KratixModel
import Kubernetes
import PromiseReview

/// One thing that Kratix itself does when the candidate is applied, whatever the pipelines put out.
public struct Consequence: Sendable, Hashable {
  public enum Kind: String, Sendable, Hashable, CaseIterable {
    /// The API server said by dry-run that it will not take it.
    case refused
    /// The Promise is paused, so that nothing of all this happens yet.
    case promisePaused = "promise-paused"
    /// Which resources are run again, also those for which nothing changes.
    case reruns
    /// Which resources are not run before somebody resumes them.
    case waits
    /// The revision that is made, or that becomes the latest again.
    case revision
    /// A revision that is not the live one is written over.
    case revisionOverwritten = "revision-overwritten"
    /// Resources bound to a version of which there is no revision.
    case revisionMissing = "revision-missing"
    /// How long the Promise serves nobody.
    case promiseUnavailable = "promise-unavailable"
    /// The Promise's own workflow runs, for all destinations at once.
    case promiseWorkflow = "promise-workflow"
    /// Dependencies go to all destinations at once.
    case dependencies
    /// The new API is everybody's, pinned or not.
    case sharedAPI = "shared-api"
    /// Resources that a compound Promise made.
    case components
    /// What a rule has found already.
    case finding
  }

  public var kind: Kind
  /// One sentence.
  public var message: String
  /// The resources or objects concerned, all of them.
  public var objects: [String]
  /// The rule that found it; only of kind `finding`.
  public var rule: RuleID?

  public init(_ kind: Kind, _ message: String, objects: [String] = [], rule: RuleID? = nil) {
    self.kind = kind
    self.message = message
    self.objects = objects
    self.rule = rule
  }
}

extension Consequence {
  /// Rules whose findings are about what Kratix does on apply: told here, and not a second time.
  static let rules: Set<RuleID> = [
    .versionReused, .versionOnly, .versionRemoved, .pipelineRenamed, .pipelineNamespaceChanged, .workflowsRemoved,
    .dependenciesLoop, .dependencyRemoved, .destinationMisplaced,
  ]

  /// What applying the candidate sets in motion (contract, sections 4 to 7 and 12); nothing for a Promise that is not
  /// installed.
  /// - Parameters:
  ///   - findings: of the review; those about what happens on apply are taken over.
  ///   - plans: the verdicts, to tell for whom nothing changes.
  public static func all(
    candidate: Promise, fleet: FleetSnapshot, findings: [Finding], plans: [ResourcePlan] = []
  ) -> [Consequence] {
    guard let live = fleet.promise else { return [] }
    let maker = ConsequenceMaker(candidate: candidate, live: live, fleet: fleet, plans: plans)
    return maker.consequences()
      + findings.filter { rules.contains($0.rule) }.map {
        Consequence(.finding, $0.text, objects: $0.evidence, rule: $0.rule)
      }
  }
}

private struct ConsequenceMaker {
  let candidate: Promise
  let live: Promise
  let fleet: FleetSnapshot
  let plans: [ResourcePlan]

  func consequences() -> [Consequence] {
    var all: [Consequence] = []
    if live.object.labels[KratixLabels.paused] == KratixLabels.yes {
      all.append(
        Consequence(
          .promisePaused,
          "the Promise is paused: Kratix does nothing of what follows until it is resumed, and then all of it"))
    }
    if PromiseSpec.normalized(candidate.spec) != PromiseSpec.normalized(live.spec) {
      all += reruns() + waits() + revision() + availability() + promiseWorkflow() + dependencies() + sharedAPI()
    }
    return all + missingRevisions() + components()
  }

  private var members: [FleetMember] { fleet.members.filter { !$0.resource.object.isBeingDeleted } }

  private func isPinned(_ member: FleetMember) -> Bool { member.binding.map { !$0.followsLatest } ?? false }

  private func waits(_ member: FleetMember) -> Bool { member.resource.isPaused || member.resource.isSuspended }

  private func names(_ members: [FleetMember]) -> [String] { members.map(\.resource.object.qualifiedName) }

  // MARK: Resources

  /// A new generation of the Promise labels every resource, whatever its binding says (contract, section 6.1, T1).
  private func reruns() -> [Consequence] {
    let running = members.filter { !waits($0) }
    guard !running.isEmpty,
      !candidate.pipelines(.resource, .configure).isEmpty || !live.pipelines(.resource, .configure).isEmpty
    else { return [] }
    let count = running.count
    var message =
      count == 1
      ? "the one \(fleet.isSelection ? "selected " : "")resource is run again at once"
      : "all \(count) \(fleet.isSelection ? "selected " : "")resources are run again at once"
    // Applying the Promise knows no selection.
    if fleet.isSelection { message += ", and so are all others of the Promise" }
    let pinned = running.filter { isPinned($0) && $0.binding?.version != candidate.revisionVersion }
    if !pinned.isEmpty {
      message += "; \(pinned.count) pinned, at \(pinned.count == 1 ? "its" : "their") own version: "
      message += NameList.text(names(pinned))
    }
    let runningNames = Set(names(running))
    let unchanged = plans.filter { $0.verdict == .unchanged }.map(\.qualifiedName).filter(runningNames.contains)
    if !unchanged.isEmpty { message += "; nothing changes for \(NameList.text(unchanged))" }
    if candidate.revisionVersion != live.revisionVersion, pinned.count < count {
      message += "; one that Kratix looks at before the new revision is there runs its old version once more first"
    }
    return [Consequence(.reruns, message, objects: names(running))]
  }

  private func waits() -> [Consequence] {
    let waiting = members.filter(waits)
    guard !waiting.isEmpty else { return [] }
    return [
      Consequence(
        .waits,
        "\(NameList.count(waiting.count, "paused or suspended resource")) \(waiting.count == 1 ? "runs" : "run") when "
          + "resumed, and not now: \(NameList.text(names(waiting)))", objects: names(waiting))
    ]
  }

  private func missingRevisions() -> [Consequence] {
    guard !fleet.gaps.contains(where: { $0.source == .revisions }), !fleet.isOffline else { return [] }
    let known = Set(fleet.revisions.map(\.version)).union([candidate.revisionVersion])
    let lost = members.filter { member in
      guard let version = member.binding?.version, !version.isEmpty, isPinned(member) else { return false }
      return !known.contains(version)
    }
    guard !lost.isEmpty else { return [] }
    let versions = Set(lost.compactMap { $0.binding?.version }).sorted()
    return [
      Consequence(
        .revisionMissing,
        "there is no revision of \(NameList.text(versions)), so that Kratix can neither run nor delete "
          + NameList.text(names(lost)), objects: names(lost))
    ]
  }

  /// Bindings that come back through GitOps: a patch to them does not last (contract, section 6.8).
  private func components() -> [Consequence] {
    let owned = members.filter { $0.resource.componentOfPromise != nil }
    guard !owned.isEmpty else { return [] }
    let owners = Set(owned.compactMap(\.resource.componentOfPromise)).sorted()
    return [
      Consequence(
        .components,
        "\(NameList.count(owned.count, "resource")) \(owned.count == 1 ? "is" : "are") made by the compound Promise "
          + "\(NameList.text(owners)), whose next run may make \(owned.count == 1 ? "it" : "them") anew: "
          + NameList.text(names(owned)), objects: names(owned))
    ]
  }

  // MARK: Revisions

  private func revision() -> [Consequence] {
    let version = candidate.revisionVersion
    // Of a version that stays, the rule version-reused tells.
    guard version != live.revisionVersion else { return [] }
    let name = KratixNames.revision(promise: candidate.name, version: version)
    let followers = members.filter { !isPinned($0) }
    let follow =
      followers.isEmpty
      ? "no resource follows it"
      : "\(NameList.count(followers.count, "resource")) \(followers.count == 1 ? "follows" : "follow") it"
    guard let existing = fleet.revision(version: version) else {
      return [Consequence(.revision, "revision \(name) (\(version)) is made and becomes the latest; \(follow)")]
    }
    if PromiseSpec.normalized(existing.promiseSpec) == PromiseSpec.normalized(candidate.spec) {
      return [Consequence(.revision, "revision \(name) (\(version)) becomes the latest again; \(follow)")]
    }
    let pinned = names(members.filter { $0.binding?.version == version })
    var message = "revision \(name) (\(version)) exists with another spec: it is written over and becomes the latest"
    if !pinned.isEmpty {
      message += "; \(NameList.count(pinned.count, "resource")) pinned to it would change: \(NameList.text(pinned))"
    }
    return [Consequence(.revisionOverwritten, message, objects: pinned)]
  }

  // MARK: The Promise

  /// Contract, sections 4.4, 5.1 (step 7) and 6.5.
  private func availability() -> [Consequence] {
    let pipelines = candidate.pipelines(.promise, .configure)
    let rest = "a resource that Kratix looks at meanwhile says Pending, and is looked at again after 60 s"
    return [
      Consequence(
        .promiseUnavailable,
        pipelines.isEmpty
          ? "the Promise is Unavailable for less than a second; \(rest)"
          : "the Promise is Unavailable until its own workflow is done; \(rest)")
    ]
  }

  private func promiseWorkflow() -> [Consequence] {
    let pipelines = candidate.pipelines(.promise, .configure).map(\.name)
    guard !pipelines.isEmpty else { return [] }
    return [
      Consequence(
        .promiseWorkflow,
        "the Promise's own workflow (\(pipelines.joined(separator: ", "))) runs again; what it puts out goes to "
          + "\(destinations) at once and is not staged", objects: pipelines)
    ]
  }

  private var destinations: String {
    if fleet.gaps.contains(where: { $0.source == .destinations }) || fleet.isOffline {
      return "every matching destination"
    }
    let selectors = candidate.destinationSelectors
    let names = fleet.destinations.filter {
      !$0.object.isBeingDeleted && !$0.isDryRunTarget && $0.matches(selectors.isEmpty ? nil : selectors)
    }.map(\.name).sorted()
    return names.isEmpty ? "no destination, as none matches," : "every matching destination (\(NameList.text(names)))"
  }

  /// Only the live Promise's dependencies are scheduled, whatever a resource is bound to (contract, section 4.3). What
  /// is removed, the rule dependency-removed tells.
  private func dependencies() -> [Consequence] {
    func byName(_ promise: Promise) -> [String: KubernetesObject] {
      Dictionary(
        promise.dependencies.map { ("\($0.kind).\($0.apiVersion) \($0.qualifiedName)", $0) },
        uniquingKeysWith: { first, _ in first })
    }
    let before = byName(live)
    let after = byName(candidate)
    let added = after.keys.filter { before[$0] == nil }.sorted()
    let changed = after.keys.filter { key in before[key].map { $0 != after[key] } ?? false }.sorted()
    let removed = before.keys.filter { after[$0] == nil }.sorted()
    var parts: [String] = []
    if !added.isEmpty { parts.append("\(added.count) added (\(NameList.text(added)))") }
    if !changed.isEmpty { parts.append("\(changed.count) changed (\(NameList.text(changed)))") }
    if !removed.isEmpty { parts.append("\(removed.count) removed") }
    guard !parts.isEmpty else { return [] }
    return [
      Consequence(
        .dependencies,
        "dependencies: \(parts.joined(separator: ", ")), for \(destinations) at once; dependencies are not staged",
        objects: added + changed + removed)
    ]
  }

  /// Contract, sections 4.2 and 6.8.
  private func sharedAPI() -> [Consequence] {
    let pinned = names(members.filter { isPinned($0) && $0.binding?.version != candidate.revisionVersion })
    guard candidate.api?.versions != live.api?.versions, !pinned.isEmpty else { return [] }
    return [
      Consequence(
        .sharedAPI,
        "the new API also serves the \(NameList.count(pinned.count, "pinned resource")), whose pipelines are the old "
          + "ones: \(NameList.text(pinned))", objects: pinned)
    ]
  }
}
