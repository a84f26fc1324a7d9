import Kubernetes

/// The server's API from inside the process, acting as a given user: the same pipeline as a request over the network,
/// admission included.
public struct LocalAPI: KubernetesAPI {
  let pipeline: RequestPipeline
  let logs: PodLogs
  public let user: UserInfo

  private func target(
    _ type: ResourceType, namespace: String?, name: String = "", subresource: String? = nil
  ) throws -> RequestTarget {
    guard let kind = pipeline.registry.kind(type) else {
      throw StatusError(
        code: 404, reason: .notFound, message: "the server could not find the requested resource", group: type.group,
        kind: type.plural)
    }
    return RequestTarget(
      kind: kind, namespace: kind.isNamespaced ? namespace : nil, name: name, subresource: subresource ?? "", user: user
    )
  }

  /// Options with a manager: in process there is no User-Agent to take one from.
  private func managed(_ options: WriteOptions) -> WriteOptions {
    guard options.fieldManager == nil else { return options }
    var options = options
    options.fieldManager = user.name.split(separator: ":").last.map(String.init) ?? "unknown"
    return options
  }

  /// Runs a write. In process there is nobody to show the warnings of a refusal to.
  private func plain<Value>(_ write: () async throws -> Value) async throws -> Value {
    do {
      return try await write()
    } catch let refusal as AdmissionRefusal {
      throw refusal.status
    }
  }

  public func get(_ type: ResourceType, namespace: String?, name: String) async throws -> KubernetesObject {
    try pipeline.get(try target(type, namespace: namespace, name: name)).object
  }

  public func list(_ type: ResourceType, namespace: String?, options: ListOptions) async throws -> ObjectList {
    let result = try pipeline.list(try target(type, namespace: namespace), try Self.request(options))
    return ObjectList(
      items: result.items.map(\.object), resourceVersion: result.resourceVersion, continueToken: result.continueToken)
  }

  private static func request(_ options: ListOptions) throws -> ListRequest {
    var request = ListRequest()
    try request.select(labels: options.labelSelector, fields: options.fieldSelector)
    request.limit = options.limit
    request.continueToken = options.continueToken
    return request
  }

  public func watch(
    _ type: ResourceType, namespace: String?, options: WatchOptions
  ) async throws -> AsyncThrowingStream<WatchEvent, any Error> {
    var request = ListRequest()
    try request.select(labels: options.labelSelector, fields: options.fieldSelector)
    request.resourceVersion = options.resourceVersion
    request.allowsBookmarks = options.allowBookmarks
    let reader = WatchReader(try pipeline.watch(try target(type, namespace: namespace), request))
    return AsyncThrowingStream { try await reader.next() }
  }

  public func create(
    _ type: ResourceType, _ object: KubernetesObject, options: WriteOptions
  ) async throws -> KubernetesObject {
    let target = try target(type, namespace: object.namespace)
    return try await plain { try await pipeline.create(target, DecodedBody(object: object), options: managed(options)) }
      .object.object
  }

  public func update(
    _ type: ResourceType, _ object: KubernetesObject, subresource: String?, options: WriteOptions
  ) async throws -> KubernetesObject {
    let target = try target(type, namespace: object.namespace, name: object.name, subresource: subresource)
    if subresource == "scale" {
      return try await plain {
        try await pipeline.updateScale(target, options: managed(options)) { _ in object }
      }.object.object
    }
    return try await plain { try await pipeline.update(target, DecodedBody(object: object), options: managed(options)) }
      .object.object
  }

  public func patch(
    _ type: ResourceType, namespace: String?, name: String, _ patch: Patch, subresource: String?, options: WriteOptions
  ) async throws -> KubernetesObject {
    let target = try target(type, namespace: namespace, name: name, subresource: subresource)
    return try await plain { try await pipeline.patch(target, patch, options: managed(options)) }.object.object
  }

  public func delete(_ type: ResourceType, namespace: String?, name: String, options: DeleteOptions) async throws {
    let target = try target(type, namespace: namespace, name: name)
    _ = try await plain {
      var warnings: [String] = []
      return try await pipeline.delete(target, options: options, warnings: &warnings)
    }
  }

  public func deleteCollection(
    _ type: ResourceType, namespace: String?, selector: ListOptions, options: DeleteOptions
  ) async throws {
    let target = try target(type, namespace: namespace)
    let request = try Self.request(selector)
    _ = try await plain {
      var warnings: [String] = []
      return try await pipeline.deleteCollection(target, selector: request, options: options, warnings: &warnings)
    }
  }

  public func resourceType(for kind: GroupVersionKind) async throws -> ResourceType? {
    pipeline.registry.kind(for: kind)?.type
  }

  public func podLog(namespace: String, pod: String, container: String?) async throws -> String {
    let object = try pipeline.get(try target(.pods, namespace: namespace, name: pod)).object
    let name = try PodLogEndpoint.container(of: object, named: container)
    let lines = logs.lines(podUID: object.uid, container: name)
    return String(decoding: lines.flatMap(\.text), as: UTF8.self)
  }
}

/// Hands the notifications of a watch out one by one. Ends the watch when nobody holds it any more.
private actor WatchReader {
  private let watch: ObjectWatch
  private var batch: ArraySlice<WatchNotification> = []

  init(_ watch: ObjectWatch) { self.watch = watch }

  deinit { watch.cancel() }

  func next() async throws -> WatchEvent? {
    while batch.isEmpty {
      guard let next = try await watch.next() else { return nil }
      batch = next[...]
    }
    return switch batch.removeFirst() {
    case .added(let served): .added(served.object)
    case .modified(let served): .modified(served.object)
    case .deleted(let served): .deleted(served.object)
    case .bookmark(let version, _): .bookmark(resourceVersion: String(version))
    }
  }
}
