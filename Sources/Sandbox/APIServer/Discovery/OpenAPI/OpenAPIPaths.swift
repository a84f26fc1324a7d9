import Kubernetes

/// The paths of a document: every operation with the kind it is about, which is how kubectl finds out what a kind's
/// requests may carry (`dryRun`, `fieldValidation`) and which patches it takes.
struct OpenAPIPaths {
  let version: OpenAPIVersion

  private struct Operation {
    var method: String
    var action: String
    var operationID: String
    var kind: GroupVersionKind
    var query: [String] = []
    var body: String?
    var consumes: [String] = []
    var response: String
    var hasName: Bool
    var isNamespaced: Bool
  }

  private static let deletion = ["dryRun", "gracePeriodSeconds", "orphanDependents", "propagationPolicy"]
  private static let writing = ["dryRun", "fieldManager", "fieldValidation"]
  private static let listing = [
    "allowWatchBookmarks", "continue", "fieldSelector", "labelSelector", "limit", "resourceVersion",
    "resourceVersionMatch", "sendInitialEvents", "timeoutSeconds", "watch",
  ]

  /// The `paths` of some resources.
  func paths(of resources: [ServedResource]) -> [String: JSON] {
    var paths: [String: JSON] = [:]
    for resource in resources {
      for (path, operations) in operations(of: resource) where !operations.isEmpty {
        var item: [String: JSON] = [:]
        for operation in operations { item[operation.method] = json(of: operation) }
        paths[path] = .object(item)
      }
    }
    return paths
  }

  private func operations(of resource: ServedResource) -> [(path: String, operations: [Operation])] {
    let type = resource.type
    let kind = type.groupVersionKind
    let own = OpenAPISchemas.name(of: kind, isCustom: resource.isCustom)
    let list = OpenAPISchemas.listName(of: resource)
    let status = BuiltInTypes.metadata + "Status"
    let scope = type.isNamespaced ? "Namespaced" : ""
    let namespace = type.isNamespaced ? "{namespace}" : nil

    func operation(
      _ verb: String, _ method: String, _ action: String, _ title: String, query: [String], body: String? = nil,
      response: String, name: Bool, inNamespace: Bool = true
    ) -> [Operation] {
      guard resource.verbs.contains(verb) else { return [] }
      return [
        Operation(
          method: method, action: action, operationID: title, kind: kind, query: query, body: body,
          consumes: consumes(method, isCustom: resource.isCustom), response: response, hasName: name,
          isNamespaced: type.isNamespaced && inNamespace)
      ]
    }

    var all: [(String, [Operation])] = []
    if type.isNamespaced {
      all.append(
        (
          type.path(),
          operation(
            "list", "get", "list", "list\(kind.kind)ForAllNamespaces", query: Self.listing, response: list, name: false,
            inNamespace: false)
        ))
    }
    all.append(
      (
        type.path(namespace: namespace),
        operation("list", "get", "list", "list\(scope)\(kind.kind)", query: Self.listing, response: list, name: false)
          + operation(
            "create", "post", "post", "create\(scope)\(kind.kind)", query: Self.writing, body: own, response: own,
            name: false)
          + operation(
            "deletecollection", "delete", "deletecollection", "deleteCollection\(scope)\(kind.kind)",
            query: Self.listing + Self.deletion, body: BuiltInTypes.metadata + "DeleteOptions", response: status,
            name: false)
      ))
    all.append(
      (
        type.path(namespace: namespace, name: "{name}"),
        operation("get", "get", "get", "read\(scope)\(kind.kind)", query: [], response: own, name: true)
          + operation(
            "update", "put", "put", "replace\(scope)\(kind.kind)", query: Self.writing, body: own, response: own,
            name: true)
          + operation(
            "patch", "patch", "patch", "patch\(scope)\(kind.kind)", query: Self.writing + ["force"],
            body: BuiltInTypes.metadata + "Patch", response: own, name: true)
          + operation(
            "delete", "delete", "delete", "delete\(scope)\(kind.kind)", query: Self.deletion,
            body: BuiltInTypes.metadata + "DeleteOptions", response: status, name: true)
      ))
    for part in resource.subresources {
      all.append(
        (
          type.path(namespace: namespace, name: "{name}", subresource: part.name),
          operations(ofPart: part, of: resource, own: own, scope: scope)
        ))
    }
    return all
  }

