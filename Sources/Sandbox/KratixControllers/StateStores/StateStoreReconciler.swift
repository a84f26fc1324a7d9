import Kubernetes
import KratixModel

/// Says whether a state store can be written to (contract, section 8.6).
public struct StateStoreReconciler: Reconciler {
  let api: any KubernetesAPI
  let pace: Pace
  let events: EventRecorder
  let stateStores: StateStoreCatalog
  /// `.bucketStateStores` or `.gitStateStores`.
  let type: ResourceType

  public init(
    _ type: ResourceType, api: any KubernetesAPI, pace: Pace, events: EventRecorder, stateStores: StateStoreCatalog
  ) {
    self.type = type
    self.api = api
    self.pace = pace
    self.events = events
    self.stateStores = stateStores
  }

  /// Woken by a new spec of a store and by its Secret.
  public func controller() -> Controller {
    let api = api
    let type = type
    return Controller(
      name: type.kind.lowercased(),
      sources: [
        Source(
          type, interest: { [.int($0.generation), .string($0.uid)] }, map: { store, _ in [ObjectKey(store)] }),
        Source(.secrets) { secret, _ in
          (try? await api.listAll(type))?.items.filter { StateStoreCatalog.secretKey(of: $0) == ObjectKey(secret) }
            .map { ObjectKey($0) } ?? []
        },
      ], reconciler: self)
  }

  public func reconcile(_ key: ObjectKey) async throws -> ReconcileResult {
    guard let store = try await api.find(type, namespace: nil, name: key.name), !store.isBeingDeleted else {
      return .done
    }
    let writer: any StateStoreWriter
    do {
      writer = try await stateStores.writer(of: store)
    } catch let error as StateStoreAccessError {
      switch error {
      case .secretNotFound: try await report(store, failure: ("SecretNotFound", error.description))
      case .notFound: try await report(store, failure: ("StateStoreError", error.description))
      case .unusable:
        try await report(store, failure: ("ErrorInitialisingWriter", "Error initialising writer: \(error)"))
      }
      // A new spec or Secret wakes it.
      return .done
    }
    do {
      try await writer.checkPermissions()
    } catch {
      try await report(
        store, failure: ("ErrorValidatingPermissions", "Error validating state store permissions: \(error)"))
      return .requeue(after: pace.defaultRequeue)
    }
    try await report(store, failure: nil)
    return .done
  }

  private func report(_ store: KubernetesObject, failure: (reason: String, message: String)?) async throws {
    let condition = Condition(
      type: KratixConditions.ready, status: failure == nil ? .true : .false,
      reason: failure?.reason ?? "StateStoreReady", message: failure?.message ?? "State store is ready")
    let old = store.condition(condition.type)
    if old?.status != condition.status || old?.reason != condition.reason || old?.message != condition.message {
      if let failure {
        await events.record(
          .warning, "NotReady", "\(type.kind) \"\(store.name)\" is not ready: \(failure.message)", on: store,
          by: "\(type.kind)Controller")
      } else {
        await events.record(
          .normal, "Ready", "\(type.kind) \"\(store.name)\" is ready", on: store, by: "\(type.kind)Controller")
      }
    }
    try await api.changeStatus(type, store) {
      $0.setCondition(condition, now: SystemTime.timestamp)
      $0[path: "status", "status"] = failure == nil ? "Ready" : "NotReady"
      $0[path: "status", "observedGeneration"] = .int($0.generation)
    }
  }
}
