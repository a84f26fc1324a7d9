import Kubernetes
import Logging
import Testing

@testable import APIServer

/// Webhook configurations that are stored in a server take part in its writes.
@Suite struct ServerAdmissionTests {
  private func withServer(_ body: (APIServer, any KubernetesAPI) async throws -> Void) async throws {
    var logger = Logger(label: "test")
    logger.logLevel = .critical
    let server = try APIServer(configuration: .init(stateDirectory: nil, logger: logger))
    try await server.start()
    do {
      try await body(server, server.api(as: .administrator))
    } catch {
      await server.stop()
      throw error
    }
    await server.stop()
  }

  private func configMap(_ name: String) -> KubernetesObject {
    KubernetesObject(apiVersion: "v1", kind: "ConfigMap", name: name, namespace: "default")
  }

  @Test func aStoredConfigurationTakesPartInWrites() async throws {
    let webhook = try await WebhookServer { call in
      if call.path.hasPrefix("/change") {
        return WebhookServer.allow(
          call, WebhookServer.patch([["op": "add", "path": "/metadata/labels", "value": ["changed": "yes"]]]))
      }
      return call.review[path: "request", "name"] == "bad"
        ? WebhookServer.deny(call, ["message": "bad"]) : WebhookServer.allow(call)
    }
    let rules: JSON = [
      "rules": [["operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["configmaps"]]]
    ]
    try await withServer { _, api in
      _ = try await api.create(
        .mutatingWebhookConfigurations,
        .configuration(mutating: true, [webhook.webhook("change.b.c", path: "/change", rules)]), options: WriteOptions()
      )
      let stored = try await api.create(
        .validatingWebhookConfigurations, .configuration([webhook.webhook("check.b.c", path: "/check", rules)]),
        options: WriteOptions())
      #expect(stored["webhooks"]?[0]?["timeoutSeconds"] == 10)
      let good = try await api.create(.configMaps, configMap("good"), options: WriteOptions())
      #expect(good.labels == ["changed": "yes"])
      let error = await #expect(throws: StatusError.self) {
        try await api.create(.configMaps, configMap("bad"), options: WriteOptions())
      }
      #expect(error?.message == "admission webhook \"check.b.c\" denied the request: bad")
      await #expect(throws: StatusError.self) { try await api.get(.configMaps, namespace: "default", name: "bad") }
    }
    await webhook.stop()
    #expect(
      webhook.calls.map { $0.review[path: "request", "object", "metadata", "labels", "changed"] } == [
        nil, "yes", nil, "yes",
      ])
  }

  @Test func anInvalidConfigurationIsNotStored() async throws {
    try await withServer { _, api in
      let error = await #expect(throws: StatusError.self) {
        try await api.create(
          .validatingWebhookConfigurations, .configuration([["name": "short"]]), options: WriteOptions())
      }
      #expect(error?.code == 422)
      #expect(error?.causes.map(\.field).contains("webhooks[0].sideEffects") == true)
    }
  }

  @Test func aServiceIsReachedWhereItsExternalNameLeads() async throws {
    let webhook = try await WebhookServer(hosts: ["hook.default.svc"]) { WebhookServer.deny($0, ["message": "asked"]) }
    try await withServer { _, api in
      func configuration(_ service: String, _ name: String) -> KubernetesObject {
        let client: JSON = [
          "caBundle": webhook.caBundle,
          "service": ["namespace": "default", "name": .string(service), "port": JSON(webhook.port), "path": "/v"],
        ]
        let rules: JSON = [
          "clientConfig": client,
          "rules": [["operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["configmaps"]]],
          "objectSelector": ["matchLabels": ["to": .string(service)]],
        ]
        return .configuration(name, mutating: false, [webhook.webhook("\(name).b.c", rules)])
      }
      for name in ["hook", "inside", "absent"] {
        _ = try await api.create(.validatingWebhookConfigurations, configuration(name, name), options: WriteOptions())
      }
      for (name, spec) in [
        ("hook", ["type": "ExternalName", "externalName": "127.0.0.1"]), ("inside", ["ports": [["port": 443]]]),
      ] as [(String, JSON)] {
        var service = KubernetesObject(apiVersion: "v1", kind: "Service", name: name, namespace: "default")
        service.spec = spec
        _ = try await api.create(.services, service, options: WriteOptions())
      }
      for (name, expected) in [
        ("hook", "denied the request: asked"), ("inside", "no endpoints available for service \"inside\""),
        ("absent", "service \"absent\" not found"),
      ] {
        var object = configMap("c-\(name)")
        object.labels = ["to": name]
        let asked = object
        let error = await #expect(throws: StatusError.self) {
          try await api.create(.configMaps, asked, options: WriteOptions())
        }
        #expect(error?.message.hasSuffix(expected) == true, "\(error?.message ?? "")")
      }
    }
    await webhook.stop()
  }

  @Test func reviewsAreAnsweredByWhatIsStored() async throws {
    try await withServer { server, api in
      var role = KubernetesObject(
        apiVersion: "rbac.authorization.k8s.io/v1", kind: "Role", name: "reader", namespace: "default")
      role["rules"] = [["verbs": ["get"], "apiGroups": [""], "resources": ["pods"]]]
      var binding = KubernetesObject(
        apiVersion: "rbac.authorization.k8s.io/v1", kind: "RoleBinding", name: "ada", namespace: "default")
      binding["roleRef"] = ["apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "reader"]
      binding["subjects"] = [["apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "ada"]]
      _ = try await api.create(.roles, role, options: WriteOptions())
      _ = try await api.create(.roleBindings, binding, options: WriteOptions())
      let type = ResourceType(
        group: "authorization.k8s.io", version: "v1", plural: "selfsubjectaccessreviews",
        kind: "SelfSubjectAccessReview", isNamespaced: false)
      for (user, isAllowed) in [("ada", true), ("bob", false)] {
        var review = KubernetesObject(["kind": "SelfSubjectAccessReview", "apiVersion": "authorization.k8s.io/v1"])
        review.spec = ["resourceAttributes": ["verb": "get", "namespace": "default", "resource": "pods"]]
        let answer = try await server.api(as: UserInfo(name: user)).create(type, review, options: WriteOptions())
        #expect(answer.status?["allowed"] == .bool(isAllowed))
      }
    }
  }
}
