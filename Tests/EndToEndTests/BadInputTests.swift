import Foundation
import Kubernetes
import Testing

/// Wrong input to the plugin: one clear sentence on stderr, an exit code that is not zero, and nothing lost.
@Suite(.platform(arguments: Greeter.images), .serialized)
struct BadInputTests {
  @Test(arguments: [
    // what is in the file, what the sentence says
    ("", "is empty: a Promise is expected"),
    ("# only a comment\n", "is empty: a Promise is expected"),
    ("a: [1\nb: {", ":2:"),
    ("kind: ConfigMap\napiVersion: v1\nmetadata: {name: a}\n", "holds a ConfigMap"),
    ("just text", "holds no Kubernetes object"),
    (
      Greeter.promise(image: Greeter.image("v1"), version: nil) + "\n---\n"
        + Greeter.promise(image: Greeter.image("v1"), version: nil), "holds 2 documents"
    ),
    (
      "apiVersion: platform.kratix.io/v1alpha1\nkind: Promise\nmetadata: {name: a}\nspec: {dependencies: []}\n",
      "has no spec.api"
    ),
    (
      "apiVersion: platform.kratix.io/v1alpha1\nkind: Promise\nmetadata: {name: a}\nspec: {api: {kind: Pod}}\n",
      "is not a CustomResourceDefinition"
    ),
  ])
  func aFileThatIsNoPromise(text: String, sentence: String) async throws {
    let platform = try Platform.require()
    let file = try platform.file("candidate.yaml", text)
    for verb in [["preview"], ["--yes"]] {
      let result = try await platform.run("kubectl", ["kratix", "upgrade"] + verb + ["-f", file])
      try result.failed(sentence)
      #expect(result.error.split(separator: "\n").count == 1, "\(result.error)")
    }
  }

  @Test func aFileThatIsNotThere() async throws {
    let result = try await Platform.require().kratix("upgrade", "preview", "-f", "missing.yaml")
    try result.failed("missing.yaml cannot be read: No such file or directory")
  }

  @Test func wrongUsage() async throws {
    let platform = try Platform.require()
    #expect(try await platform.kratix("upgrade", "preview").exitCode == 64)
    #expect(try await platform.kratix("upgrade", "preview", "-f", "x", "--timeout", "1d").exitCode == 64)
    #expect(try await platform.kratix("nothing").exitCode == 64)
  }

  @Test func aContextThatIsNotThereAndAServerThatDoesNotAnswer() async throws {
    let platform = try Platform.require()
    try await platform.kratix("fleet", "greeter", "--context", "nowhere").failed("no context \"nowhere\"")
    let kubeconfig = try platform.file(
      "unreachable",
      """
      apiVersion: v1
      kind: Config
      current-context: a
      contexts: [{name: a, context: {cluster: a}}]
      clusters: [{name: a, cluster: {server: "https://127.0.0.1:1"}}]
      """)
    let result = try await platform.kratix("fleet", "greeter", "--kubeconfig", kubeconfig)
    try result.failed("127.0.0.1:1")
    #expect(result.error.split(separator: "\n").count == 1, "\(result.error)")
  }

  @Test(arguments: [
    ("v3-fails", "default/ann would fail: container greet of pipeline greet exited with code 3"),
    ("bad-yaml", "default/ann would fail: pipeline greet: it writes greeting.yaml, which is not YAML: line "),
    ("endless", "default/ann would fail: container greet of pipeline greet did not end within "),
  ])
  func aCandidateWhosePipelineDoesNotWork(image: String, sentence: String) async throws {
    let platform = try Platform.require()
    try await platform.install(Greeter.promise(image: Greeter.image("v1"), version: "v1.0.0"))
    try await platform.request("ann", who: "Ann", until: "Hello, Ann")
    let before = try await platform.object("promise", "greeter")
    let file = try platform.file("candidate.yaml", Greeter.promise(image: Greeter.image(image), version: "v9.0.0"))
    let preview = try await platform.kratix("upgrade", "preview", "-f", file, "--timeout", "2s")
    #expect(preview.exitCode == 2)
    try preview.failed(sentence)
    try await platform.kratix("upgrade", "-f", file, "--yes", "--timeout", "2s").failed("nothing was applied")
    let after = try await platform.object("promise", "greeter")
    #expect(before.generation == after.generation && before.labels == after.labels)
  }
}
