import Kubernetes

/// The two versions of OpenAPI that the server publishes.
enum OpenAPIVersion: Sendable {
  case v2
  case v3

  /// The text before a definition's name in a `$ref`.
  var referencePrefix: String {
    switch self {
    case .v2: "#/definitions/"
    case .v3: "#/components/schemas/"
    }
  }

  /// A reference, with a description or extensions beside it: OpenAPI v3 wants those around the reference.
  func reference(_ name: String, beside: [String: JSON] = [:]) -> JSON {
    let reference: JSON = ["$ref": .string(referencePrefix + name)]
    if beside.isEmpty { return reference }
    var members = beside
    switch self {
    case .v2: members["$ref"] = reference["$ref"]
    case .v3: members["allOf"] = [reference]
    }
    return .object(members)
  }
}

/// Schemas as the documents carry them.
struct OpenAPISchemas {
  let version: OpenAPIVersion

  private static let metadata = BuiltInTypes.metadata

  /// The definition's name of a resource's kind: `io.kratix.promise.v1alpha1.MongoDB`.
  static func name(of kind: GroupVersionKind, isCustom: Bool) -> String {
    if !isCustom, let name = BuiltInTypes.kinds[kind] { return name }
    let group = kind.group.split(separator: ".").reversed().joined(separator: ".")
    return "\(group.isEmpty ? "io.k8s.api.core" : group).\(kind.version).\(kind.kind)"
  }

  static func listName(of resource: ServedResource) -> String {
    let kind = resource.type.groupVersionKind
    let own = name(of: kind, isCustom: resource.isCustom)
    return String(own.dropLast(kind.kind.count)) + resource.listKind
  }

  /// The definitions of some resources, of their lists, and of everything that those name.
  func definitions(of resources: [ServedResource]) -> [String: JSON] {
    var all: [String: JSON] = [:]
    var pending = ["ObjectMeta", "ListMeta", "Status", "DeleteOptions"].map { Self.metadata + $0 }
    all[Self.metadata + "Patch"] = ["type": "object"]
    for resource in resources {
      let kind = resource.type.groupVersionKind
      let name = Self.name(of: kind, isCustom: resource.isCustom)
      if resource.isCustom {
        all[name] = custom(resource)
      } else if BuiltInTypes.definitions[name] != nil {
        pending.append(name)
      } else {
        all[name] = [
          "type": "object", "x-kubernetes-preserve-unknown-fields": true,
          "x-kubernetes-group-version-kind": [Self.json(of: kind)],
        ]
      }
      if resource.verbs.contains("list") { all[Self.listName(of: resource)] = list(of: resource, element: name) }
      if resource.scale != nil { pending.append("io.k8s.api.autoscaling.v1.Scale") }
    }
    while let name = pending.popLast() {
      guard all[name] == nil else { continue }
      if let definition = BuiltInTypes.definitions[name] {
        all[name] = schema(of: definition)
        pending.append(contentsOf: definition.references)
      } else {
        all[name] = scalarDefinition(name)
      }
    }
    return all
  }

  // MARK: Built-in types

  private func schema(of definition: BuiltInTypes.Definition) -> JSON {
    var properties: [String: JSON] = [:]
    for field in definition.fields { properties[field.name] = schema(of: field) }
    var schema: JSON = ["type": "object"]
    if let kind = definition.kind {
      properties.merge(Self.typeProperties) { _, new in new }
      schema["x-kubernetes-group-version-kind"] = [Self.json(of: kind)]
      if let text = KindDescriptions.texts[kind.kind] { schema["description"] = .string(text) }
    } else if definition.name == Self.metadata + "Status" || definition.name == Self.metadata + "DeleteOptions" {
      properties.merge(Self.typeProperties) { _, new in new }
      schema["x-kubernetes-group-version-kind"] = [
        ["group": "", "version": "v1", "kind": .string(definition.shortName)]
      ]
    }
    if !properties.isEmpty { schema["properties"] = .object(properties) }
    let required = definition.fields.filter(\.isRequired).map(\.name)
    if !required.isEmpty { schema["required"] = JSON(required) }
    if definition.isAtomic { schema["x-kubernetes-map-type"] = "atomic" }
    return schema
  }

