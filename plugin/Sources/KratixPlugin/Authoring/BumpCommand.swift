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
    let requests = try registry.isUsed || check ? await search.requests(&failures, in: text) : requests()
    let plan = try PromiseFile.naming(file) {
      try ImageBump.plan(text: text, requests: requests, promiseVersion: versionChange)
    }
    if check { return try list(plan, failures) }
    for warning in plan.warnings { Console.warning("\(warning)") }
    for change in plan.images where Self.isPinned(change.from) && !Self.isPinned(change.to) {
      Console.warning("\(change.address) is no longer pinned to a digest; --digest pins it again")
    }
    let result = plan.applied(to: text)
    if dryRun {
      Console.out(bytes: Array(UnifiedDiff.text(text, result, oldName: file, newName: file).utf8))
      return
    }
    if file == "-" {
      Console.out(bytes: result)
    } else if result != text {
      try PromiseFile.write(result, to: file)
    }
    report(plan)
  }

  private static func isPinned(_ image: String) -> Bool { ImageReference(image)?.digest != nil }

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

  private var search: ImageSearch {
    get throws {
      ImageSearch(
        file: file, wanted: try references(), filter: try addressing.filter(), updates: registry.updates,
        wish: try registry.wish(isCheck: check), isCheck: check)
    }
  }

  private var versionChange: VersionChange? {
    promiseVersion.map { $0 == "auto" ? .raise : .set($0) }
  }

  private func requests() throws -> [BumpRequest] {
    let filter = try addressing.filter()
    return try references().map { reference in
      guard reference.tag != nil || reference.digest != nil else {
        throw Failure("\(reference) has neither a tag nor a digest; say which image: \(reference):TAG")
      }
      return BumpRequest(
        image: reference, containers: filter, scope: .repository(everywhere: addressing.all))
    }
  }

  private func references() throws(Failure) -> [ImageReference] {
    try image.map { text throws(Failure) in
      guard let reference = ImageReference(text) else { throw Failure("\"\(text)\" is no image reference") }
      return reference
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
