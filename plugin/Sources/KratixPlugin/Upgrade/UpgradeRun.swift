import ArgumentParser
import FleetUpgrade
import Foundation
import KratixModel
import KratixWebhook
import Kubernetes

/// How a rollout is to go.
struct RolloutChoices: ParsableArguments {
  @Flag(help: "Let Kratix move every resource at once.")
  var allAtOnce = false

  @Option(help: "A file with the groups to move one after the other, or an UpgradePlan document.")
  var strategy: String?

  @Option(help: "pin or pause; pin where versions can be told apart, pause otherwise, when left out.")
  var hold: RolloutRecord.Hold?

  @Option(help: "A shell command to run after each wave; the rollout stops unless it exits with 0.")
  var gateCommand: String?

  @Flag(help: "Move resources too that are pinned to a version.")
  var includePinned = false

  @Flag(help: "Stop when what a wave has put out is not what the plan said.")
  var strict = false

  @Option(help: "How long one resource may take before it counts as failed: 10m.")
  var resourceTimeout: String?

  @Option(help: "Hold nothing before this time: 2026-05-01T23:00:00Z.")
  var startAt: String?

  func validate() throws {
    if allAtOnce, strategy != nil || gateCommand != nil || includePinned || hold != nil || strict || startAt != nil {
      throw ValidationError(
        "--all-at-once excludes --strategy, --hold, --gate-command, --include-pinned, --strict and --start-at")
    }
    if let resourceTimeout, GoDuration(resourceTimeout).map({ $0.nanoseconds > 0 }) != true {
      throw ValidationError("--resource-timeout takes a duration such as 90s, 10m or 1h30m, not \(resourceTimeout)")
    }
    if let startAt, Timestamp.secondsSince1970(startAt) == nil {
      throw ValidationError("--start-at takes a time such as 2026-05-01T23:00:00Z, not \(startAt)")
    }
  }

  /// - Throws: `Failure` when the strategy's file cannot be used.
  func options() throws -> RolloutOptions {
    var chosen = try readStrategy() ?? .standard
    if let startAt { chosen.startAt = Timestamp.secondsSince1970(startAt) }
    if let timeout = resourceTimeout.flatMap({ GoDuration($0) }) {
      for index in chosen.groups.indices where chosen.groups[index].timeout == nil {
        chosen.groups[index].timeout = timeout
      }
    }
    return RolloutOptions(
      strategy: chosen, hold: hold, includesPinned: includePinned, gateCommand: gateCommand, isStrict: strict)
  }

  private func readStrategy() throws -> Strategy? {
    guard let path = strategy else { return nil }
    guard let text = String(validating: try AtomicFile.read(path), as: UTF8.self) else {
      throw Failure("\(path) is not UTF-8 text", exitCode: 64)
    }
    do {
      return try Strategy(yaml: text, now: RolloutSession.now)
    } catch {
      throw Failure("\(path): \(error)", exitCode: 64)
    }
  }
}

extension RolloutRecord.Hold: ExpressibleByArgument {}

