import ArgumentParser
import FleetUpgrade
import Foundation
import Kubernetes

struct PreviewCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "preview", abstract: "Show what a Promise would do to every resource of its fleet, before it does.",
    discussion: """
      Runs the candidate's pipelines for each resource, here and in isolation, and compares what they put out with what
      the cluster holds. Reads from the cluster (get and list); writes nothing to it. With --engine cluster the pipelines
      run as Jobs, in a namespace that is made for them and goes with them.

      With --fleet DIR no cluster is needed: the requests are read from the files of a directory, and what Kratix has
      put out for them from the state store's files in it, or else from a run of the Promise that it holds.

      Exit codes: 0 the plan was made (with --exit-code: 0 nothing changes, 1 something does), 2 a resource fails or is
      invalid, 3 something could not be told, 64 wrong usage.

      Example: kubectl kratix upgrade preview -f promise.yaml --out plan.json
      """)

  @OptionGroup var arguments: PlanArguments
  @OptionGroup var presentation: PlanPresentation

  @Option(
    name: .customLong("fleet"), help: "A directory with the fleet's requests and state store, in place of a cluster.")
  var directory: String?

  @Flag(help: "Also ask the API server by dry-run: it evaluates CEL rules and webhooks. Sends dry-run writes.")
  var server = false

  @Option(help: "Also write the plan to this file, to show it again or carry it out.")
  var out: String?

  @Flag(name: .customLong("exit-code"), help: "Exit with 1 when something changes.")
  var exitCode = false

  func validate() throws {
    try arguments.requireFile()
    try presentation.check(for: "preview")
    if server, directory != nil { throw ValidationError("--server and --fleet exclude each other: there is no server") }
  }

  func run() async throws {
    let candidate = try CandidateFile.servingPromise(at: arguments.filename)
    let plan: UpgradePlan
    if let directory {
      plan = try await arguments.plan(of: candidate, inDirectory: directory)
    } else {
      let made = try await arguments.makePlan(for: candidate)
      plan =
        server
        ? try await ServerCheck(api: made.api).asked(made.plan, candidate: candidate, fleet: made.fleet) : made.plan
    }
    if let out {
      let file = PlanFile(
        plan: plan, candidate: candidate, selection: arguments.selection,
        madeAt: Timestamp.text(secondsSince1970: Int64(Date().timeIntervalSince1970)))
      try AtomicFile.write(file.bytes, to: out)
    }
    try presentation.show(plan, command: arguments.upgradeCommand(planFile: out))
    for resource in plan.resources where resource.verdict == .fails || resource.verdict == .invalid {
      Console.error(
        Printable.text("\(resource.namespace)/\(resource.name) \(resource.verdict.sentence): \(resource.reason)"))
    }
    for refusal in plan.consequences where refusal.kind == .refused { Console.error(Printable.text(refusal.message)) }
    if let code = plan.exitCode(tellsChanges: exitCode) { throw code }
  }
}

extension UpgradePlan {
  /// nil for 0.
  func exitCode(tellsChanges: Bool) -> ExitCode? {
    if hasFailures { return ExitCode(2) }
    if !unknowns.isEmpty { return ExitCode(3) }
    return tellsChanges && changesSomething ? ExitCode(1) : nil
  }
}

/// Verdicts with commas between.
struct VerdictList: ExpressibleByArgument, Sendable {
  var verdicts: Set<FleetUpgrade.Verdict>

  static let all = VerdictList(verdicts: Set(FleetUpgrade.Verdict.allCases))

  init(verdicts: Set<FleetUpgrade.Verdict>) { self.verdicts = verdicts }

  init?(argument: String) {
    var verdicts: Set<FleetUpgrade.Verdict> = []
    for word in argument.split(separator: ",", omittingEmptySubsequences: false) {
      guard let verdict = FleetUpgrade.Verdict(rawValue: String(word)) else { return nil }
      verdicts.insert(verdict)
    }
    self.init(verdicts: verdicts)
  }

  var defaultValueDescription: String { "all" }
  static var allValueStrings: [String] { FleetUpgrade.Verdict.allCases.map(\.rawValue) }
}

extension FleetUpgrade.Verdict {
  /// In a sentence whose subject is the resource.
  fileprivate var sentence: String {
    switch self {
    case .fails: "would fail"
    case .invalid: "would be invalid"
    case .changes: "changes"
    case .unchanged: "does not change"
    case .held: "is held"
    case .skipped: "is skipped"
    }
  }
}
