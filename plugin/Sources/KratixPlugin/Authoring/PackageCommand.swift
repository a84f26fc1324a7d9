import ArgumentParser
import Foundation
import KratixModel
import Kubernetes
import PromiseAuthoring
import PromiseReview

/// `kubectl kratix package`: from a source directory to an installable Promise, and back.
public struct PackageCommand: AsyncParsableCommand {
  public static let configuration = CommandConfiguration(
    commandName: "package",
    abstract: "Make an installable Promise of its source directory.",
    discussion: """
      The directory holds a promise.yaml, or the split layout of the kratix CLI: api.yaml, dependencies.yaml or \
      dependencies/, and workflows/TYPE/ACTION/workflow.yaml. The same directory gives the same bytes on any machine.

      Examples:
        kubectl kratix package examples/mongodb -o promise.yaml
        kubectl kratix package database --version v1.2.0 \\
          --image-prefix ghcr.io/acme --tag v1.2.0 -o promise.yaml
        kubectl kratix package database --build --push -o promise.yaml
        kubectl kratix package database -o promise.yaml \\
          --release https://example.com/promise.yaml
        kubectl kratix package --unpack promise.yaml -o directory

      Exit codes: 0 done, 1 nothing was written, and a sentence says why.
      """)

  @Argument(help: "The source directory; with --unpack, the Promise's file.")
  var source: String

  @Option(name: .shortAndLong, help: "The file to write; standard output without it. With --unpack, the directory.")
  var output: String?

  @Option(help: "The Promise's name, where the directory does not say it or it is to be another.")
  var name: String?

  @Option(help: "The Promise's version: the label kratix.io/promise-version.")
  var version: String?

  @Option(help: "Registry and path of the images that are built from this directory.")
  var imagePrefix: String?

  @Option(help: "Tag of the images that are built from this directory.")
  var tag: String?

  @Flag(help: "Build the images of the directory's containers.")
  var build = false

  @Flag(help: "Push the images that were built, and write their digests.")
  var push = false

  @Option(help: "What builds and pushes: podman or docker; the one that is there without it.")
  var engine: String?

  @Option(help: "Also write the package as an OCI artifact, in an image layout at this directory.")
  var ociLayout: String?

  @Option(help: "Also write promise-release.yaml beside the output: the PromiseRelease that installs it from this URL.")
  var release: String?

  @Flag(
    name: [.customLong("unpack"), .customLong("split")], help: "The other way: write a Promise's file as a directory.")
  var unpack = false

  public init() {}

  public mutating func validate() throws {
    if unpack, output == nil { throw ValidationError("--unpack needs -o with the directory to write") }
    if release != nil, output == nil {
      throw ValidationError("--release needs -o: it writes promise-release.yaml beside it")
    }
    if push, !build { throw ValidationError("--push needs --build") }
    if let release, URL(string: release)?.scheme?.hasPrefix("http") != true {
      throw ValidationError("\"\(release)\" is no http or https URL")
    }
  }

  public func run() async throws {
    if unpack { return try writeDirectory() }
    var package = try package()
    if build { try await ImageBuild(directory: source, engine: engine, pushes: push).run(&package) }
    for warning in package.warnings { Console.warning(warning) }
    let findings = PromiseReview.review(candidate: Promise(package.promise)).filter { $0.severity > .info }
    if !findings.isEmpty { Console.note(ValidationReport.table(findings)) }
    if let ociLayout { try SourceTree.write(OCILayout.files(package), to: ociLayout, replacing: true) }
    if let release, let output {
      let path = ((output as NSString).deletingLastPathComponent as NSString).appendingPathComponent(
        "promise-release.yaml")
      try AtomicFile.write(Array(YAML.text(package.release(url: release).json).utf8), to: path)
    }
    let text = Array(package.yaml.utf8)
    if let output, output != "-" {
      try AtomicFile.write(text, to: output)
    } else {
      Console.out(bytes: text)
    }
  }

  /// The sources stay: an output that is one of them would lose what YAML cannot carry over, such as comments.
  private func checkOutput(_ files: [SourceFile]) throws(Failure) {
    guard let output, let target = realpath(output, nil) else { return }
    defer { free(target) }
    for file in files where SourceLayout.isRead(file.path) {
      guard let path = realpath("\(source)/\(file.path)", nil) else { continue }
      defer { free(path) }
      if strcmp(path, target) == 0 {
        throw Failure("\(output) is a file of the source directory; write the package elsewhere")
      }
    }
  }

  private func package() throws(Failure) -> PromisePackage {
    let options = PackageOptions(
      name: name, defaultName: URL(filePath: source).standardizedFileURL.lastPathComponent, version: version,
      imagePrefix: imagePrefix, tag: tag)
    let files = try SourceTree.read(source)
    try checkOutput(files)
    do {
      return try PromisePackaging.package(files, options: options)
    } catch {
      throw Failure("\(source) \(error)")
    }
  }

  private func writeDirectory() throws(Failure) {
    let text = try AtomicFile.read(source, limit: PromiseFile.limit)
    let file = SourceFile(path: "promise.yaml", bytes: text)
    let promise: KubernetesObject
    do {
      promise = try PromisePackaging.package([file], options: PackageOptions(name: name, version: version)).promise
    } catch {
      throw Failure("\(PromiseFile.name(source)) cannot be unpacked: it \(error)")
    }
    try SourceTree.write(PromisePackaging.unpack(promise), to: output ?? ".")
  }
}
