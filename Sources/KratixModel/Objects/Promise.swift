import Kubernetes

/// A Promise: an API, what it depends on, and workflows (contract, section 1.1). Unknown fields stay in `object`.
public struct Promise: Sendable, Hashable {
  public var object: KubernetesObject

  public init(_ object: KubernetesObject) { self.object = object }

  public var name: String { object.name }
  public var spec: JSON { object.spec ?? .emptyObject }

  /// The label's value, or nil when it is missing or empty.
  public var version: String? {
    object.labels[KratixLabels.promiseVersion].flatMap { $0.isEmpty ? nil : $0 }
  }

  /// The version of the revision that this Promise makes: `not-set` without a label (contract, section 4.6).
  public var revisionVersion: String { version ?? KratixNames.unversioned }

  /// `spec.api`, whatever it is; nil for a Promise of dependencies only.
  public var api: PromiseAPI? {
    guard let api = spec["api"], !api.isNull else { return nil }
    return PromiseAPI(KubernetesObject(api))
  }

  public var dependencies: [KubernetesObject] {
    (spec["dependencies"]?.arrayValue ?? []).map(KubernetesObject.init)
  }

  /// Squashed into one map; when items clash, the first wins (contract, section 7.1).
  public var destinationSelectors: [String: String] {
    var labels: [String: String] = [:]
    for item in spec["destinationSelectors"]?.arrayValue ?? [] {
      labels.merge(item["matchLabels"]?.stringMapValue ?? [:]) { first, _ in first }
    }
    return labels
  }

  public var requiredPromises: [RequiredPromise] {
    (spec["requiredPromises"]?.arrayValue ?? []).map {
      RequiredPromise(name: $0["name"]?.stringValue ?? "", version: $0["version"]?.stringValue ?? "")
    }
  }

  /// `spec.workflows.config.pipelineNamespace`.
  public var pipelineNamespace: String? {
    spec[path: "workflows", "config", "pipelineNamespace"]?.stringValue.flatMap { $0.isEmpty ? nil : $0 }
  }

  public func pipelines(_ type: WorkflowType, _ action: WorkflowAction) -> [Pipeline] {
    (spec[path: "workflows", type.rawValue, action.rawValue]?.arrayValue ?? []).map(Pipeline.init)
  }

  /// The same Promise with the spec of one of its revisions: what a resource bound to it sees (contract, section 5.1).
  public func with(spec: JSON) -> Promise {
    var copy = self
    copy.object.spec = spec
    return copy
  }
}

public struct RequiredPromise: Sendable, Hashable {
  public var name: String
  /// Empty for any version.
  public var version: String

  public init(name: String, version: String) {
    self.name = name
    self.version = version
  }
}

/// The CustomResourceDefinition inside of a Promise.
public struct PromiseAPI: Sendable, Hashable {
  public var definition: KubernetesObject

  public init(_ definition: KubernetesObject) { self.definition = definition }

  public var isCustomResourceDefinition: Bool {
    definition.kind == "CustomResourceDefinition" && definition.apiVersion.hasPrefix("apiextensions.k8s.io/")
  }

  public var group: String { definition[path: "spec", "group"]?.stringValue ?? "" }
  public var kind: String { definition[path: "spec", "names", "kind"]?.stringValue ?? "" }
  public var plural: String { definition[path: "spec", "names", "plural"]?.stringValue ?? "" }
  public var isNamespaced: Bool { definition[path: "spec", "scope"]?.stringValue != "Cluster" }
  public var versions: [JSON] { definition[path: "spec", "versions"]?.arrayValue ?? [] }

  /// The version that objects are stored in, and that Kratix uses; the first one when none says so.
  public var storageVersion: JSON? { versions.first { $0["storage"]?.boolValue == true } ?? versions.first }

  /// The schema of the storage version.
  public var schema: JSON? { storageVersion?[path: "schema", "openAPIV3Schema"] }

  /// The resource that the Promise serves, at its storage version; nil when group, plural or version is missing.
  public var resourceType: ResourceType? {
    guard !group.isEmpty, !plural.isEmpty, let version = storageVersion?["name"]?.stringValue else { return nil }
    return ResourceType(group: group, version: version, plural: plural, kind: kind, isNamespaced: isNamespaced)
  }
}
