import Kubernetes

/// `metav1.ListOptions` of a list or a watch, parsed.
struct ListRequest: Sendable {
  enum VersionMatch: String, Sendable {
    case exact = "Exact"
    case notOlderThan = "NotOlderThan"
  }

  var labels = LabelSelector.everything
  var fields = FieldSelector.everything
  var limit: Int?
  var continueToken: String?
  /// Empty for the newest.
  var resourceVersion = ""
  var versionMatch: VersionMatch?
  var allowsBookmarks = false
  var sendsInitialEvents: Bool?
  var timeoutSeconds: Int?

  var selectsEverything: Bool { labels.requirements.isEmpty && fields.requirements.isEmpty }

  /// Reads the two selectors; an empty one selects everything.
  mutating func select(labels labelText: String, fields fieldText: String) throws(StatusError) {
    do throws(SelectorError) {
      labels = try LabelSelector(parsing: labelText)
      fields = try FieldSelector(parsing: fieldText)
    } catch {
      throw .badRequest(error.message)
    }
  }
}

struct ListResult: Sendable {
  var items: [ServedObject]
  var resourceVersion: String
  var continueToken: String?
  /// How many follow on further pages; nil when that is not known.
  var remaining: Int?
}

extension RequestPipeline {
  func get(_ target: RequestTarget) throws -> ServedObject {
    guard let stored = store.get(target.id) else { throw StatusError.notFound(target.type, target.name) }
    return target.kind.view(of: stored)
  }

  /// One page of a list, from one moment, whatever happens between the pages.
  func list(_ target: RequestTarget, _ request: ListRequest) throws -> ListResult {
    let kind = target.kind
    let prefix = kind.prefix(namespace: target.namespace)
    try checkFields(request.fields, kind)
    let position = try request.continueToken.flatMap { $0.isEmpty ? nil : $0 }.map {
      try ContinueToken(decoding: $0)
    }
    let snapshot = try snapshot(kind, prefix: prefix, request, position)
    var objects = snapshot.objects
    if let start = position?.start {
      let key = prefix + start
      objects =
        objects[(objects.firstIndex { !$0.key.utf8.lexicographicallyPrecedes(key.utf8) } ?? objects.endIndex)...]
    }
    var result = ListResult(items: [], resourceVersion: String(snapshot.version))
    let limit = request.limit.flatMap { $0 > 0 ? $0 : nil } ?? Int.max
    result.items.reserveCapacity(min(limit, objects.count))
    var last: StoredObject?
    for (index, stored) in zip(objects.indices, objects) {
      if result.items.count == limit, let last {
        // There may be more: whoever asks for it gets it from this snapshot.
        guard request.selectsEverything || objects[index...].contains(where: { matches($0, kind, request) }) else {
          break
        }
        store.keep(snapshot, of: kind.collection, prefix: prefix)
        result.continueToken =
          ContinueToken(version: snapshot.version, start: String(last.key.dropFirst(prefix.count)) + "\0").encoded
        if request.selectsEverything { result.remaining = objects.endIndex - index }
        break
      }
      guard request.selectsEverything || matches(stored, kind, request) else { continue }
      result.items.append(kind.view(of: stored))
      last = stored
    }
    return result
  }

  private func snapshot(
    _ kind: ServedKind, prefix: String, _ request: ListRequest, _ position: ContinueToken?
  ) throws -> ObjectStore.Snapshot {
    if let position {
      guard request.resourceVersion.isEmpty || request.resourceVersion == "0" else {
        throw StatusError.badRequest("specifying resource version is not allowed when using continue")
      }
      guard let kept = store.snapshot(kind.collection, prefix: prefix, at: position.version) else {
        throw StatusError.expired(
          "The provided continue parameter is too old to display a consistent list result. You can start a new list "
            + "without the continue parameter.")
      }
      return kept
    }
    guard let version = UInt64(request.resourceVersion), version > 0 else {
      if !request.resourceVersion.isEmpty, request.resourceVersion != "0" {
        throw Self.invalidVersion(request.resourceVersion)
      }
      return store.snapshot(kind.collection, prefix: prefix)
    }
    let current = store.version
    guard version <= current else { throw Self.tooLarge(version, current) }
    if request.versionMatch == .exact || (request.versionMatch == nil && request.limit ?? 0 > 0) {
      guard let past = store.snapshot(kind.collection, prefix: prefix, at: version) else {
        throw StatusError.expired("The resourceVersion for the provided list is too old.")
      }
      return past
    }
    return store.snapshot(kind.collection, prefix: prefix)
  }

  func matches(_ stored: StoredObject, _ kind: ServedKind, _ request: ListRequest) -> Bool {
    guard stored.isSelected(by: request.labels) else { return false }
    if request.fields.requirements.isEmpty { return true }
    let object = kind.view(of: stored).object
    return request.fields.matches { kind.selectableValue($0, of: object) }
  }

  func checkFields(_ selector: FieldSelector, _ kind: ServedKind) throws {
    for requirement in selector.requirements where !kind.knowsField(requirement.path) {
      throw StatusError.badRequest(
        kind.resource.isCustom || !kind.rules.selectableFields.isEmpty
          ? "field label not supported: \(requirement.path)"
          : "\"\(requirement.path)\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\"")
    }
  }

  static func invalidVersion(_ text: String) -> StatusError {
    StatusError.invalid(
      GroupVersionKind(group: "meta.k8s.io", version: "v1", kind: "ListOptions"), "",
      [FieldError.invalid("resourceVersion", .string(text), "must be an unsigned integer")])
  }

  static func tooLarge(_ version: UInt64, _ current: UInt64) -> StatusError {
    StatusError(
      code: 504, reason: .timeout, message: "Timeout: Too large resource version: \(version), current: \(current)",
      causes: [
        StatusError.Cause(reason: "ResourceVersionTooLarge", message: "Too large resource version", field: "")
      ],
      retryAfterSeconds: 1)
  }
}

/// Where a list goes on, as a real server writes it: base64url of a JSON text.
struct ContinueToken {
  var version: UInt64
  /// The first key of the page, without the namespace.
  var start: String

  init(version: UInt64, start: String) {
    self.version = version
    self.start = start
  }

  init(decoding text: String) throws {
    guard let bytes = Base64URL.decode(text), let json = try? JSON(parsing: bytes),
      json["v"]?.stringValue == "meta.k8s.io/v1", let version = json["rv"]?.intValue, version > 0,
      let start = json["start"]?.stringValue, start.hasPrefix("/")
    else { throw StatusError.badRequest("continue key is not valid: illegal base64 data or unrecognized format") }
    self.init(version: UInt64(version), start: String(start.dropFirst()))
  }

  var encoded: String {
    let json: JSON = [
      "v": "meta.k8s.io/v1", "rv": .int(Int64(version)), "start": .string("/" + start),
    ]
    return Base64URL.encode(json.serialized())
  }
}
