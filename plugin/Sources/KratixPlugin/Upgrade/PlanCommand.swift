import ArgumentParser
import FleetUpgrade
import Kubernetes

struct PlanCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plan", abstract: "Show a plan that upgrade preview --out wrote, or see whether it still holds.",
    subcommands: [PlanShow.self, PlanCheck.self])
}

struct PlanShow: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Show a plan again; no cluster is asked.",
    discussion: """
      Exit codes: 0 the plan was shown (with --exit-code: as upgrade preview has them: 0 nothing changes, 1 something
      does, 2 a resource fails or is invalid, 3 something could not be told), 1 the file is no plan, 64 wrong usage.

      Example: kubectl kratix plan show plan.json -o markdown
      """)

  @Argument(help: "The plan's file, or - for standard input.")
  var file: String

  @OptionGroup var presentation: PlanPresentation

  @Flag(name: .customLong("exit-code"), help: "Exit with the code that the preview would have had.")
  var exitCode = false

  func validate() throws { try presentation.check(for: "plan show") }

  func run() async throws {
    let plan = try PlanFileReader.read(file).plan
    try presentation.show(plan, command: "kubectl kratix upgrade --plan \(file)")
    if exitCode, let code = plan.exitCode(tellsChanges: true) { throw code }
  }
}

struct PlanCheck: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check", abstract: "See whether the fleet is still as the plan saw it.",
    discussion: """
      Lists what moved since the plan was made, and since when: resources that were edited, that came or went, whose
      bindings changed, and the Promise itself. Reads from the cluster; writes nothing to it.

      Exit codes: 0 the plan holds, 1 something moved, 3 it could not be told, 64 wrong usage.

      Example: kubectl kratix plan check plan.json
      """)

  @Argument(help: "The plan's file, or - for standard input.")
  var file: String

  @OptionGroup var connection: ConnectionArguments

  func run() async throws {
    let file = try PlanFileReader.read(file)
    let fleet = try await FleetReader(api: try connection.client()).fleet(
      of: file.candidate.name, selection: file.selection, depth: .identity)
    for gap in fleet.gaps { Console.error(gap.description) }
    if !fleet.gaps.isEmpty { throw ExitCode(3) }
    let moved = file.drift(in: fleet)
    guard moved.isEmpty else {
      Console.out(moved.map(\.description).joined(separator: "\n"))
      throw ExitCode(1)
    }
    Console.out("The plan of \(file.madeAt) holds: nothing of the fleet has moved.")
  }
}

/// Reads plans that `--out` wrote.
enum PlanFileReader {
  /// - Parameter path: a file, or `-` for standard input.
  /// - Throws: `Failure`: what is wrong, and at which field.
  static func read(_ path: String) throws(Failure) -> PlanFile {
    let bytes = try AtomicFile.read(path, limit: 1 << 30)
    let name = path == "-" ? "standard input" : path
    guard let text = String(validating: bytes, as: UTF8.self) else { throw Failure("\(name) is not UTF-8 text") }
    let json: JSON
    do {
      json = try JSON(parsing: text)
    } catch {
      throw Failure("\(name) is no plan: \(error); make one with upgrade preview --out")
    }
    do {
      return try PlanFile(json: json)
    } catch {
      throw Failure("\(name) is no plan that can be used: \(error)")
    }
  }
}