  private func schema(of field: BuiltInTypes.Field) -> JSON {
    var beside: [String: JSON] = [:]
    if !field.patchStrategy.isEmpty { beside["x-kubernetes-patch-strategy"] = .string(field.patchStrategy) }
    if !field.patchMergeKey.isEmpty { beside["x-kubernetes-patch-merge-key"] = .string(field.patchMergeKey) }
    if !field.listType.isEmpty {
      if case .array = field.type {
        beside["x-kubernetes-list-type"] = .string(field.listType)
        if !field.listMapKeys.isEmpty { beside["x-kubernetes-list-map-keys"] = JSON(field.listMapKeys) }
      } else {
        beside["x-kubernetes-map-type"] = .string(field.listType)
      }
    }
    return schema(of: field.type, beside: beside)
  }

  private func schema(of type: BuiltInTypes.FieldType, beside: [String: JSON] = [:]) -> JSON {
    var members = beside
    switch type {
    case .reference(let name): return version.reference(name, beside: beside)
    case .scalar(let type, let format):
      members["type"] = .string(type)
      if !format.isEmpty { members["format"] = .string(format) }
    case .array(let element):
      members["type"] = "array"
      members["items"] = schema(of: element)
    case .map(let element):
      members["type"] = "object"
      members["additionalProperties"] = schema(of: element)
    }
    return .object(members)
  }

  /// Types that are not made of fields.
  private func scalarDefinition(_ name: String) -> JSON {
    switch name {
    case Self.metadata + "Time", Self.metadata + "MicroTime": ["type": "string", "format": "date-time"]
    case BuiltInTypes.quantity:
      version == .v2 ? ["type": "string"] : ["oneOf": [["type": "string"], ["type": "number"]]]
    case BuiltInTypes.intOrString:
      version == .v2
        ? ["type": "string", "format": "int-or-string"]
        : ["format": "int-or-string", "oneOf": [["type": "integer"], ["type": "string"]]]
    case BuiltInTypes.json: .emptyObject
    default: ["type": "object"]
    }
  }

  // MARK: Custom resources

  private func custom(_ resource: ServedResource) -> JSON {
    var schema = resource.schema ?? ["type": "object"]
    let keepsUnknown = schema["x-kubernetes-preserve-unknown-fields"]?.boolValue ?? false
    if resource.schema == nil || version == .v2 && keepsUnknown {
      // With properties, kubectl would take everything else for a mistake.
      schema = ["type": "object"]
    } else {
      schema = published(schema)
      var properties = schema["properties"]?.objectValue ?? [:]
      properties.merge(Self.typeProperties) { _, new in new }
      properties["metadata"] = objectMetadata
      schema["properties"] = .object(properties)
    }
    schema["x-kubernetes-group-version-kind"] = [Self.json(of: resource.type.groupVersionKind)]
    if !resource.selectableFields.isEmpty {
      schema["x-kubernetes-selectable-fields"] = .array(
        resource.selectableFields.map { ["fieldPath": .string($0.hasPrefix(".") ? String($0.dropFirst()) : $0)] })
    }
    return schema
  }

  private var objectMetadata: JSON {
    version.reference(
      Self.metadata + "ObjectMeta",
      beside: ["description": "What every object has: name, labels, annotations and more."])
  }

