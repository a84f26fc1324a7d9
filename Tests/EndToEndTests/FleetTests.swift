import Kubernetes
import Testing

/// What an operator of a fleet does, with kubectl and the plugin.
@Suite(.platform(arguments: Greeter.images), .serialized)
struct FleetTests {
  private func start(_ platform: Platform, version: String? = "v1.0.0") async throws {
    try await platform.remove(promises: "greeter")
    try await platform.install(Greeter.promise(image: Greeter.image("v1"), version: version))
    try await platform.request("ann", who: "Ann", until: "Hello, Ann")
    try await platform.request("bob", who: "Bob", until: "Hello, Bob")
    try await platform.wait("greeter/bob", for: "jsonpath={.status.promiseVersion}=\(version ?? "not-set")")
    try await platform.wait("greeter/ann", for: "jsonpath={.status.promiseVersion}=\(version ?? "not-set")")
  }

  @Test func theFleetListsWhatEachResourceRuns() async throws {
    let platform = try Platform.require()
    try await start(platform)
    let json = try JSON(parsing: try await platform.kratix("fleet", "greeter", "-o", "json").succeeded().output)
    let resources = try #require(json["resources"]?.arrayValue)
    #expect(resources.map { $0["name"] } == ["ann", "bob"])
    #expect(
      resources.allSatisfy { $0["version"] == "v1.0.0" && $0["namespace"] == "default" && $0["state"] == "ready" })
    let table = try await platform.kratix("fleet", "greeter").succeeded()
    #expect(table.lines.first?.split(separator: " ").first == "NAMESPACE")
    #expect(table.output.contains("ann") && table.output.contains("v1.0.0"))
    try await platform.kratix("fleet", "nothing").failed("Promise nothing is not installed; installed are: greeter")
  }

  @Test func anUpgradeIsPreviewedAndThenIsWhatWasPreviewed() async throws {
    let platform = try Platform.require()
    try await start(platform)
    let file = try platform.file("v2.yaml", Greeter.promise(image: Greeter.image("v2"), version: "v2.0.0"))
    let before = try await platform.object("greeter", "ann")
    let preview = try await platform.kratix("upgrade", "preview", "-f", file, "-o", "json").succeeded()
    let plan = try JSON(parsing: preview.output)
    #expect(plan["summary"]?["changes"] == 2)
    let ann = try #require(plan["resources"]?.arrayValue?.first { $0["name"] == "ann" })
    let change = try #require(ann["changes"]?.arrayValue?.first { $0["path"] == "data.text" })
    #expect(change["from"] == "Hello, Ann" && change["to"] == "Good day, Ann")
    #expect(change["object"] == "ConfigMap/default/greeting-ann")
    // The preview has touched nothing.
    let after = try await platform.object("greeter", "ann")
    #expect(before.resourceVersion == after.resourceVersion)

    try await platform.kratix("upgrade", "-f", file, "--yes").succeeded()
    #expect(try await platform.object("greeter", "ann")[path: "status", "message"] == "Good day, Ann")
    #expect(try await platform.object("greeter", "bob")[path: "status", "promiseVersion"] == "v2.0.0")
    try await platform.wait(
      "configmap/greeting-ann", for: "jsonpath={.data.text}=Good day, Ann", context: platform.worker)
    // A second time there is nothing to do.
    let again = try await platform.kratix("upgrade", "preview", "-f", file, "-o", "json").succeeded()
    #expect(try JSON(parsing: again.output)["summary"]?["unchanged"] == 2)
  }

  @Test func aFailingUpgradeIsSeenBeforeAndRefused() async throws {
    let platform = try Platform.require()
    try await start(platform)
    let file = try platform.file("v3.yaml", Greeter.promise(image: Greeter.image("v3-fails"), version: "v3.0.0"))
    let preview = try await platform.kratix("upgrade", "preview", "-f", file)
    #expect(preview.exitCode == 2)
    #expect(preview.output.contains("container greet of pipeline greet exited with code 3"))
    #expect(preview.output.contains("cannot greet in v3"))
    try await platform.kratix("upgrade", "-f", file, "--yes").failed("nothing was applied")
    #expect(try await platform.object("promise", "greeter").labels["kratix.io/promise-version"] == "v1.0.0")
  }

  @Test func aForcedFailingUpgradeEndsWithOneAndKeepsTheOldOutput() async throws {
    let platform = try Platform.require()
    try await start(platform)
    let file = try platform.file("v3.yaml", Greeter.promise(image: Greeter.image("v3-fails"), version: "v3.0.0"))
    let upgrade = try await platform.kratix("upgrade", "-f", file, "--yes", "--force")
    #expect(upgrade.exitCode == 1)
    #expect(upgrade.error.contains("default/ann failed"))
    #expect(try await platform.object("greeter", "ann")[path: "status", "promiseVersion"] == "v1.0.0")
    let worker = try await platform.object("configmap", "greeting-ann", context: platform.worker)
    #expect(worker[path: "data", "text"] == "Hello, Ann")
  }

  @Test func aPinnedResourceIsHeldAndStays() async throws {
    let platform = try Platform.require()
    try await start(platform)
    let name = try await platform.kubectl(
      "get", "resourcebindings", "-l", "kratix.io/promise-name=greeter,kratix.io/resource-name=ann", "-o",
      "jsonpath={.items[0].metadata.name}"
    ).succeeded().output
    try await platform.kubectl(
      "patch", "resourcebinding", name, "--type=merge", "-p", #"{"spec":{"version":"v1.0.0"}}"#
    ).succeeded()
    let file = try platform.file("v2.yaml", Greeter.promise(image: Greeter.image("v2"), version: "v2.0.0"))
    let preview = try JSON(
      parsing: try await platform.kratix("upgrade", "preview", "-f", file, "-o", "json").succeeded().output)
    #expect(preview["summary"]?["held"] == 1 && preview["summary"]?["changes"] == 1)
    try await platform.kratix("upgrade", "-f", file, "--yes").succeeded()
    #expect(try await platform.object("greeter", "bob")[path: "status", "promiseVersion"] == "v2.0.0")
    #expect(try await platform.object("greeter", "ann")[path: "status", "promiseVersion"] == "v1.0.0")
    // Let go, it follows, and binding and request agree.
    try await platform.kubectl(
      "patch", "resourcebinding", name, "--type=merge", "-p", #"{"spec":{"version":"latest"}}"#
    ).succeeded()
    try await platform.wait("greeter/ann", for: "jsonpath={.status.promiseVersion}=v2.0.0")
    try await platform.wait("resourcebinding/\(name)", for: "condition=UpgradeSucceeded")
    try await platform.wait("resourcebinding/\(name)", for: "jsonpath={.status.lastAppliedVersion}=v2.0.0")
  }

  @Test func anUnversionedBumpRunsEveryResourceAgain() async throws {
    let platform = try Platform.require()
    try await start(platform, version: nil)
    let file = try platform.file("v2.yaml", Greeter.promise(image: Greeter.image("v2"), version: nil))
    try await platform.kratix("upgrade", "-f", file, "--yes", "--all-at-once").succeeded()
    #expect(try await platform.object("greeter", "ann")[path: "status", "message"] == "Good day, Ann")
    #expect(try await platform.object("greeter", "bob")[path: "status", "message"] == "Good day, Bob")
    let revisions = try await platform.kubectl("get", "promiserevisions", "-o", "name").succeeded()
    #expect(revisions.lines.filter { $0.contains("/greeter-") }.count == 1)
  }
}
