/// An API server's refusal: what `metav1.Status` carries. Thrown by every implementation of `KubernetesAPI`, and what
/// the sandbox's server answers with.
public struct StatusError: Error, Sendable, Hashable, CustomStringConvertible {
  /// `metav1.StatusReason`: open-ended, since a webhook may give any.
  public struct Reason: RawRepresentable, Sendable, Hashable, ExpressibleByStringLiteral {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }
    public init(stringLiteral value: String) { rawValue = value }

    public static let unknown: Reason = ""
    public static let unauthorized: Reason = "Unauthorized"
    public static let forbidden: Reason = "Forbidden"
    public static let notFound: Reason = "NotFound"
    public static let alreadyExists: Reason = "AlreadyExists"
    public static let conflict: Reason = "Conflict"
    public static let gone: Reason = "Gone"
    public static let expired: Reason = "Expired"
    public static let invalid: Reason = "Invalid"
    public static let serverTimeout: Reason = "ServerTimeout"
    public static let timeout: Reason = "Timeout"
    public static let tooManyRequests: Reason = "TooManyRequests"
    public static let badRequest: Reason = "BadRequest"
    public static let methodNotAllowed: Reason = "MethodNotAllowed"
    public static let notAcceptable: Reason = "NotAcceptable"
    public static let requestEntityTooLarge: Reason = "RequestEntityTooLarge"
    public static let unsupportedMediaType: Reason = "UnsupportedMediaType"
    public static let internalError: Reason = "InternalError"
    public static let serviceUnavailable: Reason = "ServiceUnavailable"
  }

  /// One entry of `details.causes`.
  public struct Cause: Sendable, Hashable {
    /// `FieldValueInvalid`, `FieldValueRequired`, `FieldManagerConflict`, ...
    public var reason: String
    public var message: String
    /// `spec.majorVersion`.
    public var field: String

    public init(reason: String, message: String, field: String) {
      self.reason = reason
      self.message = message
      self.field = field
    }
  }

  /// The HTTP status.
  public var code: Int
  public var reason: Reason
  public var message: String
  /// `details`: what the refusal is about; empty strings where it is about nothing in particular.
  public var name: String
  public var group: String
  /// A resource's plural or a kind, as the server has it.
  public var kind: String
  public var causes: [Cause]
  public var retryAfterSeconds: Int?

  public init(
    code: Int, reason: Reason, message: String, name: String = "", group: String = "", kind: String = "",
    causes: [Cause] = [], retryAfterSeconds: Int? = nil
  ) {
    self.code = code
    self.reason = reason
    self.message = message
    self.name = name
    self.group = group
    self.kind = kind
    self.causes = causes
    self.retryAfterSeconds = retryAfterSeconds
  }

  public var description: String { message }
}

// The refusals of an API server, with its words (k8s.io/apimachinery/pkg/api/errors).
extension StatusError {
  public static func notFound(_ type: ResourceType, _ name: String) -> StatusError {
    StatusError(
      code: 404, reason: .notFound, message: "\(type.qualifiedResource) \"\(name)\" not found", name: name,
      group: type.group, kind: type.plural)
  }

  public static func alreadyExists(_ type: ResourceType, _ name: String) -> StatusError {
    StatusError(
      code: 409, reason: .alreadyExists, message: "\(type.qualifiedResource) \"\(name)\" already exists", name: name,
      group: type.group, kind: type.plural)
  }

  public static func conflict(_ type: ResourceType, _ name: String, because why: String) -> StatusError {
    StatusError(
      code: 409, reason: .conflict,
      message: "Operation cannot be fulfilled on \(type.qualifiedResource) \"\(name)\": \(why)", name: name,
      group: type.group, kind: type.plural)
  }

  /// The conflict of optimistic concurrency: somebody wrote in between.
  public static func modified(_ type: ResourceType, _ name: String) -> StatusError {
    conflict(
      type, name,
      because: "the object has been modified; please apply your changes to the latest version and try again")
  }

  /// 422: one cause for each invalid field. The message lists them as the server does, each text once.
  public static func invalid(_ kind: GroupVersionKind, _ name: String, _ causes: [Cause]) -> StatusError {
    let qualified = kind.group.isEmpty ? kind.kind : "\(kind.kind).\(kind.group)"
    var lines: [String] = []
    for cause in causes {
      let line = cause.field.isEmpty ? cause.message : "\(cause.field): \(cause.message)"
      if !lines.contains(line) { lines.append(line) }
    }
    let detail = lines.isEmpty ? "" : lines.count == 1 ? ": \(lines[0])" : ": [\(lines.joined(separator: ", "))]"
    return StatusError(
      code: 422, reason: .invalid, message: "\(qualified) \"\(name)\" is invalid\(detail)", name: name,
      group: kind.group, kind: kind.kind, causes: causes)
  }

  public static func badRequest(_ message: String) -> StatusError {
    StatusError(code: 400, reason: .badRequest, message: message)
  }

  public static func forbidden(_ type: ResourceType, _ name: String, because why: String) -> StatusError {
    StatusError(
      code: 403, reason: .forbidden,
      message: "\(type.qualifiedResource)\(name.isEmpty ? "" : " \"\(name)\"") is forbidden: \(why)", name: name,
      group: type.group, kind: type.plural)
  }

  public static func expired(_ message: String) -> StatusError {
    StatusError(code: 410, reason: .expired, message: message)
  }

  public static func internalError(_ message: String) -> StatusError {
    StatusError(code: 500, reason: .internalError, message: "Internal error occurred: \(message)")
  }
}

// The wire form.
extension StatusError {
  /// The `v1` `Status` object.
  public var json: JSON {
    var json: JSON = [
      "kind": "Status", "apiVersion": "v1", "metadata": [:], "status": "Failure", "message": .string(message),
      "code": JSON(code),
    ]
    if !reason.rawValue.isEmpty { json["reason"] = .string(reason.rawValue) }
    var details: [String: JSON] = [:]
    if !name.isEmpty { details["name"] = .string(name) }
    if !group.isEmpty { details["group"] = .string(group) }
    if !kind.isEmpty { details["kind"] = .string(kind) }
    if let retryAfterSeconds { details["retryAfterSeconds"] = JSON(retryAfterSeconds) }
    if !causes.isEmpty {
      details["causes"] = .array(
        causes.map { cause in
          var json: JSON = ["message": .string(cause.message)]
          if !cause.reason.isEmpty { json["reason"] = .string(cause.reason) }
          if !cause.field.isEmpty { json["field"] = .string(cause.field) }
          return json
        })
    }
    if !details.isEmpty { json["details"] = .object(details) }
    return json
  }

  /// From a `Status` object; nil when the JSON is none, or no failure.
  public init?(json: JSON) {
    guard json["kind"]?.stringValue == "Status", json["status"]?.stringValue != "Success" else { return nil }
    let details = json["details"]
    self.init(
      code: Int(json["code"]?.intValue ?? 0), reason: Reason(rawValue: json["reason"]?.stringValue ?? ""),
      message: json["message"]?.stringValue ?? "", name: details?["name"]?.stringValue ?? "",
      group: details?["group"]?.stringValue ?? "", kind: details?["kind"]?.stringValue ?? "",
      causes: (details?["causes"]?.arrayValue ?? []).map {
        Cause(
          reason: $0["reason"]?.stringValue ?? "", message: $0["message"]?.stringValue ?? "",
          field: $0["field"]?.stringValue ?? "")
      },
      retryAfterSeconds: details?["retryAfterSeconds"]?.intValue.map(Int.init))
  }
}
