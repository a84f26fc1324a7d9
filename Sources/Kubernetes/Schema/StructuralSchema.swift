/// The `openAPIV3Schema` of a version of a custom resource: validation, defaults and pruning as the API server does them
/// (apiextensions-apiserver), with its words. Parsed once; its use is safe from any task.
public struct StructuralSchema: Sendable {
  let root: SchemaNode
  private let rules: ValidationRules

  init(root: SchemaNode, isResource: Bool = false) {
    self.root = root
    rules = ValidationRules(root, isResource: isResource)
  }

  /// - Parameter json: an `openAPIV3Schema`. What makes no sense in it is ignored here; `CustomResourceDefinitions`
  ///   refuses it before.
  public init(json: JSON) {
    self.init(root: SchemaNode(json), isResource: true)
  }

  /// The schema of a member, `status` for instance.
  public func property(_ name: String) -> StructuralSchema? {
    root.properties[name].map { StructuralSchema(root: $0) }
  }

  /// Whether anything in it has `x-kubernetes-validations`.
  public var hasValidationRules: Bool { root.hasRules }

  /// Whether anything in it has such a rule that `validate` does not evaluate, since it is beyond the part of CEL that is
  /// known here.
  public var hasUnevaluatedRules: Bool { rules.hasUnevaluated }

  /// What is wrong with a value, in the server's order: the schema, embedded resources, lists that are sets or maps, and,
  /// when the schema has validation rules and an error keeps the server from them, its remark on that.
  ///
  /// Of the rules in CEL those are evaluated that are in the part of it that is known here (`hasUnevaluatedRules`).
  /// - Parameters:
  ///   - old: the stored value on an update. What is wrong with a part that has not changed is passed over
  ///     ("ratcheting").
  ///   - field: where the value is, in front of every error's field: `status` when a status is validated by itself.
  public func validate(_ value: JSON, old: JSON? = nil, at field: String = "") -> [FieldError] {
    findings(in: value, old: old, at: field).errors
  }

  /// What is wrong with a value, as `validate` has it, and what the server only warns of: validation rules that a part
  /// breaks which has not changed.
  public func findings(
    in value: JSON, old: JSON? = nil, at field: String = ""
  ) -> (errors: [FieldError], warnings: [FieldError]) {
    var validation = SchemaValidation(prefix: field)
    _ = validation.validate(value, root, old: old)
    var errors = validation.errors
    if root.hasStructureChecks {
      errors += StructureChecks.embeddedResources(value, root, path: field)
      let wasBroken = old.map { !StructureChecks.lists($0, root, path: field).isEmpty } ?? false
      if !wasBroken { errors += StructureChecks.lists(value, root, path: field) }
    }
    guard hasValidationRules else { return (errors, []) }
    if errors.contains(where: { Self.blocksRules($0.kind) }) {
      errors.append(
        .invalid(
          "", .null,
          "some validation rules were not checked because the object was invalid; correct the existing errors to "
            + "complete validation"))
      return (errors, [])
    }
    let broken = rules.validate(value, root, old: old, path: field)
    return (errors + broken.errors, broken.warnings)
  }

  private static func blocksRules(_ kind: FieldError.Kind) -> Bool {
    switch kind {
    case .notSupported, .required, .tooLong, .tooMany, .typeInvalid: true
    default: false
    }
  }

  /// The value with the schema's defaults where members are absent, or null but not nullable. A null that is neither
  /// nullable nor has a default is removed first.
  public func applyingDefaults(to value: JSON) -> JSON {
    SchemaDefaults.apply(to: value, root) ?? value
  }

  /// The value without the fields that the schema does not know. `apiVersion`, `kind` and `metadata` of an object, and
  /// of embedded resources, stay; unknown fields of `metadata` go.
  /// - Returns: also the paths of what went, sorted: `spec.foo`, `spec.items[0].bar`.
  public func pruning(_ value: JSON) -> (value: JSON, removed: [String]) {
    var pruning = SchemaPruning()
    let pruned = pruning.prune(value, root, isResource: true) ?? value
    return (pruned, pruning.removed.sorted(by: JSON.isOrderedByBytes))
  }
}
