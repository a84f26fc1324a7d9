import Kubernetes

/// CustomResourceDefinitions: checked and defaulted by the rules of `CustomResourceDefinitions`.
enum DefinitionKind {
  static let finalizer = "customresourcecleanup.apiextensions.k8s.io"

  static let rules = KindRules(
    generationFields: ["spec"],
    applyDefaults: { object in object = CustomResourceDefinitions.defaulted(object) },
    prepareForCreate: { object in
      let storage = (object[path: "spec", "versions"]?.arrayValue ?? []).first { $0["storage"]?.boolValue == true }
      object.status = [
        "acceptedNames": ["kind": "", "plural": ""], "conditions": .null,
        "storedVersions": .array([storage?["name"] ?? ""]),
      ]
    },
    validate: { object, old in CustomResourceDefinitions.validate(object, old: old) })

  /// The resources that an established definition serves.
  static func kinds(of definition: KubernetesObject, stamp: UInt64) -> [ServedKind] {
    guard definition.hasCondition("Established"), definition.hasCondition("NamesAccepted"),
      let spec = definition.spec, let names = definition[path: "status", "acceptedNames"]
    else { return [] }
    let versions = spec["versions"]?.arrayValue ?? []
    let group = spec["group"]?.stringValue ?? ""
    let storage = versions.first { $0["storage"]?.boolValue == true }?["name"]?.stringValue ?? ""
    return versions.enumerated().compactMap { index, version in
      guard version["served"]?.boolValue == true, let name = version["name"]?.stringValue else { return nil }
      let kind = names["kind"]?.stringValue ?? ""
      let plural = names["plural"]?.stringValue ?? ""
      let schema = version["schema"]?["openAPIV3Schema"]
      let resource = ServedResource(
        type: ResourceType(
          group: group, version: name, plural: plural, kind: kind, isNamespaced: spec["scope"] == "Namespaced"),
        singular: names["singular"]?.stringValue ?? kind.lowercased(), listKind: names["listKind"]?.stringValue,
        shortNames: names["shortNames"]?.stringArrayValue ?? [],
        categories: names["categories"]?.stringArrayValue ?? [],
        hasStatus: version["subresources"]?["status"] != nil, scale: scale(version["subresources"]?["scale"]),
        printerColumns: (version["additionalPrinterColumns"]?.arrayValue ?? []).compactMap(printerColumn),
        selectableFields: (version["selectableFields"]?.arrayValue ?? []).compactMap { $0["jsonPath"]?.stringValue },
        schema: schema, storageVersion: storage, definitionName: definition.name)
      return ServedKind(
        resource, rules: KindRules(generationFields: ["*"]),
        schema: StructuralSchema(json: schema ?? ["x-kubernetes-preserve-unknown-fields": true]),
        isTerminating: definition.isBeingDeleted, stamp: stamp &* 64 &+ UInt64(index) &+ 1)
    }
  }

  private static func scale(_ json: JSON?) -> ServedResource.ScalePaths? {
    guard let json, let spec = json["specReplicasPath"]?.stringValue,
      let status = json["statusReplicasPath"]?.stringValue
    else { return nil }
    return ServedResource.ScalePaths(
      specReplicas: spec, statusReplicas: status, labelSelector: json["labelSelectorPath"]?.stringValue)
  }

  private static func printerColumn(_ json: JSON) -> ServedResource.PrinterColumn? {
    guard let name = json["name"]?.stringValue, let path = json["jsonPath"]?.stringValue else { return nil }
    return ServedResource.PrinterColumn(
      name: name, type: json["type"]?.stringValue ?? "string", format: json["format"]?.stringValue ?? "",
      description: json["description"]?.stringValue ?? "", priority: json["priority"]?.intValue ?? 0, jsonPath: path)
  }
}
