import Foundation

/// A process and all that it has started, as far as that is still below it.
///
/// A program may start others in groups of their own, and those may be told only by the end of their parent that they
/// are to end too: in the moment before they have asked to be told, killing the parent alone leaves them running.
enum ProcessTree {
  /// Ends a process, its group and all processes below it, at whatever depth and in whatever group.
  ///
  /// All are stopped first, parents before children, so that none can start another unseen.
  /// - Parameter root: a process that is not reaped yet, and leads a group.
  static func kill(_ root: pid_t) {
    _ = Glibc.kill(-root, SIGSTOP)
    var found: Set<pid_t> = [root]
    while true {
      let more = parents().filter { found.contains($0.value) && !found.contains($0.key) }.keys
      if more.isEmpty { break }
      for process in more { _ = Glibc.kill(process, SIGSTOP) }
      found.formUnion(more)
    }
    _ = Glibc.kill(-root, SIGKILL)
    for process in found { _ = Glibc.kill(process, SIGKILL) }
  }

  /// The parent of each process there is.
  static func parents() -> [pid_t: pid_t] {
    var parents: [pid_t: pid_t] = [:]
    guard let folder = opendir("/proc") else { return [:] }
    defer { closedir(folder) }
    while let entry = readdir(folder) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      guard let process = pid_t(name), let parent = parent(of: process) else { continue }
      parents[process] = parent
    }
    return parents
  }

  /// Read from `/proc/PID/stat`, whose second word, the name in parentheses, may hold anything: the fourth is the parent.
  private static func parent(of process: pid_t) -> pid_t? {
    let descriptor = open("/proc/\(process)/stat", O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var buffer = [UInt8](repeating: 0, count: 512)
    let count = read(descriptor, &buffer, buffer.count)
    guard count > 0, let end = buffer[..<count].lastIndex(of: UInt8(ascii: ")")) else { return nil }
    let words = buffer[(end + 1)..<count].split(separator: UInt8(ascii: " "))
    return words.count > 1 ? pid_t(String(decoding: words[1], as: UTF8.self)) : nil
  }
}
