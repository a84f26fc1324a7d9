import Foundation
import Kubernetes
import PromiseAuthoring

/// Files that hold a Promise: how every command reads, names and replaces them.
enum PromiseFile {
  /// A cluster stores less than a tenth of this; a greater file is there by mistake.
  static let limit = 16 << 20

  /// How messages call the file.
  static func name(_ path: String) -> String { path == "-" ? "standard input" : path }

  /// Every document of a file, `null` for empty ones, and the bytes that they were read from.
  /// - Parameter path: a file, or `-` for standard input.
  /// - Throws: `Failure` with `exitCode`: what is wrong, and where.
  static func documents(
    _ path: String, exitCode: Int32 = 1
  ) throws(Failure) -> (documents: [JSON], bytes: [UInt8]) {
    let bytes: [UInt8]
    do {
      bytes = try AtomicFile.read(path, limit: limit)
    } catch {
      throw Failure(error.message, exitCode: exitCode)
    }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw Failure("\(name(path)) is not UTF-8 text", exitCode: exitCode)
    }
    do {
      return (try YAML.documents(text), bytes)
    } catch {
      throw Failure("\(name(path)):\(error.line):\(error.column): not YAML: \(error.reason)", exitCode: exitCode)
    }
  }

  /// Replaces a file, or makes it.
  /// - Throws: `Failure`, also when the file's mode lets nobody write: then it is not to be replaced, also not by one
  ///   whom no mode stops.
  static func write(_ bytes: [UInt8], to path: String) throws(Failure) {
    var information = stat()
    if stat(path, &information) == 0, information.st_mode & 0o222 == 0 {
      throw Failure("\(path) is read-only; allow writing with \"chmod u+w\" first")
    }
    try AtomicFile.write(bytes, to: path)
  }

  /// Puts the file's name before the sentence of an error.
  static func naming<Result>(_ path: String, _ body: () throws -> Result) throws -> Result {
    do {
      return try body()
    } catch let error as BumpError {
      throw Failure("\(name(path)) \(error)")
    }
  }
}
