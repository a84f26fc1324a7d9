import KratixModel
import Kubernetes

// The ResourceBinding of a resource (contract, sections 5.2 and 6.3).
extension ResourceRequestReconciler {
  private func bindingLabels(_ object: KubernetesObject) -> [String: String] {
    [
      KratixLabels.promiseName: promiseName,
      KratixLabels.resourceName: KratixNames.boundedResourceName(object.name),
    ]
  }

  /// Found by its labels, whatever its name. - Throws: `ReconcileError` when there are several.
  func binding(of object: KubernetesObject) async throws -> ResourceBinding? {
    let selector = bindingLabels(object).sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
      .joined(separator: ",")
    let found = try await api.listAll(.resourceBindings, namespace: object.namespace, labelSelector: selector).items
    guard found.count <= 1 else {
      throw ReconcileError(
        "found multiple ResourceBindings for Resource \(object.name) in namespace \(object.namespace ?? "");"
          + "there should be one ResourceBinding per Resource")
    }
    return found.first.map(ResourceBinding.init)
  }

  /// Creates the binding, or adopts the one that is there.
  func writeBinding(_ existing: ResourceBinding?, of object: KubernetesObject) async throws {
    var binding =
      existing?.object
      ?? KubernetesObject(
        apiVersion: ResourceType.resourceBindings.apiVersion, kind: "ResourceBinding",
        name: KratixNames.binding(resource: object.name, promise: promiseName), namespace: object.namespace)
    let before = binding
    var labels = object.labels
    labels[KratixLabels.manualReconciliation] = nil
    labels[KratixLabels.runFromStart] = nil
    labels.merge(bindingLabels(object)) { _, ours in ours }
    if before.hasLabel(KratixLabels.manualReconciliation) {
      labels[KratixLabels.manualReconciliation] = KratixLabels.yes
    }
    binding.labels = labels
    if ResourceBinding(binding).version.isEmpty {
      binding.json.set(.string(try await initialVersion(of: object)), at: ["spec", "version"])
    }
    binding.json.set(.string(promiseName), at: ["spec", "promiseRef", "name"])
    binding.json.set(.string(object.name), at: ["spec", "resourceRef", "name"])
    binding.json.set(.string(object.namespace ?? ""), at: ["spec", "resourceRef", "namespace"])
    if existing == nil {
      let created = try await api.create(.resourceBindings, binding)
      await record(
        .normal, "BindingCreated",
        "Binding \(created.name) created for promise \(promiseName) version \(ResourceBinding(created).version)",
        on: object)
    } else if binding != before {
      _ = try await api.update(.resourceBindings, binding)
    }
  }

  /// What a deleted binding said, as far as the resource remembers; else by the strategy.
  private func initialVersion(of object: KubernetesObject) async throws -> String {
    if let known = ResourceRequest(object).resourceBindingVersion, !known.isEmpty { return known }
    guard context.configuration.bindingStrategy == .pinned else { return KratixNames.latest }
    return try RevisionResolution.resolve(
      .latest, among: try await api.revisions(ofPromise: promiseName), promise: promiseName
    ).version
  }

  /// While a workflow runs, or after it has failed.
  func syncBindingWhileRunning(_ object: KubernetesObject, attempted: String) async throws {
    guard let workflow = object.condition(KratixConditions.configureWorkflowCompleted) else { return }
    if workflow.isWorkflowInProgress {
      guard let binding = try await binding(of: object), BindingUpgrade.isUpgrade(binding, to: attempted) else {
        return
      }
      try await write(
        binding, BindingUpgrade.inProgress(attempted), applied: attempted, attempted: attempted)
    } else if workflow.isWorkflowFailed {
      try await syncBinding(object, attempted: attempted)
    }
  }

  /// After a workflow has ended, well or not.
  func syncBinding(_ object: KubernetesObject, attempted: String) async throws {
    guard let workflow = object.condition(KratixConditions.configureWorkflowCompleted),
      let binding = try await binding(of: object)
    else { return }
    let applied = ResourceRequest(object).promiseVersion ?? ""
    if workflow.status == .true {
      try await write(binding, BindingUpgrade.complete(applied), applied: applied, attempted: attempted)
    } else if workflow.isWorkflowFailed {
      try await write(binding, BindingUpgrade.failed(workflow.message), applied: applied, attempted: attempted)
    }
  }

  /// Without a configure pipeline there is nothing to run: an upgrade succeeds at once (contract, section 5.10).
  func syncBindingWithoutPipelines(_ object: KubernetesObject) async throws {
    guard let binding = try await binding(of: object) else { return }
    let applied = ResourceRequest(object).promiseVersion ?? ""
    try await write(binding, BindingUpgrade.complete(applied), applied: applied, attempted: "")
  }

  private func write(
    _ binding: ResourceBinding, _ condition: Condition, applied: String, attempted: String
  ) async throws {
    guard
      let changed = BindingUpgrade.status(
        of: binding, recording: condition, applied: applied, attempted: attempted, now: context.now)
    else { return }
    _ = try await api.updateStatus(.resourceBindings, changed)
  }
}
