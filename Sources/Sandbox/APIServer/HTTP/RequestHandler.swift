import HTTPTypes
import Hummingbird
import Kubernetes
import Logging
import NIOCore

/// The context of one HTTP request.
struct ServerContext: RequestContext {
  var coreContext: CoreRequestContextStorage
  let channel: any Channel

  init(source: ApplicationRequestContextSource) {
    coreContext = CoreRequestContextStorage(source: source)
    channel = source.channel
  }
}

/// Answers every HTTP request: authenticates, finds the resource, hands over to the pipeline.
struct RequestHandler: HTTPResponder {
  typealias Context = ServerContext

  let pipeline: RequestPipeline
  let authenticator: Authenticator
  let documents: DocumentEndpoints
  let logs: PodLogs
  let logger: Logger

  @Sendable
  func respond(to request: Request, context: ServerContext) async throws -> Response {
    do {
      return try await answer(request, context)
    } catch let error as StatusError {
      return ResponseWriting.error(error)
    } catch let refusal as AdmissionRefusal {
      return ResponseWriting.error(refusal.status, warnings: refusal.warnings)
    } catch let error as StoreError {
      return ResponseWriting.error(.internalError("\(error)"))
    } catch is CancellationError {
      return ResponseWriting.error(StatusError(code: 503, reason: .serviceUnavailable, message: "shutting down"))
    } catch {
      logger.error("request failed", metadata: ["path": "\(request.uri.path)", "error": "\(error)"])
      return ResponseWriting.error(.internalError("\(error)"))
    }
  }

  private func answer(_ request: Request, _ context: ServerContext) async throws -> Response {
    let raw = request.head.path ?? "/"
    let cut = raw.firstIndex(of: "?")
    let path = String(raw[..<(cut ?? raw.endIndex)])
    let query = QueryParameters(cut.map { raw[raw.index(after: $0)...] })
    if let open = documents.open(path, isVerbose: query["verbose"] != nil) { return open }
    guard let user = try await authenticator.user(of: request.head, channel: context.channel) else {
      return ResponseWriting.error(StatusError(code: 401, reason: .unauthorized, message: "Unauthorized"))
    }
    let segments = path.split(separator: "/").map { $0.removingPercentEncoding ?? String($0) }
    if let document = try documents.respond(
      segments: segments, accept: accept(request), ifNoneMatch: request.headers[.ifNoneMatch], head: request.head)
    {
      return document
    }
    guard let resourcePath = ResourcePath(segments),
      let kind = pipeline.registry.kind(
        group: resourcePath.group, version: resourcePath.version, plural: resourcePath.plural)
    else { return ResponseWriting.text("404 page not found\n", code: 404) }
    let target = RequestTarget(
      kind: kind, namespace: resourcePath.namespace, name: resourcePath.name, subresource: resourcePath.subresource,
      user: user)
    guard kind.isNamespaced || resourcePath.namespace == nil else {
      return ResponseWriting.text("404 page not found\n", code: 404)
    }
    guard kind.isNamespaced == false || target.namespace != nil || request.method != .post else {
      throw Self.methodNotAllowed
    }
    try authorize(target, request.method, isWatch: query.flag("watch") == true)
    return try await respond(request, context, target, query)
  }

  /// Administrators may do everything; whoever came with a token, another certificate or by impersonation may do what
  /// RBAC says.
  private func authorize(_ target: RequestTarget, _ method: HTTPRequest.Method, isWatch: Bool) throws {
    guard !target.user.groups.contains("system:masters") else { return }
    let attributes = RBACEvaluator.Attributes(
      verb: isWatch ? "watch" : Self.verb(method, target), namespace: target.namespace ?? "",
      group: target.type.group, resource: target.type.plural, subresource: target.subresource, name: target.name)
    guard AdmissionEdge.evaluator(pipeline.store).decide(target.user, attributes).isAllowed else {
      throw RBACEvaluator.forbidden(target.user, attributes)
    }
  }

  private func accept(_ request: Request) -> String? {
    let values = request.headers[values: .accept]
    return values.isEmpty ? nil : values.joined(separator: ",")
  }

