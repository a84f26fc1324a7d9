import Kubernetes
import Testing

/// `validate --against cluster`: the rules on the live Promise and its fleet, through the API alone.
@Suite(.platform(arguments: Greeter.images), .serialized)
struct ValidateClusterTests {
  private func validate(_ platform: Platform, _ promise: String, name: String = "candidate.yaml") async throws
    -> (result: CommandResult, findings: [JSON], verdict: String?)
  {
    let file = try platform.file(name, promise)
    let result = try await platform.kratix("validate", "-f", file, "--against", "cluster", "-o", "json")
    let json = try JSON(parsing: result.output)
    return (
      result, try #require(json["findings"]?.arrayValue), json[path: "compatibility", "verdict"]?.stringValue
    )
  }

  @Test func theLivePromiseAndItsFleetCount() async throws {
    let platform = try Platform.require()
    try await platform.install(Greeter.promise(image: Greeter.image("v1"), version: "v1.0.0"))
    try await platform.request("ann", who: "Ann", until: "Hello, Ann")
    let before = try await platform.object("promise", "greeter")

    // The field that ann has set goes.
    let removed = try await validate(
      platform, Greeter.promise(image: Greeter.image("v2"), version: "v1.1.0", properties: "{whom: {type: string}}"))
    #expect(removed.result.exitCode == 1)
    #expect(removed.verdict == "breaking")
    let finding = try #require(removed.findings.first { $0["rule"] == "api-field-removed" })
    #expect(finding["severity"] == "deny")
    #expect(finding["evidence"] == ["default/ann"])
    #expect(finding["message"]?.stringValue?.contains("spec.who") == true)

    // A field that nobody has set goes: nobody is hit.
    try await platform.install(
      Greeter.promise(
        image: Greeter.image("v1"), version: "v1.0.1", properties: "{who: {type: string}, spare: {type: string}}"))
    let spare = try await validate(platform, Greeter.promise(image: Greeter.image("v2"), version: "v1.1.0"))
    #expect(spare.result.exitCode == 0)
    #expect(spare.verdict == "breaking")
    let unhit = spare.findings.first { $0["rule"] == "api-field-removed" }
    #expect(unhit?["severity"] == "warn")

    // A field more is compatible.
    let added = try await validate(
      platform,
      Greeter.promise(
        image: Greeter.image("v2"), version: "v1.1.0",
        properties: "{who: {type: string}, spare: {type: string}, more: {type: string}}"))
    #expect(added.result.exitCode == 0)
    #expect(added.verdict == "compatible")

    // A selector that no destination of this platform has.
    let nowhere = Greeter.promise(image: Greeter.image("v2"), version: "v1.1.0")
      .replacing("environment: dev", with: "environment: nowhere")
    let unmatched = try await validate(platform, nowhere)
    #expect(
      unmatched.findings.contains { $0["path"]?.stringValue?.hasPrefix("spec.destinationSelectors") == true },
      "\(unmatched.result.output)")

    // Nothing of it changed anything.
    let after = try await platform.object("promise", "greeter")
    #expect(after.labels["kratix.io/promise-version"] == "v1.0.1")
    #expect(before.uid == after.uid)
    try await platform.kubectl("delete", "greeter", "ann", "--timeout=120s").succeeded()
    try await platform.remove(promises: "greeter")
  }

  @Test func aPromiseThatIsNotInstalled() async throws {
    let platform = try Platform.require()
    let alone = try await validate(
      platform, Greeter.promise(name: "stranger", image: Greeter.image("v1"), version: "v1.0.0"))
    #expect(alone.result.exitCode == 0)
    #expect(alone.verdict == nil)
  }

  @Test func clustersThatCannotBeRead() async throws {
    let platform = try Platform.require()
    let file = try platform.file("candidate.yaml", Greeter.promise(image: Greeter.image("v1"), version: "v1.0.0"))
    let kubeconfig = try platform.file(
      "unreachable",
      """
      apiVersion: v1
      kind: Config
      current-context: a
      contexts: [{name: a, context: {cluster: a}}]
      clusters: [{name: a, cluster: {server: "https://127.0.0.1:1"}}]
      """)
    for (arguments, text) in [
      (["--kubeconfig", kubeconfig], "127.0.0.1:1"), (["--context", "nowhere"], "no context \"nowhere\""),
    ] {
      let result = try await platform.run(
        "kubectl", ["kratix", "validate", "-f", file, "--against", "cluster"] + arguments)
      #expect(result.exitCode == 2)
      try result.failed(text)
      #expect(result.error.split(separator: "\n").count == 1, "\(result.error)")
    }
  }
}
