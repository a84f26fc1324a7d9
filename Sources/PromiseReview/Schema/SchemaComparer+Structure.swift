import Kubernetes

// Keywords that say which fields there are, and how lists and maps merge.
extension SchemaComparer {
  mutating func compareProperties(_ old: JSON, _ new: JSON, at path: SchemaPath, meaning: Meaning) {
    let before = SchemaNode(old)
    let after = SchemaNode(new)
    let skipped = path.segments.isEmpty ? ignoredProperties : []
    for name in Set(before.properties.keys).union(after.properties.keys).subtracting(skipped).sorted() {
      let field = path.property(name)
      switch (before.properties[name], after.properties[name]) {
      case (let old?, let new?):
        compare(old, new, at: field, meaning: meaning)
      case (let old?, nil):
        compareRemoved(name, old, after, at: field, meaning: meaning)
      case (nil, let new?):
        compareAdded(name, new, before, at: field, meaning: meaning)
      case (nil, nil): break
      }
    }
  }

  private mutating func compareRemoved(
    _ name: String, _ old: JSON, _ after: SchemaNode, at field: SchemaPath, meaning: Meaning
  ) {
    // A test that is gone refuses nothing.
    if meaning == .test {
      return add(.fieldRemoved, .compatible, at: field, name, old: old, "is no longer tested")
    }
    switch after.schemaOfUnknownFields {
    case nil:
      add(.fieldRemoved, .breaking, at: field, name, old: old, "is removed")
    case let rest?:
      let verdict = judged(old, rest, meaning: meaning)
      add(
        .fieldRemoved, verdict, at: field, name, old: old, new: rest,
        verdict == .breaking ? "is removed, and other fields take other values" : "is removed, but still accepted")
    }
  }

  private mutating func compareAdded(
    _ name: String, _ new: JSON, _ before: SchemaNode, at field: SchemaPath, meaning: Meaning
  ) {
    switch before.schemaOfUnknownFields {
    case nil where meaning == .structure:
      add(.fieldAdded, .compatible, at: field, name, new: new, "is added")
    case let rest:
      // Values without a schema were kept, or tested by nothing: the new one may refuse them.
      let verdict = judged(rest ?? .emptyObject, new, meaning: meaning)
      add(
        .fieldAdded, meaning == .structure ? min(verdict, .warn) : verdict, at: field, name, old: rest, new: new,
        verdict == .compatible ? "is added" : "was accepted with any value, and is checked now")
    }
  }

  mutating func compareRequired(_ old: JSON, _ new: JSON, at path: SchemaPath, meaning: Meaning) {
    let before = SchemaNode(old)
    let after = SchemaNode(new)
    let skipped = path.segments.isEmpty ? ignoredProperties : []
    for name in after.required.subtracting(before.required).subtracting(skipped).sorted() {
      let hasDefault = after.properties[name]?["default"] != nil && meaning == .structure
      add(
        .requiredAdded, hasDefault ? .compatible : .breaking, at: path.property(name), "required", old: false,
        new: true, hasDefault ? "becomes required, with a default" : "becomes required and has no default")
    }
    for name in before.required.subtracting(after.required).subtracting(skipped).sorted() {
      // Where the field itself goes, that is what there is to say.
      guard meaning == .test || after.properties[name] != nil || after.schemaOfUnknownFields != nil else { continue }
      add(
        .requiredRemoved, .compatible, at: path.property(name), "required", old: true, new: false,
        "is no longer required")
    }
    // A required field lives by its default: without it, requests that leave it out are refused.
    for name in after.required.intersection(before.required).sorted() where meaning == .structure {
      guard before.properties[name]?["default"] != nil, let field = after.properties[name], field["default"] == nil
      else { continue }
      add(
        .requiredAdded, .breaking, at: path.property(name), "required", old: true, new: true,
        "is required and loses its default")
    }
  }

