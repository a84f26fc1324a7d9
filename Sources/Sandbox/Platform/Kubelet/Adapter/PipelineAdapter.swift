import Foundation
import KratixControllers
import KratixModel
import Kubernetes
import WorkflowRunner

/// What Kratix's own containers do around the author's: read the object, write the Work, write the status.
struct PipelineAdapter: Sendable {
  let pod: WorkflowPod
  /// As the pod's ServiceAccount.
  let api: any KubernetesAPI
  /// As the node, which mounts what the Promise says of scheduling: the ServiceAccount may not read it.
  let node: any KubernetesAPI

  /// The object that the workflow runs for, as the API serves it.
  /// - Throws: `AdapterError` when it is gone; a fault of the API.
  func readObject() async throws -> KubernetesObject {
    let environment = pod.environment
    do {
      return try await api.get(
        environment.resourceType, namespace: environment.isClusterScoped ? nil : environment.objectNamespace,
        name: environment.objectName)
    } catch let error as StatusError where error.reason == .notFound {
      throw AdapterError(WorkflowPod.reader, error.message)
    }
  }

  /// The reader's output.
  static func readerLog(_ object: KubernetesObject) -> String {
    let head = String(YAML.text(object.json).prefix(500))
    return "Object file written to: /kratix/input/object.yaml head of file:\n\(head)\n"
  }

  /// Creates or replaces the Work; nothing for a run that parks its workflow.
  /// - Returns: the container's output.
  func writeWork(_ result: WorkflowResult) async throws -> String {
    let environment = pod.environment
    var log =
      "executing work creator with flags: input-directory /work-creator-files promise-name \(environment.promise) "
      + "pipeline-name \(environment.pipeline) namespace \(pod.namespace) "
      + "resource-name \(environment.type == .resource ? environment.objectName : "") "
      + "resource-namespace \(pod.resourceNamespace ?? "") workflow-type \(environment.type.rawValue)\n"
    if report(result).parks { return log + "workflow is suspended; skipping work creation\n" }
    let map = try await node.find(
      .configMaps, namespace: pod.namespace, name: KratixNames.schedulingConfigMap(promise: environment.promise))
    let scheduling = try WorkWriter.scheduling(map?[path: "data", "destinationSelectors"]?.stringValue ?? "")
    let groups = WorkWriter.groups(
      files: result.files, selectors: result.destinationSelectors, type: environment.type, scheduling: scheduling)
    let selector = WorkWriter.labels(of: pod).sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
    for attempt in 1... {
      let existing = try await api.listAll(
        .works, namespace: pod.namespace, labelSelector: selector.joined(separator: ","))
      // A dry run's Work is told from the real one by its label, which a selector for the real one does not mention.
      let own = existing.items.filter {
        !$0.isBeingDeleted && ($0.labels[KratixLabels.dryRun] == KratixLabels.yes) == environment.isDryRun
      }
      let work = try WorkWriter.work(of: pod, groups: groups, existing: own, now: SystemTime.timestamp)
      do {
        if own.isEmpty {
          _ = try await api.create(.works, work)
          log += "Work created\t{\"workName\": \"\(work.name)\"}\n"
        } else {
          _ = try await api.update(.works, work)
          log += "Work updated\t{\"workName\": \"\(work.name)\"}\n"
        }
        return log
      } catch let error as StatusError where error.reason == .conflict && attempt < 10 {
        continue
      }
    }
    return log
  }

  /// Merges the status; a run that parks its workflow first labels the object.
  ///
  /// Kratix's own status-writer writes once and fails on a conflict, and the container is started again; here the
  /// object is read again at once.
  func writeStatus(_ result: WorkflowResult) async throws {
    let report = report(result)
    let type = pod.environment.resourceType
    var object = try await readObject()
    if report.parks {
      object = try await api.patch(
        type, namespace: object.namespace, name: object.name,
        .merge(["metadata": ["labels": [KratixLabels.workflowSuspended: .string(KratixLabels.yes)]]]))
    }
    var failure: AdapterError?
    try await api.changeStatus(type, object) { object in
      do throws(AdapterError) {
        try StatusWriter.apply(report, to: &object, now: SystemTime.secondsSince1970)
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
  }

  func report(_ result: WorkflowResult) -> StatusWriter.Report {
    StatusWriter.Report(
      pipeline: pod.environment.pipeline, type: pod.environment.type, isLastPipeline: pod.isLastPipeline,
      isDryRun: pod.environment.isDryRun, status: result.status, control: result.control)
  }
}
