import KratixModel
import Kubernetes

/// Pipelines are decoded strictly: an unknown field is an error (contract, section 1.12).
enum PipelineDecoding {
  /// What is wrong with a pipeline document, in Kratix's words; nil when it can be decoded.
  static func fault(in pipeline: Pipeline) -> String? {
    let object = KubernetesObject(pipeline.json)
    guard object.kind == "Pipeline", object.apiVersion == ResourceType.promises.apiVersion else {
      return "unsupported pipeline \"\(pipeline.name)\" with APIVersion \"\(object.kind)/\(object.apiVersion)\""
    }
    return unknownField(pipeline.json, document).map {
      "failed unmarshalling pipeline \(pipeline.name): json: unknown field \"\($0)\""
    }
  }

  /// The fields of a type. Where nothing is said of a field, everything is allowed in it.
  private indirect enum Fields: Sendable {
    case any
    case object([String: Fields])
    case list(Fields)
  }

  private static func unknownField(_ value: JSON, _ fields: Fields) -> String? {
    switch (fields, value) {
    case (.object(let known), .object(let members)):
      for (key, member) in members.sorted(by: { $0.key < $1.key }) {
        guard let inner = known[key] else { return key }
        if let found = unknownField(member, inner) { return found }
      }
      return nil
    case (.list(let inner), .array(let elements)):
      return elements.lazy.compactMap { unknownField($0, inner) }.first
    default: return nil
    }
  }

  private static func object(_ keys: String, _ known: [String: Fields] = [:]) -> Fields {
    var fields = known
    for key in keys.split(separator: " ") { fields[String(key)] = .any }
    return .object(fields)
  }

  private static let document = object(
    "apiVersion kind", ["metadata": metadata, "spec": spec])
  private static let metadata = object(
    "name generateName namespace selfLink uid resourceVersion generation creationTimestamp deletionTimestamp "
      + "deletionGracePeriodSeconds labels annotations ownerReferences finalizers managedFields")
  private static let spec = object(
    "nodeSelector restartPolicy volumes",
    [
      "containers": .list(container), "imagePullSecrets": .list(object("name")),
      "jobOptions": object("backoffLimit"),
      "tolerations": .list(object("key operator value effect tolerationSeconds")),
      "rbac": object(
        "serviceAccount",
        [
          "permissions": .list(
            object("resourceNamespace verbs apiGroups resources resourceNames nonResourceURLs"))
        ]),
    ])
  private static let container = object(
    "name image args command imagePullPolicy",
    [
      "env": .list(object("name value", ["valueFrom": valueFrom])),
      "envFrom": .list(
        object("prefix", ["configMapRef": object("name optional"), "secretRef": object("name optional")])),
      "volumeMounts": .list(
        object("name readOnly recursiveReadOnly mountPath subPath mountPropagation subPathExpr")),
      "securityContext": object(
        "capabilities privileged seLinuxOptions windowsOptions runAsUser runAsGroup runAsNonRoot "
          + "readOnlyRootFilesystem allowPrivilegeEscalation procMount seccompProfile appArmorProfile"),
      "resources": object("limits requests claims"),
    ])
  private static let valueFrom = object(
    "",
    [
      "fieldRef": object("apiVersion fieldPath"), "resourceFieldRef": object("containerName resource divisor"),
      "configMapKeyRef": object("name key optional"), "secretKeyRef": object("name key optional"),
      "fileKeyRef": object("volumeName path key optional"),
    ])
}
