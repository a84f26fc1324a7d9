import Kubernetes
import Logging

/// Objects that wake a controller, and which of its keys each of them wakes.
public struct Source: Sendable {
  /// The keys that a new state of an object wakes; asked with the last state when the object is gone.
  public typealias Map = @Sendable (_ object: KubernetesObject, _ isDeleted: Bool) async -> [ObjectKey]

  public var type: ResourceType
  public var namespace: String?
  public var labelSelector: String
  /// What of an object matters to the controller: a new state in which it is the same wakes nobody. nil: everything.
  public var interest: (@Sendable (KubernetesObject) -> JSON)?
  public var map: Map

  public init(
    _ type: ResourceType, namespace: String? = nil, labelSelector: String = "",
    interest: (@Sendable (KubernetesObject) -> JSON)? = nil, map: @escaping Map
  ) {
    self.type = type
    self.namespace = namespace
    self.labelSelector = labelSelector
    self.interest = interest
    self.map = map
  }

  /// The controller's own objects: each wakes itself.
  public static func objects(
    _ type: ResourceType, namespace: String? = nil, labelSelector: String = ""
  ) -> Source {
    Source(type, namespace: namespace, labelSelector: labelSelector) { object, _ in [ObjectKey(object)] }
  }

  /// Watches until the task is cancelled, and puts what is woken into the queue.
  func run(api: any KubernetesAPI, queue: WorkQueue, logger: Logger) async {
    var memory = Memory()
    var failures = 0
    while !Task.isCancelled {
      do {
        for try await event in api.observe(type, namespace: namespace, labelSelector: labelSelector) {
          failures = 0
          await handle(event, &memory, queue)
        }
      } catch {
        if Task.isCancelled { return }
        failures += 1
        logger.debug("cannot watch \(type.qualifiedResource), trying again: \(error)")
      }
      if Task.isCancelled { return }
      // The stream ends only with a fault that trying at once would not mend (a kind that is not served yet).
      let delay = Backoff(initial: .milliseconds(50), maximum: .seconds(30)).delay(afterFailures: max(failures, 1))
      guard (try? await Task.sleep(for: delay)) != nil else { return }
    }
  }

  /// What is remembered of each object: whom it wakes, for a snapshot in which it is missing, and its interest.
  private struct Memory {
    var woken: [ObjectKey: [ObjectKey]] = [:]
    var interests: [ObjectKey: JSON] = [:]
  }

  private func handle(_ event: ObservedEvent, _ memory: inout Memory, _ queue: WorkQueue) async {
    switch event {
    case .snapshot(let objects):
      let before = memory
      memory = Memory()
      for object in objects {
        let key = ObjectKey(object)
        let keys = await map(object, false)
        memory.woken[key] = keys
        if let interest { memory.interests[key] = interest(object) }
        for key in keys { await queue.add(key) }
      }
      for (key, keys) in before.woken where memory.woken[key] == nil {
        for key in keys { await queue.add(key) }
      }
    case .added(let object), .modified(let object):
      let key = ObjectKey(object)
      if let interest {
        let value = interest(object)
        if memory.interests[key] == value { return }
        memory.interests[key] = value
      }
      let keys = await map(object, false)
      memory.woken[key] = keys
      for key in keys { await queue.add(key) }
    case .deleted(let object):
      let key = ObjectKey(object)
      memory.woken[key] = nil
      memory.interests[key] = nil
      for key in await map(object, true) { await queue.add(key) }
    }
  }
}
