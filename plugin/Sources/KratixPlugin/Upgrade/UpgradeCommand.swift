import ArgumentParser
import FleetUpgrade
import Foundation
import KratixModel

struct UpgradeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "upgrade", abstract: "Move a fleet to a new version of its Promise, or preview that.",
    subcommands: [
      UpgradeRun.self, PreviewCommand.self, RolloutStatus.self, RolloutPause.self, RolloutResume.self,
      RolloutApprove.self, RolloutRetry.self, RolloutSkip.self, RolloutAbort.self, RolloutRollback.self,
      RolloutHistory.self, RolloutShow.self,
    ], defaultSubcommand: UpgradeRun.self)
}

struct UpgradeRun: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run", abstract: "Apply the Promise and follow its fleet until every resource is done (the default).",
    discussion: """
      Shows the preview, asks (or takes --yes), holds every resource at the version it runs, applies the Promise in one
      request, and moves the resources in waves: one, then a quarter of the fleet, then the rest, or as --strategy says.
      The first failure stops it; the others then keep the version they run. Run it again to go on where it ended.

      A Promise whose version label does not change cannot be held: Kratix moves all of its resources at once then, as
      with --all-at-once.

      Exit codes: 0 the fleet is done, 1 it is not, 5 the rollout is paused or waits for approval, 64 wrong usage.

      Example: kubectl kratix upgrade -f promise.yaml --yes
      """)

  @OptionGroup var arguments: PlanArguments

  @Flag(name: .shortAndLong, help: "Do not ask.")
  var yes = false

  @Flag(help: "Let Kratix move every resource at once.")
  var allAtOnce = false

  @Option(help: "A file with the groups to move one after the other.")
  var strategy: String?

  @Option(help: "A shell command to run after each wave; the rollout stops unless it exits with 0.")
  var gateCommand: String?

  @Flag(help: "Move resources too that are pinned to a version.")
  var includePinned = false

  @Flag(help: "Go on although a resource fails in the preview or is invalid.")
  var force = false

  func validate() throws {
    try arguments.requireFile()
    if allAtOnce, strategy != nil || gateCommand != nil || includePinned {
      throw ValidationError("--all-at-once excludes --strategy, --gate-command and --include-pinned")
    }
  }

  func run() async throws {
    let strategy = try readStrategy()
    let candidate = try CandidateFile.servingPromise(at: arguments.filename)
    if try await resumeOpenRollout(to: candidate) { return }
    let made = try await arguments.makePlan(for: candidate)
    Console.out(PlanText.table(made.plan, command: arguments.upgradeCommand() + " --yes"))
    if made.plan.hasFailures, !force {
      throw Failure(
        "nothing was applied: \(made.plan.count(.fails)) of the fleet's resources would fail and "
          + "\(made.plan.count(.invalid)) would be invalid; mend the Promise, or say --force")
    }
    guard made.plan.promise.specChanges || made.plan.promise.fromVersion != made.plan.promise.toVersion else {
      return Console.out("\nNothing to do: the Promise is installed as it is in \(arguments.filename).")
    }
    try confirm(made.candidate)
    if let live = made.fleet.promise, !allAtOnce, !made.fleet.members.isEmpty {
      if let reason = Self.whyNotStaged(from: live, to: made.candidate) {
        Console.note("Kratix moves all resources at once: \(reason).")
      } else {
        return try await roll(out: made, over: live, strategy: strategy ?? .standard)
      }
    }
    let outcome = try await AllAtOnceUpgrade(api: made.api).run(made.candidate, over: made.fleet.promise) { event in
      Self.show(event, name: made.candidate.name)
    }
    try conclude(outcome)
  }

  private func readStrategy() throws -> Strategy? {
    guard let path = strategy else { return nil }
    guard let text = String(validating: try AtomicFile.read(path), as: UTF8.self) else {
      throw Failure("\(path) is not UTF-8 text", exitCode: 64)
    }
    do {
      return try Strategy(yaml: text)
    } catch {
      throw Failure("\(path): \(error)", exitCode: 64)
    }
  }

  /// Why resources cannot be held while the Promise changes; nil when they can.
  private static func whyNotStaged(from live: Promise, to candidate: Promise) -> String? {
    guard let from = live.version else { return "the installed Promise has no version that they could be held at" }
    guard let to = candidate.version else { return "the Promise has no version label to move them to" }
    if from == to { return "its version label stays \(to), so that its revision is changed in place" }
    return nil
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
    guard record.direction == .forward, record.to == candidate.revisionVersion, !allAtOnce else {
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

  private func roll(out made: PlanArguments.Made, over live: Promise, strategy: Strategy) async throws {
    // What is refused is refused before anything is held.
    _ = try await PromiseInstaller(api: made.api).apply(made.candidate, over: live, isDryRun: true)
    let session = RolloutSession(api: made.api, promise: live.name)
    let record = try await session.control.begin(
      live, to: made.candidate.revisionVersion, strategy: strategy, includesPinned: includePinned,
      gateCommand: gateCommand)
    Console.out("\nRollout \(record.number) of \(record.promise): \(record.from) -> \(record.to)")
    try await session.drive(candidate: made.candidate)
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

  private static func show(_ event: AllAtOnceUpgrade.Event, name: String) {
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

  private func conclude(_ outcome: AllAtOnceUpgrade.Outcome) throws {
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
