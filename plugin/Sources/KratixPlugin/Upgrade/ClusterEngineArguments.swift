import ArgumentParser
import FleetUpgrade
import KubernetesClient
import Synchronization
import WorkflowRunner

/// How pipelines are run as Jobs of a cluster.
struct ClusterEngineArguments: ParsableArguments {
  @Option(help: "With --engine cluster: the kubeconfig context of the cluster that runs the Jobs, if not the platform.")
  var engineContext: String?

  @Option(help: "With --engine cluster: an image with a shell, tar and base64, that carries input and output.")
  var collectorImage: String?

  /// - Throws: when they are given and mean nothing.
  func check(_ engine: EngineName) throws {
    guard engine != .cluster else { return }
    if engineContext != nil { throw ValidationError("--engine-context goes with --engine cluster") }
    if collectorImage != nil { throw ValidationError("--collector-image goes with --engine cluster") }
  }
}

extension PlanArguments {
  /// Does something with the engine that was asked for.
  /// - Parameters:
  ///   - api: the platform, if there is one.
  ///   - runsPipelines: without, nothing is made in a cluster.
  ///   - body: gets the line that tells how far it is, as well.
  func withEngine(
    for api: KubernetesClient?, runsPipelines: Bool,
    _ body: @escaping @Sendable (any WorkflowEngine, PlanProgress) async throws -> UpgradePlan
  ) async throws -> UpgradePlan {
    let progress = PlanProgress()
    defer { progress.clear() }
    guard engine.engine == .cluster, runsPipelines, let api else {
      let local = engine.engine == .cluster ? NoEngine() : try engine.make(for: api?.configuration)
      return try await body(local, progress)
    }
    let target = try cluster.engineContext.map { try connection.client(context: $0) } ?? api
    let plan = Mutex<UpgradePlan?>(nil)
    // Ctrl-C takes away what was made in the cluster.
    try await TerminationSignals.endingOnSignal {
      let made = try await ClusterEngine.with(
        target, source: api, collectorImage: cluster.collectorImage ?? ClusterEngine.defaultCollectorImage,
        allowsNetwork: engine.allowNetwork, onWarning: { Console.warning($0) },
        onWait: { progress.show(obstacle: $0) }
      ) { try await body($0, progress) }
      plan.withLock { $0 = made }
    }
    guard let made = plan.withLock({ $0 }) else { throw ExitCode(130) }
    return made
  }
}

/// In the place of an engine where no pipeline is run.
private struct NoEngine: WorkflowEngine {
  func run(
    _ run: WorkflowRun, limits: WorkflowLimits, onEvent: @escaping @Sendable (ContainerEvent) -> Void
  ) async throws(WorkflowFailure) -> WorkflowResult {
    throw WorkflowFailure(pipeline: run.pipeline.name, container: "", reason: .engine("pipelines are not run"))
  }
}
