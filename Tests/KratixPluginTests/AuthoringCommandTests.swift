import ArgumentParser
import Foundation
import Kubernetes
import PromiseAuthoring
import Testing

@testable import KratixPlugin

/// A directory of a test's own, gone with it.
final class Scratch: Sendable {
  let path: String

  init() throws {
    path = NSTemporaryDirectory() + "kratix-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func file(_ name: String) -> String { "\(path)/\(name)" }

  func write(_ name: String, _ text: String) throws {
    let path = file(name)
    try FileManager.default.createDirectory(
      atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
    try Data(text.utf8).write(to: URL(filePath: path))
  }

  func read(_ name: String) throws -> String {
    String(decoding: try Data(contentsOf: URL(filePath: file(name))), as: UTF8.self)
  }

  var names: [String] { get throws { try FileManager.default.contentsOfDirectory(atPath: path).sorted() } }
}

@Suite struct AuthoringBumpTests {
  static let promise = """
    # A Promise.\r
    apiVersion: platform.kratix.io/v1alpha1
    kind: Promise
    metadata: {name: p, labels: {kratix.io/promise-version: "v0.1.0"}}
    spec: {workflows: {resource: {configure: [{metadata: {name: i}, spec: {containers: [{name: c, image: 'r.io/a:v0.1.0'}]}}]}}}
    """

  private func run(_ arguments: String...) async throws {
    try await BumpCommand.parse(arguments).run()
  }

  @Test func inPlaceKeepsModeAndLinks() async throws {
    let scratch = try Scratch()
    try scratch.write("real.yaml", Self.promise)
    chmod(scratch.file("real.yaml"), 0o640)
    symlink("real.yaml", scratch.file("promise.yaml"))
    try await run("-f", scratch.file("promise.yaml"), "--image", "r.io/a:v0.2.0", "--promise-version", "auto")
    #expect(try scratch.read("real.yaml") == Self.promise.replacing("v0.1.0", with: "v0.2.0"))
    var information = stat()
    #expect(lstat(scratch.file("promise.yaml"), &information) == 0 && information.st_mode & S_IFMT == S_IFLNK)
    #expect(stat(scratch.file("real.yaml"), &information) == 0 && information.st_mode & 0o777 == 0o640)
    #expect(try scratch.names == ["promise.yaml", "real.yaml"])
  }

  @Test func readOnlyFilesStay() async throws {
    let scratch = try Scratch()
    try scratch.write("promise.yaml", Self.promise)
    chmod(scratch.file("promise.yaml"), 0o444)
    let failure = await #expect(throws: Failure.self) {
      try await run("-f", scratch.file("promise.yaml"), "--image", "r.io/a:v0.2.0")
    }
    #expect(failure?.message.hasSuffix("promise.yaml is read-only; allow writing with \"chmod u+w\" first") == true)
    #expect(try scratch.read("promise.yaml") == Self.promise)
  }

  @Test func dryRunChangesNothing() async throws {
    let scratch = try Scratch()
    try scratch.write("promise.yaml", Self.promise)
    try await run("-f", scratch.file("promise.yaml"), "--image", "r.io/a:v0.2.0", "--dry-run")
    #expect(try scratch.read("promise.yaml") == Self.promise)
  }

  @Test(
    arguments: [
      (
        ["--image", "r.io/b:v1"],
        "promise.yaml has no container for r.io/b; there are resource/configure/i/c (r.io/a:v0.1.0)"
      ),
      (["--image", "r.io/a"], "r.io/a has neither a tag nor a digest; say which image: r.io/a:TAG"),
      (["--image", "R.io/A:1"], "\"R.io/A:1\" is no image reference"),
      (
        ["--image", "r.io/a:v1", "--promise", "q"],
        "promise.yaml does not have Promise q; there are resource/configure/i/c (r.io/a:v0.1.0)"
      ),
    ] as [([String], String)])
  func failuresLeaveTheFile(arguments: [String], sentence: String) async throws {
    let scratch = try Scratch()
    try scratch.write("promise.yaml", Self.promise)
    let failure = await #expect(throws: Failure.self) {
      try await BumpCommand.parse(["-f", scratch.file("promise.yaml")] + arguments).run()
    }
    #expect(failure?.message.hasSuffix(sentence) == true, "\(failure?.message ?? "")")
    #expect(try scratch.read("promise.yaml") == Self.promise)
  }

