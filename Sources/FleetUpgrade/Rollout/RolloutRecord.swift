import KratixModel
import Kubernetes

/// The state of a rollout, as far as it cannot be derived from bindings and resources: small whatever the fleet's size.
public struct RolloutRecord: Sendable, Hashable {
  public static let schemaVersion = 1

  public enum Direction: String, Sendable, Hashable {
    /// To the new version.
    case forward
    /// Back to the version before.
    case back
  }

  /// What is being done, in the order of a rollout. On the way back, `moving` comes first and `holding` not at all.
  public enum Phase: String, Sendable, Hashable, CaseIterable {
    case holding
    case applying
    /// Kratix takes the Promise in.
    case installing
    /// Kratix runs the held resources again, at their old version.
    case settling
    case moving
    case releasing
    case ended
  }

  /// Why nothing is done at present.
  public enum Halt: Sendable, Hashable {
    case paused
    /// Until somebody approves of the wave.
    case approval(wave: Int)
    case stopped(reason: String)
    /// It is being given up: what it holds is let go, and then it is over.
    case aborting
  }

  public enum Result: String, Sendable, Hashable {
    case done
    case rolledBack = "rolled back"
    case aborted
  }

  /// How resources are kept at the version they run until their wave.
  public enum Hold: String, Sendable, Hashable, CaseIterable {
    /// Bindings are pinned to the version that their resources run. Resources stay live; Kratix runs each once more
    /// when the Promise changes.
    case pin
    /// Resources are paused. Nothing runs twice; people's edits and deletions wait.
    case pause
  }

  public struct Counts: Sendable, Hashable {
    public var total = 0
    public var done = 0
    public var failed = 0
    /// Left out by an operator.
    public var skipped = 0
    /// Not concerned: pinned, paused, new, ...
    public var outside = 0

    public init(total: Int = 0, done: Int = 0, failed: Int = 0, skipped: Int = 0, outside: Int = 0) {
      self.total = total
      self.done = done
      self.failed = failed
      self.skipped = skipped
      self.outside = outside
    }
  }

  /// Counts up with the Promise's rollouts.
  public var number: Int
  /// Marks the bindings that this rollout holds.
  public var id: String
  public var promise: String
  public var promiseUID: String
  /// The Promise's version before: its revision holds the spec.
  public var from: String
  public var to: String
  public var strategy: Strategy
  public var hold = Hold.pin
  /// `Promise.planDigest` before and after: tell them apart where the version does not change.
  public var fromDigest: String?
  public var toDigest: String?
  /// It takes an earlier rollout back: said again, a rollback goes on with it.
  public var isRollback = false
  /// Outputs that differ from what the plan said stop the rollout.
  public var isStrict = false
  /// Move resources too that were pinned to a version.
  public var includesPinned: Bool
  /// A command whose exit code decides after each wave.
  public var gateCommand: String?
  public var direction = Direction.forward
  public var phase = Phase.holding
  public var halt: Halt?
  /// The index of the present group.
  public var wave = 0
  /// When all resources of the present wave were done: the beginning of its soak. Seconds since 1970.
  public var waveDoneAt: Double?
  public var gatePassed = false
  /// The last group whose outputs were compared with the plan's.
  public var checkedWave = -1
  /// The last group that somebody approved.
  public var approvedWave = -1
  public var startedAt: Double
  public var endedAt: Double?
  public var result: Result?
  public var counts = Counts()

  public init(
    number: Int, id: String, promise: String, promiseUID: String, from: String, to: String, strategy: Strategy,
    includesPinned: Bool = false, gateCommand: String? = nil, startedAt: Double
  ) {
    self.number = number
    self.id = id
    self.promise = promise
    self.promiseUID = promiseUID
    self.from = from
    self.to = to
    self.strategy = strategy
    self.includesPinned = includesPinned
    self.gateCommand = gateCommand
    self.startedAt = startedAt
  }

  public var isOver: Bool { phase == .ended }

  /// Where the rollout is heading.
  public var goal: String { direction == .forward ? to : from }

  /// The version stays, and its revision is changed in place.
  public var isInPlace: Bool { from == to }

  public var group: Strategy.Group? { strategy.groups.indices.contains(wave) ? strategy.groups[wave] : nil }

  /// Turns to the next phase.
  public mutating func enter(_ phase: Phase) {
    self.phase = phase
    halt = nil
  }

  public mutating func end(_ result: Result, at time: Double) {
    enter(.ended)
    self.result = result
    endedAt = time
  }
}

