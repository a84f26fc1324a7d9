import Kubernetes

// allOf, anyOf, oneOf, not, CEL rules, and keywords that nobody knows.
extension SchemaComparer {
  mutating func compareJunctors(_ old: JSON, _ new: JSON, at path: SchemaPath) {
    for keyword in ["allOf", "anyOf", "oneOf"] {
      compareJunctor(keyword, Self.branches(keyword, of: old), Self.branches(keyword, of: new), of: old, at: path)
    }
    compareNot(old["not"], new["not"], at: path)
  }

  /// The elements of a junctor. Generators write the types of an int-or-string into an `anyOf`, too: that says nothing.
  private static func branches(_ keyword: String, of schema: JSON) -> [JSON] {
    let branches = schema[keyword]?.arrayValue ?? []
    guard SchemaNode(schema).isIntOrString else { return branches }
    let both: Set<JSON> = [["type": "integer"], ["type": "string"]]
    if keyword == "anyOf" { return Set(branches) == both ? [] : branches }
    return branches.filter { $0.objectValue?.keys.sorted() != ["anyOf"] || Set($0["anyOf"]?.arrayValue ?? []) != both }
  }

  /// - Parameter node: the older schema that the junctor is part of.
  private mutating func compareJunctor(
    _ keyword: String, _ old: [JSON], _ new: [JSON], of node: JSON, at path: SchemaPath
  ) {
    // What is there before and after, in whatever order, is no change.
    guard Set(old) != Set(new) || keyword == "oneOf" && old.count != new.count else { return }
    let before: JSON = .array(old)
    let after: JSON = .array(new)
    if new.isEmpty {
      return add(.junctorRemoved, .compatible, at: path, keyword, old: before, "need satisfy no \(keyword) any more")
    }
    if old.isEmpty {
      // What the schema asks for already may be asked for again.
      let verdict = keyword == "oneOf" && new.count > 1 ? .breaking : covering(keyword, [node], new)
      return add(
        .junctorAdded, verdict == .compatible ? .compatible : .breaking, at: path, keyword, new: after,
        "must satisfy \(keyword) now")
    }
    var verdict = covering(keyword, keyword == "allOf" ? old + [node] : old, new)
    if keyword == "oneOf" { verdict = max(verdict, .warn) }  // Looser branches may overlap.
    add(.junctorChanged, verdict, at: path, keyword, old: before, new: after, "changes its \(keyword)")
  }

  /// How well the new elements take what the old ones took: of allOf, each new one must follow from an old one; of the
  /// others, what an old one took must be taken by a new one.
  private func covering(_ keyword: String, _ old: [JSON], _ new: [JSON]) -> Verdict {
    func best(_ verdicts: [Verdict]) -> Verdict { verdicts.min() ?? .breaking }
    return keyword == "allOf"
      ? new.map { element in best(old.map { judged($0, element, meaning: .test) }) }.max() ?? .compatible
      : old.map { element in best(new.map { judged(element, $0, meaning: .test) }) }.max() ?? .compatible
  }

  private mutating func compareNot(_ old: JSON?, _ new: JSON?, at path: SchemaPath) {
    switch (old, new) {
    case (let old, nil):
      if let old { add(.junctorRemoved, .compatible, at: path, "not", old: old, "need satisfy no not any more") }
    case (nil, let new?):
      add(.junctorAdded, .breaking, at: path, "not", new: new, "must not satisfy \(new.text()) now")
    case (let old?, let new?):
      guard old != new else { return }
      // What `not` refuses must only become less: so the way back has to be a loosening.
      add(.junctorChanged, judged(new, old, meaning: .test), at: path, "not", old: old, new: new, "changes its not")
    }
  }

  mutating func compareRules(_ old: JSON, _ new: JSON, at path: SchemaPath) {
    let keyword = "x-kubernetes-validations"
    func rules(_ schema: JSON) -> [String] {
      (schema[keyword]?.arrayValue ?? []).compactMap { rule in
        // Evaluated on creation too, it refuses more.
        let suffix = rule["optionalOldSelf"]?.boolValue == true ? " (optionalOldSelf)" : ""
        return rule["rule"]?.stringValue.map { Self.trimmed($0) + suffix }
      }
    }
    let before = rules(old)
    let after = rules(new)
    var gained = after.filter { !before.contains($0) }
    let lost = before.filter { !after.contains($0) }
    for rule in lost {
      if gained.isEmpty {
        add(.ruleRemoved, .compatible, at: path, keyword, old: .string(rule), "need not satisfy \(rule) any more")
      } else {
        let replacement = gained.removeFirst()
        add(
          .ruleChanged, .warn, at: path, keyword, old: .string(rule), new: .string(replacement),
          "changes the rule \(rule) to \(replacement)")
      }
    }
    for rule in gained {
      add(.ruleAdded, .breaking, at: path, keyword, new: .string(rule), "must satisfy the rule \(rule) now")
    }
  }

  private static func trimmed(_ text: String) -> String {
    text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
  }

  mutating func compareUnknownKeywords(_ old: JSON, _ new: JSON, at path: SchemaPath) {
    let keys = Set((old.objectValue ?? [:]).keys).union((new.objectValue ?? [:]).keys)
    for keyword in keys.subtracting(SchemaKeywords.known).sorted() where old[keyword] != new[keyword] {
      add(
        .unknownKeyword, .warn, at: path, keyword, old: old[keyword], new: new[keyword],
        "changes \(keyword), which is no keyword that Kubernetes knows")
    }
  }
}

/// The keywords of `JSONSchemaProps` (apiextensions.k8s.io/v1).
public enum SchemaKeywords {
  /// Those that never change what is valid.
  public static let documentation: Set<String> = ["description", "title", "example", "externalDocs", "id", "$schema"]

  public static let known: Set<String> = documentation.union([
    "type", "format", "nullable", "enum", "default", "pattern", "minimum", "maximum", "exclusiveMinimum",
    "exclusiveMaximum", "multipleOf", "minLength", "maxLength", "minItems", "maxItems", "uniqueItems", "minProperties",
    "maxProperties", "properties", "additionalProperties", "required", "items", "allOf", "anyOf", "oneOf", "not",
    "x-kubernetes-preserve-unknown-fields", "x-kubernetes-embedded-resource", "x-kubernetes-int-or-string",
    "x-kubernetes-list-type", "x-kubernetes-list-map-keys", "x-kubernetes-map-type", "x-kubernetes-validations",
  ])

  /// Where `schema` uses keywords that are unknown: `spec.size` and the keyword.
  public static func unknown(in schema: JSON, at path: SchemaPath = SchemaPath()) -> [(SchemaPath, String)] {
    guard let members = schema.objectValue else { return [] }
    var found = members.keys.filter { !known.contains($0) }.sorted().map { (path, $0) }
    for (name, child) in (members["properties"]?.objectValue ?? [:]).sorted(by: { $0.key < $1.key }) {
      found += unknown(in: child, at: path.property(name))
    }
    if let items = members["items"] { found += unknown(in: items, at: path.appending(.items)) }
    if let values = members["additionalProperties"] { found += unknown(in: values, at: path.appending(.values)) }
    for keyword in ["allOf", "anyOf", "oneOf"] {
      for child in members[keyword]?.arrayValue ?? [] { found += unknown(in: child, at: path) }
    }
    if let child = members["not"] { found += unknown(in: child, at: path) }
    return found
  }
}
