import Kubernetes
import KratixModel

/// Writes the files of WorkPlacements to the state store of their destination, and deletes them there (contract,
/// section 8.2).
public struct WorkPlacementReconciler: Reconciler {
  let api: any KubernetesAPI
  let pace: Pace
  let events: EventRecorder
  let stateStores: StateStoreCatalog
  /// Everything is written again after this time; nil for never.
  let rewriteInterval: Duration?

  static let name = "WorkPlacementController"

  public init(
    api: any KubernetesAPI, pace: Pace, events: EventRecorder, stateStores: StateStoreCatalog,
    rewriteInterval: Duration? = .seconds(36_000)
  ) {
    self.api = api
    self.pace = pace
    self.events = events
    self.stateStores = stateStores
    self.rewriteInterval = rewriteInterval
  }

  /// Woken by a new generation and by the start of a deletion; what is said in labels and status does not matter.
  public func controller(workers: Int = 1) -> Controller {
    Controller(
      name: "workplacement",
      sources: [
        Source(
          .workPlacements, interest: { [.int($0.generation), .bool($0.isBeingDeleted), .string($0.uid)] },
          map: { placement, _ in [ObjectKey(placement)] })
      ], reconciler: self, workers: workers)
  }

  public func reconcile(_ key: ObjectKey) async throws -> ReconcileResult {
    guard let object = try await api.find(.workPlacements, namespace: key.namespace, name: key.name) else {
      return .done
    }
    let placement = WorkPlacement(object)
    guard let found = try await api.find(.destinations, namespace: nil, name: placement.destinationName) else {
      // Nobody knows where the files were: nothing is cleaned up.
      if object.isBeingDeleted { try await api.setFinalizers(.workPlacements, object, Self.foreign(object.finalizers)) }
      return .done
    }
    let destination = Destination(found)
    let writer: any StateStoreWriter
    do {
      writer = try await stateStores.writer(for: destination.stateStore)
    } catch is StateStoreAccessError {
      return .requeue(after: pace.defaultRequeue)
    }
    return object.isBeingDeleted
      ? try await delete(placement, from: destination, writer)
      : try await write(placement, to: destination, writer)
  }

  private func write(
    _ placement: WorkPlacement, to destination: Destination, _ writer: any StateStoreWriter
  ) async throws -> ReconcileResult {
    var object = placement.object
    var finalizers = object.finalizers
    for finalizer in Self.finalizers(for: destination) where !finalizers.contains(finalizer) {
      finalizers.append(finalizer)
    }
    guard let ready = try await api.setFinalizers(.workPlacements, object, finalizers) else { return .done }
    object = ready
    let outcome: StateStoreOutcome
    do {
      let context = try await context(of: placement, at: destination, writer)
      outcome = try await writer.apply(PlacementFiles.write(placement, to: destination, context: context))
    } catch let error as StateStoreError {
      await events.record(
        .warning, "FailedWriteToDestination",
        "failed writing to Destination: \(destination.name) with error: \(error); check kubectl get destination for "
          + "more info", on: object, by: Self.name)
      try await api.changeStatus(.workPlacements, object) {
        SchedulingConditions.setFailedWrite("\(error)", on: &$0, now: SystemTime.timestamp)
      }
      return .requeue(after: pace.defaultRequeue)
    }
    let version = outcome.versionID.map { " with versionID: \($0)" } ?? ""
    await events.record(
      .normal, "WorkloadsWrittenToStateStore",
      "successfully written to Destination: \(destination.name)\(version)", on: object, by: Self.name)
    try await api.changeStatus(.workPlacements, object) {
      SchedulingConditions.setWritten(versionID: outcome.versionID, on: &$0, now: SystemTime.timestamp)
    }
    return rewriteInterval.map { .requeue(after: $0) } ?? .done
  }

  private func delete(
    _ placement: WorkPlacement, from destination: Destination, _ writer: any StateStoreWriter
  ) async throws -> ReconcileResult {
    let object = placement.object
    let own = Self.foreign(object.finalizers)
    guard own != object.finalizers else { return .done }
    do {
      let context = try await context(of: placement, at: destination, writer, isDeletion: true)
      _ = try await writer.apply(PlacementFiles.delete(placement, from: destination, context: context))
    } catch let error as StateStoreError {
      await events.record(
        .warning, "FailedDeleteFilesFromRepository",
        "error removing work from Destination: \(destination.name) with error: \(error)", on: object, by: Self.name)
      return .requeue(after: pace.defaultRequeue)
    }
    try await api.setFinalizers(.workPlacements, object, own)
    return .done
  }

  /// What the destination's filepath mode needs to know before a write.
  private func context(
    of placement: WorkPlacement, at destination: Destination, _ writer: any StateStoreWriter, isDeletion: Bool = false
  ) async throws -> PlacementFiles.Context {
    switch destination.filepathMode {
    case .nestedByMetadata: return .nested
    case .aggregatedYAML:
      let all = try await api.listAll(
        .workPlacements, labelSelector: "\(KratixLabels.targetDestinationName)=\(destination.name)")
      return .aggregated(all.items.map(WorkPlacement.init))
    case .none:
      let path = PlacementFiles.recordPath(placement, destination: destination)
      let object = placement.object
      guard let bytes = try await writer.read(path) else {
        // Only what was once written has something to be cleaned up.
        guard isDeletion, object.hasCondition(KratixConditions.writeSucceeded) else { return .recorded([]) }
        let error = StateStoreError("failed to read .kratix state file: \(path) is not there")
        await events.record(.warning, "FailedReadKratixStateFile", "\(error)", on: object, by: Self.name)
        throw error
      }
      do {
        return .recorded(try PlacementFiles.recordedPaths(String(decoding: bytes, as: UTF8.self)))
      } catch {
        let failure = StateStoreError("failed to unmarshal .kratix state file: \(path): \(error)")
        await events.record(.warning, "FailedUnmarshalKratixStateFile", "\(failure)", on: object, by: Self.name)
        throw failure
      }
    }
  }

  private static func finalizers(for destination: Destination) -> [String] {
    destination.filepathMode == .none
      ? [KratixFinalizers.workPlacementRepoCleanup, KratixFinalizers.workPlacementDotFilesCleanup]
      : [KratixFinalizers.workPlacementRepoCleanup]
  }

  /// The finalizers that are not this controller's.
  private static func foreign(_ finalizers: [String]) -> [String] {
    finalizers.filter {
      $0 != KratixFinalizers.workPlacementRepoCleanup && $0 != KratixFinalizers.workPlacementDotFilesCleanup
    }
  }
}
