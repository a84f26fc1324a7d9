import Kubernetes

extension TableLayout {
  static let jobs = TableLayout(
    columns: [
      .name,
      .text("Status", "The state of the job."),
      .text("Completions", "How many pods have succeeded, of how many."),
      .text("Duration", "How long the job took, or has taken so far."),
      .age,
      .wide("Containers", "The names of the containers of the pod template."),
      .wide("Images", "The images of the containers of the pod template."),
      .wide("Selector", "The labels by which the job finds its pods."),
    ]
  ) { job, now in
    let (names, images) = TableCell.containers(job[path: "spec", "template"])
    return [
      .string(job.name), .string(status(ofJob: job)), .string(completions(ofJob: job)),
      .string(duration(ofJob: job, now: now)), TableCell.age(job, now), names, images,
      TableCell.selector(job[path: "spec", "selector"]),
    ]
  }

  private static func status(ofJob job: KubernetesObject) -> String {
    if job.hasCondition("Complete") { return "Complete" }
    if job.hasCondition("Failed") { return "Failed" }
    if job.isBeingDeleted { return "Terminating" }
    for condition in ["Suspended", "FailureTarget", "SuccessCriteriaMet"] where job.hasCondition(condition) {
      return condition
    }
    return "Running"
  }

  private static func completions(ofJob job: KubernetesObject) -> String {
    let succeeded = job[path: "status", "succeeded"]?.intValue ?? 0
    if let completions = job[path: "spec", "completions"]?.intValue { return "\(succeeded)/\(completions)" }
    let parallelism = job[path: "spec", "parallelism"]?.intValue ?? 0
    return parallelism > 1 ? "\(succeeded)/1 of \(parallelism)" : "\(succeeded)/1"
  }

  private static func duration(ofJob job: KubernetesObject, now: Double) -> String {
    func time(_ key: String) -> Double? {
      job[path: "status", key]?.stringValue.flatMap(Timestamp.secondsSince1970)
    }
    guard let start = time("startTime") else { return "" }
    return HumanDuration.text(seconds: (time("completionTime") ?? now) - start)
  }

  static let deployments = TableLayout(
    columns: [
      .name,
      .text("Ready", "How many pods are ready, of how many."),
      .text("Up-to-date", "How many pods have the present template."),
      .text("Available", "How many pods have been ready for long enough."),
      .age,
      .wide("Containers", "The names of the containers of the pod template."),
      .wide("Images", "The images of the containers of the pod template."),
      .wide("Selector", "The labels by which the deployment finds its pods."),
    ]
  ) { deployment, now in
    func count(_ part: String, _ key: String) -> Int64 { deployment[path: part, key]?.intValue ?? 0 }
    let (names, images) = TableCell.containers(deployment[path: "spec", "template"])
    return [
      .string(deployment.name), .string("\(count("status", "readyReplicas"))/\(count("spec", "replicas"))"),
      .int(count("status", "updatedReplicas")), .int(count("status", "availableReplicas")),
      TableCell.age(deployment, now), names, images, TableCell.selector(deployment[path: "spec", "selector"]),
    ]
  }

  static let services = TableLayout(
    columns: [
      .name,
      .text("Type", "How the service can be reached."),
      .text("Cluster-IP", "The address inside the cluster."),
      .text("External-IP", "The addresses outside of the cluster."),
      .text("Port(s)", "The ports, each with its protocol."),
      .age,
      .wide("Selector", "The labels by which the service finds its pods."),
    ]
  ) { service, now in
    let type = service[path: "spec", "type"]?.stringValue ?? ""
    let address =
      service[path: "spec", "clusterIPs"]?[0]?.stringValue ?? service[path: "spec", "clusterIP"]?.stringValue
    return [
      .string(service.name), .string(type), address.map { $0.isEmpty ? "<none>" : .string($0) } ?? "<none>",
      externalAddress(of: service, type: type), ports(of: service), TableCell.age(service, now),
      TableCell.labels(service[path: "spec", "selector"]),
    ]
  }

  private static func externalAddress(of service: KubernetesObject, type: String) -> JSON {
    let external = service[path: "spec", "externalIPs"]?.stringArrayValue ?? []
    switch type {
    case "ClusterIP", "NodePort": return TableCell.list(external)
    case "LoadBalancer":
      let ingress = service[path: "status", "loadBalancer", "ingress"]?.arrayValue ?? []
      let balanced = Set(
        ingress.compactMap { entry in
          entry["ip"]?.stringValue.flatMap { $0.isEmpty ? nil : $0 } ?? entry["hostname"]?.stringValue
        })
      let all = (balanced.isEmpty ? [] : [balanced.sorted().joined(separator: ",")]) + external
      return all.isEmpty ? "<pending>" : .string(all.joined(separator: ","))
    case "ExternalName": return service[path: "spec", "externalName"] ?? ""
    default: return "<unknown>"
    }
  }

  private static func ports(of service: KubernetesObject) -> JSON {
    let ports = (service[path: "spec", "ports"]?.arrayValue ?? []).map { port in
      let number = port["port"]?.intValue ?? 0
      let outer = port["nodePort"]?.intValue ?? 0
      return "\(number)\(outer > 0 ? ":\(outer)" : "")/\(port["protocol"]?.stringValue ?? "TCP")"
    }
    return TableCell.list(ports)
  }
}
