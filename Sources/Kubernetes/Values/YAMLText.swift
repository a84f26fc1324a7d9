import Yams

extension YAML {
  /// YAML text of a value as Kubernetes' tools write it: keys sorted, sequences not indented below their key, strings
  /// quoted where they would read as something else, several lines as a literal block. Ends with a newline.
  public static func text(_ value: JSON) -> String {
    do {
      return try Yams.serialize(node: node(value), indent: 2, width: -1, allowUnicode: true, sortKeys: false)
    } catch {
      // libyaml refuses only what cannot be in a Swift string; JSON is YAML.
      return value.text(.pretty) + "\n"
    }
  }

  /// Several documents, separated by `---`.
  public static func text(documents: [JSON]) -> String {
    documents.map(text).joined(separator: "---\n")
  }

  private static func node(_ value: JSON) -> Node {
    switch value {
    case .null: Node("null", Tag(.null))
    case .bool(let flag): Node(flag ? "true" : "false", Tag(.bool))
    case .int(let number): Node(String(number), Tag(.int))
    case .double(let number): Node(JSON.goNumberText(number), Tag(.float))
    case .string(let string): Node(string, Tag(.str), style(of: string))
    case .array(let elements):
      Node(elements.map(node), Tag(.seq), elements.isEmpty ? .flow : .block)
    case .object(let members):
      Node(
        members.keys.sorted(by: JSON.isOrderedByBytes).map { key in
          (Node(key, Tag(.str), style(of: key)), node(members[key] ?? .null))
        }, Tag(.map), members.isEmpty ? .flow : .block)
    }
  }

  private static func style(of string: String) -> Node.Scalar.Style {
    if plainValue(string) != .string(string) { return .doubleQuoted }
    if string.contains("\n"), !string.hasPrefix(" "), !string.hasPrefix("\n"), !string.contains("\t"),
      !string.contains("\r"), !string.contains(" \n")
    {
      return .literal
    }
    return .any
  }
}
