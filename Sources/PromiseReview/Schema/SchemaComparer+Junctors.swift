import Kubernetes

// allOf, anyOf, oneOf, not, CEL rules, and keywords that nobody knows.
extension SchemaComparer {
  mutating func compareJunctors(_ old: JSON, _ new: JSON, at path: SchemaPath) {
    for keyword in ["allOf", "anyOf", "oneOf"] {
      compareJunctor(keyword, old[keyword]?.arrayValue ?? [], new[keyword]?.arrayValue ?? [], at: path)
    }
    compareNot(old["not"], new["not"], at: path)
  }

  private mutating func compareJunctor(_ keyword: String, _ old: [JSON], _ new: [JSON], at path: SchemaPath) {
    guard old != new else { return }
    // What is there before and after, in whatever order, is no change.
    var lost: [JSON] = []
    var gained = new
    for element in old {
      if let index = gained.firstIndex(of: element) { gained.remove(at: index) } else { lost.append(element) }
    }
    guard !lost.isEmpty || !gained.isEmpty else { return }
    let before: JSON = .array(old)
    let after: JSON = .array(new)
    if new.isEmpty {
      return add(.junctorRemoved, .compatible, at: path, keyword, old: before, "need satisfy no \(keyword) any more")
    }
    if old.isEmpty {
      return add(.junctorAdded, .breaking, at: path, keyword, new: after, "must satisfy \(keyword) now")
    }
    // Elements that changed, in their order; those beyond are added or removed.
    let pairs = zip(lost, gained).map { judged($0, $1, meaning: .test) }
    var verdict = pairs.max() ?? .compatible
    if keyword == "oneOf", !pairs.isEmpty { verdict = max(verdict, .warn) }  // Looser branches may overlap.
    if gained.count > lost.count {
      switch keyword {
      case "allOf": verdict = .breaking
      case "oneOf": verdict = max(verdict, .warn)
      default: break
      }
    } else if lost.count > gained.count, keyword != "allOf" {
      verdict = .breaking
    }
    add(.junctorChanged, verdict, at: path, keyword, old: before, new: after, "changes its \(keyword)")
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
      (schema[keyword]?.arrayValue ?? []).compactMap { $0["rule"]?.stringValue.map(Self.trimmed) }
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
