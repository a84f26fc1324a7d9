/// One file of a state store. `path` is relative to the store's own path (`spec.path` of the store), with `/`.
public struct StateStoreFile: Sendable, Hashable {
  public var path: String
  public var bytes: [UInt8]

  public init(path: String, bytes: [UInt8]) {
    self.path = path
    self.bytes = bytes
  }

  public init(path: String, text: String) { self.init(path: path, bytes: Array(text.utf8)) }
}

/// What one write changes in a state store.
public struct StateStoreChange: Sendable, Hashable {
  /// A directory that holds only `files` afterwards: whatever else lies under it is deleted. Nil leaves other files.
  public var replacing: String?
  public var files: [StateStoreFile]
  /// Single files to delete; one that does not exist is no error.
  public var removals: [String]
  /// What a store with history notes: `Update from: NAME` (contract, section 8.5).
  public var message: String

  public init(replacing: String? = nil, files: [StateStoreFile] = [], removals: [String] = [], message: String) {
    self.replacing = replacing
    self.files = files
    self.removals = removals
    self.message = message
  }
}

/// What came of a write.
public struct StateStoreOutcome: Sendable, Hashable {
  /// A commit, or a hash of object versions; nil when nothing had to be written, and the old one stays valid
  /// (contract, sections 8.4 and 8.5).
  public var versionID: String?
  /// Whether any file was written or deleted.
  public var changed: Bool

  public init(versionID: String?, changed: Bool) {
    self.versionID = versionID
    self.changed = changed
  }

  public static let unchanged = StateStoreOutcome(versionID: nil, changed: false)
}

/// Why a state store could not be read or written, in one sentence.
public struct StateStoreError: Error, Sendable, Hashable, CustomStringConvertible {
  public let description: String

  public init(_ description: String) { self.description = description }
}

/// The files of one state store. Writers of one store run one at a time, and a read sees all of a write or none of it.
///
/// A path that leaves the store is refused in silence, as Kratix does (contract, section 8.5). Every method throws
/// `StateStoreError`.
public protocol StateStoreWriter: Sendable {
  func apply(_ change: StateStoreChange) async throws(StateStoreError) -> StateStoreOutcome

  /// The file's bytes, or nil when there is none.
  func read(_ path: String) async throws(StateStoreError) -> [UInt8]?

  /// Every file under a directory, sorted by path; empty when there is no such directory.
  func files(under directory: String) async throws(StateStoreError) -> [StateStoreFile]

  /// Throws when files cannot be written here.
  func checkPermissions() async throws(StateStoreError)
}

/// Paths inside of a state store.
public enum StateStorePath {
  /// The path without `.`, `..`, empty parts and a leading `/`; nil when it leaves the store.
  public static func normalized(_ path: String) -> String? {
    var parts: [Substring] = []
    for part in path.split(separator: "/") where part != "." {
      if part == ".." {
        guard !parts.isEmpty else { return nil }
        parts.removeLast()
      } else {
        parts.append(part)
      }
    }
    return parts.joined(separator: "/")
  }

  /// Joined with `/`, with empty parts left out, as Go's `filepath.Join` does it.
  public static func join(_ parts: String...) -> String {
    normalized(parts.filter { !$0.isEmpty }.joined(separator: "/")) ?? ""
  }

  /// Whether `path` is in `directory`; everything is in the empty one.
  public static func contains(_ directory: String, _ path: String) -> Bool {
    directory.isEmpty || path.hasPrefix(directory + "/")
  }
}
