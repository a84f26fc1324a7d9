import Kubernetes
import Testing

/// The webhook in the way of what a person does with kubectl and the plugin, on the sandbox.
@Suite(.platform(arguments: Greeter.images), .serialized)
struct WebhookTests {
  private func start(_ platform: Platform) async throws {
    try await platform.remove(promises: "greeter")
    try await platform.install(Greeter.promise(image: Greeter.image("v1"), version: "v1.0.0"))
    try await platform.request("ann", who: "Ann", until: "Hello, Ann")
  }

  /// The Promise in another version, with a change of its text.
  private func promise(_ version: String, _ change: (String) -> String = { $0 }) -> String {
    change(Greeter.promise(image: Greeter.image("v1"), version: version))
  }

  @Test func aFieldInUseIsNotTakenAway() async throws {
    let platform = try Platform.require()
    try await start(platform)
    let broken = promise("v2.0.0") { $0.replacing("{who: {type: string}}", with: "{whom: {type: string}}") }
    #expect(broken != promise("v2.0.0"))
    for flags in [["--dry-run=server"], []] {
      let refused = try await platform.run(
        "kubectl", ["--context", platform.platform, "apply", "-f", "-"] + flags, input: broken)
      #expect(refused.exitCode == 1)
      #expect(refused.error.contains("promise.upgrade.kratix.io"), "\(refused.error)")
      #expect(refused.error.contains("default/ann"), "\(refused.error)")
      #expect(refused.error.contains("[api-field-removed]"), "\(refused.error)")
    }
    // What is installed is as it was.
    let version = try await platform.kubectl("get", "promise", "greeter", "-o", "jsonpath={.status.version}")
    #expect(version.output == "v1.0.0")
  }

  @Test func anUpdateTellsItsBlastRadius() async throws {
    let platform = try Platform.require()
    try await start(platform)
    let file = try platform.file("next.yaml", Greeter.promise(image: Greeter.image("v2"), version: "v2.0.0"))
    let told = try await platform.kubectl("apply", "-f", file, "--dry-run=server").succeeded()
    #expect(
      told.error.contains("Warning: greeter from v1.0.0 to v2.0.0: 1 resource will be reconciled"), "\(told.error)")
    #expect(told.error.contains("they run: 1 at v1.0.0; none is pinned"))
    #expect(told.error.contains("reconciled: default/ann"))
  }

  @Test func everyResourceRunsAgainWhenAsked() async throws {
    let platform = try Platform.require()
    try await start(platform)
    let answer = try await platform.kratix("reconcile", "greeter").succeeded()
    #expect(answer.output.contains("promise.platform.kratix.io/greeter reconciliation requested\n"))
    let asked = try await platform.object("promise", "greeter").annotations["upgrade.kratix.io/reconcile-requested"]
    #expect(asked?.hasSuffix("Z") == true)
    try await platform.kratix("reconcile", "nobody").failed("Promise nobody is not installed")
  }
}
