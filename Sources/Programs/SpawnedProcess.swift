import Foundation
import Synchronization

/// A running program and this side of its pipes.
///
/// Two threads serve it, one that waits for its end and one that moves bytes. They share nothing with other runs: no
/// table of descriptors or processes can be stale.
final class SpawnedProcess: Sendable {
  private let processID: pid_t
  private let isInteractive: Bool
  private let input: [UInt8]
  private let inputEnd: Descriptor
  private let outputEnd: Descriptor
  private let errorEnd: Descriptor
  /// Readable once the program has ended.
  private let ended: Descriptor
  private let endedWriter: Descriptor
  /// Whether the process is there no more: its number may be another's.
  private let isReaped = Mutex(false)

  init(_ program: Program) throws(ProgramError) {
    let path = try program.path()
    func check(_ code: Int32) throws(ProgramError) {
      if code != 0 { throw ProgramError(program: program.executable, code: code) }
    }
    func pipe() throws(ProgramError) -> (read: Descriptor, write: Descriptor) {
      do { return try Descriptor.pipe() } catch { throw ProgramError(program: program.executable, code: error.code) }
    }
    let stdin = try pipe()
    let stdout = try pipe()
    let stderr = try pipe()
    let signal = try pipe()

    var actions = posix_spawn_file_actions_t()
    try check(posix_spawn_file_actions_init(&actions))
    defer { posix_spawn_file_actions_destroy(&actions) }
    try check(posix_spawn_file_actions_adddup2(&actions, stdout.write.number, STDOUT_FILENO))
    if !program.isInteractive {
      try check(posix_spawn_file_actions_adddup2(&actions, stdin.read.number, STDIN_FILENO))
      try check(posix_spawn_file_actions_adddup2(&actions, stderr.write.number, STDERR_FILENO))
    }

    var attributes = posix_spawnattr_t()
    try check(posix_spawnattr_init(&attributes))
    defer { posix_spawnattr_destroy(&attributes) }
    // A group of its own: a signal from the terminal is for this process to handle, and all of it can be killed. No
    // signal is blocked or ignored because it is so here.
    let group = program.isInteractive ? 0 : POSIX_SPAWN_SETPGROUP
    try check(
      posix_spawnattr_setflags(
        &attributes, Int16(Int(group) | Int(POSIX_SPAWN_SETSIGMASK) | Int(POSIX_SPAWN_SETSIGDEF))))
    try check(posix_spawnattr_setpgroup(&attributes, 0))
    var signals = sigset_t()
    sigemptyset(&signals)
    try check(posix_spawnattr_setsigmask(&attributes, &signals))
    sigfillset(&signals)
    try check(posix_spawnattr_setsigdefault(&attributes, &signals))

    let words = [program.executable] + program.arguments
    let variables = program.environment.map { "\($0.key)=\($0.value)" }.sorted()
    var argv = words.map { strdup($0) } + [nil]
    var envp = variables.map { strdup($0) } + [nil]
    defer { for word in argv + envp { free(word) } }
    var processID: pid_t = 0
    try check(posix_spawn(&processID, path, &actions, &attributes, &argv, &envp))

    self.processID = processID
    isInteractive = program.isInteractive
    self.input = program.input
    inputEnd = stdin.write
    outputEnd = stdout.read
    errorEnd = stderr.read
    ended = signal.read
    endedWriter = signal.write
    for end in [stdin.write, stdout.read, stderr.read] {
      _ = fcntl(end.number, F_SETFL, fcntl(end.number, F_GETFL) | O_NONBLOCK)
    }
    // The other ends close with this scope: the program alone holds them.
  }

  /// Ends the program and all that it has started; of one that a person talks to, which has no group of its own, the
  /// program alone.
  func kill() {
    isReaped.withLock { isReaped in
      if isReaped { return }
      if isInteractive { _ = Glibc.kill(processID, SIGKILL) } else { ProcessTree.kill(processID) }
    }
  }

  /// Serves the program until it has ended, and reaps it. Called once.
  func finish(onOutput: (Program.Stream, [UInt8]) -> Void) -> Program.Ending {
    // What is written to a program that reads no more is an error of the write here, not the end of this process.
    var pipes = sigset_t()
    sigemptyset(&pipes)
    sigaddset(&pipes, SIGPIPE)
    pthread_sigmask(SIG_BLOCK, &pipes, nil)
    Thread.detachNewThread { [self] in
      var information = siginfo_t()
      while waitid(P_PID, id_t(processID), &information, WEXITED | WNOWAIT) != 0, errno == EINTR {}
      endedWriter.close()
    }
    moveBytes(onOutput)
    var status: Int32 = 0
    isReaped.withLock { isReaped in
      while waitpid(processID, &status, 0) < 0, errno == EINTR {}
      isReaped = true
    }
    let signal = status & 0x7f
    return signal == 0 ? .exited((status >> 8) & 0xff) : .signalled(signal)
  }

  private func moveBytes(_ onOutput: (Program.Stream, [UInt8]) -> Void) {
    var left = input[...]
    if left.isEmpty { inputEnd.close() }
    var open: [Program.Stream] = [.output, .error]
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    func end(of stream: Program.Stream) -> Descriptor { stream == .output ? outputEnd : errorEnd }
    while true {
      var polled = [pollfd(fd: ended.number, events: Int16(POLLIN), revents: 0)]
      polled += open.map { pollfd(fd: end(of: $0).number, events: Int16(POLLIN), revents: 0) }
      if !left.isEmpty { polled.append(pollfd(fd: inputEnd.number, events: Int16(POLLOUT), revents: 0)) }
      if poll(&polled, nfds_t(polled.count), -1) < 0, errno != EINTR { break }
      let hasEnded = polled[0].revents != 0
      for stream in open {
        // All that a pipe can hold: after the program's end nothing more of its own comes.
        reading: for _ in 0..<64 {
          let count = end(of: stream).read(into: &buffer)
          switch count {
          case 1...: onOutput(stream, Array(buffer[..<count]))
          case 0:
            open.removeAll { $0 == stream }
            break reading
          default: break reading
          }
        }
      }
      if hasEnded { break }
      if !left.isEmpty {
        switch inputEnd.write(left) {
        case let count where count >= 0: left = left.dropFirst(count)
        // It does not read what it was given.
        case -1 where errno != EAGAIN && errno != EINTR: left = []
        default: break
        }
        if left.isEmpty { inputEnd.close() }
      }
    }
    for descriptor in [inputEnd, outputEnd, errorEnd] { descriptor.close() }
  }
}
