import Foundation
import Kubernetes

/// What was recorded of a real API server, in the folder `shared` beside the package.
enum Recorded {
  struct Missing: Error, CustomStringConvertible {
    let path: String
    var description: String { "\(path) is missing: the recorded data has to be beside the package" }
  }

  private static var folder: URL {
    URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../../shared/recorded").standardized
  }

  static func json(_ path: String) throws -> JSON {
    let url = folder.appending(path: path)
    guard let data = FileManager.default.contents(atPath: url.path) else { throw Missing(path: url.path) }
    return try JSON(parsing: data)
  }

  static func text(_ path: String) throws -> String {
    let url = folder.appending(path: path)
    guard let data = FileManager.default.contents(atPath: url.path) else { throw Missing(path: url.path) }
    return String(decoding: data, as: UTF8.self)
  }

  /// The names of a folder's files.
  static func files(in path: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder.appending(path: path).path).sorted()
  }

  /// The request of an admission review.
  static func review(_ name: String) throws -> JSON {
    try json("admissionreview/\(name).json")["request"] ?? .null
  }
}
