import Foundation
import Kubernetes
import WorkflowRunner

/// The folder of one sandbox: everything that it keeps, and how to tell whether it runs.
public struct SandboxDirectory: Sendable, Hashable {
  public var path: String

  public init(path: String) {
    self.path = path.hasPrefix("/") ? path : "\(FileManager.default.currentDirectoryPath)/\(path)"
  }

  /// In the user's state directory, where nobody says another.
  /// - Parameter name: of the folder.
  public static func standard(
    _ name: String = "sandbox", environment: [String: String] = ProcessInfo.processInfo.environment
  ) -> SandboxDirectory {
    let state =
      environment["XDG_STATE_HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil }
      ?? "\(environment["HOME"] ?? NSHomeDirectory())/.local/state"
    return SandboxDirectory(path: "\(state)/kubectl-kratix/\(name)")
  }

  public var kubeconfig: String { "\(path)/kubeconfig" }
  public var log: String { "\(path)/sandbox.log" }
  var lock: String { "\(path)/lock" }
  var controllersLock: String { "\(path)/controllers.lock" }
  var record: String { "\(path)/sandbox.json" }
  var images: String { "\(path)/images.json" }
  var stores: String { "\(path)/stores" }
  func cluster(_ name: String) -> String { "\(path)/clusters/\(name)" }

  /// Makes the folder, for its owner alone: it holds keys.
  public func create() throws(SandboxError) {
    do {
      try FileManager.default.createDirectory(
        atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    } catch {
      throw .directoryUnusable(path, reason: error.localizedDescription)
    }
  }

  // MARK: The record

  /// What the running process says of itself.
  public struct Record: Sendable, Hashable {
    public var processID: Int32
    /// Context name to server URL, in the kubeconfig's order.
    public var servers: [(context: String, url: String)]
    public var engine: String
    public var pace: String
    /// Kratix's controllers and what runs Jobs are in this process too.
    public var hasControllers: Bool

    public static func == (left: Record, right: Record) -> Bool { left.json == right.json }
    public func hash(into hasher: inout Hasher) { hasher.combine(json) }

    public init(
      processID: Int32, servers: [(context: String, url: String)], engine: String, pace: String,
      hasControllers: Bool = true
    ) {
      self.processID = processID
      self.servers = servers
      self.engine = engine
      self.pace = pace
      self.hasControllers = hasControllers
    }

    init?(json: JSON) {
      guard let pid = json["pid"]?.intValue.flatMap(Int32.init(exactly:)) else { return nil }
      self.init(
        processID: pid,
        servers: (json["servers"]?.arrayValue ?? []).compactMap { server in
          guard let context = server["context"]?.stringValue, let url = server["url"]?.stringValue else { return nil }
          return (context, url)
        },
        engine: json["engine"]?.stringValue ?? "", pace: json["pace"]?.stringValue ?? "",
        hasControllers: json["controllers"]?.boolValue ?? true)
    }

    public var json: JSON {
      [
        "pid": .int(Int64(processID)), "engine": .string(engine), "pace": .string(pace),
        "controllers": .bool(hasControllers),
        "servers": .array(servers.map { ["context": .string($0.context), "url": .string($0.url)] }),
      ]
    }
  }

  public func readRecord() -> Record? { readJSON(record).flatMap(Record.init(json:)) }

  func write(_ value: Record) throws(SandboxError) { try writeJSON(value.json, to: record) }

  // MARK: Images

  /// Image references and the local directories that stand for them. Read again for every run, so that an image can be
  /// mapped while the sandbox runs.
  public func readImages() -> [String: String] { readJSON(images)?.stringMapValue ?? [:] }

  /// With the image that previews collect output in: this machine's own tools stand for it.
  func knownImages() -> [String: String] {
    let tools = "\(path)/tools"
    let dockerfile = "\(tools)/Dockerfile"
    if !FileManager.default.fileExists(atPath: dockerfile) {
      try? FileManager.default.createDirectory(atPath: tools, withIntermediateDirectories: true)
      try? write("FROM \(ClusterEngine.defaultCollectorImage)\n", to: dockerfile)
    }
    return [ClusterEngine.defaultCollectorImage: tools].merging(readImages()) { $1 }
  }

  public func writeImages(_ map: [String: String]) throws(SandboxError) { try writeJSON(JSON(map), to: images) }

  // MARK: Files

  private func readJSON(_ path: String) -> JSON? {
    guard let data = FileManager.default.contents(atPath: path) else { return nil }
    return try? JSON(parsing: [UInt8](data))
  }

  private func writeJSON(_ value: JSON, to path: String) throws(SandboxError) {
    try write(value.text(.pretty) + "\n", to: path)
  }

  /// Whole or not at all.
  func write(_ text: String, to path: String) throws(SandboxError) {
    do {
      let temporary = "\(path).\(getpid()).tmp"
      guard
        FileManager.default.createFile(
          atPath: temporary, contents: Data(text.utf8), attributes: [.posixPermissions: 0o600])
      else { throw CocoaError(.fileWriteUnknown) }
      guard rename(temporary, path) == 0 else { throw CocoaError(.fileWriteUnknown) }
    } catch {
      throw .directoryUnusable(path, reason: String(cString: strerror(errno)))
    }
  }
}

/// Why a sandbox cannot run.
public enum SandboxError: Error, Sendable, Hashable, CustomStringConvertible {
  case directoryUnusable(String, reason: String)
  case alreadyRunning(String)
  /// Other controllers work on the same folder.
  case controllersAlreadyRunning(String)
  case noContainerEngine

  public var description: String {
    switch self {
    case .directoryUnusable(let path, let reason): "\(path) cannot be used: \(reason)"
    case .alreadyRunning(let path):
      "a sandbox runs in \(path) already; end it with: kubectl kratix sandbox down --dir \(path)"
    case .controllersAlreadyRunning(let path):
      "controllers run with the folder \(path) already; end them first: two sets would work against each other"
    case .noContainerEngine:
      "neither podman nor docker is in PATH; install one of them, or use --engine process"
    }
  }
}

/// The lock that a running sandbox holds on its folder. It is the kernel's: it goes with the process, however that ends.
public final class SandboxLock: Sendable {
  private let descriptor: Int32

  /// - Throws: `alreadyRunning` when another process holds it.
  public convenience init(_ directory: SandboxDirectory) throws(SandboxError) {
    try self.init(directory.lock, otherwise: .alreadyRunning(directory.path))
  }

  /// The lock of controllers that run in a process of their own.
  /// - Throws: `controllersAlreadyRunning` when another process holds it.
  static func ofControllers(_ directory: SandboxDirectory) throws(SandboxError) -> SandboxLock {
    try SandboxLock(directory.controllersLock, otherwise: .controllersAlreadyRunning(directory.path))
  }

  private init(_ path: String, otherwise taken: SandboxError) throws(SandboxError) {
    descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw .directoryUnusable(path, reason: String(cString: strerror(errno))) }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      close(descriptor)
      throw taken
    }
  }

  deinit { close(descriptor) }

  /// Whether a process holds the lock now.
  public static func isHeld(_ directory: SandboxDirectory) -> Bool {
    let descriptor = open(directory.lock, O_RDWR | O_CLOEXEC)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    return flock(descriptor, LOCK_EX | LOCK_NB) != 0
  }

  /// Blocks until no process holds the lock.
  public static func waitUntilFree(_ directory: SandboxDirectory) {
    let descriptor = open(directory.lock, O_RDWR | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    defer { close(descriptor) }
    while flock(descriptor, LOCK_EX) != 0, errno == EINTR {}
  }
}
