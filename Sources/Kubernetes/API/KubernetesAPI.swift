/// The Kubernetes API as a client sees it. Satisfied by the HTTP client (`KubernetesClient`) and by the sandbox's
/// server in process, so that whatever is written against it runs on either (docs/architecture.md, rule 5).
///
/// Every verb throws `StatusError` when the server refuses. Failures to reach the server are other errors.
public protocol KubernetesAPI: Sendable {
  func get(_ type: ResourceType, namespace: String?, name: String) async throws -> KubernetesObject

  /// One page of a list: all of it when `options.limit` is nil.
  func list(_ type: ResourceType, namespace: String?, options: ListOptions) async throws -> ObjectList

  /// Events after `options.resourceVersion`, until the server ends the watch (the sequence finishes) or it fails (the
  /// sequence throws; a `StatusError` with code 410 when the version is too old). Cancelling the task ends the watch.
  func watch(
    _ type: ResourceType, namespace: String?, options: WatchOptions
  ) async throws -> AsyncThrowingStream<WatchEvent, any Error>

  /// Creates in the object's namespace.
  func create(
    _ type: ResourceType, _ object: KubernetesObject, options: WriteOptions
  ) async throws -> KubernetesObject

  /// Replaces. With a `resourceVersion` in the object, only that version (409 otherwise).
  func update(
    _ type: ResourceType, _ object: KubernetesObject, subresource: String?, options: WriteOptions
  ) async throws -> KubernetesObject

  func patch(
    _ type: ResourceType, namespace: String?, name: String, _ patch: Patch, subresource: String?,
    options: WriteOptions
  ) async throws -> KubernetesObject

  func delete(_ type: ResourceType, namespace: String?, name: String, options: DeleteOptions) async throws

  func deleteCollection(
    _ type: ResourceType, namespace: String?, selector: ListOptions, options: DeleteOptions) async throws

  /// The resource that serves a kind, or nil when the server has none (REST mapping by discovery).
  func resourceType(for kind: GroupVersionKind) async throws -> ResourceType?

  /// What a container of a pod has printed so far.
  func podLog(namespace: String, pod: String, container: String?) async throws -> String
}

/// `metav1.ListOptions` for a list.
public struct ListOptions: Sendable, Hashable {
  /// `a=b,c in (d,e)`; empty selects everything.
  public var labelSelector: String
  public var fieldSelector: String
  public var limit: Int?
  public var continueToken: String?

  public init(
    labelSelector: String = "", fieldSelector: String = "", limit: Int? = nil, continueToken: String? = nil
  ) {
    self.labelSelector = labelSelector
    self.fieldSelector = fieldSelector
    self.limit = limit
    self.continueToken = continueToken
  }
}

/// One page of a list.
public struct ObjectList: Sendable {
  public var items: [KubernetesObject]
  /// The version of the list as a whole: where a watch goes on from.
  public var resourceVersion: String
  /// Not nil when there is another page.
  public var continueToken: String?

  public init(items: [KubernetesObject], resourceVersion: String, continueToken: String? = nil) {
    self.items = items
    self.resourceVersion = resourceVersion
    self.continueToken = continueToken
  }
}

/// `metav1.ListOptions` for a watch.
public struct WatchOptions: Sendable, Hashable {
  public var labelSelector: String
  public var fieldSelector: String
  /// Where to go on from, as a list or an event gave it. Empty: from now, after the present objects as `added`.
  public var resourceVersion: String
  public var allowBookmarks: Bool

  public init(
    labelSelector: String = "", fieldSelector: String = "", resourceVersion: String = "", allowBookmarks: Bool = true
  ) {
    self.labelSelector = labelSelector
    self.fieldSelector = fieldSelector
    self.resourceVersion = resourceVersion
    self.allowBookmarks = allowBookmarks
  }
}

/// One event of a watch.
public enum WatchEvent: Sendable, Hashable {
  case added(KubernetesObject)
  case modified(KubernetesObject)
  /// The object's last state.
  case deleted(KubernetesObject)
  /// Nothing happened up to this version.
  case bookmark(resourceVersion: String)

  public var object: KubernetesObject? {
    switch self {
    case .added(let object), .modified(let object), .deleted(let object): object
    case .bookmark: nil
    }
  }

  public var resourceVersion: String {
    switch self {
    case .added(let object), .modified(let object), .deleted(let object): object.resourceVersion
    case .bookmark(let version): version
    }
  }
}

/// Options of create, update and patch.
public struct WriteOptions: Sendable, Hashable {
  public var isDryRun: Bool
  /// Who manages the written fields.
  public var fieldManager: String?
  /// Server-side apply only: take over fields of other managers.
  public var force: Bool
  /// `Ignore`, `Warn` or `Strict`; nil is the server's default, `Warn`.
  public var fieldValidation: String?

