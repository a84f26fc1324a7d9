import ArgumentParser
import FleetUpgrade
import Kubernetes

struct PreviewCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "preview", abstract: "Show what a Promise would do to every resource of its fleet, before it does.",
    discussion: """
      Runs the candidate's pipelines for each resource, here and in isolation, and compares what they put out with what
      the cluster holds. Reads from the cluster; writes nothing.

      Exit codes: 0 the plan was made (with --exit-code: 0 nothing changes, 1 something does), 2 a resource fails or is
      invalid, 3 something could not be told, 64 wrong usage.

      Example: kubectl kratix upgrade preview -f promise.yaml
      """)

  @OptionGroup var arguments: PlanArguments

  @Option(name: .shortAndLong, help: "table, wide, json or yaml.")
  var output: OutputFormat = .table

  @Option(help: "Show only resources with these verdicts: changes,fails. The summary counts all.")
  var only: VerdictList = .all

  @Option(help: "auto, always or never; NO_COLOR is heeded.")
  var color: ColorChoice = .auto

  @Flag(name: .customLong("exit-code"), help: "Exit with 1 when something changes.")
  var exitCode = false

  func run() async throws {
    let plan = try await arguments.makePlan().plan
    switch output {
    case .json: Console.out(plan.json.text(.pretty))
    case .yaml: Console.out(String(YAML.text(plan.json).dropLast()))
    case .table, .wide:
      Console.out(
        PlanText.table(
          plan, command: arguments.upgradeCommand, wide: output == .wide, only: only.verdicts, paint: Paint(color)))
    case .name, .markdown, .html, .sarif:
      throw Failure("preview prints table, wide, json or yaml, not \(output.rawValue)", exitCode: 64)
    }
    for resource in plan.resources where resource.verdict == .fails || resource.verdict == .invalid {
      Console.error("\(resource.namespace)/\(resource.name) \(resource.verdict.sentence): \(resource.reason)")
    }
    if plan.hasFailures { throw ExitCode(2) }
    if !plan.unknowns.isEmpty { throw ExitCode(3) }
    if exitCode, plan.changesSomething { throw ExitCode(1) }
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
