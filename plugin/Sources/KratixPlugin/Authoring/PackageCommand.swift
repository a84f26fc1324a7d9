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

  @OptionGroup var insecure: InsecureRegistries

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
    if let imagePrefix, !ImageFilling.isPrefix(imagePrefix) {
      throw ValidationError("\"\(imagePrefix)\" is no registry and path of images, such as ghcr.io/acme")
    }
    if let tag, ImageReference("image:\(tag)")?.tag != tag {
      throw ValidationError("\"\(tag)\" is no tag: letters, digits, _ . and -, 128 at most")
    }
    if push, !build { throw ValidationError("--push needs --build") }
    if let release, URL(string: release)?.scheme?.hasPrefix("http") != true {
      throw ValidationError("\"\(release)\" is no http or https URL")
    }
  }

  public func run() async throws {
    if unpack { return try writeDirectory() }
    var package = try package()
    for warning in package.warnings { Console.warning(warning) }
    if build {
      let plainHTTP = insecure.insecureRegistry
      try await ImageBuild(directory: source, engine: engine, pushes: push, plainHTTP: plainHTTP).run(&package)
    }
    let text = Array(package.yaml.utf8)
    showFindings(package, text)
    if let ociLayout { try writeLayout(of: package, to: ociLayout) }
    if let release, let output {
      let path = "\(FilePaths.directory(of: output))/promise-release.yaml"
      try PromiseFile.write(Array(YAML.text(package.release(url: release).json).utf8), to: path)
    }
    if let output, output != "-" {
      try PromiseFile.write(text, to: output)
    } else {
      Console.out(bytes: text)
    }
  }

  /// A layout that is there is written anew; what else is there stays as it is.
  private func writeLayout(of package: PromisePackage, to directory: String) throws(Failure) {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
    guard names.isEmpty || names.contains("oci-layout") else {
      throw Failure("\(directory) is no image layout, and not empty; choose another directory")
    }
    try SourceTree.write(OCILayout.files(package), to: directory, replacing: true)
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
    let files = try SourceTree.read(source)
    try checkOutput(files)
    var package = try SourceTree.package(
      files, of: source, options: PackageOptions(name: name, version: version, imagePrefix: imagePrefix, tag: tag))
    guard package.images.isEmpty else { return package }
    if build {
      throw Failure(
        "\(source) holds no image to build; put a Dockerfile into workflows/TYPE/ACTION/PIPELINE/CONTAINER/ for a "
          + "container of the Promise")
    }
    if imagePrefix != nil || tag != nil {
      package.warnings.append(
        "--image-prefix and --tag change nothing: no container's image is built from a Dockerfile of \(source)")
    }
    return package
  }

  /// What the rules say, as `validate` shows it. It is no part of the result, so it goes beside it.
  private func showFindings(_ package: PromisePackage, _ text: [UInt8]) {
    let promise = Promise(package.promise)
    let findings = PromiseReview.review(candidate: promise).filter { $0.severity > .info }
    guard !findings.isEmpty else { return }
    let subject = ReviewSubject(
      file: output ?? "-", lines: FieldLines(text), promise: promise, isDefinition: false, document: 0)
    Console.note(ValidationReport(subject: subject, findings: findings).text(showsInfo: false))
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
