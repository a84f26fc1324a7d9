import Foundation
import Kubernetes
import Testing

/// Previews whose pipelines run as Jobs: they say what those on this machine say, and leave nothing.
@Suite(.platform(arguments: Greeter.images + ExampleFleet.images), .serialized)
struct ClusterEngineTests {
  private static let selector = "app.kubernetes.io/managed-by=kubectl-kratix-preview"

  private func start(_ platform: Platform) async throws {
    try await platform.remove(promises: "greeter")
    try await platform.install(Greeter.promise(image: Greeter.image("v1"), version: "v1.0.0"))
    for (name, who) in [("ann", "Ann"), ("bob", "Bob")] {
      try await platform.request(name, who: who, until: "Hello, \(who)")
      try await platform.wait("greeter/\(name)", for: "jsonpath={.status.promiseVersion}=v1.0.0")
      try await platform.wait("greeter/\(name)", for: "condition=Reconciled")
    }
  }

  private func candidate(_ platform: Platform, _ image: String) throws -> String {
    try platform.file("\(image).yaml", Greeter.promise(image: Greeter.image(image), version: "v2.0.0"))
  }

  private func preview(_ platform: Platform, _ file: String, engine: String, code: Int32 = 0) async throws -> JSON {
    let result = try await platform.kratix("upgrade", "preview", "-f", file, "-o", "json", "--engine", engine)
    try #require(result.exitCode == code, "\(result.command)\nexit code \(result.exitCode)\n\(result.error)")
    return try JSON(parsing: result.output)
  }

  private func namespaces(_ platform: Platform) async throws -> [String] {
    try await platform.kubectl("get", "namespaces", "-l", Self.selector, "-o", "name").succeeded().lines
  }

  /// A namespace goes when all that was in it has gone.
  private func nothingIsLeft(_ platform: Platform) async throws {
    for namespace in try await namespaces(platform) {
      try await platform.kubectl("wait", namespace, "--for=delete", "--timeout=60s").succeeded()
    }
    #expect(try await namespaces(platform) == [])
  }

  @Test func theyFindWhatProcessesFind() async throws {
    let platform = try Platform.require()
    try await start(platform)
    let file = try candidate(platform, "v2")
    let plan = try await preview(platform, file, engine: "cluster")
    #expect(plan["summary"]?["changes"] == 2)
    #expect(plan == (try await preview(platform, file, engine: "process")))
    // The fleet by one context, the Jobs by another.
    let elsewhere = try await platform.kratix(
      "upgrade", "preview", "-f", file, "-o", "json", "--engine", "cluster", "--engine-context", platform.platform)
    #expect(try JSON(parsing: elsewhere.succeeded().output) == plan)
    try await platform.kratix("upgrade", "preview", "-f", file, "--engine", "cluster", "--engine-context", "nowhere")
      .failed("no context \"nowhere\"")
    try await nothingIsLeft(platform)
  }

  /// The fleet is on one platform, and its pipelines run on another one, which has not even the Promise.
  @Test(.enabled(if: Platform.isSandbox)) func theJobsRunOnAnotherCluster() async throws {
    let platform = try Platform.require()
    try await start(platform)
    let other = "\(platform.folder)/other"
    let up = ["kratix", "sandbox", "up", "--dir", other, "--no-webhook"] + Greeter.images
    try await platform.run("kubectl", up).succeeded()
    do {
      try await previewElsewhere(platform, other)
    } catch {
      try await platform.run("kubectl", ["kratix", "sandbox", "down", "--dir", other]).succeeded()
      throw error
    }
    try await platform.run("kubectl", ["kratix", "sandbox", "down", "--dir", other]).succeeded()
  }

  private func previewElsewhere(_ platform: Platform, _ other: String) async throws {
    let kubeconfig = try await joined(platform, other)
    let pods = [
      "--kubeconfig", "\(other)/kubeconfig", "--context", "platform", "get", "pods", "-A", "-l", Self.selector,
      "--watch", "--no-headers",
    ]
    let file = try candidate(platform, "v2")
    let arguments = ["-f", file, "-o", "json", "--kubeconfig", kubeconfig, "--context", platform.platform]
    let result = try await Shell.withLines(of: "kubectl", pods, environment: platform.environment) { pods in
      async let previewing = platform.run(
        "kubectl",
        ["kratix", "upgrade", "preview"] + arguments + ["--engine", "cluster", "--engine-context", "elsewhere"])
      #expect(await pods.contains { $0.contains("kratix-preview-") })
      return try await previewing
    }
    let plan = try JSON(parsing: result.succeeded().output)
    #expect(plan["summary"]?["changes"] == 2)
    #expect(plan == (try await preview(platform, file, engine: "process")))
    #expect(try await namespaces(platform) == [])
    let left = try await platform.run(
      "kubectl",
      [
        "--kubeconfig", kubeconfig, "--context", "elsewhere", "wait", "namespaces", "-l", Self.selector, "--for=delete",
        "--timeout=60s",
      ])
    #expect(left.exitCode == 0 || left.error.contains("no matching resources found"), "\(left.error)")
  }

