import Kubernetes

/// The controllers from a Work to files in a state store.
public enum SchedulingControllers {
  /// - Parameter rewriteInterval: `stateStoreReconciliationInterval`; nil switches the periodic rewrite off.
  public static func all(
    api: any KubernetesAPI, pace: Pace, events: EventRecorder, stateStores: StateStoreCatalog,
    rewriteInterval: Duration? = .seconds(36_000)
  ) -> [Controller] {
    [
      WorkReconciler(api: api, pace: pace, events: events).controller(),
      WorkPlacementReconciler(
        api: api, pace: pace, events: events, stateStores: stateStores, rewriteInterval: rewriteInterval
      ).controller(),
      DestinationReconciler(api: api, pace: pace, events: events, stateStores: stateStores).controller(),
      StateStoreReconciler(
        .bucketStateStores, api: api, pace: pace, events: events, stateStores: stateStores
      ).controller(),
      StateStoreReconciler(
        .gitStateStores, api: api, pace: pace, events: events, stateStores: stateStores
      ).controller(),
    ]
  }
}
