import KratixModel
import Kubernetes
import WorkflowRunner

/// A Promise's resource workflow, run for one resource outside of the cluster: what it would put out.
struct CandidateRun: Sendable {
  /// What all pipelines of the workflow made together.
  struct Result: Sendable {
    var outputs: Outputs
    /// The top-level keys that status.yaml files set, the last pipeline winning (contract, section 5.5).
    var status: [String: JSON]
    /// The pipeline that asked to be suspended, with its message: those after it did not run.
    var suspended: (pipeline: String, message: String?)?

    /// Of the files that were put out.
    var digest: String { outputs.digest }
  }

  var engine: any WorkflowEngine
  var limits: WorkflowLimits

  /// - Parameters:
  ///   - promise: with the spec of the revision to run.
  ///   - memory: what has run for the resource before; a pipeline with the same input is not run again.
  ///   - isFresh: run everything again all the same, to see what differs from run to run.
  /// - Throws: `WorkflowFailure` of the first pipeline that fails; later ones do not run, as in Kratix.
  func callAsFunction(
    _ promise: Promise, for resource: KubernetesObject, memory: inout RunMemory, isFresh: Bool = false
  ) async throws(WorkflowFailure) -> Result {
    var outputs = Outputs()
    var status: [String: JSON] = [:]
    for pipeline in promise.pipelines(.resource, .configure) {
      var run = WorkflowRun(
        pipeline: pipeline,
        environment: .resource(resource, promise: promise, pipeline: pipeline.name, action: .configure, isDryRun: true),
        object: resource)
      run.namespace = promise.pipelineNamespace
      let result: WorkflowResult
      memory.count.pipelines += 1
      if !isFresh, let known = memory[run] {
        memory.count.shared += 1
        result = known
      } else {
        result = try await engine.run(run, limits: limits)
        memory[run] = result
      }
      if let control = result.control, control.suspend || control.retryAfter != nil {
        return Result(outputs: outputs, status: status, suspended: (pipeline.name, control.message))
      }
      try checkYAML(result.files, of: pipeline)
      add(result, of: pipeline, promise: promise, to: &outputs)
      for (key, value) in result.status?.objectValue ?? [:] {
        status[key] = key == "conditions" ? merged(status[key], value) : value
      }
    }
    return Result(outputs: outputs, status: status)
  }

  /// Kratix passes any file on; one that calls itself YAML and is not would stop the GitOps agent of its destination.
  private func checkYAML(_ files: [OutputFile], of pipeline: Pipeline) throws(WorkflowFailure) {
    for file in files where file.path.hasSuffix(".yaml") || file.path.hasSuffix(".yml") {
      var complaint: String?
      if let text = String(validating: file.bytes, as: UTF8.self) {
        do {
          _ = try YAML.documents(text)
        } catch {
          complaint = error.description
        }
      } else {
        complaint = "it is not UTF-8 text"
      }
      guard let complaint else { continue }
      throw WorkflowFailure(
        pipeline: pipeline.name, container: "",
        reason: .badOutput("it writes \(file.path), which is not YAML: \(complaint)"))
    }
  }

  /// Files and selectors, grouped as work-writer does it (contract, section 5.5).
  private func add(_ result: WorkflowResult, of pipeline: Pipeline, promise: Promise, to outputs: inout Outputs) {
    for file in result.files { outputs.files[.init(pipeline: pipeline.name, path: file.path)] = file.bytes }
    let directories = result.destinationSelectors.filter { $0.directory != "." }
    for entry in directories {
      outputs.selectors[.init(pipeline: pipeline.name, path: entry.directory)] = .some(entry.matchLabels)
    }
    let hasDefaultFiles = result.files.contains { file in
      !directories.contains { file.path.hasPrefix($0.directory + "/") }
    }
    guard hasDefaultFiles else { return }
    var selectors = result.destinationSelectors.filter { $0.directory == "." }.map {
      WorkloadGroup.Selector(matchLabels: $0.matchLabels, source: "resource-workflow")
    }
    let own = promise.destinationSelectors
    if !own.isEmpty { selectors.append(.init(matchLabels: own, source: "promise")) }
    outputs.selectors[.init(pipeline: pipeline.name, path: ".")] = .some(
      WorkloadGroup(directory: ".", selectors: selectors, workloads: []).effectiveSelector)
  }

  private func merged(_ old: JSON?, _ new: JSON) -> JSON {
    var conditions = old?.arrayValue ?? []
    for condition in new.arrayValue ?? [] {
      conditions.removeAll { $0["type"] == condition["type"] }
      conditions.append(condition)
    }
    return .array(conditions)
  }
}

/// What pipelines have put out for one resource, by all that they were given.
///
/// Resources never share a run: a pipeline sees the whole object, and names differ.
struct RunMemory {
  private struct Key: Hashable {
    var pipeline: JSON
    var environment: WorkflowEnvironment
    var object: JSON
  }

  private var results: [Key: WorkflowResult] = [:]
  var count = RunCount()

  subscript(run: WorkflowRun) -> WorkflowResult? {
    get { results[Self.key(run)] }
    set { results[Self.key(run)] = newValue }
  }

  private static func key(_ run: WorkflowRun) -> Key {
    Key(pipeline: run.pipeline.json, environment: run.environment, object: run.object.json)
  }
}

/// The status of a resource, as far as workflows write it, compared with what a run would write.
enum StatusDifference {
  /// Keys that Kratix itself writes (contract, section 5.9). `message` is the pipeline's, unless it says nothing.
  private static let kratixKeys: Set<String> = [
    "kratix", "observedGeneration", "promiseVersion", "resourceBindingVersion", "workflows", "workflowsSucceeded",
    "workflowsFailed", "lastSuccessfulConfigureWorkflowTime", "healthStatus",
  ]
  private static let kratixConditions: Set<String> = [
    KratixConditions.configureWorkflowCompleted, KratixConditions.deleteWorkflowCompleted,
    KratixConditions.promiseAvailable, KratixConditions.worksSucceeded, KratixConditions.reconciled,
  ]

  /// Only keys that the run writes can change: the merge is shallow and removes nothing (contract, section 5.5).
  static func between(_ live: JSON?, written: [String: JSON]) -> [Change] {
    var changes: [Change] = []
    for (key, value) in written.sorted(by: { $0.key < $1.key }) where !kratixKeys.contains(key) {
      let old = live?[key]
      if key == "conditions" {
        changes += conditionChanges(old?.arrayValue ?? [], value.arrayValue ?? [])
      } else {
        changes += FieldDifference.between(old, value, object: "status", at: key)
      }
    }
    return changes
  }

  private static func conditionChanges(_ old: [JSON], _ new: [JSON]) -> [Change] {
    new.flatMap { condition -> [Change] in
      guard let type = condition["type"]?.stringValue, !kratixConditions.contains(type) else { return [] }
      var before = old.first { $0["type"] == condition["type"] }
      var after = condition
      before?["lastTransitionTime"] = nil
      after["lastTransitionTime"] = nil
      return FieldDifference.between(before, after, object: "status", at: "conditions[type=\(type)]")
    }
  }
}
