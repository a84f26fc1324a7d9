import Kubernetes
import Yams

/// The lines on which the fields of the documents of a text are.
public struct FieldLines: Sendable {
  /// By document, by path.
  private var lines: [[String: Int]] = []

  /// No lines for a text that is no YAML.
  public init(_ bytes: [UInt8]) {
    guard let text = SourceText(file: bytes), let documents = try? YAML.compose(text.string) else { return }
    for node in documents {
      var found: [String: Int] = [:]
      var budget = 100_000
      Self.collect(node, FieldPath(), &found, &budget)
      lines.append(found)
    }
  }

  /// The line of a field, from 1; of the nearest field above it when it is not there.
  /// - Parameter path: as `FieldPath` writes it.
  public func line(of path: String, document: Int = 0) -> Int? {
    guard lines.indices.contains(document) else { return nil }
    var path = Substring(path)
    while !path.isEmpty {
      if let line = lines[document][String(path)] { return line }
      guard let cut = path.lastIndex(where: { $0 == "." || $0 == "[" }) else { break }
      path = path[..<cut]
    }
    return lines[document][""]
  }

  private static func collect(_ node: Node, _ path: FieldPath, _ found: inout [String: Int], _ budget: inout Int) {
    budget -= 1
    guard budget > 0 else { return }
    if path.steps.isEmpty, let mark = node.mark { found[""] = mark.line }
    switch node {
    case .mapping(let mapping):
      for (key, value) in mapping {
        let path = path.appending(key.scalar?.string ?? "")
        if let mark = key.mark { found[path.description] = mark.line }
        collect(value, path, &found, &budget)
      }
    case .sequence(let sequence):
      for (index, element) in sequence.enumerated() {
        let path = path.appending(.index(index))
        if let mark = element.mark { found[path.description] = mark.line }
        collect(element, path, &found, &budget)
      }
    case .scalar, .alias: break
    }
  }
}
