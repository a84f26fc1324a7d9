import Foundation
import Kubernetes

@testable import APIServer

/// What was recorded from a real server, beside the package.
enum Recording {
  static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "shared/recorded")

  static func text(_ path: String) throws -> String {
    try String(contentsOf: root.appending(path: path), encoding: .utf8)
  }

  static func objects(_ path: String) throws -> [KubernetesObject] {
    try YAML.documents(text(path)).filter { !$0.isNull }.map(KubernetesObject.init)
  }

  static func json(_ path: String) throws -> JSON { try JSON(parsing: text(path)) }

  /// The versions of a CustomResourceDefinition, as the server serves them.
  static func resources(of definition: KubernetesObject) -> [ServedResource] {
    let spec = definition.spec ?? .emptyObject
    return (spec["versions"]?.arrayValue ?? []).map { version in
      let columns = (version["additionalPrinterColumns"]?.arrayValue ?? []).map { column in
        ServedResource.PrinterColumn(
          name: column["name"]?.stringValue ?? "", type: column["type"]?.stringValue ?? "",
          priority: column["priority"]?.intValue ?? 0, jsonPath: column["jsonPath"]?.stringValue ?? "")
      }
      return ServedResource(
        type: ResourceType(
          group: spec["group"]?.stringValue ?? "", version: version["name"]?.stringValue ?? "",
          plural: spec[path: "names", "plural"]?.stringValue ?? "",
          kind: spec[path: "names", "kind"]?.stringValue ?? "", isNamespaced: spec["scope"] == "Namespaced"),
        singular: spec[path: "names", "singular"]?.stringValue ?? "",
        shortNames: spec[path: "names", "shortNames"]?.stringArrayValue ?? [],
        categories: spec[path: "names", "categories"]?.stringArrayValue ?? [],
        hasStatus: version[path: "subresources", "status"] != nil, printerColumns: columns,
        schema: version[path: "schema", "openAPIV3Schema"], definitionName: definition.name)
    }
  }
}

extension ServedResource {
  /// A built-in resource with all verbs.
  static func builtIn(_ type: ResourceType, hasStatus: Bool = false, scale: ScalePaths? = nil) -> ServedResource {
    ServedResource(type: type, singular: type.kind.lowercased(), hasStatus: hasStatus, scale: scale)
  }
}
