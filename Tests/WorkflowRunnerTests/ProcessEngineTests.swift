import Foundation
import KratixModel
import Kubernetes
import Synchronization
import Testing

@testable import WorkflowRunner

@Suite("Process engine")
struct ProcessEngineTests {
  let directory: TemporaryDirectory
  let engine: ProcessEngine

  init() throws {
    directory = try TemporaryDirectory()
    try directory.write("FROM scratch\n", to: "Dockerfile")
    engine = try ProcessEngine(images: ImageMap(["shell": directory.path]))
  }

  private func run(_ script: String, limits: WorkflowLimits = WorkflowLimits()) async throws -> WorkflowResult {
    try await engine.run(Runs.run([Runs.shell(script)]), limits: limits)
  }

  private func failure(
    _ script: String, limits: WorkflowLimits = WorkflowLimits(time: .seconds(20))
  ) async throws -> WorkflowFailure {
    do {
      _ = try await run(script, limits: limits)
    } catch let failure as WorkflowFailure {
      return failure
    }
    throw Unexpected()
  }

  private struct Unexpected: Error {}

  // MARK: What a container sees

  @Test("Kratix's variables, in order, then the author's")
  func environment() async throws {
    var container = Runs.shell("env > /kratix/output/env; printf '%s' \"$ARG\" \"$1\" > /kratix/output/arg")
    container["command"] = ["/bin/sh", "-ec"]
    container["args"] = [
      "tr '\\0' '\\n' < /proc/self/environ > /kratix/output/env; printf '%s' \"$TEXT|$SECRET|$1|$2\" > /kratix/output/arg",
      "sh", "$(KRATIX_OBJECT_NAME)", "$$(LITERAL) $(UNKNOWN)",
    ]
    container["env"] = [
      ["name": "TEXT", "value": "of $(KRATIX_PROMISE_NAME)\nand 'more'"],
      ["name": "SECRET", "valueFrom": ["secretKeyRef": ["name": "s", "key": "k"]]],
      ["name": "ABSENT", "valueFrom": ["secretKeyRef": ["name": "s", "key": "x", "optional": true]]],
    ]
    let run = Runs.run(
      [container], isDryRun: true,
      resolvedEnvironment: ["main": [.init(name: "FROM_MAP", value: "m"), .init(name: "SECRET", value: "s3cret")]])
    let result = try await engine.run(run)
    #expect(result.text("arg") == "of mongodb\nand 'more'|s3cret|mongo-v4|$(LITERAL) $(UNKNOWN)")
    let names = try #require(result.text("env")).split(separator: "\n").compactMap { line in
      line.contains("=") ? line.prefix { $0 != "=" } : nil
    }
    let kratix = try #require(names.firstIndex(of: "KRATIX_WORKFLOW_ACTION"))
    #expect(
      names[kratix...].prefix(15) == [
        "KRATIX_WORKFLOW_ACTION", "KRATIX_WORKFLOW_TYPE", "KRATIX_PROMISE_NAME", "KRATIX_PIPELINE_NAME",
        "KRATIX_OBJECT_KIND", "KRATIX_OBJECT_GROUP", "KRATIX_OBJECT_VERSION", "KRATIX_OBJECT_NAME",
        "KRATIX_OBJECT_NAMESPACE", "KRATIX_CRD_PLURAL", "KRATIX_CLUSTER_SCOPED", "KRATIX_DRY_RUN", "FROM_MAP", "TEXT",
        "SECRET",
      ])
    #expect(result.text("env")?.contains("KRATIX_CRD_PLURAL=mongodbs\n") == true)
  }

  @Test("a variable of the cluster that nobody resolved is told, not left out")
  func unresolved() async throws {
    var container = Runs.shell("true")
    container["env"] = [["name": "TOKEN", "valueFrom": ["secretKeyRef": ["name": "s", "key": "k"]]]]
    let run = Runs.run([container])
    let error = await #expect(throws: WorkflowFailure.self) { _ = try await engine.run(run) }
    #expect(
      error?.description == "container main of pipeline configure-workflow could not be run: "
        + "the value of TOKEN comes from the cluster, and was not given")
  }

  @Test("the object as YAML with sorted keys, read-only")
  func input() async throws {
    let result = try await run(
      "cp /kratix/input/object.yaml /kratix/output/; if (echo x > /kratix/input/object.yaml); then exit 3; fi 2>/dev/null"
    )
    #expect(result.text("object.yaml") == YAML.text(Runs.resource().json))
  }

  @Test("containers run in order and share output, metadata and emptyDir volumes")
  func sharing() async throws {
    var second = Runs.shell(
      "cat /scratch/x >> /kratix/output/log; echo 'message: two' > /kratix/metadata/status.yaml", name: "b")
    var first = Runs.shell("echo one > /kratix/output/log; echo two > /scratch/x", name: "a")
    for index in [0, 1] {
      let mounts: JSON = [["name": "tmp", "mountPath": "/scratch"]]
      if index == 0 { first["volumeMounts"] = mounts } else { second["volumeMounts"] = mounts }
    }
    let events = Mutex<[String]>([])
    let result = try await engine.run(
      Runs.run([first, second], volumes: [["name": "tmp", "emptyDir": [:]]]), limits: WorkflowLimits()
    ) { event in
      switch event {
      case .started(let name): events.withLock { $0.append("+\(name)") }
      case .finished(let name, let code): events.withLock { $0.append("-\(name) \(code)") }
      case .output: break
      }
    }
    #expect(result.text("log") == "one\ntwo\n")
    #expect(result.status == ["message": "two"])
    #expect(events.withLock { $0 } == ["+a", "-a 0", "+b", "-b 0"])
  }

  @Test("files in directory order, directories among them")
  func order() async throws {
    let result = try await run(
      "cd /kratix/output; mkdir -p b/c empty; for f in a.yaml b/z.yaml b/c/d.yaml b.yaml Z; do echo $f > $f; done")
    #expect(result.files.map(\.path) == ["Z", "a.yaml", "b/c/d.yaml", "b/z.yaml", "b.yaml"])
  }

  @Test("nothing of this machine but /usr; no home, no other processes, no network, no rights")
  func isolation() async throws {
    let secret = directory.path + "/secret"
    try directory.write("s", to: "secret")
    let result = try await run(
      """
      cd /kratix/output
      ls -A / > root; ls -A "$HOME" > home; ls /proc | grep -c '^[0-9]' > processes || true
      if [ -e '\(secret)' ] || [ -e '\(Project.root)' ]; then echo seen > leak; fi
      grep -c . /proc/net/dev > devices
      grep CapEff /proc/self/status > capabilities
      env | grep -c SHLVL_OF_TEST > variables || true
      if touch /usr/x 2>/dev/null; then echo written > usr; fi
      for f in /proc/sys/kernel/core_pattern /proc/sysrq-trigger; do if [ -w $f ]; then echo $f > kernel; fi; done
      if [ -e /etc/ssl/private ] || [ -e /etc/shadow ]; then echo seen > leak; fi
      touch /x /tmp/y
      """)
    #expect(result.text("leak") == nil && result.text("usr") == nil && result.text("kernel") == nil)
    #expect(result.text("home") == "")
    #expect(result.text("capabilities")?.hasSuffix("0000000000000000\n") == true)
    // Two lines of headings and the loopback.
    #expect(result.text("devices") == "3\n")
    let processes = try #require(result.text("processes").flatMap { Int($0.trimmingWhitespace) })
    #expect(processes < 8)
    let root = Set(try #require(result.text("root")).split(separator: "\n"))
    #expect(root.isSuperset(of: ["bin", "dev", "etc", "kratix", "proc", "tmp", "usr"]))
    #expect(root.isDisjoint(with: ["home", "work", "boot", "mnt", "sys"]))
  }

  // MARK: Images

  @Test("COPY, WORKDIR, ENV, chmod: files are where the Dockerfile puts them, may be changed, and stay as they were")
  func image() async throws {
    let image = try TemporaryDirectory()
    try image.write(
      """
      FROM alpine
      ENV GREETING=hello
      WORKDIR /app
      COPY run .
      COPY templates/ templates/
      COPY tool.sh /usr/bin/tool.sh
      COPY *.conf /etc/app/
      RUN chmod +x run /usr/bin/tool.sh
      CMD ["./run", "argument"]
      """, to: "Dockerfile")
    try image.write(
      "#!/bin/sh -e\nsed -i s/X/$GREETING/ templates/t.yaml\ncp templates/t.yaml /kratix/output/\n"
        + "tool.sh $1 > /kratix/output/tool\ncat /etc/app/* > /kratix/output/conf\ntouch new\n", to: "run")
    try image.write("v: X\n", to: "templates/t.yaml")
    try image.write("#!/bin/sh\necho tool $1; command -v awk\n", to: "tool.sh")
    try image.write("a\n", to: "a.conf")
    try image.write("b\n", to: "b.conf")
    let engine = try ProcessEngine(images: ImageMap(["app:1": image.path]))
    let run = Runs.run([["name": "main", "image": "app:1"]])
    for _ in 1...2 {
      let result = try await engine.run(run)
      #expect(result.text("t.yaml") == "v: hello\n")
      #expect(result.text("tool") == "tool argument\n/usr/bin/awk\n")
      #expect(result.text("conf") == "a\nb\n")
    }
    // What is edited beside the Dockerfile is what the next run takes.
    try image.write("v: X and more\n", to: "templates/t.yaml")
    #expect(try await engine.run(run).text("t.yaml") == "v: hello and more\n")
    #expect(try String(contentsOfFile: image.path + "/templates/t.yaml", encoding: .utf8) == "v: X and more\n")
  }

  /// The container's command and args over the image's ENTRYPOINT ["/bin/echo", "e"] and CMD ["c"].
  @Test(
    "command and args override as in Kubernetes",
    arguments: [
      ([String](), [String](), "e c"), ([], ["x"], "e x"), (["/bin/echo", "y"], [], "y"),
      (["/bin/echo", "y"], ["x"], "y x"),
    ])
  func overriding(command: [String], args: [String], expected: String) async throws {
    let image = try TemporaryDirectory()
    try image.write("FROM alpine\nENTRYPOINT [\"/bin/echo\", \"e\"]\nCMD [\"c\"]\n", to: "Dockerfile")
    let engine = try ProcessEngine(images: ImageMap(["echo": image.path]))
    let result = try await engine.run(
      Runs.run([["name": "main", "image": "echo", "command": JSON(command), "args": JSON(args)]]))
    #expect(result.logs.first?.text == expected + "\n")
  }

  @Test("an image that is not mapped, and one that cannot be had without building it")
  func unavailable() async throws {
    let run = Runs.run([["name": "main", "image": "other:2"]])
    let error = await #expect(throws: WorkflowFailure.self) { _ = try await engine.run(run) }
    #expect(
      error?.description == "container main of pipeline configure-workflow: image other:2 is not mapped to a directory "
        + "(mapped are shell:latest); say where its Dockerfile is: --image other:2=PATH")
    let image = try TemporaryDirectory()
    try image.write("FROM a AS b\nFROM c\nCOPY --from=b /x /x\n", to: "Dockerfile")
    let staged = try ProcessEngine(images: ImageMap(["other:2": image.path]))
    let second = await #expect(throws: WorkflowFailure.self) { _ = try await staged.run(run) }
    #expect(second?.description.contains("Dockerfile line 3: COPY --from=b takes files of another image") == true)
  }

  @Test("auto: what neither a directory nor the container engine has is told with both reasons")
  func autoWithoutImage() async throws {
    let fake = try TemporaryDirectory()
    try fake.write("#!/bin/sh\necho 'Error: pull access denied for other' >&2; exit 125\n", to: "engine", mode: 0o755)
    let engine = try AutoEngine(images: ImageMap(["shell": directory.path]), containerCommand: fake.path + "/engine")
    let run = Runs.run([["name": "main", "image": "other:2"]])
    let error = await #expect(throws: WorkflowFailure.self) { _ = try await engine.run(run) }
    let text = try #require(error).description
    #expect(text.contains("image other:2 is not mapped to a directory (mapped are shell:latest)"), "\(text)")
    #expect(text.hasSuffix("image other:2 cannot be had: pull access denied for other"), "\(text)")
    // The engine lacks the image of the directory, so that the process engine runs it.
    #expect(try await engine.run(Runs.run([Runs.shell("echo x > /kratix/output/x")])).text("x") == "x\n")
  }

  @Test("what the Dockerfile would install is named when the container fails")
  func notes() async throws {
    let image = try TemporaryDirectory()
    try image.write("FROM alpine\nRUN apk add yq\nCMD no-such-program\n", to: "Dockerfile")
    let engine = try ProcessEngine(images: ImageMap(["app": image.path]))
    let run = Runs.run([["name": "main", "image": "app"]])
    let error = await #expect(throws: WorkflowFailure.self) { _ = try await engine.run(run) }
    #expect(error?.reason == .exited(code: 127))
    #expect(error?.lastLines.first == "Dockerfile line 2: not run: apk add yq")
    #expect(error?.lastLines.last?.contains("no-such-program: not found") == true)
  }

  // MARK: Failures

  @Test("which container failed, how, and its last lines; later ones do not run")
  func exitCode() async throws {
    let run = Runs.run([
      Runs.shell("echo fine", name: "a"), Runs.shell("for i in 1 2 3; do echo line $i; done; exit 7", name: "b"),
      Runs.shell("echo never", name: "c"),
    ])
    let error = await #expect(throws: WorkflowFailure.self) { _ = try await engine.run(run) }
    #expect(error?.description == "container b of pipeline configure-workflow exited with code 7")
    #expect(error?.lastLines == ["line 1", "line 2", "line 3"])
    #expect(error?.logs.map(\.container) == ["a", "b"])
  }

  /// `$$` in a command is a `$`, as Kubernetes has it.
  @Test("killed by a signal: 128 and its number")
  func signal() async throws {
    #expect(try await failure("kill -9 $$$$").reason == .exited(code: 137))
  }

  @Test("a container that does not end is killed with all that it has started")
  func timeout() async throws {
    let began = ContinuousClock.now
    let failure = try await failure(
      "(trap '' TERM INT HUP; while :; do sleep 100; done) & trap '' TERM INT HUP; sleep 100",
      limits: WorkflowLimits(time: .seconds(2)))
    #expect(failure.reason == .timedOut(after: .seconds(2)))
    #expect(began.duration(to: .now) < .seconds(15))
  }

  @Test("a program left in the background does not keep a run from ending")
  func background() async throws {
    let began = ContinuousClock.now
    _ = try await run("sleep 100 & echo started")
    #expect(began.duration(to: .now) < .seconds(15))
  }

  @Test("cancelling ends the run; what was printed until then is there")
  func cancellation() async throws {
    let (outputs, output) = AsyncStream.makeStream(of: Void.self)
    let engine = engine
    let task = Task {
      try await engine.run(Runs.run([Runs.shell("echo waiting; sleep 100")]), limits: WorkflowLimits()) { event in
        if case .output = event { output.yield() }
      }
    }
    var iterator = outputs.makeAsyncIterator()
    await iterator.next()
    let began = ContinuousClock.now
    task.cancel()
    let error = await #expect(throws: WorkflowFailure.self) { _ = try await task.value }
    #expect(error?.reason == .engine("it was cancelled"))
    #expect(error?.lastLines == ["waiting"])
    #expect(began.duration(to: .now) < .seconds(15))
  }

  /// What is put out, and what is said of it.
  @Test(
    "output that cannot be taken is told in a sentence",
    arguments: [
      ("head -c 1100000000 /dev/zero > /kratix/output/big || true", "more than 1 MiB in /kratix/output"),
      ("while :; do head -c 900000 /dev/zero > /kratix/output/$((i=i+1)); done", "more than 1 MiB in /kratix/output"),
      (
        "i=0; while [ $i -lt 1100 ]; do : > /kratix/output/$i; i=$((i+1)); done",
        "more than 1000 files in /kratix/output"
      ),
      ("mkfifo /kratix/output/pipe", "/kratix/output/pipe is a FIFO; only files can be put out"),
      (
        "python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind(\"/kratix/output/s\")'",
        "/kratix/output/s is a socket; only files can be put out"
      ),
      (
        "ln -s /etc/passwd /kratix/output/l",
        "/kratix/output/l is a symbolic link that leaves /kratix/output (to /etc/passwd)"
      ),
      (
        "mkdir /kratix/output/d; ln -s ../../input/object.yaml /kratix/output/d/l",
        "/kratix/output/d/l is a symbolic link that leaves /kratix/output (to ../../input/object.yaml)"
      ),
      (
        "ln -s / /kratix/output/r; ln -s r/etc/hostname /kratix/output/l",
        "/kratix/output/l is a symbolic link that leaves /kratix/output (to r/etc/hostname)"
      ),
      ("ln -s a /kratix/output/b; ln -s b /kratix/output/a", "/kratix/output/a is a symbolic link in a circle"),
      ("ln -s none /kratix/output/l", "/kratix/output/l is a symbolic link to nothing"),
      (
        "cd /kratix/output; i=0; while [ $i -lt 80 ]; do mkdir d; cd d; i=$((i+1)); done",
        "directories in /kratix/output are nested more than 64 deep"
      ),
    ])
  func badOutput(script: String, expected: String) async throws {
    let failure = try await failure(
      script, limits: WorkflowLimits(time: .seconds(20), outputBytes: 1 << 20, outputFiles: 1000))
    #expect(failure.reason == .badOutput(expected), "\(failure)")
  }

  @Test("a volume cannot be filled without end either")
  func volumes() async throws {
    var container = Runs.shell("while :; do head -c 900000 /dev/zero > /scratch/$((i=i+1)); done")
    container["volumeMounts"] = [["name": "tmp", "mountPath": "/scratch"]]
    let run = Runs.run([container], volumes: [["name": "tmp", "emptyDir": [:]]])
    let limits = WorkflowLimits(time: .seconds(60), outputBytes: 1 << 20)
    let error = await #expect(throws: WorkflowFailure.self) { _ = try await engine.run(run, limits: limits) }
    #expect(error?.reason == .badOutput("more than 257 MiB in all its directories together"))
  }

  @Test("links within the output are followed")
  func links() async throws {
    let result = try await run(
      "cd /kratix/output; mkdir d; echo x > d/f; ln -s d/f l; ln -s /kratix/output/d/f m; ln -s l n")
    #expect(result.files.map(\.path) == ["d/f", "l", "m", "n"])
    #expect(result.text("m") == "x\n" && result.text("n") == "x\n")
  }

  /// A file below /kratix/metadata and what is said of it.
  @Test(
    "metadata that Kratix refuses",
    arguments: [
      ("echo 'kratix: {}' > status.yaml", "'kratix' is a kratix managed status field"),
      ("printf 'a: b: c' > status.yaml", "invalid status.yaml: line 1, column 5: "),
      ("echo '- {directory: a/b, matchLabels: {zone: west}}' > destination-selectors.yaml", "invalid directory in"),
      (
        "echo '- {directory: a, matchLabels: {zone: west}}' > destination-selectors.yaml",
        "destination-selectors.yaml names the directory a, which is not in /kratix/output"
      ),
      ("echo 'retryAfter: 1d' > workflow-control.yaml", "invalid workflow-control.yaml: retryAfter \"1d\""),
      ("mkfifo status.yaml", "/kratix/metadata/status.yaml is a FIFO, not a file"),
      ("ln -s /etc/passwd status.yaml", "/kratix/metadata/status.yaml is a symbolic link, not a file"),
      ("head -c 2000000 /dev/zero > status.yaml", "/kratix/metadata/status.yaml is larger than 1024 KiB"),
      ("printf '\\377' > status.yaml", "/kratix/metadata/status.yaml is no UTF-8"),
    ])
  func badMetadata(script: String, expected: String) async throws {
    let failure = try await failure("cd /kratix/metadata; \(script)")
    guard case .badMetadata(let text) = failure.reason else {
      Issue.record("\(failure)")
      return
    }
    #expect(text.hasPrefix(expected), "\(text)")
  }

  @Test("a suspended run needs no directories; a delete run puts nothing out")
  func suspension() async throws {
    let script =
      "echo '- {directory: a, matchLabels: {zone: west}}' > /kratix/metadata/destination-selectors.yaml; "
      + "echo 'suspend: true' > /kratix/metadata/workflow-control.yaml; echo x > /kratix/output/x"
    let suspended = try await run(script)
    #expect(suspended.control == WorkflowControl(suspend: true))
    let deleted = try await engine.run(Runs.run([Runs.shell(script)], action: .delete))
    #expect(deleted.files.isEmpty && deleted.destinationSelectors.isEmpty)
  }

  @Test("a log's end is kept, whatever its length")
  func logs() async throws {
    let result = try await run(
      "head -c 3000000 /dev/zero | tr '\\0' x; echo; echo end >&2", limits: WorkflowLimits(logBytes: 1000))
    let log = try #require(result.logs.first?.text)
    #expect(log.utf8.count == 1000 && log.hasSuffix("x\nend\n"))
  }

  @Test("a NUL in a value cannot become an option of the sandbox")
  func injection() async throws {
    var container = Runs.shell("true")
    container["env"] = [["name": "A", "value": "x\u{0}--bind\u{0}/\u{0}/host"]]
    let run = Runs.run([container])
    let error = await #expect(throws: WorkflowFailure.self) { _ = try await engine.run(run) }
    #expect(error?.reason == .unsound("its command or environment holds a NUL character"))
  }

  @Test("nothing is left behind, whatever the program did to its directories")
  func leftovers() async throws {
    let scratch = try ScratchDirectory("leftovers")
    let runner = ProcessRunner(images: ImageMap(["shell": directory.path]), scratch: scratch)
    let execution = PipelineExecution(scratch: scratch) { _ in runner }
    let run = Runs.run([
      Runs.shell("mkdir -p /kratix/metadata/a/b; touch /kratix/metadata/a/b/c; chmod 0 /kratix/metadata/a")
    ])
    _ = try await execution.run(run, limits: WorkflowLimits(), onEvent: { _ in })
    #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path) == ["images"])
  }

  @Test("twenty runs at once do not get into each other's way")
  func concurrency() async throws {
    let engine = engine
    let texts = try await withThrowingTaskGroup(of: (Int, String?).self) { group in
      for index in 0..<20 {
        group.addTask {
          let result = try await engine.run(
            Runs.run([Runs.shell("cat /kratix/output/x 2>/dev/null || true; echo \(index) > /kratix/output/x")]))
          return (index, result.text("x"))
        }
      }
      return try await group.reduce(into: [Int: String?]()) { $0[$1.0] = $1.1 }
    }
    #expect(texts.count == 20)
    for (index, text) in texts { #expect(text == "\(index)\n") }
  }

  /// A file that somebody has open for writing cannot be executed ("Text file busy"), and programs that are started
  /// take with them what this process has open, some for as long as they run. The engine's copies of an image's programs
  /// are never open for writing in this process, so that it does not matter what else is started.
  @Test("programs of an image can be executed whatever else is started meanwhile")
  func textFileBusy() async throws {
    let image = try TemporaryDirectory()
    try image.write("FROM alpine\nCOPY app /app\nCOPY tool /usr/bin/tool\nCMD [\"/app/run\"]\n", to: "Dockerfile")
    for index in 0..<40 { try image.write("#!/bin/sh\nexit 0\n", to: "app/\(index)", mode: 0o755) }
    try image.write(
      "#!/bin/sh -e\nfor file in /app/[0-9]* /usr/bin/tool; do $file; done\n", to: "app/run", mode: 0o755)
    try image.write("#!/bin/sh\nexit 0\n", to: "tool", mode: 0o755)
    let engine = try ProcessEngine(images: ImageMap(["app:1": image.path]))
    let isOver = Mutex(false)
    // They close nothing of what they take with them, and live for longer than a copy takes.
    let starters = (0..<12).map { _ in
      Thread {
        while !isOver.withLock({ $0 }) {
          let words = [strdup("sleep"), strdup("0.3")]
          defer { for word in words { free(word) } }
          var processID: pid_t = 0
          guard posix_spawn(&processID, "/bin/sleep", nil, nil, words + [nil], nil) == 0 else { return }
          var status: Int32 = 0
          waitpid(processID, &status, 0)
        }
      }
    }
    for starter in starters { starter.start() }
    defer { isOver.withLock { $0 = true } }
    let run = Runs.run([["name": "main", "image": "app:1"]])
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<4 {
        group.addTask { for _ in 0..<15 { _ = try await engine.run(run) } }
      }
      try await group.waitForAll()
    }
  }
}
