import Kubernetes
import Logging

/// All of Kratix's controllers over one API server, as the manager's process runs them.
public struct KratixManager: Sendable {
  public var api: any KubernetesAPI
  public var pace: Pace
  /// nil reads the ConfigMap `kratix` when the manager starts.
  public var configuration: KratixConfiguration?
  /// Where PromiseReleases get their Promises from.
  public var fetcher: any PromiseFetcher
  /// Names this process in events.
  public var instance: String
  public var logger: Logger
  /// The controllers from a Work to the state stores.
  public var scheduling: @Sendable (ControllerContext) -> [Controller]

  public init(
    api: any KubernetesAPI, pace: Pace, configuration: KratixConfiguration? = nil,
    fetcher: (any PromiseFetcher)? = nil, instance: String = "sandbox", logger: Logger,
    scheduling: @escaping @Sendable (ControllerContext) -> [Controller] = { _ in [] }
  ) {
    self.api = api
    self.pace = pace
    self.configuration = configuration
    self.fetcher = fetcher ?? HTTPPromiseFetcher(timeout: pace.fetchTimeout)
    self.instance = instance
    self.logger = logger
    self.scheduling = scheduling
  }

  /// Runs until the task is cancelled.
  /// - Throws: `ReconcileError` when the configuration cannot be read; nothing is started then.
  public func run() async throws {
    let configuration: KratixConfiguration
    if let given = self.configuration {
      configuration = given
    } else {
      configuration = try await KratixConfiguration.load(from: api)
    }
    for complaint in configuration.complaints { logger.error("configuration: \(complaint)") }
    let context = ControllerContext(
      api: api, pace: pace, configuration: configuration,
      events: EventRecorder(api: api, instance: instance, logger: logger), logger: logger)
    let dynamicControllers = DynamicControllers(context: context)
    let controllers =
      [
        PromiseReconciler.controller(context, dynamicControllers), PromiseRevisionReconciler.controller(context),
        ResourceBindingReconciler.controller(context),
        PromiseReleaseReconciler.controller(context, fetcher: fetcher), HealthRecordReconciler.controller(context),
      ] + scheduling(context)
    await withTaskGroup(of: Void.self) { group in
      for controller in controllers {
        group.addTask { await controller.run(api: api, pace: pace, logger: logger) }
      }
      await group.waitForAll()
    }
    await dynamicControllers.stopAll()
  }
}