  /// A structural schema as OpenAPI has it: with the metadata of embedded objects, and for v2 without what that version
  /// cannot say (apiextensions-apiserver, pkg/controller/openapi).
  private func published(_ schema: JSON) -> JSON {
    guard var members = schema.objectValue else { return schema }
    let keepsUnknown = members["x-kubernetes-preserve-unknown-fields"]?.boolValue ?? false
    if version == .v2 {
      for key in ["allOf", "oneOf", "anyOf", "not", "x-kubernetes-validations"] { members[key] = nil }
      if members.removeValue(forKey: "nullable")?.boolValue ?? false {
        for key in ["type", "items", "properties"] { members[key] = nil }
      }
      if keepsUnknown {
        for key in ["items", "properties"] { members[key] = nil }
        if members["type"] == "object" { members["type"] = nil }
      }
      if members["type"] == "array", members["items"] == nil { members["type"] = nil }
      let nullable = (members["properties"]?.objectValue ?? [:]).filter { $0.value["nullable"]?.boolValue ?? false }
      if !nullable.isEmpty, let required = members["required"]?.stringArrayValue {
        let kept = required.filter { nullable[$0] == nil }
        members["required"] = kept.isEmpty ? nil : JSON(kept)
      }
    } else if members["x-kubernetes-int-or-string"]?.boolValue ?? false, members["anyOf"] == nil,
      members["allOf"] == nil
    {
      members["anyOf"] = [["type": "integer"], ["type": "string"]]
    }
    if let properties = members["properties"]?.objectValue {
      members["properties"] = .object(properties.mapValues(published))
    }
    for key in ["items", "additionalProperties"] {
      if let inner = members[key], inner.objectValue != nil { members[key] = published(inner) }
    }
    if members["x-kubernetes-embedded-resource"]?.boolValue ?? false, !(version == .v2 && keepsUnknown) {
      var properties = members["properties"]?.objectValue ?? [:]
      properties.merge(Self.typeProperties) { _, new in new }
      properties["metadata"] = objectMetadata
      members["properties"] = .object(properties)
      let required = members["required"]?.stringArrayValue ?? []
      members["required"] = JSON(required + ["kind", "apiVersion"].filter { !required.contains($0) })
    }
    return .object(members)
  }

  // MARK: Common parts

  private func list(of resource: ServedResource, element: String) -> JSON {
    var properties = Self.typeProperties
    properties["metadata"] = version.reference(Self.metadata + "ListMeta")
    properties["items"] = ["type": "array", "items": version.reference(element)]
    return [
      "type": "object", "required": ["items"], "properties": .object(properties),
      "description": .string("\(resource.listKind) is a list of \(resource.type.kind)"),
      "x-kubernetes-group-version-kind": [
        [
          "group": .string(resource.type.group), "version": .string(resource.type.version),
          "kind": .string(resource.listKind),
        ]
      ],
    ]
  }

  private static let typeProperties: [String: JSON] = [
    "apiVersion": ["type": "string", "description": "The group and version that the object is written in."],
    "kind": ["type": "string", "description": "The kind of the object, in CamelCase."],
  ]

  static func json(of kind: GroupVersionKind) -> JSON {
    ["group": .string(kind.group), "version": .string(kind.version), "kind": .string(kind.kind)]
  }
}

/// What `kubectl explain` says of a built-in kind.
enum KindDescriptions {
  static let texts: [String: String] = [
    "ConfigMap": "Configuration in entries of text or bytes, for pods to read.",
    "ClusterRole": "Permissions that can be given in one namespace or in all.",
    "ClusterRoleBinding": "Gives a ClusterRole to users, groups and service accounts, in every namespace.",
    "CronJob": "Starts a Job at the times of a schedule.",
    "CustomResourceDefinition": "Adds a kind to the API: its names, its versions and their schemas.",
    "DaemonSet": "Runs a pod on every node, or on those that a selector names.",
    "Deployment": "Keeps a number of equal pods running and replaces them step by step when their template changes.",
    "Event": "A report of something that happened to an object.",
    "Ingress": "Rules by which requests from outside reach services.",
    "Job": "Runs pods until a number of them has succeeded.",
    "Lease": "Who holds a lock, and until when.",
    "MutatingWebhookConfiguration": "Webhooks that may change an object before it is stored.",
    "Namespace": "A scope for names.",
    "NetworkPolicy": "Which connections the pods of a namespace take and make.",
    "Node": "A machine that runs pods.",
    "PersistentVolume": "A piece of storage in the cluster.",
    "PersistentVolumeClaim": "A request for a piece of storage.",
    "Pod": "Containers that run together on one node.",
    "PodDisruptionBudget": "How many pods of a set may be taken down at once.",
    "PriorityClass": "A name for a scheduling priority.",
    "ReplicaSet": "Keeps a number of equal pods running.",
    "Role": "Permissions in one namespace.",
    "RoleBinding": "Gives a role to users, groups and service accounts, in one namespace.",
    "Secret": "Data that not everybody should read, in entries of bytes.",
    "Service": "A name and an address for a set of pods.",
    "ServiceAccount": "An identity for the processes in pods.",
    "StatefulSet": "Keeps pods running that each have a name and storage of their own.",
    "ValidatingWebhookConfiguration": "Webhooks that may refuse a request.",
  ]
}
