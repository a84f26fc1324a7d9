import Foundation

/// A directory of files that a state store is kept in: reads and writes with no ordering of their own.
struct WorkingTree: Sendable {
  let root: URL
  /// Names at the top that are no files of the store: `.git`, and where files are written before they get their name.
  let hidden: Set<String>
  /// In the same file system as `root`, so that a rename puts a whole file in place.
  let staging: URL

  init(root: URL, staging: URL, hidden: Set<String> = []) {
    self.root = root.standardizedFileURL
    self.staging = staging
    self.hidden = hidden
  }

  /// Writes what differs and deletes what is not wanted any more.
  /// - Returns: the paths written and the paths deleted.
  func apply(_ change: StateStoreChange, prefix: String) throws(StateStoreError) -> (
    written: [String], deleted: [String]
  ) {
    var wanted: [String: [UInt8]] = [:]
    for file in change.files {
      guard let path = resolved(file.path, prefix: prefix) else { continue }
      wanted[path] = file.bytes
    }
    var obsolete = Set(change.removals.compactMap { resolved($0, prefix: prefix) })
    if let directory = change.replacing.flatMap({ resolved($0, prefix: prefix) }) {
      obsolete.formUnion(try paths(under: directory))
    }
    var written: [String] = []
    for (path, bytes) in wanted.sorted(by: { $0.key < $1.key }) where try read(path) != bytes {
      try write(bytes, to: path)
      written.append(path)
    }
    var deleted: [String] = []
    for path in obsolete.subtracting(wanted.keys).sorted() where try remove(path) { deleted.append(path) }
    return (written, deleted)
  }

  func read(_ path: String, prefix: String) throws(StateStoreError) -> [UInt8]? {
    guard let path = resolved(path, prefix: prefix) else { return nil }
    return try read(path)
  }

  func files(under directory: String, prefix: String) throws(StateStoreError) -> [StateStoreFile] {
    guard let directory = resolved(directory, prefix: prefix) else { return [] }
    var files: [StateStoreFile] = []
    for path in try paths(under: directory) {
      guard let bytes = try read(path) else { continue }
      let own = prefix.isEmpty ? path : String(path.dropFirst(prefix.count + 1))
      files.append(StateStoreFile(path: own, bytes: bytes))
    }
    return files
  }

  /// The path from the root, or nil when it leaves the store's own part of the tree, also by a symbolic link.
  private func resolved(_ path: String, prefix: String) -> String? {
    guard let inner = StateStorePath.normalized(path) else { return nil }
    let full = StateStorePath.join(prefix, inner)
    if let first = full.split(separator: "/").first, hidden.contains(String(first)) { return nil }
    var url = root
    for part in full.split(separator: "/").dropLast() {
      url.append(path: String(part))
      if (try? FileManager.default.destinationOfSymbolicLink(atPath: url.path)) != nil { return nil }
    }
    return full
  }

  private func paths(under directory: String) throws(StateStoreError) -> [String] {
    let start = directory.isEmpty ? root : root.appending(path: directory)
    var isDirectory: ObjCBool = false
    guard FileManager.default.fileExists(atPath: start.path, isDirectory: &isDirectory), isDirectory.boolValue else {
      return []
    }
    var found: [String] = []
    var pending = [directory]
    while let next = pending.popLast() {
      let url = next.isEmpty ? root : root.appending(path: next)
      let names: [String]
      do {
        names = try FileManager.default.contentsOfDirectory(atPath: url.path)
      } catch {
        throw StateStoreError("cannot list \(url.path): \(error.localizedDescription)")
      }
      for name in names where !(next.isEmpty && hidden.contains(name)) {
        let path = next.isEmpty ? name : "\(next)/\(name)"
        let child = url.appending(path: name).path
        guard (try? FileManager.default.destinationOfSymbolicLink(atPath: child)) == nil else { continue }
        if FileManager.default.fileExists(atPath: child, isDirectory: &isDirectory), isDirectory.boolValue {
          pending.append(path)
        } else {
          found.append(path)
        }
      }
    }
    return found.sorted()
  }

  private func read(_ path: String) throws(StateStoreError) -> [UInt8]? {
    let url = root.appending(path: path)
    var isDirectory: ObjCBool = false
    guard FileManager.default.fileExists(atPath: url.path, isDirectory: &isDirectory), !isDirectory.boolValue else {
      return nil
    }
    do {
      return Array(try Data(contentsOf: url))
    } catch {
      throw StateStoreError("cannot read \(path): \(error.localizedDescription)")
    }
  }

  private func write(_ bytes: [UInt8], to path: String) throws(StateStoreError) {
    let url = root.appending(path: path)
    let temporary = staging.appending(path: UUID().uuidString)
    do {
      try FileManager.default.createDirectory(at: staging, withIntermediateDirectories: true)
      try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data(bytes).write(to: temporary)
    } catch {
      try? FileManager.default.removeItem(at: temporary)
      throw StateStoreError("cannot write \(path): \(error.localizedDescription)")
    }
    guard rename(temporary.path, url.path) == 0 else {
      let reason = String(cString: strerror(errno))
      try? FileManager.default.removeItem(at: temporary)
      throw StateStoreError("cannot write \(path): \(reason)")
    }
  }

  /// Deletes a file and the directories that are empty after it.
  private func remove(_ path: String) throws(StateStoreError) -> Bool {
    guard try read(path) != nil else { return false }
    do {
      try FileManager.default.removeItem(at: root.appending(path: path))
    } catch {
      throw StateStoreError("cannot delete \(path): \(error.localizedDescription)")
    }
    var parent = path.split(separator: "/").dropLast()
    while !parent.isEmpty, rmdir(root.appending(path: parent.joined(separator: "/")).path) == 0 {
      parent.removeLast()
    }
    return true
  }
}
