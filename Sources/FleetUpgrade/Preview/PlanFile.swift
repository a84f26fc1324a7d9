import KratixModel
import Kubernetes

/// A plan to be kept, shown again and carried out: the plan, the Promise that it is about, and how its fleet was read.
public struct PlanFile: Sendable {
  public var plan: UpgradePlan
  /// The Promise to be applied, whole.
  public var candidate: Promise
  /// How the fleet was selected; to be read in the same way when the plan is held against it again.
  public var selection: FleetSelection
  /// RFC 3339.
  public var madeAt: String

  public init(plan: UpgradePlan, candidate: Promise, selection: FleetSelection, madeAt: String) {
    self.plan = plan
    self.candidate = candidate
    self.selection = selection
    self.madeAt = madeAt
  }

  /// What moved since the plan was made, and since when; empty when it can be carried out as it is.
  /// - Parameter fleet: read now, with `selection`. Works are not needed.
  public func drift(in fleet: FleetSnapshot) -> [PlanDrift.Moved] { PlanDrift.between(plan, fleet) }

  /// The file's text.
  public var bytes: [UInt8] {
    var bytes: [UInt8] = []
    plan.writeJSON(more: more) { bytes += $0.utf8 }
    return bytes
  }

  public var json: JSON {
    var json = plan.json
    for (key, value) in more { json[key] = value }
    return json
  }

  /// What the file holds beside the plan.
  private var more: [String: JSON] {
    var selected: JSON = .emptyObject
    if let namespace = selection.namespace { selected["namespace"] = .string(namespace) }
    if !selection.labelSelector.isEmpty { selected["labelSelector"] = .string(selection.labelSelector) }
    if !selection.resources.isEmpty { selected["resources"] = JSON(selection.resources) }
    return ["selection": selected, "madeAt": .string(madeAt), "candidate": candidate.object.json]
  }

  /// Reads a plan back.
  /// - Throws: `PlanFileError`: what is wrong, and at which field. A candidate that is not the one that the plan was
  ///   made for (its digest says so) is an error as well.
  public init(json: JSON) throws(PlanFileError) {
    let root = PlanField(json, "")
    guard root.value?.objectValue != nil else { throw PlanFileError("", "it is no plan, but \(json.typeName)") }
    let version = try root["schemaVersion"].int()
    guard version == UpgradePlan.schemaVersion else {
      throw PlanFileError(
        "schemaVersion", "it is \(version); this command reads \(UpgradePlan.schemaVersion): make the plan anew")
    }
    plan = try UpgradePlan(root)
    madeAt = try root["madeAt"].string()
    let selected = root["selection"]
    selection = FleetSelection(
      namespace: try selected["namespace"].optionalString(),
      labelSelector: try selected["labelSelector"].optionalString() ?? "",
      resources: try selected["resources"].optionalStrings())
    guard let document = root["candidate"].value, document.objectValue != nil else {
      throw PlanFileError("candidate", "the Promise is missing: only files that --out wrote can be carried out")
    }
    candidate = Promise(KubernetesObject(document))
    guard candidate.name == plan.promise.name, candidate.planDigest == plan.promise.toDigest else {
      throw PlanFileError(
        "candidate", "the Promise is not the one that the plan was made for (its digest differs): make the plan anew")
    }
  }
}

/// Why a file is no plan.
public struct PlanFileError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The field; empty for the whole file.
  public var path: String
  public var reason: String

  public init(_ path: String, _ reason: String) {
    self.path = path
    self.reason = reason
  }

  public var description: String { path.isEmpty ? reason : "\(path): \(reason)" }
}
