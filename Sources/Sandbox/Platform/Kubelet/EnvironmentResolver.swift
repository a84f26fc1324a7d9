import Foundation
import KratixModel
import Kubernetes
import WorkflowRunner

/// Looks up the values that a container's variables take from the cluster.
struct EnvironmentResolver: Sendable {
  let api: any KubernetesAPI
  let pod: KubernetesObject

  /// What a kubelet says when a container cannot be made (`CreateContainerConfigError`).
  struct Missing: Error, CustomStringConvertible {
    let container: String
    let description: String
  }

  /// By container, in order: `envFrom`, then `env[].valueFrom`.
  func resolve(_ containers: [Pipeline.Container]) async throws -> [String: [EnvironmentVariable]] {
    var resolved: [String: [EnvironmentVariable]] = [:]
    for container in containers {
      var variables: [EnvironmentVariable] = []
      for source in container.envFrom {
        let prefix = source["prefix"]?.stringValue ?? ""
        for (name, value) in try await bulk(source, for: container.name) {
          variables.append(EnvironmentVariable(name: prefix + name, value: value))
        }
      }
      for entry in container.env {
        guard let name = entry["name"]?.stringValue, let source = entry["valueFrom"], !source.isNull,
          let value = try await single(source, for: container.name)
        else { continue }
        variables.append(EnvironmentVariable(name: name, value: value))
      }
      if !variables.isEmpty { resolved[container.name] = variables }
    }
    return resolved
  }

  private func bulk(_ source: JSON, for container: String) async throws -> [(String, String)] {
    for (key, type) in [("configMapRef", ResourceType.configMaps), ("secretRef", .secrets)] {
      guard let reference = source[key] else { continue }
      return try await data(type, reference, for: container).map { $0.sorted { $0.key < $1.key } } ?? []
    }
    return []
  }

  /// nil for an optional source that is not there.
  private func single(_ source: JSON, for container: String) async throws -> String? {
    for (key, type) in [("configMapKeyRef", ResourceType.configMaps), ("secretKeyRef", .secrets)] {
      guard let reference = source[key] else { continue }
      guard let data = try await data(type, reference, for: container) else { return nil }
      let wanted = reference["key"]?.stringValue ?? ""
      if let value = data[wanted] { return value }
      if reference["optional"]?.boolValue == true { return nil }
      throw Missing(
        container: container,
        description: "couldn't find key \(wanted) in \(type.kind) \(pod.namespace ?? "")/"
          + (reference["name"]?.stringValue ?? ""))
    }
    if let path = source[path: "fieldRef", "fieldPath"]?.stringValue {
      guard let value = field(path) else {
        throw Missing(container: container, description: "unsupported fieldPath: \(path)")
      }
      return value
    }
    throw Missing(
      container: container, description: "resourceFieldRef is not supported here: the container has no limits")
  }

  private func data(_ type: ResourceType, _ reference: JSON, for container: String) async throws -> [String: String]? {
    let name = reference["name"]?.stringValue ?? ""
    guard let object = try await api.find(type, namespace: pod.namespace, name: name) else {
      if reference["optional"]?.boolValue == true { return nil }
      throw Missing(container: container, description: "\(type.kind.lowercased()) \"\(name)\" not found")
    }
    let data = object["data"]?.stringMapValue ?? [:]
    guard type == .secrets else { return data }
    return data.compactMapValues { Data(base64Encoded: $0).map { String(decoding: $0, as: UTF8.self) } }
  }

  /// A field of the pod, of those that the downward API has.
  private func field(_ path: String) -> String? {
    for (list, values) in [("labels", pod.labels), ("annotations", pod.annotations)] {
      let prefix = "metadata.\(list)['"
      if path.hasPrefix(prefix), path.hasSuffix("']") {
        return values[String(path.dropFirst(prefix.count).dropLast(2))] ?? ""
      }
    }
    return switch path {
    case "metadata.name": pod.name
    case "metadata.namespace": pod.namespace ?? ""
    case "metadata.uid": pod.uid
    case "spec.nodeName": pod[path: "spec", "nodeName"]?.stringValue ?? ""
    case "spec.serviceAccountName": pod[path: "spec", "serviceAccountName"]?.stringValue ?? ""
    case "status.podIP", "status.podIPs": pod[path: "status", "podIP"]?.stringValue ?? ""
    case "status.hostIP", "status.hostIPs": pod[path: "status", "hostIP"]?.stringValue ?? ""
    default: nil
    }
  }
}
