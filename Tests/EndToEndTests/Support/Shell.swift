import Foundation
import Programs
import Synchronization
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
    let place = directory.map { ["-C", $0, program] } ?? [program]
    let result = try await Program(
      "env", place + arguments, environment: Self.environment(environment), input: Array(input.utf8)
    ).collect(limit: 64 << 20)
    return CommandResult(
      command: ([program] + arguments).joined(separator: " "), exitCode: result.ending.code,
      output: result.outputText, error: result.errorText)
  }

  /// Runs a program while a body reads the lines that it prints; ends it after that.
  static func withLines<Result: Sendable>(
    of program: String, _ arguments: [String], environment: [String: String] = [:],
    _ body: (AsyncStream<String>) async throws -> Result
  ) async throws -> Result {
    let (lines, continuation) = AsyncStream<String>.makeStream()
    let program = Program(program, arguments, environment: Self.environment(environment))
    let pending = Mutex<[UInt8]>([])
    let running = Task {
      defer { continuation.finish() }
      return try await program.run { stream, bytes in
        guard stream == .output else { return }
        pending.withLock { pending in
          pending += bytes
          while let end = pending.firstIndex(of: UInt8(ascii: "\n")) {
            continuation.yield(String(decoding: pending[..<end], as: UTF8.self))
            pending.removeSubrange(...end)
          }
        }
      }
    }
    let result: Swift.Result<Result, any Error>
    do {
      result = .success(try await body(lines))
    } catch {
      result = .failure(error)
    }
    running.cancel()
    _ = await running.result
    return try result.get()
  }

  private static func environment(_ further: [String: String]) -> [String: String] {
    ProcessInfo.processInfo.environment.merging(further) { $1 }
  }
}
