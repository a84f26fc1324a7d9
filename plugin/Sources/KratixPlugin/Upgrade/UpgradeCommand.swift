import ArgumentParser
import FleetUpgrade
import Foundation
import KratixModel

struct UpgradeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "upgrade", abstract: "Move a fleet to a new version of its Promise, or preview that.",
    subcommands: [UpgradeRun.self, PreviewCommand.self], defaultSubcommand: UpgradeRun.self)
}

struct UpgradeRun: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run", abstract: "Apply the Promise and follow its fleet until every resource is done (the default).",
    discussion: """
      Shows the preview, asks (or takes --yes), applies the Promise in one request and follows its resources.

      Exit codes: 0 the fleet is done, 1 it is not, 64 wrong usage.

      Example: kubectl kratix upgrade -f promise.yaml --yes
      """)

  @OptionGroup var arguments: PlanArguments

  @Flag(name: .shortAndLong, help: "Do not ask.")
  var yes = false

  @Flag(help: "Let Kratix move every resource at once.")
  var allAtOnce = false

  @Flag(help: "Go on although a resource fails in the preview or is invalid.")
  var force = false

  func run() async throws {
    let made = try await arguments.makePlan()
    Console.out(PlanText.table(made.plan, command: arguments.upgradeCommand + " --yes"))
    if made.plan.hasFailures, !force {
      throw Failure(
        "nothing was applied: \(made.plan.count(.fails)) of the fleet's resources would fail and "
          + "\(made.plan.count(.invalid)) would be invalid; mend the Promise, or say --force")
    }
    guard made.plan.promise.specChanges || made.plan.promise.fromVersion != made.plan.promise.toVersion else {
      return Console.out("\nNothing to do: the Promise is installed as it is in \(arguments.filename).")
    }
    try confirm(made.candidate)
    let outcome = try await AllAtOnceUpgrade(api: made.api).run(made.candidate, over: made.fleet.promise) { event in
      Self.show(event, name: made.candidate.name)
    }
    try conclude(outcome)
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
