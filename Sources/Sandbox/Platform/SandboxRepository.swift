import Foundation
import Programs

/// The bare Git repository that the sandbox keeps in its own folder, for GitStateStores.
struct SandboxRepository: Sendable {
  let path: String

  init(_ directory: SandboxDirectory) { path = "\(directory.stores)/git/kratix.git" }

  var url: String { "file://\(path)" }

  /// Makes the repository, with an empty first commit on `main`, unless it is there.
  /// - Throws: `SandboxError` when git cannot.
  func prepare() async throws {
    if FileManager.default.fileExists(atPath: "\(path)/refs/heads/main") { return }
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    try await git("init", "--quiet", "--bare", "--initial-branch=main", path)
    let tree = try await git("-C", path, "hash-object", "-w", "-t", "tree", "/dev/null")
    let commit = try await git(
      "-C", path, "-c", "user.name=kratix", "-c", "user.email=kratix@sandbox", "commit-tree", "-m", "Initial commit",
      tree)
    try await git("-C", path, "update-ref", "refs/heads/main", commit)
  }

  @discardableResult
  private func git(_ arguments: String...) async throws -> String {
    let result = try await Program("git", arguments).collect(limit: 4096)
    guard result.succeeded else {
      throw SandboxError.directoryUnusable(
        path, reason: "git: " + result.errorText.trimmingCharacters(in: .whitespacesAndNewlines))
    }
    return result.outputText.trimmingCharacters(in: .whitespacesAndNewlines)
  }
}
