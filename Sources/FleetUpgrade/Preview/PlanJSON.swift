import Kubernetes
import PromiseReview

// The JSON form of a plan: what `-o json` prints.
extension UpgradePlan {
  public var json: JSON {
    var summary: JSON = .emptyObject
    for verdict in Verdict.allCases { summary[verdict.rawValue] = JSON(count(verdict)) }
    return [
      "schemaVersion": JSON(Self.schemaVersion), "promise": promise.json, "summary": summary,
      "resources": .array(resources.map(\.json)), "findings": .array(findings.map(\.json)),
      "unknowns": JSON(unknowns),
    ]
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
        }),
    ]
    if let fromVersion { json["fromVersion"] = .string(fromVersion) }
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
    if !noise.isEmpty { json["noise"] = .array(noise.map(\.json)) }
    if !lastLines.isEmpty { json["lastLines"] = JSON(lastLines) }
    return json
  }
}

extension Change {
  var json: JSON {
    [
      "kind": .string(kind.rawValue), "object": .string(object), "path": .string(path), "from": from ?? .null,
      "to": to ?? .null,
    ]
  }
}
