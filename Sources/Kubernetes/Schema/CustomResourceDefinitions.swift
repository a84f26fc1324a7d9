/// What the API server does to a CustomResourceDefinition before it stores one: defaults, and checks with its words
/// (apiextensions-apiserver, `apiextensions/validation`). Validation rules in CEL are not compiled.
public enum CustomResourceDefinitions {
  /// With `singular`, `listKind`, the conversion strategy, the port of a conversion webhook and `storedVersions` filled
  /// in where they are absent.
  public static func defaulted(_ crd: KubernetesObject) -> KubernetesObject {
    var result = crd
    let kind = crd[path: "spec", "names", "kind"]?.stringValue ?? ""
    if crd[path: "spec", "names", "singular"]?.stringValue?.isEmpty ?? true {
      result[path: "spec", "names", "singular"] = .string(kind.lowercased())
    }
    if !kind.isEmpty, crd[path: "spec", "names", "listKind"]?.stringValue?.isEmpty ?? true {
      result[path: "spec", "names", "listKind"] = .string(kind + "List")
    }
    if crd[path: "spec", "conversion"]?.objectValue == nil {
      result[path: "spec", "conversion"] = ["strategy": "None"]
    }
    if crd[path: "spec", "conversion", "webhook", "clientConfig", "service"]?.objectValue != nil,
      crd[path: "spec", "conversion", "webhook", "clientConfig", "service", "port"] == nil
    {
      result[path: "spec", "conversion", "webhook", "clientConfig", "service", "port"] = 443
    }
    if crd[path: "status", "storedVersions"]?.arrayValue?.isEmpty ?? true {
      let stored = storedVersions(of: crd, old: nil)
      if !stored.isEmpty { result[path: "status", "storedVersions"] = JSON(stored) }
    }
    return result
  }

  /// `status.storedVersions` as the server sets it on a write: what has been stored up to now, and the storage version.
  public static func storedVersions(of crd: KubernetesObject, old: KubernetesObject?) -> [String] {
    var stored = old?[path: "status", "storedVersions"]?.stringArrayValue ?? []
    let storage = versions(of: crd).first { $0["storage"]?.boolValue ?? false }
    if let name = storage?["name"]?.stringValue, !stored.contains(name) { stored.append(name) }
    return stored
  }

  /// What is wrong with a definition; empty when the server would take it. Defaults are filled in before, as there.
  /// - Parameter old: the stored definition on an update: scope and kind may not change once it is established, group
  ///   and plural never.
  public static func validate(_ crd: KubernetesObject, old: KubernetesObject? = nil) -> [FieldError] {
    let crd = defaulted(crd)
    var errors = old == nil ? validateName(crd) : []
    errors += NameRules.labels(crd.labels) + NameRules.annotations(crd.annotations)
    errors += validateSpec(crd)
    if let old { errors += validateImmutable(crd, old: old) }
    errors += validateStoredVersions(crd, old: old)
    errors += validateApproval(crd, old: old)
    if crd[path: "spec", "preserveUnknownFields"] == .bool(true),
      old?[path: "spec", "preserveUnknownFields"] != .bool(true)
    {
      errors.append(
        .invalid(
          "spec.preserveUnknownFields", true,
          "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead"))
    }
    return errors
  }

  static func versions(of crd: KubernetesObject) -> [JSON] {
    crd[path: "spec", "versions"]?.arrayValue ?? []
  }

