import KratixModel
import Kubernetes

/// The CustomResourceDefinition that Kratix makes of the one in a Promise (contract, section 4.2).
public enum PromiseDefinition {
  /// - Throws: `ReconcileError` when the Promise has no usable definition, in one sentence.
  public static func definition(of promise: Promise) throws(ReconcileError) -> KubernetesObject {
    guard let api = promise.api else { throw ReconcileError("promise does not contain an API") }
    guard api.isCustomResourceDefinition, api.resourceType != nil else {
      throw ReconcileError(
        "spec.api of Promise \(promise.name) is not a valid CRD: give it group, names and at least one version")
    }
    var definition = api.definition
    definition.labels[KratixLabels.promiseName] = promise.name
    var versions: [JSON] = []
    for (index, version) in api.versions.enumerated() {
      guard version[path: "schema", "openAPIV3Schema"]?.objectValue != nil else {
        throw ReconcileError(
          "spec.api.spec.versions[\(index)] of Promise \(promise.name) has no schema.openAPIV3Schema: add one")
      }
      versions.append(rewritten(version, isStorage: version["name"] == api.storageVersion?["name"]))
    }
    definition.json.set(.array(versions), at: ["spec", "versions"])
    return definition
  }

  private static func rewritten(_ version: JSON, isStorage: Bool) -> JSON {
    var version = version
    version["subresources"] = ["status": [:]]
    if version["additionalPrinterColumns"]?.arrayValue?.isEmpty ?? true {
      version["additionalPrinterColumns"] = [
        ["name": "message", "type": "string", "jsonPath": ".status.message"],
        ["name": "status", "type": "string", "jsonPath": ".status.conditions[?(@.type==\"Reconciled\")].message"],
      ]
    }
    let properties: ArraySlice<String> = ["schema", "openAPIV3Schema", "properties"]
    version.set(statusSchema, at: properties + ["status"])
    if isStorage {
      let metadata = version.value(at: properties + ["metadata"])
      // An author's own schema of metadata without properties stays as it is, as Kratix leaves it.
      if metadata == nil {
        version.set(["type": "object"], at: properties + ["metadata"])
      }
      if metadata == nil || metadata?["properties"] != nil {
        version.set(["type": "string", "maxLength": 63], at: properties + ["metadata", "properties", "name"])
      }
    }
    return version
  }

  private static let text: JSON = ["type": "string"]
  private static let number: JSON = ["type": "integer", "format": "int64"]
  private static let time: JSON = ["type": "string", "format": "datetime"]

  private static func object(_ properties: JSON) -> JSON { ["type": "object", "properties": properties] }
  private static func list(_ properties: JSON) -> JSON { ["type": "array", "items": object(properties)] }

  /// Replaces whatever the author said of the status.
  private static let statusSchema: JSON = {
    let pipelines = list([
      "name": text, "phase": text, "message": text, "nextRetryAt": text, "attempts": number,
      "lastTransitionTime": time,
    ])
    let workflows = object([
      "lastSuccessfulConfigureWorkflowTime": text, "suspendedGeneration": number, "pipelines": pipelines,
    ])
    var schema = object([
      "message": text, "observedGeneration": number, "workflows": number, "workflowsSucceeded": number,
      "workflowsFailed": number,
      "conditions": list([
        "lastTransitionTime": time, "message": text, "reason": text, "status": text, "type": text,
      ]),
      "kratix": object(["workflows": workflows]),
    ])
    schema["x-kubernetes-preserve-unknown-fields"] = true
    return schema
  }()
}
