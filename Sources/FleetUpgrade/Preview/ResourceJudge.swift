import KratixModel
import Kubernetes
import WorkflowRunner

/// Finds the verdict on one resource.
struct ResourceJudge: Sendable {
  let candidate: Promise
  let fleet: FleetSnapshot
  let options: PlanOptions
  private let run: CandidateRun
  private let schema: StructuralSchema?
  /// nil when every resource is run.
  private let sample: Set<String>?

  init(candidate: Promise, fleet: FleetSnapshot, engine: any WorkflowEngine, options: PlanOptions) {
    self.candidate = candidate
    self.fleet = fleet
    self.options = options
    run = CandidateRun(engine: engine, limits: options.limits)
    schema = candidate.api?.schema.map(StructuralSchema.init(json:))
    sample = options.sample?.names(fleet.members.map(\.resource.object.qualifiedName))
  }

  private func isSampled(_ name: String) -> Bool { sample?.contains(name) ?? true }

  func plan(for member: FleetMember) async throws -> ResourcePlan {
    let resource = member.resource
    if resource.object.isBeingDeleted {
      return ResourcePlan(member: member, verdict: .skipped, reason: "it is being deleted")
    }
    let served = servedObject(resource.object)
    let stored = FieldDifference.between(resource.object.spec, served.object.spec, object: "spec", at: "spec")
    if !served.errors.isEmpty {
      return ResourcePlan(
        member: member, verdict: .invalid,
        reason: "the new API refuses it: " + served.errors.map { "\($0.field): \($0.message)" }.joined(separator: "; "),
        changes: stored)
    }
    if let reason = holdReason(member) {
      return ResourcePlan(member: member, verdict: .held, reason: reason, changes: stored)
    }
    if !isSampled(resource.object.qualifiedName) {
      return ResourcePlan(member: member, verdict: .skipped, reason: "it is not in the sample", changes: stored)
    }
    do {
      let result = try await run(candidate, for: served.object)
      let live: Outputs
      do {
        if let gap = fleet.gaps.first(where: { $0.source == .works }) {
          throw UnreadableOutputs(reason: gap.description)
        }
        live = try Outputs(of: member.works)
      } catch {
        return ResourcePlan(
          member: member, verdict: .skipped,
          reason: "the candidate runs for it, but what it has put out so far cannot be read", changes: stored,
          unknown: "\(error)", outputsDigest: result.digest)
      }
      var plan = try await compare(member, stored: stored, live: live, result, object: served.object)
      plan.outputsDigest = result.digest
      return plan
    } catch let failure as WorkflowFailure {
      try Task.checkCancellation()
      return ResourcePlan(
        member: member, verdict: .fails, reason: failure.description, changes: stored, lastLines: failure.lastLines)
    }
  }

  // MARK: What the API server would serve

  /// The stored object as the candidate's API serves it: pruned, with defaults (contract, section 6.8: the live Promise
  /// rules, whatever revision a resource is bound to).
  private func servedObject(_ object: KubernetesObject) -> (object: KubernetesObject, errors: [FieldError]) {
    guard let schema else { return (object, []) }
    let pruned = schema.pruning(object.json).value
    let served = schema.applyingDefaults(to: pruned)
    // Kratix replaces the status schema with one that takes everything (contract, section 4.2).
    var result = KubernetesObject(served)
    result.status = object.status
    var checked = served
    checked["status"] = nil
    return (result, schema.validate(checked))
  }

  // MARK: Holds

  private func holdReason(_ member: FleetMember) -> String? {
    if fleet.promise?.object.labels[KratixLabels.paused] == KratixLabels.yes { return "the Promise is paused" }
    if member.resource.isPaused { return "it is paused: nothing runs until it is resumed" }
    if member.resource.isSuspended {
      return "its workflow is suspended: nothing runs until it is resumed"
    }
    if let bound = member.binding?.version, bound != KratixNames.latest, bound != candidate.revisionVersion {
      return "it is pinned to \(bound): Kratix runs it again, at that version"
    }
    return nil
  }

  // MARK: Differences