  private static func validateName(_ crd: KubernetesObject) -> [FieldError] {
    guard !crd.name.isEmpty else { return [.required("metadata.name", "name or generateName is required")] }
    var complaints = NameRules.dns1123Subdomain(crd.name)
    let plural = crd[path: "spec", "names", "plural"]?.stringValue ?? ""
    let group = crd[path: "spec", "group"]?.stringValue ?? ""
    if crd.name != "\(plural).\(group)" { complaints.append(#"must be spec.names.plural+"."+spec.group"#) }
    return complaints.map { .invalid("metadata.name", .string(crd.name), $0) }
  }

  private static func validateImmutable(_ crd: KubernetesObject, old: KubernetesObject) -> [FieldError] {
    var paths = [["spec", "group"], ["spec", "names", "plural"]]
    if old.hasCondition("Established") { paths = [["spec", "scope"], ["spec", "names", "kind"]] + paths }
    return paths.compactMap { path in
      let value = crd.json.value(at: path[...]) ?? ""
      guard value != old.json.value(at: path[...]) ?? "" else { return nil }
      return .invalid(path.joined(separator: "."), value, "field is immutable")
    }
  }

  private static func validateStoredVersions(_ crd: KubernetesObject, old: KubernetesObject?) -> [FieldError] {
    let stored = storedVersions(of: crd, old: old)
    guard !stored.isEmpty else {
      return [.invalid("status.storedVersions", .null, "must have at least one stored version")]
    }
    let names = versions(of: crd).map { $0["name"]?.stringValue ?? "" }
    return stored.enumerated().compactMap { index, version in
      if names.contains(version) { return nil }
      return .invalid(
        "status.storedVersions[\(index)]", .string(version),
        "missing from spec.versions; \(version) was previously a storage version, and must remain in spec.versions until "
          + "a storage migration ensures no data remains persisted in \(version) and removes \(version) from "
          + "status.storedVersions")
    }
  }

  /// Groups of the Kubernetes community need an approval.
  private static func validateApproval(_ crd: KubernetesObject, old: KubernetesObject?) -> [FieldError] {
    let group = crd[path: "spec", "group"]?.stringValue ?? ""
    let isProtected = ["k8s.io", "kubernetes.io"].contains { group == $0 || group.hasSuffix("." + $0) }
    let key = "api-approved.kubernetes.io"
    let approval = crd.annotations[key] ?? ""
    guard isProtected, old.map({ ($0.annotations[key] ?? "") != approval }) ?? true else { return [] }
    let field = "metadata.annotations[\(key)]"
    if approval.isEmpty {
      return [
        .required(
          field,
          "protected groups must have approval annotation \"\(key)\", see "
            + "https://github.com/kubernetes/enhancements/pull/1111")
      ]
    }
    if approval.hasPrefix("unapproved") || approval.contains("://") { return [] }
    return [
      .invalid(
        field, .string(approval),
        "protected groups must have approval annotation \"\(key)\" with either a URL or a reason starting with "
          + "\"unapproved\", see https://github.com/kubernetes/enhancements/pull/1111")
    ]
  }

  private static func validateSpec(_ crd: KubernetesObject) -> [FieldError] {
    let versions = versions(of: crd)
    var errors = validateGroup(crd[path: "spec", "group"]?.stringValue ?? "")
    let scope = crd[path: "spec", "scope"]?.stringValue ?? ""
    if scope.isEmpty {
      errors.append(.required("spec.scope"))
    } else if scope != "Cluster", scope != "Namespaced" {
      errors.append(.notSupported("spec.scope", .string(scope), supported: ["Cluster", "Namespaced"]))
    }
    for (index, version) in versions.enumerated() where version[path: "schema", "openAPIV3Schema"] == nil {
      errors.append(.required("spec.versions[\(index)].schema.openAPIV3Schema"))
    }
    // What all versions have in common stands for all of them in the server, and so in its messages.
    func common(_ key: String) -> JSON? {
      guard let first = versions.first, versions.allSatisfy({ $0[key] == first[key] }) else { return nil }
      return first[key]
    }
    var shared: [String: JSON] = [:]
    for key in ["schema", "subresources", "additionalPrinterColumns", "selectableFields"] { shared[key] = common(key) }
    for (index, version) in versions.enumerated() {
      let name = version["name"]?.stringValue ?? ""
      let complaints = NameRules.dns1035Label(name)
      let path = "spec.versions[\(index)]"
      if !complaints.isEmpty {
        errors.append(.invalid("\(path).name", .string(name), complaints.joined(separator: ",")))
      }
      errors += CustomResourceVersionRules.validate(version, path: path, isShared: { shared[$0] != nil })
    }
    let names = versions.map { $0["name"]?.stringValue ?? "" }
    func complain(_ detail: String) {
      var error = FieldError.invalid("spec.versions", .array(versions), detail)
      error.valueText = CustomResourceVersionRules.internalText(versions) { shared[$0] != nil }
      errors.append(error)
    }
    if Set(names).count < names.count { complain("must contain unique version names") }
    if versions.count(where: { $0["storage"]?.boolValue ?? false }) != 1 {
      complain("must have exactly one version marked as storage version")
    }
    errors += validateNames(crd[path: "spec", "names"] ?? .emptyObject)
    errors += CustomResourceVersionRules.validateShared(
      shared,
      hasStatus: versions.contains { $0[path: "subresources", "status"]?.objectValue != nil })
    return errors + validateConversion(crd[path: "spec", "conversion"] ?? .emptyObject)
  }

  private static func validateGroup(_ group: String) -> [FieldError] {
    if group.isEmpty { return [.required("spec.group")] }
    let complaints = NameRules.dns1123Subdomain(group)
    if !complaints.isEmpty {
      return [.invalid("spec.group", .string(group), complaints.joined(separator: ","))]
    }
    return group.contains(".")
      ? [] : [.invalid("spec.group", .string(group), "should be a domain with at least one dot")]
  }

  private static func validateNames(_ names: JSON) -> [FieldError] {
    var errors: [FieldError] = []
    func text(_ key: String) -> String { names[key]?.stringValue ?? "" }
    for key in ["plural", "singular", "kind", "listKind"] where text(key).isEmpty {
      errors.append(.required("spec.names.\(key)"))
    }
    for key in ["plural", "singular"] where !text(key).isEmpty {
      let complaints = NameRules.dns1035Label(text(key))
      if !complaints.isEmpty {
        errors.append(.invalid("spec.names.\(key)", .string(text(key)), complaints.joined(separator: ",")))
      }
    }
    for key in ["kind", "listKind"] where !text(key).isEmpty {
      let complaints = NameRules.dns1035Label(text(key).lowercased())
      if !complaints.isEmpty {
        errors.append(
          .invalid(
            "spec.names.\(key)", .string(text(key)),
            "may have mixed case, but should otherwise match: " + complaints.joined(separator: ",")))
      }
    }
    func list(_ key: String) {
      for (index, value) in (names[key]?.stringArrayValue ?? []).enumerated() {
        let complaints = NameRules.dns1035Label(value)
        if complaints.isEmpty { continue }
        errors.append(.invalid("spec.names.\(key)[\(index)]", .string(value), complaints.joined(separator: ",")))
      }
    }
    list("shortNames")
    if !text("kind").isEmpty, text("kind") == text("listKind") {
      errors.append(
        .invalid("spec.names.listKind", .string(text("listKind")), "kind and listKind may not be the same"))
    }
    list("categories")
    return errors
  }

  private static func validateConversion(_ conversion: JSON) -> [FieldError] {
    let path = "spec.conversion"
    let strategy = conversion["strategy"]?.stringValue ?? ""
    let client = conversion[path: "webhook", "clientConfig"]
    let reviews = conversion[path: "webhook", "conversionReviewVersions"]?.stringArrayValue ?? []
    switch strategy {
    case "None":
      var errors: [FieldError] = []
      if client != nil {
        errors.append(
          .forbidden("\(path).webhookClientConfig", "should not be set when strategy is not set to Webhook"))
      }
      if !reviews.isEmpty {
        errors.append(
          .forbidden("\(path).conversionReviewVersions", "should not be set when strategy is not set to Webhook"))
      }
      return errors
    case "Webhook":
      var errors: [FieldError] = []
      if let client {
        if (client["url"] == nil) == (client["service"] == nil) {
          errors.append(.required("\(path).webhookClientConfig", "exactly one of url or service is required"))
        }
      } else {
        errors.append(.required("\(path).webhookClientConfig", "required when strategy is set to Webhook"))
      }
      if reviews.isEmpty {
        errors.append(.required("\(path).conversionReviewVersions"))
      } else if !reviews.contains("v1"), !reviews.contains("v1beta1") {
        errors.append(
          .invalid("\(path).conversionReviewVersions", JSON(reviews), "must include at least one of v1, v1beta1"))
      }
      return errors
    case "": return [.required("\(path).strategy")]
    default: return [.notSupported("\(path).strategy", .string(strategy), supported: ["None", "Webhook"])]
    }
  }
}
