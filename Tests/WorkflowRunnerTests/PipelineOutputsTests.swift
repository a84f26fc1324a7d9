import KratixModel
import Kubernetes
import Testing

@testable import WorkflowRunner

@Suite("What a pipeline leaves below /kratix/metadata")
struct PipelineOutputsTests {
  @Test("destination selectors: directories are cleaned, none is the default group")
  func selectors() throws {
    let selectors = try PipelineOutputs.parseDestinationSelectors(
      """
      - matchLabels: {environment: dev}
      - directory: ./platform//
        matchLabels: {environment: platform, zone: a}
      """)
    #expect(
      selectors == [
        DirectorySelector(directory: ".", matchLabels: ["environment": "dev"]),
        DirectorySelector(directory: "platform", matchLabels: ["environment": "platform", "zone": "a"]),
      ])
    #expect(try PipelineOutputs.parseDestinationSelectors("") == [])
    // A string is wanted, and YAML 1.1 gives something else.
    #expect(
      try PipelineOutputs.parseDestinationSelectors("- {directory: 1, matchLabels: {a: 2, b: y, c: 1.5, d: }}\n")
        == [DirectorySelector(directory: "1", matchLabels: ["a": "2", "b": "true", "c": "1.5", "d": ""])])
  }

  /// Each file and the text it is refused with (contract, section 5.5; the parser's own text is ours).
  @Test(
    "destination selectors that Kratix refuses",
    arguments: [
      ("- {directory: a}\n", "invalid destination-selectors.yaml: entry with index 0 has no selectors"),
      (
        "- matchLabels: {a: b}\n- directory: x\n  matchLabels: {}\n",
        "invalid destination-selectors.yaml: entry with index 1 has no selectors"
      ),
      (
        "- {matchLabels: {a: b}}\n- {directory: ., matchLabels: {c: d, a: b}}\n",
        "duplicate entries in destination-selectors.yaml: \n[{map[a:b] .} {map[a:b c:d] .}]"
      ),
      (
        "- {directory: a/b, matchLabels: {a: b}}\n",
        "invalid directory in destination-selectors.yaml: a/b, sub-directories are not allowed"
      ),
      (
        "- {directory: /a, matchLabels: {a: b}}\n",
        "invalid directory in destination-selectors.yaml: /a, sub-directories are not allowed"
      ),
      ("matchLabels: [\n", "invalid destination-selectors.yaml: line 2, column 1: "),
      ("a: b\n", "invalid destination-selectors.yaml: a list of {matchLabels, directory} is expected, not object"),
      (
        "- {matchLabels: {a: [b]}}\n",
        "invalid destination-selectors.yaml: matchLabels.a of the entry with index 0 is no string"
      ),
    ])
  func badSelectors(text: String, expected: String) throws {
    let error = #expect(throws: PipelineOutputError.self) { try PipelineOutputs.parseDestinationSelectors(text) }
    let said = try #require(error).description
    #expect(said.hasPrefix(expected), "\(said)")
  }

  @Test("status: any mapping without kratix")
  func status() throws {
    #expect(try PipelineOutputs.parseStatus("message: hi\nn: {a: 1}\n") == ["message": "hi", "n": ["a": 1]])
    #expect(try PipelineOutputs.parseStatus("# nothing\n") == nil)
    let error = #expect(throws: PipelineOutputError.self) { try PipelineOutputs.parseStatus("kratix: {}") }
    #expect(
      error?.description == "'kratix' is a kratix managed status field that cannot be updated via workflows; remove "
        + "update to 'kratix' from the '/kratix/metadata/status.yaml' file")
    let list = #expect(throws: PipelineOutputError.self) { try PipelineOutputs.parseStatus("- a") }
    #expect(list?.description == "invalid status.yaml: a mapping is expected, not array")
  }

  @Test("workflow control: Go durations, which have no days")
  func control() throws {
    #expect(
      try PipelineOutputs.parseWorkflowControl("suspend: true\nmessage: wait\nretryAfter: 1m30s\n")
        == WorkflowControl(suspend: true, message: "wait", retryAfter: .seconds(90)))
    #expect(try PipelineOutputs.parseWorkflowControl("") == WorkflowControl(suspend: false))
    let error = #expect(throws: PipelineOutputError.self) {
      try PipelineOutputs.parseWorkflowControl("retryAfter: 1d")
    }
    #expect(error?.description.hasPrefix("invalid workflow-control.yaml: retryAfter \"1d\" is no duration") == true)
  }

  @Test(
    "paths are cleaned as Go does it",
    arguments: [
      ("", "."), (".", "."), ("a//b/./c", "a/b/c"), ("a/../b", "b"), ("../a", "../a"), ("/../a", "/a"), ("a/..", "."),
      ("/", "/"), ("a/b/", "a/b"),
    ])
  func cleaning(path: String, expected: String) {
    #expect(PipelineOutputs.cleaned(path) == expected)
  }
}

