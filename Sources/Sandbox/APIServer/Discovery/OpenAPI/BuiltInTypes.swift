import Kubernetes

/// The fields of the built-in kinds and of what they are made of, as data: their names, types, list types and how a
/// strategic merge patch joins them. kubectl makes its patches by these, and `kubectl explain` shows them.
///
/// The notation, an entry a type: `NAME [atomic]: field type [list type] [~patch strategy]; ...`. A line that begins
/// with a space goes on with the entry before; `@GROUP/VERSION` opens a group. `*` marks a kind, `!` a required field,
/// `[T]` a list, `{T}` a map; `map(name)` and `~merge(name)` name the keys.
enum BuiltInTypes {
  /// A field's type.
  indirect enum FieldType: Sendable, Hashable {
    /// A JSON type and a format, which may be empty.
    case scalar(String, format: String)
    /// Another type, by the name of its definition.
    case reference(String)
    case array(FieldType)
    case map(FieldType)
  }

  struct Field: Sendable, Hashable {
    var name: String
    var type: FieldType
    var isRequired: Bool
    /// `atomic`, `set`, `map` or empty; for a map `atomic` or empty.
    var listType = ""
    var listMapKeys: [String] = []
    var patchStrategy = ""
    var patchMergeKey = ""
  }

  struct Definition: Sendable, Hashable {
    /// `io.k8s.api.core.v1.Pod`.
    var name: String
    /// `Pod`.
    var shortName: String
    /// nil for a type that is no kind.
    var kind: GroupVersionKind?
    var isAtomic: Bool
    var fields: [Field]

    /// The definitions that this one names.
    var references: [String] {
      fields.compactMap { field in
        var type = field.type
        while true {
          switch type {
          case .array(let element), .map(let element): type = element
          case .reference(let name): return name
          case .scalar: return nil
          }
        }
      }
    }
  }

  /// Every type, by the name of its definition.
  static let definitions: [String: Definition] = {
    let all = parse(core) + parse(groups)
    return Dictionary(all.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
  }()

  /// The name of a built-in kind's definition, where there is one.
  static let kinds: [GroupVersionKind: String] = Dictionary(
    definitions.values.compactMap { definition in definition.kind.map { ($0, definition.name) } },
    uniquingKeysWith: { first, _ in first })

  static let metadata = "io.k8s.apimachinery.pkg.apis.meta.v1."
  static let quantity = "io.k8s.apimachinery.pkg.api.resource.Quantity"
  static let intOrString = "io.k8s.apimachinery.pkg.util.intstr.IntOrString"
  static let rawExtension = "io.k8s.apimachinery.pkg.runtime.RawExtension"
  static let json = prefix(of: "apiextensions") + "JSON"

  private static func prefix(of section: Substring) -> String {
    switch section {
    case "meta": metadata
    case "apiextensions": "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1."
    default: "io.k8s.api.\(section).v1."
    }
  }

  /// The API group that a section's kinds are served in.
  private static func group(of section: Substring) -> String {
    switch section {
    case "core": ""
    case "events", "coordination", "admissionregistration", "scheduling", "networking", "apiextensions":
      "\(section).k8s.io"
    case "rbac", "authentication", "authorization":
      section == "rbac" ? "rbac.authorization.k8s.io" : "\(section).k8s.io"
    default: String(section)
    }
  }

  private static func parse(_ text: String) -> [Definition] {
    var entries: [(section: Substring, text: String)] = []
    var section: Substring = ""
    for line in text.split(separator: "\n") {
      if line.hasPrefix("@") {
        section = line.dropFirst().prefix { $0 != "/" }
      } else if line.hasPrefix(" "), !entries.isEmpty {
        entries[entries.count - 1].text += " " + line.drop { $0 == " " }
      } else {
        entries.append((section, String(line)))
      }
    }
    return entries.map { definition($0.text, section: $0.section) }
  }

  private static func definition(_ entry: String, section: Substring) -> Definition {
    let halves = entry.split(separator: ":", maxSplits: 1)
    var head = (halves.first ?? "").split(separator: " ")
    let isKind = head.first?.hasPrefix("*") ?? false
    let shortName = String(head.isEmpty ? "" : isKind ? head.removeFirst().dropFirst() : head.removeFirst())
    let fields = (halves.count > 1 ? halves[1] : "").split(separator: ";").compactMap { field($0, section: section) }
    return Definition(
      name: prefix(of: section) + shortName, shortName: shortName,
      kind: isKind ? GroupVersionKind(group: group(of: section), version: "v1", kind: shortName) : nil,
      isAtomic: head.first == "atomic", fields: fields)
  }

  private static func field(_ text: Substring, section: Substring) -> Field? {
    let words = text.split(separator: " ")
    guard words.count >= 2 else { return nil }
    let isRequired = words[0].hasSuffix("!")
    var field = Field(
      name: String(isRequired ? words[0].dropLast() : words[0]), type: type(words[1], section: section),
      isRequired: isRequired)
    for word in words.dropFirst(2) {
      let (name, keys) = parts(word)
      if name.hasPrefix("~") {
        field.patchStrategy = String(name.dropFirst())
        field.patchMergeKey = keys.first ?? ""
      } else {
        field.listType = name
        field.listMapKeys = keys
      }
    }
    return field
  }

  /// `map(a,b)` as `map` and its keys.
  private static func parts(_ word: Substring) -> (name: String, keys: [String]) {
    let pieces = word.split(whereSeparator: { $0 == "(" || $0 == ")" })
    let keys = pieces.count > 1 ? pieces[1].split(separator: ",").map(String.init) : []
    return (String(pieces.first ?? ""), keys)
  }

  private static func type(_ word: Substring, section: Substring) -> FieldType {
    if word.hasPrefix("[") { return .array(type(word.dropFirst().dropLast(), section: section)) }
    if word.hasPrefix("{") { return .map(type(word.dropFirst().dropLast(), section: section)) }
    switch word {
    case "string": return .scalar("string", format: "")
    case "bool": return .scalar("boolean", format: "")
    case "int32", "int64": return .scalar("integer", format: String(word))
    case "double": return .scalar("number", format: "double")
    case "bytes": return .scalar("string", format: "byte")
    case "time": return .reference(metadata + "Time")
    case "microtime": return .reference(metadata + "MicroTime")
    case "quantity": return .reference(quantity)
    case "intorstring": return .reference(intOrString)
    case "raw": return .reference(rawExtension)
    case "any": return .reference(json)
    default:
      let pieces = word.split(separator: ".", maxSplits: 1)
      return pieces.count == 2
        ? .reference(prefix(of: pieces[0]) + pieces[1]) : .reference(prefix(of: section) + word)
    }
  }
}
