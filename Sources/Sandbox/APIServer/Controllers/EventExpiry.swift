import Kubernetes

/// Events are kept for an hour after they were last seen, as a real server keeps them.
struct EventExpiry: Sendable {
  static let lifetime = 3600.0
  private static let interval = Duration.seconds(300)

  let store: ObjectStore

  /// Looks for events whose time is over now and then, until it is cancelled.
  func run() async {
    while (try? await Task.sleep(for: Self.interval)) != nil { removeExpired(now: Clock.now()) }
  }

  func removeExpired(now: Double) {
    for stored in store.snapshot("events").objects where Self.lastSeen(stored.object) + Self.lifetime < now {
      // An event that is written at this moment lives on.
      _ = try? store.delete(ObjectID(collection: "events", key: stored.key), expecting: stored.version)
    }
  }

  private static func lastSeen(_ event: KubernetesObject) -> Double {
    let times = [
      event[path: "series", "lastObservedTime"], event["lastTimestamp"], event["eventTime"],
      event.metadata["creationTimestamp"],
    ]
    return times.compactMap { $0?.stringValue.flatMap(Timestamp.secondsSince1970) }.max() ?? .infinity
  }
}
