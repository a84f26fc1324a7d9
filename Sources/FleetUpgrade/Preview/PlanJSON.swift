import Kubernetes
import PromiseReview

// The JSON form of a plan: what `-o json` prints.
extension UpgradePlan {
  public var json: JSON {
    var json = jsonWithoutResources
    json["resources"] = .array(resources.map(\.json))
    return json
  }

  private var jsonWithoutResources: JSON {
    var summary: JSON = .emptyObject
    for verdict in Verdict.allCases { summary[verdict.rawValue] = JSON(count(verdict)) }
    var json: JSON = [
      "schemaVersion": JSON(Self.schemaVersion), "promise": promise.json, "summary": summary,
      "groups": .array(groups.map(\.json)),
      "consequences": .array(consequences.map(\.json)), "findings": .array(findings.map(\.json)),
      "unknowns": JSON(unknowns), "runs": runs.json,
    ]
    if let estimate { json["estimate"] = estimate.json }
    return json
  }

  /// The text of `json`, in order, in pieces: of a large fleet, it is never held as a whole.
  /// - Parameters:
  ///   - more: further members of the root.
  ///   - only: the verdicts of the resources that are written; the summary counts all.
  public func writeJSON(
    more: [String: JSON] = [:], only: Set<Verdict> = Set(Verdict.allCases), to sink: (String) -> Void
  ) {
    var members = jsonWithoutResources.objectValue ?? [:]
    members.merge(more) { _, new in new }
    members["resources"] = .null
    func text(_ json: JSON, indent: String) -> String {
      json.text(.pretty).replacing("\n", with: "\n\(indent)")
    }
    var separator = "{\n"
    for (key, value) in members.sorted(by: { JSON.isOrderedByBytes($0.key, $1.key) }) {
      sink("\(separator)  \(JSON.string(key).text()): ")
      separator = ",\n"
      guard key == "resources" else {
        sink(text(value, indent: "  "))
        continue
      }
      var before = "[\n    "
      for resource in resources where only.contains(resource.verdict) {
        sink(before + text(resource.json, indent: "    "))
        before = ",\n    "
      }
      sink(before.hasPrefix("[") ? "[]" : "\n  ]")
    }
    sink("\n}\n")
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
