import KratixModel
import Kubernetes

/// The Work that carries a Promise's static dependencies to the destinations (contract, section 4.3).
public enum StaticDependencies {
  /// The Work as it should be, or nil for a Promise without dependencies.
  public static func work(of promise: Promise) -> KubernetesObject? {
    let dependencies = promise.dependencies
    guard !dependencies.isEmpty else { return nil }
    var work = KubernetesObject(
      apiVersion: ResourceType.works.apiVersion, kind: "Work",
      name: KratixNames.random(KratixNames.staticDependenciesWorkStem(promise: promise.name)),
      namespace: KratixNames.systemNamespace)
    work.labels = labels(promise: promise.name)
    let text = YAML.text(documents: dependencies.map(\.json))
    let hasSelectors = promise.spec["destinationSelectors"]?.arrayValue?.isEmpty == false
    let group = WorkloadGroup(
      directory: ".",
      selectors: hasSelectors
        ? [WorkloadGroup.Selector(matchLabels: promise.destinationSelectors, source: "promise")] : [],
      workloads: [Workload(filepath: "static/\(promise.name)-dependencies.yaml", bytes: Array(text.utf8))])
    work.spec = ["promiseName": .string(promise.name), "workloadGroups": [group.json]]
    return work
  }

  static func labels(promise: String) -> [String: String] {
    [KratixLabels.promiseName: promise, KratixLabels.workType: "static-dependency"]
  }

  /// Whether a Work holds other files, or is for other destinations, than it should. The files count, not how they were
  /// compressed.
  public static func differs(_ work: KubernetesObject, from desired: KubernetesObject) -> Bool {
    let (mine, wanted) = (Work(work).groups, Work(desired).groups)
    guard mine.count == wanted.count else { return true }
    return zip(mine, wanted).contains { mine, wanted in
      mine.id != wanted.id || mine.selectors != wanted.selectors
        || mine.workloads.map(\.filepath) != wanted.workloads.map(\.filepath)
        || mine.workloads.map { try? $0.bytes() } != wanted.workloads.map { try? $0.bytes() }
    }
  }

  /// Writes the Work only when it differs: Kratix writes it each pass, which wakes it again without end, and that fault
  /// is not imitated.
  static func reconcile(_ promise: Promise, _ context: ControllerContext) async throws {
    let api = context.api
    let selector = labels(promise: promise.name).sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
      .joined(separator: ",")
    let existing = try await api.listAll(
      .works, namespace: KratixNames.systemNamespace, labelSelector: selector
    ).items.filter { !$0.isBeingDeleted }
    guard let desired = work(of: promise) else {
      for work in existing { try await api.deleteIgnoringAbsence(.works, work) }
      return
    }
    guard var work = existing.first else {
      _ = try await api.create(.works, desired)
      return
    }
    guard differs(work, from: desired) else { return }
    work.spec = desired.spec
    work.annotations[KratixAnnotations.lastUpdatedAt] = goTime(SystemTime.secondsSince1970)
    _ = try await api.update(.works, work)
  }

  /// As Go prints a time in UTC by default: `2026-11-22 22:02:40.677144 +0000 UTC`.
  static func goTime(_ seconds: Double) -> String {
    let text = Timestamp.microText(secondsSince1970: seconds)
    return text.replacing("T", with: " ").replacing("Z", with: "") + " +0000 UTC"
  }
}
