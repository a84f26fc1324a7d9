import Foundation
import Kubernetes
import Testing

/// Every verdict with its reason, and every way to choose what is shown.
@Suite(.platform(arguments: Greeter.images + Hostile.images), .serialized)
struct PreviewVerdictTests {
  /// Six requests, all of them as version v1.0.0 made them.
  private func start(_ platform: Platform) async throws {
    try await platform.remove(promises: "greeter")
    try await platform.install(Greeter.promise(image: Greeter.image("v1"), version: "v1.0.0"))
    let people = ["ann": "Ann", "bob": "Mallory", "cid": "Methuselah", "dora": "Dora", "eve": "Eve", "fay": "Fay"]
    for (name, who) in people.sorted(by: { $0.key < $1.key }) {
      try await platform.request(name, who: who, until: "Hello, \(who)")
      try await platform.wait("greeter/\(name)", for: "condition=Reconciled")
    }
  }

  private func candidate(_ platform: Platform, _ image: String, properties: String = "{who: {type: string}}") throws
    -> String
  {
    try platform.file(
      "candidate.yaml",
      Greeter.promise(image: Greeter.image(image), version: "v2.0.0", properties: properties))
  }

  private func preview(_ platform: Platform, _ arguments: [String]) async throws -> (plan: JSON, result: CommandResult)
  {
    let result = try await platform.run("kubectl", ["kratix", "upgrade", "preview", "-o", "json"] + arguments)
    return (try JSON(parsing: result.output), result)
  }

  private func verdicts(_ plan: JSON) -> [String] {
    (plan["resources"]?.arrayValue ?? []).map {
      "\($0["name"]?.stringValue ?? "") \($0["verdict"]?.stringValue ?? ""): \($0["reason"]?.stringValue ?? "")"
    }
  }