  /// Port 1 of loopback, where nobody listens.
  @Test func registryThatDoesNotAnswer() async throws {
    let scratch = try Scratch()
    let text = Self.promise.replacing("r.io", with: "127.0.0.1:1")
    try scratch.write("promise.yaml", text)
    for arguments in [["--to", "latest"], ["--digest"], ["--check"]] {
      let failure = await #expect(throws: Failure.self) {
        try await BumpCommand.parse(["-f", scratch.file("promise.yaml")] + arguments).run()
      }
      #expect(failure?.message == "the registry 127.0.0.1:1 gives no answer: the connection is refused")
    }
    #expect(try scratch.read("promise.yaml") == text)
  }

  @Test func missingFile() async throws {
    let failure = await #expect(throws: Failure.self) { try await run("-f", "/nowhere/p.yaml", "--image", "r.io/a:v1") }
    #expect(failure?.message == "/nowhere/p.yaml cannot be read: No such file or directory")
  }

  @Test(arguments: [
    [], ["--container", "a//b", "--image", "a:1"], ["--container", "p/c", "--pipeline", "q", "--image", "a:1"],
  ])
  func wrongUsage(arguments: [String]) {
    #expect(throws: (any Error).self) { try BumpCommand.parse(["-f", "x"] + arguments) }
  }
}

@Suite struct AuthoringPackageTests {
  static let api = """
    {apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {name: things.example.org}, spec: {group: example.org}}
    """

  @Test func everythingThatGoesWithAPackage() async throws {
    let scratch = try Scratch()
    try scratch.write("thing/api.yaml", Self.api)
    try scratch.write("thing/README.md", "# Thing\n")
    try scratch.write("thing/.git/config", "no: [")
    try await PackageCommand.parse([
      scratch.file("thing"), "-o", scratch.file("promise.yaml"), "--version", "v1.0.0", "--release",
      "https://example.org/promise.yaml", "--oci-layout", scratch.file("layout"),
    ]).run()
    let promise = KubernetesObject(try YAML.parse(try scratch.read("promise.yaml")))
    #expect(promise.name == "thing")
    #expect(promise.labels == ["kratix.io/promise-version": "v1.0.0"])
    let release = KubernetesObject(try YAML.parse(try scratch.read("promise-release.yaml")))
    #expect(release[path: "spec", "sourceRef", "url"] == "https://example.org/promise.yaml")

    // skopeo checks every digest and size as it copies.
    let skopeo = Process()
    skopeo.executableURL = URL(filePath: "/usr/bin/env")
    skopeo.arguments = [
      "skopeo", "copy", "--quiet", "--insecure-policy", "oci:\(scratch.file("layout")):v1.0.0",
      "oci:\(scratch.file("copy")):v1.0.0",
    ]
    try skopeo.run()
    skopeo.waitUntilExit()
    #expect(skopeo.terminationStatus == 0)

    try await PackageCommand.parse(["--unpack", scratch.file("promise.yaml"), "-o", scratch.file("again")]).run()
    try await PackageCommand.parse([scratch.file("again"), "-o", scratch.file("again.yaml")]).run()
    #expect(try scratch.read("again.yaml") == scratch.read("promise.yaml"))
  }

