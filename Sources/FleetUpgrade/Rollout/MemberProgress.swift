import KratixModel
import Kubernetes

/// How far one resource is on its way to a version.
public enum MemberProgress: Sendable, Hashable {
  /// Kratix has not begun.
  case waiting
  case running
  case done
  case failed(reason: String)
  /// The new version does not reach it by itself: pinned elsewhere, paused, suspended, or being deleted.
  case held(reason: String)

  public var isFinal: Bool {
    switch self {
    case .done, .failed, .held: true
    case .waiting, .running: false
    }
  }
}

/// Where a fleet is to go.
public struct UpgradeTarget: Sendable {
  public var version: String
  /// The uids of the Jobs that were there before: a new run of the same version is told by a Job that was not.
  public var earlierJobs: Set<String>
  /// Whether Kratix has a reason to run anything: the spec changed.
  public var runsWorkflow: Bool

  public init(version: String, earlierJobs: Set<String>, runsWorkflow: Bool) {
    self.version = version
    self.earlierJobs = earlierJobs
    self.runsWorkflow = runsWorkflow
  }
}

extension MemberProgress {
  /// - Parameters:
  ///   - resource: as it is now.
  ///   - jobs: its configure Jobs, oldest first.
  public init(
    of resource: ResourceRequest, binding: ResourceBinding?, jobs: [WorkflowJob], target: UpgradeTarget
  ) {
    let object = resource.object
    if object.isBeingDeleted {
      self = .held(reason: "being deleted")
      return
    }
    if resource.isPaused {
      self = .held(reason: "paused")
      return
    }
    if resource.isSuspended {
      self = .held(reason: "its workflow is suspended")
      return
    }
    if let bound = binding?.version, bound != KratixNames.latest, bound != target.version {
      self = .held(reason: "pinned to \(bound)")
      return
    }
    let newJobs = jobs.filter { !target.earlierJobs.contains($0.uid) }
    if resource.configureWorkflow?.reason == "ConfigureWorkflowFailed", let newest = newJobs.last,
      newest.outcome == .failed, binding?.failedVersion.map({ $0 == target.version }) ?? true
    {
      self = .failed(reason: resource.configureWorkflow?.message ?? "its workflow failed")
      return
    }
    let asked = [KratixLabels.manualReconciliation, KratixLabels.runFromStart].contains {
      object.labels[$0] == KratixLabels.yes
    }
    let isSettled =
      !asked && (resource.observedGeneration ?? object.generation) == object.generation
      && (resource.configureWorkflow.map { $0.status == .true } ?? true)
      && (resource.reconciled.map { $0.status == .true } ?? true)
    let isAtVersion = resource.promiseVersion == target.version
    // A Job that is done with the new version; when Kratix had nothing to run, the version alone tells.
    let hasRun = !target.runsWorkflow || jobs.isEmpty || newJobs.last.map { $0.outcome == .succeeded } ?? false
    if isSettled, isAtVersion, hasRun {
      self = .done
    } else if newJobs.isEmpty, !asked {
      self = .waiting
    } else {
      self = .running
    }
  }
}
