import Kubernetes

/// One entry of `columnDefinitions`.
struct TableColumn: Sendable, Hashable {
  var name: String
  var type = "string"
  var format = ""
  var description: String
  var priority: Int64 = 0

  var json: JSON {
    [
      "name": .string(name), "type": .string(type), "format": .string(format), "description": .string(description),
      "priority": .int(priority),
    ]
  }
}

extension TableColumn {
  static let name = TableColumn(name: "Name", format: "name", description: "The name of the object.")
  static let age = TableColumn(name: "Age", description: "The time since the object was created.")
  static let createdAt = TableColumn(name: "Created At", type: "date", description: "When the object was created.")

  static func text(_ name: String, _ description: String) -> TableColumn {
    TableColumn(name: name, description: description)
  }

  static func wide(_ name: String, _ description: String) -> TableColumn {
    TableColumn(name: name, description: description, priority: 1)
  }
}

/// The columns of a kind, and how a row is made of an object.
struct TableLayout: Sendable {
  var columns: [TableColumn]
  /// One cell a column. The second argument is the time now, in seconds since 1970.
  var cells: @Sendable (KubernetesObject, Double) -> [JSON]
}

extension TableLayout {
  /// What a resource without columns of its own shows: the name, and when it was created.
  static let plain = TableLayout(columns: [.name, .createdAt]) { object, _ in
    [.string(object.name), object.creationTimestamp.map(JSON.string) ?? "<unknown>"]
  }

  /// The layout of a resource: a custom resource's printer columns, or what a real server shows of a built-in kind.
  static func layout(for resource: ServedResource) -> TableLayout {
    if resource.isCustom { return custom(resource.printerColumns ?? []) }
    return builtIn[resource.type.qualifiedResource] ?? plain
  }

  /// By the resource's qualified name.
  private static let builtIn: [String: TableLayout] = [
    "pods": pods,
    "jobs.batch": jobs,
    "deployments.apps": deployments,
    "daemonsets.apps": daemonSets,
    "replicasets.apps": replicaSets,
    "statefulsets.apps": statefulSets,
    "cronjobs.batch": cronJobs,
    "ingresses.networking.k8s.io": ingresses,
    "networkpolicies.networking.k8s.io": networkPolicies,
    "poddisruptionbudgets.policy": podDisruptionBudgets,
    "priorityclasses.scheduling.k8s.io": priorityClasses,
    "nodes": nodes,
    "persistentvolumes": persistentVolumes,
    "persistentvolumeclaims": persistentVolumeClaims,
    "services": services,
    "namespaces": namespaces,
    "configmaps": configMaps,
    "secrets": secrets,
    "serviceaccounts": serviceAccounts,
    "events": events,
    "events.events.k8s.io": events,
    "leases.coordination.k8s.io": leases,
    "rolebindings.rbac.authorization.k8s.io": roleBindings,
    "clusterrolebindings.rbac.authorization.k8s.io": roleBindings,
    "validatingwebhookconfigurations.admissionregistration.k8s.io": webhookConfigurations,
    "mutatingwebhookconfigurations.admissionregistration.k8s.io": webhookConfigurations,
  ]
}

/// Small helpers that several layouts share.
enum TableCell {
  static func age(_ object: KubernetesObject, _ now: Double) -> JSON {
    .string(HumanDuration.age(object.creationTimestamp, now: now))
  }

  /// `a,b`, or `<none>`.
  static func list(_ values: [String], separator: String = ",") -> JSON {
    values.isEmpty ? "<none>" : .string(values.joined(separator: separator))
  }

  /// `a=b,c=d` in the order of the keys, or `<none>`.
  static func labels(_ labels: JSON?) -> JSON {
    let map = labels?.stringMapValue ?? [:]
    return list(map.sorted { JSON.isOrderedByBytes($0.key, $1.key) }.map { "\($0.key)=\($0.value)" })
  }

  /// A `LabelSelector` in the short form of the command line, or `<none>`.
  static func selector(_ selector: JSON?) -> JSON {
    var requirements = (selector?["matchLabels"]?.stringMapValue ?? [:]).map { ($0.key, "\($0.key)=\($0.value)") }
    for expression in selector?["matchExpressions"]?.arrayValue ?? [] {
      let key = expression["key"]?.stringValue ?? ""
      let values = (expression["values"]?.stringArrayValue ?? []).sorted().joined(separator: ",")
      switch expression["operator"]?.stringValue {
      case "In": requirements.append((key, "\(key) in (\(values))"))
      case "NotIn": requirements.append((key, "\(key) notin (\(values))"))
      case "Exists": requirements.append((key, key))
      case "DoesNotExist": requirements.append((key, "!\(key)"))
      default: break
      }
    }
    return list(requirements.sorted { JSON.isOrderedByBytes($0.0, $1.0) }.map(\.1))
  }

  /// Names and images of a pod template's containers.
  static func containers(_ template: JSON?) -> (names: JSON, images: JSON) {
    let containers = template?[path: "spec", "containers"]?.arrayValue ?? []
    return (
      .string(containers.map { $0["name"]?.stringValue ?? "" }.joined(separator: ",")),
      .string(containers.map { $0["image"]?.stringValue ?? "" }.joined(separator: ","))
    )
  }
}
