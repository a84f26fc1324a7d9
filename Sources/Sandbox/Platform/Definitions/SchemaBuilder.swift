import Kubernetes

/// Words for writing structural schemas briefly.
enum Schema {
  static let string: JSON = ["type": "string"]
  static let boolean: JSON = ["type": "boolean"]
  static let integer: JSON = ["type": "integer"]
  static let int64: JSON = ["type": "integer", "format": "int64"]
  static let dateTime: JSON = ["type": "string", "format": "date-time"]
  static let stringMap: JSON = ["type": "object", "additionalProperties": ["type": "string"]]
  /// An object that keeps whatever is in it.
  static let anything: JSON = ["type": "object", "x-kubernetes-preserve-unknown-fields": true]

  static func object(_ properties: [String: JSON], required: [String] = [], default value: JSON? = nil) -> JSON {
    var schema: JSON = ["type": "object", "properties": .object(properties)]
    if !required.isEmpty { schema["required"] = JSON(required) }
    if let value { schema["default"] = value }
    return schema
  }

  static func array(of items: JSON) -> JSON { ["type": "array", "items": items] }

  static func choice(_ values: String..., default value: String? = nil) -> JSON {
    var schema: JSON = ["type": "string", "enum": JSON(values)]
    if let value { schema["default"] = .string(value) }
    return schema
  }

  static func string(default value: String) -> JSON { ["type": "string", "default": .string(value)] }

  /// `metav1.Condition` as controller-gen writes it.
  static let condition = object(
    [
      "lastTransitionTime": dateTime,
      "message": ["type": "string", "maxLength": 32768],
      "observedGeneration": ["type": "integer", "format": "int64", "minimum": 0],
      "reason": [
        "type": "string", "minLength": 1, "maxLength": 1024, "pattern": "^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$",
      ],
      "status": choice("True", "False", "Unknown"),
      "type": [
        "type": "string", "maxLength": 316,
        "pattern":
          "^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])$",
      ],
    ], required: ["lastTransitionTime", "message", "reason", "status", "type"])

  static let conditions = array(of: condition)

  /// A list that is a map keyed by `type`, as on PromiseRevision and ResourceBinding (contract, section 1).
  static let keyedConditions: JSON = {
    var schema = conditions
    schema["x-kubernetes-list-type"] = "map"
    schema["x-kubernetes-list-map-keys"] = ["type"]
    return schema
  }()
}

extension JSON {
  /// A schema whose value cannot change once it is there.
  func immutable(message: String) -> JSON {
    var schema = self
    schema["x-kubernetes-validations"] = [["rule": "self == oldSelf", "message": .string(message)]]
    return schema
  }
}
