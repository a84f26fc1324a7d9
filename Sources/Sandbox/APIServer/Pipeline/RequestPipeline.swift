import Kubernetes
import Logging

/// What every request goes through, whether it comes over the network or from inside the process: checks, defaults,
/// admission, validation, the store. One file for each verb.
final class RequestPipeline: Sendable {
  let store: ObjectStore
  let registry: ResourceRegistry
  let plugins: [any AdmissionPlugin]
  let logger: Logger
  /// The certificate that clients trust, as PEM.
  let certificateAuthority: String
  /// Hears of every change after it is stored.
  let onCommit: @Sendable (Commit) -> Void

  /// A change that was stored.
  struct Commit: Sendable {
    var id: ObjectID
    var kind: StoreEvent.Kind
    /// For a deletion the last state.
    var object: KubernetesObject
  }

  init(
    store: ObjectStore, registry: ResourceRegistry, plugins: [any AdmissionPlugin], logger: Logger,
    certificateAuthority: String, onCommit: @escaping @Sendable (Commit) -> Void
  ) {
    self.store = store
    self.registry = registry
    self.plugins = plugins
    self.logger = logger
    self.certificateAuthority = certificateAuthority
    self.onCommit = onCommit
  }
}

/// Which object a request is about, and who asks.
struct RequestTarget: Sendable {
  var kind: ServedKind
  /// nil for cluster-scoped kinds, and for all namespaces.
  var namespace: String?
  /// Empty for a collection.
  var name: String = ""
  /// Empty for the object itself.
  var subresource: String = ""
  var user: UserInfo

  var type: ResourceType { kind.type }
  var id: ObjectID { kind.id(namespace: namespace, name: name) }
}

/// What a write answers with.
struct WriteResult: Sendable {
  var object: ServedObject
  var isCreated = false
  /// For the client, as `Warning` headers.
  var warnings: [String] = []
}

/// How a write treats fields that nobody knows, and fields given twice.
enum FieldValidation: String, Sendable {
  case ignore = "Ignore"
  case warn = "Warn"
  case strict = "Strict"

  init(_ options: WriteOptions) { self = options.fieldValidation.flatMap(FieldValidation.init) ?? .warn }
}

/// An object as a client sent it, and what its decoding noticed.
struct DecodedBody: Sendable {
  var object: KubernetesObject
  var duplicateFields: [String] = []
}

extension RequestPipeline {
  /// A definition that was written is established and served before the write returns.
  func settleDefinition(_ id: ObjectID) async throws {
    guard id.collection == DefinitionController.collection else { return }
    try await DefinitionController(pipeline: self).reconcile(id.key)
  }

  /// The namespace's labels; refuses when there is no such namespace.
  func namespaceLabels(_ target: RequestTarget) -> [String: String] {
    let name = target.kind.collection == "namespaces" ? target.name : target.namespace
    guard let name, !name.isEmpty else { return [:] }
    return store.get(ObjectID(collection: "namespaces", key: name))?.object.labels ?? [:]
  }

  /// Refuses a creation in a namespace that is not there or that is going away.
  func checkNamespace(for target: RequestTarget, name: String) throws {
    guard target.kind.isNamespaced else { return }
    guard let namespace = target.namespace, !namespace.isEmpty else {
      throw StatusError.badRequest("an empty namespace may not be set during creation")
    }
    guard let stored = store.get(ObjectID(collection: "namespaces", key: namespace)) else {
      throw StatusError.notFound(.namespaces, namespace)
    }
    guard stored.object.isBeingDeleted else { return }
    var error = StatusError.forbidden(
      target.type, name,
      because: "unable to create new content in namespace \(namespace) because it is being terminated")
    error.causes = [
      StatusError.Cause(
        reason: "NamespaceTerminating", message: "namespace \(namespace) is being terminated",
        field: "metadata.namespace")
    ]
    throw error
  }

  func admissionRequest(
    _ target: RequestTarget, _ operation: AdmissionRequest.Operation, name: String, object: KubernetesObject?,
    old: KubernetesObject?, options: JSON, isDryRun: Bool
  ) -> AdmissionRequest {
    AdmissionRequest(
      resource: target.kind.resource, subresource: target.subresource, operation: operation, name: name,
      namespace: target.kind.collection == "namespaces" ? name : target.namespace ?? "",
      namespaceLabels: namespaceLabels(target), user: target.user, object: object, oldObject: old, isDryRun: isDryRun,
      options: options)
  }

  /// Runs the mutating half of admission; gives the object as it comes out.
  func mutate(_ request: AdmissionRequest, warnings: inout [String]) async throws -> KubernetesObject? {
    var request = request
    for plugin in plugins {
      let outcome = try await noted(request, &warnings) { try await plugin.mutate($0) }
      if let object = outcome.object { request.object = object }
    }
    return request.object
  }

  /// Runs the validating half.
  func validate(_ request: AdmissionRequest, warnings: inout [String]) async throws {
    for plugin in plugins { _ = try await noted(request, &warnings) { try await plugin.validate($0) } }
  }

  /// Keeps what a plugin has to say. A refusal takes along what the plugins before it said.
  private func noted(
    _ request: AdmissionRequest, _ warnings: inout [String],
    _ ask: (AdmissionRequest) async throws -> AdmissionOutcome
  ) async throws -> AdmissionOutcome {
    do {
      let outcome = try await ask(request)
      note(outcome, request, &warnings)
      return outcome
    } catch var refusal as AdmissionRefusal {
      note(
        AdmissionOutcome(object: nil, warnings: refusal.warnings, auditAnnotations: refusal.auditAnnotations), request,
        &warnings)
      refusal.warnings = warnings
      throw refusal
    }
  }

  private func note(_ outcome: AdmissionOutcome, _ request: AdmissionRequest, _ warnings: inout [String]) {
    for warning in outcome.warnings where !warnings.contains(warning) { warnings.append(warning) }
    guard !outcome.auditAnnotations.isEmpty else { return }
    logger.info(
      "audit",
      metadata: [
        "resource": "\(request.resource.type.qualifiedResource)", "name": "\(request.name)",
        "annotations": "\(outcome.auditAnnotations)",
      ])
  }

  /// `CreateOptions` or `UpdateOptions`, as admission gets them.
  func optionsObject(_ kind: String, _ options: WriteOptions) -> JSON {
    var json: JSON = ["kind": .string(kind), "apiVersion": "meta.k8s.io/v1"]
    if options.isDryRun { json["dryRun"] = ["All"] }
    if let manager = options.fieldManager { json["fieldManager"] = .string(manager) }
    if let validation = options.fieldValidation { json["fieldValidation"] = .string(validation) }
    if options.force { json["force"] = true }
    return json
  }

  /// Deals with unknown and duplicate fields as `fieldValidation` says.
  func check(
    unknown: [String], duplicate: [String], target: RequestTarget, options: WriteOptions, warnings: inout [String],
    strictError: (String) -> StatusError
  ) throws {
    let complaints = unknown.map { "unknown field \"\($0)\"" } + duplicate.map { "duplicate field \"\($0)\"" }
    guard !complaints.isEmpty else { return }
    switch FieldValidation(options) {
    case .ignore: break
    case .warn: warnings += complaints
    case .strict: throw strictError("strict decoding error: \(complaints.joined(separator: ", "))")
    }
  }
}
