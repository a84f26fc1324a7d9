import Kubernetes

/// The tables of kinds that the server stores and that nothing in it acts on.
extension TableLayout {
  private static let podTemplate: [TableColumn] = [
    .wide("Containers", "The names of the containers of the pod template."),
    .wide("Images", "The images of the containers of the pod template."),
  ]
  private static let selector = TableColumn.wide("Selector", "The labels by which pods are found.")

  private static func number(_ name: String, _ description: String) -> TableColumn {
    TableColumn(name: name, type: "integer", description: description)
  }

  private static func count(_ object: KubernetesObject, _ part: String, _ key: String) -> JSON {
    .int(object[path: part, key]?.intValue ?? 0)
  }

  private static func text(_ value: JSON?, otherwise: String = "<none>") -> JSON {
    guard let text = value?.stringValue, !text.isEmpty else { return .string(otherwise) }
    return .string(text)
  }

  static let daemonSets = TableLayout(
    columns: [
      .name, number("Desired", "How many nodes should run the pod."), number("Current", "How many nodes run it."),
      number("Ready", "How many of the pods are ready."),
      number("Up-to-date", "How many of the pods have the present template."),
      number("Available", "How many of the pods have been ready for long enough."),
      .text("Node Selector", "The labels of the nodes."), .age,
    ] + podTemplate + [selector]
  ) { object, now in
    let (names, images) = TableCell.containers(object[path: "spec", "template"])
    return [
      .string(object.name), count(object, "status", "desiredNumberScheduled"),
      count(object, "status", "currentNumberScheduled"), count(object, "status", "numberReady"),
      count(object, "status", "updatedNumberScheduled"), count(object, "status", "numberAvailable"),
      TableCell.labels(object[path: "spec", "template", "spec", "nodeSelector"]), TableCell.age(object, now), names,
      images, TableCell.selector(object[path: "spec", "selector"]),
    ]
  }

  static let replicaSets = TableLayout(
    columns: [
      .name, number("Desired", "How many pods there should be."), number("Current", "How many pods there are."),
      number("Ready", "How many of them are ready."), .age,
    ] + podTemplate + [selector]
  ) { object, now in
    let (names, images) = TableCell.containers(object[path: "spec", "template"])
    return [
      .string(object.name), count(object, "spec", "replicas"), count(object, "status", "replicas"),
      count(object, "status", "readyReplicas"), TableCell.age(object, now), names, images,
      TableCell.selector(object[path: "spec", "selector"]),
    ]
  }

  static let statefulSets = TableLayout(
    columns: [.name, .text("Ready", "How many pods are ready, of how many."), .age] + podTemplate
  ) { object, now in
    let (names, images) = TableCell.containers(object[path: "spec", "template"])
    let ready = object[path: "status", "readyReplicas"]?.intValue ?? 0
    return [
      .string(object.name), .string("\(ready)/\(object[path: "spec", "replicas"]?.intValue ?? 0)"),
      TableCell.age(object, now), names, images,
    ]
  }

  static let cronJobs = TableLayout(
    columns: [
      .name, .text("Schedule", "When jobs are started."), .text("Timezone", "The time zone of the schedule."),
      TableColumn(name: "Suspend", type: "boolean", description: "Whether no jobs are started at present."),
      number("Active", "How many jobs are running."), .text("Last Schedule", "When a job was started the last time."),
      .age,
    ] + podTemplate + [selector]
  ) { object, now in
    let template = object[path: "spec", "jobTemplate", "spec", "template"]
    let (names, images) = TableCell.containers(template)
    let suspend = object[path: "spec", "suspend"]?.boolValue
    let last = object[path: "status", "lastScheduleTime"]?.stringValue
    return [
      .string(object.name), object[path: "spec", "schedule"] ?? "", text(object[path: "spec", "timeZone"]),
      suspend.map { $0 ? "True" : "False" } ?? "<unset>",
      JSON(object[path: "status", "active"]?.arrayValue?.count ?? 0),
      last.map { .string(HumanDuration.age($0, now: now)) } ?? "<none>", TableCell.age(object, now), names, images,
      TableCell.selector(object[path: "spec", "jobTemplate", "spec", "selector"]),
    ]
  }

