import Foundation
import KratixModel
import Kubernetes
import Programs
import Testing

@testable import WorkflowRunner

/// podman with a storage of its own below the build directory, and an image made of busybox alone.
private struct Podman: Sendable {
  static let image = "localhost/workflow-runner-test:1"
  /// nil where podman cannot be made to run: then `reason` says why.
  static let shared = Task { await start() }

  let options: [String]
  let environment: [String: String]

  func engine() throws -> ContainerEngine {
    try ContainerEngine(command: "podman", options: options, environment: environment)
  }

  /// What podman prints.
  func output(_ arguments: String...) async throws -> String {
    try await Program("podman", options + arguments, environment: environment).collect().outputText
  }

  private static func start() async -> Podman? {
    guard ContainerEngine.installedCommand() == "podman" else { return nil }
    let directory = Project.root + "/.build/podman-test"
    let context = directory + "/image"
    do {
      try FileManager.default.createDirectory(atPath: context, withIntermediateDirectories: true)
      // A static busybox is the one program that runs without anything else in the image.
      try? FileManager.default.removeItem(atPath: context + "/busybox")
      try FileManager.default.copyItem(atPath: "/usr/bin/busybox", toPath: context + "/busybox")
      try """
      FROM scratch
      COPY busybox /bin/busybox
      COPY busybox /bin/sh
      ENV GREETING=hello
      ENTRYPOINT ["/bin/busybox", "echo"]
      CMD ["default"]
      """.write(toFile: context + "/Dockerfile", atomically: true, encoding: .utf8)
      try """
      [engine]
      runtime = "runc"
      [containers]
      default_ulimits = ["nofile=1024:1024", "nproc=2048:2048"]
      """.write(toFile: directory + "/containers.conf", atomically: true, encoding: .utf8)
    } catch {
      return nil
    }
    var environment = ProcessInfo.processInfo.environment
    environment["CONTAINERS_CONF"] = directory + "/containers.conf"
    let podman = Podman(
      options: ["--root", directory + "/root", "--runroot", directory + "/runroot"], environment: environment)
    for arguments in [["build", "--quiet", "--tag", image, context], ["run", "--rm", "--network", "none", image]] {
      let program = Program("podman", podman.options + arguments, environment: environment)
      guard (try? await program.collect())?.succeeded == true else { return nil }
    }
    return podman
  }
}

@Suite(
  "Container engine", .serialized,
  .enabled("podman cannot run a container here, or there is no static busybox") { await Podman.shared.value != nil })
struct ContainerEngineTests {
  private func podman() async throws -> Podman { try #require(await Podman.shared.value) }

  private func shell(_ script: String, name: String = "main") -> JSON {
    ["name": .string(name), "image": .string(Podman.image), "command": ["/bin/sh", "-ec", .string(script)]]
  }

  @Test("input, output, metadata and environment as in the process engine")
  func contract() async throws {
    var container = shell(
      """
      PATH=/bin; busybox cp /kratix/input/object.yaml /kratix/output/
      if (echo x > /kratix/input/object.yaml) 2>/dev/null; then exit 3; fi
      busybox env > /kratix/output/env
      echo "message: $TEXT" > /kratix/metadata/status.yaml
      busybox grep -c . /proc/net/dev > /kratix/output/devices
      """)
    container["env"] = [["name": "TEXT", "value": "of $(KRATIX_OBJECT_NAME)"], ["name": "LINES", "value": "a\nb"]]
    let result = try await podman().engine().run(Runs.run([container, shell("echo two >> /kratix/output/env")]))
    #expect(result.text("object.yaml") == YAML.text(Runs.resource().json))
    #expect(result.status == ["message": "of mongo-v4"])
    let environment = try #require(result.text("env"))
    for line in ["KRATIX_WORKFLOW_TYPE=resource", "KRATIX_CRD_PLURAL=mongodbs", "LINES=a\nb", "GREETING=hello", "two"] {
      #expect(environment.contains(line + "\n"), "\(line)")
    }
    // Two lines of headings and the loopback.
    #expect(result.text("devices") == "3\n")
  }

  /// The container's command and args over the image's ENTRYPOINT and CMD.
  @Test(
    "command and args override as in Kubernetes",
    arguments: [
      ([String](), [String](), "default"), ([], ["x", "y"], "x y"), (["/bin/busybox", "echo", "z"], [], "z"),
      (["/bin/busybox", "echo", "z"], ["x"], "z x"),
    ])
  func overriding(command: [String], args: [String], expected: String) async throws {
    let result = try await podman().engine().run(
      Runs.run([
        ["name": "main", "image": .string(Podman.image), "command": JSON(command), "args": JSON(args)]
      ]))
    #expect(result.logs.first?.text == expected + "\n")
  }

  @Test("failures: the exit code and the last lines; an image that cannot be had")
  func failures() async throws {
    let engine = try await podman().engine()
    let failing = Runs.run([shell("echo oh no; exit 4")])
    let error = await #expect(throws: WorkflowFailure.self) { _ = try await engine.run(failing) }
    #expect(error?.reason == .exited(code: 4))
    #expect(error?.lastLines == ["oh no"])
    let missing = Runs.run([["name": "main", "image": "localhost/no-such-image:1"]])
    let unavailable = await #expect(throws: WorkflowFailure.self) { _ = try await engine.run(missing) }
    guard case .imageUnavailable(let text)? = unavailable?.reason else {
      Issue.record("\(String(describing: unavailable))")
      return
    }
    #expect(text.hasPrefix("image localhost/no-such-image:1 cannot be had: "))
  }

  @Test("a container that does not end is removed")
  func timeout() async throws {
    let podman = try await podman()
    let run = Runs.run([shell("echo waiting; while :; do /bin/busybox sleep 100; done")])
    let engine = try podman.engine()
    let error = await #expect(throws: WorkflowFailure.self) {
      _ = try await engine.run(run, limits: WorkflowLimits(time: .seconds(3)))
    }
    #expect(error?.reason == .timedOut(after: .seconds(3)))
    #expect(try await podman.output("ps", "--all", "--quiet", "--filter", "name=kratix-") == "")
  }

  @Test("auto: the container engine for an image that it has, the process engine for one that only a directory has")
  func auto() async throws {
    let podman = try await podman()
    #expect(await podman.runner.hasImage(Podman.image))
    #expect(await podman.runner.hasImage("localhost/no-such-image:1") == false)
    let directory = try TemporaryDirectory()
    try directory.write("FROM alpine\nCMD [\"/bin/echo\", \"from the directory\"]\n", to: "Dockerfile")
    let engine = try AutoEngine(
      images: ImageMap([Podman.image: directory.path, "localhost/no-such-image:1": directory.path]),
      containers: podman.runner)
    let result = try await engine.run(
      Runs.run([
        ["name": "a", "image": .string(Podman.image)], ["name": "b", "image": "localhost/no-such-image:1"],
      ]))
    #expect(result.logs.map(\.text) == ["default\n", "from the directory\n"])
  }
}

extension Podman {
  fileprivate var runner: ContainerCommandRunner {
    ContainerCommandRunner(command: "podman", options: options, environment: environment)
  }
}