  private func operations(
    ofPart part: ServedSubresource, of resource: ServedResource, own: String, scope: String
  ) -> [Operation] {
    let title = "\(scope)\(resource.type.kind)" + part.name.prefix(1).uppercased() + part.name.dropFirst()
    let schema = OpenAPISchemas.name(
      of: part.kind, isCustom: part.kind == resource.type.groupVersionKind && resource.isCustom)
    return part.verbs.compactMap { verb in
      var operation = Operation(
        method: "get", action: "get", operationID: "read" + title, kind: part.kind, response: schema, hasName: true,
        isNamespaced: resource.type.isNamespaced)
      switch verb {
      case "get": break
      case "update":
        (operation.method, operation.action, operation.operationID) = ("put", "put", "replace" + title)
        operation.query = Self.writing
        operation.body = schema
      case "patch":
        (operation.method, operation.action, operation.operationID) = ("patch", "patch", "patch" + title)
        operation.query = Self.writing + ["force"]
        operation.body = BuiltInTypes.metadata + "Patch"
      default: return nil
      }
      operation.consumes = consumes(operation.method, isCustom: resource.isCustom)
      return operation
    }
  }

  private func consumes(_ method: String, isCustom: Bool) -> [String] {
    guard method == "patch" else { return method == "get" ? [] : ["application/json", "application/yaml"] }
    let patches = ["application/json-patch+json", "application/merge-patch+json"]
    return patches + (isCustom ? [] : ["application/strategic-merge-patch+json"]) + ["application/apply-patch+yaml"]
  }

  // MARK: Writing

  private func json(of operation: Operation) -> JSON {
    var parameters: [JSON] = []
    if operation.hasName { parameters.append(parameter("name", in: "path")) }
    if operation.isNamespaced { parameters.append(parameter("namespace", in: "path")) }
    parameters += operation.query.map { parameter($0, in: "query") }
    var json: JSON = [
      "operationId": .string(operation.operationID), "x-kubernetes-action": .string(operation.action),
      "x-kubernetes-group-version-kind": OpenAPISchemas.json(of: operation.kind),
    ]
    switch version {
    case .v2:
      if let body = operation.body {
        parameters.append(
          [
            "name": "body", "in": "body", "required": .bool(operation.method != "delete"),
            "schema": version.reference(body),
          ])
      }
      json["consumes"] = JSON(operation.consumes.isEmpty ? ["*/*"] : operation.consumes)
      json["produces"] = ["application/json", "application/yaml"]
      json["responses"] = ["200": ["description": "OK", "schema": version.reference(operation.response)]]
    case .v3:
      if let body = operation.body {
        let content = operation.consumes.map { ($0, ["schema": version.reference(body)] as JSON) }
        json["requestBody"] = [
          "required": .bool(operation.method != "delete"),
          "content": .object(Dictionary(content, uniquingKeysWith: { first, _ in first })),
        ]
      }
      json["responses"] = [
        "200": [
          "description": "OK", "content": ["application/json": ["schema": version.reference(operation.response)]],
        ]
      ]
    }
    if !parameters.isEmpty { json["parameters"] = .array(parameters) }
    return json
  }

  private func parameter(_ name: String, in place: String) -> JSON {
    let type: JSON
    switch name {
    case "gracePeriodSeconds", "limit", "timeoutSeconds": type = "integer"
    case "allowWatchBookmarks", "force", "orphanDependents", "sendInitialEvents", "watch": type = "boolean"
    default: type = "string"
    }
    var json: JSON = ["name": .string(name), "in": .string(place)]
    if place == "path" { json["required"] = true }
    switch version {
    case .v2: json["type"] = type
    case .v3: json["schema"] = ["type": type]
    }
    return json
  }
}
