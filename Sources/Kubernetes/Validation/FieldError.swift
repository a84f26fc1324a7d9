/// One thing that is wrong with one field of an object, in the API server's words
/// (k8s.io/apimachinery, util/validation/field).
public struct FieldError: Sendable, Hashable, CustomStringConvertible {
  /// The raw value is the `reason` of a cause in a `Status`.
  public enum Kind: String, Sendable, Hashable {
    case notFound = "FieldValueNotFound"
    case required = "FieldValueRequired"
    case duplicate = "FieldValueDuplicate"
    case invalid = "FieldValueInvalid"
    case notSupported = "FieldValueNotSupported"
    case forbidden = "FieldValueForbidden"
    case tooLong = "FieldValueTooLong"
    case tooShort = "FieldValueTooShort"
    case tooMany = "FieldValueTooMany"
    case tooFew = "FieldValueTooFew"
    case typeInvalid = "FieldValueTypeInvalid"
    case internalError = "InternalError"
  }

  public var kind: Kind
  /// `spec.containers[0].image`; `<nil>` where the server has no path.
  public var field: String
  /// The offending value; nil where the message leaves it out.
  public var value: JSON?
  /// How the server writes the value, where that is not `value` as JSON.
  public var valueText: String?
  public var detail: String

  public init(kind: Kind, field: String, value: JSON? = nil, detail: String = "") {
    self.kind = kind
    self.field = field.isEmpty ? "<nil>" : field
    self.value = value
    self.detail = detail
  }

  public static func notFound(_ field: String, _ value: JSON) -> FieldError {
    FieldError(kind: .notFound, field: field, value: value)
  }

  public static func required(_ field: String, _ detail: String = "") -> FieldError {
    FieldError(kind: .required, field: field, detail: detail)
  }

  public static func duplicate(_ field: String, _ value: JSON) -> FieldError {
    FieldError(kind: .duplicate, field: field, value: value)
  }

  public static func invalid(_ field: String, _ value: JSON, _ detail: String) -> FieldError {
    FieldError(kind: .invalid, field: field, value: value, detail: detail)
  }

  public static func typeInvalid(_ field: String, _ value: JSON, _ detail: String) -> FieldError {
    FieldError(kind: .typeInvalid, field: field, value: value, detail: detail)
  }

  public static func notSupported(_ field: String, _ value: JSON, supported: [String]) -> FieldError {
    let values = supported.map(GoText.quoted).joined(separator: ", ")
    return FieldError(
      kind: .notSupported, field: field, value: value, detail: values.isEmpty ? "" : "supported values: \(values)")
  }

  public static func forbidden(_ field: String, _ detail: String) -> FieldError {
    FieldError(kind: .forbidden, field: field, detail: detail)
  }

  /// - Parameter limit: in bytes.
  public static func tooLong(_ field: String, limit: Int) -> FieldError {
    FieldError(kind: .tooLong, field: field, detail: "may not be more than \(limit) \(limit == 1 ? "byte" : "bytes")")
  }

  public static func tooMany(_ field: String, count: Int, limit: Int) -> FieldError {
    FieldError(
      kind: .tooMany, field: field, value: JSON(count),
      detail: "must have at most \(limit) \(limit == 1 ? "item" : "items")")
  }

  /// The server's text without the field: `Invalid value: "x": must be ...`.
  public var message: String {
    var text =
      switch kind {
      case .notFound: "Not found"
      case .required: "Required value"
      case .duplicate: "Duplicate value"
      case .invalid, .typeInvalid: "Invalid value"
      case .notSupported: "Unsupported value"
      case .forbidden: "Forbidden"
      case .tooLong: "Too long"
      case .tooShort: "Too short"
      case .tooMany: "Too many"
      case .tooFew: "Too few"
      case .internalError: "Internal error"
      }
    switch kind {
    case .required, .forbidden, .tooLong, .tooShort, .internalError: break
    default: if let value { text += ": " + (valueText ?? GoText.plain(value)) }
    }
    return detail.isEmpty ? text : "\(text): \(detail)"
  }

  /// The entry in `details.causes` of the refusal.
  public var cause: StatusError.Cause {
    StatusError.Cause(reason: kind.rawValue, message: message, field: field)
  }

  public var description: String { "\(field): \(message)" }
}

extension StatusError {
  /// 422: what `errors` say about an object. - Parameter errors: at least one.
  public static func invalid(_ kind: GroupVersionKind, _ name: String, _ errors: [FieldError]) -> StatusError {
    invalid(kind, name, errors.map(\.cause))
  }
}
