import KratixModel
import Kubernetes

/// Pipelines, containers and images.
enum WorkflowRules {
  static func findings(_ promise: Promise) -> [Finding] {
    var findings: [Finding] = []
    for type in WorkflowType.allCases {
      for action in WorkflowAction.allCases {
        findings += workflow(promise, type, action)
      }
    }
    return findings
  }

  private static func workflow(_ promise: Promise, _ type: WorkflowType, _ action: WorkflowAction) -> [Finding] {
    let path = "spec.workflows.\(type.rawValue).\(action.rawValue)"
    guard let value = promise.spec[path: "workflows", type.rawValue, action.rawValue], !value.isNull else { return [] }
    guard let elements = value.arrayValue else {
      return [Finding(.pipelineInvalid, path: path, message: "the workflow is no list of pipelines")]
    }
    var findings: [Finding] = []
    if type == .resource, promise.api == nil, !elements.isEmpty {
      findings.append(
        Finding(.pipelineWithoutAPI, path: path, message: "there are pipelines for resources, but there is no spec.api")
      )
    }
    var names: Set<String> = []
    for (index, element) in elements.enumerated() {
      let place = "\(path)[\(index)]"
      guard element.objectValue != nil else {
        findings.append(Finding(.pipelineInvalid, path: place, message: "the pipeline is no object"))
        continue
      }
      let pipeline = Pipeline(element)
      findings += identity(pipeline, of: promise, type, action, path: place)
      if !pipeline.name.isEmpty, !names.insert(pipeline.name).inserted {
        findings.append(
          Finding(
            .pipelineNameDuplicate, path: "\(place).metadata.name",
            message: "duplicate pipeline name \"\(pipeline.name)\" in workflow \"\(type.rawValue)\" action "
              + "\"\(action.rawValue)\""))
      }
      findings += fields(pipeline, path: place)
      findings += containers(pipeline, path: "\(place).spec.containers")
      if type == .resource, action == .configure { findings += retries(pipeline, path: place) }
    }
    return findings
  }

  private static func identity(
    _ pipeline: Pipeline, of promise: Promise, _ type: WorkflowType, _ action: WorkflowAction, path: String
  ) -> [Finding] {
    var findings: [Finding] = []
    let kind = pipeline.json["kind"]?.stringValue ?? ""
    let apiVersion = pipeline.json["apiVersion"]?.stringValue ?? ""
    if kind != "Pipeline" || apiVersion != ResourceType.promises.apiVersion {
      findings.append(
        Finding(
          .pipelineInvalid, path: path,
          message: "pipeline \"\(pipeline.name)\" is kind \"\(kind)\" of \"\(apiVersion)\", not Pipeline of "
            + ResourceType.promises.apiVersion))
    }
    if pipeline.name.isEmpty {
      findings.append(Finding(.pipelineName, path: "\(path).metadata.name", message: "the pipeline has no name"))
      return findings
    }
    for complaint in NameRules.dns1123Label(pipeline.name) {
      findings.append(
        Finding(
          .pipelineName, path: "\(path).metadata.name",
          message: "\"\(pipeline.name)\" cannot be a pipeline's name: \(complaint)"))
    }
    let id = KratixNames.pipelineID(promise: promise.name, type: type, action: action, pipeline: pipeline.name)
    if id.utf8.count > KratixNames.pipelineIDLimit {
      findings.append(
        Finding(
          .pipelineNameTooLong, path: "\(path).metadata.name",
          message: "pipeline \"\(pipeline.name)\" makes the name \"\(id)\" of \(id.utf8.count) characters, and "
            + "\(KratixNames.pipelineIDLimit) is the most that Kratix takes"))
    }
    for (key, value) in pipeline.labels.sorted(by: { $0.key < $1.key }) {
      for complaint in NameRules.qualifiedName(key) {
        findings.append(
          Finding(
            .pipelineLabel, path: "\(path).metadata.labels",
            message: "invalid label key \"\(key)\" of pipeline \"\(pipeline.name)\": \(complaint)"))
      }
      for complaint in NameRules.labelValue(value) {
        findings.append(
          Finding(
            .pipelineLabel, path: "\(path).metadata.labels[\(key)]",
            message: "invalid label value \"\(value)\" of pipeline \"\(pipeline.name)\": \(complaint)"))
      }
    }
    return findings
  }

