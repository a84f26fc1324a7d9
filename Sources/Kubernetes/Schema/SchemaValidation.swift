/// One validation of a value by a schema. The order of the checks and their words are those of kube-openapi's validator,
/// which the API server uses for custom resources.
struct SchemaValidation {
  /// A step on the way to a value. Members of maps are written differently by the two parts of the server that complain.
  enum Step {
    case member(String)
    case entry(String)
    case index(Int)
  }

  let prefix: String
  var errors: [FieldError] = []
  private var path: [Step] = []

  init(prefix: String = "") { self.prefix = prefix }

  /// Appends what is wrong to `errors`.
  /// - Returns: how many checks looked at the value. Of several alternatives that fail, the server shows the errors of
  ///   the one that had most of them.
  mutating func validate(_ value: JSON, _ node: SchemaNode, old: JSON?) -> Int {
    let start = errors.count
    let count = check(value, node, old: old)
    if errors.count > start, let old, old == value { errors.removeSubrange(start...) }
    return count
  }

  private mutating func check(_ value: JSON, _ node: SchemaNode, old: JSON?) -> Int {
    var count = 0
    if !node.types.isEmpty || node.format != nil {
      let start = errors.count
      checkType(value, node)
      count += errors.count == start ? 2 : 1
    }
    if case .null = value {
      checkEnumeration(value, node)
      return count
    }
    count += checkCombinations(value, node, old: old) + 2
    switch value {
    case .string(let text):
      checkText(text, value, node)
      if let format = node.format, case .text(let name) = format {
        if !format.accepts(text) { addTypeError(expected: name, actual: text) }
        count += 1
      }
      count += 1
    case .int, .double:
      checkNumber(value, node)
      count += 2
    case .array(let elements):
      count += checkItems(elements, node, old: old) + 2
    default: break
    }
    checkEnumeration(value, node)
    count += 1
    if case .object(let members) = value { count += checkMembers(members, node, old: old) + 1 }
    return count + 1
  }

  private mutating func checkType(_ value: JSON, _ node: SchemaNode) {
    let actual = SchemaNode.Types.of(value)
    if case .null = value {
      if !node.types.isEmpty, !node.isNullable { addTypeError(expected: node.typeText, actual: "null") }
      return
    }
    if node.types.contains(actual) { return }
    if case .double(let number) = value, node.types.contains(.integer), number.rounded() == number { return }
    if case .int = value, node.types.contains(.number) { return }
    if let format = node.format {
      switch value {
      case .string, .array:
        // A format of strings stands in for the type here, so that lists pass, too.
        if !node.types.contains(.integer), !node.types.contains(.number) { return }
      case .int: return addTypeError(expected: format.name, actual: "int64")
      case .double: return addTypeError(expected: format.name, actual: "float64")
      default: return addTypeError(expected: format.name, actual: "")
      }
    }
    addTypeError(expected: node.typeText, actual: value.typeName)
  }

  private mutating func checkText(_ text: String, _ value: JSON, _ node: SchemaNode) {
    if node.maxLength == nil, node.minLength == nil, node.pattern == nil { return }
    let length = Int64(text.unicodeScalars.count)
    if let limit = node.maxLength, length > limit {
      errors.append(.tooLong(field, limit: Int(limit)))
    } else if let limit = node.minLength, length < limit {
      add(value, "should be at least \(limit) chars long")
    } else if let pattern = node.pattern, node.expression.map({ !$0.matches(text) }) ?? true {
      add(value, "should match '\(pattern)'")
    }
  }

  private mutating func checkNumber(_ value: JSON, _ node: SchemaNode) {
    guard let number = value.doubleValue else { return }
    // Bounds are cut to whole numbers for a whole number, as the server does it.
    func bound(_ limit: Double) -> (Double, String) {
      if case .int = value, let whole = Int64(exactly: limit.rounded(.towardZero)) {
        return (Double(whole), "\(whole)")
      }
      return (limit, GoText.number(limit))
    }
    if case .int32 = node.format, case .int(let whole) = value, Int32(exactly: whole) == nil {
      errors.append(
        .invalid(
          prefix, "",
          "Checked value must be of type \(node.typeText) with format int32 in \(name)"))
    }
    if let factor = node.multipleOf {
      if factor <= 0 {
        errors.append(
          .invalid(field, "", "factor MultipleOf declared for \(name) must be positive: \(GoText.number(factor))"))
      } else {
        let quotient = number / factor
        if abs(quotient - quotient.rounded()) > 1e-9 * max(1, abs(quotient)) {
          add(value, "should be a multiple of \(bound(factor).1)")
        }
      }
    }
    if let minimum = node.minimum {
      let (limit, text) = bound(minimum)
      if node.isMinimumExclusive ? number <= limit : number < limit {
        add(value, "should be greater than \(node.isMinimumExclusive ? "" : "or equal to ")\(text)")
      }
    }
    if let maximum = node.maximum {
      let (limit, text) = bound(maximum)
      if node.isMaximumExclusive ? number >= limit : number > limit {
        add(value, "should be less than \(node.isMaximumExclusive ? "" : "or equal to ")\(text)")
      }
    }
  }

  private mutating func checkItems(_ elements: [JSON], _ node: SchemaNode, old: JSON?) -> Int {
    var count = 0
    if let items = node.items {
      let oldElements = old?.arrayValue.flatMap { node.listType == "map" ? $0 : nil }
      for (index, element) in elements.enumerated() {
        let before = oldElements?.first { candidate in
          node.listMapKeys.allSatisfy { candidate[$0] == element[$0] } && candidate.objectValue != nil
        }
        path.append(.index(index))
        count += validate(element, items, old: before)
        path.removeLast()
      }
    }
    let size = Int64(elements.count)
    if let limit = node.minItems, size < limit { add(.int(size), "should have at least \(limit) items") }
    if let limit = node.maxItems, size > limit {
      errors.append(.tooMany(field, count: elements.count, limit: Int(limit)))
    }
    if node.hasUniqueItems, Set(elements).count < elements.count { add("", "shouldn't contain duplicates") }
    return count
  }