  @Test func linksThatLeaveTheDirectory() async throws {
    let scratch = try Scratch()
    try scratch.write("outside.yaml", Self.api)
    try scratch.write("thing/promise-base.yaml", "metadata: {name: thing}\n")
    symlink("../outside.yaml", scratch.file("thing/api.yaml"))
    let failure = await #expect(throws: Failure.self) { try await PackageCommand.parse([scratch.file("thing")]).run() }
    #expect(failure?.message.contains("thing/api.yaml is a symbolic link that leaves the directory") == true)
    unlink(scratch.file("thing/api.yaml"))
    try scratch.write("thing/real/api.yaml", Self.api)
    symlink("real/api.yaml", scratch.file("thing/api.yaml"))
    try await PackageCommand.parse([scratch.file("thing"), "-o", scratch.file("out.yaml")]).run()
    #expect(try scratch.read("out.yaml").contains("things.example.org"))
  }

  @Test func filesThatAreTooLarge() async throws {
    let scratch = try Scratch()
    try scratch.write("thing/api.yaml", Self.api)
    // Sparse: it has the size without the bytes.
    #expect(truncate(scratch.file("thing/api.yaml"), 50_000_000) == 0)
    let failure = await #expect(throws: Failure.self) { try await PackageCommand.parse([scratch.file("thing")]).run() }
    #expect(
      failure?.message.hasSuffix("thing/api.yaml has 50000000 bytes, and a Promise's file has at most 4194304") == true)
  }

  @Test(
    arguments: [
      ("nowhere", "nowhere does not exist"), ("file", "file is no directory"),
      ("empty", "there is neither promise.yaml nor api.yaml; start one with \"kubectl kratix init\""),
    ])
  func directoriesThatAreNone(name: String, sentence: String) async throws {
    let scratch = try Scratch()
    try scratch.write("file", "")
    try scratch.write("empty/x", "")
    let failure = await #expect(throws: Failure.self) {
      try await PackageCommand.parse([scratch.file(name), "-o", scratch.file("out.yaml")]).run()
    }
    #expect(failure?.message.hasSuffix(sentence) == true, "\(failure?.message ?? "")")
    #expect(!FileManager.default.fileExists(atPath: scratch.file("out.yaml")))
  }

  @Test func sourcesAreNotOverwritten() async throws {
    let scratch = try Scratch()
    let promise = "# Mine.\nmetadata: {name: p}\nspec: {api: \(Self.api)}\n"
    try scratch.write("thing/promise.yaml", promise)
    let failure = await #expect(throws: Failure.self) {
      try await PackageCommand.parse([scratch.file("thing"), "-o", scratch.file("thing/../thing/promise.yaml")]).run()
    }
    #expect(failure?.message.hasSuffix("is a file of the source directory; write the package elsewhere") == true)
    #expect(try scratch.read("thing/promise.yaml") == promise)
  }

  /// Programs in the place of the engines, which write down what they are called with.
  @Test func imagesAreBuiltAndPinned() async throws {
    let scratch = try Scratch()
    let digest = "sha256:" + String(repeating: "7", count: 64)
    try scratch.write(
      "bin/podman",
      """
      #!/bin/sh
      echo "podman $*" >> \(scratch.file("calls"))
      if [ "$1" = push ]; then printf \(digest) > "$3"; fi
      """)
    try scratch.write(
      "bin/docker",
      """
      #!/bin/sh
      echo "docker $*" >> \(scratch.file("calls"))
      if [ "$1" = image ]; then echo "r.io/other@\(digest.replacing("7", with: "1"))"; echo "r.io/a/b@\(digest)"; fi
      """)
    for engine in ["podman", "docker"] { chmod(scratch.file("bin/\(engine)"), 0o755) }
    let files = [
      ("api.yaml", Self.api), ("workflows/resource/configure/p/c/Dockerfile", ""),
      (
        "workflows/resource/configure/workflow.yaml",
        "[{metadata: {name: p}, spec: {containers: [{name: c, image: 'r.io/a/b:v1'}, {name: d, image: 'r.io/a/b:v1'}]}}]"
      ),
    ].map { SourceFile(path: $0.0, bytes: Array($0.1.utf8)) }
    for engine in ["podman", "docker"] {
      var package = try PromisePackaging.package(files, options: PackageOptions(name: "p"))
      try await ImageBuild(directory: "src", engine: engine, pushes: true, searchPath: scratch.file("bin"))
        .run(&package)
      let containers = package.promise[path: "spec", "workflows", "resource", "configure"]?[0]?[
        path: "spec", "containers"]
      // Only the container whose sources are here gets the digest.
      #expect(containers?[0]?["image"] == .string("r.io/a/b:v1@\(digest)"))
      #expect(containers?[1]?["image"] == "r.io/a/b:v1")
      let calls = try scratch.read("calls")
      #expect(calls.contains("\(engine) build --tag r.io/a/b:v1 src/workflows/resource/configure/p/c\n"))
    }
    var package = try PromisePackaging.package(files, options: PackageOptions(name: "p"))
    try scratch.write("bin/podman", "#!/bin/sh\nexit 4\n")
    let failed = await #expect(throws: Failure.self) {
      try await ImageBuild(directory: "src", engine: "podman", pushes: false, searchPath: scratch.file("bin"))
        .run(&package)
    }
    #expect(failed?.message.hasSuffix("ended with exit code 4") == true)
    let missing = await #expect(throws: Failure.self) {
      try await ImageBuild(directory: "src", engine: nil, pushes: false, searchPath: scratch.path).run(&package)
    }
    #expect(missing?.message == "neither podman nor docker is on the PATH; one of them must build the images")
  }

  @Test func unpackingDoesNotOverwrite() async throws {
    let scratch = try Scratch()
    try scratch.write("promise.yaml", "metadata: {name: p}\nspec: {api: \(Self.api)}\n")
    try scratch.write("out/api.yaml", "mine\n")
    let failure = await #expect(throws: Failure.self) {
      try await PackageCommand.parse(["--unpack", scratch.file("promise.yaml"), "-o", scratch.file("out")]).run()
    }
    #expect(failure?.message.hasSuffix("out/api.yaml exists already; choose another directory") == true)
    #expect(try scratch.read("out/api.yaml") == "mine\n")
  }
}