  /// A kubeconfig of the suite's platform and of the other one's, whose context is `elsewhere`.
  private func joined(_ platform: Platform, _ other: String) async throws -> String {
    func config(_ path: String) async throws -> JSON {
      let view = ["--kubeconfig", path, "config", "view", "--raw", "-o", "json"]
      return try JSON(parsing: try await platform.run("kubectl", view).succeeded().output)
    }
    var first = try await config(platform.kubeconfig)
    let second = try await config("\(other)/kubeconfig")
    let context = try #require(second["contexts"]?.arrayValue?.first { $0["name"] == "platform" })
    for (list, key) in [("clusters", "cluster"), ("users", "user")] {
      let name = context[path: "context", key]
      var entry = try #require(second[list]?.arrayValue?.first { $0["name"] == name })
      entry["name"] = "elsewhere"
      first[list] = .array((first[list]?.arrayValue ?? []) + [entry])
    }
    first["contexts"] = .array(
      (first["contexts"]?.arrayValue ?? []) + [
        ["name": "elsewhere", "context": ["cluster": "elsewhere", "user": "elsewhere"]]
      ])
    return try platform.file("joined.kubeconfig", first.text())
  }

  /// What a pipeline of a failure has said comes from its log.
  @Test func aFailureIsTold() async throws {
    let platform = try Platform.require()
    try await start(platform)
    let file = try candidate(platform, "v3-fails")
    let plan = try await preview(platform, file, engine: "cluster", code: 2)
    #expect(plan["summary"]?["fails"] == 2)
    #expect(plan["resources"] == (try await preview(platform, file, engine: "process", code: 2))["resources"])
    try await nothingIsLeft(platform)
  }

  @Test(.enabled(if: Platform.isSandbox)) func aCompoundFleet() async throws {
    let platform = try Platform.require()
    for name in ["cache", "shop"] {
      try await platform.kubectl("apply", "-f", "\(ExampleFleet.folder)/\(name)/promise.yaml").succeeded()
      try await platform.wait("promise/\(name)", for: "condition=Available")
    }
    try await platform.kubectl("apply", "-f", "\(ExampleFleet.folder)/shop/requests").succeeded()
    for name in ["bakery", "books"] { try await platform.wait("shop/\(name)", for: "condition=Reconciled") }
    let file = try platform.file(
      "shop.yaml", String(contentsOfFile: "\(ExampleFleet.folder)/shop/promise.yaml", encoding: .utf8))
    try await platform.kratix(
      "bump", "-f", file, "--image", ExampleFleet.image("shop", "v0.2.0"), "--promise-version", "v0.2.0"
    ).succeeded()
    let plan = try await preview(platform, file, engine: "cluster")
    #expect(plan["summary"]?["changes"] == 2)
    #expect(plan == (try await preview(platform, file, engine: "process")))
    try await nothingIsLeft(platform)
  }

  /// signal, whether the namespace outlives the process
  @Test(arguments: [("INT", false), ("KILL", true)])
  func nothingIsLeftOfAnEndedPreview(signal: String, staysBehind: Bool) async throws {
    let platform = try Platform.require()
    try await start(platform)
    let endless = try candidate(platform, "endless")
    let script =
      "kubectl-kratix upgrade preview -f '\(endless)' --engine cluster >/dev/null 2>&1 & echo $!; wait $!; echo $?"
    let code = try await Shell.withLines(of: "sh", ["-c", script], environment: platform.environment) { lines in
      var iterator = lines.makeAsyncIterator()
      let process = try #require(await iterator.next())
      // The reader has ended, and the pipeline's own container runs.
      let pods = ["--context", platform.platform, "get", "pods", "-A", "-l", Self.selector, "--watch", "--no-headers"]
      let runs = try await Shell.withLines(of: "kubectl", pods, environment: platform.environment) { pods in
        await pods.contains { $0.contains("Init:1/2") }
      }
      try #require(runs)
      try await platform.run("kill", ["-\(signal)", process]).succeeded()
      return await iterator.next()
    }
    #expect(code == (signal == "INT" ? "130" : "137"))
    if staysBehind {
      #expect(try await namespaces(platform).count == 1)
      let plan = try await preview(platform, try candidate(platform, "v2"), engine: "cluster")
      #expect(plan["summary"]?["changes"] == 2)
    }
    try await nothingIsLeft(platform)
  }

  @Test func usage() async throws {
    let platform = try Platform.require()
    let file = try candidate(platform, "v2")
    for arguments in [["--engine-context", "other"], ["--collector-image", "busybox"], ["--engine", "cloud"]] {
      let result = try await platform.run("kubectl", ["kratix", "upgrade", "preview", "-f", file] + arguments)
      #expect(result.exitCode == 64, "\(result.command)\n\(result.error)")
    }
  }
}