@Suite("Dockerfiles")
struct DockerfileTests {
  @Test("the last stage's files, command, environment and directory")
  func reading() throws {
    let file = try Dockerfile(
      parsing: """
        # syntax=docker/dockerfile:1
        ARG BASE=alpine
        FROM golang:1.22 AS build
        RUN go build .
        FROM ${BASE}:3.20
        ARG NAME=demo
        ENV MODE=fast GREETING="hello world" \\
            HOME_OF=/opt/$NAME
        ENV OLD style value
        WORKDIR /app
        WORKDIR bin
        COPY --chmod=755 run.sh ./
        COPY ["a b.txt", "/data/"]
        ADD templates /templates
        RUN apk add --no-cache yq && chmod +x run.sh ; mkdir -p /var/cache/x
        USER 1000:2000
        ENTRYPOINT ["./run.sh"]
        CMD ["--mode", "a"]
        """)
    #expect(file.entrypoint == ["./run.sh"])
    #expect(file.command == ["--mode", "a"])
    #expect(
      file.environment == [
        .init(name: "MODE", value: "fast"), .init(name: "GREETING", value: "hello world"),
        .init(name: "HOME_OF", value: "/opt/demo"), .init(name: "OLD", value: "style value"),
      ])
    #expect(file.workingDirectory == "/app/bin")
    #expect(file.user == "1000:2000")
    #expect(
      file.copies.map { "\($0.sources) \($0.destination) \($0.mode.map { String($0, radix: 8) } ?? "-")" } == [
        "[\"run.sh\"] /app/bin/ 755", "[\"a b.txt\"] /data/ -", "[\"templates\"] /templates -",
      ])
    #expect(file.modeChanges == [.init(mode: "+x", path: "/app/bin/run.sh", isRecursive: false)])
    #expect(file.directories == ["/app", "/app/bin", "/var/cache/x"])
    #expect(file.notes == ["Dockerfile line 15: not run: apk add --no-cache yq"])
  }

  @Test("the shell form runs in a shell; an entry point drops the command that stood before it")
  func forms() throws {
    #expect(try Dockerfile(parsing: "FROM a\nCMD echo hi > x").command == ["/bin/sh", "-c", "echo hi > x"])
    let reset = try Dockerfile(parsing: "FROM a AS base\nCMD [\"x\"]\nFROM base\nENTRYPOINT [\"y\"]\n")
    #expect(reset.entrypoint == ["y"] && reset.command == [])
    let inherited = try Dockerfile(parsing: "FROM a AS base\nCMD [\"x\"]\nENV A=b\nFROM base\nUSER nobody\n")
    #expect(inherited.command == ["x"] && inherited.environment == [.init(name: "A", value: "b")])
  }

  /// What cannot be had without building: the line and why.
  @Test(
    "what would make another image is refused",
    arguments: [
      ("FROM a AS b\nFROM c\nCOPY --from=b /x /x\n", 3, "COPY --from=b takes files of another image"),
      ("FROM a\n\nADD https://example.com/x /x\n", 3, "ADD https://example.com/x is not a file of the directory"),
      ("FROM a\nCOPY x\n", 2, "COPY needs a source and a destination"),
      ("FROM a\nBREW tea\n", 2, "unknown instruction BREW"),
      ("# nothing\n", 1, "there is no FROM"),
    ])
  func refused(text: String, line: Int, reason: String) {
    let error = #expect(throws: Dockerfile.Failure.self) { try Dockerfile(parsing: text) }
    #expect(error == Dockerfile.Failure(line: line, reason: reason))
  }

  @Test("here-documents are skipped whole")
  func hereDocument() throws {
    let file = try Dockerfile(parsing: "FROM a\nRUN <<EOF\napk add x\nCOPY y z\nEOF\nCMD [\"x\"]\n")
    #expect(file.copies.isEmpty && file.command == ["x"])
  }

  @Test("no text makes the parser trap", arguments: [1, 2, 3, 4, 5])
  func noise(seed: UInt64) {
    var state = seed
    let pieces = [
      "FROM a\n", "COPY ", "[\"", "\\\n", "${", "$", "<<EOF", "ENV A", "=", "RUN chmod +x ", "\"", "\n", " ",
    ]
    for _ in 0..<500 {
      var text = ""
      for _ in 0..<12 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        text += pieces[Int(state >> 33) % pieces.count]
      }
      _ = try? Dockerfile(parsing: text)
    }
    #expect(state != seed)
  }
}

@Suite("Which directory stands for an image")
struct ImageMapTests {
  @Test("the reference as it is written, and the same image by other words")
  func references() {
    let map = ImageMap(["docker.io/library/alpine": "/a", "ghcr.io/x/y:v1": "/b"])
    #expect(map.directory(for: "alpine") == "/a")
    #expect(map.directory(for: "alpine:latest") == "/a")
    #expect(map.directory(for: "alpine:3") == nil)
    #expect(map.directory(for: "ghcr.io/x/y:v1") == "/b")
    #expect(map.directory(for: "ghcr.io/x/y:v2") == nil)
    #expect(
      map.missing("ghcr.io/x/y:v2")
        == "image ghcr.io/x/y:v2 is not mapped to a directory (mapped are alpine:latest, ghcr.io/x/y:v1); "
        + "say where its Dockerfile is: --image ghcr.io/x/y:v2=PATH")
  }

  @Test("a collection holds NAME/TAG")
  func collections() throws {
    let map = ImageMap(collections: [Project.root + "/examples/mongodb/pipelines"])
    let image = "ghcr.io/syntasso/kratix-marketplace/mongodb-configure-pipeline"
    #expect(map.directory(for: image + ":v0.2.0")?.hasSuffix("pipelines/mongodb-configure-pipeline/v0.2.0") == true)
    #expect(map.directory(for: image + ":v9") == nil)
    #expect(map.missing("x:1").contains("mongodb-configure-pipeline:v0.1.0"))
  }

  /// Arguments and what is said of them.
  @Test(
    "arguments that are none",
    arguments: [
      ("x", "--image x: REF=PATH is expected, an image and the directory of its Dockerfile"),
      ("X Y=/", "--image X Y=/: \"X Y\" is no image reference"),
      ("x=/none", "--image x=/none: there is no /none/Dockerfile"),
    ])
  func badArguments(argument: String, expected: String) {
    let error = #expect(throws: ImageMapError.self) { try ImageMap(parsing: [argument]) }
    #expect(error?.description == expected)
  }
}
