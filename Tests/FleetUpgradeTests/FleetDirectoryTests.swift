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
}
