import Kubernetes

/// One version of a Promise that resources can be bound to (contract, section 1.2).
public struct PromiseRevision: Sendable, Hashable {
  public var object: KubernetesObject
  public init(_ object: KubernetesObject) { self.object = object }

  public var name: String { object.name }
  public var promiseName: String { object[path: "spec", "promiseRef", "name"]?.stringValue ?? "" }
  public var version: String { object[path: "spec", "version"]?.stringValue ?? "" }
  public var promiseSpec: JSON { object[path: "spec", "promiseSpec"] ?? .emptyObject }
  /// The effective latest; the label `kratix.io/latest-revision` only asks for it (contract, section 2.1).
  public var isLatest: Bool { object[path: "status", "latest"]?.boolValue ?? false }
}

/// Which version of its Promise a resource is to run (contract, sections 1.3 and 6.3).
public struct ResourceBinding: Sendable, Hashable {
  public var object: KubernetesObject
  public init(_ object: KubernetesObject) { self.object = object }

  public var name: String { object.name }
  public var namespace: String { object.namespace ?? "" }
  public var promiseName: String { object[path: "spec", "promiseRef", "name"]?.stringValue ?? "" }
  public var resourceName: String { object[path: "spec", "resourceRef", "name"]?.stringValue ?? "" }
  public var resourceNamespace: String { object[path: "spec", "resourceRef", "namespace"]?.stringValue ?? "" }
  /// An exact version, or `latest`.
  public var version: String { object[path: "spec", "version"]?.stringValue ?? "" }
  public var followsLatest: Bool { version == KratixNames.latest }
  public var lastAppliedVersion: String? { object[path: "status", "lastAppliedVersion"]?.stringValue }
  public var failedVersion: String? { object[path: "status", "failedVersion"]?.stringValue }
  public var upgrade: Condition? { object.condition(KratixConditions.upgradeSucceeded) }
}

/// A resource request: an object of a Promise's own kind, with what Kratix writes into its status (contract, 5.9).
public struct ResourceRequest: Sendable, Hashable {
  public var object: KubernetesObject
  public init(_ object: KubernetesObject) { self.object = object }

  public var name: String { object.name }
  public var namespace: String { object.namespace ?? "" }
  /// The version of the last successful run.
  public var promiseVersion: String? { object[path: "status", "promiseVersion"]?.stringValue }
  /// The binding's version as last seen.
  public var resourceBindingVersion: String? { object[path: "status", "resourceBindingVersion"]?.stringValue }
  public var observedGeneration: Int64? { object[path: "status", "observedGeneration"]?.intValue }
  public var message: String? { object[path: "status", "message"]?.stringValue }
  public var isPaused: Bool { object.labels[KratixLabels.paused] == KratixLabels.yes }
  public var isSuspended: Bool { object.labels[KratixLabels.workflowSuspended] == KratixLabels.yes }
  /// The compound Promise that emitted this request, by the documented convention (contract, section 2.1).
  public var componentOfPromise: String? { object.labels[KratixLabels.componentOfPromise] }
  public var reconciled: Condition? { object.condition(KratixConditions.reconciled) }
  public var configureWorkflow: Condition? { object.condition(KratixConditions.configureWorkflowCompleted) }
  public var works: Condition? { object.condition(KratixConditions.worksSucceeded) }
  /// `healthy`, `degraded`, ... from HealthRecords (contract, section 11.3).
  public var healthState: String? { object[path: "status", "healthStatus", "state"]?.stringValue }
}

/// What a workflow made of one object, to be scheduled (contract, section 1.5).
public struct Work: Sendable, Hashable {
  public var object: KubernetesObject
  public init(_ object: KubernetesObject) { self.object = object }

  public var name: String { object.name }
  public var namespace: String { object.namespace ?? "" }
  public var promiseName: String { object[path: "spec", "promiseName"]?.stringValue ?? "" }
  /// Empty for a Work of the Promise itself.
  public var resourceName: String { object[path: "spec", "resourceName"]?.stringValue ?? "" }
  public var pipelineName: String { object.labels[KratixLabels.pipelineName] ?? "" }
  public var groups: [WorkloadGroup] {
    (object[path: "spec", "workloadGroups"]?.arrayValue ?? []).map(WorkloadGroup.init(json:))
  }
}

/// Files that go to the same destinations.
public struct WorkloadGroup: Sendable, Hashable {
  /// The effective selector is merged by source: promise beats promise-workflow beats resource-workflow, key by key
  /// (contract, section 7.1).
  public struct Selector: Sendable, Hashable {
    public var matchLabels: [String: String]
    /// `promise`, `promise-workflow` or `resource-workflow`.
    public var source: String

    public init(matchLabels: [String: String], source: String) {
      self.matchLabels = matchLabels
      self.source = source
    }
  }

  public var id: String
  public var directory: String
  public var selectors: [Selector]
  public var workloads: [Workload]

  public init(directory: String, selectors: [Selector], workloads: [Workload]) {
    self.id = KratixNames.workloadGroupID(directory: directory)
    self.directory = directory
    self.selectors = selectors
    self.workloads = workloads
  }

