import ArgumentParser
import Foundation
import Kubernetes
import Sandbox

/// `NAME[:label=value,...]`.
struct WorkerArgument: ExpressibleByArgument, Sendable {
  var worker: SandboxConfiguration.Worker

  init?(argument: String) {
    let parts = argument.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    let name = String(parts[0])
    guard NameRules.dns1123Label(name).isEmpty else { return nil }
    var labels: [String: String] = [:]
    if parts.count == 2 {
      for pair in parts[1].split(separator: ",") {
        let sides = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard sides.count == 2, NameRules.qualifiedName(String(sides[0])).isEmpty,
          NameRules.labelValue(String(sides[1])).isEmpty
        else { return nil }
        labels[String(sides[0])] = String(sides[1])
      }
    } else {
      labels = SandboxConfiguration.Worker.standard.labels
    }
    worker = SandboxConfiguration.Worker(name: name, labels: labels)
  }
}

extension SandboxConfiguration.Engine: ExpressibleByArgument {}
extension SandboxConfiguration.PaceName: ExpressibleByArgument {}

struct SandboxUp: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "up", abstract: "Start a platform and its workers; returns when the platform is ready.",
    discussion: """
      Writes DIR/kubeconfig with the contexts `platform` and one for each worker. State stays in DIR and is taken up
      again by the next `up`. Several sandboxes run side by side, each in a folder of its own.
      """)

  @OptionGroup var sandbox: SandboxArguments

  @Option(
    name: .customLong("worker"),
    help:
      "NAME[:label=value,...]: a worker and its destination's labels; may be repeated. (default: worker-1:environment=dev)"
  )
  var workers: [WorkerArgument] = []

  @Option(name: .customLong("image"), help: "REF=PATH: the directory that stands for an image; may be repeated.")
  var images: [ImageMapping] = []

  @Option(help: "Where pipelines run: process (bubblewrap), container (podman or docker) or auto.")
  var engine: SandboxConfiguration.Engine = .auto

  @Option(help: "fast, or kratix to wait as the real controllers do.")
  var pace: SandboxConfiguration.PaceName = .fast

  @Flag(inversion: .prefixedNo, help: "Register kratix-webhook, which guards Promise updates.")
  var webhook = true

  @Flag(
    inversion: .prefixedNo,
    help: "Run Kratix's controllers and its Jobs; without, the API servers are alone, for sandbox controllers.")
  var controllers = true

  @Flag(help: "Stay in the foreground until interrupted.")
  var foreground = false

  @Option(name: .customLong("report-to"), help: .hidden)
  var reportDescriptor: Int32?

  func validate() throws {
    let names = workers.map(\.worker.name)
    guard Set(names).count == names.count else { throw ValidationError("two workers have the same name") }
    guard !names.contains("platform") else {
      throw ValidationError("a worker cannot be called platform: that is the platform's own context")
    }
  }

  func run() async throws {
    let directory = sandbox.directory
    try directory.create()
    if reportDescriptor == nil {
      var map = directory.readImages()
      for image in images { map[image.reference] = try image.absolutePath() }
      try directory.writeImages(map)
    }
    if foreground || reportDescriptor != nil {
      try await serve(directory)
    } else {
      try start(directory)
    }
  }

  /// Starts the process that serves, and waits for its word.
  private func start(_ directory: SandboxDirectory) throws {
    if SandboxLock.isHeld(directory) { throw SandboxError.alreadyRunning(directory.path) }
    let arguments = Array(CommandLine.arguments.dropFirst()) + ["--report-to", "\(Detached.reportDescriptor)"]
    let (report, _) = try Detached.start(arguments, log: directory.log)
    if report == Self.readyReport { return Console.out(ready(directory)) }
    throw Failure(
      report.isEmpty ? "the sandbox ended before it was ready; its log is \(directory.log)" : report)
  }

  private static let readyReport = "ready\n"

  /// Serves until the process is told to end.
  private func serve(_ directory: SandboxDirectory) async throws {
    let configuration = SandboxConfiguration(
      directory: directory, workers: workers.isEmpty ? [.standard] : workers.map(\.worker), engine: engine, pace: pace,
      hasControllers: controllers)
    let descriptor = reportDescriptor
    do {
      try await SandboxProcess.run(configuration, webhook: webhook) {
        if let descriptor {
          Detached.report(Self.readyReport, to: descriptor)
        } else {
          Console.note(ready(directory))
        }
      }
    } catch {
      if let descriptor { Detached.report(Failure.sentence(for: error), to: descriptor) }
      throw error
    }
  }

  private func ready(_ directory: SandboxDirectory) -> String {
    """
    The sandbox is ready.
    export KUBECONFIG=\(directory.kubeconfig)
    """
  }
}
