import Foundation
import Testing

/// What a command left: everything that a person would have seen.
struct CommandResult: Sendable {
  var command: String
  var exitCode: Int32
  var output: String
  var error: String

  /// Fails the test unless the command succeeded.
  @discardableResult
  func succeeded(sourceLocation: SourceLocation = #_sourceLocation) throws -> CommandResult {
    try #require(
      exitCode == 0, "\(command)\nexit code \(exitCode)\n\(output)\(error)", sourceLocation: sourceLocation)
    return self
  }

  /// Fails the test unless the command was refused with a text on stderr.
  @discardableResult
  func failed(_ text: String, sourceLocation: SourceLocation = #_sourceLocation) throws -> CommandResult {
    try #require(exitCode != 0, "\(command)\nsucceeded\n\(output)", sourceLocation: sourceLocation)
    #expect(error.contains(text), "\(command)\n\(error)", sourceLocation: sourceLocation)
    return self
  }

  var lines: [String] { output.split(separator: "\n").map(String.init) }
}

enum Shell {
  /// Runs a program to its end; what it writes goes through files, so that no pipe can fill up.
  /// - Parameter input: for standard input.
  static func run(
    _ program: String, _ arguments: [String], input: String = "", environment: [String: String] = [:],
    directory: String? = nil
  ) async throws -> CommandResult {
    let folder = FileManager.default.temporaryDirectory.appending(path: "shell-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let files = ["in", "out", "err"].map { folder.appending(path: $0) }
    for file in files { try Data(file == files[0] ? input.utf8 : "".utf8).write(to: file) }
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = [program] + arguments
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    if let directory { process.currentDirectoryURL = URL(filePath: directory) }
    process.standardInput = try FileHandle(forReadingFrom: files[0])
    process.standardOutput = try FileHandle(forWritingTo: files[1])
    process.standardError = try FileHandle(forWritingTo: files[2])
    try await withCheckedThrowingContinuation { (ended: CheckedContinuation<Void, any Error>) in
      process.terminationHandler = { _ in ended.resume() }
      do {
        try process.run()
      } catch {
        ended.resume(throwing: error)
      }
    }
    let code = process.terminationReason == .exit ? process.terminationStatus : 128 + process.terminationStatus
    return CommandResult(
      command: ([program] + arguments).joined(separator: " "), exitCode: code,
      output: String(decoding: try Data(contentsOf: files[1]), as: UTF8.self),
      error: String(decoding: try Data(contentsOf: files[2]), as: UTF8.self))
  }
}
