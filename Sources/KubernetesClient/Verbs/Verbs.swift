import Kubernetes
import NIOHTTP1

extension KubernetesClient {
  public func get(_ type: ResourceType, namespace: String?, name: String) async throws -> KubernetesObject {
    try await object(APIRequest(method: .GET, path: try path(type, namespace: namespace, name: name)), of: type)
  }

  public func list(
    _ type: ResourceType, namespace: String?, options: ListOptions
  ) async throws -> ObjectList {
    var request = APIRequest(method: .GET, path: collectionPath(type, namespace: namespace))
    request.query = Self.query(options)
    let json = try self.json(await transport.send(request))
    guard let items = json["items"]?.arrayValue ?? (json["items"]?.isNull == true ? [] : nil) else {
      throw notKubernetes("a list without items")
    }
    let token = json[path: "metadata", "continue"]?.stringValue
    return ObjectList(
      items: items.map { Self.object($0, of: type) },
      resourceVersion: json[path: "metadata", "resourceVersion"]?.stringValue ?? "",
      continueToken: token.flatMap { $0.isEmpty ? nil : $0 })
  }

  /// In the object's namespace; without one, in the configuration's.
  public func create(
    _ type: ResourceType, _ object: KubernetesObject, options: WriteOptions
  ) async throws -> KubernetesObject {
    var request = APIRequest(
      method: .POST,
      path: collectionPath(
        type, namespace: object.namespace ?? (type.isNamespaced ? configuration.namespace : nil)))
    request.query = Self.query(options)
    request.body = object.json.serialized()
    return try await self.object(request, of: type)
  }

  public func update(
    _ type: ResourceType, _ object: KubernetesObject, subresource: String?, options: WriteOptions
  ) async throws -> KubernetesObject {
    var request = APIRequest(
      method: .PUT, path: try path(type, namespace: object.namespace, name: object.name, subresource: subresource))
    request.query = Self.query(options)
    request.body = object.json.serialized()
    return try await self.object(request, of: type)
  }

  public func patch(
    _ type: ResourceType, namespace: String?, name: String, _ patch: Patch, subresource: String?,
    options: WriteOptions
  ) async throws -> KubernetesObject {
    var request = APIRequest(
      method: .PATCH, path: try path(type, namespace: namespace, name: name, subresource: subresource))
    request.query = Self.query(options)
    // `force` is a parameter of server-side apply alone.
    if case .apply = patch, options.force { request.query.append(("force", "true")) }
    request.contentType = patch.contentType
    request.body = patch.body.serialized()
    return try await object(request, of: type)
  }

  public func delete(
    _ type: ResourceType, namespace: String?, name: String, options: DeleteOptions
  ) async throws {
    var request = APIRequest(method: .DELETE, path: try path(type, namespace: namespace, name: name))
    request.body = Self.body(options).serialized()
    _ = try await transport.send(request)
  }

  public func deleteCollection(
    _ type: ResourceType, namespace: String?, selector: ListOptions, options: DeleteOptions
  ) async throws {
    var request = APIRequest(method: .DELETE, path: collectionPath(type, namespace: namespace))
    request.query = Self.query(selector)
    request.body = Self.body(options).serialized()
    _ = try await transport.send(request)
  }

  public func podLog(namespace: String, pod: String, container: String?) async throws -> String {
    var request = APIRequest(
      method: .GET, path: try path(.pods, namespace: namespace, name: pod, subresource: "log"))
    request.accept = "*/*"
    if let container { request.query = [("container", container)] }
    return String(decoding: try await transport.send(request).body, as: UTF8.self)
  }

  public func resourceType(for kind: GroupVersionKind) async throws -> ResourceType? {
    try await discovery.resourceType(for: kind)
  }
}

// Requests and answers.
extension KubernetesClient {
  func collectionPath(_ type: ResourceType, namespace: String?) -> String {
    type.path(namespace: namespace.map(APIRequest.encode))
  }

  /// The path of one object. A namespaced one without a namespace is in the configuration's.
  func path(
    _ type: ResourceType, namespace: String?, name: String, subresource: String? = nil
  ) throws(StatusError) -> String {
    guard !name.isEmpty else { throw .badRequest("a name is needed to address one of \(type.qualifiedResource)") }
    let namespace = type.isNamespaced ? namespace ?? configuration.namespace : nil
    return type.path(
      namespace: namespace.map(APIRequest.encode), name: APIRequest.encode(name), subresource: subresource)
  }

  private func object(_ request: APIRequest, of type: ResourceType) async throws -> KubernetesObject {
    Self.object(try json(await transport.send(request)), of: type)
  }

  func json(_ response: APIResponse) throws(ConnectionError) -> JSON {
    do {
      return try JSON(parsing: response.body)
    } catch {
      throw notKubernetes("its answer is no JSON (\(error))")
    }
  }

  func notKubernetes(_ reason: String) -> ConnectionError {
    .notKubernetes(server: configuration.server.description, reason: reason)
  }

  /// An object; lists and watches of built-in kinds leave out what their own kind implies.
  static func object(_ json: JSON, of type: ResourceType) -> KubernetesObject {
    var json = json
    if json["kind"] == nil { json["kind"] = .string(type.kind) }
    if json["apiVersion"] == nil { json["apiVersion"] = .string(type.apiVersion) }
    return KubernetesObject(json)
  }

  private static func query(_ options: ListOptions) -> [(name: String, value: String)] {
    var query: [(name: String, value: String)] = []
    if !options.labelSelector.isEmpty { query.append(("labelSelector", options.labelSelector)) }
    if !options.fieldSelector.isEmpty { query.append(("fieldSelector", options.fieldSelector)) }
    if let limit = options.limit { query.append(("limit", String(limit))) }
    if let token = options.continueToken { query.append(("continue", token)) }
    return query
  }

  private static func query(_ options: WriteOptions) -> [(name: String, value: String)] {
    var query: [(name: String, value: String)] = []
    if options.isDryRun { query.append(("dryRun", "All")) }
    if let manager = options.fieldManager { query.append(("fieldManager", manager)) }
    if let validation = options.fieldValidation { query.append(("fieldValidation", validation)) }
    return query
  }

  private static func body(_ options: DeleteOptions) -> JSON {
    var body: JSON = ["kind": "DeleteOptions", "apiVersion": "v1"]
    if let propagation = options.propagation { body["propagationPolicy"] = .string(propagation.rawValue) }
    if let seconds = options.gracePeriodSeconds { body["gracePeriodSeconds"] = JSON(seconds) }
    if options.isDryRun { body["dryRun"] = ["All"] }
    if let uid = options.preconditionUID { body.set(.string(uid), at: ["preconditions", "uid"]) }
    if let version = options.preconditionResourceVersion {
      body.set(.string(version), at: ["preconditions", "resourceVersion"])
    }
    return body
  }
}
