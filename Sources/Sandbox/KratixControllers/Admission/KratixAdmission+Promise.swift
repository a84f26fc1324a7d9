import KratixModel
import Kubernetes

// The rules of a Promise, in the order of Kratix's checks (contract, section 9.1).
extension KratixAdmission {
  func validatePromise(_ promise: Promise, old: Promise?) async throws -> [String] {
    let key = KratixAnnotations.reconciliationInterval
    if old == nil || old?.object.annotations[key] != promise.object.annotations[key] {
      try Self.validateIntervalAnnotation(promise.object)
    }
    try await validateDefinition(promise)
    try await validatePipelines(promise)
    if let interval = ReconciliationInterval.of(spec: promise.spec), interval < ReconciliationInterval.minimum {
      throw Denial(
        "spec.workflows.config.reconciliationInterval: Invalid value: \"\(interval)\": must be at least "
          + "\(ReconciliationInterval.minimum)")
    }
    let warnings = try await requirementWarnings(promise)
    if let old { try Self.validateIdentity(promise, old: old) }
    return warnings
  }

  /// The definition as the API server would take it, without what Kratix adds when it installs it.
  private func validateDefinition(_ promise: Promise) async throws {
    guard let api = promise.api else { return }
    guard api.isCustomResourceDefinition else {
      throw Denial(
        "spec.api must be a CustomResourceDefinition of apiextensions.k8s.io/v1, not \(api.definition.kind)")
    }
    guard !api.versions.isEmpty else { throw Denial("spec.api.spec.versions must have at least one version") }
    if var existing = try await self.api.find(
      .customResourceDefinitions, namespace: nil, name: api.definition.name)
    {
      existing.spec = api.definition.spec
      _ = try await self.api.update(
        .customResourceDefinitions, existing, subresource: nil, options: WriteOptions(isDryRun: true))
      return
    }
    _ = try await self.api.create(
      .customResourceDefinitions, api.definition, options: WriteOptions(isDryRun: true))
    if !api.isNamespaced {
      throw Denial("promise api needs to be namespace scoped; spec.api.spec.scope cannot be: Cluster")
    }
  }

  private static let workflows: [(WorkflowType, WorkflowAction)] = [
    (.resource, .configure), (.resource, .delete), (.promise, .configure), (.promise, .delete),
  ]

  private func validatePipelines(_ promise: Promise) async throws {
    for (type, action) in Self.workflows {
      for pipeline in promise.pipelines(type, action) {
        if let fault = PipelineDecoding.fault(in: pipeline) {
          throw Denial("failed parsing \(type.rawValue).\(action.rawValue) pipeline: \(fault)")
        }
      }
    }
    for (type, action) in Self.workflows {
      let pipelines = promise.pipelines(type, action)
      guard !pipelines.isEmpty else { continue }
      try Self.validateNames(pipelines, promise: promise.name, type, action)
      let runs: [PipelineRun]
      do {
        runs = try PipelineFactory(
          promise: Self.withUID(promise), resource: type == .resource ? Self.exampleResource() : nil,
          action: action, configuration: .standard
        ).runs()
      } catch {
        throw Denial("failed to generate pipeline resources \(error)")
      }
      for run in runs {
        do {
          _ = try await api.create(.jobs, run.job, options: WriteOptions(isDryRun: true))
        } catch let error as StatusError {
          throw Denial(
            "\n\(type.rawValue).\(action.rawValue) pipeline with name \(run.name) failed to generate Job definition: "
              + "\n\(error.message)")
        }
      }
    }
  }

