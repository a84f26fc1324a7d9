import KratixModel
import Kubernetes
import WorkflowRunner

/// What the pod of a Job asks to run.
enum JobContent: Sendable, Hashable {
  /// A pipeline, between Kratix's own containers.
  case workflow(WorkflowPod)
  /// Anything else.
  case plain(PlainPod)

  /// nil when it is neither.
  init?(_ job: KubernetesObject) {
    if job.labels[KratixLabels.managedBy] == KratixLabels.managedByKratix, let workflow = WorkflowPod(job: job) {
      self = .workflow(workflow)
    } else if let plain = PlainPod(job: job) {
      self = .plain(plain)
    } else {
      return nil
    }
  }

  /// `Never`, or else a failed container is started again in the same pod.
  var startsNewPods: Bool {
    switch self {
    case .workflow(let pod): pod.startsNewPods
    case .plain(let pod): pod.startsNewPods
    }
  }
}

/// A Job's pod that runs its init containers in order, and then its one container.
struct PlainPod: Sendable, Hashable {
  var containers: [JSON]
  var volumes: [JSON]
  var startsNewPods: Bool

  /// nil when containers would have to run side by side.
  init?(job: KubernetesObject) {
    guard let spec = job[path: "spec", "template", "spec"], let main = spec["containers"]?.arrayValue, main.count == 1
    else { return nil }
    let initial = spec["initContainers"]?.arrayValue ?? []
    guard !initial.contains(where: { $0["restartPolicy"] == "Always" }) else { return nil }
    containers = initial + main
    volumes = spec["volumes"]?.arrayValue ?? []
    startsNewPods = spec["restartPolicy"] == "Never"
  }
}

extension JobRun {
  /// Runs the containers of a pod that is not Kratix's.
  func runContainers(_ plain: PlainPod, _ session: PodSession) async throws -> Outcome {
    let pod = await session.pod
    let containers = plain.containers.map(Pipeline.Container.init)
    let first = containers.first?.name ?? ""
    var run = WorkflowRun.pod(pod.name, containers: plain.containers, volumes: plain.volumes)
    do {
      run.volumeFiles = try await PodVolumes(api: api, namespace: pod.namespace).files(of: plain.volumes)
      run.resolvedEnvironment = try await EnvironmentResolver(api: api, pod: pod).resolve(containers)
    } catch let missing as PodVolumes.Missing {
      try await session.hold(first, reason: "PodInitializing", message: missing.description, event: "FailedMount")
      return .held
    } catch let missing as EnvironmentResolver.Missing {
      try await session.hold(missing.container, reason: "CreateContainerConfigError", message: "Error: \(missing)")
      return .held
    }
    do {
      _ = try await engineRun(run, session)
    } catch let failure as WorkflowFailure {
      let container = failure.container.isEmpty ? first : failure.container
      switch failure.reason {
      case .exited: break
      case .imageUnavailable(let text):
        try await session.hold(container, reason: "ImagePullBackOff", message: text)
        return .held
      case .timedOut, .unsound, .engine, .badOutput, .badMetadata:
        await session.end(container, because: failure.description)
      }
      return .failed(container: container)
    }
    try await session.write()
    return .succeeded
  }

  /// Takes a Job away that has been finished for as long as it asked for.
  func expire(_ job: KubernetesObject) async throws {
    do {
      try await api.delete(
        .jobs, namespace: job.namespace, name: job.name,
        options: DeleteOptions(propagation: .background, preconditionUID: job.uid))
    } catch let error as StatusError where error.reason == .notFound || error.reason == .conflict {
    }
  }
}
