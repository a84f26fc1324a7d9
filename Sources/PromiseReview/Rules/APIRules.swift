import KratixModel
import Kubernetes

/// The CustomResourceDefinition inside of a Promise: rules that look at nothing else of it.
enum APIRules {
  static func findings(_ promise: Promise) -> [Finding] {
    guard let value = promise.spec["api"], !value.isNull else { return [] }
    guard let api = promise.api, api.isCustomResourceDefinition else {
      let kind = value["kind"]?.stringValue ?? "no object of a kind"
      return [Finding(.apiNotCRD, path: "spec.api", message: "this is \(kind), not a CustomResourceDefinition")]
    }
    guard !api.versions.isEmpty else {
      return [Finding(.apiNoVersions, path: "spec.api.spec.versions", message: "the API has no versions")]
    }
    var findings: [Finding] = []
    for (index, version) in api.versions.enumerated() {
      let path = "spec.api.spec.versions[\(index)]"
      let name = version["name"]?.stringValue ?? ""
      if version[path: "schema", "openAPIV3Schema"]?.objectValue == nil {
        findings.append(
          Finding(.apiNoVersions, path: "\(path).schema", message: "version \"\(name)\" of the API has no schema"))
      }
      for (place, keyword) in SchemaKeywords.unknown(in: version[path: "schema", "openAPIV3Schema"] ?? .null) {
        findings.append(
          Finding(
            .apiUnknownKeyword, path: "\(path).schema.openAPIV3Schema",
            message: "unknown keyword \"\(keyword)\" at \(place.segments.isEmpty ? "the root" : place.description)"
              + Suggestion.text(for: keyword, among: SchemaKeywords.known)))
      }
    }
    if !api.isNamespaced {
      findings.append(
        Finding(
          .apiClusterScoped, path: "spec.api.spec.scope",
          message: "promise api needs to be namespace scoped; spec.api.spec.scope cannot be: Cluster"))
    }
    // With no schema there is nothing to validate, and the sentence above says so.
    if !findings.contains(where: { $0.rule == .apiNoVersions }) { findings += definition(api) }
    return findings
  }

  /// What the API server would say of the definition that Kratix makes of it.
  private static func definition(_ api: PromiseAPI) -> [Finding] {
    var installed = api.definition
    // Kratix replaces the author's status schema (contract, section 4.2).
    let versions = api.versions.map { version -> JSON in
      guard version[path: "schema", "openAPIV3Schema", "properties", "status"] != nil else { return version }
      var version = version
      version.set(
        ["type": "object", "x-kubernetes-preserve-unknown-fields": true],
        at: ["schema", "openAPIV3Schema", "properties", "status"])
      return version
    }
    installed.json.set(.array(versions), at: ["spec", "versions"])
    return CustomResourceDefinitions.validate(CustomResourceDefinitions.defaulted(installed)).map { error in
      Finding(.apiNotStructural, path: "spec.api.\(error.field)", message: error.message)
    }
  }
}