  @Test func everyVerdictHasItsReason() async throws {
    let platform = try Platform.require()
    try await start(platform)
    try await platform.kubectl("label", "greeter", "dora", "kratix.io/paused=true").succeeded()
    let binding = try await platform.kubectl(
      "get", "resourcebindings", "-l", "kratix.io/resource-name=eve", "-o", "name"
    ).succeeded().lines
    try await platform.kubectl(
      "patch", try #require(binding.first), "--type=merge", "-p", #"{"spec":{"version":"v1.0.0"}}"#
    ).succeeded()
    try await platform.wait("greeter/eve", for: "condition=Reconciled")
    // Somebody else's finalizer keeps it.
    try await platform.kubectl(
      "patch", "greeter", "fay", "--type=json", "-p",
      #"[{"op":"add","path":"/metadata/finalizers/-","value":"e2e.example.com/keep"}]"#
    ).succeeded()
    try await platform.kubectl("delete", "greeter", "fay", "--wait=false").succeeded()

    let file = try candidate(platform, "v2-picky", properties: "{who: {type: string, maxLength: 8}}")
    let (plan, result) = try await preview(platform, ["-f", file])
    #expect(
      verdicts(plan) == [
        "ann changes: 2 changes in 2 objects", "bob fails: container greet of pipeline greet exited with code 4",
        "cid invalid: the new API refuses it: spec.who: Too long: may not be more than 8 bytes",
        "dora held: it is paused: nothing runs until it is resumed",
        "eve held: it is pinned to v1.0.0: Kratix runs it again, at that version",
        "fay skipped: it is being deleted",
      ])
    #expect(plan["resources"]?[1]?["lastLines"] == ["does not greet Mallory"])
    #expect(result.exitCode == 2)
    #expect(result.error.contains("default/bob would fail: container greet of pipeline greet exited with code 4"))
    // The riskiest first.
    #expect(
      (plan["groups"]?.arrayValue ?? []).compactMap { $0["verdict"]?.stringValue }
        == ["fails", "invalid", "changes", "held", "held", "skipped"])
    // The API narrows, which the rules say as well.
    #expect((plan["findings"]?.arrayValue ?? []).contains { $0["rule"] == "api-value-narrowed" })
    // Kratix deletes nothing that is paused, and takes its own finalizers off what it deletes.
    try await platform.kubectl("label", "greeter", "dora", "kratix.io/paused-").succeeded()
    try await platform.watch("greeter/fay") { $0.metadata["finalizers"] == ["e2e.example.com/keep"] }
    try await platform.kubectl("patch", "greeter", "fay", "--type=merge", "-p", #"{"metadata":{"finalizers":null}}"#)
      .succeeded()
  }

  @Test func whatIsChosen() async throws {
    let platform = try Platform.require()
    try await start(platform)
    try await platform.kubectl("label", "greeter", "cid", "tier=gold").succeeded()
    let file = try candidate(platform, "v2")
    // arguments, names of the resources in the plan, the summary where it is not 0
    for (arguments, names, summary) in [
      ([], "ann bob cid dora eve fay", ["changes": 6]), (["-A"], "ann bob cid dora eve fay", ["changes": 6]),
      (["-n", "kube-public"], "", [:]), (["--selector", "tier=gold"], "cid", ["changes": 1]),
      (["--resource", "default/ann", "--resource", "default/bob"], "ann bob", ["changes": 2]),
      (["--sample", "2"], "ann bob cid dora eve fay", ["changes": 2, "skipped": 4]),
      (["--sample", "50%"], "ann bob cid dora eve fay", ["changes": 3, "skipped": 3]),
      (["--only", "fails,held"], "", ["changes": 6]),
      (["--only", "changes", "-l", "tier=gold"], "cid", ["changes": 1]),
      (["--ignore-path", "data", "--ignore-path", "message"], "ann bob cid dora eve fay", ["unchanged": 6]),
      (["--no-pipelines"], "ann bob cid dora eve fay", ["skipped": 6]),
      (["--no-baseline", "--max-parallel", "1", "--timeout", "90s"], "ann bob cid dora eve fay", ["changes": 6]),
    ] as [([String], String, [String: Int])] {
      let (plan, result) = try await preview(platform, ["-f", file] + arguments)
      let shown = (plan["resources"]?.arrayValue ?? []).compactMap { $0["name"]?.stringValue }
      #expect(result.exitCode == 0, "\(arguments): \(result.error)")
      #expect(shown.joined(separator: " ") == names, "\(arguments)")
      let counts = (plan["summary"]?.objectValue ?? [:]).compactMapValues(\.intValue).filter { $0.value != 0 }
      #expect(counts == summary.mapValues { Int64($0) }, "\(arguments)")
    }
    for arguments in [
      ["--max-parallel", "0"], ["--timeout", "soon"], ["--resource", "ann"], ["--sample", "101%"],
      ["--server", "--fleet", "."], ["-o", "table", "--max-bytes", "5000"], ["-A", "-n", "default"],
    ] {
      let result = try await platform.run("kubectl", ["kratix", "upgrade", "preview", "-f", file] + arguments)
      #expect(result.exitCode == 64, "\(result.command)\n\(result.error)")
    }
    let painted = try await platform.kratix("upgrade", "preview", "-f", file, "--color", "always").succeeded()
    #expect(painted.output.contains("\u{1B}[33mchanges\u{1B}[0m"))
  }

  /// `--server` asks by dry-run; nothing is stored.
  @Test(.enabled(if: Platform.isSandbox)) func theServerIsAsked() async throws {
    let platform = try Platform.require()
    try await start(platform)
    // A function that is not evaluated here.
    let rule =
      "{who: {type: string, x-kubernetes-validations: [{rule: \"self.lowerAscii() != 'mallory'\", message: not him}]}}"
    let file = try candidate(platform, "v2", properties: rule)
    let unasked = try await preview(platform, ["-f", file])
    #expect(unasked.result.exitCode == 3)
    #expect(
      (unasked.plan["unknowns"]?.arrayValue ?? []).contains {
        $0.stringValue?.hasPrefix("the new API has CEL rules") == true
      })
    let before = try await platform.object("promise", "greeter").resourceVersion
    let broken = try candidate(platform, "v2", properties: "{who: {type: nothing}}")
    let asked = try await platform.kratix("upgrade", "preview", "-f", broken, "--server", "--no-pipelines")
    #expect(asked.exitCode == 2)
    #expect(asked.error.contains("the API server refuses the "), "\(asked.error)")
    #expect(try await platform.object("promise", "greeter").resourceVersion == before)
  }

  /// A pipeline that does not end keeps the preview busy for as long as it takes to edit what it is about.
  @Test func whatMovesMeanwhileIsTold() async throws {
    let platform = try Platform.require()
    try await start(platform)
    let file = try candidate(platform, "endless")
    let pods = [
      "--context", platform.platform, "get", "pods", "-A", "-l", "app.kubernetes.io/managed-by=kubectl-kratix-preview",
      "--watch", "--no-headers",
    ]
    async let previewing = preview(
      platform, ["-f", file, "--engine", "cluster", "--resource", "default/ann", "--timeout", "10s"])
    let runs = try await Shell.withLines(of: "kubectl", pods, environment: platform.environment) { pods in
      await pods.contains { $0.contains("Init:1/2") }
    }
    try #require(runs)
    try await platform.kubectl("patch", "greeter", "ann", "--type=merge", "-p", #"{"spec":{"who":"Anna"}}"#)
      .succeeded()
    let (plan, result) = try await previewing
    #expect(
      verdicts(plan) == ["ann fails: container greet of pipeline greet did not end within 10.0 seconds"]
        || verdicts(plan) == ["ann fails: pipeline greet did not end within 10.0 seconds"])
    let unknowns = (plan["unknowns"]?.arrayValue ?? []).compactMap(\.stringValue)
    #expect(
      unknowns.contains {
        $0.hasPrefix("default/ann moved while the plan was made: it was edited (generation 1, now 2)")
      }, "\(unknowns)")
    #expect(result.exitCode == 2)
  }

  // MARK: Bad output

  /// Name of the request, which says what its pipeline does; verdict, and the beginning of the reason.
  static let hostile: [(name: String, verdict: String, reason: String)] = [
    ("calm", "changes", "1 change in 1 object"),
    ("fifo", "fails", "pipeline greet: /kratix/output/pipe is a FIFO; only files can be put out"),
    ("files", "fails", "container greet of pipeline greet: more than 10000 files in /kratix/output"),
    ("gigabyte", "fails", "container greet of pipeline greet: more than 64 MiB in /kratix/output"),
    (
      "link", "fails",
      "pipeline greet: /kratix/output/passwd is a symbolic link that leaves /kratix/output (to /etc/passwd)"
    ),
    ("name", "fails", "pipeline greet: the name of /kratix/output/"),
    ("odd", "changes", "2 changes in 2 objects"),
    ("status", "fails", "pipeline greet: invalid status.yaml: a mapping is expected, not "),
    ("suspend", "held", "pipeline greet suspends its workflow: come back later"),
    ("yaml", "fails", "pipeline greet: it writes broken.yaml, which is not YAML: line 2, column "),
  ]

  /// A fleet in a directory, whose candidate writes what none should: each is told, and nothing else suffers from it.
  @Test func badOutputIsToldOfEach() async throws {
    let platform = try Platform.require()
    let fleet = "\(platform.folder)/hostile"
    try FileManager.default.createDirectory(atPath: fleet, withIntermediateDirectories: true)
    let requests = Self.hostile.map { Greeter.request($0.name, who: "Ann") }.joined(separator: "\n---\n")
    try requests.write(toFile: "\(fleet)/requests.yaml", atomically: true, encoding: .utf8)
    try Greeter.promise(image: Greeter.image("v1"), version: "v1.0.0")
      .write(toFile: "\(fleet)/promise.yaml", atomically: true, encoding: .utf8)
    let file = try platform.file(
      "hostile.yaml", Greeter.promise(image: Greeter.image("hostile"), version: "v2.0.0"))
    let (plan, result) = try await preview(
      platform,
      ["-f", file, "--fleet", fleet, "--kubeconfig", "/nowhere"] + Greeter.images + Hostile.images)
    #expect(result.exitCode == 2)
    let resources = plan["resources"]?.arrayValue ?? []
    #expect(resources.compactMap { $0["name"]?.stringValue } == Self.hostile.map(\.name))
    for (resource, expected) in zip(resources, Self.hostile) {
      let reason = resource["reason"]?.stringValue ?? ""
      #expect(resource["verdict"]?.stringValue == expected.verdict, "\(expected.name): \(reason)")
      #expect(reason.hasPrefix(expected.reason), "\(expected.name): \(reason)")
    }
  }
}

enum Hostile {
  static let images = ["hostile", "v2-picky"].flatMap { version in
    ["--image", "\(Greeter.image(version))=\(Platform.root)/Tests/EndToEndTests/Images/greeter/\(version)"]
  }
}
