import KratixModel

/// One file of a Promise's source directory.
public struct SourceFile: Sendable, Hashable {
  /// Relative to the directory, parts separated by `/`.
  public var path: String
  /// Empty for files that packaging knows by their name alone.
  public var bytes: [UInt8]

  public init(path: String, bytes: [UInt8]) {
    self.path = path
    self.bytes = bytes
  }

  var name: Substring { path.split(separator: "/").last ?? "" }
}

/// What packaging makes of the files of a directory, by their paths.
public enum SourceLayout {
  /// Promises are small; a greater file is there by mistake.
  public static let largestFile = 4 << 20

  /// Whether packaging reads the file's bytes. Of the others it wants to know that they are there.
  public static func isRead(_ path: String) -> Bool {
    let parts = path.split(separator: "/").map(String.init)
    guard let name = parts.last else { return false }
    if parts.count == 1 {
      return [promise, api, dependencies, base].contains { names($0).contains(name) } || isExample(path)
        || isReadme(path)
    }
    return isDependency(path) || workflow(of: path) != nil
  }

  static let promise = "promise"
  static let api = "api"
  static let dependencies = "dependencies"
  /// What the split layout of the kratix CLI has no file for: labels, selectors, requirements.
  static let base = "promise-base"

  static func names(_ stem: String) -> [String] { ["\(stem).yaml", "\(stem).yml"] }

  static func isYAML(_ name: some StringProtocol) -> Bool { name.hasSuffix(".yaml") || name.hasSuffix(".yml") }

  /// `example-resource.yaml` of the kratix CLI, `resource-request.yaml` of the marketplace.
  static func isExample(_ path: String) -> Bool {
    !path.contains("/") && isYAML(path) && (path.hasPrefix("example-") || path.hasPrefix("resource-request"))
  }

  static func isReadme(_ path: String) -> Bool { path == "README.md" }

  static func isDependency(_ path: String) -> Bool { path.hasPrefix("dependencies/") && isYAML(path) }

  /// `workflows/TYPE/ACTION/workflow.yaml`.
  static func workflow(of path: String) -> (type: WorkflowType, action: WorkflowAction)? {
    let parts = path.split(separator: "/").map(String.init)
    guard parts.count == 4, parts[0] == "workflows", names("workflow").contains(parts[3]),
      let type = WorkflowType(rawValue: parts[1]), let action = WorkflowAction(rawValue: parts[2])
    else { return nil }
    return (type, action)
  }

  /// The directory of an image's sources, for the path of its Dockerfile: `workflows/TYPE/ACTION/PIPELINE/CONTAINER`,
  /// `pipelines/NAME/TAG`, or any directory below `internal`.
  static func imageDirectory(of path: String) -> String? {
    let parts = path.split(separator: "/").map(String.init)
    guard let name = parts.last, ["Dockerfile", "Containerfile"].contains(name) else { return nil }
    switch parts[0] {
    case "workflows" where parts.count == 6: break
    case "pipelines" where parts.count == 4: break
    case "internal" where parts.count > 2: break
    default: return nil
    }
    return parts.dropLast().joined(separator: "/")
  }
}
