import Kubernetes
import Testing

@testable import APIServer

@Suite struct VersionPriorityTests {
  @Test func stableBeforeBetaBeforeAlphaBeforeTheRest() {
    let ordered = [
      "v10", "v2", "v1", "v11beta2", "v10beta3", "v3beta1", "v12alpha1", "v11alpha2", "foo1", "foo10", "v01",
      "v1gamma1",
    ]
    #expect(ordered.reversed().sorted { VersionPriority($0) < VersionPriority($1) } == ordered)
  }
}

@Suite struct DiscoveryTests {
  static func custom(_ version: String, schema: JSON? = ["type": "object"]) -> ServedResource {
    ServedResource(
      type: ResourceType(
        group: "promise.kratix.io", version: version, plural: "mongodbs", kind: "MongoDB", isNamespaced: true),
      singular: "mongodb", shortNames: ["mdb"], categories: ["kratix"], hasStatus: true,
      scale: .init(specReplicas: ".spec.replicas", statusReplicas: ".status.replicas"), schema: schema,
      definitionName: "mongodbs.promise.kratix.io")
  }

  static let resources: [ServedResource] = [
    custom("v1alpha1"), custom("v1"), .builtIn(.pods, hasStatus: true), .builtIn(.configMaps), .builtIn(.jobs),
    .builtIn(.customResourceDefinitions), .builtIn(.namespaces),
    .builtIn(.deployments, scale: .init(specReplicas: ".spec.replicas", statusReplicas: ".status.replicas")),
  ]

  @Test func aggregatedFormHasEverythingThatKubectlReads() throws {
    let list = Discovery.aggregatedAPIs(Self.resources)
    #expect(list["kind"] == "APIGroupDiscoveryList")
    #expect(list["apiVersion"] == "apidiscovery.k8s.io/v2")
    let names = list["items"]?.arrayValue?.compactMap { $0[path: "metadata", "name"]?.stringValue }
    #expect(names == ["apps", "batch", "apiextensions.k8s.io", "promise.kratix.io"])
    let versions = list["items"]?[3]?["versions"]
    #expect(versions?.arrayValue?.compactMap { $0["version"]?.stringValue } == ["v1", "v1alpha1"])
    #expect(versions?[0]?["freshness"] == "Current")
    #expect(
      versions?[0]?["resources"]?[0] == [
        "resource": "mongodbs", "singularResource": "mongodb", "scope": "Namespaced", "shortNames": ["mdb"],
        "categories": ["kratix"], "responseKind": ["group": "promise.kratix.io", "version": "v1", "kind": "MongoDB"],
        "verbs": ["delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"],
        "subresources": [
          [
            "subresource": "scale", "responseKind": ["group": "autoscaling", "version": "v1", "kind": "Scale"],
            "verbs": ["get", "patch", "update"],
          ],
          [
            "subresource": "status",
            "responseKind": ["group": "promise.kratix.io", "version": "v1", "kind": "MongoDB"],
            "verbs": ["get", "patch", "update"],
          ],
        ],
      ])
  }

  @Test func coreGroupIsAloneAndNameless() {
    let items = Discovery.aggregatedCore(Self.resources)["items"]?.arrayValue ?? []
    #expect(items.count == 1)
    #expect(items.first?["metadata"] == [:])
    let pods = items.first?["versions"]?[0]?["resources"]?.arrayValue?.first { $0["resource"] == "pods" }
    #expect(pods?["scope"] == "Namespaced")
    #expect(
      pods?["verbs"] == ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"])
    #expect(pods?["subresources"]?.arrayValue?.compactMap { $0["subresource"] } == ["log", "status"])
  }

  @Test func nothingServedGivesEmptyLists() {
    #expect(Discovery.aggregatedAPIs([])["items"] == [])
    #expect(Discovery.apiGroupList([])["groups"] == [])
    #expect(Discovery.apiGroup("apps", []) == nil)
    #expect(Discovery.apiResourceList(group: "", version: "v1", []) == nil)
    #expect(Discovery.apiResourceList(group: "apps", version: "v2", Self.resources) == nil)
  }

  @Test func olderFormsSayTheSame() throws {
    let group = try #require(Discovery.apiGroup("promise.kratix.io", Self.resources))
    #expect(
      group == [
        "kind": "APIGroup", "apiVersion": "v1", "name": "promise.kratix.io",
        "versions": [
          ["groupVersion": "promise.kratix.io/v1", "version": "v1"],
          ["groupVersion": "promise.kratix.io/v1alpha1", "version": "v1alpha1"],
        ], "preferredVersion": ["groupVersion": "promise.kratix.io/v1", "version": "v1"],
      ])
    let list = try #require(Discovery.apiResourceList(group: "promise.kratix.io", version: "v1", Self.resources))
    let entries = try #require(list["resources"]?.arrayValue)
    #expect(entries.compactMap { $0["name"]?.stringValue } == ["mongodbs", "mongodbs/scale", "mongodbs/status"])
    #expect(entries[1]["group"] == "autoscaling")
    #expect(entries[2]["group"] == nil)
    #expect(entries[0]["singularName"] == "mongodb")
    #expect(entries[0]["storageVersionHash"]?.stringValue?.count == 12)
    #expect(Discovery.apiVersions(serverAddress: "127.0.0.1:6443")["versions"] == ["v1"])
  }
}
