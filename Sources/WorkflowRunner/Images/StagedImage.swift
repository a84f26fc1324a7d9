import Foundation
import KratixModel

/// An image of the process engine made ready: its files in a directory of their own, laid out as in the image, and
/// what to mount where.
struct StagedImage: Sendable {
  /// A part of the image's file system.
  struct Mount: Sendable, Hashable {
    enum Source: Sendable, Hashable {
      /// A path on this machine, read-only to every run.
      case shared(String)
      /// A name in `copied`: each run has a copy, so that programs may change it as they could in a container.
      case copied(String)
    }

    var source: Source
    /// In the image.
    var destination: String
  }

  /// More than this belongs into a container engine.
  static let maximumBytes = 64 << 20
  /// What is cheap enough to copy for each run.
  static let copiedBytes = 1 << 20

  let dockerfile: Dockerfile
  let mounts: [Mount]
  /// A directory to copy for each run; nil when there is nothing in it.
  let copied: String?
  /// In place of the machine's own `/usr`, when the image puts files there: links to everything else.
  let usrOverlay: String?

  /// - Parameters:
  ///   - context: the directory with the Dockerfile.
  ///   - scratch: where to put the files; it must not exist.
  init(context: String, image: String, scratch: String) async throws(WorkflowFailure.Reason) {
    func unavailable(_ reason: String) -> WorkflowFailure.Reason {
      .imageUnavailable("image \(image) cannot be run from \(context): \(reason)")
    }
    let text: String
    do {
      text = try String(contentsOfFile: "\(context)/Dockerfile", encoding: .utf8)
    } catch {
      throw unavailable("there is no readable Dockerfile")
    }
    let parsed: Dockerfile
    do throws(Dockerfile.Failure) {
      parsed = try Dockerfile(parsing: text)
    } catch {
      throw unavailable("Dockerfile line \(error.line): \(error.reason); build the image and use a container engine")
    }
    dockerfile = parsed
    do {
      let files = FileManager.default
      let draft = "\(scratch)/draft"
      try files.createDirectory(atPath: draft, withIntermediateDirectories: true)
      var copier = ImageCopier(context: context, root: draft)
      for copy in parsed.copies { try copier.copy(copy) }
      for change in parsed.modeChanges { try copier.apply(change) }
      let root = "\(scratch)/root"
      try await ProgramFiles.copy(draft, to: root)
      try files.removeItem(atPath: draft)
      let own = "\(scratch)/copied"
      try files.createDirectory(atPath: own, withIntermediateDirectories: true)
      mounts = try Self.mounts(below: "", root: root, copied: own)
      copied = mounts.contains { if case .copied = $0.source { true } else { false } } ? own : nil
      let usr = "\(root)/usr"
      if files.fileExists(atPath: usr) {
        let overlay = "\(scratch)/usr"
        try Self.overlay(host: "/usr", staged: usr, at: overlay)
        usrOverlay = overlay
      } else {
        usrOverlay = nil
      }
    } catch let failure as ImageCopier.Failure {
      throw unavailable(failure.reason)
    } catch let failure as ProgramFiles.Failure {
      throw unavailable("its files cannot be copied: \(failure.reason)")
    } catch {
      throw unavailable("its files cannot be copied: \(error.localizedDescription)")
    }
  }

  /// Directories that the sandbox has itself, so that nothing can be mounted over them as a whole.
  private static let sharedDirectories: Set<String> = [
    "", "/bin", "/etc", "/home", "/lib", "/lib64", "/media", "/mnt", "/opt", "/root", "/run", "/sbin", "/srv", "/tmp",
    "/var", "/var/lib", "/var/run", "/var/tmp", "/etc/ssl",
  ]

  /// Directories that are the system's, in every container.
  private static let systemDirectories: Set<String> = ["/usr", "/proc", "/dev", "/sys", "/kratix"]

  /// - Parameter copied: where to move what is cheap enough to copy for each run.
  private static func mounts(below path: String, root: String, copied: String) throws -> [Mount] {
    let files = FileManager.default
    var mounts: [Mount] = []
    for name in try files.contentsOfDirectory(atPath: root + path).sorted() {
      let destination = "\(path)/\(name)"
      if systemDirectories.contains(destination) { continue }
      let staged = root + destination
      if sharedDirectories.contains(destination) {
        mounts += try Self.mounts(below: destination, root: root, copied: copied)
      } else if size(staged) <= copiedBytes {
        let name = "\(try files.contentsOfDirectory(atPath: copied).count)"
        try files.moveItem(atPath: staged, toPath: "\(copied)/\(name)")
        mounts.append(Mount(source: .copied(name), destination: destination))
      } else {
        mounts.append(Mount(source: .shared(staged), destination: destination))
      }
    }
    return mounts
  }

