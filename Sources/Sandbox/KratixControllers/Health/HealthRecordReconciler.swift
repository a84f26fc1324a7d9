import KratixModel
import Kubernetes

/// Sums the HealthRecords of a resource up in its status (contract, section 11.3).
struct HealthRecordReconciler: Reconciler {
  var context: ControllerContext

  private var api: any KubernetesAPI { context.api }

  static func controller(_ context: ControllerContext) -> Controller {
    Controller(
      name: "healthrecord", sources: [.objects(.healthRecords)],
      reconciler: HealthRecordReconciler(context: context))
  }

  func reconcile(_ key: ObjectKey) async throws -> ReconcileResult {
    guard var record = try await api.find(.healthRecords, namespace: key.namespace, name: key.name) else {
      return .done
    }
    let name = record[path: "data", "promiseRef", "name"]?.stringValue ?? ""
    guard let promise = try await api.find(.promises, namespace: nil, name: name).map(Promise.init) else {
      if record.isBeingDeleted { try await release(record) }
      return .done
    }
    guard let type = promise.api?.resourceType else { return .requeue(after: context.pace.defaultRequeue) }
    let subject = Subject(record)
    guard let resource = try await api.find(type, namespace: subject.namespace, name: subject.name) else {
      if record.isBeingDeleted {
        try await release(record)
        return .done
      }
      return .requeue(after: context.pace.defaultRequeue)
    }
    let all = try await api.listAll(.healthRecords).items.filter { Subject($0) == subject }
    if record.isBeingDeleted {
      let listed = resource[path: "status", "healthStatus", "healthRecords"]?.arrayValue ?? []
      guard listed.contains(where: { $0[path: "source", "name"]?.stringValue == record.name }) else {
        try await release(record)
        return .done
      }
      // Kratix takes the records of the whole cluster here; that fault is not imitated.
      try await write(HealthSummary(all.filter { $0.name != record.name }), into: resource, type)
      return .requeue(after: context.pace.fastRequeue)
    }
    if !record.finalizers.contains(KratixFinalizers.healthRecordCleanup) {
      record.finalizers.append(KratixFinalizers.healthRecordCleanup)
      record = try await api.update(.healthRecords, record)
    }
    let state = HealthSummary.state(of: record)
    if resource[path: "status", "healthStatus", "state"]?.stringValue != state {
      let isGood = state == "healthy" || state == "ready"
      await context.events.record(
        isGood ? .normal : .warning, "HealthRecord", "Health state is \(state)", on: resource,
        by: ControllerNames.healthRecord)
    }
    try await write(HealthSummary(all), into: resource, type)
    return .done
  }

  /// The resource that a record is about; the Promise does not count.
  private struct Subject: Sendable, Hashable {
    var name: String
    var namespace: String

    init(_ record: KubernetesObject) {
      name = record[path: "data", "resourceRef", "name"]?.stringValue ?? ""
      namespace = record[path: "data", "resourceRef", "namespace"]?.stringValue ?? ""
    }
  }

  private func write(_ summary: HealthSummary, into start: KubernetesObject, _ type: ResourceType) async throws {
    var resource = start
    resource.json.set(summary.json, at: ["status", "healthStatus"])
    if resource != start { _ = try await api.updateStatus(type, resource) }
  }

  private func release(_ start: KubernetesObject) async throws {
    var record = start
    guard record.finalizers.contains(KratixFinalizers.healthRecordCleanup) else { return }
    record.finalizers.removeAll { $0 == KratixFinalizers.healthRecordCleanup }
    _ = try await api.update(.healthRecords, record)
  }
}

/// `status.healthStatus` of a resource.
public struct HealthSummary: Sendable, Hashable {
  public var records: [KubernetesObject]

  public init(_ records: [KubernetesObject]) { self.records = records }

  /// From the worst to the best.
  public static let states = ["unhealthy", "degraded", "unknown", "healthy", "ready"]

  public static func state(of record: KubernetesObject) -> String {
    record[path: "data", "state"]?.stringValue ?? "unknown"
  }

  /// The worst of all; `ready` when there is none.
  public var state: String {
    let mine = Set(records.map(Self.state(of:)))
    return Self.states.first(where: mine.contains) ?? "ready"
  }

  public var json: JSON {
    let entries = records.map { record -> JSON in
      var entry: JSON = [
        "state": .string(Self.state(of: record)), "lastRun": record[path: "data", "lastRun"] ?? 0,
        "source": ["name": .string(record.name), "namespace": .string(record.namespace ?? "")],
      ]
      if let details = record[path: "data", "details"] { entry["details"] = details }
      return entry
    }
    return ["state": .string(state), "healthRecords": entries.isEmpty ? .null : .array(entries)]
  }
}
