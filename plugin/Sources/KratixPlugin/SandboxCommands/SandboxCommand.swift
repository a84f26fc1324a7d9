import ArgumentParser
import Foundation
import Kubernetes
import Sandbox

struct SandboxCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sandbox", abstract: "A Kratix platform and its workers in one process, on this machine.",
    discussion: """
      Example:
        kubectl kratix sandbox up --image ghcr.io/acme/configure:v1=./pipelines/configure
        export KUBECONFIG=$(kubectl kratix sandbox status -o json | jq -r .kubeconfig)
        kubectl --context platform get destinations
        kubectl kratix sandbox down
      """,
    subcommands: [
      SandboxUp.self, SandboxDown.self, SandboxStatus.self, SandboxLoad.self, SandboxControllers.self,
    ])
}

/// `--dir`.
struct SandboxArguments: ParsableArguments {
  @Option(help: "The sandbox's folder; one in your state directory when left out.")
  var dir: String?

  var directory: SandboxDirectory { dir.map(SandboxDirectory.init(path:)) ?? .standard() }
}

/// `REF=PATH`.
struct ImageMapping: ExpressibleByArgument, Sendable {
  var reference: String
  var path: String

  init?(argument: String) {
    guard let equals = argument.lastIndex(of: "=") else { return nil }
    reference = String(argument[..<equals])
    path = String(argument[argument.index(after: equals)...])
    guard !reference.isEmpty, !path.isEmpty else { return nil }
  }

  /// The path made absolute. - Throws: `Failure` when it leads to no directory.
  func absolutePath() throws(Failure) -> String {
    let absolute = path.hasPrefix("/") ? path : "\(FileManager.default.currentDirectoryPath)/\(path)"
    var isDirectory: ObjCBool = false
    guard FileManager.default.fileExists(atPath: absolute, isDirectory: &isDirectory), isDirectory.boolValue else {
      throw Failure("\(reference)=\(path): \(path) is not a directory; give one that holds the image's Dockerfile")
    }
    return URL(filePath: absolute).standardized.path
  }
}

struct SandboxDown: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "down", abstract: "End the sandbox; its state stays, unless --purge.")

  @OptionGroup var sandbox: SandboxArguments

  @Flag(help: "Remove the sandbox's folder as well.")
  var purge = false

  func run() throws {
    let directory = sandbox.directory
    if SandboxLock.isHeld(directory), let record = directory.readRecord() {
      kill(record.processID, SIGTERM)
      SandboxLock.waitUntilFree(directory)
      Console.out("The sandbox in \(directory.path) has ended.")
    } else {
      Console.out("No sandbox runs in \(directory.path).")
    }
    guard purge, FileManager.default.fileExists(atPath: directory.kubeconfig) else { return }
    do {
      try FileManager.default.removeItem(atPath: directory.path)
    } catch {
      throw Failure("\(directory.path) cannot be removed: \(error.localizedDescription)")
    }
  }
}

struct SandboxStatus: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status", abstract: "Say what runs: exit code 0 when the sandbox does, 1 when it does not.")

  @OptionGroup var sandbox: SandboxArguments

  @Option(name: .shortAndLong, help: "table, json or yaml.")
  var output: OutputFormat = .table

  func run() throws {
    let directory = sandbox.directory
    guard SandboxLock.isHeld(directory), let record = directory.readRecord() else {
      throw Failure("no sandbox runs in \(directory.path); start one with: kubectl kratix sandbox up")
    }
    let images = directory.readImages()
    switch output {
    case .json, .yaml:
      var json = record.json
      json["directory"] = .string(directory.path)
      json["kubeconfig"] = .string(directory.kubeconfig)
      json["images"] = JSON(images)
      Console.out(output == .json ? json.text(.pretty) : String(YAML.text(json).dropLast()))
    default:
      var table = TextTable("CONTEXT", "SERVER")
      for server in record.servers { table.add(server.context, server.url) }
      let parts = record.hasControllers ? "engine \(record.engine), pace \(record.pace)" : "without controllers"
      Console.out(
        """
        The sandbox in \(directory.path) runs (process \(record.processID), \(parts)).
        export KUBECONFIG=\(directory.kubeconfig)

        \(table.text)
        """)
      guard !images.isEmpty else { return }
      var imageTable = TextTable("IMAGE", "DIRECTORY")
      for (reference, path) in images.sorted(by: { $0.key < $1.key }) { imageTable.add(reference, path) }
      Console.out("\n\(imageTable.text)")
    }
  }
}

struct SandboxLoad: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "load", abstract: "Map image references to local directories with a Dockerfile.",
    discussion: "Example: kubectl kratix sandbox load ghcr.io/acme/configure:v2=./pipelines/configure-v2")

  @OptionGroup var sandbox: SandboxArguments

  @Argument(help: "REF=PATH; may be repeated.")
  var images: [ImageMapping]

  func run() throws {
    let directory = sandbox.directory
    guard FileManager.default.fileExists(atPath: directory.path) else {
      throw Failure("there is no sandbox in \(directory.path); start one with: kubectl kratix sandbox up")
    }
    var map = directory.readImages()
    for image in images { map[image.reference] = try image.absolutePath() }
    try directory.writeImages(map)
    for image in images { Console.out("\(image.reference) loaded") }
  }
}
