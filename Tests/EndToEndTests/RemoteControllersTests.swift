import Foundation
import Kubernetes
import Testing

/// `sandbox controllers`: API servers in one process, and over HTTP the controllers, which are killed and started again,
/// in another.
@Suite(
  .platform(arguments: ["--no-controllers", "--no-webhook"]), .serialized,
  .enabled(if: Platform.isSandbox, "needs an API server without Kratix's controllers"))
struct RemoteControllersTests {
  /// A process of controllers that runs.
  private struct Controllers {
    var platform: Platform
    var processID: String
    var lines: AsyncStream<String>

    /// Ends it and waits for that. - Returns: its exit code, as a shell gives it.
    func end(_ signal: String) async throws -> String? {
      try await platform.run("kill", ["-\(signal)", processID]).succeeded()
      for await line in lines {
        if line.hasPrefix("ended ") { return String(line.dropFirst("ended ".count)) }
      }
      return nil
    }
  }

  /// Runs the controllers against the platform while a body works.
  private func withControllers(
    kubeconfig: String? = nil, _ arguments: [String] = [],
    _ body: @Sendable (Controllers) async throws -> Void
  ) async throws {
    let platform = try Platform.require()
    let words = (["--kubeconfig", kubeconfig ?? platform.kubeconfig] + Greeter.images + arguments).map { "'\($0)'" }
    let script =
      "kubectl-kratix sandbox controllers \(words.joined(separator: " ")) 2>&1 & echo $!; wait $!; echo ended $?"
    try await Shell.withLines(of: "sh", ["-c", script], environment: platform.environment) { lines in
      var iterator = lines.makeAsyncIterator()
      let processID = try #require(await iterator.next())
      let first = await iterator.next()
      try #require(first?.hasPrefix("The controllers run against 127.0.0.1:") == true, "\(first ?? "it ended")")
      try await body(Controllers(platform: platform, processID: processID, lines: lines))
    }
  }

  private func isGreeted(_ platform: Platform, _ name: String, _ greeting: String = "Hello") async throws {
    try await platform.wait("greeter/\(name)", for: "jsonpath={.status.message}=\(greeting), \(name)")
    try await platform.wait("greeter/\(name)", for: "condition=Reconciled")
    try await platform.wait(
      "configmap/greeting-\(name)", for: "jsonpath={.data.text}=\(greeting), \(name)", context: platform.worker)
  }

  private func restartServer(_ platform: Platform) async throws {
    let directory = try #require(platform.sandbox)
    let status = try await platform.kratix("sandbox", "status", "--dir", directory, "-o", "json").succeeded()
    let record = try JSON(parsing: status.output)
    #expect(record["controllers"] == false)
    try await platform.run("kill", ["-9", "\(try #require(record["pid"]?.intValue))"]).succeeded()
    try await platform.kratix("sandbox", "up", "--dir", directory, "--no-controllers", "--no-webhook").succeeded()
  }

  @Test func nothingIsReconciledWithoutThem() async throws {
    let platform = try Platform.require()
    let promise = Greeter.promise(name: "idle", image: Greeter.image("v1"), version: "v1.0.0")
    try await platform.kubectl("apply", "-f", "-", input: promise).succeeded()
    #expect(try await platform.object("promise", "idle")["status"] == nil)
    try await withControllers { controllers in
      try await platform.wait("promise/idle", for: "condition=Available")
      try await platform.remove(promises: "idle")
      #expect(try await controllers.end("TERM") == "0")
    }
  }