  static let ingresses = TableLayout(
    columns: [
      .name, .text("Class", "The class of the controller that serves it."), .text("Hosts", "The hosts of its rules."),
      .text("Address", "Where it can be reached."), .text("Ports", "The ports that are open."), .age,
    ]
  ) { object, now in
    let hosts = (object[path: "spec", "rules"]?.arrayValue ?? []).compactMap { $0["host"]?.stringValue }
      .filter { !$0.isEmpty }
    let shown = hosts.prefix(3).joined(separator: ",") + (hosts.count > 3 ? " + \(hosts.count - 3) more..." : "")
    let addresses = (object[path: "status", "loadBalancer", "ingress"]?.arrayValue ?? []).compactMap {
      ($0["ip"] ?? $0["hostname"])?.stringValue
    }
    let hasTLS = !(object[path: "spec", "tls"]?.arrayValue ?? []).isEmpty
    return [
      .string(object.name), text(object[path: "spec", "ingressClassName"]), .string(hosts.isEmpty ? "*" : shown),
      .string(Set(addresses).sorted().joined(separator: ",")), hasTLS ? "80, 443" : "80", TableCell.age(object, now),
    ]
  }

  static let networkPolicies = TableLayout(
    columns: [.name, .text("Pod-Selector", "The labels of the pods that it is about."), .age]
  ) { object, now in
    [.string(object.name), TableCell.selector(object[path: "spec", "podSelector"]), TableCell.age(object, now)]
  }

  static let podDisruptionBudgets = TableLayout(
    columns: [
      .name, .text("Min Available", "How many pods have to stay."),
      .text("Max Unavailable", "How many may be missing."),
      number("Allowed Disruptions", "How many may be taken down now."), .age,
    ]
  ) { object, now in
    func bound(_ key: String) -> JSON {
      switch object[path: "spec", key] {
      case .string(let text)?: .string(text)
      case .int(let number)?: .string(String(number))
      default: "N/A"
      }
    }
    return [
      .string(object.name), bound("minAvailable"), bound("maxUnavailable"),
      count(object, "status", "disruptionsAllowed"), TableCell.age(object, now),
    ]
  }

  static let priorityClasses = TableLayout(
    columns: [
      .name, number("Value", "The priority."),
      TableColumn(name: "Global-Default", type: "boolean", description: "Whether it is meant where none is named."),
      .age, .text("PreemptionPolicy", "Whether pods of lower priority make room."),
    ]
  ) { object, now in
    [
      .string(object.name), object["value"] ?? 0, .bool(object["globalDefault"]?.boolValue ?? false),
      TableCell.age(object, now), text(object["preemptionPolicy"], otherwise: "PreemptLowerPriority"),
    ]
  }

  static let nodes = TableLayout(
    columns: [
      .name, .text("Status", "Whether the node takes pods."), .text("Roles", "What the node is there for."), .age,
      .text("Version", "The version of its kubelet."), .wide("Internal-IP", "Its address inside the cluster."),
      .wide("External-IP", "Its address outside of the cluster."), .wide("OS-Image", "Its operating system."),
      .wide("Kernel-Version", "The version of its kernel."), .wide("Container-Runtime", "Its container runtime."),
    ]
  ) { node, now in
    var status = node.condition("Ready").map { $0.status == .true ? "Ready" : "NotReady" } ?? "Unknown"
    if node[path: "spec", "unschedulable"]?.boolValue ?? false { status += ",SchedulingDisabled" }
    let prefix = "node-role.kubernetes.io/"
    var roles = node.labels.keys.filter { $0.hasPrefix(prefix) && $0.count > prefix.count }.map {
      String($0.dropFirst(prefix.count))
    }
    if let role = node.labels["kubernetes.io/role"], !role.isEmpty { roles.append(role) }
    func address(_ type: String) -> JSON {
      let all = node[path: "status", "addresses"]?.arrayValue ?? []
      return text(all.first { $0["type"]?.stringValue == type }?["address"])
    }
    func info(_ key: String) -> JSON { text(node[path: "status", "nodeInfo", key], otherwise: "<unknown>") }
    return [
      .string(node.name), .string(status), TableCell.list(roles.sorted()), TableCell.age(node, now),
      node[path: "status", "nodeInfo", "kubeletVersion"] ?? "", address("InternalIP"), address("ExternalIP"),
      info("osImage"), info("kernelVersion"), info("containerRuntimeVersion"),
    ]
  }

