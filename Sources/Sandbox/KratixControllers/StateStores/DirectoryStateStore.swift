import Crypto
import Foundation

/// A state store in a local directory: what the sandbox keeps a BucketStateStore in. It answers as a bucket without
/// object versions does (contract, section 8.4).
public actor DirectoryStateStore: StateStoreWriter {
  private let tree: WorkingTree
  private let prefix: String

  /// - Parameters:
  ///   - directory: made when it does not exist.
  ///   - path: `spec.path` of the state store.
  public init(directory: URL, path: String = "") {
    prefix = StateStorePath.normalized(path) ?? ""
    tree = WorkingTree(
      root: directory, staging: directory.appending(path: Self.stagingName), hidden: [Self.stagingName])
  }

  private static let stagingName = ".incomplete"

  public func apply(_ change: StateStoreChange) throws(StateStoreError) -> StateStoreOutcome {
    try makeRoot()
    let (written, deleted) = try tree.apply(change, prefix: prefix)
    return StateStoreOutcome(
      versionID: ObjectVersions.hash(written.map { _ in "" }), changed: !written.isEmpty || !deleted.isEmpty)
  }

  public func read(_ path: String) throws(StateStoreError) -> [UInt8]? { try tree.read(path, prefix: prefix) }

  public func files(under directory: String) throws(StateStoreError) -> [StateStoreFile] {
    try tree.files(under: directory, prefix: prefix)
  }

  public func checkPermissions() throws(StateStoreError) {
    try makeRoot()
    guard FileManager.default.isWritableFile(atPath: tree.root.path) else {
      throw StateStoreError("the directory \(tree.root.path) cannot be written to")
    }
  }

  private func makeRoot() throws(StateStoreError) {
    do {
      try FileManager.default.createDirectory(at: tree.root, withIntermediateDirectories: true)
    } catch {
      throw StateStoreError("cannot make the directory \(tree.root.path): \(error.localizedDescription)")
    }
  }
}

/// The version of a write to a bucket (contract, section 8.4).
enum ObjectVersions {
  /// Over the versions of the objects written, in their order: v = hex sha256(v + version); nil for none.
  static func hash(_ versions: [String]) -> String? {
    guard !versions.isEmpty else { return nil }
    return versions.reduce("") { hash, version in
      SHA256.hash(data: Array((hash + version).utf8)).hexText
    }
  }
}

extension Sequence where Element == UInt8 {
  /// Two lower-case hexadecimal digits a byte.
  var hexText: String {
    var text = ""
    for byte in self {
      text += byte < 16 ? "0" : ""
      text += String(byte, radix: 16)
    }
    return text
  }
}
