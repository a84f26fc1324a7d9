import Foundation
import Kubernetes

/// Namespace, ConfigMap, Secret, ServiceAccount, Service, PersistentVolumeClaim and Event.
enum CoreKinds {
  static let namespace = KindRules(
    validateName: NameRules.dns1123Label,
    applyDefaults: { object in
      object.labels["kubernetes.io/metadata.name"] = object.name.isEmpty ? nil : object.name
    },
    prepareForCreate: { object in
      if object[path: "spec", "finalizers"] == nil { object[path: "spec", "finalizers"] = ["kubernetes"] }
      object.status = ["phase": "Active"]
    },
    prepareForUpdate: { object, old in
      object[path: "spec", "finalizers"] = old[path: "spec", "finalizers"]
    },
    selectableFields: ["status.phase", "name"],
    selectableValue: { object, path in
      path == "name" ? object.name : object[path: "status", "phase"]?.stringValue ?? ""
    },
    initialStatus: ["phase": "Active"])

  /// Of the data of a ConfigMap or a Secret, in bytes.
  private static let sizeLimit = 1 << 20

  /// How many bytes the values of a field are, decoded where they are base64.
  private static func size(_ values: JSON?, isEncoded: Bool) -> Int {
    (values?.objectValue ?? [:]).values.reduce(0) { size, value in
      guard let text = value.stringValue else { return size }
      return size + (isEncoded ? Data(base64Encoded: text)?.count ?? 0 : text.utf8.count)
    }
  }

  static let configMap = KindRules(validate: { object, old in
    var errors: [FieldError] = []
    for field in ["data", "binaryData"] {
      for key in (object[field]?.objectValue ?? [:]).keys.sorted() {
        for complaint in configKeyComplaints(key) {
          errors.append(.invalid("\(field)[\(key)]", .string(key), complaint))
        }
      }
    }
    for (key, value) in object["data"]?.objectValue ?? [:] where value.stringValue == nil {
      errors.append(.typeInvalid("data[\(key)]", value, "must be a string"))
    }
    let size = size(object["data"], isEncoded: false) + size(object["binaryData"], isEncoded: true)
    if size > sizeLimit { errors.append(.tooLong("[]", limit: sizeLimit)) }
    if let old, old["immutable"]?.boolValue == true {
      if object["immutable"]?.boolValue != true {
        errors.append(.forbidden("immutable", "field is immutable when `immutable` is set"))
      }
      for field in ["data", "binaryData"] where object[field] != old[field] {
        errors.append(.forbidden(field, "field is immutable when `immutable` is set"))
      }
    }
    return errors
  })

  static let secret = KindRules(
    applyDefaults: { object in
      if object["type"]?.stringValue ?? "" == "" { object["type"] = "Opaque" }
      guard let plain = object["stringData"]?.objectValue else { return }
      var data = object["data"]?.objectValue ?? [:]
      for (key, value) in plain {
        data[key] = .string(Data((value.stringValue ?? "").utf8).base64EncodedString())
      }
      object["stringData"] = nil
      object["data"] = .object(data)
    },
    validate: { object, old in
      var errors: [FieldError] = []
      for (key, value) in (object["data"]?.objectValue ?? [:]).sorted(by: { $0.key < $1.key }) {
        for complaint in configKeyComplaints(key) { errors.append(.invalid("data[\(key)]", .string(key), complaint)) }
        if let text = value.stringValue, Data(base64Encoded: text) == nil {
          errors.append(.invalid("data[\(key)]", value, "must be base64 encoded"))
        }
      }
      if size(object["data"], isEncoded: true) > sizeLimit { errors.append(.tooLong("data", limit: sizeLimit)) }
      if let old {
        if old["type"] != object["type"] { errors.append(.invalid("type", object["type"] ?? "", "field is immutable")) }
        if old["immutable"]?.boolValue == true, object["data"] != old["data"] {
          errors.append(.forbidden("data", "field is immutable when `immutable` is set"))
        }
      }
      return errors
    },
    selectableFields: ["type"])

  static let serviceAccount = KindRules(returnsDeletedObject: true)

