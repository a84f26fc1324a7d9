import KratixModel
import Kubernetes

/// Installs and updates a Promise (contract, section 4): one pass reads everything and does the next thing.
struct PromiseReconciler: Reconciler {
  var context: ControllerContext
  var dynamicControllers: DynamicControllers

  var api: any KubernetesAPI { context.api }

  static func controller(_ context: ControllerContext, _ dynamicControllers: DynamicControllers) -> Controller {
    let api = context.api
    return Controller(
      name: "promise",
      sources: [
        Source(.promises) { object, _ in
          [ObjectKey(object)] + Promise(object).requiredBy.map { ObjectKey(name: $0) }
        },
        Source(.jobs, labelSelector: "\(KratixLabels.managedBy)=\(KratixLabels.managedByKratix)") { job, _ in
          job.ownerReferences.filter { $0.controller == true && $0.kind == "Promise" }
            .map { ObjectKey(name: $0.name) }
        },
        Source(.promiseRevisions) { revision, _ in
          let name = revision.labels[KratixLabels.promiseName] ?? ""
          guard !name.isEmpty, let object = try? await api.find(.promises, namespace: nil, name: name) else {
            return []
          }
          return Promise(object).requiredBy.map { ObjectKey(name: $0) }
        },
        Source(
          .promiseRevisions,
          interest: { .string($0.annotations[KratixAnnotations.reconciliationInterval] ?? "") }
        ) { revision, _ in [ObjectKey(name: PromiseRevision(revision).promiseName)] },
        Source(.works) { work, _ in
          work.labels[KratixLabels.promiseName].map { $0.isEmpty ? [] : [ObjectKey(name: $0)] } ?? []
        },
      ], reconciler: PromiseReconciler(context: context, dynamicControllers: dynamicControllers))
  }

  func reconcile(_ key: ObjectKey) async throws -> ReconcileResult {
    guard let found = try await api.find(.promises, namespace: nil, name: key.name) else { return .done }
    var promise = Promise(found).typed
    if promise.object.hasLabel(KratixLabels.paused) {
      await record(
        .warning, WorkflowConditions.pausedReason,
        "'\(KratixLabels.paused)' label set to 'true' for promise; pausing reconciliation", on: promise.object)
      try await setUnavailable(&promise, PromiseConditions.paused, WorkflowConditions.paused)
      return .done
    }
    if promise.object.isBeingDeleted { return try await delete(promise) }
    if try await syncFinalizers(promise) { return .done }
    try await recordVersion(&promise)

    // Unavailable until the end of the pass: a pass that ends early leaves it so.
    let originally = Original(
      status: promise.object[path: "status", "kratix", "status"]?.stringValue ?? "",
      available: promise.object.condition(KratixConditions.available))
    promise.setMirrored("status", PromiseConditions.isUnavailable)
    promise.object.setCondition(PromiseConditions.unavailable, now: context.now)

    if try await checkRequirements(&promise) {
      if promise.object.hasCondition(KratixConditions.requirementsFulfilled, .false) {
        promise.object.setCondition(WorkflowConditions.pending("RequirementsNotFulfilled"), now: context.now)
      }
      try await writeStatus(&promise)
      if originally.isAvailable {
        await record(
          .warning, "Unavailable", "Promise no longer available: Requirements have changed", on: promise.object)
      }
      return .done
    }
    if promise.api != nil {
      if let result = try await ensureDefinition(&promise) { return result }
      try await ensureControllerAccess(promise)
    }
    try await StaticDependencies.reconcile(promise, context)
    if let result = try await reconcileWorkflows(&promise) { return result }
    return try await finish(promise, originally)
  }

  /// What the status said before the pass.
  struct Original: Sendable {
    var status: String
    var available: Condition?
    var isAvailable: Bool { status == PromiseConditions.isAvailable }
  }

  func record(
    _ kind: EventRecorder.Kind, _ reason: String, _ note: String, on object: KubernetesObject
  ) async {
    await context.events.record(kind, reason, note, on: object, by: ControllerNames.promise)
  }

  func writeStatus(_ promise: inout Promise) async throws {
    promise = Promise(try await api.updateStatus(.promises, promise.object)).typed
  }

  /// Paused or suspended: says so in both conditions, once.
  func setUnavailable(_ promise: inout Promise, _ available: Condition, _ reconciled: Condition) async throws {
    let before = promise.object
    if promise.object.condition(KratixConditions.available)?.says(available) != true {
      promise.object.setCondition(available, now: context.now)
      promise.setMirrored("status", PromiseConditions.isUnavailable)
    }
    let current = promise.object.condition(KratixConditions.reconciled)
    if current?.status != .unknown || current?.message != reconciled.message {
      promise.object.setCondition(reconciled, now: context.now)
    }
    if promise.object != before { try await writeStatus(&promise) }
  }
}

// The steps before the workflows.
extension PromiseReconciler {
  static func finalizers(of promise: Promise) -> [String] {
    let hasAPI = promise.api != nil
    let hasDelete = !promise.pipelines(.promise, .delete).isEmpty
    return [
      (KratixFinalizers.resourceRequestCleanup, hasAPI), (KratixFinalizers.dynamicControllerCleanup, hasAPI),
      (KratixFinalizers.apiCRDCleanup, hasAPI), (KratixFinalizers.dependenciesCleanup, true),
      (KratixFinalizers.workflowsCleanup, true), (KratixFinalizers.deleteWorkflows, hasDelete),
      (KratixFinalizers.revisionCleanup, true),
    ].filter(\.1).map(\.0)
  }

