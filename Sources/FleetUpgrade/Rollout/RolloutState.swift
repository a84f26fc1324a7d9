import KratixModel
import Kubernetes
import Synchronization

/// What a driver knows at the moment: the fleet and the record as watches bring them, and on top of that what its own
/// writes returned and watches have yet to bring.
final class RolloutState: Sendable {
  private struct Content {
    var stored: RolloutStore.Stored
    /// Bindings as our own writes left them, by uid.
    var written: [String: ResourceBinding] = [:]
    /// The Promise and resources likewise.
    var writtenPromise: Promise?
    var writtenResources: [String: ResourceRequest] = [:]
    /// Bindings and resources whose patch was refused, with the version that it was made for: not tried again until they change.
    var refused: [String: String] = [:]
    /// Why nothing more can be known.
    var failure: (any Error)?
  }

  private let content: Mutex<Content>
  private let feed: FleetFeed
  /// Where members stood at the last look.
  let memory = MemberMemory()
  /// One element when anything changed since the last one was taken.
  let changes: AsyncStream<Void>
  private let continuation: AsyncStream<Void>.Continuation

  init(_ stored: RolloutStore.Stored, feed: FleetFeed) {
    content = Mutex(Content(stored: stored))
    self.feed = feed
    (changes, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
  }

  func wake() { continuation.yield() }

  var stored: RolloutStore.Stored { content.withLock { $0.stored } }

  /// The fleet and the record; nil while the fleet is not known.
  /// - Throws: what ended a watch.
  var present: (LiveFleet, RolloutStore.Stored)? {
    get throws {
      try content.withLock { content in
        if let failure = content.failure { throw failure }
        return feed.fleet.map { (Self.adding(&content, to: $0), content.stored) }
      }
    }
  }

  /// The fleet with what was written and is newer; forgets what is not.
  private static func adding(_ content: inout Content, to fleet: LiveFleet) -> LiveFleet {
    var fleet = fleet
    for (uid, binding) in content.written {
      let key = "\(binding.namespace)/\(binding.resourceName)"
      guard let seen = fleet.bindings[key], seen.object.uid == uid,
        Self.isOlder(seen.object.resourceVersion, binding.object.resourceVersion)
      else {
        content.written[uid] = nil
        continue
      }
      fleet.bindings[key] = binding
    }
    if let written = content.writtenPromise {
      if let seen = fleet.promise, seen.object.uid == written.object.uid,
        Self.isOlder(seen.object.resourceVersion, written.object.resourceVersion)
      {
        fleet.promise = written
      } else {
        content.writtenPromise = nil
      }
    }
    for (uid, resource) in content.writtenResources {
      let key = resource.object.qualifiedName
      guard let seen = fleet.resources[key], seen.object.uid == uid,
        Self.isOlder(seen.object.resourceVersion, resource.object.resourceVersion)
      else {
        content.writtenResources[uid] = nil
        continue
      }
      fleet.resources[key] = resource
    }
    return fleet
  }

  /// Follows the fleet until the task is cancelled, or it cannot be followed.
  func followFleet() async {
    do {
      for try await _ in feed.changes() { wake() }
    } catch {
      fail(error)
    }
  }

  /// Follows the record likewise.
  func followRecord(of promise: String, api: any KubernetesAPI) async {
    let events = api.observe(
      .configMaps, namespace: KratixNames.systemNamespace,
      fieldSelector: "metadata.name=\(RolloutStore.name(promise: promise))")
    do {
      for try await event in events {
        switch event {
        case .snapshot(let objects):
          guard let object = objects.first else { throw RolloutError.recordDeleted(promise) }
          know(try RolloutStore.parse(object))
        case .added(let object), .modified(let object): know(try RolloutStore.parse(object))
        case .deleted: throw RolloutError.recordDeleted(promise)
        }
      }
    } catch {
      fail(error)
    }
  }

  private func fail(_ error: any Error) {
    content.withLock { $0.failure = error }
    wake()
  }

  func know(_ stored: RolloutStore.Stored) {
    content.withLock { content in
      let known = content.stored.object.resourceVersion
      if !Self.isOlder(stored.object.resourceVersion, known) { content.stored = stored }
    }
    wake()
  }

  func know(_ binding: KubernetesObject) {
    content.withLock { $0.written[binding.uid] = ResourceBinding(binding) }
  }

  func know(promise: Promise) { content.withLock { $0.writtenPromise = promise } }

  func know(resource object: KubernetesObject) {
    content.withLock { $0.writtenResources[object.uid] = ResourceRequest(object) }
  }

  func refuse(_ object: KubernetesObject) {
    content.withLock { $0.refused[object.uid] = object.resourceVersion }
  }

  func isRefused(_ object: KubernetesObject) -> Bool {
    content.withLock { $0.refused[object.uid] == object.resourceVersion }
  }

  /// Versions of one resource count up; one that is no number is taken for new.
  static func isOlder(_ version: String, _ other: String) -> Bool {
    guard let version = UInt64(version), let other = UInt64(other) else { return false }
    return version < other
  }
}

/// Rings once, after a while; setting it again replaces what was set.
final class Alarm: Sendable {
  private let task = Mutex<Task<Void, Never>?>(nil)
  private let ring: @Sendable () -> Void

  init(ring: @escaping @Sendable () -> Void) { self.ring = ring }

  deinit { task.withLock { $0?.cancel() } }

  func set(after seconds: Double) {
    let ring = ring
    let next = Task {
      do {
        // A clock may be set, and a computer may sleep, meanwhile: a long wait is looked at anew now and then.
        try await Task.sleep(for: .seconds(max(0, min(seconds, 30))))
        ring()
      } catch {
        return
      }
    }
    task.withLock { task in
      task?.cancel()
      task = next
    }
  }
}
