import ArgumentParser
import Foundation
import ImageRegistry
import KratixModel
import Kubernetes
import PromiseAuthoring

/// `kubectl kratix bump`: other images, and the version that goes with them.
public struct BumpCommand: AsyncParsableCommand {
  public static let configuration = CommandConfiguration(
    commandName: "bump",
    abstract: "Change image references and the version of a Promise in its file.",
    discussion: """
      Only the bytes of the image references and of the version label change: comments, quoting, indentation and line \
      breaks stay. The file may hold several documents, and Promises in the text of other objects.

      Examples:
        # Its containers get v0.2.0, and the Promise the version v0.2.0.
        kubectl kratix bump -f promise.yaml \\
          --image ghcr.io/acme/configure:v0.2.0 --promise-version v0.2.0

        # Show what would change; raise the version by as much as the image.
        kubectl kratix bump -f promise.yaml \\
          --image ghcr.io/acme/configure:v0.2.0 --promise-version auto --dry-run

        # One container gets an image of another repository.
        kubectl kratix bump -f promise.yaml --image ghcr.io/acme/new:v1 \\
          --container resource/configure/instance/create

        # What could be bumped? Ask the registries, and change nothing.
        kubectl kratix bump -f promise.yaml --check

        # The newest tags of a minor version, pinned to their digests.
        kubectl kratix bump -f promise.yaml --to '~1.2' --digest

      Exit codes: 0 done, also when nothing was to be changed; 1 the file is as it was, and a sentence says why; \
      3 with --check --exit-code when something could be bumped.
      """)

  @Option(
    name: [.customShort("f"), .customLong("filename")],
    help: "The Promise's file; - reads standard input and writes standard output.")
  var file: String

  @Option(parsing: .upToNextOption, help: "Images to use: they replace other tags and digests of the same repository.")
  var image: [String] = []

  @OptionGroup var addressing: ContainerAddressing

  @Option(help: "The Promise's new version, or auto to raise it by the size of the image change (a patch without one).")
  var promiseVersion: String?

  @Flag(help: "Print a unified diff, and change nothing.")
  var dryRun = false

  @OptionGroup(title: "Registry options") var registry: RegistryArguments

  @Flag(help: "List the images that could be bumped (to latest, without --to), and change nothing.")
  var check = false

  @Flag(help: "With --check: exit with 3 when there is something to bump.")
  var exitCode = false

  @Option(name: .shortAndLong, help: "With --check: table or json.")
  var output: OutputFormat = .table

  public init() {}

  public mutating func validate() throws {
    guard !image.isEmpty || promiseVersion != nil || registry.isUsed || check else {
      throw ValidationError("say what to change: --image, --to or --digest, or --promise-version alone")
    }
    if check, dryRun { throw ValidationError("--check and --dry-run exclude each other: neither changes anything") }
    if exitCode, !check { throw ValidationError("--exit-code needs --check") }
    guard [.table, .json].contains(output) else { throw ValidationError("-o takes table or json") }
    _ = try addressing.filter()
    _ = try registry.wish(isCheck: check)
  }

  public func run() async throws {
    let text = try AtomicFile.read(file, limit: PromiseFile.limit)
    var failures: [String] = []
    let requests = try registry.isUsed || check ? await requestsByRegistry(text, &failures) : requests()
    let plan = try PromiseFile.naming(file) {
      try ImageBump.plan(text: text, requests: requests, promiseVersion: versionChange)
    }
    if check { return try list(plan, failures) }
    for warning in plan.warnings { Console.warning("\(warning)") }
    let result = plan.applied(to: text)
    if dryRun {
      Console.out(bytes: Array(UnifiedDiff.text(text, result, oldName: file, newName: file).utf8))
      return
    }
    if file == "-" {
      Console.out(bytes: result)
    } else if result != text {
      try PromiseFile.checkWritable(file)
      try AtomicFile.write(result, to: file)
    }
    report(plan)
  }

