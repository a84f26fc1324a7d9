import Foundation

/// What the kernel says of a process of this machine: some of `/proc/PID/stat`.
public struct ProcessStatus: Sendable, Hashable {
  public var parent: Int32
  /// When it began, in the kernel's ticks: with its number, one process and no other of this boot.
  public var start: String
  /// Whether it has ended, and only was not waited for.
  public var isZombie: Bool

  /// - Parameter process: its number; nil when there is no such process.
  public init?(of process: Int32) {
    guard let stat = FileManager.default.contents(atPath: "/proc/\(process)/stat"),
      // The second word, the name in parentheses, may hold anything; those after it hold no space.
      let name = stat.lastIndex(of: UInt8(ascii: ")"))
    else { return nil }
    let words = String(decoding: stat[(name + 1)...], as: UTF8.self).split(separator: " ")
    guard words.count > 19, let parent = Int32(words[1]) else { return nil }
    self.parent = parent
    start = String(words[19])
    isZombie = words[0] == "Z"
  }
}
