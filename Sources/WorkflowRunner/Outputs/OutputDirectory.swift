import Foundation

/// Reads a directory that untrusted programs have written: nothing in it can make the reader hang, leave the directory
/// or run out of memory.
struct OutputDirectory {
  /// What cannot be put out. The text names the file as the pipeline sees it.
  struct Violation: Error {
    let text: String
  }

  /// How deep directories may be nested.
  static let maximumDepth = 64

  /// On this machine.
  let path: String
  /// As the pipeline sees it: `/kratix/output`.
  let mount: String

  /// What is there, by size alone: for the watch over a run that goes on.
  /// - Returns: nil when it is within the limits.
  func excess(bytes: Int, files: Int) -> Violation? {
    var usage = Usage(bytes: bytes, files: files)
    do {
      try measure(path, relative: "", depth: 0, usage: &usage)
      return nil
    } catch let violation as Violation {
      return violation
    } catch {
      return nil
    }
  }

  private struct Usage {
    let byteLimit: Int
    let fileLimit: Int
    var bytes = 0
    var files = 0

    init(bytes: Int, files: Int) {
      byteLimit = bytes
      fileLimit = files
    }

    mutating func add(bytes new: Int, in mount: String) throws {
      bytes += new
      files += 1
      guard bytes <= byteLimit else { throw Violation(text: "more than \(Self.text(byteLimit)) in \(mount)") }
      guard files <= fileLimit else { throw Violation(text: "more than \(fileLimit) files in \(mount)") }
    }

    private static func text(_ bytes: Int) -> String {
      bytes >= 1 << 20 && bytes % (1 << 20) == 0 ? "\(bytes >> 20) MiB" : "\(bytes) bytes"
    }
  }

  private func measure(_ directory: String, relative: String, depth: Int, usage: inout Usage) throws {
    // Too deep is for the reading to say.
    guard depth <= Self.maximumDepth, let names = Self.entries(directory) else { return }
    for name in names {
      let path = "\(directory)/\(name)"
      guard let status = Self.status(path) else { continue }
      // What files take on the disk, so that sparse ones count for what they are.
      try usage.add(bytes: Int(status.st_blocks) * 512, in: mount)
      if Self.isDirectory(status) {
        try measure(path, relative: "\(relative)\(name)/", depth: depth + 1, usage: &usage)
      }
    }
  }

  /// Every file, in directory order: sorted by name, directories in their place among the files.
  func files(maximumBytes: Int, maximumFiles: Int) throws(Violation) -> [OutputFile] {
    var files: [OutputFile] = []
    var usage = Usage(bytes: maximumBytes, files: maximumFiles)
    do {
      try read(path, relative: "", depth: 0, usage: &usage, into: &files)
    } catch let violation as Violation {
      throw violation
    } catch {
      throw Violation(text: "\(mount) cannot be read: \(error)")
    }
    return files
  }

  private func read(
    _ directory: String, relative: String, depth: Int, usage: inout Usage, into files: inout [OutputFile]
  ) throws {
    guard depth <= Self.maximumDepth else {
      throw Violation(text: "directories in \(mount) are nested more than \(Self.maximumDepth) deep")
    }
    guard let names = Self.entries(directory) else {
      throw Violation(text: "the directory \(mount)/\(relative) cannot be read: \(String(cString: strerror(errno)))")
    }
    for name in names.sorted(by: { $0.utf8.lexicographicallyPrecedes($1.utf8) }) {
      let path = "\(directory)/\(name)"
      let shown = "\(mount)/\(relative)\(name)"
      // What is no UTF-8 has been repaired while reading the directory.
      guard !name.unicodeScalars.contains("\u{FFFD}") else {
        throw Violation(text: "the name of \(shown) is no UTF-8")
      }
      guard var status = Self.status(path) else {
        throw Violation(text: "\(shown) cannot be read: \(String(cString: strerror(errno)))")
      }
      var target = path
      if status.st_mode & S_IFMT == S_IFLNK {
        target = try resolved(path, shown: shown)
        guard let followed = Self.status(target) else {
          throw Violation(text: "\(shown) is a symbolic link to nothing")
        }
        status = followed
        guard !Self.isDirectory(status) else {
          throw Violation(text: "\(shown) is a symbolic link to a directory; only files can be put out")
        }
      }
      switch status.st_mode & S_IFMT {
      case S_IFDIR:
        try usage.add(bytes: 0, in: mount)
        try read(path, relative: "\(relative)\(name)/", depth: depth + 1, usage: &usage, into: &files)
      case S_IFREG:
        try usage.add(bytes: Int(status.st_size), in: mount)
        files.append(
          OutputFile(path: relative + name, bytes: try Self.contents(target, size: Int(status.st_size), shown: shown)))
      default:
        throw Violation(text: "\(shown) is \(Self.kind(status)); only files can be put out")
      }
    }
  }