struct UpgradeRun: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run", abstract: "Apply the Promise and follow its fleet until every resource is done (the default).",
    discussion: """
      Shows the preview, asks (or takes --yes), holds every resource at the version it runs, applies the Promise in one
      request, and moves the resources in waves: one, then a quarter of the fleet, then the rest, or as --strategy says.
      The first failure stops it; the others then keep the version they run. Run it again to go on where it ended.

      --plan FILE carries out a plan that upgrade preview --out wrote; it is refused when the fleet has moved since.

      --hold pin pins bindings: resources stay live, and Kratix runs each once more at its old version when the Promise
      changes. --hold pause pauses resources: nothing runs twice, and people's edits and deletions wait meanwhile; it is
      the only way for a Promise whose version label does not change.

      Exit codes: 0 the fleet is done, 1 it is not, 5 the rollout is paused or waits for approval, 64 wrong usage.

      Example: kubectl kratix upgrade -f promise.yaml --yes
      """)

  @OptionGroup var arguments: PlanArguments
  @OptionGroup var choices: RolloutChoices

  @Flag(name: .shortAndLong, help: "Do not ask.")
  var yes = false

  @Option(name: .customLong("plan"), help: "Carry out the plan in this file, which upgrade preview --out wrote.")
  var planFile: String?

  @Flag(help: "Go on although a resource fails in the preview or is invalid.")
  var force = false

  func validate() throws {
    if planFile == nil { return try arguments.requireFile() }
    if arguments.candidateFile != nil {
      throw ValidationError("-f and --plan exclude each other: the plan has the Promise")
    }
  }

  func run() async throws {
    let options = try choices.options()
    guard let work = try await prepare(options) else { return }
    // What the preview took to make is not needed any more, and a rollout may take hours.
    Memory.giveBack()
    if let live = work.live, work.isStaged { return try await roll(out: work, over: live, options) }
    let outcome = try await AllAtOnceUpgrade(api: work.api).run(work.candidate, over: work.live) { event in
      AllAtOnceText.show(event, name: work.candidate.name)
    }
    try AllAtOnceText.conclude(outcome)
  }

  /// What is left to do of a plan that was shown and confirmed.
  private struct Work {
    var api: any KubernetesAPI
    var candidate: Promise
    var live: Promise?
    var isStaged: Bool
    /// What resources will put out, where that can be told.
    var predictions: [String: String]
  }

  /// Shows the plan and asks.
  /// - Returns: nil when there is nothing to do, or it has been done.
  private func prepare(_ options: RolloutOptions) async throws -> Work? {
    let file = try planFile.map { path throws in try PlanFileReader.read(path) }
    let candidate: Promise
    if let file {
      candidate = file.candidate
    } else {
      candidate = try CandidateFile.servingPromise(at: arguments.filename)
    }
    if try await resumeOpenRollout(to: candidate) { return nil }
    let made: PlanArguments.Made
    if let file { made = try await check(file) } else { made = try await arguments.makePlan(for: candidate) }
    Console.out(PlanText.table(made.plan, command: arguments.upgradeCommand(planFile: planFile) + " --yes"))
    // A fleet that cannot be read looks like none, and none is not held.
    let needed: Set<FleetGap.Source> = [.promises, .revisions, .resources, .bindings]
    if let gap = made.fleet.gaps.first(where: { needed.contains($0.source) }) {
      throw Failure("nothing was applied: whom it would move cannot be told: \(gap)")
    }
    if made.plan.hasFailures, !force {
      throw Failure(
        "nothing was applied: \(made.plan.count(.fails)) of the fleet's resources would fail and "
          + "\(made.plan.count(.invalid)) would be invalid; mend the Promise, or say --force")
    }
    if let first = made.plan.notRun.first, !force {
      throw Failure(
        "nothing was applied: the candidate could not be run for \(made.plan.notRun.count) of the fleet's resources "
          + "(\(first.unknown ?? "")); make its images available to the preview, or say --force")
    }
    guard made.plan.promise.specChanges || made.plan.promise.fromVersion != made.plan.promise.toVersion else {
      Console.out("\nNothing to do: the Promise is installed as it is in \(planFile ?? arguments.filename).")
      return nil
    }
    let isStaged = made.fleet.promise != nil && !choices.allAtOnce && !made.fleet.members.isEmpty
    if isStaged, let live = made.fleet.promise { tellPrice(made, over: live, options) }
    try confirm(made.candidate)
    // What differs by itself from run to run cannot be told beforehand.
    let predictions = made.plan.resources.filter(\.noise.isEmpty).compactMap { plan in
      plan.outputsDigest.map { (plan.qualifiedName, $0) }
    }
    return Work(
      api: made.api, candidate: made.candidate, live: made.fleet.promise, isStaged: isStaged,
      predictions: Dictionary(predictions, uniquingKeysWith: { first, _ in first }))
  }

  /// The plan of a file, if the fleet is as it was then.
  /// - Throws: `Failure` that lists what moved.
  private func check(_ file: PlanFile) async throws -> PlanArguments.Made {
    let api = try arguments.connection.client()
    let fleet = try await FleetReader(api: api).fleet(
      of: file.candidate.name, selection: file.selection, depth: .identity)
    if let gap = fleet.gaps.first {
      throw Failure("nothing was applied: whether the plan holds cannot be told: \(gap)")
    }
    let moved = file.drift(in: fleet)
    guard moved.isEmpty else {
      throw Failure(
        "nothing was applied: the fleet has moved since the plan was made at \(file.madeAt):\n"
          + moved.map { "  \($0)" }.joined(separator: "\n")
          + "\nMake the plan anew: kubectl kratix upgrade preview --out")
    }
    return PlanArguments.Made(plan: file.plan, candidate: file.candidate, fleet: fleet, api: api)
  }

  /// How the fleet is held, and what that costs.
  private func tellPrice(_ made: PlanArguments.Made, over live: Promise, _ options: RolloutOptions) {
    let why = RolloutOptions.whyNotPinned(from: live, to: made.candidate)
    let hold = options.hold ?? (why == nil ? .pin : .pause)
    switch hold {
    case .pin:
      Console.out(
        "\nHold: pin. Resources stay live; Kratix runs each once more at its old version before it moves (twice the work)."
      )
    case .pause:
      Console.out(
        "\nHold: pause" + (why.map { " (\($0))" } ?? "")
          + ". Each runs once; edits and deletions of held resources wait until their wave.")
    }
    if let seconds = made.plan.estimate?.seconds(heldBy: hold, waves: options.strategy.groups.count) {
      Console.out("At Kratix's own pace: about \(RolloutEstimate.duration(seconds)), soaks, gates and approvals aside.")
    }
  }

  /// Goes on with a rollout to the same version that was begun before.
  /// - Returns: whether there was one.
  /// - Throws: `Failure` when a rollout to another version is open.
  private func resumeOpenRollout(to candidate: Promise) async throws -> Bool {
    let session = RolloutSession(api: try arguments.connection.client(), promise: candidate.name)
    guard let uid = try await session.api.find(.promises, namespace: nil, name: candidate.name)?.uid,
      let open = try await session.control.open(promiseUID: uid)
    else { return false }
    let record = open.record
    let isSame = record.isInPlace ? record.toDigest == candidate.planDigest : record.to == candidate.revisionVersion
    guard record.direction == .forward, isSame, !choices.allAtOnce else {
      throw Failure(
        "rollout \(record.number) of \(record.promise) from \(record.from) to \(record.to) is open "
          + "(\(RolloutText.state(record))): resume it, roll it back or abort it first")
    }
    Console.out("Going on with rollout \(record.number) of \(record.promise): \(record.from) -> \(record.to)")
    if case .approval = record.halt { try RolloutSession.conclude(record) }
    _ = try await session.control.resume()
    try await session.drive(candidate: candidate)
    return true
  }

  private func roll(out work: Work, over live: Promise, _ options: RolloutOptions) async throws {
    // What is refused is refused before anything is held.
    try await PromiseInstaller(api: work.api).ask(work.candidate, over: live)
    let session = RolloutSession(api: work.api, promise: live.name)
    let record: RolloutRecord
    do {
      record = try await session.control.begin(live, to: work.candidate, options: options)
    } catch let error as RolloutError {
      throw Failure("nothing was applied: \(error)", exitCode: 64)
    }
    Console.out("\nRollout \(record.number) of \(record.promise): \(record.from) -> \(record.to)")
    try await session.drive(candidate: work.candidate, predictions: work.predictions)
  }

  private func confirm(_ candidate: Promise) throws {
    if yes { return }
    guard Console.inputIsTerminal else {
      throw Failure("nothing was applied: say --yes to go on without being asked", exitCode: 64)
    }
    Console.note("Apply Promise \(candidate.name) \(candidate.revisionVersion)? [y/N] ")
    guard let answer = readLine(), ["y", "yes"].contains(answer.lowercased()) else {
      throw Failure("nothing was applied")
    }
  }
}

