/// The API server's rules for names, label keys and label values. Each rule gives the server's complaints about a text
/// (k8s.io/apimachinery, api/validate/content); an empty list means that the text is fine.
public enum NameRules {
  /// Names of most objects, API groups, prefixes of label keys.
  public static func dns1123Subdomain(_ value: String) -> [String] {
    var messages = tooLong(value, over: 253)
    if !isSubdomain(value) {
      messages.append(
        mismatch(
          "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must "
            + "start and end with an alphanumeric character",
          #"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*"#, ["example.com"]))
    }
    return messages
  }

  /// Names of namespaces and containers.
  public static func dns1123Label(_ value: String) -> [String] {
    var messages = tooLong(value, over: 63)
    if !isLabel(value.utf8) {
      messages.append(
        isSubdomain(value)
          ? "must not contain dots"
          : mismatch(
            "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and "
              + "end with an alphanumeric character",
            "[a-z0-9]([-a-z0-9]*[a-z0-9])?", ["my-name", "123-abc"]))
    }
    return messages
  }

  /// Plurals, kinds in lower case and versions of custom resources; names of services.
  public static func dns1035Label(_ value: String) -> [String] {
    var messages = tooLong(value, over: 63)
    if !isLabel(value.utf8) || value.utf8.first.map(isDigit) != false {
      messages.append(
        mismatch(
          "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic "
            + "character, and end with an alphanumeric character",
          "[a-z]([-a-z0-9]*[a-z0-9])?", ["my-name", "abc-123"]))
    }
    return messages
  }

  /// Values of labels; an empty one is fine.
  public static func labelValue(_ value: String) -> [String] {
    var messages = tooLong(value, over: 63)
    if !value.isEmpty, !isQualifiedPart(value.utf8) {
      messages.append(
        mismatch(
          "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must "
            + "start and end with an alphanumeric character",
          "(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?", ["MyValue", "my_value", "12345"]))
    }
    return messages
  }

  /// Keys of labels and (in lower case) of annotations; finalizers.
  public static func qualifiedName(_ value: String) -> [String] {
    let rule = mismatch(
      "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
      "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]", ["MyName", "my.name", "123-abc"])
    let parts = value.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count <= 2, let name = parts.last else {
      return ["a valid label key \(rule) with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"]
    }
    var messages: [String] = []
    if parts.count == 2 {
      if parts[0].isEmpty {
        messages.append("prefix part must be non-empty")
      } else {
        messages += dns1123Subdomain(String(parts[0])).map { "prefix part " + $0 }
      }
    }
    if name.isEmpty {
      messages.append("name part must be non-empty")
    } else {
      messages += tooLong(String(name), over: 63).map { "name part " + $0 }
    }
    if !isQualifiedPart(name.utf8) { messages.append("name part " + rule) }
    return messages
  }

  /// What is wrong with `metadata.labels`, as the server names it.
  public static func labels(_ labels: [String: String], field: String = "metadata.labels") -> [FieldError] {
    var errors: [FieldError] = []
    for (key, value) in labels.sorted(by: { JSON.isOrderedByBytes($0.key, $1.key) }) {
      errors += qualifiedName(key).map { .invalid(field, .string(key), $0) }
      errors += labelValue(value).map { .invalid(field, .string(value), $0) }
    }
    return errors
  }

  /// What is wrong with `metadata.annotations`: their keys, and their size as a whole (256 KiB).
  public static func annotations(
    _ annotations: [String: String], field: String = "metadata.annotations"
  ) -> [FieldError] {
    var errors: [FieldError] = []
    var size = 0
    for (key, value) in annotations.sorted(by: { JSON.isOrderedByBytes($0.key, $1.key) }) {
      errors += qualifiedName(key.lowercased()).map { .invalid(field, .string(key), $0) }
      size += key.utf8.count + value.utf8.count
    }
    if size > 256 * 1024 { errors.append(.tooLong(field, limit: 256 * 1024)) }
    return errors
  }

  private static func tooLong(_ value: String, over limit: Int) -> [String] {
    value.utf8.count > limit ? ["must be no more than \(limit) bytes"] : []
  }

  private static func mismatch(_ rule: String, _ expression: String, _ examples: [String]) -> String {
    let list = examples.map { "'\($0)', " }.joined(separator: " or ")
    return "\(rule) (e.g. \(list)regex used for validation is '\(expression)')"
  }

  private static func isSubdomain(_ value: String) -> Bool {
    value.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).allSatisfy(isLabel)
  }

  private static func isLabel(_ bytes: some BidirectionalCollection<UInt8>) -> Bool {
    guard let first = bytes.first, let last = bytes.last, isLowerOrDigit(first), isLowerOrDigit(last) else {
      return false
    }
    return bytes.allSatisfy { isLowerOrDigit($0) || $0 == UInt8(ascii: "-") }
  }

  private static func isQualifiedPart(_ bytes: some BidirectionalCollection<UInt8>) -> Bool {
    guard let first = bytes.first, let last = bytes.last, isAlphanumeric(first), isAlphanumeric(last) else {
      return false
    }
    return bytes.allSatisfy {
      isAlphanumeric($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: ".")
    }
  }

  private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

  private static func isLowerOrDigit(_ byte: UInt8) -> Bool {
    isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
  }

  private static func isAlphanumeric(_ byte: UInt8) -> Bool {
    isLowerOrDigit(byte) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
  }
}
