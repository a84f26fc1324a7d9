/// A field selector: `metadata.name=x,status.phase!=Running`.
public struct FieldSelector: Sendable, Hashable, CustomStringConvertible {
  /// What one field has to be, or not to be.
  public struct Requirement: Sendable, Hashable {
    /// `metadata.name`.
    public let path: String
    /// `=` or `==`, else `!=`.
    public let isEqual: Bool
    public let value: String
  }

  /// All of them have to hold.
  public let requirements: [Requirement]

  /// Selects every object.
  public static let everything = FieldSelector(requirements: [])

  private init(requirements: [Requirement]) {
    self.requirements = requirements
  }

  /// From the syntax of `kubectl --field-selector`. In values `,`, `=` and `\` are written with a `\` before them.
  public init(parsing text: String) throws(SelectorError) {
    var requirements: [Requirement] = []
    for term in Self.terms(of: text).sorted(by: JSON.isOrderedByBytes) where !term.isEmpty {
      guard let (path, isEqual, escaped) = Self.split(term) else {
        throw SelectorError("invalid selector: '\(text)'; can't understand '\(term)'")
      }
      requirements.append(Requirement(path: path, isEqual: isEqual, value: try Self.unescaped(escaped)))
    }
    self.requirements = requirements
  }

  /// - Parameter value: the value of a path in the object, nil where it is absent, which counts as empty.
  public func matches(_ value: (String) -> String?) -> Bool {
    requirements.allSatisfy { ((value($0.path) ?? "") == $0.value) == $0.isEqual }
  }

  public var description: String {
    requirements.map { requirement in
      var value = ""
      for character in requirement.value {
        if character == "\\" || character == "," || character == "=" { value.append("\\") }
        value.append(character)
      }
      return requirement.path + (requirement.isEqual ? "=" : "!=") + value
    }.joined(separator: ",")
  }

  /// Split at commas that have no `\` before them.
  private static func terms(of text: String) -> [String] {
    var terms: [String] = []
    var current = ""
    var isEscaped = false
    for character in text {
      if isEscaped {
        isEscaped = false
        current.append(character)
      } else if character == "\\" {
        isEscaped = true
        current.append(character)
      } else if character == "," {
        terms.append(current)
        current = ""
      } else {
        current.append(character)
      }
    }
    if !current.isEmpty { terms.append(current) }
    return terms
  }

  private static func split(_ term: String) -> (path: String, isEqual: Bool, value: Substring)? {
    for index in term.indices {
      let rest = term[index...]
      for (sign, isEqual) in [("!=", false), ("==", true), ("=", true)] where rest.hasPrefix(sign) {
        return (String(term[..<index]), isEqual, rest.dropFirst(sign.count))
      }
    }
    return nil
  }

  private static func unescaped(_ text: Substring) throws(SelectorError) -> String {
    var value = ""
    var isEscaped = false
    for character in text {
      if isEscaped {
        guard character == "\\" || character == "," || character == "=" else {
          throw SelectorError("invalid field selector: invalid escape sequence: \\\(character)")
        }
        value.append(character)
        isEscaped = false
      } else if character == "\\" {
        isEscaped = true
      } else if character == "," || character == "=" {
        throw SelectorError("invalid field selector: unescaped character in value: \(character)")
      } else {
        value.append(character)
      }
    }
    guard !isEscaped else { throw SelectorError("invalid field selector: invalid escape sequence: \\") }
    return value
  }
}
