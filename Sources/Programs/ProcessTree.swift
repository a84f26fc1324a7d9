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
  private static func parents() -> [pid_t: pid_t] {
    let processes = ((try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []).compactMap { pid_t($0) }
    return Dictionary(
      processes.compactMap { process in ProcessStatus(of: process).map { (process, $0.parent) } },
      uniquingKeysWith: { first, _ in first })
  }
}
