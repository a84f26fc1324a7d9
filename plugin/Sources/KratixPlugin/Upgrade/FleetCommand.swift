import ArgumentParser
import FleetUpgrade
import Kubernetes

struct FleetCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fleet", abstract: "List the resources of a Promise with the version that each runs.",
    discussion: """
      STATE is what a resource is doing: ready, running, failing, pending, behind (its binding asks for another version
      than it runs), paused, suspended, misplaced or deleting.

      Example: kubectl kratix fleet mongodb -o json
      """)

  @Argument(help: "The Promise's name.")
  var promise: String

  @OptionGroup var connection: ConnectionArguments

  @Option(name: [.customShort("l"), .long], help: "Only resources with these labels.")
  var selector = ""

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
    try Console.out(FleetText.render(fleet, of: installed.name, as: output))
  }
}

/// A fleet as text.
enum FleetText {
  static func render(_ fleet: FleetSnapshot, of promise: String, as format: OutputFormat) throws -> String {
    switch format {
    case .json: return json(fleet, promise).text(.pretty)
    case .yaml: return String(YAML.text(json(fleet, promise)).dropLast())
    case .name:
      return fleet.members.map {
        "\(fleet.promise?.api?.resourceType?.qualifiedResource ?? promise)/\($0.resource.name)"
      }.joined(separator: "\n")
    case .table, .wide: return table(fleet, promise, wide: format == .wide)
    case .markdown, .html, .sarif:
      throw Failure("fleet prints table, wide, json, yaml or name, not \(format.rawValue)", exitCode: 64)
    }
  }

  private static func json(_ fleet: FleetSnapshot, _ promise: String) -> JSON {
    let latest = fleet.latestRevision?.version
    return [
      "promise": .string(promise), "latest": latest.map(JSON.string) ?? .null,
      "resources": .array(
        fleet.members.map { member in
          [
            "namespace": .string(member.resource.namespace), "name": .string(member.resource.name),
            "version": member.version.map(JSON.string) ?? .null,
            "wanted": member.wantedVersion(latest: latest).map(JSON.string) ?? .null,
            "binding": member.binding.map { .string($0.version) } ?? .null,
            "state": .string(ResourceState(of: member, latest: latest).rawValue),
          ]
        }),
    ]
  }

  private static func table(_ fleet: FleetSnapshot, _ promise: String, wide: Bool) -> String {
    guard !fleet.members.isEmpty else { return "Promise \(promise) has no resources." }
    let latest = fleet.latestRevision?.version
    var table =
      wide
      ? TextTable("NAMESPACE", "NAME", "VERSION", "WANTED", "BINDING", "STATE", "MESSAGE")
      : TextTable("NAMESPACE", "NAME", "VERSION", "WANTED", "STATE")
    for member in fleet.members {
      let cells = [
        member.resource.namespace, member.resource.name, member.version ?? "-",
        member.wantedVersion(latest: latest) ?? "-",
      ]
      let state = ResourceState(of: member, latest: latest).rawValue
      table.rows.append(
        wide ? cells + [member.binding?.version ?? "-", state, member.resource.message ?? ""] : cells + [state])
    }
    return table.text
  }
}
