import Foundation
import ImageRegistry
import KratixModel
import PromiseAuthoring

/// Builds and pushes the images whose sources a package holds, with podman or docker.
struct ImageBuild {
  /// The package's source directory.
  var directory: String
  /// nil for the first that is there.
  var engine: String?
  var pushes: Bool
  /// Registries besides this machine's own that podman may push to without encryption. docker has a list of its own.
  var plainHTTP: [String] = []
  /// Directories to find engines in, as in PATH.
  var searchPath = ProcessInfo.processInfo.environment["PATH"] ?? ""

  /// Builds each image; with `pushes`, the containers get the digests that the registry gave.
  func run(_ package: inout PromisePackage) async throws(Failure) {
    let engine = try program()
    for source in package.images {
      guard source.image.tag != nil else {
        throw Failure("\(source.image) has no tag to build it under; give one with --tag")
      }
      let reference = ImageReference(registry: source.image.registry, path: source.image.path, tag: source.image.tag)
      Console.note("building \(reference) from \(source.directory)")
      try Self.call([engine, "build", "--tag", reference.description, "\(directory)/\(source.directory)"])
      guard pushes else { continue }
      Console.note("pushing \(reference)")
      let digest = try push(reference, engine: engine)
      let pinned = ImageReference(
        registry: reference.registry, path: reference.path, tag: reference.tag, digest: digest)
      let plan: BumpPlan
      do {
        plan = try ImageBump.plan(
          text: Array(package.yaml.utf8),
          requests: source.containers.map {
            BumpRequest(
              image: pinned,
              containers: ContainerFilter(
                type: $0.type, action: $0.action, pipeline: $0.pipeline, container: $0.container))
          })
      } catch {
        throw Failure("the Promise \(error)")
      }
      try replacePromise(in: &package, by: plan.applied(to: Array(package.yaml.utf8)))
    }
  }

  private func replacePromise(in package: inout PromisePackage, by text: [UInt8]) throws(Failure) {
    do {
      package.promise = try PromisePackaging.package([SourceFile(path: "promise.yaml", bytes: text)]).promise
    } catch {
      throw Failure("the Promise \(error)")
    }
  }

  /// The path of the program.
  private func program() throws(Failure) -> String {
    let known = ["podman", "docker"]
    if let engine {
      guard known.contains(engine) else {
        throw Failure("\"\(engine)\" is no engine that builds images; use podman or docker")
      }
      guard let path = find(engine) else {
        throw Failure("\(engine) is not on the PATH; install it, or choose another --engine")
      }
      return path
    }
    guard let path = known.lazy.compactMap(find).first else {
      throw Failure("neither podman nor docker is on the PATH; one of them must build the images")
    }
    return path
  }

  private func find(_ program: String) -> String? {
    searchPath.split(separator: ":").map { "\($0)/\(program)" }.first { access($0, X_OK) == 0 }
  }

  /// podman writes the digest of what it pushed; docker keeps it with the image.
  private func push(_ reference: ImageReference, engine: String) throws(Failure) -> String {
    let file = NSTemporaryDirectory() + "kubectl-kratix-\(UUID().uuidString)"
    defer { unlink(file) }
    let answer: String
    if engine.hasSuffix("/podman") {
      let isInsecure = reference.registry.map { plainHTTP.contains($0) || RegistryClient.isLoopback($0) } ?? false
      try Self.call(
        [engine, "push", "--digestfile", file] + (isInsecure ? ["--tls-verify=false"] : []) + [reference.description])
      answer = String(decoding: try AtomicFile.read(file, limit: 1 << 10), as: UTF8.self)
    } else {
      try Self.call([engine, "push", reference.description])
      let format = "{{range .RepoDigests}}{{println .}}{{end}}"
      let digests = try Self.call([engine, "image", "inspect", "--format", format, reference.description], reads: true)
      answer =
        digests.split(separator: "\n").compactMap { ImageReference(String($0)) }
        .first { $0.canonicalRepository == reference.canonicalRepository }?.digest ?? ""
    }
    let digest = answer.trimmingCharacters(in: .whitespacesAndNewlines)
    guard ImageReference("\(reference.repository)@\(digest)") != nil else {
      throw Failure("\(engine) pushed \(reference) and did not say its digest")
    }
    return digest
  }

  /// Runs a program whose own output goes to standard error.
  @discardableResult
  private static func call(_ words: [String], reads: Bool = false) throws(Failure) -> String {
    let process = Process()
    process.executableURL = URL(filePath: words[0])
    process.arguments = Array(words.dropFirst())
    let output = Pipe()
    process.standardOutput = reads ? output : FileHandle.standardError
    do {
      try process.run()
    } catch {
      throw Failure("\(words[0]) cannot be started: \(error.localizedDescription)")
    }
    let data = reads ? (try? output.fileHandleForReading.readToEnd()) ?? Data() : Data()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      throw Failure("\"\(words.joined(separator: " "))\" ended with exit code \(process.terminationStatus)")
    }
    return String(decoding: data, as: UTF8.self)
  }
}
