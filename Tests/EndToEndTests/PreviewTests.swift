import Foundation
import Kubernetes
import Testing

/// Plans: their exit codes, their files, and where their fleet comes from.
@Suite(.platform(arguments: Greeter.images), .serialized)
struct PreviewTests {
  private func start(_ platform: Platform) async throws {
    try await platform.remove(promises: "greeter")
    try await platform.install(Greeter.promise(image: Greeter.image("v1"), version: "v1.0.0"))
    for (name, who) in [("ann", "Ann"), ("bob", "Bob")] {
      try await platform.request(name, who: who, until: "Hello, \(who)")
      try await platform.wait("greeter/\(name)", for: "jsonpath={.status.promiseVersion}=v1.0.0")
      try await platform.wait("greeter/\(name)", for: "condition=Reconciled")
    }
  }

  private func candidate(_ platform: Platform, _ image: String = "v2", version: String = "v2.0.0") throws -> String {
    try platform.file("\(image).yaml", Greeter.promise(image: Greeter.image(image), version: version))
  }

  @Test func aPlanIsWrittenShownAndHeldAgainstTheFleet() async throws {
    let platform = try Platform.require()
    try await start(platform)
    let file = try candidate(platform)
    let preview = try await platform.kratix(
      "upgrade", "preview", "-f", file, "--out", "plan.json", "-o", "json"
    ).succeeded()
    let shown = try await platform.kratix("plan", "show", "plan.json", "-o", "json").succeeded()
    #expect(try JSON(parsing: shown.output) == JSON(parsing: preview.output))
    let table = try await platform.kratix("plan", "show", "plan.json").succeeded()
    #expect(table.output.contains("To carry it out: kubectl kratix upgrade --plan plan.json"))
    #expect(table.output.contains("ConfigMap/default/greeting-ann data.text: Hello, Ann -> Good day, Ann"))
    #expect(!table.output.contains("\u{1B}"))
    for format in ["wide", "yaml", "markdown", "html"] {
      let text = try await platform.kratix("plan", "show", "plan.json", "-o", format).succeeded().output
      #expect(text.contains("Good day, Ann"))
    }
    try await platform.kratix("plan", "check", "plan.json").succeeded()

    // One is edited, one goes, one comes.
    try await platform.kubectl("patch", "greeter", "ann", "--type=merge", "-p", #"{"spec":{"who":"Anna"}}"#).succeeded()
    try await platform.kubectl("delete", "greeter", "bob").succeeded()
    try await platform.request("cid", who: "Cid", until: "Hello, Cid")
    let check = try await platform.kratix("plan", "check", "plan.json")
    #expect(check.exitCode == 1)
    #expect(check.output.contains("default/ann: it was edited (generation 1, now 2) (since 20"))
    #expect(check.output.contains("default/bob: it is gone"))
    #expect(check.output.contains("default/cid: it is new (since 20"))
  }

  @Test func exitCodes() async throws {
    let platform = try Platform.require()
    try await start(platform)
    let same = try candidate(platform, "v1", version: "v1.0.0")
    let other = try candidate(platform)
    let failing = try candidate(platform, "v3-fails", version: "v3.0.0")
    for (arguments, code) in [
      (["-f", same, "--exit-code"], 0), (["-f", other], 0), (["-f", other, "--exit-code"], 1), (["-f", failing], 2),
      (["-f", other, "-o", "sarif"], 64), (["-f", other, "--sample", "0"], 64),
      (["-f", other, "--only", "nothing"], 64),
      (["-f", other, "-o", "markdown", "--max-bytes", "1"], 64), ([], 64),
    ] as [([String], Int32)] {
      let result = try await platform.run("kubectl", ["kratix", "upgrade", "preview"] + arguments)
      #expect(result.exitCode == code, "\(result.command)\n\(result.error)")
    }
    let missing = try await platform.kratix("plan", "show", "nothing.json")
    #expect(missing.exitCode == 1 && missing.error.contains("nothing.json cannot be read"))
    let wrong = try platform.file("wrong.json", #"{"schemaVersion": 7}"#)
    try await platform.kratix("plan", "show", wrong).failed("schemaVersion: it is 7; this command reads 1")
  }

  /// An image that is not to be had says nothing of the Promise: the plan is incomplete, and is not carried out.
  @Test(.enabled(if: Platform.isSandbox), arguments: ["process", "cluster"])
  func anImageThatCannotBeHad(engine: String) async throws {
    let platform = try Platform.require()
    try await start(platform)
    let file = try candidate(platform, "nowhere")
    let result = try await platform.kratix("upgrade", "preview", "-f", file, "-o", "json", "--engine", engine)
    #expect(result.exitCode == 3)
    let plan = try JSON(parsing: result.output)
    #expect(plan["summary"]?["skipped"] == 2 && plan["summary"]?["fails"] == 0)
    let unknowns = (plan["unknowns"]?.arrayValue ?? []).compactMap(\.stringValue)
    #expect(unknowns.count == 2)
    #expect(unknowns.allSatisfy { $0.contains("image \(Greeter.image("nowhere")) ") }, "\(unknowns)")
    try await platform.kratix("upgrade", "-f", file, "--yes", "--engine", engine)
      .failed("nothing was applied: the candidate could not be run for 2 of the fleet's resources (")
  }

  /// Everything but GET is refused on the way: a preview does not need more.
  @Test func aPreviewOnlyReads() async throws {
    let platform = try Platform.require()
    try await start(platform)
    let file = try candidate(platform)
    let result = try await throughProxy(
      platform, "--reject-methods=POST,PUT,PATCH,DELETE", "upgrade", "preview", "-f", file, "-o", "json")
    #expect(try JSON(parsing: result.succeeded().output)["summary"]?["changes"] == 2)
  }

  /// What may not be read is named, and the plan says that it is incomplete.
  @Test func whatMayNotBeReadIsNamed() async throws {
    let platform = try Platform.require()
    try await start(platform)
    let file = try candidate(platform)
    let works = try await throughProxy(
      platform, "--reject-paths=^/apis/platform.kratix.io/v1alpha1/works.*$", "upgrade", "preview", "-f", file)
    #expect(works.exitCode == 3)
    #expect(works.output.contains("the works cannot be read: "))
    let bindings = try await throughProxy(
      platform, "--reject-paths=^/apis/platform.kratix.io/v1alpha1/resourcebindings.*$", "upgrade", "preview", "-f",
      file)
    #expect(bindings.exitCode == 3)
    #expect(bindings.output.contains("the bindings cannot be read: "))
  }

  /// The requests and the state store's files in a directory: the same plan, and no cluster.
  @Test func aDirectoryIsAFleet() async throws {
    let platform = try Platform.require()
    try await start(platform)
    let fleet = "\(platform.folder)/fleet"
    let store = "\(fleet)/worker-1/resources/default/greeter/ann/greet/5058f"
    try FileManager.default.createDirectory(atPath: store, withIntermediateDirectories: true)
    try Greeter.request("ann", who: "Ann").write(toFile: "\(fleet)/ann.yaml", atomically: true, encoding: .utf8)
    try """
    apiVersion: v1
    kind: ConfigMap
    metadata: {name: greeting-ann, namespace: default}
    data: {text: "Hello, Ann"}
    """.write(toFile: "\(store)/greeting.yaml", atomically: true, encoding: .utf8)
    let file = try candidate(platform)
    let images = Greeter.images
    let result = try await platform.run(
      "kubectl",
      ["kratix", "upgrade", "preview", "-f", file, "--fleet", fleet, "-o", "json", "--kubeconfig", "/nowhere"] + images)
    let plan = try JSON(parsing: try result.succeeded().output)
    #expect(plan["summary"]?["changes"] == 1)
    let change = plan["resources"]?[0]?["changes"]?[0]
    #expect(change?["path"] == "data.text" && change?["from"] == "Hello, Ann" && change?["to"] == "Good day, Ann")
    let missing = try await platform.kratix("upgrade", "preview", "-f", file, "--fleet", "/nowhere")
    #expect(missing.exitCode == 64)
  }

  /// What Kratix itself wrote for a destination of another filepath mode, as a checkout of it would have it.
  /// mode, names of the requests, changes in the plan, the end of what could not be told
  @Test(
    .enabled(if: Platform.isSandbox),
    arguments: [
      ("none", ["ann"], 1, nil), ("aggregatedYAML", ["ann", "bob"], 2, nil),
      // They write one file, and the last of them wins.
      (
        "none", ["ann", "bob"], 0,
        "is written for each of default/ann, default/bob: whose content it has, nothing "
          + "says"
      ),
    ] as [(String, [String], Int, String?)])
  func aStateStoreOfAnotherMode(mode: String, names: [String], changes: Int, unknown: String?) async throws {
    let platform = try Platform.require()
    try await platform.remove(promises: "greeter")
    let destination = "\(mode.lowercased())-\(names.count)"
    let definition = """
      apiVersion: platform.kratix.io/v1alpha1
      kind: Destination
      metadata: {name: \(destination), labels: {environment: \(destination)}}
      spec:
        path: \(destination)
        filepath: {mode: \(mode)}
        stateStoreRef: {name: default, kind: BucketStateStore}
      """
    try await platform.kubectl("apply", "-f", "-", input: definition).succeeded()
    func promise(_ image: String, _ version: String) -> String {
      Greeter.promise(image: Greeter.image(image), version: version)
        .replacing("environment: dev", with: "environment: \(destination)")
    }
    try await platform.install(promise("v1", "v1.0.0"))
    for name in names {
      try await platform.request(name, who: name, until: "Hello, \(name)")
      try await platform.wait("greeter/\(name)", for: "condition=Reconciled")
    }
    let fleet = "\(platform.folder)/fleet-\(destination)"
    try FileManager.default.createDirectory(atPath: fleet, withIntermediateDirectories: true)
    let requests = names.map { Greeter.request($0, who: $0) }.joined(separator: "\n---\n")
    for (file, text) in ["requests": requests, "destination": definition, "promise": promise("v1", "v1.0.0")] {
      try text.write(toFile: "\(fleet)/\(file).yaml", atomically: true, encoding: .utf8)
    }
    try FileManager.default.copyItem(
      atPath: "\(try #require(platform.sandbox))/stores", toPath: "\(fleet)/stores")
    let file = try platform.file("\(destination).yaml", promise("v2", "v2.0.0"))
    let arguments = ["-f", file, "--fleet", fleet, "-o", "json", "--kubeconfig", "/nowhere"]
    let result = try await platform.run("kubectl", ["kratix", "upgrade", "preview"] + arguments + Greeter.images)
    #expect(result.exitCode == (unknown == nil ? 0 : 3), "\(result.error)")
    let plan = try JSON(parsing: result.output)
    #expect(plan["summary"]?["changes"]?.intValue == Int64(changes), "\(result.output)")
    if changes > 0 {
      let change = plan["resources"]?[0]?["changes"]?[0]
      #expect(change?["path"] == "data.text" && change?["from"] == "Hello, ann" && change?["to"] == "Good day, ann")
    }
    let unknowns = (plan["unknowns"]?.arrayValue ?? []).compactMap(\.stringValue)
    #expect(unknowns.count == (unknown == nil ? 0 : names.count), "\(unknowns)")
    if let unknown { #expect(unknowns.allSatisfy { $0.hasSuffix(unknown) }, "\(unknowns)") }
    try await platform.remove(promises: "greeter")
    try await platform.kubectl("delete", "destination", destination).succeeded()
  }

  @Test func aFleetOfNone() async throws {
    let platform = try Platform.require()
    try await platform.remove(promises: "greeter")
    try await platform.install(Greeter.promise(image: Greeter.image("v1"), version: "v1.0.0"))
    let result = try await platform.kratix("upgrade", "preview", "-f", try candidate(platform), "--exit-code")
    #expect(result.exitCode == 0)
    #expect(result.output.contains("The fleet has no resources."))
  }

  /// Runs the plugin against a `kubectl proxy` with an option of its own.
  private func throughProxy(
    _ platform: Platform, _ option: String, _ arguments: String...
  ) async throws -> CommandResult {
    let proxy = ["--kubeconfig", platform.kubeconfig, "--context", platform.platform, "proxy", "--port=0", option]
    let path = "\(Platform.root)/.tools/bin:/usr/local/bin:/usr/bin:/bin"
    return try await Shell.withLines(of: "kubectl", proxy, environment: ["PATH": path]) { lines in
      let line = try #require(await lines.first { _ in true }, "kubectl proxy said nothing")
      let address = line.split(separator: " ").last.map(String.init) ?? ""
      let kubeconfig = try platform.file(
        "proxy.kubeconfig",
        """
        {apiVersion: v1, kind: Config, current-context: proxy, contexts: [{name: proxy, context: {cluster: proxy}}],
        clusters: [{name: proxy, cluster: {server: "http://\(address)"}}]}
        """)
      return try await platform.run(
        "kubectl", ["kratix"] + arguments + ["--kubeconfig", kubeconfig] + Greeter.images)
    }
  }
}