  static let service = KindRules(
    validateName: NameRules.dns1035Label,
    applyDefaults: { object in
      func fill(_ field: String, _ value: JSON) {
        if object[path: "spec", field] == nil { object[path: "spec", field] = value }
      }
      fill("type", "ClusterIP")
      fill("sessionAffinity", "None")
      guard object[path: "spec", "type"] != "ExternalName" else { return }
      fill("internalTrafficPolicy", "Cluster")
      let type = object[path: "spec", "type"]?.stringValue
      if type == "LoadBalancer" || type == "NodePort" { fill("externalTrafficPolicy", "Cluster") }
      if type == "LoadBalancer" { fill("allocateLoadBalancerNodePorts", true) }
      if let ports = object[path: "spec", "ports"]?.arrayValue {
        object[path: "spec", "ports"] = .array(
          ports.map { port in
            var port = port
            if port["protocol"] == nil { port["protocol"] = "TCP" }
            if port["targetPort"] == nil { port["targetPort"] = port["port"] }
            return port
          })
      }
    },
    prepareForCreate: { object in
      guard object[path: "spec", "type"] != "ExternalName" else { return }
      if object[path: "spec", "clusterIP"]?.stringValue ?? "" == "" {
        object[path: "spec", "clusterIP"] = .string(clusterAddress(for: object.uid))
      }
      if let address = object[path: "spec", "clusterIP"], object[path: "spec", "clusterIPs"] == nil {
        object[path: "spec", "clusterIPs"] = [address]
      }
      if object[path: "spec", "ipFamilies"] == nil { object[path: "spec", "ipFamilies"] = ["IPv4"] }
      if object[path: "spec", "ipFamilyPolicy"] == nil { object[path: "spec", "ipFamilyPolicy"] = "SingleStack" }
    },
    prepareForUpdate: { object, old in
      for field in ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"]
      where object[path: "spec", field] == nil && object[path: "spec", "type"] != "ExternalName" {
        object[path: "spec", field] = old[path: "spec", field]
      }
    },
    validate: { object, old in
      var errors: [FieldError] = []
      let headless = object[path: "spec", "clusterIP"] == "None"
      if object[path: "spec", "type"] != "ExternalName", !headless,
        (object[path: "spec", "ports"]?.arrayValue ?? []).isEmpty
      {
        errors.append(.required("spec.ports"))
      }
      if let before = old?[path: "spec", "clusterIP"], let after = object[path: "spec", "clusterIP"], before != after {
        errors.append(.invalid("spec.clusterIPs[0]", [after], "may not change once set"))
      }
      return errors
    },
    initialStatus: ["loadBalancer": .emptyObject], returnsDeletedObject: true)

  static let persistentVolumeClaim = KindRules(
    applyDefaults: { object in
      if object[path: "spec", "volumeMode"] == nil { object[path: "spec", "volumeMode"] = "Filesystem" }
    },
    validate: { object, _ in
      (object[path: "spec", "accessModes"]?.arrayValue ?? []).isEmpty
        ? [.required("spec.accessModes", "at least 1 access mode is required")] : []
    },
    initialStatus: ["phase": "Pending"], returnsDeletedObject: true)

  private static let eventFields = ["kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath"]

  static let event = KindRules(
    applyDefaults: { object in
      if object["source"] == nil { object["source"] = .emptyObject }
      for field in ["reportingComponent", "reportingInstance"] where object[field] == nil { object[field] = "" }
      for field in ["eventTime", "firstTimestamp", "lastTimestamp"] where object[field] == nil { object[field] = .null }
    },
    selectableFields: eventFields.map { "involvedObject." + $0 }
      + ["reason", "reportingComponent", "source", "type"],
    selectableValue: { object, path in
      path == "source"
        ? object[path: "source", "component"]?.stringValue ?? object["reportingComponent"]?.stringValue ?? ""
        : object.json.value(at: path.split(separator: ".").map(String.init)[...])?.selectorText ?? ""
    },
    createsOnUpdate: true)

  static let newEvent = KindRules(
    applyDefaults: { object in
      if object["deprecatedSource"] == nil { object["deprecatedSource"] = .emptyObject }
      for field in ["deprecatedFirstTimestamp", "deprecatedLastTimestamp"] where object[field] == nil {
        object[field] = .null
      }
      if object["reportingInstance"] == nil { object["reportingInstance"] = "" }
    },
    selectableFields: eventFields.map { "regarding." + $0 } + ["reason", "reportingController", "type"],
    createsOnUpdate: true)

  private static func configKeyComplaints(_ key: String) -> [String] {
    if key.utf8.count > 253 { return ["must be no more than 253 characters"] }
    let isGood = key.utf8.allSatisfy {
      $0 == 0x2D || $0 == 0x2E || $0 == 0x5F || (0x30...0x39).contains($0) || (0x41...0x5A).contains($0)
        || (0x61...0x7A).contains($0)
    }
    guard !key.isEmpty, isGood else {
      return [
        "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or "
          + "'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"
      ]
    }
    return []
  }

  /// An address of the service network, the same for the same uid.
  private static func clusterAddress(for uid: String) -> String {
    let hash = uid.utf8.reduce(UInt32(2_166_136_261)) { ($0 ^ UInt32($1)) &* 16_777_619 }
    return "10.96.\(hash >> 8 & 0xFF).\(max(1, hash & 0xFF))"
  }
}
