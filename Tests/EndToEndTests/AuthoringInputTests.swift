import Foundation
import Testing

/// Wrong input to the commands of an author: one clear sentence, the exit code that the help names, and every file as
/// it was.
@Suite struct AuthoringInputTests {
  static let api = """
    {apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {name: things.e2e.example.com},
     spec: {group: e2e.example.com, scope: Namespaced, names: {kind: Thing, plural: things, singular: thing},
      versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object,
       properties: {spec: {type: object, properties: {size: {type: integer}}}}}}}]}}

    """

  static func promise(image: String = "r.io/a:v1") -> String {
    """
    # Whose comment stays.
    apiVersion: platform.kratix.io/v1alpha1
    kind: Promise
    metadata: {name: thing, labels: {kratix.io/promise-version: v0.1.0}}
    spec:
      workflows: {resource: {configure: [{metadata: {name: p}, spec: {containers: [{name: c, image: '\(image)'}]}}]}}

    """
  }

  /// `&a9` expands to ten thousand million values.
  static let bomb =
    "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    + (1...9).map { level in
      "a\(level): &a\(level) [" + Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ") + "]\n"
    }.joined()

  // MARK: Directories

  struct Directory: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var files: [String: String]
    var sentence: String
    var arguments: [String] = []
  }

  static let directories = [
    Directory(
      testDescription: "no API", files: ["promise.yaml": "metadata: {name: a}\nspec: {}\n"],
      sentence:
        "thing has no API: write the CustomResourceDefinition into api.yaml, or into spec.api of promise.yaml"),
    Directory(
      testDescription: "nothing at all", files: ["notes.txt": ""],
      sentence:
        "thing is no Promise's source directory: there is neither promise.yaml nor api.yaml; start one with \"kubectl kratix init\""
    ),
    Directory(
      testDescription: "two APIs in a file",
      files: ["api.yaml": api + "---\n" + api.replacing("things", with: "others")],
      sentence: "thing has several APIs (things.e2e.example.com, others.e2e.example.com); a Promise has one"),
    Directory(
      testDescription: "an API beside another one in promise.yaml",
      files: ["api.yaml": api, "promise.yaml": "spec: {api: \(api.replacing("things", with: "others"))}\n"],
      sentence: "thing has several APIs (others.e2e.example.com, things.e2e.example.com); a Promise has one"),
    Directory(
      testDescription: "a file twice", files: ["api.yaml": api, "api.yml": api],
      sentence: "thing has both api.yaml and api.yml; keep one"),
    Directory(
      testDescription: "an API that is none", files: ["api.yaml": "kind: Pod\n"],
      sentence: "thing holds api.yaml, which is a Pod, not a CustomResourceDefinition"),
    Directory(
      testDescription: "a dependency that is no object",
      files: ["api.yaml": api, "dependencies.yaml": "- just text\n"],
      sentence: "thing holds dependencies.yaml, whose item 1 is a string, not an object"),
    Directory(
      testDescription: "a dependency without a kind",
      files: ["api.yaml": api, "dependencies/a.yaml": "apiVersion: v1\nmetadata: {name: a}\n"],
      sentence: "thing holds dependencies/a.yaml, whose item 1 has no kind"),
    Directory(
      testDescription: "a YAML bomb", files: ["api.yaml": api, "dependencies.yaml": bomb],
      sentence:
        "thing holds dependencies.yaml, which is not YAML: line 1, column 34: the aliases of this document expand to too many values"
    ),
    Directory(
      testDescription: "an anchor in itself", files: ["api.yaml": "a: &a {b: *a}\n"],
      sentence:
        "thing holds api.yaml, which is not YAML: line 1, column 11: an alias of what no anchor before it names, or of what it is in"
    ),
    Directory(
      testDescription: "nested without end", files: ["api.yaml": String(repeating: "[", count: 100_000)],
      sentence: "thing holds api.yaml, which is not YAML: line 1, column 1: nested too deeply"),
    Directory(
      testDescription: "too large to be stored",
      files: [
        "api.yaml": api,
        "dependencies.yaml":
          "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {a: \(String(repeating: "x", count: 1_600_000))}}",
      ],
      sentence:
        "thing makes a Promise of 1600622 bytes, and a cluster stores objects of at most 1572864; move dependencies into a promise workflow's container"
    ),
    Directory(
      testDescription: "a version that is no label", files: ["api.yaml": api],
      sentence: "thing cannot have the version \"a/b\": ", arguments: ["--version", "a/b"]),
    Directory(
      testDescription: "nothing to build", files: ["api.yaml": api],
      sentence:
        "thing holds no image to build; put a Dockerfile into workflows/TYPE/ACTION/PIPELINE/CONTAINER/ for a container of the Promise",
      arguments: ["--build"]),
  ]

  @Test(arguments: directories) func packageRefuses(_ directory: Directory) async throws {
    let bench = try Workbench()
    for (name, text) in directory.files { try bench.write("thing/\(name)", text) }
    try bench.write("promise.yaml", "mine\n")
    let result = try await bench.run(
      "kubectl", ["kratix", "package", "thing", "-o", "promise.yaml"] + directory.arguments)
    #expect(result.exitCode == 1)
    #expect(result.output.isEmpty)
    #expect(result.error.split(separator: "\n").count == 1, "\(result.error)")
    #expect(result.error.hasPrefix("error: \(directory.sentence)"), "\(result.error)")
    #expect(try bench.read("promise.yaml") == "mine\n")
  }

  @Test func linksThatLeaveTheDirectory() async throws {
    let bench = try Workbench()
    try bench.write("outside.yaml", Self.api)
    try bench.write("thing/promise-base.yaml", "metadata: {name: thing}\n")
    symlink("../outside.yaml", bench.path("thing/api.yaml"))
    let result = try await bench.kratix("package", "thing")
    #expect(result.exitCode == 1 && result.output.isEmpty)
    #expect(result.error.hasPrefix("error: thing/api.yaml is a symbolic link that leaves the directory, to "))
  }

  /// The wrong words for the images say so also where there is no image to fill.
  @Test(arguments: [
    ["--image-prefix", "https://ghcr.io/acme"], ["--tag", "v1/2"], ["--push"], ["--unpack"], ["--release", "ftp://a"],
  ])
  func wrongWords(arguments: [String]) async throws {
    let bench = try Workbench()
    try bench.write("thing/api.yaml", Self.api)
    #expect(try await bench.run("kubectl", ["kratix", "package", "thing"] + arguments).exitCode == 64)
  }

  /// Everything right where the person is, by the shortest names.
  @Test func shortNames() async throws {
    let bench = try Workbench()
    let begun = try await bench.kratix("init", "a", "--group", "e2e.example.com", "--kind", "A", "--dir", "d")
    #expect(try begun.succeeded().lines.contains("d/promise.yaml"))
    try await bench.kratix("package", "d", "-o", "p", "--release", "https://example.com/p", "--oci-layout", "l")
      .succeeded()
    #expect(bench.exists("promise-release.yaml") && bench.exists("l/index.json"))
    try await bench.kratix("package", "--unpack", "p", "-o", "u").succeeded()
    try await bench.kratix("package", "u", "-o", "q").succeeded()
    #expect(try bench.read("p") == bench.read("q"))
    try await bench.kratix("bump", "-f", "p", "--promise-version", "v1.0.0").succeeded()
    try await bench.kratix("validate", "-f", "p", "--against", "q", "--request", "d/example-resource.yaml").succeeded()
  }

  // MARK: Files

  struct File: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var text: String
    /// What validate says after the file's name; bump's sentences differ in their first words only.
    var sentence: String
  }

  static let files = [
    File(testDescription: "empty", text: "", sentence: "is empty"),
    File(testDescription: "no YAML", text: "a: [1\nb: {", sentence: "not YAML: "),
    File(testDescription: "a bomb", text: bomb, sentence: "the aliases of this document expand to too many values"),
    File(testDescription: "an anchor in itself", text: "a: &a [*a]\n", sentence: "or of what it is in"),
    File(testDescription: "a control character", text: "a: \u{0}\n", sentence: "control characters are not allowed"),
    File(
      testDescription: "50 MB", text: String(repeating: "# fifty\n", count: 6_250_000), sentence: "larger than 16 MiB"),
  ]

  @Test(arguments: files) func filesThatHoldNoPromise(_ file: File) async throws {
    let bench = try Workbench()
    try bench.write("wrong.yaml", file.text)
    try bench.write("promise.yaml", Self.promise())
    try bench.write("crd.yaml", Self.api)
    for (arguments, exitCode) in [
      (["bump", "-f", "wrong.yaml", "--image", "r.io/a:v2"], 1), (["validate", "-f", "wrong.yaml"], 2),
      (["validate", "-f", "promise.yaml", "--against", "wrong.yaml"], 2),
      (["validate", "-f", "crd.yaml", "--request", "wrong.yaml"], 2),
      (["package", "--unpack", "wrong.yaml", "-o", "unpacked"], 1),
    ] as [([String], Int32)] {
      let result = try await bench.run("kubectl", ["kratix"] + arguments)
      #expect(result.exitCode == exitCode, "\(result.command)")
      #expect(result.output.isEmpty)
      #expect(result.error.split(separator: "\n").count == 1, "\(result.error)")
      #expect(result.error.contains("wrong.yaml") && result.error.contains(file.sentence), "\(result.error)")
    }
    #expect(!bench.exists("unpacked"))
    #expect(try bench.read("wrong.yaml") == file.text)
  }

  @Test func filesThatAreReadOnly() async throws {
    let bench = try Workbench()
    try bench.write("promise.yaml", Self.promise())
    try bench.write("thing/api.yaml", Self.api)
    chmod(bench.path("promise.yaml"), 0o444)
    for arguments in [
      ["bump", "-f", "promise.yaml", "--image", "r.io/a:v2"], ["package", "thing", "-o", "promise.yaml"],
    ] {
      let result = try await bench.run("kubectl", ["kratix"] + arguments)
      #expect(result.exitCode == 1)
      #expect(
        result.error.hasSuffix("error: promise.yaml is read-only; allow writing with \"chmod u+w\" first\n"),
        "\(result.error)")
    }
    #expect(try bench.read("promise.yaml") == Self.promise())
  }

  /// A file system of 64 KiB with less left than the command writes: what was there stays, and nothing half-written is left.
  @Test(arguments: [
    ["bump", "-f", "full/promise.yaml", "--image", "r.io/a:v2"],
    ["package", "database", "-o", "full/promise.yaml"],
    ["package", "database", "-o", "promise.yaml", "--oci-layout", "full/layout"],
    ["package", "--unpack", "large.yaml", "-o", "full/unpacked"],
    ["init", "cache", "--group", "e2e.example.com", "--kind", "Cache", "--dir", "full/cache"],
  ])
  func disksThatAreFull(arguments: [String]) async throws {
    let bench = try Workbench()
    let api = Self.api.replacing(
      "type: object,\n", with: "description: \(String(repeating: "x", count: 16384)), type: object,\n")
    try bench.write("large.yaml", "metadata: {name: thing}\nspec: {api: \(api)}\n")
    try bench.write("small.yaml", Self.promise() + "# " + String(repeating: "x", count: 8192) + "\n")
    try bench.write("database/api.yaml", api)
    try FileManager.default.createDirectory(atPath: bench.path("full"), withIntermediateDirectories: true)
    let script = """
      cp small.yaml full/promise.yaml
      head -c 65536 /dev/zero > full/taken 2>/dev/null
      truncate -s 45056 full/taken
      find full | sort > before
      kubectl kratix "$@"; echo "exit code $?"
      find full | sort > after
      cmp small.yaml full/promise.yaml && cmp before after && echo unchanged
      """
    let result = try await bench.run(
      "bwrap",
      ["--dev-bind", "/", "/", "--size", "65536", "--tmpfs", bench.path("full"), "--chdir", bench.folder, "sh", "-c"]
        + [script, "sh"] + arguments)
    #expect(result.lines == ["exit code 1", "unchanged"], "\(result.output)\(result.error)")
    #expect(result.error.hasSuffix(": No space left on device\n"), "\(result.error)")
  }

  // MARK: Registries

  @Test(arguments: [
    (
      "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n",
      "the registry HOST refuses a without a login; log in with \"podman login HOST\" or \"docker login HOST\""
    ),
    ("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", "the registry HOST forbids you a"),
    (
      "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
      "the registry HOST has no repository a, or does not show it to you"
    ),
    (
      "HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\n\r\n",
      "the registry HOST takes no more requests now; try again later, or log in for a higher limit"
    ),
    (
      "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 3600\r\nContent-Length: 0\r\n\r\n",
      "the registry HOST takes no more requests now; try again in 3600 seconds"
    ),
    ("HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n", "the registry HOST answers with status 500"),
    ("", "the registry HOST gives no answer: the connection is closed without an answer"),
    (
      "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 15\r\n\r\n<html>Hi</html>",
      "HOST answers with HTML, not as a registry does; check the address"
    ),
  ])
  func registriesThatDoNotHelp(answer: String, sentence: String) async throws {
    let bench = try Workbench()
    let server = try OneAnswer(answer)
    let promise = Self.promise(image: "\(server.host)/a:v1")
    try bench.write("promise.yaml", promise)
    for arguments in [["--to", "latest"], ["--check"]] {
      let result = try await bench.run("kubectl", ["kratix", "bump", "-f", "promise.yaml"] + arguments)
      #expect(result.exitCode == 1)
      #expect(result.output.isEmpty)
      #expect(result.error == "error: \(sentence.replacing("HOST", with: server.host))\n")
    }
    #expect(try bench.read("promise.yaml") == promise)
  }
}
