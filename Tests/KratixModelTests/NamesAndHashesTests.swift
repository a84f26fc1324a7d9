import Kubernetes
import Testing

@testable import KratixModel

/// The worked examples of the contract, section 3.4.
@Suite struct NamesAndHashesTests {
  @Test(arguments: [
    // promise, version, revision
    ("redis", "v1.0.0", "redis-2888c"),
    ("redis", "v1.1.0", "redis-8a4fa"),
    ("redis", "v0.0.1", "redis-b77d1"),
    ("redis", "v2.0.0", "redis-081a7"),
    ("redis", "v3.0.0", "redis-ee7bf"),
    ("redis", "v4.0.0", "redis-55b80"),
    ("redis", "not-set", "redis-5a7f3"),
    ("app", "v0.0.2", "app-5b8ad"),
    ("upgrade", "v0.1.0-BETA", "upgrade-ef6d5"),
    // 63 characters: cut to 56, the hash is of the version only.
    (
      "my-extremely-long-promise-name-that-goes-past-fifty-seven-chars", "v1.0.0",
      "my-extremely-long-promise-name-that-goes-past-fifty-seve-2888c"
    ),
  ])
  func revisionName(promise: String, version: String, expected: String) {
    #expect(KratixNames.revision(promise: promise, version: version) == expected)
  }

  @Test(arguments: [
    ("example", "redis", "example-redis-e7f90"),
    ("app-a", "app", "app-a-app-bcff4"),
    ("a", "thing", "a-thing-38a95"),
    ("upgrade-rr-one", "upgrade", "upgrade-rr-one-upgrade-62cd3"),
  ])
  func bindingName(resource: String, promise: String, expected: String) {
    #expect(KratixNames.binding(resource: resource, promise: promise) == expected)
  }

  @Test func longResourceNamesAreBoundedInLabels() {
    let name = String(repeating: "a", count: 70)
    #expect(KratixNames.boundedResourceName(name) == String(repeating: "a", count: 56) + "-0f5c6")
    #expect(KratixNames.boundedResourceName("short") == "short")
  }

  @Test(arguments: [
    (".", "5058f1af8388633f609cadb75a75dc9d"),
    ("platform", "34a6e5d64ade17ef4e51612c50dd72f5"),
    ("dry-run-summary", "bbee86671b56a2c14baee4fe438fa8a4"),
  ])
  func groupID(directory: String, expected: String) {
    #expect(KratixNames.workloadGroupID(directory: directory) == expected)
  }

  @Test func workPlacementName() {
    let group = KratixNames.workloadGroupID(directory: ".")
    #expect(
      KratixNames.workPlacement(work: "thing-a-pipe-14df8", destination: "worker-1", groupID: group)
        == "thing-a-pipe-14df8.worker-1-5058f")
  }

  @Test(arguments: [
    ("env-resource-configure-slack-notify", "env-resource-configure-slack-notify-df830"),
    (
      "env-resource-configure-slack-notify-ns-of-my-secrets",
      "env-resource-configure-slack-notify-ns-of-my-secrets-7101a"
    ),
    (
      "env-resource-configure-slack-notify-kratix-all-namespaces",
      "env-resource-configure-slack-notify-kratix-all-namespaces"
    ),
    ("kratix-dry-run-preview-my-redis", "kratix-dry-run-preview-my-redis-e9a30"),
    ("kratix-dry-run-pv", "kratix-dry-run-pv-7bbff"),
    ("parent-redis-my-child", "parent-redis-my-child-0ee8c"),
  ])
  func deterministicName(input: String, expected: String) {
    #expect(KratixNames.deterministic(input).hasPrefix(expected))
  }

  @Test func hashes() throws {
    let promiseSpec: JSON = [
      "dependencies": [["apiVersion": "v1", "kind": "Namespace", "metadata": ["name": "foo"]]],
      "workflows": ["config": [:], "promise": [:], "resource": [:]],
    ]
    let resourceSpec: JSON = ["cmd": "a<b && c", "size": "large"]
    #expect(Hashes.promise(spec: promiseSpec) == "25167ca3a3bb18c311c7fb969b60df00")
    #expect(Hashes.resource(spec: resourceSpec) == "f66aeb7046dfe8b5fc11abc2c1d03930")
    #expect(Hashes.resource(spec: nil) == "37a6259cc0c1dae299a7866489dff0bd")
    #expect(
      Hashes.resourceJob(promiseSpec: promiseSpec, resourceSpec: resourceSpec) == "5972a2990d63ab888860eb65be72eec6")
    #expect(
      Hashes.resourceJob(promiseSpec: promiseSpec, resourceSpec: resourceSpec, isDryRun: true)
        == "4de14e0c053da08fd783f884f4ff1a93")
    // As an author writes it: without the workflow objects that Kratix's struct always has.
    #expect(
      Hashes.promise(spec: ["dependencies": promiseSpec["dependencies"] ?? .null])
        == "25167ca3a3bb18c311c7fb969b60df00")
  }

  @Test func randomNamesHaveFiveHexadecimalCharacters() throws {
    for _ in 0..<200 {
      let name = KratixNames.random("kratix-mongodb-mongo-v4-configure-workflow-and-something-longer")
      let suffix = try #require(name.split(separator: "-").last)
      #expect(suffix.count == 5)
      #expect(suffix.allSatisfy { "0123456789abcdef".contains($0) })
      #expect(name.count <= 63)
    }
  }
}
