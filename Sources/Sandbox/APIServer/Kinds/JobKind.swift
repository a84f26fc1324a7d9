import Kubernetes

/// Jobs: the selector and labels that the server generates, the defaults, and what may not change.
enum JobKind {
  private static let controllerUID = "batch.kubernetes.io/controller-uid"
  private static let jobName = "batch.kubernetes.io/job-name"

  static let rules = KindRules(
    generationFields: ["spec"],
    applyDefaults: { object in
      guard var spec = object.spec, spec.objectValue != nil else { return }
      if spec["completions"] == nil, spec["parallelism"] == nil {
        spec["completions"] = 1
        spec["parallelism"] = 1
      }
      for (field, value) in [
        ("parallelism", 1), ("backoffLimit", spec["backoffLimitPerIndex"] == nil ? 6 : 2_147_483_647),
        ("completionMode", "NonIndexed"), ("suspend", false), ("manualSelector", false),
        ("podReplacementPolicy", spec["podFailurePolicy"] == nil ? "TerminatingOrFailed" : "Failed"),
      ] as [(String, JSON)] where spec[field] == nil {
        spec[field] = value
      }
      if var pod = spec["template"]?["spec"], pod.objectValue != nil {
        PodTemplate.applyDefaults(&pod)
        spec[path: "template", "spec"] = pod
      }
      object.spec = spec
    },
    prepareForCreate: { object in
      guard object.spec?.objectValue != nil, object[path: "spec", "manualSelector"]?.boolValue != true else { return }
      var labels = object[path: "spec", "template", "metadata", "labels"]?.stringMapValue ?? [:]
      for key in [controllerUID, "controller-uid"] { labels[key] = object.uid }
      for key in [jobName, "job-name"] { labels[key] = object.name }
      object[path: "spec", "template", "metadata", "labels"] = JSON(labels)
      if object[path: "spec", "selector"] == nil {
        object[path: "spec", "selector"] = ["matchLabels": [controllerUID: .string(object.uid)]]
      }
    },
    prepareForUpdate: { object, old in
      // The server's own additions need not be repeated.
      if object[path: "spec", "selector"] == nil {
        object[path: "spec", "selector"] = old[path: "spec", "selector"]
      }
    },
    validate: { object, old in
      guard object.spec?.objectValue != nil else { return [.required("spec.template.spec.containers")] }
      var errors = PodTemplate.validate(object[path: "spec", "template", "spec"], path: "spec.template.spec")
      let policy = object[path: "spec", "template", "spec", "restartPolicy"]?.stringValue ?? ""
      if policy != "OnFailure", policy != "Never" {
        errors.append(
          .required("spec.template.spec.restartPolicy", "valid values: \"OnFailure\", \"Never\"")
            .asUnsupported(policy, supported: ["OnFailure", "Never"]))
      }
      for field in ["backoffLimit", "parallelism", "completions", "activeDeadlineSeconds", "ttlSecondsAfterFinished"] {
        if let value = object[path: "spec", field], let number = value.intValue, number < 0 {
          errors.append(.invalid("spec.\(field)", value, "must be greater than or equal to 0"))
        }
      }
      if let old {
        let mayChangeScheduling = old[path: "spec", "suspend"]?.boolValue == true
        for field in ["completions", "selector", "completionMode", "backoffLimitPerIndex", "podFailurePolicy"]
        where object[path: "spec", field] != old[path: "spec", field] {
          errors.append(.invalid("spec.\(field)", object[path: "spec", field] ?? .null, "field is immutable"))
        }
        if !mayChangeScheduling, object[path: "spec", "template"] != old[path: "spec", "template"] {
          errors.append(.invalid("spec.template", object[path: "spec", "template"] ?? .null, "field is immutable"))
        }
      }
      return errors
    },
    selectableFields: ["status.successful"],
    selectableValue: { object, _ in object[path: "status", "succeeded"]?.selectorText ?? "0" },
    initialStatus: .emptyObject)
}

extension FieldError {
  /// "Required" when nothing is given, "not supported" when something else is.
  fileprivate func asUnsupported(_ value: String, supported: [String]) -> FieldError {
    value.isEmpty ? self : .notSupported(field, .string(value), supported: supported)
  }
}
