import Foundation
import Sandbox

/// Starts this program again in a session of its own, and hears from it once.
enum Detached {
  /// The file descriptor on which the started process reports.
  static let reportDescriptor: Int32 = 3
  /// POSIX_SPAWN_SETSID of glibc's <spawn.h>, which the headers give to _GNU_SOURCE only.
  private static let setSession: Int16 = 0x80

  /// - Parameters:
  ///   - arguments: without the program's name.
  ///   - log: where its output goes, appended.
  /// - Returns: what the process reported before it closed the descriptor, and its id.
  /// - Throws: `Failure` when it cannot be started.
  static func start(_ arguments: [String], log: String) throws(Failure) -> (report: String, processID: pid_t) {
    var ends: [Int32] = [0, 0]
    guard pipe(&ends) == 0 else { throw failure("a pipe", errno) }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    defer { close(ends[0]) }
    let output = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
    guard output >= 0 else {
      close(ends[1])
      throw failure(log, errno)
    }
    defer { close(output) }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO)
    posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO)
    posix_spawn_file_actions_adddup2(&actions, ends[1], reportDescriptor)
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    posix_spawnattr_setflags(&attributes, setSession)
    let words = ["kubectl-kratix"] + arguments
    var argv: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
    defer { for word in argv { free(word) } }
    var processID: pid_t = 0
    let code = posix_spawn(&processID, "/proc/self/exe", &actions, &attributes, &argv, environ)
    close(ends[1])
    guard code == 0 else { throw failure("this program", code) }
    return (readAll(ends[0]), processID)
  }

  /// Says the one thing that the starter waits for.
  static func report(_ text: String, to descriptor: Int32) {
    let bytes = Array(text.utf8)
    _ = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
    close(descriptor)
  }

  private static func readAll(_ descriptor: Int32) -> String {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = buffer.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      if count <= 0 { return String(decoding: bytes, as: UTF8.self) }
      bytes.append(contentsOf: buffer[..<count])
    }
  }

  private static func failure(_ what: String, _ code: Int32) -> Failure {
    Failure("\(what) cannot be started: \(String(cString: strerror(code)))")
  }
}