  @Test func aFleetLives() async throws {
    let platform = try Platform.require()
    try await withControllers { controllers in
      try await platform.install(Greeter.promise(image: Greeter.image("v1"), version: "v1.0.0"))
      try await platform.kubectl("apply", "-f", "-", input: Greeter.request("ann", who: "ann")).succeeded()
      try await isGreeted(platform, "ann")
      // The pods of the workflow have run as their own ServiceAccount, and said what they did.
      let logs = try await platform.kubectl(
        "logs", "-l", "kratix.io/resource-name=ann", "-c", "reader", "--follow", "--tail=-1"
      ).succeeded()
      #expect(logs.output.hasPrefix("Object file written to: /kratix/input/object.yaml"))
      let work = try await platform.kubectl(
        "get", "works", "-l", "kratix.io/resource-name=ann", "-o", "json", "--show-managed-fields"
      ).succeeded()
      let fields = try JSON(parsing: work.output)["items"]?[0]?[path: "metadata", "managedFields"]?[0]
      let manager = fields?["manager"]?.stringValue ?? ""
      #expect(manager.hasPrefix("greeter-resource-configure-greet"), "\(manager)")

      try await platform.kubectl(
        "apply", "-f", "-", input: Greeter.promise(image: Greeter.image("v2"), version: "v2.0.0")
      ).succeeded()
      try await platform.wait("greeter/ann", for: "jsonpath={.status.promiseVersion}=v2.0.0")
      try await isGreeted(platform, "ann", "Good day")
      try await platform.remove(promises: "greeter")
      let rest = try await platform.kubectl("get", "works,workplacements,resourcebindings", "-A")
      #expect(rest.error.contains("No resources found"), "\(rest.output)")
      #expect(try await controllers.end("INT") == "0")
    }
  }

  /// A Promise with a workflow of its own, and one whose requests are answered by requests to the platform itself.
  @Test func workflowsOfEveryKind() async throws {
    let platform = try Platform.require()
    try await withControllers(MongoDB.images + ExampleFleet.images) { controllers in
      try await platform.applyMongoDB()
      try await platform.wait("promise/mongodb", for: "condition=Available")
      let request = MongoDB.request("mongo-v6", majorVersion: 6)
      try await platform.kubectl("apply", "-f", "-", input: request).succeeded()
      try await platform.wait("mongodb/mongo-v6", for: "condition=Reconciled")
      for name in ["cache", "shop"] {
        try await platform.kubectl("apply", "-f", "\(ExampleFleet.folder)/\(name)/promise.yaml").succeeded()
        try await platform.wait("promise/\(name)", for: "condition=Available")
      }
      try await platform.kubectl("apply", "-f", "\(ExampleFleet.folder)/shop/requests").succeeded()
      for name in ["bakery-carts", "books-carts"] { try await platform.wait("cache/\(name)", for: "create") }
      for kind in ["cache", "shop"] {
        try await platform.kubectl("wait", kind, "--all", "--for=condition=Reconciled", "--timeout=120s").succeeded()
      }
      try await platform.remove(promises: "shop", "cache", "mongodb")
      #expect(try await controllers.end("TERM") == "0")
    }
  }

  /// They go on from what the API says, whoever of the two was killed.
  @Test func killsOnEitherSide() async throws {
    let platform = try Platform.require()
    let names = (1...5).map { "guest-\($0)" }
    try await withControllers { controllers in
      try await platform.install(Greeter.promise(image: Greeter.image("v1"), version: "v1.0.0"))
      for name in names {
        try await platform.kubectl("apply", "-f", "-", input: Greeter.request(name, who: name)).succeeded()
      }
      #expect(try await controllers.end("KILL") == "137")
    }
    try await withControllers { controllers in
      try await platform.wait("greeter/guest-1", for: "jsonpath={.status.message}=Hello, guest-1")
      try await restartServer(platform)
      for name in names { try await isGreeted(platform, name) }
      // What comes after the restart is seen as well.
      try await platform.kubectl("apply", "-f", "-", input: Greeter.request("late", who: "late")).succeeded()
      try await isGreeted(platform, "late")
      try await platform.remove(promises: "greeter")
      #expect(try await controllers.end("TERM") == "0")
    }
  }

