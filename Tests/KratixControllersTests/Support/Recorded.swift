import Foundation
import Kubernetes
import Testing

/// Objects as real Kratix left them in a real API server.
enum Recorded {
  /// Beside the package.
  static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "shared/recorded")

  /// All objects of a file such as `a-install/06-pods.yaml`.
  static func objects(_ file: String) throws -> [KubernetesObject] {
    let text = try String(contentsOf: root.appending(path: file), encoding: .utf8)
    return try YAML.documents(text).filter { !$0.isNull }.map(KubernetesObject.init)
  }

  static func object(_ file: String, _ kind: String, _ name: String? = nil) throws -> KubernetesObject {
    let found = try objects(file).first { $0.kind == kind && (name == nil || $0.name.hasPrefix(name ?? "")) }
    return try #require(found, "\(file) has no \(kind) \(name ?? "")")
  }
}

/// What of `wanted` is not in `actual`: the paths where they differ. More in `actual` is allowed only where the API
/// server adds defaults.
func differences(_ actual: JSON?, _ wanted: JSON?, ignoring: Set<String> = [], at path: String = "") -> [String] {
  if ignoring.contains(where: { path.hasSuffix($0) }) { return [] }
  switch (actual, wanted) {
  case (.object(let actual), .object(let wanted)):
    return Set(actual.keys).union(wanted.keys).sorted().flatMap {
      differences(actual[$0], wanted[$0], ignoring: ignoring, at: "\(path).\($0)")
    }
  case (.array(let actual), .array(let wanted)) where actual.count == wanted.count:
    return zip(actual, wanted).enumerated().flatMap { index, pair in
      differences(pair.0, pair.1, ignoring: ignoring, at: "\(path)[\(index)]")
    }
  default:
    return actual == wanted
      ? [] : ["\(path): \(actual?.text() ?? "nothing") where \(wanted?.text() ?? "nothing") is expected"]
  }
}
