import Foundation
import Kubernetes
import Testing

/// The sandbox's process is killed at moments that nobody chose, and started again.
@Suite(
  .platform(arguments: ["--no-webhook"] + Greeter.images), .serialized,
  .enabled(if: Platform.isSandbox, "kills the process of a sandbox"))
struct DurabilityTests {
  private func killAndStart() async throws {
    let platform = try Platform.require()
    let directory = try #require(platform.sandbox)
    let status = try await platform.kratix("sandbox", "status", "--dir", directory, "-o", "json").succeeded()
    let process = try #require(try JSON(parsing: status.output)["pid"]?.intValue)
    try await platform.run("kill", ["-9", "\(process)"]).succeeded()
    try await platform.run(
      "kubectl", ["kratix", "sandbox", "up", "--dir", directory, "--no-webhook"] + Greeter.images
    ).succeeded()
  }

  @Test func everyWriteThatWasAcknowledgedIsThereAfterAKill() async throws {
    let platform = try Platform.require()
    var acknowledged: [String] = []
    for round in 1...3 {
      // The kill falls into the middle of the writes, wherever the machine happens to be.
      let writes = Task {
        var names: [String] = []
        while !Task.isCancelled {
          let name = "durable-\(round)-\(names.count + 1)"
          let result = try? await platform.kubectl("create", "configmap", name, "--from-literal=round=\(round)")
          guard let result, result.exitCode == 0 else { break }
          names.append(name)
        }
        return names
      }
      try await platform.wait("configmap/durable-\(round)-\(2 * round)", for: "create")
      try await killAndStart()
      // A write that reached the new process goes on; it ends with the next kill, or here.
      writes.cancel()
      acknowledged += await writes.value
      let names = Set(try await platform.kubectl("get", "configmaps", "-o", "name").succeeded().lines)
      for name in acknowledged { #expect(names.contains("configmap/\(name)"), "\(name) was acknowledged and is lost") }
    }
    #expect(acknowledged.count >= 3)
  }

  @Test func everyWorkflowEndsAfterKills() async throws {
    let platform = try Platform.require()
    try await platform.install(Greeter.promise(image: Greeter.image("v1"), version: "v1.0.0"))
    let names = (1...6).map { "guest-\($0)" }
    for name in names {
      try await platform.kubectl("apply", "-f", "-", input: Greeter.request(name, who: name)).succeeded()
    }
    try await killAndStart()
    try await platform.wait("greeter/guest-1", for: "jsonpath={.status.message}=Hello, guest-1")
    try await killAndStart()
    for name in names {
      try await platform.wait("greeter/\(name)", for: "jsonpath={.status.message}=Hello, \(name)")
      try await platform.wait("greeter/\(name)", for: "condition=Reconciled")
      try await platform.wait(
        "configmap/greeting-\(name)", for: "jsonpath={.data.text}=Hello, \(name)", context: platform.worker)
    }
    // In the middle of an upgrade.
    try await platform.kubectl(
      "apply", "-f", "-", input: Greeter.promise(image: Greeter.image("v2"), version: "v2.0.0")
    ).succeeded()
    try await platform.wait("greeter/guest-1", for: "jsonpath={.status.promiseVersion}=v2.0.0")
    try await killAndStart()
    for name in names {
      try await platform.wait("greeter/\(name)", for: "jsonpath={.status.promiseVersion}=v2.0.0")
      try await platform.wait("greeter/\(name)", for: "jsonpath={.status.message}=Good day, \(name)")
    }
    // Nothing that was made before is left behind when it goes.
    try await platform.remove(promises: "greeter")
    let rest = try await platform.kubectl("get", "works,workplacements,resourcebindings", "-A")
    #expect(rest.error.contains("No resources found"), "\(rest.output)")
  }
}