  /// One request for each image that a registry has something else for.
  ///
  /// - Parameter failures: of a check, which goes on with the other images.
  private func requestsByRegistry(_ text: [UInt8], _ failures: inout [String]) async throws -> [BumpRequest] {
    let filter = try addressing.filter()
    let containers = try PromiseFile.naming(file) { try ImageBump.containers(in: text) }
      .filter { filter.matches($0.address) }
    let wanted = try image.map { text in
      guard let reference = ImageReference(text) else { throw Failure("\"\(text)\" is no image reference") }
      return reference
    }
    let updates = ImageUpdates(registry: registry.client)
    let wish = try registry.wish(isCheck: check)
    var requests: [BumpRequest] = []
    for current in Set(containers.map(\.image)).sorted() {
      guard let reference = ImageReference(current) else {
        throw Failure("\(PromiseFile.name(file)) holds the image \"\(current)\", which is no image reference")
      }
      let wanted = wanted.filter { $0.canonicalRepository == reference.canonicalRepository }
      guard image.isEmpty || !wanted.isEmpty else { continue }
      // With --image the tag may be said there, and the registry only gives the digest.
      let start = registry.to == nil ? wanted.first { $0.tag != nil } ?? reference : reference
      let update: ImageReference?
      do {
        update = try await updates.update(of: start, wish: wish)
      } catch {
        guard check else { throw Failure("\(error)") }
        failures.append("\(error)")
        continue
      }
      guard let update else {
        if check { continue }
        throw Failure("no tag of \(reference.repository) fits \(wish.constraint.map { "\($0)" } ?? "")")
      }
      if check, !Self.isNewer(update, than: reference) { continue }
      requests.append(BumpRequest(image: update, containers: filter, scope: .exactly(current)))
    }
    for wanted in wanted
    where !containers.contains(where: {
      ImageReference($0.image)?.canonicalRepository == wanted.canonicalRepository
    }) {
      throw Failure(
        "\(PromiseFile.name(file)) \(BumpError.noMatch(wanted.repository, containers: containers))")
    }
    return requests
  }

  /// A check lists what is ahead, not what a person went beyond.
  private static func isNewer(_ update: ImageReference, than current: ImageReference) -> Bool {
    guard update != current else { return false }
    guard let new = update.tag.flatMap({ SemanticVersion($0) }), let old = current.tag.flatMap({ SemanticVersion($0) })
    else { return true }
    return old < new || old == new && update.digest != current.digest
  }

  private func list(_ plan: BumpPlan, _ failures: [String]) throws {
    switch output {
    case .json:
      let images = plan.images.map { change -> JSON in
        [
          "promise": .string(change.address.promise), "container": .string(change.address.description),
          "path": .string(change.path.description), "from": .string(change.from), "to": .string(change.to),
        ]
      }
      Console.out(JSON.object(["images": .array(images)]).text(.pretty))
    default:
      if !plan.images.isEmpty {
        var table = TextTable("CONTAINER", "IMAGE", "NEWEST")
        for change in plan.images { table.add(change.address.description, change.from, change.to) }
        Console.out(table.text)
      } else if failures.isEmpty {
        Console.out("\(PromiseFile.name(file)) is up to date")
      }
    }
    guard failures.isEmpty else { throw Failure(failures.joined(separator: "; ")) }
    if exitCode, !plan.images.isEmpty { throw ExitCode(3) }
  }

  private var versionChange: VersionChange? {
    promiseVersion.map { $0 == "auto" ? .raise : .set($0) }
  }

  private func requests() throws -> [BumpRequest] {
    let filter = try addressing.filter()
    return try image.map { text in
      guard let reference = ImageReference(text) else { throw Failure("\"\(text)\" is no image reference") }
      guard reference.tag != nil || reference.digest != nil else {
        throw Failure("\(text) has neither a tag nor a digest; say which image: \(text):TAG")
      }
      return BumpRequest(
        image: reference, containers: filter, scope: .repository(everywhere: addressing.all))
    }
  }

