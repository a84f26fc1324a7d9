import Foundation
import Testing

/// A folder in which a person works on a Promise, with the plugin at hand. Gone with the test.
final class Workbench: Sendable {
  let folder: String

  init() throws {
    folder = NSTemporaryDirectory() + "kratix-workbench-\(UUID().uuidString.prefix(8))"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try write("auth.json", "{}")  // No login of whoever runs the tests.
  }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  var environment: [String: String] {
    let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
    return [
      "PATH": "\(Platform.products):\(Platform.root)/.tools/bin:\(path)", "HOME": folder,
      "REGISTRY_AUTH_FILE": "\(folder)/auth.json", "CONTAINERS_CONF": "\(folder)/containers.conf",
      "CONTAINERS_STORAGE_CONF": "\(folder)/storage.conf", "KUBECONFIG": "\(folder)/kubeconfig",
    ]
  }

  func run(_ program: String, _ arguments: [String], input: String = "") async throws -> CommandResult {
    try await Shell.run(program, arguments, input: input, environment: environment, directory: folder)
  }

  /// The plugin, as kubectl finds it.
  func kratix(_ arguments: String..., input: String = "") async throws -> CommandResult {
    try await run("kubectl", ["kratix"] + arguments, input: input)
  }

  func path(_ name: String) -> String { "\(folder)/\(name)" }

  func write(_ name: String, _ text: String) throws {
    try FileManager.default.createDirectory(
      atPath: (path(name) as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
    try Data(text.utf8).write(to: URL(filePath: path(name)))
  }

  func read(_ name: String) throws -> String {
    try #require(String(validating: Array(Data(contentsOf: URL(filePath: path(name)))), as: UTF8.self))
  }

  func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: path(name)) }

  /// podman with a store of the folder's own, and limits that a container in a container may have.
  func setUpPodman() throws {
    try write(
      "containers.conf",
      """
      [containers]
      default_ulimits = ["nofile=1024:1024", "nproc=2048:2048"]
      [engine]
      runtime = "runc"
      """)
    try write(
      "storage.conf",
      """
      [storage]
      driver = "vfs"
      graphroot = "\(path("podman"))"
      runroot = "\(path("podman-run"))"
      """)
  }
}