  private static func validateNames(
    _ pipelines: [Pipeline], promise: String, _ type: WorkflowType, _ action: WorkflowAction
  ) throws(Denial) {
    var names: Set<String> = []
    let place = "in workflow \"\(type.rawValue)\" action \"\(action.rawValue)\""
    for pipeline in pipelines {
      for (key, value) in pipeline.labels.sorted(by: { $0.key < $1.key }) {
        let valueFaults = NameRules.labelValue(value)
        if !valueFaults.isEmpty {
          throw Denial(
            "invalid label value \"\(value)\" for key \"\(key)\" \(place): \(valueFaults.joined(separator: ","))")
        }
        let keyFaults = NameRules.qualifiedName(key)
        if !keyFaults.isEmpty {
          throw Denial("invalid label key \"\(key)\" \(place): \(keyFaults.joined(separator: ","))")
        }
      }
      guard names.insert(pipeline.name).inserted else {
        throw Denial("duplicate pipeline name \"\(pipeline.name)\" \(place)")
      }
      let id = KratixNames.pipelineID(promise: promise, type: type, action: action, pipeline: pipeline.name)
      if id.utf8.count > KratixNames.pipelineIDLimit {
        throw Denial(
          "\(type.rawValue).\(action.rawValue) pipeline with name \"\(pipeline.name)\" is too long. The name is used "
            + "when generating resources for the pipeline,including the ServiceAccount which follows the format of "
            + "\"\(id)\", which cannot be longer than \(KratixNames.pipelineIDLimit) characters in total")
      }
    }
  }

  /// What the Jobs of a resource workflow are tried with.
  private static func exampleResource() -> KubernetesObject {
    var resource = KubernetesObject(
      apiVersion: ResourceType.promises.apiVersion, kind: "Promise", name: "webhook-dry-run",
      namespace: KratixNames.systemNamespace)
    resource.uid = Self.exampleUID
    return resource
  }

  /// A Promise that is being created has no UID yet, and no Job can be owned by it.
  private static func withUID(_ promise: Promise) -> Promise {
    guard promise.object.uid.isEmpty else { return promise }
    var copy = promise
    copy.object.uid = exampleUID
    return copy
  }

  private static let exampleUID = "00000000-0000-4000-8000-000000000000"

  private func requirementWarnings(_ promise: Promise) async throws -> [String] {
    var warnings: [String] = []
    for requirement in promise.requiredPromises {
      guard try await api.find(.promises, namespace: nil, name: requirement.name) != nil else {
        warnings.append("Required Promise \"\(requirement.name)\" at version \"\(requirement.version)\" not installed")
        continue
      }
      if requirement.version.isEmpty { continue }
      let revisions = try await api.revisions(ofPromise: requirement.name)
      if !revisions.contains(where: { $0.version == requirement.version }) {
        warnings.append(
          "Required Promise \"\(requirement.name)\" installed, but no revision found at version "
            + "\"\(requirement.version)\"")
      }
    }
    if !warnings.isEmpty { warnings.append("Promise will not be available until the above issue(s) is resolved") }
    return warnings
  }

  /// What of an API cannot change (adding one later can).
  static func validateIdentity(_ promise: Promise, old: Promise) throws(Denial) {
    guard let before = old.api?.definition else { return }
    guard let after = promise.api?.definition else { throw Denial("cannot remove API from existing promise") }
    var faults: [String] = []
    func immutable(_ path: String, _ value: String) {
      faults.append("* spec.api.\(path): Invalid value: \(value): field is immutable")
    }
    if before.name != after.name { immutable("metadata.name", "\"\(after.name)\"") }
    if before.kind != after.kind { immutable("kind", "\"\(after.kind)\"") }
    if before.apiVersion != after.apiVersion { immutable("apiVersion", "\"\(after.apiVersion)\"") }
    let names = after[path: "spec", "names"]
    if before[path: "spec", "names"] != names {
      func name(_ key: String) -> String { names?[key]?.stringValue ?? "" }
      immutable(
        "spec.names",
        "{\"plural\": \"\(name("plural"))\", \"singular\": \"\(name("singular"))\", \"kind\": \"\(name("kind"))\"}")
    }
    if !faults.isEmpty {
      throw Denial(
        "promises.platform.kratix.io \"\(promise.name)\" was not valid:\n\(faults.joined(separator: "\n"))")
    }
  }
}