  /// With `-f -` standard output is the file's.
  private func report(_ plan: BumpPlan) {
    var lines = plan.images.map { "\($0.address): \($0.from) -> \($0.to)" }
    lines += plan.versions.map { "Promise \($0.promise): version \($0.from ?? "(none)") -> \($0.to)" }
    if lines.isEmpty { lines = ["\(file) is up to date"] }
    for line in lines { file == "-" ? Console.note(line) : Console.out(line) }
  }
}

/// What a command wants of registries.
struct RegistryArguments: ParsableArguments {
  @Option(help: "The tag to choose: latest, a range of versions ('~1.2', '^1', '>=1 <2') or a regular expression.")
  var to: String?

  @Flag(help: "Let --to choose prereleases too.")
  var prerelease = false

  @Flag(help: "Pin images to the digest that the registry gives.")
  var digest = false

  @Option(help: "A registry (HOST:PORT) that may be asked without encryption; those on loopback may.")
  var insecureRegistry: [String] = []

  var isUsed: Bool { to != nil || digest }

  func wish(isCheck: Bool) throws -> ImageUpdates.Wish {
    do {
      let constraint = try to.map { text throws(ConstraintError) in try VersionConstraint(parsing: text) }
      return ImageUpdates.Wish(
        constraint: constraint ?? (isCheck && !digest ? .latest : nil), includesPrereleases: prerelease,
        pinsDigest: digest)
    } catch {
      throw ValidationError("\(error)")
    }
  }

  var client: RegistryClient { RegistryClient(plainHTTP: Set(insecureRegistry)) }
}

/// Which containers of a Promise's file a command is about.
struct ContainerAddressing: ParsableArguments {
  @Option(help: "Only this container: NAME, PIPELINE/NAME or TYPE/ACTION/PIPELINE/NAME.")
  var container: String?

  @Option(help: "Only the containers of this pipeline: NAME or TYPE/ACTION/NAME.")
  var pipeline: String?

  @Option(help: "Only the Promise of this name, where the file holds several.")
  var promise: String?

  @Flag(help: "Every container with the image's repository, also when they run different tags now.")
  var all = false

  func filter() throws -> ContainerFilter {
    var filter = ContainerFilter(promise: promise)
    if let container {
      guard let parsed = ContainerFilter(containerAddress: container) else {
        throw ValidationError(
          "\"\(container)\" addresses no container; write NAME, PIPELINE/NAME or TYPE/ACTION/PIPELINE/NAME, as in "
            + "resource/configure/instance/create")
      }
      filter = filter.and(parsed) ?? filter
    }
    if let pipeline {
      guard let parsed = ContainerFilter(pipelineAddress: pipeline) else {
        throw ValidationError(
          "\"\(pipeline)\" addresses no pipeline; write NAME or TYPE/ACTION/NAME, as in resource/configure/instance")
      }
      guard let both = filter.and(parsed) else {
        throw ValidationError("--container \(container ?? "") and --pipeline \(pipeline) contradict each other")
      }
      filter = both
    }
    return filter
  }
}

/// Files that hold a Promise.
enum PromiseFile {
  /// A cluster stores less than a tenth of this; a greater file is there by mistake.
  static let limit = 16 << 20

  /// A file that nobody may write is not to be replaced, also not by one whom no mode stops.
  /// - Throws: `Failure` when the file's mode lets nobody write.
  static func checkWritable(_ path: String) throws(Failure) {
    var information = stat()
    guard stat(path, &information) == 0, information.st_mode & 0o222 == 0 else { return }
    throw Failure("\(path) is read-only; allow writing with \"chmod u+w\" first")
  }

  /// How messages call the file.
  static func name(_ path: String) -> String { path == "-" ? "standard input" : path }

  /// Puts the file's name before the sentence of an error.
  static func naming<Result>(
    _ path: String, _ body: () throws -> Result
  ) throws -> Result {
    do {
      return try body()
    } catch let error as BumpError {
      throw Failure("\(name(path)) \(error)")
    }
  }
}
