import Foundation
import Kubernetes
import Testing

/// The API server goes away while a fleet is moved, and comes back: the driver that was at work finishes.
@Suite(
  .platform(arguments: ["--no-webhook"] + Greeter.images + Greeter.pickyImage), .serialized,
  .enabled(if: Platform.isSandbox, "stops and kills the process of a sandbox"))
struct RolloutOutageTests {
  private let names = ["a", "b", "c", "d"]

  private func start(_ platform: Platform) async throws {
    try await platform.remove(promises: "greeter")
    try await platform.install(Greeter.promise(image: Greeter.image("v1"), version: "v1.0.0"))
    let requests = names.map { Greeter.request($0, who: $0) }
    try await platform.kubectl("apply", "-f", "-", input: requests.joined(separator: "\n---\n")).succeeded()
    for name in names {
      try await platform.wait("greeter/\(name)", for: "jsonpath={.status.resourceBindingVersion}=latest")
    }
  }

  private func process(_ platform: Platform) async throws -> Int64 {
    let directory = try #require(platform.sandbox)
    let status = try await platform.kratix("sandbox", "status", "--dir", directory, "-o", "json").succeeded()
    return try #require(try JSON(parsing: status.output)["pid"]?.intValue)
  }

  /// Moves the fleet with a shell command that runs once, after the first wave.
  private func upgrade(_ platform: Platform, once command: String) async throws -> CommandResult {
    let file = try platform.file("v2.yaml", Greeter.promise(image: Greeter.image("v2-picky"), version: "v2.0.0"))
    let marker = "\(platform.folder)/\(UUID().uuidString)"
    let result = try await platform.kratix(
      "upgrade", "-f", file, "--yes", "--gate-command", "test -e \(marker) || { touch \(marker); \(command)\n}")
    #expect(FileManager.default.fileExists(atPath: marker))
    return result
  }

  private func expectUpgraded(_ platform: Platform, _ result: CommandResult) async throws {
    #expect(try result.succeeded().lines.last == "The fleet is done: 4 upgraded.")
    #expect(!result.output.contains("Going on with rollout"))
    for name in names {
      #expect(try await platform.object("greeter", name)[path: "status", "promiseVersion"] == "v2.0.0")
    }
    let bound = try await platform.kubectl(
      "get", "resourcebindings", "-l", "kratix.io/promise-name=greeter", "-o", "jsonpath={.items[*].spec.version}"
    ).succeeded().output
    #expect(bound == names.map { _ in "latest" }.joined(separator: " "))
  }

  @Test func theServerIsKilledAndStartedAgain() async throws {
    let platform = try Platform.require()
    try await start(platform)
    let directory = try #require(platform.sandbox)
    let images = (Greeter.images + Greeter.pickyImage).joined(separator: " ")
    let result = try await upgrade(
      platform,
      once:
        "kill -9 \(try await process(platform)); kubectl kratix sandbox up --dir \(directory) --no-webhook \(images)")
    try await expectUpgraded(platform, result)
  }

  /// Connections stay open, and nothing comes through them.
  @Test func theServerIsSilentForHalfAMinute() async throws {
    let platform = try Platform.require()
    try await start(platform)
    let process = try await process(platform)
    let result = try await upgrade(
      platform, once: "(kill -STOP \(process); sleep 30; kill -CONT \(process)) >/dev/null 2>&1 &")
    try await expectUpgraded(platform, result)
  }
}
