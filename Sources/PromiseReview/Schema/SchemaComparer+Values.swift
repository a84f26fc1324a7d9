import Kubernetes

// Keywords that say which values a field takes.
extension SchemaComparer {
  mutating func compareType(_ old: JSON, _ new: JSON, at path: SchemaPath) {
    let before = SchemaNode(old)
    let after = SchemaNode(new)
    if before.typeName != after.typeName {
      let isLoosening =
        switch (before.types, after.types) {
        case (_, nil): true
        case (nil, _?): false
        case (let before?, let after?): before.isSubset(of: after)
        }
      add(
        .typeChanged, isLoosening ? .compatible : .breaking, at: path, "type", old: .string(before.typeName),
        new: .string(after.typeName), "changes its type from \(before.typeName) to \(after.typeName)")
    }
    if before.isEmbeddedResource != after.isEmbeddedResource {
      // To become one asks for apiVersion and kind; to be none any more lets them be pruned, unless all is kept.
      let isLoosening = before.isEmbeddedResource && after.keepsUnknownFields
      add(
        .embeddedResourceChanged, isLoosening ? .compatible : .breaking, at: path, "x-kubernetes-embedded-resource",
        old: .bool(before.isEmbeddedResource), new: .bool(after.isEmbeddedResource),
        after.isEmbeddedResource ? "must be a whole object now" : "is no whole object any more")
    }
  }

  mutating func compareNullable(_ old: JSON, _ new: JSON, at path: SchemaPath) {
    let before = SchemaNode(old).isNullable
    let after = SchemaNode(new).isNullable
    guard before != after else { return }
    // A null where there is a default is replaced by the default before anything is checked.
    let verdict: Verdict = after ? .compatible : new["default"] == nil ? .breaking : .warn
    add(
      .nullableChanged, verdict, at: path, "nullable", old: .bool(before), new: .bool(after),
      after ? "takes null now" : "takes no null any more")
  }

  mutating func compareEnum(_ old: JSON, _ new: JSON, at path: SchemaPath) {
    let before = old["enum"]?.arrayValue
    let after = new["enum"]?.arrayValue
    switch (before, after) {
    case (nil, nil): break
    case (nil, let after?):
      let coversBoolean = SchemaNode(old).types == ["boolean"] && Set(after).isSuperset(of: [true, false])
      add(
        .enumAdded, coversBoolean ? .compatible : .breaking, at: path, "enum", new: .array(after),
        "takes only \(Self.list(after)) now")
    case (let before?, nil):
      add(.enumRemoved, .compatible, at: path, "enum", old: .array(before), "is no longer limited to certain values")
    case (let before?, let after?):
      let removed = before.filter { value in !after.contains { $0 == value } }
      let added = after.filter { value in !before.contains { $0 == value } }
      if !removed.isEmpty {
        add(
          .enumChanged, .breaking, at: path, "enum", old: .array(before), new: .array(after),
          "no longer takes \(Self.list(removed))")
      } else if !added.isEmpty {
        add(
          .enumChanged, .compatible, at: path, "enum", old: .array(before), new: .array(after),
          "takes \(Self.list(added)) too")
      }
    }
  }

  static func list(_ values: [JSON]) -> String { NameList.text(values.map { $0.text() }) }

  mutating func compareBounds(_ old: JSON, _ new: JSON, at path: SchemaPath) {
    compareLimit(old, new, at: path, keyword: "minimum", exclusive: "exclusiveMinimum", isLower: true)
    compareLimit(old, new, at: path, keyword: "maximum", exclusive: "exclusiveMaximum", isLower: false)
    for keyword in ["minLength", "minItems", "minProperties"] {
      compareLimit(old, new, at: path, keyword: keyword, isLower: true, trivial: 0)
    }
    for keyword in ["maxLength", "maxItems", "maxProperties"] {
      compareLimit(old, new, at: path, keyword: keyword, isLower: false)
    }
    compareMultipleOf(old, new, at: path)
    let before = old["uniqueItems"]?.boolValue ?? false
    let after = new["uniqueItems"]?.boolValue ?? false
    if before != after {
      add(
        after ? .boundAdded : .boundRemoved, after ? .breaking : .compatible, at: path, "uniqueItems",
        old: .bool(before), new: .bool(after), after ? "takes no item twice any more" : "takes an item twice now")
    }
  }

  /// A lower or upper limit; of integers an exclusive one is the inclusive one next to it.
  private mutating func compareLimit(
    _ old: JSON, _ new: JSON, at path: SchemaPath, keyword: String, exclusive: String? = nil, isLower: Bool,
    trivial: Double? = nil
  ) {
    func limit(_ schema: JSON) -> (value: Double, isExclusive: Bool)? {
      guard let value = schema[keyword]?.doubleValue, trivial.map({ value > $0 }) ?? true else { return nil }
      let isExclusive = exclusive.flatMap { schema[$0]?.boolValue } ?? false
      guard isExclusive, SchemaNode(schema).types == ["integer"], value == value.rounded() else {
        return (value, isExclusive)
      }
      return (isLower ? value + 1 : value - 1, false)
    }
    let before = limit(old)
    let after = limit(new)
    let shown = (old: old[keyword], new: new[keyword])
    switch (before, after) {
    case (nil, nil): break
    case (nil, _?):
      add(
        .boundAdded, .breaking, at: path, keyword, old: shown.old, new: shown.new,
        "has a \(keyword) of \(shown.new?.text() ?? "") now")
    case (_?, nil):
      add(
        .boundRemoved, .compatible, at: path, keyword, old: shown.old, new: shown.new, "has no \(keyword) any more")
    case (let before?, let after?):
      guard before != after else { break }
      let isTighter =
        if before.value == after.value {
          after.isExclusive
        } else {
          isLower ? after.value > before.value : after.value < before.value
        }
      add(
        .boundChanged, isTighter ? .breaking : .compatible, at: path, keyword, old: shown.old, new: shown.new,
        before.value == after.value
          ? "has its \(keyword) \(after.isExclusive ? "excluded" : "included") now"
          : "changes its \(keyword) from \(shown.old?.text() ?? "") to \(shown.new?.text() ?? "")")
    }
  }