  static let persistentVolumes = TableLayout(
    columns: [
      .name, .text("Capacity", "Its size."), .text("Access Modes", "How it can be mounted."),
      .text("Reclaim Policy", "What becomes of it when its claim goes."), .text("Status", "Whether it is in use."),
      .text("Claim", "The claim that uses it."), .text("StorageClass", "The class it comes from."),
      .text("VolumeAttributesClass", "The class of its attributes."), .text("Reason", "Why it is in this state."), .age,
      .wide("VolumeMode", "A file system or a block device."),
    ]
  ) { volume, now in
    let claim = volume[path: "spec", "claimRef"]
    let claimName = claim.map { "\($0["namespace"]?.stringValue ?? "")/\($0["name"]?.stringValue ?? "")" } ?? ""
    return [
      .string(volume.name), volume[path: "spec", "capacity", "storage"] ?? "", accessModes(volume["spec"]),
      volume[path: "spec", "persistentVolumeReclaimPolicy"] ?? "", .string(phase(of: volume)), .string(claimName),
      volume[path: "spec", "storageClassName"] ?? "",
      text(volume[path: "spec", "volumeAttributesClassName"], otherwise: "<unset>"),
      volume[path: "status", "reason"] ?? "", TableCell.age(volume, now),
      text(volume[path: "spec", "volumeMode"], otherwise: "<unset>"),
    ]
  }

  static let persistentVolumeClaims = TableLayout(
    columns: [
      .name, .text("Status", "Whether it has a volume."), .text("Volume", "The volume it has."),
      .text("Capacity", "The size of the volume."), .text("Access Modes", "How it can be mounted."),
      .text("StorageClass", "The class it asks for."), .text("VolumeAttributesClass", "The class of its attributes."),
      .age, .wide("VolumeMode", "A file system or a block device."),
    ]
  ) { claim, now in
    let isBound = claim[path: "spec", "volumeName"]?.stringValue.map { !$0.isEmpty } ?? false
    return [
      .string(claim.name), .string(phase(of: claim)), claim[path: "spec", "volumeName"] ?? "",
      isBound ? claim[path: "status", "capacity", "storage"] ?? "" : "",
      isBound ? accessModes(claim["status"]) : "", claim[path: "spec", "storageClassName"] ?? "",
      text(claim[path: "spec", "volumeAttributesClassName"], otherwise: "<unset>"), TableCell.age(claim, now),
      text(claim[path: "spec", "volumeMode"], otherwise: "<unset>"),
    ]
  }

  private static func phase(of object: KubernetesObject) -> String {
    object.isBeingDeleted ? "Terminating" : object[path: "status", "phase"]?.stringValue ?? ""
  }

  private static func accessModes(_ part: JSON?) -> JSON {
    let short = [
      "ReadWriteOnce": "RWO", "ReadOnlyMany": "ROX", "ReadWriteMany": "RWX", "ReadWriteOncePod": "RWOP",
    ]
    let modes = part?["accessModes"]?.stringArrayValue ?? []
    return .string(
      ["ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany", "ReadWriteOncePod"].filter(modes.contains)
        .compactMap { short[$0] }.joined(separator: ","))
  }
}
