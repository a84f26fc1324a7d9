import Foundation
import Programs

/// Runs `git` with nothing of the user's own configuration, and no prompt.
struct GitCommand: Sendable {
  /// Secrets go to git by its environment only: arguments can be read by every process.
  var environment: [String: String]
  var timeout: Duration

  /// Standard output of `git ARGUMENTS` in a directory.
  /// - Throws: `StateStoreError` with git's last words, or when it takes longer than the timeout.
  @discardableResult
  func run(_ arguments: [String], in directory: URL) async throws(StateStoreError) -> String {
    let what = "git \(arguments.first { !$0.hasPrefix("-") } ?? "")"
    let limit = timeout
    let program = Program("git", ["-C", directory.path] + arguments, environment: merged)
    do {
      return try await withThrowingTaskGroup(of: String?.self) { group in
        group.addTask {
          let result = try await program.collect(limit: 16 << 20)
          guard result.succeeded else {
            throw StateStoreError("\(what) failed: \(Self.lastWords(result.errorText))")
          }
          return result.outputText
        }
        group.addTask {
          try await Task.sleep(for: limit)
          return nil
        }
        defer { group.cancelAll() }
        guard let first = try await group.next(), let output = first else {
          throw StateStoreError("\(what) did not end within \(limit)")
        }
        return output
      }
    } catch let error as StateStoreError {
      throw error
    } catch {
      throw StateStoreError("cannot run \(what): \(error)")
    }
  }

  private var merged: [String: String] {
    var variables = [
      "PATH": ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin", "LC_ALL": "C",
      "GIT_TERMINAL_PROMPT": "0", "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "/dev/null",
    ]
    variables.merge(environment) { _, given in given }
    return variables
  }

  /// What git ends with, on one line.
  private static func lastWords(_ text: String) -> String {
    let lines = text.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
      .filter { !$0.isEmpty && !$0.hasPrefix("hint:") }
    return lines.isEmpty ? "it says nothing" : lines.suffix(3).joined(separator: "; ")
  }
}
