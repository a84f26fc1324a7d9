import Kubernetes

/// What a real server fills into a pod's spec, wherever one stands: in a Pod, a Job, a Deployment.
enum PodTemplate {
  static func applyDefaults(_ spec: inout JSON) {
    func fill(_ value: inout JSON, _ field: String, _ content: JSON) {
      if value[field] == nil { value[field] = content }
    }
    fill(&spec, "dnsPolicy", "ClusterFirst")
    fill(&spec, "restartPolicy", "Always")
    fill(&spec, "schedulerName", "default-scheduler")
    fill(&spec, "securityContext", .emptyObject)
    fill(&spec, "terminationGracePeriodSeconds", 30)
    if let account = spec["serviceAccountName"] ?? spec["serviceAccount"] {
      spec["serviceAccountName"] = account
      spec["serviceAccount"] = account
    }
    for list in ["initContainers", "containers"] {
      guard let containers = spec[list]?.arrayValue else { continue }
      spec[list] = .array(containers.map(defaulted(container:)))
    }
    if let volumes = spec["volumes"]?.arrayValue { spec["volumes"] = .array(volumes.map(defaulted(volume:))) }
  }

  private static func defaulted(container: JSON) -> JSON {
    guard container.objectValue != nil else { return container }
    var container = container
    if container["imagePullPolicy"] == nil {
      container["imagePullPolicy"] = .string(
        isLatest(container["image"]?.stringValue ?? "") ? "Always" : "IfNotPresent")
    }
    if container["terminationMessagePath"] == nil { container["terminationMessagePath"] = "/dev/termination-log" }
    if container["terminationMessagePolicy"] == nil { container["terminationMessagePolicy"] = "File" }
    if container["resources"] == nil { container["resources"] = .emptyObject }
    if let limits = container["resources"]?["limits"]?.objectValue {
      var requests = container["resources"]?["requests"]?.objectValue ?? [:]
      for (name, quantity) in limits where requests[name] == nil { requests[name] = quantity }
      container[path: "resources", "requests"] = .object(requests)
    }
    if let ports = container["ports"]?.arrayValue {
      container["ports"] = .array(
        ports.map { port in
          var port = port
          if port["protocol"] == nil { port["protocol"] = "TCP" }
          return port
        })
    }
    for probe in ["livenessProbe", "readinessProbe", "startupProbe"] where container[probe]?.objectValue != nil {
      for (field, value) in [
        ("timeoutSeconds", 1), ("periodSeconds", 10), ("successThreshold", 1), ("failureThreshold", 3),
      ] as [(String, JSON)] where container[probe]?[field] == nil {
        container[path: probe, field] = value
      }
      if container[probe]?["httpGet"] != nil, container[probe]?["httpGet"]?["scheme"] == nil {
        container[path: probe, "httpGet", "scheme"] = "HTTP"
      }
    }
    if let variables = container["env"]?.arrayValue {
      container["env"] = .array(
        variables.map { variable in
          var variable = variable
          // An empty value is written as none.
          if variable["value"] == "" { variable["value"] = nil }
          if variable["valueFrom"]?["fieldRef"] != nil, variable["valueFrom"]?["fieldRef"]?["apiVersion"] == nil {
            variable[path: "valueFrom", "fieldRef", "apiVersion"] = "v1"
          }
          return variable
        })
    }
    return container
  }

  private static func defaulted(volume: JSON) -> JSON {
    guard let members = volume.objectValue else { return volume }
    var volume = volume
    if members.count == 1 { volume["emptyDir"] = .emptyObject }
    for source in ["configMap", "secret", "projected", "downwardAPI"]
    where volume[source]?.objectValue != nil && volume[source]?["defaultMode"] == nil {
      volume[path: source, "defaultMode"] = 420
    }
    if volume["hostPath"]?.objectValue != nil, volume["hostPath"]?["type"] == nil {
      volume[path: "hostPath", "type"] = ""
    }
    return volume
  }

  /// An image without a tag or digest, or with the tag `latest`.
  private static func isLatest(_ image: String) -> Bool {
    guard !image.contains("@") else { return false }
    let last = image.split(separator: "/").last ?? ""
    guard let colon = last.firstIndex(of: ":") else { return true }
    return last[last.index(after: colon)...] == "latest"
  }

  /// - Parameter path: Where the spec stands: `spec` or `spec.template.spec`.
  static func validate(_ spec: JSON?, path: String) -> [FieldError] {
    guard let spec, spec.objectValue != nil else { return [.required("\(path).containers")] }
    var errors: [FieldError] = []
    var volumes: Set<String> = []
    for (index, volume) in (spec["volumes"]?.arrayValue ?? []).enumerated() {
      let name = volume["name"]?.stringValue ?? ""
      let field = "\(path).volumes[\(index)].name"
      if name.isEmpty {
        errors.append(.required(field))
      } else {
        for complaint in NameRules.dns1123Label(name) { errors.append(.invalid(field, .string(name), complaint)) }
        if !volumes.insert(name).inserted { errors.append(.duplicate(field, .string(name))) }
      }
    }
    let containers = spec["containers"]?.arrayValue ?? []
    if containers.isEmpty { errors.append(.required("\(path).containers")) }
    var names: Set<String> = []
    errors += validate(containers, field: "\(path).containers", names: &names, volumes: volumes)
    errors += validate(
      spec["initContainers"]?.arrayValue ?? [], field: "\(path).initContainers", names: &names, volumes: volumes)
    if let policy = spec["restartPolicy"]?.stringValue, !["Always", "OnFailure", "Never"].contains(policy) {
      errors.append(
        .notSupported("\(path).restartPolicy", .string(policy), supported: ["Always", "OnFailure", "Never"]))
    }
    return errors
  }

  private static func validate(
    _ containers: [JSON], field: String, names: inout Set<String>, volumes: Set<String>
  ) -> [FieldError] {
    var errors: [FieldError] = []
    for (index, container) in containers.enumerated() {
      let here = "\(field)[\(index)]"
      let name = container["name"]?.stringValue ?? ""
      if name.isEmpty {
        errors.append(.required("\(here).name"))
      } else {
        for complaint in NameRules.dns1123Label(name) {
          errors.append(.invalid("\(here).name", .string(name), complaint))
        }
        if !names.insert(name).inserted { errors.append(.duplicate("\(here).name", .string(name))) }
      }
      let image = container["image"]?.stringValue ?? ""
      if image.isEmpty {
        errors.append(.required("\(here).image"))
      } else if image.first?.isWhitespace == true || image.last?.isWhitespace == true {
        errors.append(.invalid("\(here).image", .string(image), "must not have leading or trailing whitespace"))
      }
      for (position, variable) in (container["env"]?.arrayValue ?? []).enumerated()
      where variable["name"]?.stringValue ?? "" == "" {
        errors.append(.required("\(here).env[\(position)].name"))
      }
      var paths: Set<String> = []
      for (position, mount) in (container["volumeMounts"]?.arrayValue ?? []).enumerated() {
        let at = "\(here).volumeMounts[\(position)]"
        let volume = mount["name"]?.stringValue ?? ""
        if volume.isEmpty {
          errors.append(.required("\(at).name"))
        } else if !volumes.contains(volume) {
          errors.append(.notFound("\(at).name", .string(volume)))
        }
        let mountPath = mount["mountPath"]?.stringValue ?? ""
        if mountPath.isEmpty {
          errors.append(.required("\(at).mountPath"))
        } else if !paths.insert(mountPath).inserted {
          errors.append(.invalid("\(at).mountPath", .string(mountPath), "must be unique"))
        }
      }
    }
    return errors
  }
}
