/// Where a value is in a YAML document, written as Kubernetes writes field paths: `spec.containers[0].image`,
/// `metadata.labels[kratix.io/promise-version]`. A step into a document that a string holds is written ` | `.
public struct FieldPath: Sendable, Hashable, CustomStringConvertible {
  public enum Step: Sendable, Hashable {
    case key(String)
    case index(Int)
    /// Into document `index` of the YAML text that the scalar holds.
    case text(Int)
  }

  public var steps: [Step]

  public init(_ steps: [Step] = []) { self.steps = steps }

  public func appending(_ step: Step) -> FieldPath { FieldPath(steps + [step]) }

  /// `keys` are members of objects, one below the other.
  public func appending(_ keys: String...) -> FieldPath { FieldPath(steps + keys.map(Step.key)) }

  public var description: String {
    var text = ""
    for step in steps {
      switch step {
      case .key(let key) where key.isEmpty || key.contains { $0 == "." || $0 == "/" || $0 == " " || $0 == "[" }:
        text += "[\(key)]"
      case .key(let key): text += text.isEmpty || text.hasSuffix(" | ") ? key : ".\(key)"
      case .index(let index): text += "[\(index)]"
      case .text(let index): text += (index == 0 ? "" : " (document \(index + 1))") + " | "
      }
    }
    return text
  }
}