  public init(json: JSON) {
    id = json["id"]?.stringValue ?? ""
    directory = json["directory"]?.stringValue ?? ""
    selectors = (json["destinationSelectors"]?.arrayValue ?? []).map {
      Selector(
        matchLabels: $0["matchLabels"]?.stringMapValue ?? [:], source: $0["source"]?.stringValue ?? "")
    }
    workloads = (json["workloads"]?.arrayValue ?? []).map(Workload.init(json:))
  }

  public var json: JSON {
    var json: JSON = ["id": .string(id), "directory": .string(directory)]
    if !selectors.isEmpty {
      json["destinationSelectors"] = .array(
        selectors.map { ["matchLabels": JSON($0.matchLabels), "source": .string($0.source)] })
    }
    if !workloads.isEmpty { json["workloads"] = .array(workloads.map(\.json)) }
    return json
  }

  /// The labels that a destination must have; nil when no entry asks for any (then every destination qualifies that
  /// is not strict).
  public var effectiveSelector: [String: String]? {
    guard !selectors.isEmpty else { return nil }
    var merged: [String: String] = [:]
    for source in ["resource-workflow", "promise-workflow", "promise"] {
      var ofSource: [String: String] = [:]
      for selector in selectors where selector.source == source {
        ofSource.merge(selector.matchLabels) { first, _ in first }
      }
      merged.merge(ofSource) { _, stronger in stronger }
    }
    return merged
  }
}

/// One file of a Work: `content` is base64 of a gzip stream of its bytes (contract, section 8.7).
public struct Workload: Sendable, Hashable {
  public var filepath: String
  public var content: String

  public init(filepath: String, content: String) {
    self.filepath = filepath
    self.content = content
  }

  public init(filepath: String, bytes: [UInt8]) {
    self.init(filepath: filepath, content: Gzip.encodedContent(bytes))
  }

  init(json: JSON) {
    self.init(filepath: json["filepath"]?.stringValue ?? "", content: json["content"]?.stringValue ?? "")
  }

  public var json: JSON { ["filepath": .string(filepath), "content": .string(content)] }

  /// The file's bytes. - Throws: `GzipError` when the content is not base64 of a gzip stream.
  public func bytes(limit: Int = Gzip.defaultLimit) throws(GzipError) -> [UInt8] {
    try Gzip.decodedContent(content, limit: limit)
  }
}

/// One group of a Work at one destination (contract, section 1.6).
public struct WorkPlacement: Sendable, Hashable {
  public var object: KubernetesObject
  public init(_ object: KubernetesObject) { self.object = object }

  public var name: String { object.name }
  public var namespace: String { object.namespace ?? "" }
  public var destinationName: String { object[path: "spec", "targetDestinationName"]?.stringValue ?? "" }
  public var promiseName: String { object[path: "spec", "promiseName"]?.stringValue ?? "" }
  public var resourceName: String { object[path: "spec", "resourceName"]?.stringValue ?? "" }
  public var groupID: String { object[path: "spec", "id"]?.stringValue ?? "" }
  public var workName: String { object.labels[KratixLabels.work] ?? "" }
  public var pipelineName: String { object.labels[KratixLabels.pipelineName] ?? "" }
  public var isMisplaced: Bool { object.labels[KratixLabels.misplaced] == KratixLabels.yes }
  public var workloads: [Workload] {
    (object[path: "spec", "workloads"]?.arrayValue ?? []).map(Workload.init(json:))
  }
}

/// Where files can be sent to (contract, section 1.7).
public struct Destination: Sendable, Hashable {
  public enum FilepathMode: String, Sendable, Hashable {
    case nestedByMetadata
    case aggregatedYAML
    case none
  }

  public var object: KubernetesObject
  public init(_ object: KubernetesObject) { self.object = object }

  public var name: String { object.name }
  public var path: String { object[path: "spec", "path"]?.stringValue ?? "" }
  public var stateStoreKind: String { object[path: "spec", "stateStoreRef", "kind"]?.stringValue ?? "" }
  public var stateStoreName: String { object[path: "spec", "stateStoreRef", "name"]?.stringValue ?? "" }
  public var cleansUp: Bool { object[path: "spec", "cleanup"]?.stringValue == "all" }
  public var filepathMode: FilepathMode {
    object[path: "spec", "filepath", "mode"]?.stringValue.flatMap(FilepathMode.init(rawValue:)) ?? .nestedByMetadata
  }
  public var aggregatedFilename: String {
    object[path: "spec", "filepath", "filename"]?.stringValue.flatMap { $0.isEmpty ? nil : $0 } ?? "aggregated.yaml"
  }
  public var writesInitWorkloads: Bool { object[path: "spec", "initWorkloads", "enabled"]?.boolValue ?? true }
  public var isStrict: Bool { object[path: "spec", "strictMatchLabels"]?.boolValue ?? false }
  public var isDryRunTarget: Bool { object.labels[KratixLabels.dryRun] == KratixLabels.yes }

  /// Whether a group with this selector may be scheduled here (contract, section 7.1).
  public func matches(_ selector: [String: String]?) -> Bool {
    guard let selector else { return !(isStrict && !object.labels.isEmpty) }
    return selector.allSatisfy { object.labels[$0.key] == $0.value }
  }
}