  private mutating func checkEnumeration(_ value: JSON, _ node: SchemaNode) {
    guard !node.enumeration.isEmpty else { return }
    let isListed = node.enumeration.contains { allowed in
      allowed == value || (allowed.doubleValue != nil && allowed.doubleValue == value.doubleValue)
    }
    if isListed { return }
    errors.append(
      .notSupported(field, value, supported: node.enumeration.map { $0.stringValue ?? $0.text() }))
  }

  private mutating func checkMembers(_ members: [String: JSON], _ node: SchemaNode, old: JSON?) -> Int {
    var count = 0
    let size = Int64(members.count)
    if let limit = node.minProperties, size < limit { add(.int(size), "should have at least \(limit) properties") }
    if let limit = node.maxProperties, size > limit {
      errors.append(.tooMany(field, count: members.count, limit: Int(limit)))
    }
    let isRoot = path.isEmpty && prefix.isEmpty
    if node.forbidsAdditionalProperties {
      for key in members.keys.sorted(by: JSON.isOrderedByBytes) where node.properties[key] == nil {
        errors.append(.invalid(field, .string(key), "\(name).\(key) in body is a forbidden property"))
      }
    } else if let additional = node.additionalProperties {
      for (key, member) in members.sorted(by: { JSON.isOrderedByBytes($0.key, $1.key) })
      where node.properties[key] == nil {
        path.append(.entry(key))
        count += validate(member, additional, old: old?[key])
        path.removeLast()
      }
    }
    for (key, child) in node.sortedProperties {
      guard let member = members[key] else { continue }
      let isTypeField = isRoot && (key == "apiVersion" || key == "kind")
      path.append(.member(key))
      count += validate(member, child, old: isTypeField ? nil : old?[key])
      path.removeLast()
    }
    for key in node.required where members[key] == nil {
      path.append(.member(key))
      errors.append(.required(field))
      path.removeLast()
    }
    return count
  }

  /// `anyOf`, `oneOf`, `allOf` and `not`.
  private mutating func checkCombinations(_ value: JSON, _ node: SchemaNode, old: JSON?) -> Int {
    if node.anyOf.isEmpty, node.oneOf.isEmpty, node.allOf.isEmpty, node.not == nil { return 0 }
    var count = 0
    func attempt(_ candidate: SchemaNode) -> (errors: [FieldError], count: Int) {
      var validation = self
      validation.errors = []
      let count = validation.check(value, candidate, old: old)
      return (validation.errors, count)
    }
    func best(_ failures: [(errors: [FieldError], count: Int)]) -> (errors: [FieldError], count: Int) {
      failures.dropFirst().reduce(failures.first ?? ([], 0)) { $1.count > $0.count ? $1 : $0 }
    }
    if !node.anyOf.isEmpty {
      let results = node.anyOf.map(attempt)
      if let success = results.first(where: \.errors.isEmpty) {
        count += success.count
      } else {
        addCombination("must validate at least one schema (anyOf)")
        errors += best(results).errors
        count += best(results).count
      }
    }
    if !node.oneOf.isEmpty {
      let results = node.oneOf.map(attempt)
      let successes = results.filter(\.errors.isEmpty)
      if successes.count == 1 {
        count += successes[0].count
      } else {
        let detail = successes.isEmpty ? "Found none valid" : "Found \(successes.count) valid alternatives"
        addCombination("must validate one and only one schema (oneOf). \(detail)")
        if successes.isEmpty {
          errors += best(results).errors
          count += best(results).count
        }
      }
    }
    if !node.allOf.isEmpty {
      let results = node.allOf.map(attempt)
      for result in results {
        errors += result.errors
        count += result.count
      }
      let failures = results.filter { !$0.errors.isEmpty }.count
      if failures > 0 {
        addCombination("must validate all the schemas (allOf)\(failures == results.count ? ". None validated" : "")")
      }
    }
    if let not = node.not, attempt(not).errors.isEmpty { addCombination("must not validate the schema (not)") }
    return count
  }

  // MARK: Words

  /// The path as the messages have it: `spec.list[0].name`, `.key` for an entry of a map at the root.
  private var name: String {
    var text = ""
    for step in path {
      switch step {
      case .member(let name): text += text.isEmpty ? name : ".\(name)"
      case .entry(let key): text += ".\(key)"
      case .index(let index): text += "[\(index)]"
      }
    }
    return text
  }

  /// The path as the errors' fields have it.
  private var field: String {
    let name = name
    let relative = name.hasPrefix(".") ? String(name.dropFirst()) : name
    if prefix.isEmpty { return relative }
    return relative.isEmpty ? prefix : "\(prefix).\(relative)"
  }

  private mutating func add(_ value: JSON, _ complaint: String) {
    errors.append(.invalid(field, value, "\(name) in body \(complaint)"))
  }

  private mutating func addTypeError(expected: String, actual: String) {
    errors.append(
      .typeInvalid(
        field, .string(actual), "\(name) in body must be of type \(expected): \(GoText.quoted(actual))"))
  }

  /// These errors have no field in the server's answer.
  private mutating func addCombination(_ complaint: String) {
    errors.append(.invalid(prefix, "", "\(GoText.quoted(name)) \(complaint)"))
  }
}
