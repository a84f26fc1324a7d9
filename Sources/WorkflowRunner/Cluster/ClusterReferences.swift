import KratixModel
import Kubernetes

/// Copies the ConfigMaps and Secrets that pipelines refer to into the namespace that they run in, each once.
actor ClusterReferences {
  private struct Source: Hashable {
    var type: ResourceType
    var namespace: String
    var name: String
  }

  private let source: any KubernetesAPI
  private let namespace: ClusterNamespace
  private var copies: [Source: Task<String, any Error>] = [:]

  /// - Parameter source: where the originals are.
  init(source: any KubernetesAPI, namespace: ClusterNamespace) {
    self.source = source
    self.namespace = namespace
  }

  /// The pipeline with the names of the copies.
  /// - Parameter original: the namespace that Kratix runs it in.
  /// - Throws: `WorkflowFailure.Reason` when something is not there or cannot be copied; faults of the API.
  func localized(_ pipeline: Pipeline, from original: String) async throws -> Pipeline {
    var spec = pipeline.json["spec"] ?? .emptyObject
    for (key, fields) in [("imagePullSecrets", Self.pullSecrets), ("volumes", Self.volumes)] {
      guard let entries = spec[key]?.arrayValue else { continue }
      spec[key] = .array(try await each(entries) { try await self.renamed($0, fields, original) })
    }
    if let containers = spec["containers"]?.arrayValue {
      spec["containers"] = .array(
        try await each(containers) { container in
          var container = container
          for key in ["env", "envFrom"] {
            guard let entries = container[key]?.arrayValue else { continue }
            container[key] = .array(
              try await self.each(entries) { try await self.renamed($0, Self.variables, original) })
          }
          return container
        })
    }
    var localized = pipeline
    localized.json["spec"] = spec
    return localized
  }

  private typealias Field = (path: [String], key: String, type: ResourceType)

  private static let pullSecrets: [Field] = [([], "name", .secrets)]
  private static let volumes: [Field] = [
    (["configMap"], "name", .configMaps), (["secret"], "secretName", .secrets),
  ]
  private static let sources: [Field] = [(["configMap"], "name", .configMaps), (["secret"], "name", .secrets)]
  private static let variables: [Field] = [
    (["configMapRef"], "name", .configMaps), (["secretRef"], "name", .secrets),
    (["valueFrom", "configMapKeyRef"], "name", .configMaps), (["valueFrom", "secretKeyRef"], "name", .secrets),
  ]

  private func each(_ entries: [JSON], _ change: (JSON) async throws -> JSON) async throws -> [JSON] {
    var changed: [JSON] = []
    for entry in entries { changed.append(try await change(entry)) }
    return changed
  }

  private func renamed(_ entry: JSON, _ fields: [Field], _ original: String) async throws -> JSON {
    var entry = entry
    if entry["persistentVolumeClaim"] != nil {
      throw WorkflowFailure.Reason.engine(
        "volume \"\(entry["name"]?.stringValue ?? "")\" is a PersistentVolumeClaim, which cannot be used outside of its "
          + "namespace")
    }
    for field in fields {
      let path = field.path + [field.key]
      guard let name = entry.value(at: path)?.stringValue else { continue }
      let isOptional = entry.value(at: field.path + ["optional"])?.boolValue ?? false
      let copy = try await copy(Source(type: field.type, namespace: original, name: name), isOptional: isOptional)
      entry.set(.string(copy), at: path[...])
    }
    if let parts = entry.value(at: ["projected", "sources"])?.arrayValue {
      entry.set(
        .array(try await each(parts) { try await self.renamed($0, Self.sources, original) }),
        at: ["projected", "sources"])
    }
    return entry
  }

  /// The name of the copy; of what is optional and not there, a name that nothing has.
  private func copy(_ original: Source, isOptional: Bool) async throws -> String {
    let copying =
      copies[original]
      ?? Task { [source, namespace] in
        guard
          let object = try await source.find(original.type, namespace: original.namespace, name: original.name)
        else { throw StatusError.notFound(original.type, original.name) }
        var copy = KubernetesObject(
          apiVersion: object.apiVersion, kind: object.kind, name: KratixNames.random(original.name),
          namespace: namespace.name)
        copy.labels = [ClusterNamespace.label: ClusterNamespace.labelValue]
        copy.ownerReferences = [namespace.owner]
        for key in ["data", "binaryData", "type"] { copy[key] = object[key] }
        // A token's Secret is made by the cluster for its ServiceAccount, and would be taken away again.
        if copy["type"] == "kubernetes.io/service-account-token" { copy["type"] = "Opaque" }
        return try await namespace.api.create(original.type, copy).name
      }
    copies[original] = copying
    do {
      return try await copying.value
    } catch let error as StatusError where error.reason == .notFound {
      if isOptional { return original.name }
      throw WorkflowFailure.Reason.unsound(
        "it refers to \(original.type.kind) \(original.namespace)/\(original.name), which is not there")
    } catch {
      // Another run may have more luck.
      copies[original] = nil
      throw error
    }
  }
}

extension JSON {
  fileprivate func value(at path: [String]) -> JSON? {
    var value: JSON? = self
    for key in path { value = value?[key] }
    return value
  }
}
