import Kubernetes
import KratixModel

/// Shows that a destination's place in its state store can be written to, and empties it when it is to be cleaned up
/// (contract, section 8.3).
public struct DestinationReconciler: Reconciler {
  let api: any KubernetesAPI
  let pace: Pace
  let events: EventRecorder
  let stateStores: StateStoreCatalog

  static let name = "DestinationController"

  public init(api: any KubernetesAPI, pace: Pace, events: EventRecorder, stateStores: StateStoreCatalog) {
    self.api = api
    self.pace = pace
    self.events = events
    self.stateStores = stateStores
  }

  /// Woken by destinations and by their state stores.
  public func controller() -> Controller {
    let api = api
    let ofStore: Source.Map = { store, _ in
      (try? await api.listAll(.destinations))?.items.filter {
        let destination = Destination($0)
        return destination.stateStoreKind == store.kind && destination.stateStoreName == store.name
      }.map { ObjectKey($0) } ?? []
    }
    return Controller(
      name: "destination",
      sources: [
        .objects(.destinations), Source(.bucketStateStores, map: ofStore), Source(.gitStateStores, map: ofStore),
        // A WorkPlacement that goes may be what the deletion of its destination waits for.
        Source(
          .workPlacements, interest: { .string($0.uid) },
          map: { placement, isDeleted in
            isDeleted ? [ObjectKey(name: WorkPlacement(placement).destinationName)] : []
          }),
      ], reconciler: self)
  }

  public func reconcile(_ key: ObjectKey) async throws -> ReconcileResult {
    guard let object = try await api.find(.destinations, namespace: nil, name: key.name) else { return .done }
    let destination = Destination(object)
    let finalizer = KratixFinalizers.destinationCleanup
    if object.isBeingDeleted {
      return object.finalizers.contains(finalizer) ? try await delete(destination) : .done
    }
    if destination.cleansUp != object.finalizers.contains(finalizer) {
      let others = object.finalizers.filter { $0 != finalizer }
      do {
        try await api.setFinalizers(.destinations, object, destination.cleansUp ? others + [finalizer] : others)
      } catch let error as StatusError where error.reason != .conflict {
        try await setReady(.false, "DestinationFinalizerUpdateFailed", error.message, on: object)
      }
      return .done
    }
    if object.condition(KratixConditions.ready) == nil {
      try await setReady(.false, "DestinationNotReady", "Destination is not ready", on: object)
      return .done
    }
    do {
      let writer = try await stateStores.writer(for: destination.stateStore)
      _ = try await writer.apply(CanaryFiles.change(of: destination))
    } catch let error as StateStoreAccessError {
      let store = "\(destination.stateStoreKind)/\(destination.stateStoreName)"
      let why = error == .notFound ? "not found" : error.description
      return try await notReady(
        error == .notFound ? "StateStoreNotFound" : "StateStoreNotReady", "\(store): \(why)", on: object)
    } catch let error as StateStoreError {
      return try await notReady(
        "StateStoreWriteFailed", "Failed to write test documents to State Store: \(error)", on: object)
    }
    await events.record(.normal, "DestinationReady", "Destination is Ready", on: object, by: Self.name)
    if destination.writesInitWorkloads {
      try await setReady(.true, "TestDocumentsWritten", "Test documents written to State Store", on: object)
    } else {
      try await setReady(.true, "DestinationReady", "Destination is ready", on: object)
    }
    return .done
  }

  private func delete(_ destination: Destination) async throws -> ReconcileResult {
    let placements = try await api.listAll(
      .workPlacements, labelSelector: "\(KratixLabels.targetDestinationName)=\(destination.name)"
    ).items
    for placement in placements where !placement.isBeingDeleted {
      do {
        try await api.delete(
          .workPlacements, namespace: placement.namespace, name: placement.name,
          options: DeleteOptions(propagation: .background))
      } catch let error as StatusError where error.reason == .notFound {
      }
    }
    guard placements.isEmpty else { return .requeue(after: pace.defaultRequeue) }
    do {
      let writer = try await stateStores.writer(for: destination.stateStore)
      _ = try await writer.apply(CanaryFiles.change(of: destination))
    } catch let error as StateStoreAccessError where error == .notFound {
      // With the store gone there is nothing left to clean up.
    } catch is StateStoreAccessError {
      return .requeue(after: pace.defaultRequeue)
    } catch is StateStoreError {
      return .requeue(after: pace.defaultRequeue)
    }
    try await api.setFinalizers(
      .destinations, destination.object,
      destination.object.finalizers.filter { $0 != KratixFinalizers.destinationCleanup })
    return .done
  }

  private func notReady(
    _ reason: String, _ message: String, on object: KubernetesObject
  ) async throws -> ReconcileResult {
    await events.record(.warning, "DestinationNotReady", message, on: object, by: Self.name)
    try await setReady(.false, reason, message, on: object)
    return .requeue(after: pace.defaultRequeue)
  }

  private func setReady(
    _ status: Condition.Status, _ reason: String, _ message: String, on object: KubernetesObject
  ) async throws {
    try await api.changeStatus(.destinations, object) {
      $0.setCondition(
        Condition(type: KratixConditions.ready, status: status, reason: reason, message: message),
        now: SystemTime.timestamp)
    }
  }
}

extension Destination {
  /// The state store that `spec.stateStoreRef` names.
  public var stateStore: StateStoreReference { StateStoreReference(kind: stateStoreKind, name: stateStoreName) }
}
