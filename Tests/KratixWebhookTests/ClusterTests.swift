import APIServer
import Foundation
import KratixModel
import Kubernetes
import Logging
import Testing

@testable import KratixWebhook

/// The webhook before a real API server that asks it over TLS, and the chart installed on one by the real helm.
@Suite struct ClusterTests {
  private static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

  private func withCluster(_ body: (APIServer, any KubernetesAPI) async throws -> Void) async throws {
    let server = try APIServer(configuration: .init(stateDirectory: nil, logger: Self.logger))
    try await server.start()
    do {
      try await body(server, server.api(as: .administrator))
    } catch {
      await server.stop()
      throw error
    }
    await server.stop()
  }

  private static let kinds: [ResourceType] = [.promises, .promiseRevisions, .resourceBindings, .destinations]

  /// Kratix's kinds, with any spec and status.
  private func installKinds(in api: any KubernetesAPI) async throws {
    for type in Self.kinds {
      var definition = KubernetesObject(
        apiVersion: "apiextensions.k8s.io/v1", kind: "CustomResourceDefinition", name: type.qualifiedResource)
      let open: JSON = ["type": "object", "x-kubernetes-preserve-unknown-fields": true]
      definition.spec = [
        "group": .string(type.group), "scope": .string(type.isNamespaced ? "Namespaced" : "Cluster"),
        "names": [
          "plural": .string(type.plural), "kind": .string(type.kind), "singular": .string(type.kind.lowercased()),
        ],
        "versions": [
          [
            "name": .string(type.version), "served": true, "storage": true, "subresources": ["status": [:]],
            "schema": ["openAPIV3Schema": ["type": "object", "properties": ["spec": open, "status": open]]],
          ]
        ],
      ]
      _ = try await api.create(.customResourceDefinitions, definition)
      for try await event in api.observe(
        .customResourceDefinitions, fieldSelector: "metadata.name=\(type.qualifiedResource)")
      {
        let objects: [KubernetesObject]
        switch event {
        case .snapshot(let all): objects = all
        case .added(let object), .modified(let object): objects = [object]
        case .deleted: objects = []
        }
        if objects.contains(where: { $0.hasCondition("Established") }) { break }
      }
    }
  }

