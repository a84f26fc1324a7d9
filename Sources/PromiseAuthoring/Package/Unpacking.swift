import KratixModel
import Kubernetes

extension PromisePackaging {
  /// A Promise as a directory in the split layout. What that layout of the kratix CLI has no file for goes to
  /// `promise-base.yaml`, so that packaging the directory gives the Promise again.
  public static func unpack(_ promise: KubernetesObject) -> [SourceFile] {
    var files: [SourceFile] = []
    func add(_ path: String, _ value: JSON) {
      files.append(SourceFile(path: path, bytes: Array(YAML.text(value).utf8)))
    }
    var base = promise
    base.status = nil
    base[path: "metadata", "creationTimestamp"] = nil
    if case .object? = promise[path: "spec", "api"] {
      add("api.yaml", base[path: "spec", "api"] ?? .null)
      base[path: "spec", "api"] = nil
    }
    if let dependencies = base[path: "spec", "dependencies"], dependencies.arrayValue?.isEmpty == false {
      add("dependencies.yaml", dependencies)
      base[path: "spec", "dependencies"] = nil
    }
    for type in WorkflowType.allCases {
      for action in WorkflowAction.allCases {
        let path: [String] = ["spec", "workflows", type.rawValue, action.rawValue]
        guard let pipelines = base.json.value(at: path[...]), pipelines.arrayValue?.isEmpty == false else { continue }
        add("workflows/\(type.rawValue)/\(action.rawValue)/workflow.yaml", pipelines)
        base.json.set(nil, at: path[...])
      }
    }
    add("promise-base.yaml", base.json)
    return files
  }
}
