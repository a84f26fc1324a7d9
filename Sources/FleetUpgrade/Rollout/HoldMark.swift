import KratixModel
import Kubernetes

/// What a rollout notes on what it holds: an annotation, of the ResourceBinding when it pins, of the resource itself
/// when it pauses. Kratix replaces a binding's labels and leaves its annotations alone (contract, sections 2.1 and 5.2).
/// It goes with the hold.
public struct HoldMark: Sendable, Hashable {
  public static let annotation = "upgrade.kratix.io/held"
  static let pointer = "/metadata/annotations/upgrade.kratix.io~1held"

  /// The rollout's id.
  public var rollout: String
  /// What the binding said before: `latest`, or the version that it was pinned to.
  public var from: String
  /// The version that the resource ran, and is held at until its wave.
  public var held: String
  /// The group of the strategy; nil when none takes the resource.
  public var wave: Int?
  /// It was failing before the rollout began: that it fails at its old version is no news.
  public var wasFailing = false
  /// Left out by an operator.
  public var isSkipped = false
  /// The newest Job when it was moved, or asked to try again: a failure of that Job is not the rollout's.
  public var earlierJob: String?
  /// When it was moved, or asked to try again; seconds since 1970.
  public var movedAt: Double?
  /// Its pause was lifted: it is moving, or has moved. Bindings tell that by their version.
  public var isLifted = false
  /// Of what the plan said that the new version puts out.
  public var outputs: String?

  public init(rollout: String, from: String, held: String, wave: Int?) {
    self.rollout = rollout
    self.from = from
    self.held = held
    self.wave = wave
  }

  public var followedLatest: Bool { from == KratixNames.latest }

  /// The mark on a binding; nil when there is none, or none that can be read.
  public init?(on binding: ResourceBinding) { self.init(on: binding.object) }

  /// The mark on a binding or on a resource.
  public init?(on object: KubernetesObject) {
    guard let text = object.annotations[Self.annotation], let json = try? JSON(parsing: text),
      let rollout = json["rollout"]?.stringValue, let from = json["from"]?.stringValue,
      let held = json["held"]?.stringValue
    else { return nil }
    self.init(rollout: rollout, from: from, held: held, wave: json["wave"]?.intValue.map(Int.init))
    wasFailing = json["wasFailing"]?.boolValue ?? false
    isSkipped = json["skipped"]?.boolValue ?? false
    earlierJob = json["job"]?.stringValue
    movedAt = json["at"]?.doubleValue
    isLifted = json["lifted"]?.boolValue ?? false
    outputs = json["outputs"]?.stringValue
  }

  /// The annotation's value.
  public var text: String {
    var json: JSON = ["rollout": .string(rollout), "from": .string(from), "held": .string(held)]
    json["wave"] = wave.map { JSON($0) }
    if wasFailing { json["wasFailing"] = true }
    if isSkipped { json["skipped"] = true }
    json["job"] = earlierJob.map(JSON.string)
    json["at"] = movedAt.map { .int(Int64($0)) }
    if isLifted { json["lifted"] = true }
    json["outputs"] = outputs.map(JSON.string)
    return json.text(.goCompact)
  }

  /// The operations that make `binding` say `version` and carry `mark` (nil takes the mark away): only if it still says
  /// what it is seen to say, so that a hand's change in between is a refusal, not overwritten.
  static func patch(_ binding: ResourceBinding, version: String, mark: HoldMark?) -> JSON {
    var operations: [JSON] = [
      ["op": "test", "path": "/spec/version", "value": .string(binding.version)]
    ]
    let present = binding.object.annotations[annotation]
    if let present { operations.append(["op": "test", "path": .string(pointer), "value": .string(present)]) }
    if version != binding.version {
      operations.append(["op": "replace", "path": "/spec/version", "value": .string(version)])
    }
    if let mark {
      if binding.object[path: "metadata", "annotations"] == nil {
        operations.append(["op": "add", "path": "/metadata/annotations", "value": [:]])
      }
      operations.append(["op": "add", "path": .string(pointer), "value": .string(mark.text)])
    } else if present != nil {
      operations.append(["op": "remove", "path": .string(pointer)])
    }
    return .array(operations)
  }

  /// The merge patch that makes a resource paused, or not, and carry `mark` (nil takes the mark away): only as it is
  /// seen, so that a person's change in between is a conflict, not overwritten.
  static func patch(_ resource: KubernetesObject, isPaused: Bool, mark: HoldMark?) -> JSON {
    [
      "metadata": [
        "resourceVersion": .string(resource.resourceVersion),
        "labels": .object([KratixLabels.paused: isPaused ? .string(KratixLabels.yes) : .null]),
        "annotations": .object([annotation: mark.map { .string($0.text) } ?? .null]),
      ]
    ]
  }
}