  /// A certificate authority follows another while Promises are written all the time: not one write fails.
  @Test func anAuthorityIsSwappedUnderLoad() async throws {
    try await withCluster { _, api in
      try await installKinds(in: api)
      let namespace = KubernetesObject(apiVersion: "v1", kind: "Namespace", name: "guard")
      _ = try await api.create(.namespaces, namespace)
      let settings = SelfMadeIdentity(
        namespace: "guard", secretName: "certificate", dnsNames: ["localhost"],
        configurations: [WebhookRegistration.name])
      let server = WebhookServer(
        api: api, configuration: WebhookConfiguration(host: "127.0.0.1", port: 0, identity: .selfMade(settings)),
        logger: Self.logger)
      let running = Task { try await server.run() }
      let port = try await server.waitUntilReady()
      var secret = try await api.get(.secrets, namespace: "guard", name: "certificate")
      var book = try #require(CertificateBook(secret: secret))
      for object in WebhookServer.webhookConfigurations(
        clientConfig: .url(base: "https://localhost:\(port)"), caBundle: Base64.encoded(Array(book.bundle.utf8)))
      {
        let isMutating = object.kind == ResourceType.mutatingWebhookConfigurations.kind
        _ = try await api.create(
          isMutating ? .mutatingWebhookConfigurations : .validatingWebhookConfigurations, object)
      }

      let (written, count) = AsyncStream.makeStream(of: Void.self)
      let load = Task {
        // Whoever waits for writes hears of the end, also when a write fails.
        defer { count.finish() }
        var promise = KubernetesObject(
          apiVersion: ResourceType.promises.apiVersion, kind: "Promise", name: "probe")
        promise.spec = ["workflows": [:]]
        while !Task.isCancelled {
          let answer = try await api.create(.promises, promise, options: WriteOptions(isDryRun: true))
          // The mutating webhook was asked, and answered.
          #expect(answer.annotations[UpgradeAnnotations.contentHash] != nil)
          count.yield()
        }
      }
      var writes = written.makeAsyncIterator()
      // The second step is taken at once, with the clock of an hour later: backdated by more than that hour, so that
      // what it mints is valid now.
      var terms = CertificateBook.Terms()
      terms.backdating = 2 * terms.overlap
      let now = Date()
      // First the next authority is trusted, then it signs: two steps, each stored and published.
      book.next = try CertificateMint.authority(from: now - 60, until: now + terms.authorityLifetime)
      book.nextSince = now
      secret = try await store(book, over: secret, in: api)
      try await waitForBundle(Base64.encoded(Array(book.bundle.utf8)), in: api)
      for _ in 0..<20 { try #require(await writes.next() != nil) }
      let first = book.leaf.certificate
      book = try #require(
        try book.advanced(names: ["localhost"], now: now + terms.overlap + 1, terms: terms))
      secret = try await store(book, over: secret, in: api)
      try await waitForBundle(Base64.encoded(Array(book.bundle.utf8)), in: api)
      let served = try #require(server.identity)
      #expect(book.leaf.certificate != first)
      #expect(served.isValid())
      // Writes go on, over new connections.
      for _ in 0..<20 { try #require(await writes.next() != nil) }
      load.cancel()
      switch await load.result {
      case .success: break
      // The last write may have been cut off by the end of the test, in whatever words.
      case .failure(let error): #expect("\(error)".contains("CancellationError"), "\(error)")
      }
      running.cancel()
      _ = await running.result
    }
  }

  /// Every replica is killed: Promises wait, everything else goes on; and when one is back, nobody has to help.
  @Test func aPlatformOutlivesAllReplicas() async throws {
    try await withCluster { _, api in
      try await installKinds(in: api)
      _ = try await api.create(.namespaces, KubernetesObject(apiVersion: "v1", kind: "Namespace", name: "guard"))
      let settings = SelfMadeIdentity(
        namespace: "guard", secretName: "certificate", dnsNames: ["localhost"],
        configurations: [WebhookRegistration.name])
      func replica(port: Int) -> WebhookServer {
        WebhookServer(
          api: api, configuration: WebhookConfiguration(host: "127.0.0.1", port: port, identity: .selfMade(settings)),
          logger: Self.logger)
      }
      let first = replica(port: 0)
      let running = Task { try await first.run() }
      let port = try await first.waitUntilReady()
      let secret = try await api.get(.secrets, namespace: "guard", name: "certificate")
      let book = try #require(CertificateBook(secret: secret))
      for object in WebhookServer.webhookConfigurations(
        clientConfig: .url(base: "https://localhost:\(port)"), caBundle: Base64.encoded(Array(book.bundle.utf8)))
      {
        let isMutating = object.kind == ResourceType.mutatingWebhookConfigurations.kind
        _ = try await api.create(
          isMutating ? .mutatingWebhookConfigurations : .validatingWebhookConfigurations, object)
      }
      var promise = KubernetesObject(apiVersion: ResourceType.promises.apiVersion, kind: "Promise", name: "probe")
      promise.spec = ["workflows": [:]]
      func bind(_ name: String) async throws {
        var binding = KubernetesObject(
          apiVersion: ResourceType.resourceBindings.apiVersion, kind: "ResourceBinding", name: name,
          namespace: "default")
        binding.spec = [
          "version": "latest", "promiseRef": ["name": "probe"],
          "resourceRef": ["name": .string(name), "namespace": "default"],
        ]
        _ = try await api.create(.resourceBindings, binding)
      }
      _ = try await api.create(.promises, promise, options: WriteOptions(isDryRun: true))
      try await bind("before")

      running.cancel()
      _ = await running.result
      let refusal = await #expect(throws: StatusError.self) {
        try await api.create(.promises, promise, options: WriteOptions(isDryRun: true))
      }
      #expect(refusal?.message.contains("failed calling webhook") == true, "\(refusal?.message ?? "")")
      try await bind("meanwhile")

      let second = replica(port: port)
      let runningAgain = Task { try await second.run() }
      try await second.waitUntilReady()
      let answer = try await api.create(.promises, promise, options: WriteOptions(isDryRun: true))
      #expect(answer.annotations[UpgradeAnnotations.contentHash] != nil)
      // The same Secret, hence the same authority: whoever trusted it goes on trusting.
      let later = try await api.get(.secrets, namespace: "guard", name: "certificate")
      #expect(later.resourceVersion == secret.resourceVersion)
      runningAgain.cancel()
      _ = await runningAgain.result
    }
  }

