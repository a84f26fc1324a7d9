import Kubernetes

/// Deployment, ReplicaSet, StatefulSet, DaemonSet, CronJob and PriorityClass: stored with the defaults that users see.
enum WorkloadKinds {
  static let deployment = workload(
    defaults: { spec in
      fill(&spec, "replicas", 1)
      fill(&spec, "progressDeadlineSeconds", 600)
      fill(&spec, "revisionHistoryLimit", 10)
      if spec["strategy"]?["type"] == nil { spec[path: "strategy", "type"] = "RollingUpdate" }
      if spec["strategy"]?["type"] == "RollingUpdate" {
        for field in ["maxSurge", "maxUnavailable"] where spec["strategy"]?["rollingUpdate"]?[field] == nil {
          spec[path: "strategy", "rollingUpdate", field] = "25%"
        }
      }
    })

  static let replicaSet = workload(
    defaults: { spec in fill(&spec, "replicas", 1) }, selectable: ["status.replicas"],
    initialStatus: ["replicas": 0])

  static let statefulSet = workload(
    defaults: { spec in
      fill(&spec, "replicas", 1)
      fill(&spec, "podManagementPolicy", "OrderedReady")
      fill(&spec, "revisionHistoryLimit", 10)
      fill(&spec, "persistentVolumeClaimRetentionPolicy", ["whenDeleted": "Retain", "whenScaled": "Retain"])
      fill(&spec, "updateStrategy", ["type": "RollingUpdate", "rollingUpdate": ["partition": 0]])
    }, initialStatus: ["availableReplicas": 0, "replicas": 0])

  static let daemonSet = workload(
    defaults: { spec in
      fill(&spec, "revisionHistoryLimit", 10)
      fill(
        &spec, "updateStrategy",
        ["type": "RollingUpdate", "rollingUpdate": ["maxSurge": 0, "maxUnavailable": 1]])
    },
    initialStatus: [
      "currentNumberScheduled": 0, "desiredNumberScheduled": 0, "numberMisscheduled": 0, "numberReady": 0,
    ])

  static let cronJob = KindRules(
    generationFields: ["spec"],
    applyDefaults: { object in
      guard var spec = object.spec, spec.objectValue != nil else { return }
      fill(&spec, "concurrencyPolicy", "Allow")
      fill(&spec, "failedJobsHistoryLimit", 1)
      fill(&spec, "successfulJobsHistoryLimit", 3)
      fill(&spec, "suspend", false)
      if var pod = spec.value(at: ["jobTemplate", "spec", "template", "spec"]), pod.objectValue != nil {
        PodTemplate.applyDefaults(&pod)
        spec[path: "jobTemplate", "spec", "template", "spec"] = pod
      }
      object.spec = spec
    },
    validate: { object, _ in
      PodTemplate.validate(
        object[path: "spec", "jobTemplate", "spec", "template", "spec"], path: "spec.jobTemplate.spec.template.spec")
    },
    initialStatus: .emptyObject)

  static let priorityClass = KindRules(
    applyDefaults: { object in
      if object["preemptionPolicy"] == nil { object["preemptionPolicy"] = "PreemptLowerPriority" }
      if object["value"] == nil { object["value"] = 0 }
      object.generation = 1
    },
    validate: { object, old in
      guard let old, old["value"] != object["value"] else { return [] }
      return [.forbidden("value", "may not be changed in an update.")]
    })

  private static func fill(_ value: inout JSON, _ field: String, _ content: JSON) {
    if value[field] == nil { value[field] = content }
  }

  /// A kind with a pod template and a selector that must match its labels.
  private static func workload(
    defaults: @escaping @Sendable (inout JSON) -> Void, selectable: [String] = [], initialStatus: JSON = .emptyObject
  ) -> KindRules {
    KindRules(
      generationFields: ["spec"],
      applyDefaults: { object in
        guard var spec = object.spec, spec.objectValue != nil else { return }
        defaults(&spec)
        if var pod = spec["template"]?["spec"], pod.objectValue != nil {
          PodTemplate.applyDefaults(&pod)
          spec[path: "template", "spec"] = pod
        }
        object.spec = spec
      },
      validate: { object, old in
        var errors: [FieldError] = []
        let selector = object[path: "spec", "selector"]
        let labels = object[path: "spec", "template", "metadata", "labels"]
        if selector?.objectValue == nil {
          errors.append(.required("spec.selector"))
        } else if let parsed = try? selector.map(LabelSelector.init(json:)),
          !parsed.matches(labels?.stringMapValue ?? [:])
        {
          errors.append(
            .invalid("spec.template.metadata.labels", labels ?? .null, "`selector` does not match template `labels`"))
        }
        errors += PodTemplate.validate(object[path: "spec", "template", "spec"], path: "spec.template.spec")
        if let old, old[path: "spec", "selector"] != selector {
          errors.append(.invalid("spec.selector", selector ?? .null, "field is immutable"))
        }
        return errors
      },
      selectableFields: selectable, initialStatus: initialStatus)
  }
}
