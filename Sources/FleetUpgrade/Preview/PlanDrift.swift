import KratixModel
import Kubernetes

/// What a plan rests on for one resource: when any of it moves, the plan may no longer hold. Status does not count.
public struct ResourceIdentity: Sendable, Hashable {
  public var uid: String
  public var generation: Int64
  /// Of `spec`, as the server served it.
  public var specDigest: String
  /// What its binding asks for; nil without one.
  public var binding: String?
  public var isBeingDeleted: Bool

  public init(uid: String, generation: Int64, specDigest: String, binding: String?, isBeingDeleted: Bool = false) {
    self.uid = uid
    self.generation = generation
    self.specDigest = specDigest
    self.binding = binding
    self.isBeingDeleted = isBeingDeleted
  }

  public init(_ member: FleetMember) {
    let object = member.resource.object
    uid = object.uid
    generation = object.generation
    specDigest = Hashes.sha256((object.spec ?? .null).serialized(.goCompact))
    binding = member.binding?.version
    isBeingDeleted = object.isBeingDeleted
  }
}

extension Promise {
  /// Of what decides what Kratix does: the version and the spec as Kratix reads it.
  public var planDigest: String {
    Hashes.sha256(
      JSON.object(["version": .string(revisionVersion), "spec": PromiseSpec.normalized(spec)]).serialized(.goCompact))
  }
}

/// Tells whether a plan still holds.
public enum PlanDrift {
  /// One thing that is no longer as the plan saw it.
  public struct Moved: Sendable, Hashable, CustomStringConvertible {
    /// `NAMESPACE/NAME` of a resource, or `promise/NAME`.
    public var subject: String
    public var what: String
    /// When, as far as the object tells; RFC 3339.
    public var since: String?

    public var description: String { "\(subject): \(what)" + (since.map { " (since \($0))" } ?? "") }
  }

  /// What moved since the plan was made, in the order of the names; empty when the plan still holds.
  /// - Parameter fleet: read now, with the selection that the plan was made with. Works are not needed.
  public static func between(_ plan: UpgradePlan, _ fleet: FleetSnapshot) -> [Moved] {
    var moved = promise(plan.promise, fleet.promise)
    let now = Dictionary(
      fleet.members.map { ($0.resource.object.qualifiedName, $0) }, uniquingKeysWith: { first, _ in first })
    let before = Dictionary(
      plan.resources.map { ($0.qualifiedName, $0.identity) }, uniquingKeysWith: { first, _ in first })
    for name in Set(now.keys).union(before.keys).sorted() {
      switch (before[name], now[name]) {
      case (nil, let member?):
        moved.append(
          Moved(subject: name, what: "it is new", since: member.resource.object.creationTimestamp))
      case (.some, nil): moved.append(Moved(subject: name, what: "it is gone"))
      case (let old?, let member?): moved += differences(name, old, member)
      case (nil, nil): break
      }
    }
    return moved
  }

  private static func promise(_ change: PromiseChange, _ promise: Promise?) -> [Moved] {
    guard change.fromDigest != promise?.planDigest else { return [] }
    let subject = "promise/\(change.name)"
    guard let promise else { return [Moved(subject: subject, what: "it is gone")] }
    guard change.isInstalled else {
      return [Moved(subject: subject, what: "it is installed now", since: promise.object.creationTimestamp)]
    }
    let from = change.fromVersion ?? ""
    return [
      Moved(
        subject: subject,
        what: from == promise.revisionVersion
          ? "its spec changed" : "it went from \(from) to \(promise.revisionVersion)",
        since: lastChange(of: promise.object))
    ]
  }

  private static func differences(_ name: String, _ old: ResourceIdentity, _ member: FleetMember) -> [Moved] {
    let new = ResourceIdentity(member)
    let object = member.resource.object
    if old.uid != new.uid {
      return [Moved(subject: name, what: "it was deleted and made again", since: object.creationTimestamp)]
    }
    var moved: [Moved] = []
    if old.generation != new.generation {
      moved.append(
        Moved(
          subject: name, what: "it was edited (generation \(old.generation), now \(new.generation))",
          since: lastChange(of: object)))
    } else if old.specDigest != new.specDigest {
      // The API's defaults and pruning change what is served without a new generation.
      moved.append(Moved(subject: name, what: "its spec is served differently"))
    }
    if old.binding != new.binding {
      let text = { (version: String?) in version ?? "no binding" }
      moved.append(
        Moved(
          subject: name, what: "its binding went from \(text(old.binding)) to \(text(new.binding))",
          since: member.binding.flatMap { lastChange(of: $0.object) }))
    }
    if new.isBeingDeleted, !old.isBeingDeleted {
      moved.append(Moved(subject: name, what: "it is being deleted", since: object.deletionTimestamp))
    }
    return moved
  }

  /// When somebody last wrote anything but the status; nil when the server does not say.
  private static func lastChange(of object: KubernetesObject) -> String? {
    (object.metadata["managedFields"]?.arrayValue ?? [])
      .filter { $0["subresource"] == nil && $0[path: "fieldsV1", "f:spec"] != nil }
      .compactMap { $0["time"]?.stringValue }.max()
  }
}
