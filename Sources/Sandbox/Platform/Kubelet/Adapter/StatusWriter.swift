import KratixModel
import Kubernetes
import WorkflowRunner

/// Writes what a pipeline says of its object into the object's status, as Kratix's status-writer does (contract,
/// sections 5.5 and 5.7).
public enum StatusWriter {
  /// What a pipeline's run has to say.
  public struct Report: Sendable, Hashable {
    public var pipeline: String
    public var type: WorkflowType
    public var isLastPipeline: Bool
    public var isDryRun: Bool
    /// `status.yaml`.
    public var status: JSON?
    /// `workflow-control.yaml`.
    public var control: WorkflowControl?

    public init(
      pipeline: String, type: WorkflowType, isLastPipeline: Bool, isDryRun: Bool = false, status: JSON? = nil,
      control: WorkflowControl? = nil
    ) {
      self.pipeline = pipeline
      self.type = type
      self.isLastPipeline = isLastPipeline
      self.isDryRun = isDryRun
      self.status = status
      self.control = control
    }

    /// The workflow is parked at this pipeline; then there is no Work either.
    public var parks: Bool { control.map { $0.suspend || $0.retryAfter != nil } ?? false }
  }

  /// The object's status after the run.
  /// - Parameter now: seconds since 1970.
  /// - Throws: `AdapterError` for what a pipeline may not write.
  public static func apply(
    _ report: Report, to object: inout KubernetesObject, now: Double
  ) throws(AdapterError) {
    let timestamp = Timestamp.text(secondsSince1970: Int64(now))
    try merge(report, into: &object)
    if report.parks, let control = report.control {
      park(control, at: report.pipeline, &object, now: now)
      return
    }
    change(report.pipeline, in: &object) { entry in
      if entry["phase"]?.stringValue != "Running" { entry["lastTransitionTime"] = .string(timestamp) }
      entry["phase"] = "Running"
      for key in ["message", "attempts", "nextRetryAt"] { entry[key] = nil }
    }
    guard report.isLastPipeline else { return }
    object.setConditionSorted(
      Condition(
        type: KratixConditions.configureWorkflowCompleted, status: .true, reason: "PipelinesExecutedSuccessfully",
        message: "Pipelines completed"), now: timestamp)
    if report.isDryRun {
      object[path: "status", "message"] = "Dry run executed"
    } else if object[path: "status", "message"] == "Pending" {
      object[path: "status", "message"] = report.type == .resource ? "Resource requested" : "Promise configured"
    }
    object.json.set(nil, at: ["status", "kratix", "workflows", "suspendedGeneration"])
  }

  /// Each key replaces the old value whole; only conditions are merged, by type. Of a Promise's status, only the message
  /// is the pipeline's to write.
  private static func merge(_ report: Report, into object: inout KubernetesObject) throws(AdapterError) {
    guard let members = report.status?.objectValue else { return }
    guard members["kratix"] == nil else {
      throw AdapterError(
        WorkflowPod.statusWriter,
        "'kratix' is a kratix managed status field that cannot be updated via workflows; remove update to 'kratix' "
          + "from the '/kratix/metadata/status.yaml' file")
    }
    for (key, value) in members {
      if report.type == .promise, key != "message" { continue }
      guard key == "conditions" else {
        object[path: "status", key] = value
        continue
      }
      var entries = object[path: "status", "conditions"]?.arrayValue ?? []
      for condition in value.arrayValue ?? [] {
        entries.removeAll { $0["type"] == condition["type"] }
        entries.append(condition)
      }
      entries.sort { ($0["type"]?.stringValue ?? "") < ($1["type"]?.stringValue ?? "") }
      object[path: "status", "conditions"] = .array(entries)
    }
  }

  private static func park(
    _ control: WorkflowControl, at pipeline: String, _ object: inout KubernetesObject, now: Double
  ) {
    let generation = object.generation
    object[path: "status", "kratix", "workflows", "suspendedGeneration"] = .int(generation)
    change(pipeline, in: &object) { entry in
      entry["phase"] = "Suspended"
      entry["lastTransitionTime"] = .string(Timestamp.text(secondsSince1970: Int64(now)))
      entry["message"] = control.message.map(JSON.string)
      if let wait = control.retryAfter {
        entry["nextRetryAt"] = .string(Timestamp.text(secondsSince1970: Int64(now + wait.seconds)))
        entry["attempts"] = .int((entry["attempts"]?.intValue ?? 0) + 1)
      } else {
        entry["nextRetryAt"] = nil
        entry["attempts"] = nil
      }
    }
  }

  /// Changes a pipeline's entry, when the status has one.
  private static func change(
    _ pipeline: String, in object: inout KubernetesObject, _ body: (inout JSON) -> Void
  ) {
    let path: ArraySlice<String> = ["status", "kratix", "workflows", "pipelines"]
    guard var entries = object.json.value(at: path)?.arrayValue,
      let index = entries.firstIndex(where: { $0["name"]?.stringValue == pipeline })
    else { return }
    body(&entries[index])
    object.json.set(.array(entries), at: path)
  }
}
