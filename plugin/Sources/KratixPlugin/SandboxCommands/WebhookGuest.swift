import KratixModel
import KratixWebhook
import Kubernetes
import Logging
import Sandbox

/// kratix-webhook on a sandbox's platform: served over TLS as in a cluster, registered by URL.
enum WebhookGuest {
  private static let secretName = "kratix-webhook-certificate"

  /// Serves and registers the webhook. Until it is registered, one of an earlier run is taken away: nobody answers it.
  static func serving(logger: Logger) -> SandboxPlatform.Guest {
    { api, inPlace in
      try await unregister(from: api)
      let identity = SelfMadeIdentity(
        namespace: KratixNames.systemNamespace, secretName: secretName, dnsNames: ["localhost"],
        configurations: [WebhookRegistration.name])
      let server = WebhookServer(
        api: api,
        configuration: WebhookConfiguration(
          host: "127.0.0.1", port: 0, identity: .selfMade(identity)),
        logger: logger)
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await server.run() }
        group.addTask {
          let port = try await server.waitUntilReady()
          try await register(port: port, in: api)
          inPlace()
        }
        try await group.waitForAll()
      }
    }
  }

  /// Takes the webhook of an earlier run away.
  static func absent() -> SandboxPlatform.Guest {
    { api, inPlace in
      try await unregister(from: api)
      inPlace()
    }
  }

  private static func register(port: Int, in api: any KubernetesAPI) async throws {
    let secret = try await api.get(.secrets, namespace: KratixNames.systemNamespace, name: secretName)
    let authority = secret[path: "data", "ca-signing.crt"]?.stringValue ?? ""
    for configuration in WebhookServer.webhookConfigurations(
      clientConfig: .url(base: "https://localhost:\(port)"), caBundle: authority)
    {
      guard let type = registrations.first(where: { $0.kind == configuration.kind }) else { continue }
      _ = try await api.create(type, configuration)
    }
  }

  private static func unregister(from api: any KubernetesAPI) async throws {
    for type in registrations {
      do {
        try await api.delete(type, namespace: nil, name: WebhookRegistration.name, options: DeleteOptions())
      } catch let error as StatusError where error.reason == .notFound {
        continue
      }
    }
  }

  private static let registrations: [ResourceType] = [
    .validatingWebhookConfigurations, .mutatingWebhookConfigurations,
  ]
}
