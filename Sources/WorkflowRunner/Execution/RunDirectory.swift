import Foundation
import KratixModel
import Kubernetes

/// What the containers of one run share, on this machine; removed when the run is over.
struct RunDirectory: Sendable {
  let path: String

  var input: String { "\(path)/input" }
  var output: String { "\(path)/output" }
  var metadata: String { "\(path)/metadata" }
  func volume(_ name: String) -> String { "\(path)/volumes/\(name)" }

  /// Makes the directories and `object.yaml`. Containers may run as any user, hence the modes; the directory above is
  /// this user's alone.
  init(below scratch: String, run: WorkflowRun) throws {
    path = "\(scratch)/\(UUID().uuidString)"
    let files = FileManager.default
    try files.createDirectory(
      atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
    let volumes = run.pipeline.volumes.compactMap { $0["name"]?.stringValue }
      .filter { !$0.isEmpty && !$0.contains("/") && $0 != "." && $0 != ".." }
    for directory in [output, metadata] + volumes.map(volume) {
      try files.createDirectory(atPath: directory, withIntermediateDirectories: true)
      chmod(directory, 0o777)
    }
    for (volume, contents) in run.volumeFiles where volumes.contains(volume) {
      for (name, bytes) in contents {
        let file = "\(self.volume(volume))/\(PipelineOutputs.cleaned("/" + name).dropFirst())"
        try files.createDirectory(
          atPath: (file as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
        try Data(bytes).write(to: URL(fileURLWithPath: file))
      }
    }
    guard run.isWorkflow else { return }
    try files.createDirectory(atPath: input, withIntermediateDirectories: true)
    try Data(YAML.text(run.object.json).utf8).write(to: URL(fileURLWithPath: "\(input)/object.yaml"))
    chmod("\(input)/object.yaml", 0o644)
  }

  /// What a run's containers have together beside their output: volumes, changed files of images.
  static let workingBytes = 256 << 20

  /// The limit that what is written has passed; nil when it has passed none.
  func excess(_ limits: WorkflowLimits) -> OutputDirectory.Violation? {
    for (path, mount) in [(output, "/kratix/output"), (metadata, "/kratix/metadata")] {
      if let violation = OutputDirectory(path: path, mount: mount)
        .excess(bytes: limits.outputBytes, files: limits.outputFiles)
      {
        return violation
      }
    }
    return OutputDirectory(path: path, mount: "all its directories together")
      .excess(bytes: limits.outputBytes + Self.workingBytes, files: limits.outputFiles + 100_000)
  }

  /// Programs may have left directories that even their owner cannot enter.
  func remove() {
    let files = FileManager.default
    if (try? files.removeItem(atPath: path)) != nil { return }
    Self.open(path, depth: 0)
    try? files.removeItem(atPath: path)
  }

  private static func open(_ path: String, depth: Int) {
    guard depth < 512, let status = OutputDirectory.status(path), OutputDirectory.isDirectory(status) else { return }
    chmod(path, 0o700)
    for name in (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? [] {
      open("\(path)/\(name)", depth: depth + 1)
    }
  }
}

/// A directory of this process below the temporary one, only for this user, removed with its owner.
final class ScratchDirectory: Sendable {
  let path: String

  init(_ name: String) throws {
    let template = PipelineOutputs.cleaned("\(NSTemporaryDirectory())/\(name)-XXXXXX")
    var bytes = Array(template.utf8CString)
    guard mkdtemp(&bytes) != nil else {
      throw WorkflowFailure.Reason.engine(
        "no directory can be made in \(NSTemporaryDirectory()): \(String(cString: strerror(errno)))")
    }
    path = String(decoding: bytes.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }
}
