import Foundation
import KratixModel
import Programs

/// Runs containers with podman or docker: any image, pulled when it is not there.
///
/// Each container is a new one, without network unless allowed and without a terminal, and is removed when it ends,
/// also when the run is cancelled.
public final class ContainerEngine: WorkflowEngine {
  private let execution: PipelineExecution

  /// - Parameters:
  ///   - command: the program, `podman` or `docker` or another that takes docker's arguments.
  ///   - options: given to the program before `run`.
  ///   - environment: of the program.
  public init(
    command: String, options: [String] = [], environment: [String: String] = ProcessInfo.processInfo.environment
  ) throws {
    let runner = ContainerCommandRunner(command: command, options: options, environment: environment)
    execution = PipelineExecution(scratch: try ScratchDirectory("kratix-run")) { _ in runner }
  }

  public func run(
    _ run: WorkflowRun, limits: WorkflowLimits, onEvent: @escaping @Sendable (ContainerEvent) -> Void
  ) async throws(WorkflowFailure) -> WorkflowResult {
    try await execution.run(run, limits: limits, onEvent: onEvent)
  }

  /// The first of podman and docker that is in PATH; nil when none is.
  public static func installedCommand(
    environment: [String: String] = ProcessInfo.processInfo.environment
  ) -> String? {
    let directories = (environment["PATH"] ?? "").split(separator: ":")
    return ["podman", "docker"].first { name in
      directories.contains { FileManager.default.isExecutableFile(atPath: "\($0)/\(name)") }
    }
  }
}

/// Puts together `podman run` or `docker run`.
struct ContainerCommandRunner: ContainerRunner {
  let command: String
  let options: [String]
  let environment: [String: String]

  func invocation(
    for container: ContainerSpecification, directory: RunDirectory, limits: WorkflowLimits
  ) async throws(WorkflowFailure.Reason) -> Invocation {
    let name = "kratix-\(UUID().uuidString.prefix(13).lowercased())"
    let files = "\(directory.path)/environment-\(container.name)"
    var arguments = options + ["run", "--rm", "--name", name, "--security-opt", "no-new-privileges"]
    arguments += ["--security-opt", "label=disable"]
    if !limits.allowsNetwork { arguments += ["--network", "none"] }
    for mount in container.mounts {
      arguments += ["--volume", "\(mount.source):\(mount.destination)\(mount.isReadOnly ? ":ro" : "")"]
    }
    // Values go through a file, where the process list does not show them; it cannot hold more than a line of each.
    var lines: [String] = []
    for variable in container.environment {
      if variable.value.contains(where: \.isNewline) {
        arguments += ["--env", "\(variable.name)=\(variable.value)"]
      } else {
        lines.append("\(variable.name)=\(variable.value)\n")
      }
    }
    guard
      FileManager.default.createFile(
        atPath: files, contents: Data(lines.joined().utf8), attributes: [.posixPermissions: 0o600])
    else { throw .engine("its environment cannot be written to \(files)") }
    arguments += ["--env-file", files]
    // The entry point is one word; what else the pipeline's command has comes before its arguments.
    if let entrypoint = container.command.first { arguments += ["--entrypoint", entrypoint] }
    arguments.append(container.image)
    arguments += container.command.dropFirst() + container.arguments
    return Invocation(
      executable: command, arguments: arguments, environment: environment, input: [],
      cleanUp: { await remove(name) })
  }

  /// 125 is the engine's own failure; 126 and 127 are the container's command.
  func failure(exitCode: Int32, lastLines: [String], image: String) -> WorkflowFailure.Reason? {
    guard exitCode == 125 else { return nil }
    let text = (lastLines.last { $0.contains("rror") } ?? lastLines.last ?? "no reason was given")
      .replacing(#/^Error: /#, with: "")
    let signs = ["pull", "manifest", "not found", "no such image", "unauthorized", "denied", "registry", "short-name"]
    if signs.contains(where: text.lowercased().contains) {
      return .imageUnavailable("image \(image) cannot be had: \(text)")
    }
    return .engine(text)
  }

  /// Whether the engine works and has the image, without pulling it.
  func hasImage(_ image: String) async -> Bool {
    await perform(["image", "inspect", image])
  }

  /// Removes a container that may still run, after the program that started it was killed. One that has ended is gone
  /// already, of which the program complains.
  func remove(_ name: String) async {
    _ = await perform(["rm", "--force", name])
  }

  /// Runs the program with nothing to say; whether it succeeded.
  private func perform(_ arguments: [String]) async -> Bool {
    let result = try? await Program(command, options + arguments, environment: environment).collect()
    return result?.succeeded ?? false
  }
}
