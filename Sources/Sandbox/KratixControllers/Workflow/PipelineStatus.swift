import KratixModel
import Kubernetes

/// The phase of a pipeline in `status.kratix.workflows.pipelines` (contract, section 1.1).
public enum PipelinePhase: String, Sendable, Hashable {
  case pending = "Pending"
  case running = "Running"
  case succeeded = "Succeeded"
  case failed = "Failed"
  case suspended = "Suspended"
}

// The workflow part of the status of a Promise or of a resource request.
extension KubernetesObject {
  private static let pipelinesPath: ArraySlice<String> = ["status", "kratix", "workflows", "pipelines"]

  var pipelineStatuses: [JSON]? { json.value(at: Self.pipelinesPath)?.arrayValue }

  func workflowCounter(_ key: String) -> Int64? { json[path: "status", key]?.intValue }

  /// The first pipeline whose phase is Suspended.
  var suspendedPipelineIndex: Int? {
    pipelineStatuses?.firstIndex { $0["phase"]?.stringValue == PipelinePhase.suspended.rawValue }
  }

  var suspendedGeneration: Int64 { json[path: "status", "kratix", "workflows", "suspendedGeneration"]?.intValue ?? 0 }

  func phase(ofPipeline name: String) -> String? {
    pipelineStatuses?.first { $0["name"]?.stringValue == name }?["phase"]?.stringValue
  }

  /// Whether the status lists these pipelines, in this order.
  func listsPipelines(_ names: [String]) -> Bool {
    pipelineStatuses?.map { $0["name"]?.stringValue } == names
  }

  /// All pipelines Pending, the record of a suspension gone.
  mutating func resetPipelines(_ names: [String], now: String) {
    json.set(nil, at: ["status", "kratix", "workflows", "suspendedGeneration"])
    json.set(
      .array(
        names.map { ["name": .string($0), "phase": "Pending", "lastTransitionTime": .string(now)] }),
      at: Self.pipelinesPath)
  }

  /// Sets one pipeline's phase and its transition time; nothing when it is that already or is not listed. A message
  /// stays only while suspended.
  mutating func setPhase(_ phase: PipelinePhase, ofPipeline name: String, now: String) {
    guard var pipelines = pipelineStatuses,
      let index = pipelines.firstIndex(where: { $0["name"]?.stringValue == name }),
      pipelines[index]["phase"]?.stringValue != phase.rawValue
    else { return }
    if pipelines[index]["phase"]?.stringValue == PipelinePhase.suspended.rawValue { pipelines[index]["message"] = nil }
    pipelines[index]["phase"] = .string(phase.rawValue)
    pipelines[index]["lastTransitionTime"] = .string(now)
    json.set(.array(pipelines), at: Self.pipelinesPath)
  }

  func hasLabel(_ key: String) -> Bool { labels[key] == KratixLabels.yes }

  mutating func setLabel(_ key: String) { labels[key] = KratixLabels.yes }
  mutating func removeLabel(_ key: String) { labels[key] = nil }

  /// Whether the reconciled condition says that the object was paused.
  var saysPaused: Bool {
    let reconciled = condition(KratixConditions.reconciled)
    return reconciled?.status == .unknown && reconciled?.reason == "PausedReconciliation"
  }
}
