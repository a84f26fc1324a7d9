import Kubernetes

/// The checks of metadata that every kind gets (apimachinery's ValidateObjectMeta and ValidateObjectMetaUpdate).
enum ObjectChecks {
  static func metadata(_ object: KubernetesObject, kind: ServedKind) -> [FieldError] {
    var errors: [FieldError] = []
    if let base = object.generateName, !base.isEmpty {
      // The appended characters make a valid end of a base that ends in a dash.
      for complaint in kind.rules.validateName(base.hasSuffix("-") ? base.dropLast() + "a" : base) {
        errors.append(.invalid("metadata.generateName", .string(base), complaint))
      }
    }
    if object.name.isEmpty {
      errors.append(.required("metadata.name", "name or generateName is required"))
    } else {
      for complaint in kind.rules.validateName(object.name) {
        errors.append(.invalid("metadata.name", .string(object.name), complaint))
      }
    }
    errors += NameRules.labels(object.labels, field: "metadata.labels")
    errors += NameRules.annotations(object.annotations, field: "metadata.annotations")
    for (index, owner) in object.ownerReferences.enumerated() {
      let field = "metadata.ownerReferences[\(index)]"
      if owner.apiVersion.isEmpty {
        errors.append(.invalid("\(field).apiVersion", "", "version must not be empty"))
      }
      if owner.kind.isEmpty { errors.append(.invalid("\(field).kind", "", "must not be empty")) }
      if owner.name.isEmpty { errors.append(.invalid("\(field).name", "", "must not be empty")) }
      if owner.uid.isEmpty { errors.append(.invalid("\(field).uid", "", "must not be empty")) }
    }
    let controllers = object.ownerReferences.filter { $0.controller == true }
    if controllers.count > 1 {
      errors.append(
        .invalid(
          "metadata.ownerReferences", .array(object.ownerReferences.map(\.json)),
          "Only one reference can have Controller set to true. Found \"true\" in references for "
            + controllers.prefix(2).map { "\($0.kind)/\($0.name)" }.joined(separator: " and ")))
    }
    for (index, finalizer) in object.finalizers.enumerated() {
      for complaint in NameRules.qualifiedName(finalizer) {
        errors.append(.invalid("metadata.finalizers[\(index)]", .string(finalizer), complaint))
      }
    }
    return errors
  }

  static func metadataUpdate(_ object: KubernetesObject, old: KubernetesObject) -> [FieldError] {
    var errors: [FieldError] = []
    if old.isBeingDeleted {
      let new = object.finalizers.filter { !old.finalizers.contains($0) }
      if !new.isEmpty {
        let list = new.map { "\"\($0)\"" }.joined(separator: ", ")
        errors.append(
          .forbidden(
            "metadata.finalizers",
            "no new finalizers can be added if the object is being deleted, found new finalizers []string{\(list)}"))
      }
    }
    for field in ["name", "namespace", "uid", "creationTimestamp"] {
      let (new, before) = (object.metadata[field], old.metadata[field])
      if new != before { errors.append(.invalid("metadata.\(field)", new ?? .null, "field is immutable")) }
    }
    return errors
  }

  /// The shape that everything else relies on: metadata is an object, names are strings.
  static func shape(_ object: KubernetesObject) throws {
    guard object.json.objectValue != nil else {
      throw StatusError.badRequest("json: cannot unmarshal \(object.json.typeName) into Go value of type map")
    }
    if let metadata = object["metadata"], metadata.objectValue == nil, metadata != .null {
      throw StatusError.badRequest("metadata must be an object, not \(metadata.typeName)")
    }
    for field in ["name", "generateName", "namespace", "uid", "resourceVersion"] {
      if let value = object.metadata[field], value.stringValue == nil, value != .null {
        throw StatusError.badRequest(
          "json: cannot unmarshal \(value.typeName) into Go struct field ObjectMeta.metadata.\(field) of type string")
      }
    }
    for field in ["labels", "annotations"] {
      guard let value = object.metadata[field], value != .null else { continue }
      guard let entries = value.objectValue else {
        throw StatusError.badRequest(
          "json: cannot unmarshal \(value.typeName) into Go struct field ObjectMeta.metadata.\(field) of type "
            + "map[string]string")
      }
      if let wrong = entries.values.first(where: { $0.stringValue == nil && $0 != .null }) {
        throw StatusError.badRequest(
          "json: cannot unmarshal \(goName(wrong)) into Go struct field ObjectMeta.metadata.\(field) of type string")
      }
    }
    for field in ["finalizers", "ownerReferences", "managedFields"] {
      if let value = object.metadata[field], value.arrayValue == nil, value != .null {
        throw StatusError.badRequest(
          "json: cannot unmarshal \(goName(value)) into Go struct field ObjectMeta.metadata.\(field) of type array")
      }
    }
  }

  private static func goName(_ value: JSON) -> String {
    switch value {
    case .bool: "bool"
    case .int, .double: "number"
    default: value.typeName
    }
  }

  /// Removes what JSON's null leaves in metadata: decoding into a struct drops it.
  static func tidy(_ object: inout KubernetesObject) {
    guard var metadata = object["metadata"]?.objectValue else {
      object["metadata"] = .emptyObject
      return
    }
    metadata = metadata.filter { $0.value != .null }
    for field in ["labels", "annotations"] where metadata[field] == .emptyObject { metadata[field] = nil }
    for field in ["finalizers", "ownerReferences", "managedFields"] where metadata[field] == .array([]) {
      metadata[field] = nil
    }
    metadata["selfLink"] = nil
    object["metadata"] = .object(metadata)
  }
}