@Suite struct VersionOptionTests {
  /// A command's own --version is no request for the program's, also when another word is missing.
  @Test(arguments: [["package", "--version", "v1"], ["init", "a", "--version", "v1"]])
  func isTheCommandsOwn(words: [String]) {
    let error = #expect(throws: (any Error).self) { try KubectlKratix.parseAsRoot(words) }
    #expect(error.map { KubectlKratix.exitCode(for: $0) } == .validationFailure)
  }

  @Test func aloneIsTheProgrammes() throws {
    #expect(KubectlKratix.words(of: ["kubectl-kratix", "--version"]) == ["version"])
    #expect(KubectlKratix.words(of: ["kubectl-kratix", "package", "--version"]) == ["package", "--version"])
  }
}

@Suite struct UnifiedDiffTests {
  /// old, new, the diff without its two header lines
  static let cases: [(String, String, String)] = [
    ("a\n", "a\n", ""),
    ("a\n", "b\n", "@@ -1 +1 @@\n-a\n+b\n"),
    ("", "a\n", "@@ -0,0 +1 @@\n+a\n"),
    ("a\n", "", "@@ -1 +0,0 @@\n-a\n"),
    ("a", "b", "@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+b\n\\ No newline at end of file\n"),
    ("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nx\n6\n7\n8\n9\n", "@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+x\n 6\n 7\n 8\n"),
    // Changes far apart have hunks of their own.
    (
      "a\n1\n2\n3\n4\n5\n6\n7\nb\n", "A\n1\n2\n3\n4\n5\n6\n7\nB\n",
      "@@ -1,4 +1,4 @@\n-a\n+A\n 1\n 2\n 3\n@@ -6,4 +6,4 @@\n 5\n 6\n 7\n-b\n+B\n"
    ),
  ]

  @Test(arguments: cases)
  func diff(old: String, new: String, expected: String) {
    let text = UnifiedDiff.text(Array(old.utf8), Array(new.utf8), oldName: "o", newName: "n")
    #expect(text == (expected.isEmpty ? "" : "--- o\n+++ n\n" + expected))
  }
}
