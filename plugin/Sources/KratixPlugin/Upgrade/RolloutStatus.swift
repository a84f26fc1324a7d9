import ArgumentParser
import FleetUpgrade
import Kubernetes

struct RolloutStatus: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status", abstract: "Show how far a rollout is.",
    discussion: """
      With --watch: a live view on a terminal, every change as a line elsewhere, until the rollout is over. Exit codes
      then: 0 done, 1 stopped or aborted, 5 paused or waiting for approval.

      Example: kubectl kratix upgrade status mongodb --watch
      """)

  @OptionGroup var arguments: RolloutArguments

  @Flag(name: .shortAndLong, help: "Follow the rollout until it is over.")
  var watch = false

  @Option(name: .shortAndLong, help: "table, json or yaml.")
  var output: OutputFormat = .table

  func run() async throws {
    let session = try arguments.session()
    let logic = try await session.control.look()
    switch output {
    case .json: Console.out(RolloutText.json(logic).text(.pretty))
    case .yaml: Console.out(String(YAML.text(RolloutText.json(logic)).dropLast()))
    case .table, .wide:
      if watch, Console.outputIsTerminal { return try await followLive(session) }
      Console.out(RolloutText.status(logic))
      for member in logic.failures.prefix(5) {
        let lines = await FailureLog(api: session.api).lastLines(of: member, in: logic.record)
        if !lines.isEmpty { Console.out("\n\(member.key):\n" + lines.map { "  \($0)" }.joined(separator: "\n")) }
      }
    case .name, .markdown, .html, .sarif:
      throw Failure("status prints table, json or yaml, not \(output.rawValue)", exitCode: 64)
    }
    guard watch else { return }
    let narrator = RolloutNarrator()
    try RolloutSession.conclude(try await session.watcher.run { narrator.hear(.view($0)) })
  }

  private func followLive(_ session: RolloutSession) async throws {
    let screen = RolloutScreen(log: FailureLog(api: session.api))
    let record = try await withThrowingTaskGroup(of: RolloutRecord?.self) { group in
      group.addTask { try await session.watcher.run { screen.show($0) } }
      // Ages count up although nothing changes; the cluster is not asked.
      group.addTask {
        while true {
          try await Task.sleep(for: .seconds(1))
          screen.refresh()
        }
      }
      defer { group.cancelAll() }
      return try await group.next() ?? nil
    }
    await screen.finish()
    if let record { try RolloutSession.conclude(record) }
  }
}
