import Kubernetes
import Logging

/// Writes `events.k8s.io/v1` events as client-go's recorder does: with action equal to reason, and with repetitions
/// counted in `series` by type, reason and object (its version included), whatever the note (contract, section 4.9).
public actor EventRecorder {
  public enum Kind: String, Sendable { case normal = "Normal", warning = "Warning" }

  private struct Key: Hashable {
    var kind: Kind
    var reason: String
    var controller: String
    var regarding: Regarding
  }

  /// `regarding`: an object reference.
  struct Regarding: Hashable {
    var apiVersion: String
    var kind: String
    var namespace: String?
    var name: String
    var uid: String
    var resourceVersion: String

    init(_ object: KubernetesObject) {
      apiVersion = object.apiVersion
      kind = object.kind
      namespace = object.namespace
      name = object.name
      uid = object.uid
      resourceVersion = object.resourceVersion
    }

    var json: JSON {
      var json: JSON = [
        "apiVersion": .string(apiVersion), "kind": .string(kind), "name": .string(name), "uid": .string(uid),
        "resourceVersion": .string(resourceVersion),
      ]
      if let namespace { json["namespace"] = .string(namespace) }
      return json
    }
  }

  private struct Recorded {
    var namespace: String
    var name: String
    var count: Int64
    var last: Double
  }

  private let api: any KubernetesAPI
  private let instance: String
  private let logger: Logger
  private var recorded: [Key: Recorded] = [:]
  private var order: [Key] = []

  /// How long client-go takes a repetition as one of the same series.
  private static let seriesTimeout: Double = 360
  private static let capacity = 4096

  /// - Parameter instance: names this process in `reportingInstance`, after the controller's name.
  public init(api: any KubernetesAPI, instance: String = "sandbox", logger: Logger) {
    self.api = api
    self.instance = instance
    self.logger = logger
  }

  /// Records that something happened to an object. An event that cannot be written is logged and lost, as events are.
  /// - Parameter controller: `PromiseController`, `ResourceRequestController`, ... (contract, section 4.9).
  public func record(
    _ kind: Kind, _ reason: String, _ note: String, on object: KubernetesObject, by controller: String
  ) async {
    let now = SystemTime.secondsSince1970
    let key = Key(kind: kind, reason: reason, controller: controller, regarding: Regarding(object))
    if var known = recorded[key], now - known.last < Self.seriesTimeout {
      known.count += 1
      known.last = now
      recorded[key] = known
      await writeSeries(known, at: now)
      return
    }
    let nanoseconds = UInt64(max(0, now) * 1e9) &+ UInt64.random(in: 0..<1000)
    let name = "\(object.name).\(String(nanoseconds, radix: 16))"
    let namespace = object.namespace ?? "default"
    remember(key, Recorded(namespace: namespace, name: name, count: 1, last: now))
    var event = KubernetesObject(
      apiVersion: ResourceType.events.apiVersion, kind: "Event", name: name, namespace: namespace)
    event["eventTime"] = .string(Timestamp.microText(secondsSince1970: now))
    event["reportingController"] = .string(controller)
    event["reportingInstance"] = .string("\(controller)-\(instance)")
    event["action"] = .string(reason)
    event["reason"] = .string(reason)
    event["regarding"] = key.regarding.json
    event["note"] = .string(String(note.prefix(1024)))
    event["type"] = .string(kind.rawValue)
    do {
      _ = try await api.create(.events, event)
    } catch {
      logger.debug("event \(reason) of \(object.qualifiedName) is lost: \(error)")
    }
  }

  private func writeSeries(_ known: Recorded, at now: Double) async {
    let series: JSON = [
      "series": [
        "count": .int(known.count), "lastObservedTime": .string(Timestamp.microText(secondsSince1970: now)),
      ]
    ]
    do {
      _ = try await api.patch(.events, namespace: known.namespace, name: known.name, .merge(series))
    } catch {
      logger.debug("a repetition of event \(known.name) is lost: \(error)")
    }
  }

  private func remember(_ key: Key, _ value: Recorded) {
    if recorded.updateValue(value, forKey: key) == nil { order.append(key) }
    guard order.count > Self.capacity else { return }
    for old in order.prefix(Self.capacity / 2) { recorded[old] = nil }
    order.removeFirst(Self.capacity / 2)
  }
}