  mutating func compareItems(_ old: JSON, _ new: JSON, at path: SchemaPath, meaning: Meaning) {
    let items = path.appending(.items)
    switch (old["items"], new["items"]) {
    case (nil, nil): break
    case (let old?, let new?): compare(old, new, at: items, meaning: meaning)
    case (nil, let new?): compare(.emptyObject, new, at: items, meaning: meaning)
    case (let old?, nil): compare(old, .emptyObject, at: items, meaning: .test)
    }
  }

  /// `x-kubernetes-preserve-unknown-fields` and `additionalProperties`: what becomes of fields without a schema.
  mutating func compareUnknownFields(_ old: JSON, _ new: JSON, at path: SchemaPath, meaning: Meaning) {
    let before = SchemaNode(old)
    let after = SchemaNode(new)
    if before.keepsUnknownFields != after.keepsUnknownFields {
      let isLoosening = after.keepsUnknownFields || after.additionalProperties == .emptyObject || meaning == .test
      add(
        .unknownFieldsChanged, isLoosening ? .compatible : .breaking, at: path,
        "x-kubernetes-preserve-unknown-fields", old: .bool(before.keepsUnknownFields),
        new: .bool(after.keepsUnknownFields),
        after.keepsUnknownFields ? "keeps unknown fields now" : "loses its unknown fields")
    }
    let values = path.appending(.values)
    switch (before.additionalProperties, after.additionalProperties) {
    case (nil, nil): break
    case (let old?, let new?): compare(old, new, at: values, meaning: meaning)
    case (nil, let new?):
      // Fields that were dropped are taken now, unless they were kept, or tested by nothing, before.
      let verdict: Verdict =
        before.keepsUnknownFields || meaning == .test ? judged(.emptyObject, new, meaning: meaning) : .compatible
      add(
        .mapValuesChanged, verdict, at: path, "additionalProperties", new: new,
        verdict == .breaking ? "holds values of one kind only now" : "takes any field now")
    case (let old?, nil):
      let isLoosening = after.keepsUnknownFields || meaning == .test
      add(
        .mapValuesChanged, isLoosening ? .compatible : .breaking, at: path, "additionalProperties", old: old,
        isLoosening ? "holds values of any kind now" : "takes only the fields that it names now")
    }
  }

  /// `x-kubernetes-list-type`, `-list-map-keys` and `-map-type`: how server-side apply merges, and what is a duplicate.
  mutating func compareMerging(_ old: JSON, _ new: JSON, at path: SchemaPath) {
    let listType = "x-kubernetes-list-type"
    let before = old[listType]?.stringValue ?? "atomic"
    let after = new[listType]?.stringValue ?? "atomic"
    if before != after {
      // Sets and maps refuse duplicates; an atomic list takes all.
      add(
        .listTypeChanged, after == "atomic" ? .warn : .breaking, at: path, listType, old: .string(before),
        new: .string(after), "changes its list type from \(before) to \(after)")
    } else if before == "map" {
      let keyword = "x-kubernetes-list-map-keys"
      let keysBefore = Set(old[keyword]?.stringArrayValue ?? [])
      let keysAfter = Set(new[keyword]?.stringArrayValue ?? [])
      if keysBefore != keysAfter {
        // Fewer keys make more duplicates; more keys only make other items.
        add(
          .listMapKeysChanged, keysAfter.isSuperset(of: keysBefore) ? .warn : .breaking, at: path, keyword,
          old: old[keyword], new: new[keyword],
          "tells its items by \(keysAfter.sorted().joined(separator: ", ")) now, not by "
            + keysBefore.sorted().joined(separator: ", "))
      }
    }
    let mapType = "x-kubernetes-map-type"
    let mapBefore = old[mapType]?.stringValue ?? "granular"
    let mapAfter = new[mapType]?.stringValue ?? "granular"
    if mapBefore != mapAfter {
      add(
        .mapTypeChanged, .warn, at: path, mapType, old: .string(mapBefore), new: .string(mapAfter),
        "changes its map type from \(mapBefore) to \(mapAfter)")
    }
  }
}
