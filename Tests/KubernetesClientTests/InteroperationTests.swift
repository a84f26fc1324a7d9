import APIServer
import Foundation
import Kubernetes
import Logging
import Testing

@testable import KubernetesClient

/// The client on a whole API server: the sandbox's, through a kubeconfig with its client certificate.
@Suite("With the sandbox's API server")
struct InteroperationTests {
  private let server: APIServer
  private let client: KubernetesClient
  private static let widgets = ResourceType(
    group: "example.com", version: "v1", plural: "widgets", kind: "Widget", isNamespaced: true)

  private static let definition = KubernetesObject([
    "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
    "metadata": ["name": "widgets.example.com"],
    "spec": [
      "group": "example.com", "scope": "Namespaced",
      "names": ["kind": "Widget", "plural": "widgets", "singular": "widget", "listKind": "WidgetList"],
      "versions": [
        [
          "name": "v1", "served": true, "storage": true, "subresources": ["status": [:]],
          "schema": [
            "openAPIV3Schema": [
              "type": "object",
              "properties": [
                "spec": [
                  "type": "object",
                  "properties": ["size": ["type": "integer", "minimum": 1], "name": ["type": "string"]],
                ],
                "status": ["type": "object", "x-kubernetes-preserve-unknown-fields": true],
              ],
            ]
          ],
        ]
      ],
    ],
  ])

  init() async throws {
    server = try APIServer(configuration: .init(stateDirectory: nil, logger: Logger(label: "test")))
    let port = try await server.start()
    func base64(_ text: String) -> String { Data(text.utf8).base64EncodedString() }
    let directory = try TemporaryDirectory()
    let kubeconfig = try directory.write(
      """
      current-context: platform
      clusters:
      - name: platform
        cluster:
          server: https://127.0.0.1:\(port)
          certificate-authority-data: \(base64(server.caPEM))
      users:
      - name: admin
        user:
          client-certificate-data: \(base64(server.clientCertPEM))
          client-key-data: \(base64(server.clientKeyPEM))
      contexts: [{name: platform, context: {cluster: platform, user: admin}}]
      """, to: "config")
    client = try KubernetesClient(ConnectionOptions(kubeconfig: kubeconfig))
  }

  private func widget(_ name: String, size: JSON = 1) -> KubernetesObject {
    KubernetesObject([
      "apiVersion": "example.com/v1", "kind": "Widget", "metadata": ["name": .string(name), "namespace": "default"],
      "spec": ["size": size],
    ])
  }

  /// A definition's kind is served as soon as the definition says so.
  private func define() async throws {
    _ = try await client.create(.customResourceDefinitions, Self.definition)
    for try await event in client.observe(.customResourceDefinitions) {
      let objects: [KubernetesObject]
      switch event {
      case .snapshot(let all): objects = all
      case .added(let object), .modified(let object): objects = [object]
      case .deleted: objects = []
      }
      if objects.contains(where: { $0.name == "widgets.example.com" && $0.hasCondition("Established") }) { break }
    }
  }

  @Test("every verb, on a kind that was just defined")
  func verbs() async throws {
    #expect(try await client.resourceType(for: Self.widgets.groupVersionKind) == nil)
    try await define()
    let type = try #require(try await client.resourceType(for: Self.widgets.groupVersionKind))
    #expect(type == Self.widgets)

    let dry = try await client.create(type, widget("a"), options: WriteOptions(isDryRun: true))
    #expect(dry.name == "a")
    #expect(try await client.find(type, namespace: "default", name: "a") == nil)

    var created = try await client.create(type, widget("a"))
    created.status = ["phase": "Ready"]
    let updated = try await client.updateStatus(type, created)
    #expect(updated.status == ["phase": "Ready"])
    #expect(updated.generation == 1)

    // The version that was read first is by now an old one.
    created.spec?["size"] = 5
    let conflict = await thrown(StatusError.self) { _ = try await client.update(type, created) }
    #expect(conflict?.reason == .conflict)

    let patched = try await client.patch(
      type, namespace: "default", name: "a", .merge(["spec": ["size": 2]]))
    #expect(patched.generation == 2)
    let invalid = await thrown(StatusError.self) {
      _ = try await client.patch(type, namespace: "default", name: "a", .merge(["spec": ["size": 0]]))
    }
    #expect(invalid?.code == 422 && invalid?.causes.first?.field == "spec.size")

    let applied = try await client.patch(
      type, namespace: "default", name: "a",
      .apply(["apiVersion": "example.com/v1", "kind": "Widget", "spec": ["name": "x"]]),
      options: WriteOptions(fieldManager: "kratix"))
    #expect(applied.spec == ["size": 2, "name": "x"])

    try await client.delete(type, namespace: "default", name: "a", options: DeleteOptions())
    #expect(try await client.find(type, namespace: "default", name: "a") == nil)
  }

  @Test("lists in pages, by selector; a whole collection deleted")
  func lists() async throws {
    for index in 0..<7 {
      var object = KubernetesObject(apiVersion: "v1", kind: "ConfigMap", name: "c\(index)", namespace: "default")
      object.labels = ["parity": index.isMultiple(of: 2) ? "even" : "odd"]
      _ = try await client.create(.configMaps, object)
    }
    var options = ListOptions(labelSelector: "parity", limit: 3)
    var pages: [[String]] = []
    repeat {
      let page = try await client.list(.configMaps, namespace: "default", options: options)
      pages.append(page.items.map(\.name))
      options.continueToken = page.continueToken
    } while options.continueToken != nil
    #expect(pages == [["c0", "c1", "c2"], ["c3", "c4", "c5"], ["c6"]])
    try await client.deleteCollection(
      .configMaps, namespace: "default", selector: ListOptions(labelSelector: "parity=odd"), options: DeleteOptions())
    let left = try await client.listAll(.configMaps, namespace: "default", labelSelector: "parity")
    #expect(left.items.map(\.name) == ["c0", "c2", "c4", "c6"])
    #expect(left.items.allSatisfy { $0.kind == "ConfigMap" && $0.apiVersion == "v1" })
  }

  @Test("an observation sees what happens, in order")
  func observation() async throws {
    let type = ResourceType.configMaps
    let object = KubernetesObject(apiVersion: "v1", kind: "ConfigMap", name: "seen", namespace: "default")
    var seen: [String] = []
    for try await event in client.observe(type, namespace: "default", fieldSelector: "metadata.name=seen") {
      switch event {
      case .snapshot(let all):
        seen.append("=\(all.count)")
        _ = try await client.create(type, object)
      case .added(let object):
        seen.append("+\(object.name)")
        _ = try await client.patch(type, namespace: "default", name: "seen", .merge(["data": ["a": "b"]]))
      case .modified(let object):
        seen.append("~\(object.name)")
        try await client.delete(type, namespace: "default", name: "seen", options: DeleteOptions())
      case .deleted(let object): seen.append("-\(object.name)")
      }
      if seen.last?.hasPrefix("-") == true { break }
    }
    #expect(seen == ["=0", "+seen", "~seen", "-seen"])
  }
}
