import Kubernetes

/// Where in an object a part of a schema applies: `spec.nodes[*].size`, `spec.labels.*`.
public struct SchemaPath: Sendable, Hashable, CustomStringConvertible {
  public enum Segment: Sendable, Hashable {
    case property(String)
    /// Every item of a list.
    case items
    /// Every value of a map.
    case values
  }

  public var segments: [Segment]

  public init(_ segments: [Segment] = []) { self.segments = segments }

  public func appending(_ segment: Segment) -> SchemaPath { SchemaPath(segments + [segment]) }
  public func property(_ name: String) -> SchemaPath { appending(.property(name)) }

  public var parent: SchemaPath { SchemaPath(Array(segments.dropLast())) }

  /// Empty for the root.
  public var description: String {
    var text = ""
    for segment in segments {
      switch segment {
      case .property(let name):
        if name.contains(where: { $0 == "." || $0 == "[" || $0 == "/" }) {
          text += "[\(name)]"
        } else {
          text += text.isEmpty ? name : ".\(name)"
        }
      case .items: text += "[*]"
      case .values: text += ".*"
      }
    }
    return text
  }

  /// Every value that `object` has here.
  public func values(in object: JSON) -> [JSON] {
    var current = [object]
    for segment in segments {
      switch segment {
      case .property(let name): current = current.compactMap { $0[name] }
      case .items: current = current.flatMap { $0.arrayValue ?? [] }
      case .values: current = current.flatMap { Array(($0.objectValue ?? [:]).values) }
      }
      if current.isEmpty { break }
    }
    return current
  }

  public func exists(in object: JSON) -> Bool { !values(in: object).isEmpty }
}
