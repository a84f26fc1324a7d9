import KratixModel
import Kubernetes
import WorkflowRunner

/// What a plan is made with.
public struct PlanOptions: Sendable {
  /// How many resources are run at a time.
  public var parallelism: Int
  public var limits: WorkflowLimits
  /// Run the current revision too, to tell noise from change.
  public var runsBaseline: Bool
  /// Field paths that do not count: `metadata.annotations['example.com/at']`; compared as prefixes.
  public var ignoredPaths: [String]
  /// Which resources are run; nil for all. Every one is still checked against the new API.
  public var sample: Sample?
  /// Whether pipelines are run at all; without them only the API, bindings and scheduling are looked at.
  public var runsPipelines: Bool

  public init(
    parallelism: Int, limits: WorkflowLimits = WorkflowLimits(), runsBaseline: Bool = true,
    ignoredPaths: [String] = [], sample: Sample? = nil, runsPipelines: Bool = true
  ) {
    self.runsPipelines = runsPipelines
    self.parallelism = parallelism
    self.limits = limits
    self.runsBaseline = runsBaseline
    self.ignoredPaths = ignoredPaths
    self.sample = sample
  }
}

/// Makes a plan: reads nothing from the cluster and writes nothing to it.
public struct Planner: Sendable {
  let engine: any WorkflowEngine
  let options: PlanOptions

  public init(engine: any WorkflowEngine, options: PlanOptions) {
    self.engine = engine
    self.options = options
  }

  /// The resources' part of the plan, in the order of the fleet.
  /// - Parameter onProgress: how many of how many are done.
  /// - Throws: only `CancellationError`; what goes wrong for a resource is in its verdict.
  public func resourcePlans(
    candidate: Promise, fleet: FleetSnapshot, onProgress: @escaping @Sendable (Int, Int) -> Void = { _, _ in }
  ) async throws -> [ResourcePlan] {
    let judge = ResourceJudge(candidate: candidate, fleet: fleet, engine: engine, options: options)
    let total = fleet.members.count
    var plans: [ResourcePlan?] = Array(repeating: nil, count: total)
    try await withThrowingTaskGroup(of: (Int, ResourcePlan).self) { group in
      var next = 0
      var done = 0
      func start() {
        guard next < total else { return }
        let index = next
        next += 1
        group.addTask { (index, try await judge.plan(for: fleet.members[index])) }
      }
      for _ in 0..<max(1, options.parallelism) { start() }
      for try await (index, plan) in group {
        plans[index] = plan
        done += 1
        onProgress(done, total)
        start()
      }
    }
    return plans.compactMap { $0 }
  }
}
