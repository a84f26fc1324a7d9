import ArgumentParser
import FleetUpgrade
import Kubernetes

/// How a plan is shown.
struct PlanPresentation: ParsableArguments {
  /// Comments of the large forges hold a little more.
  static let markdownLimit = 60_000

  @Option(name: .shortAndLong, help: "table, wide, json, yaml, markdown or html.")
  var output: OutputFormat = .table

  @Option(help: "Show only resources with these verdicts: changes,fails. The summary counts all.")
  var only: VerdictList = .all

  @Option(help: "auto, always or never; NO_COLOR is heeded.")
  var color: ColorChoice = .auto

  @Option(help: "The most that -o markdown may take; what does not fit is counted. (default: 60000)")
  var maxBytes: Int?

  func check(for command: String) throws {
    switch output {
    case .table, .wide, .json, .yaml, .markdown, .html: break
    case .name, .sarif:
      throw ValidationError("\(command) prints table, wide, json, yaml, markdown or html, not \(output.rawValue)")
    }
    if let maxBytes {
      guard output == .markdown else { throw ValidationError("--max-bytes goes with -o markdown") }
      guard maxBytes >= PlanMarkdown.smallestLimit else {
        throw ValidationError("--max-bytes is at least \(PlanMarkdown.smallestLimit), which the summary takes")
      }
    }
  }

  /// - Parameter command: what carries the plan out.
  func show(_ plan: UpgradePlan, command: String) throws {
    switch output {
    case .json: plan.writeJSON(only: only.verdicts) { Console.out(bytes: Array($0.utf8)) }
    case .yaml: Console.out(String(YAML.text(json(plan)).dropLast()))
    case .table, .wide:
      Console.out(
        PlanText.table(plan, command: command, wide: output == .wide, only: only.verdicts, paint: Paint(color)))
    case .markdown:
      Console.out(
        PlanMarkdown.document(plan, command: command, only: only.verdicts, limit: maxBytes ?? Self.markdownLimit))
    case .html: Console.out(PlanHTML.document(plan, command: command, only: only.verdicts))
    case .name, .sarif: throw Failure("a plan is not shown as \(output.rawValue)", exitCode: 64)
    }
  }

  /// The summary counts all; `resources` holds those asked for.
  private func json(_ plan: UpgradePlan) -> JSON {
    var json = plan.json
    if only.verdicts.count < FleetUpgrade.Verdict.allCases.count {
      var shown = plan
      shown.resources.removeAll { !only.verdicts.contains($0.verdict) }
      json["resources"] = shown.json["resources"]
    }
    return json
  }
}
