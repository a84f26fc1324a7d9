import ArgumentParser
import FleetUpgrade
import KratixModel
import Kubernetes
import PromiseReview

/// `kubectl kratix validate`: the rules, on a file.
public struct ValidateCommand: AsyncParsableCommand {
  public static let configuration = CommandConfiguration(
    commandName: "validate",
    abstract: "Check a Promise by every rule, alone or against what it replaces.",
    discussion: """
      Examples:
        kubectl kratix validate -f promise.yaml
        kubectl kratix validate -f promise.yaml --against released.yaml -o json
        kubectl kratix validate -f promise.yaml --against cluster
        kubectl kratix validate -f promise.yaml --request request.yaml

      -f and --against also take a file that holds a CustomResourceDefinition alone.

      Exit codes: 0 nothing worse than a warning; 1 something would be refused; 2 the input could not be read.
      """)

  @Option(name: [.customShort("f"), .customLong("filename")], help: "The Promise's file; - for standard input.")
  var file: String

  @Option(help: "What it replaces: a file, or cluster for the live Promise and its fleet.")
  var against: String?

  @Option(parsing: .upToNextOption, help: "Resource requests to check against the Promise's API.")
  var request: [String] = []

  @Option(help: "RULE=SEVERITY: deny, warn, info or off in place of the rule's own; may be repeated.")
  var rule: [String] = []

  @Option(name: .shortAndLong, help: "table, wide (with what is only worth knowing), json, yaml or sarif.")
  var output: OutputFormat = .table

  @OptionGroup(title: "Cluster options, for --against cluster") var connection: ConnectionArguments

  public init() {}

  public mutating func validate() throws {
    guard [.table, .wide, .json, .yaml, .sarif].contains(output) else {
      throw ValidationError("-o takes table, wide, json, yaml or sarif")
    }
    _ = try settings()
  }

  public func run() async throws {
    let subject = try ReviewSubject.read(file)
    let (findings, comparison) = try await review(subject)
    var report = ValidationReport(subject: subject, findings: findings, comparison: comparison)
    if !request.isEmpty { report.requests = try requests(subject) }
    switch output {
    case .json: Console.out(report.json.text(.pretty))
    case .yaml: Console.out(bytes: Array(YAML.text(report.json).utf8))
    case .sarif: Console.out(report.sarif.text(.pretty))
    default: Console.out(report.text(showsInfo: output == .wide))
    }
    if report.isDenied { throw ExitCode(1) }
  }

  private func settings() throws -> ReviewSettings {
    do {
      return try ReviewSettings(parsing: rule)
    } catch let error as SettingsError {
      throw ValidationError(error.description)
    }
  }

  private func review(_ subject: ReviewSubject) async throws -> ([Finding], APIComparison?) {
    let settings = try settings()
    guard let against else {
      let findings = PromiseReview.review(candidate: subject.promise, settings: settings)
      return (subject.isDefinition ? Self.aboutAPI(findings) : findings, nil)
    }
    if against == "cluster" { return try await reviewAgainstCluster(subject, settings) }
    let live = try ReviewSubject.read(against)
    let comparison = Self.comparison(of: subject.promise, with: live.promise)
    guard subject.isDefinition || live.isDefinition else {
      return (PromiseReview.review(candidate: subject.promise, live: live.promise, settings: settings), comparison)
    }
    // Of a bare definition only the rules about APIs can speak.
    let own = PromiseReview.review(candidate: subject.promise, settings: settings)
    guard let api = subject.promise.api, let before = live.promise.api else {
      return (subject.isDefinition ? Self.aboutAPI(own) : own, comparison)
    }
    let candidate = ReviewSubject.wrapping(api.definition)
    let alone = Set(PromiseReview.review(candidate: candidate, settings: settings))
    let changes = PromiseReview.review(
      candidate: candidate, live: ReviewSubject.wrapping(before.definition), settings: settings)
    let compared = Self.aboutAPI(changes).filter { change in
      !alone.contains { $0.rule == change.rule && $0.path == change.path && $0.message == change.message }
    }
    let findings = (subject.isDefinition ? Self.aboutAPI(own) : own) + compared
    return (
      findings.enumerated().sorted {
        $0.element.severity == $1.element.severity ? $0.offset < $1.offset : $0.element.severity > $1.element.severity
      }.map(\.element), comparison
    )
  }

  /// What is live, and the fleet that a change would hit.
  private func reviewAgainstCluster(
    _ subject: ReviewSubject, _ settings: ReviewSettings
  ) async throws -> ([Finding], APIComparison?) {
    guard !subject.isDefinition else {
      throw Failure(
        "\(PromiseFile.name(file)) holds a CustomResourceDefinition alone; --against cluster needs the Promise",
        exitCode: ReviewSubject.unreadable)
    }
    let fleet: FleetSnapshot
    do {
      fleet = try await FleetReader(api: try connection.client()).fleet(
        of: subject.promise.name, selection: FleetSelection(namespace: connection.namespace))
    } catch {
      // The cluster is an input too.
      let message = (error as? Failure)?.message ?? Failure.sentence(for: error)
      throw Failure(message, exitCode: ReviewSubject.unreadable)
    }
    for gap in fleet.gaps { Console.warning("\(gap)") }
    let findings = PromiseReview.review(
      candidate: subject.promise, live: fleet.promise,
      fleet: FleetEvidence(
        resources: fleet.members.map(\.resource), bindings: fleet.members.compactMap(\.binding),
        revisions: fleet.revisions, placements: fleet.members.flatMap(\.placements)),
      platform: PlatformEvidence(
        destinations: fleet.destinations, promises: fleet.installedPromises, revisions: fleet.revisions),
      settings: settings)
    return (findings, fleet.promise.flatMap { Self.comparison(of: subject.promise, with: $0) })
  }

  private static func comparison(of candidate: Promise, with live: Promise) -> APIComparison? {
    guard let new = candidate.api, let old = live.api, new.isCustomResourceDefinition, old.isCustomResourceDefinition
    else { return nil }
    return APIComparison(old: old, new: new)
  }

  private static func aboutAPI(_ findings: [Finding]) -> [Finding] {
    findings.filter { $0.path == "spec.api" || $0.path.hasPrefix("spec.api.") }
  }

  private func requests(_ subject: ReviewSubject) throws -> [RequestResult] {
    guard let api = subject.promise.api, api.isCustomResourceDefinition, api.schema != nil else {
      throw Failure(
        "\(PromiseFile.name(file)) has no API that a request could be checked against",
        exitCode: ReviewSubject.unreadable)
    }
    return try request.flatMap { path in
      let documents = try ReviewSubject.documents(path).documents
      guard documents.contains(where: { !$0.isNull }) else {
        throw Failure(
          "\(PromiseFile.name(path)) is empty; a resource request is expected", exitCode: ReviewSubject.unreadable)
      }
      return documents.enumerated().filter { !$0.element.isNull }.map { index, document in
        RequestValidation.result(document, index: index, file: path, api: api)
      }
    }
  }
}