  /// - Returns: whether finalizers were written: then the spec was re-encoded too, and the pass ends.
  private func syncFinalizers(_ start: Promise) async throws -> Bool {
    var promise = start
    let wanted = Self.finalizers(of: promise)
    promise.object.finalizers += wanted.filter { !start.object.finalizers.contains($0) }
    if !wanted.contains(KratixFinalizers.deleteWorkflows) {
      promise.object.finalizers.removeAll { $0 == KratixFinalizers.deleteWorkflows }
    }
    guard promise.object.finalizers != start.object.finalizers else { return false }
    _ = try await api.update(.promises, promise.object)
    return true
  }

  /// Writes a new version into the status, and leaves the revision for the next pass; or writes the revision.
  private func recordVersion(_ promise: inout Promise) async throws {
    if let label = promise.object.labels[KratixLabels.promiseVersion], promise.string("version") != label,
      promise.string("kratix", "version") != label
    {
      promise.setMirrored("version", label)
      try await writeStatus(&promise)
      return
    }
    try await writeRevision(promise)
  }

  private func writeRevision(_ promise: Promise) async throws {
    let version = promise.revisionVersion
    let name = KratixNames.revision(promise: promise.name, version: version)
    let existing = try await api.find(.promiseRevisions, namespace: nil, name: name)
    var revision =
      existing
      ?? KubernetesObject(apiVersion: ResourceType.promiseRevisions.apiVersion, kind: "PromiseRevision", name: name)
    let before = revision
    revision.json.set(.string(promise.name), at: ["spec", "promiseRef", "name"])
    revision.json.set(promise.spec, at: ["spec", "promiseSpec"])
    revision.json.set(.string(version), at: ["spec", "version"])
    revision.labels[KratixLabels.promiseName] = promise.name
    revision.setLabel(KratixLabels.latestRevision)
    if promise.object.labels[KratixLabels.promiseReleaseName] == nil {
      let text = promise.object.annotations[KratixAnnotations.reconciliationInterval]
      let isValid = text.flatMap(GoDuration.init).map { $0 >= ReconciliationInterval.minimum } ?? false
      revision.annotations[KratixAnnotations.reconciliationInterval] = isValid ? text : nil
    }
    let owner = OwnerReference(to: promise.object, controller: true)
    if !revision.ownerReferences.contains(where: { $0.uid == owner.uid }) { revision.ownerReferences.append(owner) }
    if existing == nil {
      let created = try await api.create(.promiseRevisions, revision)
      await record(.normal, "RevisionCreated", "Revision \(created.name) created", on: promise.object)
    } else if revision != before {
      _ = try await api.update(.promiseRevisions, revision)
    }
  }

  /// - Returns: the result that ends the pass, or nil once the definition is established.
  private func ensureDefinition(_ promise: inout Promise) async throws -> ReconcileResult? {
    let again = ReconcileResult.requeue(after: context.pace.fastRequeue)
    let wanted = try PromiseDefinition.definition(of: promise)
    guard var existing = try await api.find(.customResourceDefinitions, namespace: nil, name: wanted.name) else {
      _ = try await api.create(.customResourceDefinitions, wanted)
      return again
    }
    let before = existing
    existing.json.set(wanted[path: "spec", "versions"], at: ["spec", "versions"])
    existing.json.set(
      wanted[path: "spec", "conversion"] ?? ["strategy": "None"], at: ["spec", "conversion"])
    existing.json.set(wanted[path: "spec", "preserveUnknownFields"], at: ["spec", "preserveUnknownFields"])
    existing.labels.merge(wanted.labels) { _, ours in ours }
    if existing != before { existing = try await api.update(.customResourceDefinitions, existing) }

    if let type = promise.api?.resourceType {
      let before = promise.object
      promise.setMirrored("kind", type.kind)
      promise.setMirrored("apiVersion", type.apiVersion.lowercased())
      if promise.object != before {
        try await writeStatus(&promise)
        return again
      }
    }
    return existing.hasCondition("Established") ? nil : again
  }

  /// What the controllers may do to the resources of the Promise.
  private func ensureControllerAccess(_ promise: Promise) async throws {
    guard let type = promise.api?.resourceType else { return }
    let group = "rbac.authorization.k8s.io"
    let name = KratixNames.controllerRole(promise: promise.name)
    func rule(_ resource: String, _ verbs: [String]) -> JSON {
      ["apiGroups": [.string(type.group)], "resources": [.string(resource)], "verbs": JSON(verbs)]
    }
    try await ensure(.clusterRoles, name, promise) {
      $0["rules"] = [
        rule(type.plural, ["*"]), rule("\(type.plural)/finalizers", ["update"]),
        rule("\(type.plural)/status", ["get", "update", "patch"]),
      ]
    }
    try await ensure(.clusterRoleBindings, name, promise) {
      $0["roleRef"] = ["kind": "ClusterRole", "apiGroup": .string(group), "name": .string(name)]
      $0["subjects"] = [
        [
          "kind": "ServiceAccount", "name": .string(KratixNames.controllerServiceAccount),
          "namespace": .string(KratixNames.systemNamespace),
        ]
      ]
    }
  }

  private func ensure(
    _ type: ResourceType, _ name: String, _ promise: Promise, change: (inout KubernetesObject) -> Void
  ) async throws {
    let existing = try await api.find(type, namespace: nil, name: name)
    var object = existing ?? KubernetesObject(apiVersion: type.apiVersion, kind: type.kind, name: name)
    change(&object)
    object.labels[KratixLabels.promiseName] = promise.name
    if existing == nil {
      _ = try await api.create(type, object)
    } else if object != existing {
      _ = try await api.update(type, object)
    }
  }
}