  /// As on a server of which nothing is known but its kubeconfig: nothing is done but what the API asks for.
  @Test func anotherServer() async throws {
    let platform = try Platform.require()
    let view = try await platform.kubectl("config", "view", "--raw", "--minify", "-o", "json").succeeded()
    var configuration = try JSON(parsing: view.output)
    var cluster = try #require(configuration["clusters"]?[0])
    cluster.set(nil, at: ["cluster", "extensions"])
    configuration["clusters"] = .array([cluster])
    let kubeconfig = try platform.file("elsewhere.json", configuration.text())
    try await platform.kubectl(
      "patch", "destination", "worker-1", "--type=merge", "-p",
      #"{"spec":{"stateStoreRef":{"kind":"GitStateStore","name":"default"}}}"#
    ).succeeded()
    let directory = "\(platform.folder)/elsewhere"
    try await withControllers(kubeconfig: kubeconfig, ["--dir", directory, "--run-jobs"]) { controllers in
      try await platform.install(Greeter.promise(image: Greeter.image("v1"), version: "v1.0.0"))
      try await platform.request("eve", who: "eve", until: "Hello, eve")
      try await platform.wait("greeter/eve", for: "condition=Reconciled")
      let pod = try await platform.kubectl(
        "get", "pods", "-l", "kratix.io/resource-name=eve", "-o", "jsonpath={.items[0].metadata.uid}"
      ).succeeded().output
      let log = try String(contentsOfFile: "\(directory)/pod-logs/\(pod)/greet.log", encoding: .utf8)
      #expect(log.hasSuffix(" greeting eve in v1\n"))
      let worker = try await platform.kubectlOnWorker("get", "configmap", "greeting-eve")
      #expect(worker.error.contains("NotFound"), "\(worker.output)")
      try await platform.remove(promises: "greeter")
      #expect(try await controllers.end("TERM") == "0")
    }
    // Without Jobs, everything waits for whoever runs them.
    try await withControllers(kubeconfig: kubeconfig, ["--dir", directory]) { controllers in
      try await platform.install(Greeter.promise(image: Greeter.image("v1"), version: "v1.0.0"))
      try await platform.kubectl("apply", "-f", "-", input: Greeter.request("eve", who: "eve")).succeeded()
      try await platform.wait("greeter/eve", for: "jsonpath={.status.message}=Pending")
      let job = try await platform.kubectl(
        "wait", "job", "-l", "kratix.io/resource-name=eve", "--for=create", "--timeout=60s", "-o", "json"
      ).succeeded()
      #expect(try JSON(parsing: job.output)["status"] == .emptyObject)
      #expect(try await controllers.end("TERM") == "0")
    }
    try await withControllers { controllers in
      try await platform.wait("greeter/eve", for: "condition=Reconciled")
      try await platform.remove(promises: "greeter")
      #expect(try await controllers.end("TERM") == "0")
    }
  }

  @Test func refusals() async throws {
    let platform = try Platform.require()
    @Sendable func controllers(_ arguments: String...) async throws -> CommandResult {
      try await platform.run("kubectl", ["kratix", "sandbox", "controllers"] + arguments)
    }
    let nowhere = try await controllers("--kubeconfig", "nowhere").failed("nowhere")
    #expect(nowhere.exitCode == 1)
    try await controllers("--kubeconfig", platform.kubeconfig, "--context", platform.worker)
      .failed("the API server does not serve promises.platform.kratix.io, ")
    #expect(try await controllers("--pace", "slow").exitCode == 64)
    try await withControllers { running in
      try await controllers("--kubeconfig", platform.kubeconfig).failed("controllers run with the folder")
      #expect(try await running.end("TERM") == "0")
    }
    // A sandbox that has its own.
    let directory = "\(platform.folder)/whole"
    try await platform.kratix("sandbox", "up", "--dir", directory, "--no-webhook").succeeded()
    let refused = try await controllers("--kubeconfig", "\(directory)/kubeconfig")
    try await platform.kratix("sandbox", "down", "--dir", directory, "--purge").succeeded()
    try refused.failed("runs its own controllers; start it without them")
  }
}
