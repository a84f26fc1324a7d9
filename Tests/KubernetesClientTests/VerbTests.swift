import Foundation
import Kubernetes
import Testing

@testable import KubernetesClient

@Suite("Verbs over TLS")
struct VerbTests {
  @Test("each verb asks for the path, the query and the body that an API server expects")
  func wire() async throws {
    let object: JSON = ["apiVersion": "v1", "kind": "ConfigMap", "metadata": ["name": "a", "namespace": "n"]]
    let fixture = try await ClientFixture { _ in .json(200, object) }
    let client = fixture.client
    let options = WriteOptions(isDryRun: true, fieldManager: "kratix", force: true, fieldValidation: "Strict")

    _ = try await client.get(.configMaps, namespace: "n", name: "a")
    _ = try await client.create(.configMaps, KubernetesObject(object), options: options)
    _ = try await client.updateStatus(.configMaps, KubernetesObject(object))
    _ = try await client.patch(.configMaps, namespace: nil, name: "a", .apply(object), options: options)
    _ = try await client.patch(.configMaps, namespace: "n", name: "a", .merge(["data": ["k": .null]]), options: options)
    try await client.delete(
      .configMaps, namespace: "n", name: "a",
      options: DeleteOptions(propagation: .foreground, preconditionUID: "u", gracePeriodSeconds: 0))
    try await client.deleteCollection(
      .configMaps, namespace: "n", selector: ListOptions(labelSelector: "a in (b,c)"), options: DeleteOptions())
    _ = try await client.get(.clusterRoles, name: "system:node/a b")

    let asked = fixture.server.requests
    #expect(
      asked.map { "\($0.method) \($0.path)" } == [
        "GET /api/v1/namespaces/n/configmaps/a",
        "POST /api/v1/namespaces/n/configmaps",
        "PUT /api/v1/namespaces/n/configmaps/a/status",
        // The namespace of the context, where none is given.
        "PATCH /api/v1/namespaces/team-a/configmaps/a",
        "PATCH /api/v1/namespaces/n/configmaps/a",
        "DELETE /api/v1/namespaces/n/configmaps/a",
        "DELETE /api/v1/namespaces/n/configmaps",
        "GET /apis/rbac.authorization.k8s.io/v1/clusterroles/system:node/a b",
      ])
    #expect(asked[1].query == ["dryRun": "All", "fieldManager": "kratix", "fieldValidation": "Strict"])
    #expect(asked[1].json == object)
    #expect(asked[3].query["force"] == "true")
    #expect(asked[3].headers.first(name: "content-type") == "application/apply-patch+yaml")
    #expect(asked[4].query["force"] == nil)
    #expect(asked[4].json == ["data": ["k": .null]])
    #expect(
      asked[5].json == [
        "kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": "Foreground", "gracePeriodSeconds": 0,
        "preconditions": ["uid": "u"],
      ])
    #expect(asked[6].query == ["labelSelector": "a in (b,c)"])
  }

  @Test("an empty name is refused here: its path would be the collection's")
  func emptyName() async throws {
    let fixture = try await ClientFixture { _ in .json(200, [:]) }
    let error = await thrown(StatusError.self) {
      try await fixture.client.delete(.configMaps, namespace: "n", name: "", options: DeleteOptions())
    }
    #expect(error?.message == "a name is needed to address one of configmaps")
    #expect(fixture.server.requests.isEmpty)
  }

  @Test("a list is read page by page, and its items get the kind that a list leaves out")
  func paging() async throws {
    let fixture = try await ClientFixture { request in
      let isSecond = request.query["continue"] == "next"
      let metadata: JSON = isSecond ? ["resourceVersion": "7"] : ["resourceVersion": "7", "continue": "next"]
      return .json(
        200,
        [
          "kind": "ConfigMapList", "apiVersion": "v1", "metadata": metadata,
          "items": [["metadata": ["name": isSecond ? "b" : "a"]]],
        ])
    }
    let all = try await fixture.client.listAll(.configMaps, labelSelector: "x=y")
    #expect(all.items.map(\.name) == ["a", "b"])
    #expect(all.items.map(\.kind) == ["ConfigMap", "ConfigMap"])
    #expect(all.resourceVersion == "7")
    #expect(fixture.server.requests.map(\.path) == ["/api/v1/configmaps", "/api/v1/configmaps"])
    #expect(fixture.server.requests.map { $0.query["labelSelector"] } == ["x=y", "x=y"])
  }

  @Test("warnings reach the callback, unquoted")
  func warnings() async throws {
    let header = #"299 - "unknown field \"spec.foo\"", 299 - "deprecated, soon gone" "Sat, 25 Aug 2012 23:34:45 GMT""#
    let fixture = try await ClientFixture { _ in .json(200, ["metadata": ["name": "a"]], headers: ["Warning": header]) }
    _ = try await fixture.client.get(ClientFixture.promises, name: "a")
    #expect(
      fixture.warnings.withLockedValue { $0 } == [#"unknown field "spec.foo""#, "deprecated, soon gone"])
  }

  @Test("a refusal carries the server's Status")
  func refusal() async throws {
    let refusal = StatusError.invalid(
      GroupVersionKind(group: "g", version: "v1", kind: "K"), "n",
      [.init(reason: "FieldValueInvalid", message: "Invalid value: 1: too small", field: "spec.a")])
    let fixture = try await ClientFixture { _ in .status(refusal) }
    let error = await thrown(StatusError.self) {
      _ = try await fixture.client.get(ClientFixture.promises, name: "n")
    }
    #expect(error == refusal)
    let missing = try await ClientFixture { _ in .status(.notFound(ClientFixture.promises, "n")) }
    #expect(try await missing.client.find(ClientFixture.promises, namespace: nil, name: "n") == nil)
  }

  @Test("a proxy's page becomes a sentence with the status")
  func foreignBody() async throws {
    let fixture = try await ClientFixture { _ in .text(403, "<html>\nblocked by policy\n</html>") }
    let error = await thrown(StatusError.self) {
      _ = try await fixture.client.get(ClientFixture.promises, name: "n")
    }
    #expect(error?.message == "the server answered 403 Forbidden: <html> blocked by policy </html>")
    #expect(error?.reason == .forbidden)
  }

  @Test("what is no Kubernetes API is told as that")
  func notKubernetes() async throws {
    let fixture = try await ClientFixture { _ in .text(200, "hello") }
    let error = await thrown(ConnectionError.self) {
      _ = try await fixture.client.get(ClientFixture.promises, name: "n")
    }
    #expect("\(try #require(error))".contains("does not answer as a Kubernetes API server does: its answer is no JSON"))
  }

  @Test("pod logs are text, of the container asked for")
  func logs() async throws {
    let fixture = try await ClientFixture { _ in .text(200, "line 1\nline 2\n") }
    #expect(try await fixture.client.podLog(namespace: "n", pod: "p", container: "c") == "line 1\nline 2\n")
    #expect(fixture.server.requests.first?.path == "/api/v1/namespaces/n/pods/p/log")
    #expect(fixture.server.requests.first?.query == ["container": "c"])
  }

  @Test("tls-server-name: the certificate is checked for it, the request goes to the address")
  func serverName() async throws {
    let authority = try TestAuthority()
    let identity = try authority.issue("api", names: [.dnsName("kubernetes.example")])
    let server = try await TestServer.start(identity: identity) { _ in .json(200, ["metadata": ["name": "a"]]) }
    var configuration = ClusterConfiguration(
      server: .init(isTLS: true, host: "127.0.0.1", port: server.port),
      trust: .authorities(Array(authority.certificatePEM.utf8)))
    configuration.tlsServerName = "kubernetes.example"
    let client = try KubernetesClient(configuration)
    #expect(try await client.get(ClientFixture.promises, name: "a").name == "a")
    #expect(server.requests.first?.headers.first(name: "host") == "127.0.0.1:\(server.port)")
  }

  @Test("insecure-skip-tls-verify takes any certificate; a server without TLS and with a path prefix is served too")
  func otherServers() async throws {
    let fixture = try await ClientFixture(change: { $0.trust = .anything }) { _ in .json(200, [:]) }
    _ = try await fixture.client.get(ClientFixture.promises, name: "a")
    let plain = try await TestServer.start(identity: nil) { _ in .json(200, [:]) }
    let server = try #require(ClusterConfiguration.Server("http://127.0.0.1:\(plain.port)/k8s/clusters/c-1/"))
    _ = try await KubernetesClient(ClusterConfiguration(server: server)).get(ClientFixture.promises, name: "a")
    #expect(plain.requests.first?.path == "/k8s/clusters/c-1/apis/platform.kratix.io/v1alpha1/promises/a")
  }
}
