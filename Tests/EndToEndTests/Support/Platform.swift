import Foundation
import Kubernetes
import Testing

/// The platform that a suite runs on: the sandbox, or the one that `KRATIX_E2E_KUBECONFIG` names. Everything that a test
/// does goes through kubectl and the plugin.
struct Platform: Sendable {
  @TaskLocal static var current: Platform?

  /// A folder of the suite's own.
  var folder: String
  var kubeconfig: String
  /// Contexts of the kubeconfig.
  var platform: String
  var worker: String
  /// Where the sandbox keeps its state; nil on another platform.
  var sandbox: String?

  static func require(sourceLocation: SourceLocation = #_sourceLocation) throws -> Platform {
    try #require(current, "the suite has no platform", sourceLocation: sourceLocation)
  }

  /// The repository.
  static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().path

  /// Where the products of this build are: beside the test bundle.
  static var products: String {
    let bundle = CommandLine.arguments.first { $0.hasSuffix(".xctest") } ?? CommandLine.arguments[0]
    var folder = URL(filePath: bundle).deletingLastPathComponent()
    while folder.path != "/", !FileManager.default.isExecutableFile(atPath: folder.path + "/kubectl-kratix") {
      folder.deleteLastPathComponent()
    }
    return folder.path
  }

  static var isSandbox: Bool { ProcessInfo.processInfo.environment["KRATIX_E2E_KUBECONFIG"] == nil }

  /// Of every program that a test runs.
  var environment: [String: String] {
    let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
    return ["KUBECONFIG": kubeconfig, "PATH": "\(Self.products):\(Self.root)/.tools/bin:\(path)", "HOME": folder]
  }

  /// Any program with the suite's environment.
  func run(_ program: String, _ arguments: [String], input: String = "") async throws -> CommandResult {
    try await Shell.run(program, arguments, input: input, environment: environment, directory: folder)
  }

  /// kubectl on the platform.
  func kubectl(_ arguments: String..., input: String = "") async throws -> CommandResult {
    try await run("kubectl", ["--context", platform] + arguments, input: input)
  }

  /// kubectl on the worker.
  func kubectlOnWorker(_ arguments: String..., input: String = "") async throws -> CommandResult {
    try await run("kubectl", ["--context", worker] + arguments, input: input)
  }

  /// `kubectl kratix ...` on the platform.
  func kratix(_ arguments: String..., input: String = "") async throws -> CommandResult {
    try await run("kubectl", ["kratix"] + arguments, input: input)
  }

  /// An object as JSON.
  func object(_ kind: String, _ name: String, namespace: String = "default", context: String? = nil) async throws
    -> KubernetesObject
  {
    let result = try await run(
      "kubectl", ["--context", context ?? platform, "-n", namespace, "get", kind, name, "-o", "json"])
    return KubernetesObject(try JSON(parsing: try result.succeeded().output))
  }

  /// Writes a file into the suite's folder; returns its path.
  func file(_ name: String, _ text: String) throws -> String {
    let path = "\(folder)/\(name)"
    try text.write(toFile: path, atomically: true, encoding: .utf8)
    return path
  }

  /// Waits, by kubectl's own watch, until a JSONPath of an object has a value.
  @discardableResult
  func wait(
    _ object: String, for condition: String, namespace: String = "default", context: String? = nil,
    seconds: Int = 120, sourceLocation: SourceLocation = #_sourceLocation
  ) async throws -> CommandResult {
    let result = try await run(
      "kubectl",
      [
        "--context", context ?? platform, "-n", namespace, "wait", object, "--for=\(condition)",
        "--timeout=\(seconds)s",
      ])
    return try result.succeeded(sourceLocation: sourceLocation)
  }
}

extension Platform {
  /// Waits, by `kubectl get --watch`, until an object is as a test wants it: what `kubectl wait` has no words for.
  func watch(
    _ object: String, namespace: String = "default", seconds: Int = 60,
    sourceLocation: SourceLocation = #_sourceLocation, until isReached: @escaping @Sendable (KubernetesObject) -> Bool
  ) async throws {
    let isFound = try await becomes([object, "-n", namespace], seconds: seconds, isReached)
    try #require(
      isFound, "\(object) did not become what was waited for in \(seconds) s", sourceLocation: sourceLocation)
  }

  /// Whether one of the objects that `kubectl get` shows is, or becomes, as a test wants it.
  func becomes(
    _ objects: [String], seconds: Int = 60, _ isReached: @escaping @Sendable (KubernetesObject) -> Bool
  ) async throws -> Bool {
    let arguments =
      ["--context", platform, "get"] + objects
      + ["--watch", "-o", "jsonpath={@}{'\\n'}", "--request-timeout=\(seconds)s"]
    return try await Shell.withLines(of: "kubectl", arguments, environment: environment) { lines in
      await lines.contains { (try? JSON(parsing: $0)).map { isReached(KubernetesObject($0)) } ?? false }
    }
  }
}

/// Gives a suite a platform: starts a sandbox before its first test and ends it after its last.
struct PlatformTrait: SuiteTrait, TestScoping {
  var arguments: [String]

  func provideScope(
    for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
  ) async throws {
    let folder = try Self.makeFolder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let environment = ProcessInfo.processInfo.environment
    if let kubeconfig = environment["KRATIX_E2E_KUBECONFIG"] {
      let platform = Platform(
        folder: folder, kubeconfig: kubeconfig, platform: environment["KRATIX_E2E_PLATFORM"] ?? "platform",
        worker: environment["KRATIX_E2E_WORKER"] ?? "worker-1", sandbox: nil)
      return try await Platform.$current.withValue(platform, operation: function)
    }
    let directory = "\(folder)/sandbox"
    let platform = Platform(
      folder: folder, kubeconfig: "\(directory)/kubeconfig", platform: "platform", worker: "worker-1",
      sandbox: directory)
    let up = ["kratix", "sandbox", "up", "--dir", directory] + arguments
    try await platform.run("kubectl", up).succeeded()
    let result: Result<Void, any Error>
    do {
      result = .success(try await Platform.$current.withValue(platform, operation: function))
    } catch {
      result = .failure(error)
    }
    try await platform.run("kubectl", ["kratix", "sandbox", "down", "--dir", directory]).succeeded()
    try result.get()
  }

  private static func makeFolder() throws -> String {
    let folder = FileManager.default.temporaryDirectory.appending(path: "kratix-e2e-\(UUID().uuidString.prefix(8))")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    return folder.path
  }
}

extension Trait where Self == PlatformTrait {
  /// A platform for the suite; on the sandbox, with these further arguments of `sandbox up`.
  static func platform(arguments: [String] = []) -> PlatformTrait { PlatformTrait(arguments: arguments) }
}
