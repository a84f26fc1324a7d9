import KratixModel
import Kubernetes
import Synchronization

@testable import KratixControllers

/// What becomes of the Jobs of a test.
struct JobScript: Sendable {
  enum Outcome: Sendable {
    /// `status.yaml` of the pipeline.
    case succeeds(status: [String: JSON] = [:])
    case fails
    /// `workflow-control.yaml` with suspend.
    case suspends(message: String, retryAt: String? = nil)
    /// Nothing is heard of the Job until it is suspended.
    case hangs
  }

  var outcome: @Sendable (KubernetesObject) -> Outcome = { _ in .succeeds() }
}

/// Does to a Job what kubelet and Kratix's containers do: the Work, the status of the object, the Job's own status.
struct JobCompleter: Sendable {
  var api: any KubernetesAPI
  var script: JobScript

  func run() async throws {
    var seen: Set<String> = []
    for try await event in api.observe(.jobs) {
      let jobs: [KubernetesObject] =
        switch event {
        case .snapshot(let objects): objects
        case .added(let job), .modified(let job): [job]
        case .deleted: []
        }
      for job in jobs {
        let isSuspended = job[path: "spec", "suspend"]?.boolValue == true
        if isSuspended, !job.hasCondition("Suspended") {
          try await finish(job, "Suspended")
        } else if !isSuspended, seen.insert(job.uid).inserted {
          try await complete(job)
        }
      }
    }
  }

  private func complete(_ job: KubernetesObject) async throws {
    let outcome = script.outcome(job)
    let isConfigure = job.labels[KratixLabels.workflowAction] == "configure"
    switch outcome {
    case .hangs: return
    case .fails: return try await finish(job, "Failed", count: "failed")
    case .succeeds(let status):
      if isConfigure { try await writeWork(job) }
      try await writeStatus(job) { object in
        for (key, value) in status { object.json.set(value, at: ["status", key]) }
        let writer = job[path: "spec", "template", "spec", "containers"]?[0]
        guard writer?["env"]?[0]?["value"]?.stringValue == "true" else { return }
        object.setCondition(
          Condition(
            type: KratixConditions.configureWorkflowCompleted, status: .true,
            reason: "PipelinesExecutedSuccessfully", message: "Pipelines completed"), now: SystemTime.timestamp)
        if object[path: "status", "message"]?.stringValue == "Pending" {
          object.json.set(
            object.kind == "Promise" ? "Promise configured" : "Resource requested", at: ["status", "message"])
        }
      }
    case .suspends(let message, let retryAt):
      try await suspend(job, message, retryAt)
    }
    try await finish(job, "Complete", count: "succeeded")
  }

  private func suspend(_ job: KubernetesObject, _ message: String, _ retryAt: String?) async throws {
    let (type, key) = try await target(job)
    let label: JSON = ["metadata": ["labels": .object([KratixLabels.workflowSuspended: "true"])]]
    _ = try await api.patch(type, namespace: key.namespace, name: key.name, .merge(label))
    try await writeStatus(job) { object in
      object.setPhase(
        .suspended, ofPipeline: job.labels[KratixLabels.pipelineName] ?? "", now: SystemTime.timestamp)
      object.json.set(.int(object.generation), at: ["status", "kratix", "workflows", "suspendedGeneration"])
      guard var pipeline = object.pipelineStatuses?.first else { return }
      pipeline["message"] = .string(message)
      pipeline["nextRetryAt"] = retryAt.map(JSON.string)
      pipeline["attempts"] = retryAt == nil ? nil : .int((pipeline["attempts"]?.intValue ?? 0) + 1)
      object.json.set([pipeline], at: ["status", "kratix", "workflows", "pipelines"])
    }
  }

  private func target(_ job: KubernetesObject) async throws -> (ResourceType, ObjectKey) {
    let annotations = job.annotations
    let kind = GroupVersionKind(
      apiVersion: annotations[KratixAnnotations.jobResourceAPIVersion] ?? "",
      kind: annotations[KratixAnnotations.jobResourceKind] ?? "")
    guard let type = try await api.resourceType(for: kind) else { throw ReconcileError("no kind \(kind)") }
    let namespace = annotations[KratixAnnotations.jobResourceNamespace] ?? ""
    return (
      type,
      ObjectKey(
        namespace: namespace.isEmpty ? nil : namespace, name: annotations[KratixAnnotations.jobResourceName] ?? "")
    )
  }

  /// A conflict fails the container, which is started again.
  private func writeStatus(_ job: KubernetesObject, _ change: (inout KubernetesObject) -> Void) async throws {
    let (type, key) = try await target(job)
    while true {
      guard var object = try await api.find(type, namespace: key.namespace, name: key.name) else { return }
      change(&object)
      do {
        _ = try await api.updateStatus(type, object)
        return
      } catch let error as StatusError where error.reason == .conflict {
      }
    }
  }

  private func writeWork(_ job: KubernetesObject) async throws {
    let isResource = job.labels[KratixLabels.workflowType] == "resource"
    let (_, key) = try await target(job)
    let promise = job.labels[KratixLabels.promiseName] ?? ""
    let pipeline = job.labels[KratixLabels.pipelineName] ?? ""
    var labels = [
      KratixLabels.promiseName: promise, KratixLabels.pipelineName: pipeline,
      KratixLabels.workType: isResource ? "resource" : "promise",
    ]
    if isResource { labels[KratixLabels.resourceName] = key.name }
    let selector = labels.map { "\($0.key)=\($0.value)" }.sorted().joined(separator: ",")
    if try await !api.listAll(.works, namespace: job.namespace, labelSelector: selector).items.isEmpty { return }
    let stem = KratixNames.workStem(
      promise: promise, resource: isResource ? key.name : nil, resourceNamespace: nil, pipeline: pipeline)
    var work = KubernetesObject(
      apiVersion: ResourceType.works.apiVersion, kind: "Work", name: KratixNames.random(stem),
      namespace: job.namespace)
    work.labels = labels
    work.spec = ["promiseName": .string(promise), "resourceName": .string(isResource ? key.name : "")]
    work = try await api.create(.works, work)
    work.setCondition(
      Condition(
        type: "Ready", status: .true, reason: "AllWorkplacementsScheduled", message: "Ready"),
      now: SystemTime.timestamp)
    _ = try await api.updateStatus(.works, work)
  }

  private func finish(_ job: KubernetesObject, _ condition: String, count: String? = nil) async throws {
    let status: JSON = [
      "conditions": [["type": .string(condition), "status": "True", "reason": "Test"]]
    ]
    var patch: JSON = ["status": status]
    if let count { patch.set(1, at: ["status", count]) }
    do {
      _ = try await api.patch(
        .jobs, namespace: job.namespace, name: job.name, .merge(patch), subresource: "status", options: WriteOptions())
    } catch let error as StatusError where error.reason == .notFound {
    }
  }
}
