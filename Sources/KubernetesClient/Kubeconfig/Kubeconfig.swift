import Foundation
import Kubernetes

/// A kubeconfig, possibly merged of several files.
///
/// Merging is kubectl's: of two entries with one name the first file's wins, whole; `current-context` is the first one
/// that is set.
struct Kubeconfig: Sendable {
  /// A named entry and the file that it stands in: relative paths are relative to that file.
  struct Entry: Sendable {
    var fields: JSON
    var path: String

    /// Empty for a file of the current directory; Foundation's own property traps on a name of one character.
    var directory: String { path.contains("/") ? (path as NSString).deletingLastPathComponent : "" }

    func string(_ key: String) -> String? {
      fields[key]?.stringValue.flatMap { $0.isEmpty ? nil : $0 }
    }

    /// A path in a field, made absolute.
    func file(_ key: String) -> String? {
      string(key).map { $0.hasPrefix("/") ? $0 : "\(directory)/\($0)" }
    }

    /// The bytes of a base64 field.
    func data(_ key: String, of owner: String) throws(ConnectionError) -> [UInt8]? {
      guard let text = string(key) else { return nil }
      guard let data = Data(base64Encoded: text, options: .ignoreUnknownCharacters) else {
        throw .kubeconfigInvalid(path: path, line: nil, column: nil, reason: "\(key) of \(owner) is not base64")
      }
      return [UInt8](data)
    }
  }

  var clusters: [String: Entry] = [:]
  var users: [String: Entry] = [:]
  var contexts: [String: Entry] = [:]
  var currentContext: String?
  /// The files that were there.
  var paths: [String] = []

  var isEmpty: Bool { clusters.isEmpty && users.isEmpty && contexts.isEmpty && currentContext == nil }

  /// Reads what kubectl would: the one file of `explicitPath`, else those of `$KUBECONFIG`, else `~/.kube/config`.
  /// Files that are not there are left out, unless named explicitly.
  static func load(
    explicitPath: String?, environment: [String: String]
  ) throws(ConnectionError) -> (kubeconfig: Kubeconfig, searched: [String]) {
    if let explicitPath {
      var config = Kubeconfig()
      guard try config.merge(path: explicitPath) else {
        throw .kubeconfigUnreadable(path: explicitPath, reason: "no such file")
      }
      return (config, [explicitPath])
    }
    var searched: [String] = []
    if let list = environment["KUBECONFIG"], !list.isEmpty {
      for path in list.split(separator: ":").map(String.init) where !searched.contains(path) { searched.append(path) }
    } else {
      searched = ["\(environment["HOME"] ?? NSHomeDirectory())/.kube/config"]
    }
    var config = Kubeconfig()
    for path in searched { _ = try config.merge(path: path) }
    return (config, searched)
  }

  /// Adds what a file has that is not there yet; false when there is no such file.
  private mutating func merge(path: String) throws(ConnectionError) -> Bool {
    let absolute =
      path.hasPrefix("/") ? path : "\(FileManager.default.currentDirectoryPath)/\(path)"
    guard FileManager.default.fileExists(atPath: absolute) else { return false }
    let text: String
    do {
      text = String(decoding: try Data(contentsOf: URL(fileURLWithPath: absolute)), as: UTF8.self)
    } catch {
      throw .kubeconfigUnreadable(path: path, reason: FileFault.reason(error))
    }
    try merge(text: text, path: absolute)
    return true
  }

  mutating func merge(text: String, path: String) throws(ConnectionError) {
    let json: JSON
    do {
      json = try YAML.parse(text)
    } catch {
      throw .kubeconfigInvalid(path: path, line: error.line, column: error.column, reason: error.reason)
    }
    paths.append(path)
    guard !json.isNull else { return }
    guard json.objectValue != nil else {
      throw .kubeconfigInvalid(path: path, line: 1, column: 1, reason: "not a kubeconfig: a mapping is expected")
    }
    if let kind = json["kind"]?.stringValue, !kind.isEmpty, kind != "Config" {
      throw .kubeconfigInvalid(
        path: path, line: nil, column: nil, reason: "not a kubeconfig: its kind is \(kind), not Config")
    }
    for (key, value) in try Self.entries(json, list: "clusters", item: "cluster", path: path)
    where clusters[key] == nil {
      clusters[key] = value
    }
    for (key, value) in try Self.entries(json, list: "users", item: "user", path: path) where users[key] == nil {
      users[key] = value
    }
    for (key, value) in try Self.entries(json, list: "contexts", item: "context", path: path)
    where contexts[key] == nil {
      contexts[key] = value
    }
    if currentContext == nil, let current = json["current-context"]?.stringValue, !current.isEmpty {
      currentContext = current
    }
  }

  private static func entries(
    _ json: JSON, list: String, item: String, path: String
  ) throws(ConnectionError) -> [String: Entry] {
    guard let value = json[list], !value.isNull else { return [:] }
    func invalid(_ reason: String) -> ConnectionError {
      .kubeconfigInvalid(path: path, line: nil, column: nil, reason: reason)
    }
    guard let elements = value.arrayValue else { throw invalid("\(list) is not a list") }
    var entries: [String: Entry] = [:]
    for (index, element) in elements.enumerated() {
      guard let name = element["name"]?.stringValue else { throw invalid("\(list)[\(index)] has no name") }
      let fields = element[item] ?? .emptyObject
      guard fields.objectValue != nil || fields.isNull else {
        throw invalid("\(list)[\(index)].\(item) is not a mapping")
      }
      if entries[name] == nil { entries[name] = Entry(fields: fields, path: path) }
    }
    return entries
  }
}

/// Words for a file that cannot be read.
enum FileFault {
  static func reason(_ error: any Error) -> String {
    let cocoa = error as NSError
    if let underlying = cocoa.userInfo[NSUnderlyingErrorKey] as? NSError, underlying.domain == NSPOSIXErrorDomain {
      return String(cString: strerror(Int32(underlying.code)))
    }
    switch CocoaError.Code(rawValue: cocoa.code) {
    case .fileReadNoSuchFile, .fileNoSuchFile: return "no such file"
    case .fileReadNoPermission: return "permission denied"
    default: return cocoa.localizedDescription
    }
  }

  /// The bytes of a file, or why they cannot be had.
  static func read(_ path: String) -> Result<[UInt8], FileReadError> {
    do {
      return .success([UInt8](try Data(contentsOf: URL(fileURLWithPath: path))))
    } catch {
      return .failure(FileReadError(reason: reason(error)))
    }
  }
}

struct FileReadError: Error {
  let reason: String
}