  public init(
    isDryRun: Bool = false, fieldManager: String? = nil, force: Bool = false, fieldValidation: String? = nil
  ) {
    self.isDryRun = isDryRun
    self.fieldManager = fieldManager
    self.force = force
    self.fieldValidation = fieldValidation
  }
}

/// `metav1.DeleteOptions`.
public struct DeleteOptions: Sendable, Hashable {
  public enum Propagation: String, Sendable, Hashable {
    case background = "Background"
    case foreground = "Foreground"
    case orphan = "Orphan"
  }

  public var propagation: Propagation?
  public var preconditionUID: String?
  public var preconditionResourceVersion: String?
  public var isDryRun: Bool
  public var gracePeriodSeconds: Int?

  public init(
    propagation: Propagation? = nil, preconditionUID: String? = nil, preconditionResourceVersion: String? = nil,
    isDryRun: Bool = false, gracePeriodSeconds: Int? = nil
  ) {
    self.propagation = propagation
    self.preconditionUID = preconditionUID
    self.preconditionResourceVersion = preconditionResourceVersion
    self.isDryRun = isDryRun
    self.gracePeriodSeconds = gracePeriodSeconds
  }
}

/// A patch and its type.
public enum Patch: Sendable, Hashable {
  /// RFC 6902, `application/json-patch+json`: an array of operations.
  case json(JSON)
  /// RFC 7386, `application/merge-patch+json`.
  case merge(JSON)
  /// `application/strategic-merge-patch+json`, for built-in kinds.
  case strategic(JSON)
  /// Server-side apply, `application/apply-patch+yaml`: the fields that the manager wants.
  case apply(JSON)

  public var contentType: String {
    switch self {
    case .json: "application/json-patch+json"
    case .merge: "application/merge-patch+json"
    case .strategic: "application/strategic-merge-patch+json"
    case .apply: "application/apply-patch+yaml"
    }
  }

  public var body: JSON {
    switch self {
    case .json(let body), .merge(let body), .strategic(let body), .apply(let body): body
    }
  }
}

extension KubernetesAPI {
  public func get(_ type: ResourceType, name: String) async throws -> KubernetesObject {
    try await get(type, namespace: nil, name: name)
  }

  /// The object, or nil when there is none.
  public func find(_ type: ResourceType, namespace: String?, name: String) async throws -> KubernetesObject? {
    do {
      return try await get(type, namespace: namespace, name: name)
    } catch let error as StatusError where error.reason == .notFound {
      return nil
    }
  }

  /// Everything that the selector takes, whatever the number of pages.
  public func listAll(
    _ type: ResourceType, namespace: String? = nil, labelSelector: String = "", fieldSelector: String = ""
  ) async throws -> ObjectList {
    let all = try await collect(
      type, namespace: namespace, labelSelector: labelSelector, fieldSelector: fieldSelector, keeping: { $0 })
    return ObjectList(items: all.items, resourceVersion: all.resourceVersion)
  }

  /// What is kept of everything that the selector takes: no more than a page is ever held whole, and pages are small.
  /// - Parameter keeping: what of each object is kept; nil for nothing.
  /// - Returns: also the version of the list: where a watch goes on from.
  public func collect<Kept>(
    _ type: ResourceType, namespace: String? = nil, labelSelector: String = "", fieldSelector: String = "",
    keeping: (KubernetesObject) throws -> Kept?
  ) async throws -> (items: [Kept], resourceVersion: String) {
    var options = ListOptions(labelSelector: labelSelector, fieldSelector: fieldSelector, limit: 200)
    var kept: [Kept] = []
    while true {
      let page = try await list(type, namespace: namespace, options: options)
      for object in page.items {
        if let part = try keeping(object) { kept.append(part) }
      }
      guard let token = page.continueToken else { return (kept, page.resourceVersion) }
      options.continueToken = token
    }
  }

  public func create(_ type: ResourceType, _ object: KubernetesObject) async throws -> KubernetesObject {
    try await create(type, object, options: WriteOptions())
  }

  public func update(_ type: ResourceType, _ object: KubernetesObject) async throws -> KubernetesObject {
    try await update(type, object, subresource: nil, options: WriteOptions())
  }

  public func updateStatus(_ type: ResourceType, _ object: KubernetesObject) async throws -> KubernetesObject {
    try await update(type, object, subresource: "status", options: WriteOptions())
  }

  public func patch(
    _ type: ResourceType, namespace: String?, name: String, _ body: Patch, options: WriteOptions = WriteOptions()
  ) async throws -> KubernetesObject {
    try await patch(type, namespace: namespace, name: name, body, subresource: nil, options: options)
  }
}