  private func respond(
    _ request: Request, _ context: ServerContext, _ target: RequestTarget, _ query: QueryParameters
  ) async throws -> Response {
    guard target.kind.resource.verbs.contains(Self.verb(request.method, target)) || !target.subresource.isEmpty,
      !target.kind.isNamespaced || target.namespace != nil || target.name.isEmpty
    else { throw Self.methodNotAllowed }
    switch target.subresource {
    case "": break
    case "status" where target.kind.resource.hasStatus && request.method != .post && request.method != .delete: break
    case "finalize" where target.kind.collection == "namespaces" && request.method == .put: break
    case "scale" where target.kind.hasScale: return try await scale(request, target, query)
    case "log" where target.kind.collection == "pods" && request.method == .get:
      return try await PodLogEndpoint(pipeline: pipeline, logs: logs).respond(target, query, channel: context.channel)
    case "token" where target.kind.collection == "serviceaccounts" && request.method == .post:
      return try await token(request, target)
    default: return ResponseWriting.text("404 page not found\n", code: 404)
    }
    let form = try MediaTypes.form(accept: accept(request))
    switch request.method {
    case .get, .head: return try await read(target, query, form, context)
    case .post:
      guard target.name.isEmpty else { throw Self.methodNotAllowed }
      let options = try writeOptions("CreateOptions", request, query)
      let body = try await BodyDecoder.object(request, target: target)
      return written(try await pipeline.create(target, body, options: options), target, form)
    case .put:
      guard !target.name.isEmpty else { throw Self.methodNotAllowed }
      let options = try writeOptions("UpdateOptions", request, query)
      let body = try await BodyDecoder.object(request, target: target)
      return written(try await pipeline.update(target, body, options: options), target, form)
    case .patch:
      guard !target.name.isEmpty else { throw Self.methodNotAllowed }
      let (patch, duplicates) = try await BodyDecoder.patch(request, target: target)
      var options = try writeOptions("PatchOptions", request, query)
      if case .apply = patch {
        options.fieldManager = query["fieldManager"]
      } else if query["force"] != nil {
        throw StatusError.invalid(
          GroupVersionKind(group: "meta.k8s.io", version: "v1", kind: "PatchOptions"), "",
          [FieldError.forbidden("force", "may not be specified for non-apply patch")])
      }
      return written(
        try await pipeline.patch(target, patch, duplicateFields: duplicates, options: options), target, form)
    case .delete: return try await delete(request, target, query, form)
    default: throw Self.methodNotAllowed
    }
  }

  private static func verb(_ method: HTTPRequest.Method, _ target: RequestTarget) -> String {
    switch method {
    case .get, .head: target.name.isEmpty ? "list" : "get"
    case .post: "create"
    case .put: "update"
    case .patch: "patch"
    case .delete: target.name.isEmpty ? "deletecollection" : "delete"
    default: ""
    }
  }

  private static let methodNotAllowed = StatusError(
    code: 405, reason: .methodNotAllowed, message: "the server does not allow this method on the requested resource")

  private func writeOptions(_ kind: String, _ request: Request, _ query: QueryParameters) throws -> WriteOptions {
    let agent = request.headers[.userAgent]
    var options = try query.writeOptions(kind)
    if options.fieldManager == nil { options.fieldManager = QueryParameters.manager(userAgent: agent) }
    return options
  }

  private func read(
    _ target: RequestTarget, _ query: QueryParameters, _ form: MediaTypes.Form, _ context: ServerContext
  ) async throws -> Response {
    let request = try query.listRequest()
    if query.flag("watch") == true {
      try RequestPipeline.checkWatchOptions(request, isWatch: true)
      let watch = try pipeline.watch(target, request)
      return WatchStream(
        watch: watch, request: request, form: form, includeObject: query["includeObject"] ?? "Metadata",
        channel: context.channel
      ).response
    }
    guard target.name.isEmpty else {
      let object = try pipeline.get(target)
      return written(WriteResult(object: object), target, form, includeObject: query["includeObject"])
    }
    try RequestPipeline.checkWatchOptions(request, isWatch: false)
    let result = try pipeline.list(target, request)
    switch form.shape {
    case .object: return ResponseWriting.list(result, kind: target.kind, form: form)
    case .metadata: return ResponseWriting.json(ResponseWriting.partialList(result), form: form)
    case .table:
      return ResponseWriting.json(
        TableEdge.table(
          target.kind, result.items.map(\.object), metadata: ResponseWriting.listMetadata(result),
          includeObject: query["includeObject"] ?? "Metadata", omitHeaders: false), form: form)
    }
  }