  private func compare(
    _ member: FleetMember, stored: [Change], live: Outputs, _ result: CandidateRun.Result, object: KubernetesObject
  ) async throws -> ResourcePlan {
    if let suspended = result.suspended {
      let message = suspended.message.map { ": \($0)" } ?? ""
      return ResourcePlan(
        member: member, verdict: .held, reason: "pipeline \(suspended.pipeline) suspends its workflow\(message)",
        changes: stored)
    }
    let candidateChanges = differences(member, from: live, to: result)
    let split = try await separatingNoise(candidateChanges, member: member, live: live, result: result)
    let changes = stored + split.changes
    if changes.isEmpty {
      let reason =
        split.noise.isEmpty
        ? "it is run again, and everything comes out the same"
        : "it is run again; only what differs from run to run, or was edited by hand, differs"
      return ResourcePlan(member: member, verdict: .unchanged, reason: reason, noise: split.noise)
    }
    return ResourcePlan(
      member: member, verdict: .changes, reason: summary(changes), changes: changes, noise: split.noise)
  }

  private func differences(_ member: FleetMember, from live: Outputs, to result: CandidateRun.Result) -> [Change] {
    var changes = OutputDifference.between(live, result.outputs)
    changes += StatusDifference.between(member.resource.object.status, written: result.status)
    return changes.filter { change in !options.ignoredPaths.contains { change.path.hasPrefix($0) } }
  }

  /// Tells the upgrade's changes from what the current version does by itself: its pipelines are run on the resource as
  /// it is, and what differs there from the live output is noise, or drift. Where the candidate differs from both, a
  /// second run tells whether the current version is steady there; if it is, the change is the upgrade's.
  private func separatingNoise(
    _ changes: [Change], member: FleetMember, live: Outputs, result: CandidateRun.Result
  ) async throws -> (changes: [Change], noise: [Change]) {
    guard options.runsBaseline, !changes.isEmpty, let current = currentPromise(of: member),
      let first = try await baseline(current, member)
    else { return (changes, []) }
    let own = Set(differences(member, from: live, to: first).map(Place.init))
    let disputed = changes.filter { own.contains(Place($0)) }
    if disputed.isEmpty { return (changes, []) }
    let againstFirst = Set(
      (OutputDifference.between(first.outputs, result.outputs)
        + StatusDifference.between(.object(first.status), written: result.status)).map(Place.init))
    var unsteady: Set<Place> = []
    if disputed.contains(where: { againstFirst.contains(Place($0)) }) {
      guard let second = try await baseline(current, member) else { return (changes, []) }
      unsteady = Set(
        (OutputDifference.between(first.outputs, second.outputs)
          + StatusDifference.between(.object(first.status), written: second.status)).map(Place.init))
    }
    let isNoise = { (change: Change) in
      let place = Place(change)
      return own.contains(place) && (!againstFirst.contains(place) || unsteady.contains(place))
    }
    return (changes.filter { !isNoise($0) }, changes.filter(isNoise))
  }

  /// nil when the current version cannot be run here: then nothing is taken for noise.
  private func baseline(_ promise: Promise, _ member: FleetMember) async throws -> CandidateRun.Result? {
    do {
      return try await run(promise, for: member.resource.object)
    } catch {
      try Task.checkCancellation()
      return nil
    }
  }

  private func currentPromise(of member: FleetMember) -> Promise? {
    guard let live = fleet.promise else { return nil }
    let spec =
      member.version.flatMap { fleet.revision(version: $0) }?.promiseSpec ?? fleet.latestRevision?.promiseSpec
    return live.with(spec: spec ?? live.spec)
  }

  /// Where a change is, whatever its values.
  private struct Place: Hashable {
    var object: String
    var path: String

    init(_ change: Change) {
      object = change.object
      path = change.path
    }
  }

  private func summary(_ changes: [Change]) -> String {
    let objects = Set(changes.map(\.object)).count
    let replaced = changes.count { $0.kind == .replaced }
    let text = "\(changes.count) change\(changes.count == 1 ? "" : "s") in \(objects) object\(objects == 1 ? "" : "s")"
    return replaced == 0 ? text : text + ", \(replaced) of fields that cannot be changed in place"
  }
}

/// Nothing is known of a resource's outputs.
private struct UnreadableOutputs: Error, CustomStringConvertible {
  var reason: String
  var description: String { reason }
}