  private static func size(_ path: String) -> Int {
    guard let status = OutputDirectory.status(path) else { return 0 }
    guard OutputDirectory.isDirectory(status) else { return Int(status.st_size) }
    return ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? [])
      .reduce(0) { $0 + size("\(path)/\($1)") }
  }

  /// Where the sandbox has the machine's own `/usr` when an overlay is in its place.
  static let hostUsr = "/.usr"

  /// A directory that takes over what is staged, and links to what else the machine has.
  private static func overlay(host: String, staged: String, at overlay: String) throws {
    let files = FileManager.default
    try files.createDirectory(atPath: overlay, withIntermediateDirectories: true)
    let own = Set(try files.contentsOfDirectory(atPath: staged))
    for name in (try? files.contentsOfDirectory(atPath: host)) ?? [] where !own.contains(name) {
      symlink("\(hostUsr)\(host.dropFirst("/usr".count))/\(name)", "\(overlay)/\(name)")
    }
    for name in own {
      if let status = OutputDirectory.status("\(staged)/\(name)"), OutputDirectory.isDirectory(status) {
        try Self.overlay(host: "\(host)/\(name)", staged: "\(staged)/\(name)", at: "\(overlay)/\(name)")
      } else {
        try files.moveItem(atPath: "\(staged)/\(name)", toPath: "\(overlay)/\(name)")
      }
    }
  }

  /// What changes when the Dockerfile or anything beside it does.
  static func fingerprint(context: String) -> Int {
    var hasher = Hasher()
    func add(_ path: String, depth: Int) {
      guard depth < 16, let status = OutputDirectory.status(path) else { return }
      hasher.combine(path)
      hasher.combine(status.st_mode)
      guard OutputDirectory.isDirectory(status) else {
        hasher.combine(status.st_size)
        hasher.combine(status.st_mtim.tv_sec)
        hasher.combine(status.st_mtim.tv_nsec)
        hasher.combine(status.st_ino)
        return
      }
      for name in ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted() {
        add("\(path)/\(name)", depth: depth + 1)
      }
    }
    add(context, depth: 0)
    return hasher.finalize()
  }
}

/// Copies files of a build context into an image's tree as `COPY` does.
private struct ImageCopier {
  struct Failure: Error {
    let reason: String
  }

  let context: String
  let root: String
  var bytes = 0

  init(context: String, root: String) {
    self.context = context
    self.root = root
  }

  mutating func copy(_ copy: Dockerfile.Copy) throws {
    for pattern in copy.sources {
      let relative = PipelineOutputs.cleaned("/" + pattern)
      let matches = relative.contains { "*?[".contains($0) } ? Self.glob(context + relative) : [context + relative]
      let existing = matches.filter { OutputDirectory.status($0) != nil }
      guard !existing.isEmpty else {
        throw Failure(reason: "Dockerfile line \(copy.line): there is no \(pattern) in the directory")
      }
      for source in existing {
        let isDirectory = OutputDirectory.status(source).map(OutputDirectory.isDirectory) ?? false
        var destination = Self.merged(copy.destination)
        // A file goes into a directory, be it written as one or there already; of a directory the contents go.
        if !isDirectory, copy.destination.hasSuffix("/") || existing.count > 1 || isDirectoryInTree(destination) {
          destination += "/" + (source as NSString).lastPathComponent
        }
        destination = PipelineOutputs.cleaned(destination)
        try add(source, to: root + (destination == "/" ? "" : destination), mode: copy.mode, depth: 0)
      }
    }
  }

  private func isDirectoryInTree(_ path: String) -> Bool {
    OutputDirectory.status(root + path).map(OutputDirectory.isDirectory)
      ?? ["/", "/tmp", "/etc", "/usr", "/usr/bin", "/usr/local/bin", "/opt", "/root", "/var"].contains(path)
  }

  /// `/bin` and its like are links into `/usr`.
  private static func merged(_ path: String) -> String {
    for name in ["bin", "sbin", "lib", "lib64"] where path == "/\(name)" || path.hasPrefix("/\(name)/") {
      return "/usr" + path
    }
    return path
  }

  private mutating func add(_ source: String, to destination: String, mode: UInt32?, depth: Int) throws {
    guard depth <= OutputDirectory.maximumDepth else { throw Failure(reason: "its directories are nested too deeply") }
    guard let status = OutputDirectory.status(source) else { return }
    let files = FileManager.default
    let parent = (destination as NSString).deletingLastPathComponent
    try files.createDirectory(atPath: parent, withIntermediateDirectories: true)
    switch status.st_mode & S_IFMT {
    case S_IFDIR:
      try files.createDirectory(atPath: destination, withIntermediateDirectories: true)
      for name in try files.contentsOfDirectory(atPath: source) {
        try add("\(source)/\(name)", to: "\(destination)/\(name)", mode: mode, depth: depth + 1)
      }
    case S_IFREG, S_IFLNK:
      bytes += Int(status.st_size)
      guard bytes <= StagedImage.maximumBytes else {
        throw Failure(
          reason:
            "it copies more than \(StagedImage.maximumBytes >> 20) MiB; build the image and use a container engine")
      }
      if OutputDirectory.status(destination) != nil { try files.removeItem(atPath: destination) }
      try files.copyItem(atPath: source, toPath: destination)
      if let mode { chmod(destination, mode_t(mode)) }
    default: break
    }
  }

  func apply(_ change: Dockerfile.ModeChange) throws {
    let path = root + Self.merged(change.path)
    for target in change.path.contains("*") ? Self.glob(path) : [path] {
      apply(change.mode, to: target, isRecursive: change.isRecursive)
    }
  }

  private func apply(_ mode: String, to path: String, isRecursive: Bool) {
    guard let status = OutputDirectory.status(path) else { return }
    if let octal = UInt32(mode, radix: 8) {
      chmod(path, mode_t(octal))
    } else if mode.contains("+"), mode.hasSuffix("x") || mode.contains("x") {
      chmod(path, (status.st_mode & 0o7777) | 0o111)
    }
    guard isRecursive, OutputDirectory.isDirectory(status) else { return }
    for name in (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? [] {
      apply(mode, to: "\(path)/\(name)", isRecursive: true)
    }
  }

  private static func glob(_ pattern: String) -> [String] {
    var result = glob_t()
    defer { globfree(&result) }
    guard Glibc.glob(pattern, 0, nil, &result) == 0 else { return [] }
    return (0..<Int(result.gl_pathc)).compactMap { index in
      result.gl_pathv[index].map { String(cString: $0) }
    }
  }
}
