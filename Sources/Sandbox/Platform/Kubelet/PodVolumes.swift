import Foundation
import Kubernetes

/// Reads what a pod's volumes hold that come from the API: ConfigMaps and Secrets.
struct PodVolumes: Sendable {
  let api: any KubernetesAPI
  let namespace: String?

  /// Why a volume cannot be mounted, as a kubelet's event `FailedMount` says it.
  struct Missing: Error, CustomStringConvertible {
    let description: String

    init(_ volume: String, _ reason: String) {
      description = "MountVolume.SetUp failed for volume \"\(volume)\" : \(reason)"
    }
  }

  /// By volume, the files in it; volumes of other kinds are left out.
  func files(of volumes: [JSON]) async throws -> [String: [String: [UInt8]]] {
    var files: [String: [String: [UInt8]]] = [:]
    for volume in volumes {
      guard let name = volume["name"]?.stringValue else { continue }
      if let source = volume["configMap"] {
        files[name] = try await contents(of: .configMaps, source["name"], source, volume: name)
      } else if let source = volume["secret"] {
        files[name] = try await contents(of: .secrets, source["secretName"], source, volume: name)
      }
    }
    return files
  }

  private func contents(
    of type: ResourceType, _ reference: JSON?, _ source: JSON, volume: String
  ) async throws -> [String: [UInt8]] {
    let name = reference?.stringValue ?? ""
    let isOptional = source["optional"]?.boolValue ?? false
    guard let object = try await api.find(type, namespace: namespace, name: name) else {
      if isOptional { return [:] }
      throw Missing(volume, "\(type.kind.lowercased()) \"\(name)\" not found")
    }
    let isEncoded = type == .secrets
    func decoded(_ list: String, _ isEncoded: Bool) -> [String: [UInt8]] {
      (object[list]?.stringMapValue ?? [:]).compactMapValues { text in
        isEncoded ? Data(base64Encoded: text).map { [UInt8]($0) } : Array(text.utf8)
      }
    }
    let data = decoded("data", isEncoded).merging(decoded("binaryData", true)) { text, _ in text }
    guard let items = source["items"]?.arrayValue else { return data }
    var files: [String: [UInt8]] = [:]
    for item in items {
      let key = item["key"]?.stringValue ?? ""
      if let bytes = data[key] {
        files[item["path"]?.stringValue ?? key] = bytes
      } else if !isOptional {
        throw Missing(volume, "references non-existent \(type.kind.lowercased()) key: \(key)")
      }
    }
    return files
  }
}