  private mutating func compareMultipleOf(_ old: JSON, _ new: JSON, at path: SchemaPath) {
    let before = old["multipleOf"]?.doubleValue
    let after = new["multipleOf"]?.doubleValue
    guard before != after else { return }
    switch (before, after) {
    case (_, nil):
      add(.boundRemoved, .compatible, at: path, "multipleOf", old: old["multipleOf"], "need be no multiple any more")
    case (let before, let after?):
      let isLooser = before.map { after > 0 && $0.truncatingRemainder(dividingBy: after) == 0 } ?? false
      add(
        before == nil ? .boundAdded : .boundChanged, isLooser ? .compatible : .breaking, at: path, "multipleOf",
        old: old["multipleOf"], new: new["multipleOf"], "must be a multiple of \(new["multipleOf"]?.text() ?? "") now")
    }
  }

  mutating func comparePattern(_ old: JSON, _ new: JSON, at path: SchemaPath) {
    let takesAll: Set<String> = ["", ".*", "^.*$", "^", "$"]
    let before = old["pattern"]?.stringValue.flatMap { takesAll.contains($0) ? nil : $0 }
    let after = new["pattern"]?.stringValue.flatMap { takesAll.contains($0) ? nil : $0 }
    guard before != after else { return }
    switch (before, after) {
    case (_, nil):
      add(.patternRemoved, .compatible, at: path, "pattern", old: old["pattern"], "need match no pattern any more")
    case (nil, let after?):
      add(.patternAdded, .breaking, at: path, "pattern", new: .string(after), "must match the pattern \(after) now")
    case (let before?, let after?):
      add(
        .patternChanged, .warn, at: path, "pattern", old: .string(before), new: .string(after),
        "changes its pattern from \(before) to \(after)")
    }
  }

  mutating func compareFormat(_ old: JSON, _ new: JSON, at path: SchemaPath) {
    let before = old["format"]?.stringValue.flatMap { Formats.checked.contains($0) ? $0 : nil }
    let after = new["format"]?.stringValue.flatMap { Formats.checked.contains($0) ? $0 : nil }
    guard before != after else { return }
    switch (before, after) {
    case (_, nil):
      add(.formatRemoved, .compatible, at: path, "format", old: old["format"], "need have no format any more")
    case (nil, let after?):
      add(
        .formatAdded, Formats.refusingNothing.contains(after) ? .compatible : .breaking, at: path, "format",
        new: .string(after), "must have the format \(after) now")
    case (let before?, let after?):
      let isLoosening =
        Formats.refusingNothing.contains(after) || Formats.supersets[before]?.contains(after) == true
      add(
        .formatChanged, isLoosening ? .compatible : .breaking, at: path, "format", old: .string(before),
        new: .string(after), "changes its format from \(before) to \(after)")
    }
  }

  mutating func compareDefault(_ old: JSON, _ new: JSON, at path: SchemaPath) {
    let before = old["default"]
    let after = new["default"]
    guard before != after else { return }
    switch (before, after) {
    case (nil, nil): break
    case (nil, let after?):
      add(.defaultAdded, .warn, at: path, "default", new: after, "has a default of \(after.text()) now")
    case (let before?, nil):
      add(.defaultRemoved, .warn, at: path, "default", old: before, "has no default any more (it was \(before.text()))")
    case (let before?, let after?):
      add(
        .defaultChanged, .warn, at: path, "default", old: before, new: after,
        "changes its default from \(before.text()) to \(after.text())")
    }
  }
}

/// The formats that the API server checks; all others it ignores (apiextensions-apiserver, supported formats).
enum Formats {
  static let checked: Set<String> = [
    "bsonobjectid", "uri", "email", "hostname", "ipv4", "ipv6", "cidr", "mac", "uuid", "uuid3", "uuid4", "uuid5",
    "isbn", "isbn10", "isbn13", "creditcard", "ssn", "hexcolor", "rgbcolor", "byte", "password", "date", "duration",
    "datetime", "date-time", "int32", "int64", "float", "double", "k8s-short-name", "k8s-long-name",
  ]

  /// Those that every value of their type has: numbers arrive as 64 bits, and any text may be a password.
  static let refusingNothing: Set<String> = ["int64", "double", "password"]

  /// For a format those that take all that it takes.
  static let supersets: [String: Set<String>] = [
    "uuid3": ["uuid"], "uuid4": ["uuid"], "uuid5": ["uuid"],
    "isbn10": ["isbn"], "isbn13": ["isbn"], "datetime": ["date-time"], "date-time": ["datetime"],
    "k8s-short-name": ["k8s-long-name"],
  ]
}
