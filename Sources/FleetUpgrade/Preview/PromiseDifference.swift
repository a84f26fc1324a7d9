import KratixModel
import Kubernetes

/// Two versions of a Promise compared, part by part; images apart, which are told by container.
enum PromiseDifference {
  /// Each change's object names the part: `api`, `workflow TYPE/ACTION/PIPELINE`, `dependency KIND/NAMESPACE/NAME`,
  /// `destinationSelectors`, `requiredPromises`, `workflows`.
  static func between(_ live: Promise, _ candidate: Promise) -> [Change] {
    // As Kratix reads them, so that what is left out and what is empty are the same.
    let live = live.with(spec: PromiseSpec.normalized(live.spec))
    let candidate = candidate.with(spec: PromiseSpec.normalized(candidate.spec))
    var changes = FieldDifference.between(
      live.api?.definition.json, candidate.api?.definition.json, object: "api")
    for type in WorkflowType.allCases {
      for action in WorkflowAction.allCases {
        changes += workflow("\(type.rawValue)/\(action.rawValue)", live, candidate, type, action)
      }
    }
    changes += FieldDifference.between(
      live.spec[path: "workflows", "config"], candidate.spec[path: "workflows", "config"], object: "workflows",
      at: "config")
    changes += OutputDifference.between(manifests: manifests(live), manifests(candidate)).map { change in
      var change = change
      change.object = "dependency " + change.object
      return change
    }
    changes += FieldDifference.between(
      JSON(live.destinationSelectors), JSON(candidate.destinationSelectors), object: "destinationSelectors")
    changes += FieldDifference.between(
      required(live), required(candidate), object: "requiredPromises")
    return changes
  }

  private static func workflow(
    _ name: String, _ live: Promise, _ candidate: Promise, _ type: WorkflowType, _ action: WorkflowAction
  ) -> [Change] {
    let before = live.pipelines(type, action)
    let after = candidate.pipelines(type, action)
    func byName(_ pipelines: [Pipeline]) -> [String: JSON] {
      Dictionary(pipelines.map { ($0.name, withoutImages($0)) }, uniquingKeysWith: { first, _ in first })
    }
    let (old, new) = (byName(before), byName(after))
    var changes = Set(old.keys).union(new.keys).sorted().flatMap { pipeline -> [Change] in
      FieldDifference.between(old[pipeline], new[pipeline], object: "workflow \(name)/\(pipeline)")
    }
    let kept = { (pipelines: [Pipeline], others: [String: JSON]) in
      pipelines.map(\.name).filter { others[$0] != nil }
    }
    if kept(before, new) != kept(after, old) {
      changes.append(
        Change(
          .modified, object: "workflow \(name)", path: "order", from: JSON(before.map(\.name)),
          to: JSON(after.map(\.name))))
    }
    return changes
  }

  private static func withoutImages(_ pipeline: Pipeline) -> JSON {
    var json = pipeline.json
    guard let containers = json[path: "spec", "containers"]?.arrayValue else { return json }
    json.set(
      .array(
        containers.map { container in
          var container = container
          container["image"] = nil
          return container
        }), at: ["spec", "containers"])
    return json
  }

  private static func manifests(_ promise: Promise) -> [ObjectID: JSON] {
    Dictionary(
      promise.dependencies.compactMap { object in ObjectID(object.json).map { ($0, object.json) } },
      uniquingKeysWith: { _, last in last })
  }

  private static func required(_ promise: Promise) -> JSON {
    .object(
      Dictionary(
        promise.requiredPromises.map { ($0.name, .string($0.version.isEmpty ? "any version" : $0.version)) },
        uniquingKeysWith: { first, _ in first }))
  }
}
