import KratixModel
import Kubernetes

/// Fields of a Promise that Kratix does not know. Those of pipelines are `WorkflowRules`' matter: there they are fatal.
enum UnknownFields {
  /// The fields of an object, and what is below them.
  indirect enum Shape: Sendable {
    case anything
    case object([String: Shape])
    case list(of: Shape)
  }

  /// Contract, section 1.1.
  private static let promise = Shape.object([
    "apiVersion": .anything, "kind": .anything, "metadata": .anything, "status": .anything,
    "spec": .object([
      "api": .anything, "dependencies": .anything,
      "destinationSelectors": .list(of: .object(["matchLabels": .anything])),
      "requiredPromises": .list(of: .object(["name": .anything, "version": .anything])),
      "workflows": .object([
        "config": .object(["pipelineNamespace": .anything, "reconciliationInterval": .anything]),
        "promise": .object(["configure": .anything, "delete": .anything]),
        "resource": .object(["configure": .anything, "delete": .anything]),
      ]),
    ]),
  ])

  static func findings(_ promise: Promise) -> [Finding] {
    unknown(in: promise.object.json, shape: Self.promise, path: "").map { path, field, known in
      Finding(
        .unknownField, path: path.isEmpty ? field : "\(path).\(field)",
        message: "unknown field \"\(field)\"" + Suggestion.text(for: field, among: known))
    }
  }

  /// Every unknown field, with the path of its parent and the names that are known there.
  static func unknown(
    in value: JSON, shape: Shape, path: String
  ) -> [(path: String, field: String, known: [String])] {
    switch shape {
    case .anything: return []
    case .list(let element):
      return (value.arrayValue ?? []).enumerated().flatMap { index, item in
        unknown(in: item, shape: element, path: "\(path)[\(index)]")
      }
    case .object(let fields):
      var found: [(path: String, field: String, known: [String])] = []
      for (name, child) in (value.objectValue ?? [:]).sorted(by: { $0.key < $1.key }) {
        if let shape = fields[name] {
          found += unknown(in: child, shape: shape, path: path.isEmpty ? name : "\(path).\(name)")
        } else {
          found.append((path, name, fields.keys.sorted()))
        }
      }
      return found
    }
  }
}