  /// Contract, section 1.12.
  private static let shape = UnknownFields.Shape.object([
    "apiVersion": .anything, "kind": .anything, "metadata": .anything,
    "spec": .object([
      "containers": .list(
        of: .object([
          "name": .anything, "image": .anything, "command": .anything, "args": .anything, "env": .anything,
          "envFrom": .anything, "volumeMounts": .anything, "imagePullPolicy": .anything,
          "securityContext": .anything, "resources": .anything,
        ])),
      "volumes": .anything, "imagePullSecrets": .anything, "nodeSelector": .anything, "tolerations": .anything,
      "restartPolicy": .anything,
      "jobOptions": .object(["backoffLimit": .anything]),
      "rbac": .object([
        "serviceAccount": .anything,
        "permissions": .list(
          of: .object([
            "resourceNamespace": .anything, "apiGroups": .anything, "resources": .anything, "verbs": .anything,
            "resourceNames": .anything, "nonResourceURLs": .anything,
          ])),
      ]),
    ]),
  ])

  private static func fields(_ pipeline: Pipeline, path: String) -> [Finding] {
    UnknownFields.unknown(in: pipeline.json, shape: shape, path: path).map { path, field, known in
      Finding(
        .pipelineInvalid, path: "\(path).\(field)",
        message: "unknown field \"\(field)\" in pipeline \"\(pipeline.name)\""
          + Suggestion.text(for: field, among: known))
    }
  }

  private static func containers(_ pipeline: Pipeline, path: String) -> [Finding] {
    guard !pipeline.containers.isEmpty else {
      return [Finding(.pipelineEmpty, path: path, message: "pipeline \"\(pipeline.name)\" has no containers")]
    }
    var findings: [Finding] = []
    var names: Set<String> = []
    for (index, container) in pipeline.containers.enumerated() {
      let place = "\(path)[\(index)]"
      let subject = "container \"\(container.name)\" of pipeline \"\(pipeline.name)\""
      if container.name.isEmpty {
        findings.append(
          Finding(
            .containerInvalid, path: "\(place).name",
            message: "a container of pipeline \"\(pipeline.name)\" has no name"))
      } else {
        for complaint in NameRules.dns1123Label(container.name) {
          findings.append(Finding(.containerInvalid, path: "\(place).name", message: "\(subject): \(complaint)"))
        }
        if !names.insert(container.name).inserted {
          findings.append(
            Finding(.containerInvalid, path: "\(place).name", message: "\(subject) is there twice"))
        }
      }
      findings += image(container.image, subject: subject, path: "\(place).image")
    }
    return findings
  }

  private static func image(_ text: String, subject: String, path: String) -> [Finding] {
    guard !text.isEmpty else {
      return [Finding(.containerInvalid, path: path, message: "\(subject) has no image")]
    }
    guard let reference = ImageReference(text) else {
      return [Finding(.imageInvalid, path: path, message: "\"\(text)\" of \(subject) is no image reference")]
    }
    guard reference.digest == nil else { return [] }
    switch reference.tag {
    case nil: return [Finding(.imageNoTag, path: path, message: "image \(text) of \(subject) has no tag")]
    case "latest": return [Finding(.imageLatest, path: path, message: "image \(text) of \(subject) is on tag latest")]
    default:
      return [Finding(.imageNotPinned, path: path, message: "image \(text) of \(subject) is not pinned by digest")]
    }
  }

  /// Kubernetes' own default is 6, with waits that double from ten seconds on.
  private static func retries(_ pipeline: Pipeline, path: String) -> [Finding] {
    let place = "\(path).spec.jobOptions.backoffLimit"
    switch pipeline.backoffLimit {
    case nil:
      return [
        Finding(
          .backoffLimit, path: place,
          message: "pipeline \"\(pipeline.name)\" has no backoffLimit, so that a failure shows after six retries only")
      ]
    case let limit? where limit > 3:
      return [
        Finding(
          .backoffLimit, severity: .warn, path: place,
          message: "pipeline \"\(pipeline.name)\" is tried \(limit) times again before it counts as failed")
      ]
    default: return []
    }
  }
}