  /// Where a link leads, which must be in the directory.
  private func resolved(_ path: String, shown: String) throws -> String {
    var current = path
    for _ in 0..<16 {
      guard let link = try? FileManager.default.destinationOfSymbolicLink(atPath: current) else { break }
      let absolute: String
      if link == mount || link.hasPrefix("\(mount)/") {
        absolute = self.path + link.dropFirst(mount.count)
      } else if link.hasPrefix("/") {
        throw Violation(text: "\(shown) is a symbolic link that leaves \(mount) (to \(link))")
      } else {
        absolute = (current as NSString).deletingLastPathComponent + "/" + link
      }
      let clean = PipelineOutputs.cleaned(absolute)
      guard clean.hasPrefix("\(self.path)/") else {
        throw Violation(text: "\(shown) is a symbolic link that leaves \(mount) (to \(link))")
      }
      guard let status = Self.status(clean) else { throw Violation(text: "\(shown) is a symbolic link to nothing") }
      if status.st_mode & S_IFMT != S_IFLNK {
        // A directory on the way may be a link as well.
        guard let real = realpath(clean, nil) else {
          throw Violation(text: "\(shown) is a symbolic link to nothing")
        }
        defer { free(real) }
        guard let root = realpath(self.path, nil) else { break }
        defer { free(root) }
        guard String(cString: real).hasPrefix(String(cString: root) + "/") else {
          throw Violation(text: "\(shown) is a symbolic link that leaves \(mount) (to \(link))")
        }
        return clean
      }
      current = clean
    }
    throw Violation(text: "\(shown) is a symbolic link in a circle")
  }

  // MARK: System calls

  static func status(_ path: String) -> stat? {
    var status = stat()
    return lstat(path, &status) == 0 ? status : nil
  }

  static func isDirectory(_ status: stat) -> Bool { status.st_mode & S_IFMT == S_IFDIR }

  private static func kind(_ status: stat) -> String {
    switch status.st_mode & S_IFMT {
    case S_IFIFO: "a FIFO"
    case S_IFSOCK: "a socket"
    case S_IFBLK, S_IFCHR: "a device"
    default: "no file"
    }
  }

  /// The names in a directory; nil when it cannot be read.
  private static func entries(_ path: String) -> [String]? {
    guard let directory = opendir(path) else { return nil }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names
  }

  /// The bytes of a regular file, opened so that what has taken its place meanwhile can neither block nor mislead.
  static func contents(_ path: String, size: Int, shown: String) throws(Violation) -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
    guard descriptor >= 0 else {
      throw Violation(text: "\(shown) cannot be read: \(String(cString: strerror(errno)))")
    }
    defer { close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: size)
    var count = 0
    while count < size {
      let read = bytes.withUnsafeMutableBytes { buffer in
        Glibc.read(descriptor, buffer.baseAddress.map { $0 + count }, size - count)
      }
      if read < 0 {
        guard errno == EINTR else {
          throw Violation(text: "\(shown) cannot be read: \(String(cString: strerror(errno)))")
        }
      } else if read == 0 {
        break
      } else {
        count += read
      }
    }
    bytes.removeLast(size - count)
    return bytes
  }

  /// A small text file of the directory; nil when there is none.
  func text(_ name: String, maximumBytes: Int = 1 << 20) throws(Violation) -> String? {
    let file = "\(path)/\(name)"
    guard let status = Self.status(file) else { return nil }
    let shown = "\(mount)/\(name)"
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw Violation(
        text: "\(shown) is \(status.st_mode & S_IFMT == S_IFLNK ? "a symbolic link" : Self.kind(status)), not a file")
    }
    guard status.st_size <= maximumBytes else {
      throw Violation(text: "\(shown) is larger than \(maximumBytes >> 10) KiB")
    }
    let bytes = try Self.contents(file, size: Int(status.st_size), shown: shown)
    guard let text = String(validating: bytes, as: UTF8.self) else { throw Violation(text: "\(shown) is no UTF-8") }
    return text
  }
}
