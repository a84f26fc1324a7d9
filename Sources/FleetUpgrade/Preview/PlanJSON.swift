import Kubernetes
import PromiseReview

// The JSON form of a plan: what `-o json` prints.
extension UpgradePlan {
  public var json: JSON {
    var summary: JSON = .emptyObject
    for verdict in Verdict.allCases { summary[verdict.rawValue] = JSON(count(verdict)) }
    var json: JSON = [
      "schemaVersion": JSON(Self.schemaVersion), "promise": promise.json, "summary": summary,
      "resources": .array(resources.map(\.json)), "groups": .array(groups.map(\.json)),
      "consequences": .array(consequences.map(\.json)), "findings": .array(findings.map(\.json)),
      "unknowns": JSON(unknowns), "runs": runs.json,
    ]
    if let estimate { json["estimate"] = estimate.json }
    return json
  }
}

extension PromiseChange {
  var json: JSON {
    var json: JSON = [
      "name": .string(name), "installed": .bool(isInstalled), "toVersion": .string(toVersion),
      "specChanges": .bool(specChanges),
      "images": .array(
        images.map { image in
          var json: JSON = ["container": .string(image.container)]
          if let from = image.from { json["from"] = .string(from) }
          if let to = image.to { json["to"] = .string(to) }
          return json
        }), "changes": .array(changes.map(\.json)),
    ]
    json["toDigest"] = .string(toDigest)
    if let fromVersion { json["fromVersion"] = .string(fromVersion) }
    if let fromDigest { json["fromDigest"] = .string(fromDigest) }
    return json
  }
}

extension ResourcePlan {
  var json: JSON {
    var json: JSON = [
      "namespace": .string(namespace), "name": .string(name), "verdict": .string(verdict.rawValue),
      "reason": .string(reason), "changes": .array(changes.map(\.json)),
    ]
    if let version { json["version"] = .string(version) }
    if let boundTo { json["binding"] = .string(boundTo) }
    json["identity"] = identity.json
    if !marks.isEmpty { json["marks"] = JSON(marks) }
    if let unknown { json["unknown"] = .string(unknown) }
    if let outputsDigest { json["outputsDigest"] = .string(outputsDigest) }
    if !noise.isEmpty { json["noise"] = .array(noise.map(\.json)) }
    if !lastLines.isEmpty { json["lastLines"] = JSON(lastLines) }
    if runs.pipelines > 0 { json["runs"] = runs.json }
    return json
  }
}

extension RunCount {
  var json: JSON { ["pipelines": JSON(pipelines), "shared": JSON(shared)] }
}

extension ResourceIdentity {
  var json: JSON {
    var json: JSON = [
      "uid": .string(uid), "generation": .int(generation), "specDigest": .string(specDigest),
      "isBeingDeleted": .bool(isBeingDeleted),
    ]
    if let binding { json["binding"] = .string(binding) }
    return json
  }
}

extension ChangeGroup {
  var json: JSON {
    [
      "verdict": .string(verdict.rawValue), "reason": .string(reason), "count": JSON(resources.count),
      "resources": JSON(resources), "changes": .array(changes.map(\.json)),
    ]
  }
}

extension Consequence {
  var json: JSON {
    var json: JSON = ["kind": .string(kind.rawValue), "message": .string(message), "objects": JSON(objects)]
    if let rule { json["rule"] = .string(rule.rawValue) }
    return json
  }
}

extension Change {
  public var json: JSON {
    [
      "kind": .string(kind.rawValue), "object": .string(object), "path": .string(path), "from": from ?? .null,
      "to": to ?? .null,
    ]
  }
}
