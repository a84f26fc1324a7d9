import FleetUpgrade
import KratixModel
import Kubernetes

/// A fleet that is followed: written over on a terminal, what changed line by line elsewhere.
struct FleetScreen {
  let promise: String
  let labels: LabelSelector
  let namespace: String?
  let isWide: Bool
  private let view = LiveView()
  private var told: [String: [String]] = [:]
  private var hasHead = false

  init(promise: String, labels: LabelSelector, namespace: String?, isWide: Bool) {
    self.promise = promise
    self.labels = labels
    self.namespace = namespace
    self.isWide = isWide
  }

  mutating func show(_ live: LiveFleet) throws {
    guard let installed = live.promise else { throw UpgradeError.promiseDeleted(promise) }
    let fleet = FleetSnapshot(
      promise: installed, revisions: live.revisions.values.sorted { $0.name < $1.name },
      members: live.members.filter { member in
        labels.matches(member.resource.object.labels) && (namespace.map { $0 == member.resource.namespace } ?? true)
      },
      destinations: [], installedPromises: [])
    let table = FleetText.rows(fleet, wide: isWide)
    if Console.outputIsTerminal { return view.show(table.text.split(separator: "\n").map(String.init)) }
    // The first look whole, then what changed; ages alone are no change.
    let changed = table.rows.filter { row in told["\(row[0])/\(row[1])"].map { $0 != Array(row.dropLast()) } ?? true }
    for row in changed { told["\(row[0])/\(row[1])"] = Array(row.dropLast()) }
    if changed.isEmpty { return }
    var lines = table
    lines.rows = changed
    let text = lines.text.split(separator: "\n").map(String.init)
    Console.out((hasHead ? text.dropFirst() : text[...]).joined(separator: "\n"))
    hasHead = true
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
    case .table, .wide:
      guard !fleet.members.isEmpty else { return "Promise \(promise) has no resources." }
      return rows(fleet, wide: format == .wide).text
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
          let mark = mark(of: member)
          return [
            "namespace": .string(member.resource.namespace), "name": .string(member.resource.name),
            "version": member.version.map(JSON.string) ?? .null,
            "wanted": member.wantedVersion(latest: latest).map(JSON.string) ?? .null,
            "binding": member.binding.map { .string($0.version) } ?? .null,
            "wave": mark?.wave.map { JSON($0 + 1) } ?? .null,
            "state": .string(ResourceState(of: member, latest: latest).rawValue),
            "drift": .bool(isDrifted(member, mark, latest: latest)),
          ]
        }),
    ]
  }

  /// The ages are last, in every row.
  static func rows(_ fleet: FleetSnapshot, wide: Bool) -> TextTable {
    let latest = fleet.latestRevision?.version
    var table =
      wide
      ? TextTable("NAMESPACE", "NAME", "VERSION", "WANTED", "BINDING", "WAVE", "STATE", "MESSAGE", "AGE")
      : TextTable("NAMESPACE", "NAME", "VERSION", "WANTED", "BINDING", "WAVE", "STATE", "AGE")
    for member in fleet.members {
      let mark = mark(of: member)
      let wanted = member.wantedVersion(latest: latest) ?? "-"
      var cells = [
        member.resource.namespace, member.resource.name, member.version ?? "-",
        isDrifted(member, mark, latest: latest) ? "\(wanted)*" : wanted, member.binding?.version ?? "-",
        mark?.wave.map { "\($0 + 1)" } ?? "-", ResourceState(of: member, latest: latest).rawValue,
      ]
      if wide { cells.append(member.resource.message ?? "") }
      let born = member.resource.object.creationTimestamp.flatMap(Timestamp.secondsSince1970)
      table.rows.append(cells + [born.map { RolloutText.age(RolloutSession.now - $0) } ?? "-"])
    }
    return table
  }

  private static func mark(of member: FleetMember) -> HoldMark? {
    member.binding.flatMap(HoldMark.init(on:)) ?? HoldMark(on: member.resource.object)
  }

  /// Its binding says neither what a rollout holds it at nor where the fleet goes.
  private static func isDrifted(_ member: FleetMember, _ mark: HoldMark?, latest: String?) -> Bool {
    guard let mark, let binding = member.binding, HoldMark(on: binding) != nil else { return false }
    return binding.version != mark.held && binding.version != latest
  }
}
