import KratixModel
import Kubernetes
import WorkflowRunner

/// Makes a Work of a pipeline's files, as Kratix's work-writer does (contract, section 5.5).
public enum WorkWriter {
  /// The groups of a Work: one for each directory that has selectors of its own, in the order of the selectors, then the
  /// default one for all other files.
  /// - Parameter scheduling: the ConfigMap's entries, whose source is `promise` or `promise-workflow`.
  public static func groups(
    files: [OutputFile], selectors: [DirectorySelector], type: WorkflowType,
    scheduling: [WorkloadGroup.Selector]
  ) -> [WorkloadGroup] {
    let source = "\(type.rawValue)-workflow"
    var rest = files
    var groups: [WorkloadGroup] = []
    for selector in selectors where selector.directory != "." {
      let prefix = selector.directory + "/"
      groups.append(
        WorkloadGroup(
          directory: selector.directory,
          selectors: [WorkloadGroup.Selector(matchLabels: selector.matchLabels, source: source)],
          workloads: rest.filter { $0.path.hasPrefix(prefix) }.map(workload)))
      rest.removeAll { $0.path.hasPrefix(prefix) }
    }
    guard !rest.isEmpty else { return groups }
    var own = selectors.filter { $0.directory == "." }.map {
      WorkloadGroup.Selector(matchLabels: $0.matchLabels, source: source)
    }
    own += scheduling.filter { $0.source == "promise-workflow" }
    let promise = scheduling.filter { $0.source == "promise" }
    if !promise.isEmpty {
      let squashed = promise.reduce(into: [String: String]()) { $0.merge($1.matchLabels) { first, _ in first } }
      own.append(WorkloadGroup.Selector(matchLabels: squashed, source: "promise"))
    }
    groups.append(WorkloadGroup(directory: ".", selectors: own, workloads: rest.map(workload)))
    return groups
  }

  private static func workload(_ file: OutputFile) -> Workload { Workload(filepath: file.path, bytes: file.bytes) }

  /// The entries of the ConfigMap `destination-selectors-PROMISE`, whose key of labels is `matchlabels`.
  /// - Throws: `AdapterError` when it is not such a list.
  public static func scheduling(_ text: String) throws(AdapterError) -> [WorkloadGroup.Selector] {
    let list: JSON
    do {
      list = try YAML.parse(text)
    } catch {
      throw AdapterError(WorkflowPod.workWriter, "invalid promise-scheduling: \(error)")
    }
    if list.isNull { return [] }
    guard let entries = list.arrayValue else {
      throw AdapterError(WorkflowPod.workWriter, "invalid promise-scheduling: a list is expected, not \(list.typeName)")
    }
    return entries.map { entry in
      WorkloadGroup.Selector(
        matchLabels: (entry["matchlabels"] ?? entry["matchLabels"])?.stringMapValue ?? [:],
        source: entry["source"]?.stringValue ?? "promise")
    }
  }

  /// What tells the Work of a pipeline from all others.
  public static func labels(of pod: WorkflowPod) -> [String: String] {
    var labels = [
      KratixLabels.promiseName: pod.environment.promise, KratixLabels.workType: pod.environment.type.rawValue,
      KratixLabels.pipelineName: pod.environment.pipeline,
    ]
    if pod.environment.type == .resource { labels[KratixLabels.resourceName] = pod.environment.objectName }
    if let namespace = pod.resourceNamespace { labels[KratixLabels.resourceNamespace] = namespace }
    if pod.environment.isDryRun { labels[KratixLabels.dryRun] = KratixLabels.yes }
    return labels
  }

  /// The Work to write: the one there with a new spec, or a new one.
  /// - Parameters:
  ///   - existing: those with the labels.
  ///   - now: RFC 3339; that it is new at each run makes every run write all again.
  /// - Throws: `AdapterError` when there are several.
  public static func work(
    of pod: WorkflowPod, groups: [WorkloadGroup], existing: [KubernetesObject], now: String
  ) throws(AdapterError) -> KubernetesObject {
    let resource = pod.environment.type == .resource ? pod.environment.objectName : nil
    let stem = KratixNames.workStem(
      promise: pod.environment.promise, resource: resource, resourceNamespace: pod.resourceNamespace,
      pipeline: pod.environment.pipeline)
    guard existing.count <= 1 else {
      throw AdapterError(
        WorkflowPod.workWriter, "found \(existing.count) Works for \(stem) in namespace \(pod.namespace); expected one")
    }
    var work =
      existing.first
      ?? KubernetesObject(
        apiVersion: ResourceType.works.apiVersion, kind: ResourceType.works.kind, name: KratixNames.random(stem),
        namespace: pod.namespace)
    work.labels.merge(labels(of: pod)) { _, new in new }
    var spec: JSON = [
      "promiseName": .string(pod.environment.promise), "lastExecutionTimestamp": .string(now),
    ]
    if let resource { spec["resourceName"] = .string(resource) }
    if !groups.isEmpty { spec["workloadGroups"] = .array(groups.map(\.json)) }
    work.spec = spec
    return work
  }
}
