import KratixModel
import Kubernetes
import Logging

/// What every reconciler needs.
public struct ControllerContext: Sendable {
  public var api: any KubernetesAPI
  public var pace: Pace
  public var configuration: KratixConfiguration
  public var events: EventRecorder
  public var logger: Logger

  public init(
    api: any KubernetesAPI, pace: Pace, configuration: KratixConfiguration, events: EventRecorder, logger: Logger
  ) {
    self.api = api
    self.pace = pace
    self.configuration = configuration
    self.events = events
    self.logger = logger
  }

  /// RFC 3339, whole seconds.
  public var now: String { SystemTime.timestamp }
}

/// The names under which the controllers report events (contract, section 4.9).
public enum ControllerNames {
  public static let promise = "PromiseController"
  public static let resourceRequest = "ResourceRequestController"
  public static let promiseRelease = "PromiseReleaseController"
  public static let healthRecord = "HealthRecordController"
}
