import KratixModel
import Kubernetes
import Logging
import Synchronization

/// Whether a Promise's requirements are met, as its own controller last found; the resource controller asks each pass.
final class RequirementsGate: Sendable {
  private let state: Mutex<Bool>

  init(areMet: Bool) { state = Mutex(areMet) }

  var areMet: Bool {
    get { state.withLock { $0 } }
    set { state.withLock { $0 = newValue } }
  }
}

/// The resource controllers, one for each Promise with an API, started and stopped by the Promise controller.
actor DynamicControllers {
  private struct Running {
    var type: ResourceType
    var gate: RequirementsGate
    var task: Task<Void, Never>
  }

  private let context: ControllerContext
  private var running: [String: Running] = [:]
  private var isStopped = false

  init(context: ControllerContext) { self.context = context }

  /// Starts the controller of a Promise, or tells the running one what has changed.
  func ensureStarted(promise: String, type: ResourceType, requirementsAreMet: Bool) async {
    guard !isStopped else { return }
    if let known = running[promise] {
      if known.type == type {
        known.gate.areMet = requirementsAreMet
        return
      }
      await stop(promise: promise)
    }
    let gate = RequirementsGate(areMet: requirementsAreMet)
    let controller = ResourceRequestReconciler(
      context: context, promiseName: promise, type: type, requirements: gate
    ).controller()
    let context = context
    let task = Task { await controller.run(api: context.api, pace: context.pace, logger: context.logger) }
    running[promise] = Running(type: type, gate: gate, task: task)
  }

  func stop(promise: String) async {
    guard let stopped = running.removeValue(forKey: promise) else { return }
    stopped.task.cancel()
    await stopped.task.value
  }

  func stopAll() async {
    isStopped = true
    let tasks = running.values.map(\.task)
    running = [:]
    for task in tasks { task.cancel() }
    for task in tasks { await task.value }
  }
}
