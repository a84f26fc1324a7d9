import ArgumentParser
import FleetUpgrade
import Foundation
import KratixModel
import Kubernetes
import KubernetesClient
import PromiseReview
import WorkflowRunner

/// What preview and upgrade share: which Promise, which fleet, and how its pipelines are run.
struct PlanArguments: ParsableArguments {
  @Option(
    name: [.customShort("f"), .customLong("filename")], help: "The candidate Promise: a file, or - for standard input.")
  var candidateFile: String?

  @OptionGroup var connection: ConnectionArguments
  @OptionGroup var engine: EngineArguments
  @OptionGroup var cluster: ClusterEngineArguments

  @Option(name: [.customShort("l"), .long], help: "Only resources with these labels.")
  var selector = ""

  @Option(name: .customLong("resource"), help: "Only NAMESPACE/NAME; may be repeated.")
  var resources: [String] = []

  @Flag(
    name: .customLong("no-pipelines"), help: "Run no pipelines: only the API, bindings and scheduling are looked at.")
  var skipsPipelines = false

  @Option(help: "A field path that does not count, with all below it; may be repeated.")
  var ignorePath: [String] = []

  @Flag(inversion: .prefixedNo, help: "Run the current version too, to tell noise from change.")
  var baseline = true

  @Option(
    help: "How many resources are run at a time; when left out as many as there are cores, or 8 with --engine cluster.")
  var maxParallel: Int?

  @Option(help: "Run only a part of the fleet, as 10% or 50; all of it is checked against the new API.")
  var sample: String?

  /// The candidate's file; empty when none was named, which `requireFile` refuses.
  var filename: String { candidateFile ?? "" }

  /// For commands that cannot do without.
  func requireFile() throws {
    if filename.isEmpty { throw ValidationError("name the candidate Promise: -f FILE") }
  }

  var selection: FleetSelection {
    FleetSelection(namespace: connection.namespace, labelSelector: selector, resources: resources)
  }

  func validate() throws {
    if let sample, Sample(sample) == nil {
      throw ValidationError("--sample takes a number of resources or a percentage (50, 10%), not \(sample)")
    }
    try cluster.check(engine.engine)
    if let maxParallel, maxParallel < 1 { throw ValidationError("--max-parallel is at least 1") }
    for resource in resources where resource.split(separator: "/", omittingEmptySubsequences: false).count != 2 {
      throw ValidationError("--resource takes NAMESPACE/NAME, not \(resource)")
    }
  }

  /// A plan and what it was made of.
  struct Made {
    var plan: UpgradePlan
    var candidate: Promise
    var fleet: FleetSnapshot
    var api: KubernetesClient
  }

  /// Reads the fleet and makes the plan; nothing is written anywhere.
  func makePlan() async throws -> Made {
    try await makePlan(for: try CandidateFile.servingPromise(at: filename))
  }

  /// The same for a Promise that was read already.
  func makePlan(for candidate: Promise) async throws -> Made {
    let api = try connection.client()
    let reader = FleetReader(api: api)
    let hasPipelines = !skipsPipelines && !candidate.pipelines(.resource, .configure).isEmpty
    let fleet = try await reader.fleet(
      of: candidate.name, selection: selection, depth: hasPipelines ? .pipelines : .schema)
    var plan = try await withEngine(for: api, runsPipelines: hasPipelines) {
      try await self.plan(candidate, fleet, engine: $0, progress: $1)
    }
    // What was read is of one moment. Only while pipelines run there is time for it to move.
    guard plan.runs.pipelines > 0 else { return Made(plan: plan, candidate: candidate, fleet: fleet, api: api) }
    let now = try await reader.fleet(of: candidate.name, selection: selection, depth: .identity)
    plan.unknowns += PlanDrift.between(plan, now).map { "\($0.subject) moved while the plan was made: \($0.what)" }
    return Made(plan: plan, candidate: candidate, fleet: fleet, api: api)
  }

  /// The plan of a fleet that is read already.
  func plan(
    _ candidate: Promise, _ fleet: FleetSnapshot, engine workflowEngine: any WorkflowEngine, progress: PlanProgress
  ) async throws -> UpgradePlan {
    let options = PlanOptions(
      parallelism: maxParallel ?? (engine.engine == .cluster ? 8 : ProcessInfo.processInfo.activeProcessorCount),
      limits: engine.limits,
      runsBaseline: baseline, ignoredPaths: ignorePath, sample: sample.flatMap(Sample.init),
      runsPipelines: !skipsPipelines)
    let planner = Planner(engine: workflowEngine, options: options)
    let resourcePlans = try await planner.resourcePlans(candidate: candidate, fleet: fleet) { done, total in
      progress.show(done: done, total: total)
    }
    return UpgradePlan(
      candidate: candidate, fleet: fleet, findings: findings(candidate, fleet), resources: resourcePlans)
  }

  /// What the rules say, with the fleet as evidence: the same rules that the webhook enforces.
  private func findings(_ candidate: Promise, _ fleet: FleetSnapshot) -> [Finding] {
    PromiseReview.review(
      candidate: candidate, live: fleet.promise,
      fleet: FleetEvidence(
        resources: fleet.members.map(\.resource), bindings: fleet.members.compactMap(\.binding),
        revisions: fleet.revisions, placements: fleet.members.flatMap(\.placements)),
      platform: fleet.isOffline
        ? nil
        : PlatformEvidence(
          destinations: fleet.destinations, promises: fleet.installedPromises, revisions: fleet.installedRevisions))
  }

  /// The command that carries the plan out.
  /// - Parameter planFile: where the plan was written.
  func upgradeCommand(planFile: String? = nil) -> String {
    var words = ["kubectl kratix upgrade", planFile.map { "--plan \($0)" } ?? "-f \(filename)"]
    if let kubeconfig = connection.kubeconfig { words += ["--kubeconfig", kubeconfig] }
    if let context = connection.context { words += ["--context", context] }
    return words.joined(separator: " ")
  }
}

extension PlanArguments {
  /// The plan of a fleet that a directory holds; no cluster is asked.
  func plan(of candidate: Promise, inDirectory directory: String) async throws -> UpgradePlan {
    let fleet: FleetSnapshot
    do {
      fleet = try FleetDirectory(path: directory, excluding: [filename]).fleet(of: candidate, selection: selection)
    } catch let error as FleetDirectoryError {
      throw Failure("--fleet: \(error)", exitCode: 64)
    }
    let api = engine.engine == .cluster ? try connection.client() : nil
    return try await withEngine(for: api, runsPipelines: !skipsPipelines) {
      try await self.plan(candidate, fleet, engine: $0, progress: $1)
    }
  }
}