  /// One object in the form that was asked for.
  private func written(
    _ result: WriteResult, _ target: RequestTarget, _ form: MediaTypes.Form, includeObject: String? = nil
  ) -> Response {
    let code = result.isCreated ? 201 : 200
    switch form.shape {
    case .object: return ResponseWriting.object(result.object, code: code, form: form, warnings: result.warnings)
    case .metadata:
      return ResponseWriting.json(
        ResponseWriting.partial(result.object.object), code: code, form: form, warnings: result.warnings)
    case .table:
      let object = result.object.object
      return ResponseWriting.json(
        TableEdge.table(
          target.kind, [object], metadata: ["resourceVersion": .string(object.resourceVersion)],
          includeObject: includeObject ?? "Metadata", omitHeaders: false), code: code, form: form,
        warnings: result.warnings)
    }
  }

  private func delete(
    _ request: Request, _ target: RequestTarget, _ query: QueryParameters, _ form: MediaTypes.Form
  ) async throws -> Response {
    let options = try query.deleteOptions(body: try await BodyDecoder.deleteOptions(request))
    var warnings: [String] = []
    if target.name.isEmpty {
      let result = try await pipeline.deleteCollection(
        target, selector: try query.listRequest(), options: options, warnings: &warnings)
      return ResponseWriting.list(result, kind: target.kind, form: form)
    }
    switch try await pipeline.delete(target, options: options, warnings: &warnings) {
    case .gone(let object):
      return ResponseWriting.json(ResponseWriting.deleted(object, target.type), form: form, warnings: warnings)
    case .object(let object): return written(WriteResult(object: object, warnings: warnings), target, form)
    }
  }

  private func scale(_ request: Request, _ target: RequestTarget, _ query: QueryParameters) async throws -> Response {
    switch request.method {
    case .get: return ResponseWriting.object(try pipeline.scale(target), form: .json)
    case .put:
      let body = try await BodyDecoder.object(request, target: target)
      let options = try writeOptions("UpdateOptions", request, query)
      let result = try await pipeline.updateScale(target, options: options) { _ in body.object }
      return ResponseWriting.object(result.object, form: .json, warnings: result.warnings)
    case .patch:
      let (patch, _) = try await BodyDecoder.patch(request, target: target)
      let options = try writeOptions("PatchOptions", request, query)
      let result = try await pipeline.updateScale(target, options: options) {
        try RequestPipeline.patched(
          $0, by: patch, kind: GroupVersionKind(group: "autoscaling", version: "v1", kind: "Scale"))
      }
      return ResponseWriting.object(result.object, form: .json, warnings: result.warnings)
    default: throw Self.methodNotAllowed
    }
  }

  /// `kubectl create token`: a token that this server knows for as long as it runs.
  private func token(_ request: Request, _ target: RequestTarget) async throws -> Response {
    _ = try pipeline.get(target)
    var review = try await BodyDecoder.object(request, target: target).object
    let token = "sandbox." + Names.uid() + Names.uid()
    authenticator.add(token: token, for: .serviceAccount(namespace: target.namespace ?? "", name: target.name))
    let seconds = review[path: "spec", "expirationSeconds"]?.intValue ?? 3600
    review["status"] = [
      "token": .string(token),
      "expirationTimestamp": .string(Timestamp.text(secondsSince1970: Int64(Clock.now()) + seconds)),
    ]
    return ResponseWriting.json(review.json, code: 201)
  }
}
