import Foundation
import PromiseAuthoring

/// Reads a Promise's source directory: the one place of packaging that touches files.
enum SourceTree {
  private static let mostEntries = 100_000

  /// The files that packaging asks for, with bytes where it reads them.
  /// - Throws: `Failure` for a directory that cannot be read, a symbolic link that leaves it, and a file that is too
  ///   large.
  static func read(_ directory: String) throws(Failure) -> [SourceFile] {
    var isDirectory: ObjCBool = false
    guard FileManager.default.fileExists(atPath: directory, isDirectory: &isDirectory) else {
      throw Failure("\(directory) does not exist")
    }
    guard isDirectory.boolValue else { throw Failure("\(directory) is no directory") }
    guard
      let root = realpath(directory, nil).map({ pointer in
        defer { free(pointer) }
        return String(cString: pointer)
      })
    else { throw Failure("\(directory) cannot be read: \(String(cString: strerror(errno)))") }
    var files: [SourceFile] = []
    try walk(directory, below: "", root: root, into: &files)
    return files
  }

  /// The package of a directory, which gives the Promise its name where no file does.
  /// - Throws: `Failure` as `read`, and for what makes the directory no Promise.
  static func package(
    _ files: [SourceFile], of directory: String, options: PackageOptions = PackageOptions()
  ) throws(Failure) -> PromisePackage {
    var options = options
    options.defaultName = URL(filePath: directory).standardizedFileURL.lastPathComponent
    do {
      return try PromisePackaging.package(files, options: options)
    } catch {
      throw Failure("\(directory) \(error)")
    }
  }

  private static func walk(
    _ directory: String, below prefix: String, root: String, into files: inout [SourceFile]
  ) throws(Failure) {
    let names: [String]
    do {
      names = try FileManager.default.contentsOfDirectory(atPath: directory)
    } catch {
      throw Failure("\(directory) cannot be read: \(error.localizedDescription)")
    }
    for name in names.sorted() where !name.hasPrefix(".") {
      let path = "\(directory)/\(name)"
      let relative = prefix + name
      var information = stat()
      guard lstat(path, &information) == 0 else { continue }
      if information.st_mode & S_IFMT == S_IFLNK {
        try checkLink(path, root: root)
        guard stat(path, &information) == 0 else { continue }
        // A link to a directory of the tree would only show the same files twice.
        if information.st_mode & S_IFMT == S_IFDIR { continue }
      }
      if information.st_mode & S_IFMT == S_IFDIR {
        try walk(path, below: relative + "/", root: root, into: &files)
        continue
      }
      guard information.st_mode & S_IFMT == S_IFREG else { continue }
      guard files.count < mostEntries else {
        throw Failure("\(directory) holds more than \(mostEntries) files; it is no Promise's source directory")
      }
      guard SourceLayout.isRead(relative) else {
        files.append(SourceFile(path: relative, bytes: []))
        continue
      }
      guard information.st_size <= SourceLayout.largestFile else {
        throw Failure(
          "\(path) has \(information.st_size) bytes, and a Promise's file has at most \(SourceLayout.largestFile)")
      }
      files.append(SourceFile(path: relative, bytes: try AtomicFile.read(path, limit: SourceLayout.largestFile)))
    }
  }

  private static func checkLink(_ path: String, root: String) throws(Failure) {
    guard let resolved = realpath(path, nil) else { throw Failure("\(path) is a symbolic link that leads nowhere") }
    defer { free(resolved) }
    let target = String(cString: resolved)
    guard target == root || target.hasPrefix(root.hasSuffix("/") ? root : root + "/") else {
      throw Failure("\(path) is a symbolic link that leaves the directory, to \(target); copy the file instead")
    }
  }

  /// Writes files below a directory, making directories on the way. When one cannot be written, those written before
  /// it that were not there go again, and so do the directories made for them.
  /// - Throws: `Failure` when one exists already, before anything is written, unless `replacing`.
  static func write(_ files: [SourceFile], to directory: String, replacing: Bool = false) throws(Failure) {
    if !replacing, let file = files.first(where: { FileManager.default.fileExists(atPath: "\(directory)/\($0.path)") })
    {
      throw Failure("\(directory)/\(file.path) exists already; choose another directory")
    }
    var made: [String] = []
    do {
      for file in files {
        let path = "\(directory)/\(file.path)"
        try makeDirectory(FilePaths.directory(of: path), &made)
        let isNew = !FileManager.default.fileExists(atPath: path)
        try AtomicFile.write(file.bytes, to: path)
        if isNew { made.append(path) }
      }
    } catch {
      for path in made.reversed() { remove(path) }
      throw error
    }
  }

  /// A file, or a directory that is empty.
  private static func remove(_ path: String) { if unlink(path) != 0 { rmdir(path) } }

  private static func makeDirectory(_ path: String, _ made: inout [String]) throws(Failure) {
    if FileManager.default.fileExists(atPath: path) { return }
    let parent = FilePaths.directory(of: path)
    if parent != path { try makeDirectory(parent, &made) }
    guard mkdir(path, 0o777) == 0 else {
      throw Failure("\(path) cannot be made: \(String(cString: strerror(errno)))")
    }
    made.append(path)
  }
}
