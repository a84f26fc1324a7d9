import Kubernetes

/// Pods: a kubelet elsewhere runs them; here they get what admission and defaulting give them.
enum PodKind {
  static let rules = KindRules(
    generationFields: ["spec"],
    applyDefaults: { object in
      guard var spec = object.spec, spec.objectValue != nil else { return }
      PodTemplate.applyDefaults(&spec)
      if spec["enableServiceLinks"] == nil { spec["enableServiceLinks"] = true }
      object.spec = spec
    },
    prepareForCreate: { object in
      guard var spec = object.spec, spec.objectValue != nil else { return }
      admit(&spec, uid: object.uid)
      object.spec = spec
      object.status = ["phase": "Pending", "qosClass": .string(qualityOfService(spec))]
    },
    prepareForUpdate: { object, old in
      if object[path: "spec", "nodeName"] == nil, let node = old[path: "spec", "nodeName"] {
        object[path: "spec", "nodeName"] = node
      }
    },
    validate: { object, old in
      var errors = PodTemplate.validate(object.spec, path: "spec")
      if let old, errors.isEmpty, !isAllowedChange(object.spec ?? .null, old.spec ?? .null) {
        errors.append(
          .forbidden(
            "spec",
            "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,"
              + "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),"
              + "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"))
      }
      return errors
    },
    selectableFields: [
      "spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName", "spec.hostNetwork",
      "status.phase", "status.podIP", "status.podIPs", "status.nominatedNodeName",
    ],
    selectableValue: { object, path in
      let value = object.json.value(at: path.split(separator: ".").map(String.init)[...])
      return path == "spec.hostNetwork" ? value?.selectorText ?? "false" : value?.selectorText ?? ""
    },
    initialStatus: ["phase": "Pending"], returnsDeletedObject: true)

  /// Whether a deletion waits for a kubelet to stop the containers.
  static func needsGracefulDeletion(_ pod: KubernetesObject) -> Bool {
    guard !(pod[path: "spec", "nodeName"]?.stringValue ?? "").isEmpty else { return false }
    return !["Succeeded", "Failed"].contains(pod[path: "status", "phase"]?.stringValue ?? "")
  }

  /// What the plugins ServiceAccount, DefaultTolerationSeconds and Priority put into a new pod.
  private static func admit(_ spec: inout JSON, uid: String) {
    if spec["serviceAccountName"]?.stringValue ?? "" == "" {
      spec["serviceAccountName"] = "default"
      spec["serviceAccount"] = "default"
    }
    if spec["priority"] == nil { spec["priority"] = 0 }
    if spec["preemptionPolicy"] == nil { spec["preemptionPolicy"] = "PreemptLowerPriority" }
    var tolerations = spec["tolerations"]?.arrayValue ?? []
    for key in ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"]
    where !tolerations.contains(where: { $0["key"]?.stringValue == key }) {
      tolerations.append([
        "effect": "NoExecute", "key": .string(key), "operator": "Exists", "tolerationSeconds": 300,
      ])
    }
    spec["tolerations"] = .array(tolerations)
    guard spec["automountServiceAccountToken"]?.boolValue != false else { return }
    mountToken(&spec, volume: "kube-api-access-" + Names.suffix(seed: uid))
  }

  private static let tokenPath: JSON = "/var/run/secrets/kubernetes.io/serviceaccount"

  private static func mountToken(_ spec: inout JSON, volume: String) {
    var isMounted = false
    for list in ["initContainers", "containers"] {
      guard let containers = spec[list]?.arrayValue else { continue }
      spec[list] = .array(
        containers.map { container in
          var mounts = container["volumeMounts"]?.arrayValue ?? []
          guard !mounts.contains(where: { $0["mountPath"] == tokenPath }) else { return container }
          isMounted = true
          mounts.append(["mountPath": tokenPath, "name": .string(volume), "readOnly": true])
          var container = container
          container["volumeMounts"] = .array(mounts)
          return container
        })
    }
    guard isMounted else { return }
    let namespace: JSON = ["fieldRef": ["apiVersion": "v1", "fieldPath": "metadata.namespace"], "path": "namespace"]
    let sources: JSON = [
      ["serviceAccountToken": ["expirationSeconds": 3607, "path": "token"]],
      ["configMap": ["items": [["key": "ca.crt", "path": "ca.crt"]], "name": "kube-root-ca.crt"]],
      ["downwardAPI": ["items": [namespace]]],
    ]
    spec["volumes"] = .array(
      (spec["volumes"]?.arrayValue ?? []) + [
        ["name": .string(volume), "projected": ["defaultMode": 420, "sources": sources]]
      ])
  }

  private static func qualityOfService(_ spec: JSON) -> String {
    let containers = (spec["containers"]?.arrayValue ?? []) + (spec["initContainers"]?.arrayValue ?? [])
    var isBestEffort = true
    var isGuaranteed = true
    for container in containers {
      let requests = container["resources"]?["requests"]?.objectValue ?? [:]
      let limits = container["resources"]?["limits"]?.objectValue ?? [:]
      for name in ["cpu", "memory"] {
        if requests[name] != nil || limits[name] != nil { isBestEffort = false }
        if limits[name] == nil || limits[name] != requests[name] { isGuaranteed = false }
      }
    }
    return isBestEffort ? "BestEffort" : isGuaranteed ? "Guaranteed" : "Burstable"
  }

  /// Only images, tolerations, the node (a binding) and two times of a pod's spec may change.
  private static func isAllowedChange(_ new: JSON, _ old: JSON) -> Bool {
    func fixed(_ spec: JSON) -> JSON {
      var spec = spec
      for field in ["activeDeadlineSeconds", "terminationGracePeriodSeconds", "tolerations", "nodeName"] {
        spec[field] = nil
      }
      for list in ["initContainers", "containers"] {
        guard let containers = spec[list]?.arrayValue else { continue }
        spec[list] = .array(
          containers.map { container in
            var container = container
            container["image"] = nil
            return container
          })
      }
      return spec
    }
    if let node = old["nodeName"], new["nodeName"] != node { return false }
    return fixed(new) == fixed(old)
  }
}
