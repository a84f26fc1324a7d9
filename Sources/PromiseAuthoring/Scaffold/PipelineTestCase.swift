import KratixModel
import Kubernetes

/// One example input of a pipeline with what the pipeline must make of it, as files of a source directory:
/// `tests/TYPE/ACTION/PIPELINE/CASE/` with `input.yaml`, `output/` and `metadata/`.
public struct PipelineTestCase: Sendable, Hashable, CustomStringConvertible {
  public static let directory = "tests"

  public var type: WorkflowType
  public var action: WorkflowAction
  public var pipeline: String
  public var name: String

  public init(type: WorkflowType, action: WorkflowAction, pipeline: String, name: String) {
    self.type = type
    self.action = action
    self.pipeline = pipeline
    self.name = name
  }

  /// From the path of an `input.yaml`; nil for any other file.
  public init?(path: String) {
    let parts = path.split(separator: "/").map(String.init)
    guard parts.count == 6, parts[0] == Self.directory, parts[5] == "input.yaml",
      let type = WorkflowType(rawValue: parts[1]), let action = WorkflowAction(rawValue: parts[2])
    else { return nil }
    self.init(type: type, action: action, pipeline: parts[3], name: parts[4])
  }

  /// `resource/configure/PIPELINE/CASE`.
  public var description: String { "\(type.rawValue)/\(action.rawValue)/\(pipeline)/\(name)" }

  public var path: String { "\(Self.directory)/\(description)" }
}
