import Kubernetes

/// Validates objects as the API server would when they are next written: with defaults filled in, unknown fields gone.
public struct ResourceValidator: Sendable {
  private let schema: StructuralSchema

  /// - Parameter schema: an `openAPIV3Schema`.
  public init(schema: JSON) { self.schema = StructuralSchema(json: schema) }

  /// What is wrong with the object; its `status` is not looked at, since Kratix has its own schema for that (contract,
  /// section 4.2).
  public func errors(in object: JSON) -> [FieldError] {
    var object = object
    if object["apiVersion"] != nil { object["status"] = nil }
    return schema.validate(schema.pruning(schema.applyingDefaults(to: object)).value)
  }
}