  private func store(
    _ book: CertificateBook, over secret: KubernetesObject, in api: any KubernetesAPI
  ) async throws -> KubernetesObject {
    var object = secret
    object["data"] = book.secretData
    return try await api.update(.secrets, object)
  }

  /// Waits until both configurations trust what the bundle holds.
  private func waitForBundle(_ bundle: String, in api: any KubernetesAPI) async throws {
    for type in [ResourceType.validatingWebhookConfigurations, .mutatingWebhookConfigurations] {
      for try await event in api.observe(type, fieldSelector: "metadata.name=\(WebhookRegistration.name)") {
        let objects: [KubernetesObject]
        switch event {
        case .snapshot(let all): objects = all
        case .added(let object), .modified(let object): objects = [object]
        case .deleted: objects = []
        }
        let isThere = objects.contains { object in
          (object["webhooks"]?.arrayValue ?? []).allSatisfy {
            $0[path: "clientConfig", "caBundle"]?.stringValue == bundle
          }
        }
        if isThere { break }
      }
    }
  }

  @Test func helmInstallsAndLeavesNothingBehind() async throws {
    let helm = try ChartTests.helm.get()
    try await withCluster { server, api in
      let folder = FileManager.default.temporaryDirectory.appending(path: "helm-\(UUID().uuidString)")
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      defer { try? FileManager.default.removeItem(at: folder) }
      let kubeconfig = folder.appending(path: "kubeconfig")
      try Data(YAML.text(server.kubeconfig(contextName: "platform")).utf8).write(to: kubeconfig)
      // Kratix is there before its webhook.
      _ = try await api.create(
        .namespaces, KubernetesObject(apiVersion: "v1", kind: "Namespace", name: KratixNames.systemNamespace))
      func run(_ arguments: String...) throws {
        let result = try ChartTests.run([helm] + arguments + ["--kubeconfig", kubeconfig.path, "--namespace", "guard"])
        try #require(result.status == 0, "\(result.output)\(result.errors)")
      }
      try run("install", "kratix-webhook", ChartTests.chart, "--create-namespace")
      for type in [ResourceType.validatingWebhookConfigurations, .mutatingWebhookConfigurations] {
        let object = try await api.get(type, name: "kratix-webhook")
        #expect(object["webhooks"]?.arrayValue?.isEmpty == false)
      }
      // A Promise of any group may bring its own permission.
      let role = try await api.get(.clusterRoles, name: "kratix-webhook-resources")
      #expect(
        role[path: "aggregationRule", "clusterRoleSelectors"]?[0]?[path: "matchLabels"]
          == ["upgrade.kratix.io/aggregate-to-webhook": "true"])
      let groups = try await api.get(.clusterRoles, name: "kratix-webhook-api-groups")
      #expect(groups.labels["upgrade.kratix.io/aggregate-to-webhook"] == "true")
      let deployment = try await api.get(.deployments, namespace: "guard", name: "kratix-webhook")
      #expect(deployment[path: "spec", "replicas"] == 2)
      try run("upgrade", "kratix-webhook", ChartTests.chart, "--set", "replicas=3")
      try run("uninstall", "kratix-webhook")
      for type in [ResourceType.validatingWebhookConfigurations, .mutatingWebhookConfigurations, .clusterRoles] {
        #expect(try await api.find(type, namespace: nil, name: "kratix-webhook") == nil)
      }
      for name in ["kratix-webhook-resources", "kratix-webhook-api-groups"] {
        #expect(try await api.find(.clusterRoles, namespace: nil, name: name) == nil)
      }
    }
  }
}
