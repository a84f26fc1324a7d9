import ArgumentParser
import KratixModel
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
        # The containers that run mongodb-configure-pipeline get its v0.2.0, and the Promise the version v0.2.0.
        kubectl kratix bump -f promise.yaml --image ghcr.io/acme/mongodb-configure-pipeline:v0.2.0 \\
          --promise-version v0.2.0

        # Show what would change; raise the Promise's version by as much as the image's.
        kubectl kratix bump -f promise.yaml --image ghcr.io/acme/mongodb-configure-pipeline:v0.2.0 \\
          --promise-version auto --dry-run

        # One container gets an image of another repository.
        kubectl kratix bump -f promise.yaml --container resource/configure/instance/create --image ghcr.io/acme/new:v1

      Exit codes: 0 done, also when nothing was to be changed; 1 the file is as it was, and a sentence says why.
      """)

  @Option(
    name: [.customShort("f"), .customLong("filename")],
    help: "The Promise's file; - reads standard input and writes standard output.")
  var file: String

  @Option(parsing: .upToNextOption, help: "Images to use: they replace other tags and digests of the same repository.")
  var image: [String] = []

  @OptionGroup var addressing: ContainerAddressing

  @Option(help: "The Promise's new version, or auto to raise it by the size of the image change.")
  var promiseVersion: String?

  @Flag(help: "Print a unified diff, and change nothing.")
  var dryRun = false

  public init() {}

  public mutating func validate() throws {
    guard !image.isEmpty || promiseVersion != nil else {
      throw ValidationError("say what to change: --image, or --promise-version alone")
    }
    _ = try addressing.filter()
  }

  public func run() async throws {
    let text = try AtomicFile.read(file, limit: PromiseFile.limit)
    let plan = try PromiseFile.naming(file) {
      try ImageBump.plan(text: text, requests: try requests(), promiseVersion: versionChange)
    }
    for warning in plan.warnings { Console.warning("\(warning)") }
    let result = plan.applied(to: text)
    if dryRun {
      Console.out(bytes: Array(UnifiedDiff.text(text, result, oldName: file, newName: file).utf8))
      return
    }
    if file == "-" {
      Console.out(bytes: result)
    } else if result != text {
      try AtomicFile.write(result, to: file)
    }
    report(plan)
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
