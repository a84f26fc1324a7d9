import Foundation
import Kubernetes
import Testing

/// Images built and pushed with podman to a registry, and bumped from there: nothing stands in for anything.
@Suite(.serialized)
struct ImageBuildTests {
  /// A Promise begun by `init` whose image needs no other image: a busybox that knows its shell.
  private func workbench() async throws -> Workbench {
    let bench = try Workbench()
    try bench.setUpPodman()
    try await bench.kratix(
      "init", "database", "--group", "e2e.example.com", "--kind", "Database", "--dir", "database"
    ).succeeded()
    let image = "database/workflows/resource/configure/instance/configure"
    try FileManager.default.copyItem(atPath: "/bin/busybox", toPath: bench.path("\(image)/busybox"))
    try bench.write(
      "\(image)/Dockerfile",
      """
      FROM scratch
      COPY busybox /bin/sh
      COPY scripts/pipeline.sh /pipeline.sh
      ENTRYPOINT ["/bin/sh", "/pipeline.sh"]
      """)
    return bench
  }

  private func package(_ bench: Workbench, _ registry: String, tag: String) async throws -> CommandResult {
    try await bench.kratix(
      "package", "database", "--image-prefix", "\(registry)/acme", "--tag", tag, "--version", tag, "--build", "--push",
      "--engine", "podman", "-o", "promise.yaml")
  }

  /// The digest that the registry itself gives, as skopeo sees it.
  private func digest(_ bench: Workbench, _ image: String) async throws -> String {
    let result = try await bench.run(
      "skopeo", ["inspect", "--tls-verify=false", "--format", "{{.Digest}}", "docker://\(image)"])
    return try #require(try result.succeeded().lines.first)
  }

  private func image(_ bench: Workbench) throws -> String? {
    let promise = try YAML.parse(try bench.read("promise.yaml"))
    let pipeline = promise[path: "spec", "workflows", "resource", "configure"]?[0]
    return pipeline?[path: "spec", "containers"]?[0]?["image"]?.stringValue
  }

  @Test func builtPushedPinnedAndBumped() async throws {
    let bench = try await workbench()
    let registry = try Registry(folder: bench.folder)
    let repository = "\(registry.host)/acme/database-configure"

    try await package(bench, registry.host, tag: "v0.1.0").succeeded()
    let first = try await digest(bench, "\(repository):v0.1.0")
    #expect(try image(bench) == "\(repository):v0.1.0@\(first)")
    // What was pushed is what was built, under the digest that was written.
    let copy = ["copy", "--src-tls-verify=false", "docker://\(repository)@\(first)", "dir:\(bench.path("pulled"))"]
    try await bench.run("skopeo", copy).succeeded()
    #expect(try await bench.kratix("validate", "-f", "promise.yaml").succeeded().exitCode == 0)
    let upToDate = try await bench.kratix("bump", "-f", "promise.yaml", "--check", "--exit-code").succeeded()
    #expect(upToDate.output == "promise.yaml is up to date\n")

    // Another version is pushed; the Promise's file of the first one finds it.
    let released = try bench.read("promise.yaml")
    let script = "database/workflows/resource/configure/instance/configure/scripts/pipeline.sh"
    try bench.write(script, try bench.read(script) + "# changed\n")
    try await package(bench, registry.host, tag: "v0.2.0").succeeded()
    let second = try await digest(bench, "\(repository):v0.2.0")
    #expect(first != second)
    try bench.write("promise.yaml", released)
    let check = try await bench.kratix("bump", "-f", "promise.yaml", "--check", "--exit-code")
    #expect(check.exitCode == 3)
    #expect(check.lines.last?.hasSuffix("\(repository):v0.2.0") == true, "\(check.output)")
    #expect(try bench.read("promise.yaml") == released)
    let unpinned = try await bench.kratix("bump", "-f", "promise.yaml", "--to", "latest", "--dry-run").succeeded()
    #expect(
      unpinned.error
        == "warning: resource/configure/instance/configure is no longer pinned to a digest; --digest pins it again\n")
    try await bench.kratix("bump", "-f", "promise.yaml", "--to", "~0.2", "--digest", "--promise-version", "auto")
      .succeeded()
    #expect(
      try bench.read("promise.yaml")
        == released.replacing("v0.1.0@\(first)", with: "v0.2.0@\(second)")
        .replacing("promise-version: v0.1.0", with: "promise-version: v0.2.0"))
    let missing = try await bench.kratix("bump", "-f", "promise.yaml", "--image", "\(repository):v9", "--digest")
    #expect(missing.exitCode == 1)
    #expect(missing.error == "error: there is no image \(repository):v9\n")
  }

  @Test func aLayoutIsCopiedToARegistryAndBack() async throws {
    let bench = try await workbench()
    let registry = try Registry(folder: bench.folder)
    try await bench.kratix(
      "package", "database", "--version", "v0.1.0", "--oci-layout", "layout", "-o", "promise.yaml"
    ).succeeded()
    let image = "docker://\(registry.host)/acme/database:v0.1.0"
    for arguments in [
      ["copy", "--dest-tls-verify=false", "oci:\(bench.path("layout")):v0.1.0", image],
      ["copy", "--src-tls-verify=false", image, "oci:\(bench.path("copied")):v0.1.0"],
    ] { try await bench.run("skopeo", arguments).succeeded() }

    func blob(_ descriptor: JSON?) throws -> String {
      let digest = try #require(descriptor?["digest"]?.stringValue)
      return try bench.read("copied/blobs/\(digest.replacing(":", with: "/"))")
    }
    let index = try JSON(parsing: try bench.read("copied/index.json"))
    let manifest = try JSON(parsing: try blob(index["manifests"]?[0]))
    #expect(manifest["artifactType"] == "application/vnd.kratix.promise.v1+yaml")
    let layers = try #require(manifest["layers"]?.arrayValue)
    let titles = layers.map { $0[path: "annotations", "org.opencontainers.image.title"]?.stringValue }
    #expect(titles == ["promise.yaml", "README.md", "example-resource.yaml"])
    #expect(try blob(layers[0]) == bench.read("promise.yaml"))
    #expect(try blob(layers[2]) == bench.read("database/example-resource.yaml"))
  }

  @Test func whatDoesNotBuildOrPushLeavesTheOutput() async throws {
    let bench = try await workbench()
    try bench.write("promise.yaml", "mine\n")
    let refused = try await package(bench, "127.0.0.1:1", tag: "v0.1.0")
    #expect(refused.exitCode == 1)
    #expect(refused.error.contains("ended with exit code 125"), "\(refused.error)")
    try bench.write("database/workflows/resource/configure/instance/configure/Dockerfile", "FROM scratch\nCOPY no /\n")
    let failed = try await package(bench, "127.0.0.1:1", tag: "v0.1.0")
    #expect(failed.exitCode == 1)
    #expect(
      failed.error.split(separator: "\n").last?.hasSuffix(
        "database/workflows/resource/configure/instance/configure\" ended with exit code 125") == true,
      "\(failed.error)")
    #expect(try bench.read("promise.yaml") == "mine\n")
  }
}
