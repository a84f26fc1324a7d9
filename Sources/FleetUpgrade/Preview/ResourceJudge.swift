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
  /// Whether Kratix runs workflows again at all (contract, section 6.1).
  private let runsAgain: Bool
  /// nil when every resource is run.
  private let sample: Set<String>?

  init(candidate: Promise, fleet: FleetSnapshot, engine: any WorkflowEngine, options: PlanOptions) {
    self.candidate = candidate
    self.fleet = fleet
    self.options = options
    run = CandidateRun(engine: engine, limits: options.limits)
    schema = candidate.api?.schema.map(StructuralSchema.init(json:))
    runsAgain = fleet.promise.map { PromiseSpec.normalized($0.spec) != PromiseSpec.normalized(candidate.spec) } ?? true
    sample = options.sample?.names(fleet.members.map(\.resource.object.qualifiedName))
  }

  private func isSampled(_ name: String) -> Bool { sample?.contains(name) ?? true }

  func plan(for member: FleetMember) async throws -> ResourcePlan {
    var memory = RunMemory()
    var plan = try await plan(for: member.unpacked, memory: &memory)
    plan.runs = memory.count
    return plan
  }

  private func plan(for member: FleetMember, memory: inout RunMemory) async throws -> ResourcePlan {
    let resource = member.resource
    if resource.object.isBeingDeleted {
      return ResourcePlan(member: member, verdict: .skipped, reason: "it is being deleted")
    }
    let served = servedObject(resource.object)
    let stored = counted(
      FieldDifference.between(resource.object.spec, served.object.spec, object: "spec", at: "spec"))
    func plan(_ verdict: Verdict, _ reason: String) -> ResourcePlan {
      ResourcePlan(member: member, verdict: verdict, reason: reason, changes: stored)
    }
    if !served.errors.isEmpty {
      return plan(
        .invalid,
        "the new API refuses it: " + served.errors.map { "\($0.field): \($0.message)" }.joined(separator: "; "))
    }
    if let reason = holdReason(member) { return plan(.held, reason) }
    if !isSampled(resource.object.qualifiedName) { return plan(.skipped, "it is not in the sample") }
    if !options.runsPipelines {
      return stored.isEmpty
        ? plan(.skipped, "it satisfies the new API; its pipelines were not run")
        : plan(.changes, summary(stored) + "; its pipelines were not run")
    }
    do {
      let result = try await run(candidate, for: served.object, memory: &memory)
      var plan: ResourcePlan
      do {
        let live = try await liveState(of: member, candidate: result, memory: &memory)
        plan = try await compare(member, stored: stored, live: live, result, memory: &memory)
        plan.unknown = live.unknown
      } catch let error as UnreadableOutputs {
        plan = ResourcePlan(
          member: member, verdict: .skipped,
          reason: "the candidate runs for it, but what it has put out so far cannot be read", changes: stored,
          unknown: error.reason)
      }
      plan.outputsDigest = result.digest
      return plan
    } catch let failure as WorkflowFailure {
      try Task.checkCancellation()
      switch failure.reason {
      // Says nothing of the candidate: where it will run, the image may be had.
      case .imageUnavailable, .engine:
        return ResourcePlan(
          member: member, verdict: .skipped, reason: "the candidate could not be run for it", changes: stored,
          unknown: failure.description)
      case .exited, .timedOut, .badOutput, .badMetadata, .unsound:
        return ResourcePlan(
          member: member, verdict: .fails, reason: failure.description, changes: stored, lastLines: failure.lastLines)
      }
    }
  }

  // MARK: What is there now

  /// What a resource has put out so far, and its status.
  private struct LiveState {
    var outputs: Outputs
    /// nil when nobody knows: then no difference of it can be told.
    var status: JSON?
    /// Whether the status is what the resource's own is compared with.
    var knowsStatus = true
    /// Whether some of it is what a run of the current version has made.
    var isOfARun = false
    /// What of the outputs cannot be told.
    var unknown: String?
  }

  /// From the Works; without a cluster, from the state store, or else from what the current version puts out.
  private func liveState(
    of member: FleetMember, candidate result: CandidateRun.Result, memory: inout RunMemory
  ) async throws -> LiveState {
    let status = member.resource.object.status
    guard fleet.isOffline else {
      if let gap = fleet.gaps.first(where: { $0.source == .works }) { throw UnreadableOutputs(gap.description) }
      do {
        return LiveState(outputs: try Outputs(of: member.works), status: status)
      } catch {
        throw UnreadableOutputs(error.description)
      }
    }
    if let fault = member.storedFault { throw UnreadableOutputs(fault) }
    var state = LiveState(outputs: member.storedOutputs ?? Outputs(), status: status, knowsStatus: status != nil)
    var hasOutputs = member.storedOutputs != nil
    if hasOutputs, state.knowsStatus, fleet.aggregates.isEmpty { return state }
    let current = currentPromise(of: member)
    var own: CandidateRun.Result?
    if let current { own = try await baseline(current, member, memory: &memory) }
    if let part = aggregated(of: member, [own?.outputs, result.outputs].compactMap { $0 }) {
      hasOutputs = true
      state.outputs.files.merge(part.files) { stored, _ in stored }
      if own == nil {
        state.unknown =
          "\(part.source) holds the outputs of all resources together, and the version that made its part cannot be run: "
          + "what the candidate no longer puts out, and files that are no manifests, are not told"
      }
    }
    guard let own else {
      if hasOutputs { return state }
      throw UnreadableOutputs(
        current == nil
          ? "the directory holds neither its outputs (resources/NAMESPACE/PROMISE/NAME/PIPELINE/..., or those of another "
            + "filepath mode) nor the Promise that made them"
          : "the directory does not hold its outputs, and the current version's pipelines cannot be run here")
    }
    if !hasOutputs {
      state.outputs = own.outputs
      state.isOfARun = true
    }
    if !state.knowsStatus {
      state.status = .object(own.status)
      state.knowsStatus = true
      state.isOfARun = true
    }
    return state
  }

  /// What the files that are of all resources together hold of one: the objects that its versions are seen to put out.
  /// Other files of theirs are not to be found in it, and are taken as the current version makes them.
  /// - Parameter known: what versions put out for it, the current one first.
  private func aggregated(
    of member: FleetMember, _ known: [Outputs]
  ) -> (files: [Outputs.Key: [UInt8]], source: String)? {
    guard !fleet.aggregates.isEmpty else { return nil }
    func objects(_ outputs: Outputs) -> Set<ObjectID> {
      Set(outputs.files.flatMap { (ObjectID.objects(inFile: $0.key.path, $0.value) ?? []).map(\.0) })
    }
    let stored = member.storedOutputs.map(objects) ?? []
    let ids = known.reduce(into: Set<ObjectID>()) { $0.formUnion(objects($1)) }.subtracting(stored)
    var files: [Outputs.Key: [UInt8]] = [:]
    var sources: [String] = []
    for aggregate in fleet.aggregates {
      guard let part = aggregate.part(of: ids) else { continue }
      files[part.key] = part.bytes
      sources.append(aggregate.path)
    }
    guard !files.isEmpty else { return nil }
    for (key, bytes) in known.first?.files ?? [:] where ObjectID.objects(inFile: key.path, bytes) == nil {
      files[key] = bytes
    }
    return (files, sources.joined(separator: ", "))
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
    _ member: FleetMember, stored: [Change], live: LiveState, _ result: CandidateRun.Result, memory: inout RunMemory
  ) async throws -> ResourcePlan {
    if let suspended = result.suspended {
      let message = suspended.message.map { ": \($0)" } ?? ""
      return ResourcePlan(
        member: member, verdict: .held, reason: "pipeline \(suspended.pipeline) suspends its workflow\(message)",
        changes: stored)
    }
    let candidateChanges = differences(from: live, to: result)
    let split = try await separatingNoise(candidateChanges, member: member, live: live, result: result, memory: &memory)
    let changes = stored + split.changes
    var plan: ResourcePlan
    if changes.isEmpty {
      let reason =
        !runsAgain
        ? "it is not run again: the Promise's spec does not change"
        : split.noise.isEmpty
          ? "it is run again, and everything comes out the same"
          : "it is run again; only what differs from run to run, or was edited by hand, differs"
      plan = ResourcePlan(member: member, verdict: .unchanged, reason: reason, noise: split.noise)
    } else {
      plan = ResourcePlan(
        member: member, verdict: .changes, reason: summary(changes), changes: changes, noise: split.noise)
    }
    if split.lacksBaseline { plan.marks.append("not compared with a run of its current version") }
    return plan
  }

  private func differences(from live: LiveState, to result: CandidateRun.Result) -> [Change] {
    var changes = OutputDifference.between(live.outputs, result.outputs)
    if live.knowsStatus { changes += StatusDifference.between(live.status, written: result.status) }
    return counted(changes)
  }

  private func counted(_ changes: [Change]) -> [Change] {
    changes.filter { change in !options.ignoredPaths.contains { FieldDifference.isPath(change.path, below: $0) } }
  }

  private struct Split {
    var changes: [Change]
    var noise: [Change] = []
    /// The current version could not be run, so that nothing was taken for noise.
    var lacksBaseline = false
  }

  /// Tells the upgrade's changes from what the current version does by itself: its pipelines are run on the resource as
  /// it is, and what differs there from the live output is noise, or drift. Where the candidate differs from both, a
  /// second run tells whether the current version is steady there; if it is, the change is the upgrade's.
  private func separatingNoise(
    _ changes: [Change], member: FleetMember, live: LiveState, result: CandidateRun.Result, memory: inout RunMemory
  ) async throws -> Split {
    guard options.runsBaseline, !changes.isEmpty, let current = currentPromise(of: member) else {
      return Split(changes: changes)
    }
    guard let first = try await baseline(current, member, memory: &memory) else {
      return Split(changes: changes, lacksBaseline: true)
    }
    let own = Set(differences(from: live, to: first).map(Place.init))
    // Without the state store, the live output is that very run: only another one tells what differs by itself.
    let isOwnBaseline = live.isOfARun
    let disputed = changes.filter { own.contains(Place($0)) }
    if disputed.isEmpty, !isOwnBaseline { return Split(changes: changes) }
    let againstFirst = Set(between(first, result).map(Place.init))
    var unsteady: Set<Place> = []
    if isOwnBaseline || disputed.contains(where: { againstFirst.contains(Place($0)) }) {
      guard let second = try await baseline(current, member, memory: &memory, isFresh: true) else {
        return Split(changes: changes, lacksBaseline: true)
      }
      unsteady = Set(between(first, second).map(Place.init))
      // What tells the time in seconds may say the same twice, and not a third time: the candidate is asked again.
      if disputed.contains(where: { againstFirst.contains(Place($0)) && !unsteady.contains(Place($0)) }) {
        let object = servedObject(member.resource.object).object
        if let again = try? await run(candidate, for: object, memory: &memory, isFresh: true) {
          unsteady.formUnion(between(result, again).map(Place.init))
        }
        try Task.checkCancellation()
      }
    }
    let isNoise = { (change: Change) in
      let place = Place(change)
      if unsteady.contains(place) { return own.contains(place) || isOwnBaseline }
      return own.contains(place) && !againstFirst.contains(place)
    }
    return Split(changes: changes.filter { !isNoise($0) }, noise: changes.filter(isNoise))
  }

  private func between(_ first: CandidateRun.Result, _ second: CandidateRun.Result) -> [Change] {
    OutputDifference.between(first.outputs, second.outputs)
      + StatusDifference.between(.object(first.status), written: second.status)
  }

  /// nil when the current version cannot be run here: then nothing is taken for noise.
  private func baseline(
    _ promise: Promise, _ member: FleetMember, memory: inout RunMemory, isFresh: Bool = false
  ) async throws -> CandidateRun.Result? {
    do {
      return try await run(promise, for: member.resource.object, memory: &memory, isFresh: isFresh)
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
    let renamed = changes.count { $0.kind == .renamed }
    var text = "\(changes.count) change\(changes.count == 1 ? "" : "s") in \(objects) object\(objects == 1 ? "" : "s")"
    if replaced > 0 { text += ", \(replaced) of fields that cannot be changed in place" }
    if renamed > 0 { text += ", \(renamed) renamed: deleted and created anew" }
    return text
  }
}

/// Nothing is known of a resource's outputs.
private struct UnreadableOutputs: Error {
  var reason: String

  init(_ reason: String) { self.reason = reason }
}