/// Kratix's own way, as text.
private enum AllAtOnceText {
  static func show(_ event: AllAtOnceUpgrade.Event, name: String) {
    switch event {
    case .applied(let version): Console.out("\npromise/\(name) applied (\(version))")
    case .promiseAvailable: Console.out("promise/\(name) is available")
    case .progress(let resource, let progress, let done, let total):
      switch progress {
      case .waiting: break
      case .running: Console.out("\(resource): running")
      case .done: Console.out("\(resource): done (\(done) of \(total))")
      case .failed(let reason): Console.out("\(resource): failed: \(reason) (\(done) of \(total))")
      case .held(let reason): Console.out("\(resource): held: \(reason) (\(done) of \(total))")
      }
    }
  }

  static func conclude(_ outcome: AllAtOnceUpgrade.Outcome) throws {
    let failures = outcome.failures
    guard failures.isEmpty else {
      throw Failure(
        "the fleet is not done: "
          + failures.map { "\($0.resource) failed (\($0.reason))" }.joined(separator: ", ")
          + "; what they had put out before is still in place")
    }
    let done = outcome.members.values.count { $0 == .done }
    let held = outcome.members.count - done
    Console.out("The fleet is done: \(done) upgraded" + (held > 0 ? ", \(held) held." : "."))
  }
}
