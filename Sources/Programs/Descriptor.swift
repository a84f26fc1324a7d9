import Foundation
import Synchronization

/// A file descriptor, closed once: by `close`, or with its last reference.
final class Descriptor: Sendable {
  struct Failure: Error {
    /// errno.
    var code: Int32
  }

  let number: Int32
  private let isOpen = Mutex(true)

  /// - Parameter number: an open descriptor; from now on this object's.
  init(_ number: Int32) { self.number = number }

  deinit { close() }

  func close() {
    isOpen.withLock { isOpen in
      if isOpen { _ = Glibc.close(number) }
      isOpen = false
    }
  }

  /// Both ends of a pipe, above the three standard numbers even when those are free, and closed in other programs.
  static func pipe() throws(Failure) -> (read: Descriptor, write: Descriptor) {
    var ends: [Int32] = [-1, -1]
    guard Glibc.pipe(&ends) == 0 else { throw Failure(code: errno) }
    defer { for end in ends { _ = Glibc.close(end) } }
    func moved(_ end: Int32) throws(Failure) -> Descriptor {
      let number = fcntl(end, F_DUPFD_CLOEXEC, 3)
      guard number >= 0 else { throw Failure(code: errno) }
      return Descriptor(number)
    }
    return (try moved(ends[0]), try moved(ends[1]))
  }

  /// What `read(2)` returns.
  func read(into buffer: inout [UInt8]) -> Int {
    buffer.withUnsafeMutableBytes { Glibc.read(number, $0.baseAddress, $0.count) }
  }

  /// What `write(2)` returns; a reader that is gone is an error, never a signal.
  func write(_ bytes: ArraySlice<UInt8>) -> Int {
    bytes.withUnsafeBytes { Glibc.write(number, $0.baseAddress, $0.count) }
  }
}
