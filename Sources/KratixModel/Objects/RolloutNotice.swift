import Kubernetes

/// What anybody may know of a Promise's rollout: read from the ConfigMap that `kubectl kratix upgrade` keeps in Kratix's
/// namespace. The record holds more, which only its own plugin reads.
public struct RolloutNotice: Sendable, Hashable {
  /// The label that the ConfigMaps carry.
  public static let labelSelector = "app.kubernetes.io/managed-by=kubectl-kratix"
  /// The key of the present or last rollout, as JSON.
  public static let key = "record"
  /// The phase of a rollout that is over.
  public static let ended = "ended"

  public var promise: String
  /// Counts up with the Promise's rollouts.
  public var number: Int
  public var from: String
  public var to: String
  public var isBack: Bool
  public var phase: String
  /// paused, approval or stopped; nil while it goes on.
  public var halt: String?

  public init(
    promise: String, number: Int, from: String, to: String, isBack: Bool = false, phase: String, halt: String? = nil
  ) {
    self.promise = promise
    self.number = number
    self.from = from
    self.to = to
    self.isBack = isBack
    self.phase = phase
    self.halt = halt
  }

  /// nil when the ConfigMap holds no record that can be read.
  public init?(configMap object: KubernetesObject) {
    guard let text = object[path: "data", Self.key]?.stringValue, let json = try? JSON(parsing: text),
      let promise = json["promise"]?.stringValue, let from = json["from"]?.stringValue,
      let to = json["to"]?.stringValue, let phase = json["phase"]?.stringValue,
      object.name == Self.configMapName(promise: promise)
    else { return nil }
    self.init(
      promise: promise, number: Int(json["number"]?.intValue ?? 0), from: from, to: to,
      isBack: json["direction"]?.stringValue == "back", phase: phase, halt: json[path: "halt", "kind"]?.stringValue)
  }

  /// The name of the ConfigMap, and of the lease: bounded, whatever the Promise's name.
  public static func configMapName(promise: String) -> String {
    let name = "kratix-upgrade-\(promise)"
    return name.utf8.count > 63 ? KratixNames.deterministic(name) : name
  }

  public var isOver: Bool { phase == Self.ended }

  /// The version that the rollout is heading for.
  public var goal: String { isBack ? from : to }
}
