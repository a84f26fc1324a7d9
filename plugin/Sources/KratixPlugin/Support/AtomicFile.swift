import Foundation

/// Files are written whole or not at all: to a temporary file beside the target, synchronised, then renamed.
enum AtomicFile {
  /// Writes `bytes` to `path`. An existing file keeps its mode; through a symbolic link, the file it leads to is
  /// replaced, and the link stays.
  /// - Throws: `Failure` naming the path and the system's reason; the old content is then untouched.
  static func write(_ bytes: [UInt8], to path: String, mode: mode_t = 0o644) throws(Failure) {
    let target = resolvingLinks(path)
    var information = stat()
    let exists = stat(target, &information) == 0
    if exists, access(target, W_OK) != 0 { throw failure(path, "cannot be written") }
    if exists, information.st_mode & S_IFMT == S_IFDIR { throw Failure("\(path) is a directory, not a file") }
    let temporary = "\(target).\(getpid()).\(UInt32.random(in: 0...UInt32.max)).tmp"
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw failure(path, "cannot be written") }
    var reason: Failure?
    var written = 0
    while written < bytes.count, reason == nil {
      let count = bytes[written...].withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      if count < 0 { reason = failure(path, "cannot be written") } else { written += count }
    }
    if reason == nil, fchmod(descriptor, exists ? information.st_mode & 0o7777 : mode) != 0 || fsync(descriptor) != 0 {
      reason = failure(path, "cannot be written")
    }
    if close(descriptor) != 0, reason == nil { reason = failure(path, "cannot be written") }
    if reason == nil, rename(temporary, target) != 0 { reason = failure(path, "cannot be replaced") }
    if let reason {
      unlink(temporary)
      throw reason
    }
  }

  /// The bytes of a file, or of standard input for `-`.
  /// - Throws: `Failure` naming the path when it cannot be read, or holds more than `limit` bytes.
  static func read(_ path: String, limit: Int = 64 << 20) throws(Failure) -> [UInt8] {
    let descriptor = path == "-" ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw failure(path, "cannot be read") }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 64 << 10)
    while true {
      let count = buffer.withUnsafeMutableBytes { Foundation.read(descriptor, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw failure(path, "cannot be read") }
      if count == 0 { return bytes }
      bytes.append(contentsOf: buffer[..<count])
      guard bytes.count <= limit else { throw Failure("\(path) is larger than \(limit >> 20) MiB") }
    }
  }

  private static func resolvingLinks(_ path: String) -> String {
    guard let resolved = realpath(path, nil) else { return path }
    defer { free(resolved) }
    return String(cString: resolved)
  }

  private static func failure(_ path: String, _ what: String) -> Failure {
    Failure("\(path) \(what): \(String(cString: strerror(errno)))")
  }
}