// The wire form.
extension RolloutRecord {
  public var json: JSON {
    var json: JSON = [
      "schemaVersion": JSON(Self.schemaVersion), "number": JSON(number), "id": .string(id),
      "promise": .string(promise), "promiseUID": .string(promiseUID), "from": .string(from), "to": .string(to),
      "strategy": strategy.json, "direction": .string(direction.rawValue), "phase": .string(phase.rawValue),
      "wave": JSON(wave), "startedAt": .string(Timestamp.text(secondsSince1970: Int64(startedAt))),
      "counts": [
        "total": JSON(counts.total), "done": JSON(counts.done), "failed": JSON(counts.failed),
        "skipped": JSON(counts.skipped), "outside": JSON(counts.outside),
      ],
    ]
    if includesPinned { json["includesPinned"] = true }
    if hold != .pin { json["hold"] = .string(hold.rawValue) }
    json["fromDigest"] = fromDigest.map(JSON.string)
    json["toDigest"] = toDigest.map(JSON.string)
    if isStrict { json["strict"] = true }
    json["gateCommand"] = gateCommand.map(JSON.string)
    switch halt {
    case .paused: json["halt"] = ["kind": "paused"]
    case .approval(let wave): json["halt"] = ["kind": "approval", "wave": JSON(wave)]
    case .stopped(let reason): json["halt"] = ["kind": "stopped", "reason": .string(String(reason.prefix(1000)))]
    case .aborting: json["halt"] = ["kind": "aborting"]
    case nil: break
    }
    if isRollback { json["rollback"] = true }
    json["waveDoneAt"] = waveDoneAt.map { .string(Timestamp.microText(secondsSince1970: $0)) }
    if gatePassed { json["gatePassed"] = true }
    if checkedWave >= 0 { json["checkedWave"] = JSON(checkedWave) }
    if approvedWave >= 0 { json["approvedWave"] = JSON(approvedWave) }
    json["endedAt"] = endedAt.map { .string(Timestamp.text(secondsSince1970: Int64($0))) }
    json["result"] = result.map { .string($0.rawValue) }
    return json
  }

  /// - Throws: `StrategyError`, also when the record is of another schema, in one sentence.
  public init(json: JSON) throws(StrategyError) {
    let schema = json["schemaVersion"]?.intValue
    guard schema == Int64(Self.schemaVersion) else {
      throw StrategyError(
        "the record has schema version \(schema.map(String.init) ?? "none"), and this plugin reads "
          + "\(Self.schemaVersion): use the plugin that began the rollout")
    }
    guard let number = json["number"]?.intValue, let id = json["id"]?.stringValue,
      let promise = json["promise"]?.stringValue, let uid = json["promiseUID"]?.stringValue,
      let from = json["from"]?.stringValue, let to = json["to"]?.stringValue,
      let direction = json["direction"]?.stringValue.flatMap(Direction.init(rawValue:)),
      let phase = json["phase"]?.stringValue.flatMap(Phase.init(rawValue:)),
      let startedAt = json["startedAt"]?.stringValue.flatMap(Timestamp.secondsSince1970)
    else { throw StrategyError("the record is not whole: a field is missing or has another type") }
    self.init(
      number: Int(number), id: id, promise: promise, promiseUID: uid, from: from, to: to,
      strategy: try Strategy(json: json["strategy"] ?? .null),
      includesPinned: json["includesPinned"]?.boolValue ?? false, gateCommand: json["gateCommand"]?.stringValue,
      startedAt: startedAt)
    self.direction = direction
    self.phase = phase
    hold = json["hold"]?.stringValue.flatMap(Hold.init(rawValue:)) ?? .pin
    fromDigest = json["fromDigest"]?.stringValue
    toDigest = json["toDigest"]?.stringValue
    isStrict = json["strict"]?.boolValue ?? false
    switch json[path: "halt", "kind"]?.stringValue {
    case "paused": halt = .paused
    case "approval": halt = .approval(wave: Int(json[path: "halt", "wave"]?.intValue ?? 0))
    case "stopped": halt = .stopped(reason: json[path: "halt", "reason"]?.stringValue ?? "")
    case "aborting": halt = .aborting
    default: halt = nil
    }
    isRollback = json["rollback"]?.boolValue ?? false
    wave = Int(json["wave"]?.intValue ?? 0)
    waveDoneAt = json["waveDoneAt"]?.stringValue.flatMap(Timestamp.secondsSince1970)
    gatePassed = json["gatePassed"]?.boolValue ?? false
    checkedWave = Int(json["checkedWave"]?.intValue ?? -1)
    approvedWave = Int(json["approvedWave"]?.intValue ?? -1)
    endedAt = json["endedAt"]?.stringValue.flatMap(Timestamp.secondsSince1970)
    result = json["result"]?.stringValue.flatMap(Result.init(rawValue:))
    let count = { (key: String) in Int(json[path: "counts", key]?.intValue ?? 0) }
    counts = Counts(
      total: count("total"), done: count("done"), failed: count("failed"), skipped: count("skipped"),
      outside: count("outside"))
  }
}
