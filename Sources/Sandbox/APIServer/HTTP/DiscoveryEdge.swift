import Kubernetes

/// The one place that asks the folder Discovery for its documents.
enum DiscoveryEdge {
  static func aggregatedCore(_ resources: [ServedResource]) -> JSON { Discovery.aggregatedCore(resources) }

  static func aggregatedAPIs(_ resources: [ServedResource]) -> JSON { Discovery.aggregatedAPIs(resources) }

  static func apiVersions(serverAddress: String) -> JSON { Discovery.apiVersions(serverAddress: serverAddress) }

  static func apiGroupList(_ resources: [ServedResource]) -> JSON { Discovery.apiGroupList(resources) }

  static func apiGroup(_ group: String, _ resources: [ServedResource]) -> JSON? { Discovery.apiGroup(group, resources) }

  static func apiResourceList(group: String, version: String, _ resources: [ServedResource]) -> JSON? {
    Discovery.apiResourceList(group: group, version: version, resources)
  }

  static func openAPIIndex(_ resources: [ServedResource]) -> JSON { OpenAPI.v3Index(resources) }

  static func openAPIDocument(group: String, version: String, _ resources: [ServedResource]) -> JSON? {
    OpenAPI.v3Document(group: group, version: version, resources)
  }

  static func openAPIV2(_ resources: [ServedResource]) -> JSON { OpenAPI.v2Document(resources) }

  static func openAPIProtobuf(_ resources: [ServedResource]) -> [UInt8] { OpenAPI.v2Protobuf(resources) }
}
