import Foundation
import Subprocess
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
  /// Runs a program to its end.
  /// - Parameter input: for standard input.
  static func run(
    _ program: String, _ arguments: [String], input: String = "", environment: [String: String] = [:],
    directory: String? = nil
  ) async throws -> CommandResult {
    var settings: [Environment.Key: String?] = [:]
    for (key, value) in environment { settings[Environment.Key(stringLiteral: key)] = value }
    let result = try await Subprocess.run(
      program.hasPrefix("/") ? .path(.init(program)) : .name(program), arguments: Arguments(arguments),
      environment: .inherit.updating(settings),
      workingDirectory: directory.map { .init($0) }, input: .string(input), output: .string(limit: 64 << 20),
      error: .string(limit: 16 << 20))
    let code: Int32 =
      switch result.terminationStatus {
      case .exited(let code): code
      case .signaled(let signal): 128 + signal
      }
    return CommandResult(
      command: ([program] + arguments).joined(separator: " "), exitCode: code, output: result.standardOutput ?? "",
      error: result.standardError ?? "")
  }

  /// Reads what a program prints, line by line, and ends it at the first line that is wanted.
  /// - Returns: whether there was such a line before the program ended.
  static func follow(
    _ program: String, _ arguments: [String], environment: [String: String],
    until isWanted: @escaping @Sendable (String) -> Bool
  ) async throws -> Bool {
    var settings: [Environment.Key: String?] = [:]
    for (key, value) in environment { settings[Environment.Key(stringLiteral: key)] = value }
    let result = try await Subprocess.run(
      .name(program), arguments: Arguments(arguments), environment: .inherit.updating(settings), input: .none,
      output: .sequence,
      error: .discarded
    ) { execution in
      var line: [UInt8] = []
      for try await buffer in execution.standardOutput {
        for byte in buffer.withUnsafeBytes({ Array($0) }) {
          guard byte == UInt8(ascii: "\n") else {
            line.append(byte)
            continue
          }
          if isWanted(String(decoding: line, as: UTF8.self)) {
            try execution.send(signal: .kill)
            return true
          }
          line = []
        }
      }
      return false
    }
    return result.closureResult
  }
}
