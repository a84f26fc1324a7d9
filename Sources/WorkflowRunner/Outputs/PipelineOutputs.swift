import KratixModel
import Kubernetes

/// A file below `/kratix/metadata` that Kratix refuses. `description` is Kratix's text.
public struct PipelineOutputError: Error, Sendable, Hashable, CustomStringConvertible {
  public var description: String

  public init(_ description: String) { self.description = description }
}

/// Reads what a pipeline leaves below `/kratix/metadata`, with the checks and the words of Kratix (contract, section
/// 5.5). Texts in, values out.
public enum PipelineOutputs {
  /// `destination-selectors.yaml`, in its order; directories are cleaned, none is `.`.
  public static func parseDestinationSelectors(_ text: String) throws(PipelineOutputError) -> [DirectorySelector] {
    let file = "destination-selectors.yaml"
    let json = try yaml(text, "invalid \(file)")
    if json.isNull { return [] }
    guard let entries = json.arrayValue else {
      throw PipelineOutputError("invalid \(file): a list of {matchLabels, directory} is expected, not \(json.typeName)")
    }
    var selectors: [DirectorySelector] = []
    for (index, entry) in entries.enumerated() {
      guard entry.objectValue != nil || entry.isNull else {
        throw PipelineOutputError("invalid \(file): entry with index \(index) is no mapping")
      }
      guard let directory = string(entry["directory"]) else {
        throw PipelineOutputError("invalid \(file): directory of the entry with index \(index) is no string")
      }
      var labels: [String: String] = [:]
      let pairs = entry["matchLabels"] ?? .null
      guard pairs.isNull || pairs.objectValue != nil else {
        throw PipelineOutputError("invalid \(file): matchLabels of the entry with index \(index) is no mapping")
      }
      for (key, value) in pairs.objectValue ?? [:] {
        guard let text = string(value) else {
          throw PipelineOutputError(
            "invalid \(file): matchLabels.\(key) of the entry with index \(index) is no string")
        }
        labels[key] = text
      }
      selectors.append(DirectorySelector(directory: cleaned(directory), matchLabels: labels))
    }
    if let index = selectors.firstIndex(where: \.matchLabels.isEmpty) {
      throw PipelineOutputError("invalid \(file): entry with index \(index) has no selectors")
    }
    guard Set(selectors.map(\.directory)).count == selectors.count else {
      // As Go prints a list of {matchLabels, directory}.
      let list = selectors.map { selector in
        let labels = selector.matchLabels.sorted { $0.key < $1.key }.map { "\($0.key):\($0.value)" }
        return "{map[\(labels.joined(separator: " "))] \(selector.directory)}"
      }
      throw PipelineOutputError("duplicate entries in \(file): \n[\(list.joined(separator: " "))]")
    }
    if let nested = selectors.first(where: { $0.directory.contains("/") }) {
      throw PipelineOutputError(
        "invalid directory in \(file): \(nested.directory), sub-directories are not allowed")
    }
    return selectors
  }

  /// `status.yaml`: a mapping, or nil when it is empty.
  public static func parseStatus(_ text: String) throws(PipelineOutputError) -> JSON? {
    let json = try yaml(text, "invalid status.yaml")
    if json.isNull { return nil }
    guard json.objectValue != nil else {
      throw PipelineOutputError("invalid status.yaml: a mapping is expected, not \(json.typeName)")
    }
    guard json["kratix"] == nil else {
      throw PipelineOutputError(
        "'kratix' is a kratix managed status field that cannot be updated via workflows; "
          + "remove update to 'kratix' from the '/kratix/metadata/status.yaml' file")
    }
    return json
  }

  /// `workflow-control.yaml` (contract, section 5.7).
  public static func parseWorkflowControl(_ text: String) throws(PipelineOutputError) -> WorkflowControl {
    let file = "invalid workflow-control.yaml"
    let json = try yaml(text, file)
    guard json.isNull || json.objectValue != nil else {
      throw PipelineOutputError("\(file): a mapping is expected, not \(json.typeName)")
    }
    func field<Value>(_ key: String, _ type: String, _ read: (JSON) -> Value?) throws(PipelineOutputError) -> Value? {
      guard let value = json[key], !value.isNull else { return nil }
      guard let read = read(value) else { throw PipelineOutputError("\(file): \(key) is no \(type)") }
      return read
    }
    let suspend = try field("suspend", "boolean", \.boolValue) ?? false
    let message = try field("message", "string") { string($0) }
    var retryAfter: GoDuration?
    if let text = try field("retryAfter", "string", { string($0) }), !text.isEmpty {
      guard let duration = GoDuration(text) else {
        throw PipelineOutputError(
          "\(file): retryAfter \"\(text)\" is no duration; it is written like 90s, 5m or 24h, there are no days")
      }
      retryAfter = duration
    }
    return WorkflowControl(
      suspend: suspend, message: message.flatMap { $0.isEmpty ? nil : $0 }, retryAfter: retryAfter)
  }

  /// A value as Kubernetes' YAML library puts it into a string field: numbers and booleans as text, nothing as empty;
  /// nil for lists and mappings.
  private static func string(_ value: JSON?) -> String? {
    switch value {
    case nil, .null: ""
    case .string(let text): text
    case .bool(let flag): flag ? "true" : "false"
    case .int?, .double?: value?.text()
    case .array, .object: nil
    }
  }

  private static func yaml(_ text: String, _ prefix: String) throws(PipelineOutputError) -> JSON {
    do {
      return try YAML.parse(text)
    } catch {
      throw PipelineOutputError("\(prefix): \(error)")
    }
  }

  /// A path without `.`, `..` that can be resolved, and doubled slashes; an empty one is `.` (Go's `filepath.Clean`).
  static func cleaned(_ path: String) -> String {
    let isAbsolute = path.hasPrefix("/")
    var parts: [Substring] = []
    for part in path.split(separator: "/") where part != "." {
      if part == "..", let last = parts.last, last != ".." {
        parts.removeLast()
      } else if part != ".." || !isAbsolute {
        parts.append(part)
      }
    }
    let joined = parts.joined(separator: "/")
    return isAbsolute ? "/\(joined)" : joined.isEmpty ? "." : joined
  }
}
