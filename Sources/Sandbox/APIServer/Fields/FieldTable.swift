import Kubernetes

/// The fields of the built-in kinds: what a typed API server knows of them. From this it decodes protobuf, drops and
/// reports unknown fields, and writes an object the way a Go struct is written.
enum FieldTable {
  /// One field of a message.
  struct Field: Sendable {
    indirect enum Kind: Sendable {
      case string, int32, int64, bool, double, bytes
      /// RFC 3339 in whole seconds, or with microseconds.
      case time, microTime
      case duration, quantity, intOrString
      /// JSON within.
      case raw
      /// Not looked into.
      case any
      case message(String)
      case list(Kind)
      case map(Kind)
    }

    var name: String
    /// The protobuf number; 0 for none.
    var number: Int
    var kind: Kind
    /// A nil pointer and a zero value are two things.
    var isPointer: Bool
    /// Written even when it has nothing in it.
    var isAlwaysWritten: Bool
    /// Its members stand beside the message's own.
    var isInline: Bool { name == "." }

    /// From `name:number:type`. The type: `s` string, `i` and `l` integers, `b` bool, `d` floating point, `y` bytes, a
    /// word in capitals for a well-known type, or a message; before it `*` for a list, `{` for a map; after it `?` for
    /// a pointer, `!` and `=` for a field that is always written.
    init?(parsing text: Substring) {
      let parts = text.split(separator: ":", maxSplits: 2)
      guard parts.count == 3, let number = Int(parts[1]) else { return nil }
      name = String(parts[0])
      self.number = number
      var type = parts[2]
      isAlwaysWritten = false
      isPointer = false
      while let last = type.last, "?!=".contains(last) {
        if last == "?" { isPointer = true } else { isAlwaysWritten = true }
        type.removeLast()
      }
      kind = Self.kind(type)
    }

    private static func kind(_ text: Substring) -> Kind {
      switch text.first {
      case "*": return .list(kind(text.dropFirst()))
      case "{": return .map(kind(text.dropFirst()))
      default: break
      }
      switch text {
      case "s": return .string
      case "i": return .int32
      case "l": return .int64
      case "b": return .bool
      case "d": return .double
      case "y": return .bytes
      case "Time": return .time
      case "MicroTime": return .microTime
      case "Duration": return .duration
      case "Quantity": return .quantity
      case "IntOrString": return .intOrString
      case "Raw": return .raw
      case "Any": return .any
      default: return .message(String(text))
      }
    }
  }

  struct Message: Sendable {
    /// `core.ConfigMap`.
    var name: String
    var fields: [Field]
    /// Those of inlined messages too.
    var byName: [String: Field]
    var byNumber: [Int: Field]

    /// `ConfigMap`, as Go's error messages call the struct.
    var structName: Substring { name.split(separator: ".").last ?? "" }
  }

  static let messages: [String: Message] = {
    var messages: [String: Message] = [:]
    for table in [coreMessagesAToO, coreMessagesPToZ, groupMessages] {
      for line in table.split(separator: "\n") {
        let words = line.split(separator: " ")
        guard let name = words.first else { continue }
        let fields = words.dropFirst().compactMap(Field.init(parsing:))
        messages[String(name)] = Message(
          name: String(name), fields: fields, byName: [:],
          byNumber: Dictionary(fields.map { ($0.number, $0) }, uniquingKeysWith: { first, _ in first }))
      }
    }
    let all = messages
    return all.mapValues { message in
      var message = message
      message.byName = Dictionary(
        flattened(message, all).map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
      return message
    }
  }()

  private static func flattened(_ message: Message, _ all: [String: Message]) -> [Field] {
    message.fields.flatMap { field -> [Field] in
      guard field.isInline, case .message(let name) = field.kind, let inner = all[name] else { return [field] }
      return flattened(inner, all)
    }
  }

  private static let prefixes = [
    "": "core", "apps": "apps", "batch": "batch", "events.k8s.io": "events", "coordination.k8s.io": "coordination",
    "rbac.authorization.k8s.io": "rbac", "networking.k8s.io": "networking", "policy": "policy",
    "admissionregistration.k8s.io": "admissionregistration", "scheduling.k8s.io": "scheduling",
    "authentication.k8s.io": "authentication", "authorization.k8s.io": "authorization", "autoscaling": "autoscaling",
    "apiextensions.k8s.io": "apiextensions", "meta.k8s.io": "meta",
  ]

  /// The message of a kind; nil for one that is not built in.
  static func message(for kind: GroupVersionKind) -> Message? {
    guard kind.version == "v1", let prefix = prefixes[kind.group] else { return nil }
    return messages["\(prefix).\(kind.kind)"]
  }
}
