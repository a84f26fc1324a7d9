import Foundation
import KratixModel
import Kubernetes
import Testing
import WorkflowRunner

@testable import FleetUpgrade

/// A fleet in a directory of the test's own.
@Suite final class FleetDirectoryTests {
  private let folder: String
  private let candidate: Promise

  private let engine = ScriptedEngine(scripts: [
    "old:1": { (object) throws(WorkflowFailure) in
      ScriptedEngine.configMap(object, value: object[path: "spec", "size"]?.stringValue ?? "none")
    },
    "new:1": { (object) throws(WorkflowFailure) in
      let size = object[path: "spec", "size"]?.stringValue ?? "none"
      return ScriptedEngine.configMap(object, value: size == "large" ? "LARGE" : size)
    },
  ])

  init() throws {
    folder = NSTemporaryDirectory() + "/fleet-directory-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    candidate = try Fixtures.promise(image: "new:1", version: "v2", schema: Fixtures.requestSchema)
  }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  private func write(_ path: String, _ text: String) throws {
    let file = "\(folder)/\(path)"
    try FileManager.default.createDirectory(
      atPath: (file as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
    try text.write(toFile: file, atomically: true, encoding: .utf8)
  }

  private func request(_ name: String, size: String, namespace: String? = nil) -> String {
    "apiVersion: example.com/v1\nkind: DB\nmetadata: {name: \(name)\(namespace.map { ", namespace: \($0)" } ?? "")}\n"
      + "spec: {size: \(size)}\n"
  }

  private func plans(_ selection: FleetSelection = FleetSelection()) async throws -> [ResourcePlan] {
    let fleet = try FleetDirectory(path: folder).fleet(of: candidate, selection: selection)
    return try await Planner(engine: engine, options: PlanOptions(parallelism: 2))
      .resourcePlans(candidate: candidate, fleet: fleet)
  }

  @Test func theStateStoreIsTheLiveOutput() async throws {
    try write("requests/a.yaml", request("a", size: "large") + "---\n" + request("b", size: "small", namespace: "team"))
    try write(
      "store/worker-1/resources/default/db/a/configure/5058f/out.yaml",
      "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {value: large}\n")
    try write(
      "store/worker-1/resources/team/db/b/configure/5058f/out.yaml",
      "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\ndata: {value: small}\n")
    let plans = try await plans()
    #expect(plans.map(\.qualifiedName) == ["default/a", "team/b"])
    #expect(plans.map(\.verdict) == [.changes, .unchanged])
    #expect(plans[0].changes.map(\.path) == ["data.value"])
    #expect(plans[0].changes.first?.from == "large" && plans[0].changes.first?.to == "LARGE")
  }

  @Test func withoutItTheInstalledPromiseTellsWhatIsThere() async throws {
    try write("requests.yaml", request("a", size: "large"))
    let live = try Fixtures.promise(image: "old:1", version: "v1", schema: Fixtures.requestSchema)
    try write("platform/db.yaml", YAML.text(live.object.json))
    let plans = try await plans()
    #expect(plans.map(\.verdict) == [.changes])
    #expect(plans[0].changes.map(\.path) == ["data.value", "message"])
    #expect(plans[0].unknown == nil)
  }

  @Test func withNeitherItCannotBeTold() async throws {
    try write("requests.yaml", request("a", size: "large"))
    let plans = try await plans()
    #expect(plans.map(\.verdict) == [.skipped])
    #expect(plans[0].unknown?.hasPrefix("the directory holds neither its outputs") == true)
  }

  @Test func aSelectionOfIt() async throws {
    try write("a.yaml", request("a", size: "large") + "---\n" + request("b", size: "small", namespace: "team"))
    #expect(try await plans(FleetSelection(namespace: "team")).map(\.name) == ["b"])
    #expect(try await plans(FleetSelection(resources: ["default/a"])).map(\.name) == ["a"])
  }

  @Test func whatIsBrokenIsNamedAndTheRestIsRead() throws {
    try write("a.yaml", request("a", size: "large"))
    try write("broken.yaml", "kind: DB\nmetadata: [\n")
    try write("template.yaml", "{{ if .Values.x }}\nkind: Other\n{{ end }}\n")
    try write("twice.yaml", request("a", size: "small"))
    let fleet = try FleetDirectory(path: folder).fleet(of: candidate)
    #expect(fleet.members.map(\.resource.name) == ["a"])
    #expect(fleet.unreadable.count == 2)
    #expect(fleet.unreadable.first?.hasPrefix("broken.yaml:") == true)
    #expect(fleet.unreadable.last == "twice.yaml: default/a is in a.yaml already, which was taken")
  }

  @Test func aDirectoryThatIsNone() throws {
    #expect(throws: FleetDirectoryError.self) { try FleetDirectory(path: folder + "/none").fleet(of: candidate) }
    try write("file", "")
    #expect(throws: FleetDirectoryError.self) { try FleetDirectory(path: folder + "/file").fleet(of: candidate) }
  }

  /// A link out of the directory, and one in a circle: neither is followed.
  @Test func linksAreNotFollowed() throws {
    try write("a.yaml", request("a", size: "large"))
    try FileManager.default.createSymbolicLink(atPath: folder + "/loop", withDestinationPath: folder)
    try FileManager.default.createSymbolicLink(atPath: folder + "/out.yaml", withDestinationPath: "/etc/hostname")
    let fleet = try FleetDirectory(path: folder).fleet(of: candidate)
    #expect(fleet.members.count == 1 && fleet.unreadable.isEmpty)
  }

  @Test(
    arguments: [
      // path, resource, pipeline, path of the file; nil for what is no output
      ("worker-1/resources/default/db/a/pipe/5058f/x.yaml", "default/a", "pipe", "x.yaml"),
      ("s/resources/w/resources/default/db/a/pipe/34a6e/platform/p.yaml", "default/a", "pipe", "platform/p.yaml"),
      ("worker-1/resources/default/other/a/pipe/5058f/x.yaml", nil, "", ""),
      ("worker-1/resources/kratix-canary-configmap.yaml", nil, "", ""),
      ("worker-1/resources/default/db/a/pipe/notid/x.yaml", nil, "", ""),
      ("worker-1/dependencies/db/pipe/5058f/x.yaml", nil, "", ""),
    ] as [(String, String?, String, String)])
  func stateStorePaths(path: String, resource: String?, pipeline: String, file: String) {
    let stored = StoredFile(path.split(separator: "/").map(String.init), promise: "db")
    #expect(stored?.resource == resource)
    if resource != nil { #expect(stored?.key == Outputs.Key(pipeline: pipeline, path: file)) }
  }

  // MARK: Other filepath modes

  private func configMap(_ name: String, _ value: String) -> String {
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: \(name)}\ndata: {value: \(value)}\n"
  }

  /// Files in mode `none`, of records that name them (contract, section 8.1), on the requests default/a and default/a-b.
  struct Flat: Sendable {
    var what: String
    /// Path and content below `store`.
    var files: [(String, String)]
    /// The verdict on default/a, and the beginning of what could not be told.
    var verdict: Verdict
    var unknown: String?
  }

  @Test(
    arguments: [
      Flat(
        what: "a record that names its pipeline",
        files: [
          ("flat-1/x.yaml", "large"),
          ("flat-1/.kratix/default-db-a-configure-6269c.flat-1-5058f.yaml", "files:\n- flat-1/x.yaml\n"),
        ], verdict: .changes),
      Flat(
        what: "a store below a path of its own, and a destination of two folders",
        files: [
          ("some/path/d/flat-1/y/x.yaml", "LARGE"),
          ("some/path/d/flat-1/.kratix/default-db-a-configure-6269c.flat.1-5058f.yaml", "files: [d/flat-1/y/x.yaml]"),
        ], verdict: .unchanged),
      Flat(
        what: "a pipeline that no known version has",
        files: [
          ("flat-1/x.yaml", "large"),
          ("flat-1/.kratix/default-db-a-before-6269c.flat-1-5058f.yaml", "files: [flat-1/x.yaml]"),
        ], verdict: .changes),
      Flat(
        what: "one that may be of a or of a-b",
        files: [
          ("flat-1/x.yaml", "large"),
          ("flat-1/.kratix/default-db-a-b-old-6269c.flat-1-5058f.yaml", "files: [flat-1/x.yaml]"),
        ], verdict: .skipped,
        unknown: "by its name store/flat-1/.kratix/default-db-a-b-old-6269c.flat-1-5058f.yaml is of any of default/a, "
          + "default/a-b"),
      Flat(
        what: "two that wrote the same file",
        files: [
          ("flat-1/x.yaml", "large"),
          ("flat-1/.kratix/default-db-a-configure-6269c.flat-1-5058f.yaml", "files: [flat-1/x.yaml]"),
          ("flat-1/.kratix/default-db-a-b-configure-6269c.flat-1-5058f.yaml", "files: [flat-1/x.yaml]"),
        ], verdict: .skipped,
        unknown: "store/flat-1/x.yaml is written for each of default/a, default/a-b: whose content it has, nothing "
          + "says"),
      Flat(
        what: "a file that is not there",
        files: [("flat-1/.kratix/default-db-a-configure-6269c.flat-1-5058f.yaml", "files: [flat-1/x.yaml]")],
        verdict: .skipped,
        unknown:
          "store/flat-1/.kratix/default-db-a-configure-6269c.flat-1-5058f.yaml names flat-1/x.yaml, which "),
      Flat(
        what: "a file that lies outside",
        files: [("flat-1/.kratix/default-db-a-configure-6269c.flat-1-5058f.yaml", "files: [../../../etc/hostname]")],
        verdict: .skipped,
        unknown:
          "store/flat-1/.kratix/default-db-a-configure-6269c.flat-1-5058f.yaml names ../../../etc/hostname, "),
      Flat(
        what: "a record that is none",
        files: [("flat-1/.kratix/default-db-a-configure-6269c.flat-1-5058f.yaml", "files: 3")],
        verdict: .skipped,
        unknown: "store/flat-1/.kratix/default-db-a-configure-6269c.flat-1-5058f.yaml: `files` is no list of paths"),
      Flat(
        what: "records of another Promise, and names that only begin alike",
        files: [
          ("flat-1/x.yaml", "large"),
          ("flat-1/.kratix/default-cache-a-configure-6269c.flat-1-5058f.yaml", "files: [flat-1/x.yaml]"),
          ("flat-1/.kratix/default-db-ab-configure-6269c.flat-1-5058f.yaml", "files: [flat-1/x.yaml]"),
          ("flat-1/.kratix/default-db-a-configure.yaml", "files: [flat-1/x.yaml]"),
        ], verdict: .skipped, unknown: "the directory holds neither its outputs"),
    ])
  func modeNone(_ flat: Flat) async throws {
    try write("a.yaml", request("a", size: "large") + "---\n" + request("a-b", size: "large"))
    for (path, text) in flat.files {
      try write("store/\(path)", path.hasSuffix("x.yaml") ? configMap("a", text) : text)
    }
    let plan = try #require(try await plans().first { $0.name == "a" })
    #expect(plan.verdict == flat.verdict, "\(flat.what): \(plan.reason), \(plan.unknown ?? "")")
    #expect((plan.unknown == nil) == (flat.unknown == nil), "\(flat.what): \(plan.unknown ?? "")")
    if let unknown = flat.unknown { #expect(plan.unknown?.hasPrefix(unknown) == true, "\(plan.unknown ?? "")") }
  }

  /// With a pipeline namespace, Works are in it, and their names hold the resource's own (contract, section 3.2).
  @Test func recordsInAPipelineNamespace() throws {
    let elsewhere = try Fixtures.adding("pipes", at: "workflows", "config", "pipelineNamespace", to: candidate)
    let resource = KubernetesObject(try YAML.parse(request("a", size: "large", namespace: "team")))
    let owners = PlacementOwners(versions: [candidate, elsewhere], promise: "db", resources: [resource])
    #expect(owners.owners(of: "pipes-db-a-team-configure-6269c.flat-1-5058f").map(\.resource) == ["team/a"])
    #expect(owners.owners(of: "team-db-a-configure-6269c.flat-1-5058f").map(\.resource) == ["team/a"])
    #expect(owners.owners(of: "default-db-a-configure-6269c.flat-1-5058f").isEmpty)
  }

  /// Names are cut at 56 characters: two that are alike until there cannot be told from each other.
  @Test func recordsOfLongNames() throws {
    let names = ["1", "2"].map { String(repeating: "a", count: 55) + $0 }
    let resources = try names.map { KubernetesObject(try YAML.parse(request($0, size: "large", namespace: "default"))) }
    let record = "default-\(KratixNames.processed("db-\(names[0])-configure"))-6269c.flat-1-5058f"
    let both = PlacementOwners(versions: [candidate], promise: "db", resources: resources).owners(of: record)
    #expect(both.map(\.resource) == names.map { "default/\($0)" })
    let one = PlacementOwners(versions: [candidate], promise: "db", resources: [resources[0]]).owners(of: record)
    #expect(one == [.init(resource: "default/\(names[0])", pipeline: "configure")])
  }

  /// The outputs of two resources and of another Promise in one file, which says of none whose it is.
  private func writeAggregate(_ name: String, also: String = "") throws {
    try write("requests.yaml", request("a", size: "large") + "---\n" + request("b", size: "small"))
    try write(
      "store/one/\(name)",
      [configMap("a", "large"), also, configMap("b", "small"), configMap("other", "x")].filter { !$0.isEmpty }
        .joined(separator: "\n---\n"))
  }

  @Test func anAggregatedFileHoldsWhatTheCurrentVersionIsSeenToPutOut() async throws {
    try writeAggregate("aggregated.yaml")
    try write(
      "platform/db.yaml",
      YAML.text(try Fixtures.promise(image: "old:1", version: "v1", schema: Fixtures.requestSchema).object.json))
    let plans = try await plans()
    #expect(plans.map(\.verdict) == [.changes, .unchanged])
    #expect(plans[0].changes.map(\.path) == ["data.value", "message"])
    #expect(plans.allSatisfy { $0.unknown == nil })
  }

  /// What was edited there is the live output, and drift.
  @Test func anAggregatedFileIsTheLiveOutput() async throws {
    try writeAggregate("aggregated.yaml")
    try write("store/one/aggregated.yaml", configMap("a", "edited") + "\n---\n" + configMap("b", "small"))
    try write(
      "platform/db.yaml",
      YAML.text(try Fixtures.promise(image: "old:1", version: "v1", schema: Fixtures.requestSchema).object.json))
    let plan = try #require(try await plans().first)
    #expect(plan.changes.first?.from == "edited" && plan.changes.first?.to == "LARGE")
  }

  @Test func withoutTheCurrentVersionAnAggregatedFileLeavesOpenWhatGoes() async throws {
    try writeAggregate("aggregated.yaml")
    let plans = try await plans()
    #expect(plans.map(\.verdict) == [.changes, .unchanged])
    #expect(plans[0].changes.map(\.path) == ["data.value"])
    #expect(
      plans[0].unknown?.hasPrefix("store/one/aggregated.yaml holds the outputs of all resources together, and") == true)
  }

  /// A destination says how its file is called; without it only Kratix's own name is known.
  @Test(arguments: [true, false])
  func anAggregatedFileOfAnotherName(isDestinationThere: Bool) async throws {
    try writeAggregate("catalog.yaml")
    if isDestinationThere {
      try write(
        "platform/one.yaml",
        "apiVersion: platform.kratix.io/v1alpha1\nkind: Destination\nmetadata: {name: one}\n"
          + "spec: {path: one, filepath: {mode: aggregatedYAML, filename: catalog.yaml}}\n")
    }
    let plans = try await plans()
    #expect(plans.map(\.verdict) == (isDestinationThere ? [.changes, .unchanged] : [.skipped, .skipped]))
  }

  @Test func anAggregatedFileThatIsNotYAMLIsNamed() throws {
    try writeAggregate("aggregated.yaml", also: "a: [1\nb: {")
    let fleet = try FleetDirectory(path: folder).fleet(of: candidate)
    #expect(fleet.unreadable.count == 1)
    #expect(fleet.unreadable.first?.hasPrefix("store/one/aggregated.yaml:") == true)
  }
}
