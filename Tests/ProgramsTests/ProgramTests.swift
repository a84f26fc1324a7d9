import Foundation
import Synchronization
import Testing

@testable import Programs

/// Real programs: what they leave, and what becomes of them.
@Suite(.timeLimit(.minutes(1))) struct ProgramTests {
  private func shell(_ script: String, input: [UInt8] = []) -> Program {
    Program("sh", ["-c", script], environment: ["PATH": "/usr/bin:/bin"], input: input)
  }

  /// script, its ending, its output, its error
  @Test(
    arguments: [
      ("echo out; echo err >&2", .exited(0), "out\n", "err\n"),
      ("exit 3", .exited(3), "", ""),
      ("kill -9 $$", .signalled(9), "", ""),
      // Nothing of this process's environment.
      ("env | grep -v -e PWD -e _= -e SHLVL", .exited(0), "PATH=/usr/bin:/bin\n", ""),
      // Its input has an end, also when there is none.
      ("cat", .exited(0), "", ""),
      // A group of its own.
      ("ps -o pgid= -p $$ | tr -d ' \n'; test $(ps -o pgid= -p $$) = $$ && echo own", .exited(0), nil, ""),
    ] as [(String, Program.Ending, String?, String)])
  func endings(script: String, ending: Program.Ending, output: String?, error: String) async throws {
    let result = try await shell(script).collect()
    #expect(result.ending == ending)
    if let output { #expect(result.outputText == output) } else { #expect(result.outputText.hasSuffix("own\n")) }
    #expect(result.errorText == error)
  }

  @Test func codesAreAShells() {
    #expect(Program.Ending.exited(7).code == 7 && Program.Ending.signalled(15).code == 143)
  }

  @Test func muchGoesInAndOut() async throws {
    let input = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    let result = try await shell("cat", input: input).collect(limit: 4 << 20)
    #expect(result.output == input)
    let cut = try await shell("cat", input: input).collect(limit: 1000)
    #expect(cut.output == Array(input.prefix(1000)) && cut.succeeded)
  }

  @Test func aProgramNeedNotReadItsInput() async throws {
    let result = try await shell("exit 0", input: [UInt8](repeating: 1, count: 1 << 20)).collect()
    #expect(result.succeeded)
  }

  @Test(
    arguments: [
      ("no-such-program", ENOENT, "no-such-program is not installed"),
      ("/no/such/program", ENOENT, "/no/such/program is not installed"),
      ("/etc/passwd", EACCES, "/etc/passwd cannot be started: Permission denied"),
    ])
  func whatCannotBeStarted(program: String, code: Int32, sentence: String) async throws {
    let error = await #expect(throws: ProgramError.self) { try await Program(program).collect() }
    #expect(error?.code == code && error?.description == sentence)
  }

  /// The run ends with the program, whatever it leaves behind holding its streams.
  @Test func somethingLeftBehindDoesNotHoldTheRun() async throws {
    let result = try await shell("sleep 50 & echo $!").collect()
    let left = try #require(pid_t(result.outputText.trimmingCharacters(in: .whitespacesAndNewlines)))
    #expect(result.succeeded)
    #expect(kill(left, SIGKILL) == 0)
  }

  /// Cancelled, it takes all that it started with it: the script holds the fifo open.
  @Test(arguments: [
    "sleep 50 & echo started; wait",
    // A shell with job control gives each job a group of its own.
    "set -m; sh -c 'sleep 50 & echo started; wait' & wait",
    // One that goes on by itself when its parent is gone, with a child in another session.
    "trap '' HUP TERM; setsid sh -c 'setsid sleep 50 & echo started; wait; sleep 50' & wait",
  ])
  func aCancelledRunLeavesNothing(script: String) async throws {
    let fifo = NSTemporaryDirectory() + "/programs-\(UUID().uuidString)"
    #expect(mkfifo(fifo, 0o600) == 0)
    defer { unlink(fifo) }
    let end = open(fifo, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
    defer { close(end) }
    let (lines, continuation) = AsyncStream<Void>.makeStream()
    let program = shell("exec 3> '\(fifo)'; \(script)")
    let running = Task { try await program.run { _, _ in continuation.yield() } }
    try #require(await lines.contains { true })
    running.cancel()
    await #expect(throws: CancellationError.self) { try await running.value }
    // It ends when nobody has it open any more: killed with it, the child goes at once, and not after 50 s.
    let began = ContinuousClock.now
    var polled = pollfd(fd: end, events: Int16(POLLIN), revents: 0)
    var byte: UInt8 = 0
    #expect(poll(&polled, 1, 30_000) == 1 && read(end, &byte, 1) == 0)
    #expect(began.duration(to: .now) < .seconds(30))
  }

  @Test func manyAtOnceKeepTheirOwn() async throws {
    func open() throws -> Int { try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count }
    let before = try open()
    try await withThrowingTaskGroup(of: Void.self) { group in
      for number in 0..<200 {
        group.addTask {
          let result = try await shell("cat; exit \(number % 7)", input: Array("\(number)".utf8)).collect()
          #expect(result.outputText == "\(number)" && result.ending.code == Int32(number % 7))
        }
      }
      try await group.waitForAll()
    }
    // 800 were opened; the last threads may still be at their end.
    #expect(try open() < before + 20)
  }
}
