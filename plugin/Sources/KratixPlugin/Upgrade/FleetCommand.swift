import ArgumentParser
import FleetUpgrade
import Kubernetes

struct FleetCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fleet", abstract: "List the resources of a Promise with the version that each runs.",
    discussion: """
      STATE is what a resource is doing: ready, running, failing, pending, behind (its binding asks for another version
      than it runs), paused, suspended, misplaced or deleting; a * after WANTED marks drift: a binding that was set by
      hand to another version than the rollout that holds it knows.

      Example: kubectl kratix fleet mongodb -o json
      """)

  @Argument(help: "The Promise's name.")
  var promise: String

  @OptionGroup var connection: ConnectionArguments

  @Option(name: [.customShort("l"), .long], help: "Only resources with these labels.")
  var selector = ""

  @Flag(
    name: .shortAndLong, help: "Show the fleet again whenever it changes; elsewhere than on a terminal, the changes.")
  var watch = false

  @Option(name: .shortAndLong, help: "table, wide, json, yaml or name.")
  var output: OutputFormat = .table

  func run() async throws {
    let api = try connection.client()
    let selection = FleetSelection(namespace: connection.namespace, labelSelector: selector)
    let fleet = try await FleetReader(api: api).fleet(of: promise, selection: selection, depth: .identity)
    guard let installed = fleet.promise else {
      let names = fleet.installedPromises.map(\.name).sorted().joined(separator: ", ")
      throw Failure(
        "Promise \(promise) is not installed; " + (names.isEmpty ? "no Promise is" : "installed are: \(names)"))
    }
    // Destinations are no part of the table; without any of the rest it would say what is not so.
    if let gap = fleet.gaps.first(where: { $0.source != .destinations }) { throw Failure(gap.description) }
    guard watch, let type = installed.api?.resourceType else {
      return try Console.out(FleetText.render(fleet, of: installed.name, as: output))
    }
    guard output == .table || output == .wide else {
      throw Failure("--watch prints table or wide, not \(output.rawValue)", exitCode: 64)
    }
    try await TerminationSignals.endingOnSignal { [self] in
      try await follow(FleetFeed(api: api, promiseName: installed.name, type: type), selection)
    }
  }

  private func follow(_ feed: FleetFeed, _ selection: FleetSelection) async throws {
    var screen = FleetScreen(
      promise: promise, labels: try LabelSelector(parsing: selector), namespace: selection.namespace,
      isWide: output == .wide)
    for try await _ in feed.changes() {
      let look = Look()
      guard let fleet = feed.fleet else { continue }
      try screen.show(fleet)
      try await look.rest()
    }
  }
}
