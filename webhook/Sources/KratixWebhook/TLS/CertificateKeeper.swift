import Foundation
import Kubernetes
import Logging

/// Where a webhook that makes its own certificates keeps them, and who is to trust them.
public struct SelfMadeIdentity: Sendable, Hashable {
  public var namespace: String
  public var secretName: String
  /// What clients call the server: the Service's DNS names.
  public var dnsNames: [String]
  /// The names of the webhook configurations that get the authority's certificate.
  public var configurations: [String]

  public init(namespace: String, secretName: String, dnsNames: [String], configurations: [String]) {
    self.namespace = namespace
    self.secretName = secretName
    self.dnsNames = dnsNames
    self.configurations = configurations
  }

  /// For a Service of the cluster.
  public static func service(
    _ service: String, namespace: String, secretName: String = "kratix-webhook-certificate"
  ) -> SelfMadeIdentity {
    SelfMadeIdentity(
      namespace: namespace, secretName: secretName,
      dnsNames: ["\(service).\(namespace).svc", "\(service).\(namespace).svc.cluster.local", service],
      configurations: [WebhookRegistration.name])
  }
}

/// Makes, keeps and renews the webhook's own certificates. Several replicas share one Secret: who writes first wins, the
/// others take what is there.
struct CertificateKeeper: Sendable {
  let api: any KubernetesAPI
  let settings: SelfMadeIdentity
  var terms = CertificateBook.Terms()
  let logger: Logger
  var now: @Sendable () -> Date = { Date() }

  /// The identity to begin with: from the Secret, which is made when there is none.
  func begin() async throws -> ServerIdentity {
    let book = try await settled()
    let identity = try ServerIdentity(certificate: book.leaf.certificate, privateKey: book.leaf.privateKey)
    try await publish(book)
    return identity
  }

  /// Follows the Secret and the wall clock until cancelled.
  func run(_ identity: ServerIdentity) async {
    await withTaskGroup(of: Void.self) { group in
      group.addTask { await keepCurrent(identity) }
      group.addTask {
        await observe(.secrets, settings.secretName) { object in
          guard let book = CertificateBook(secret: object) else { return }
          // Trusted first, served then.
          try await publish(book)
          try identity.set(certificate: book.leaf.certificate, privateKey: book.leaf.privateKey)
        }
      }
      for type in [ResourceType.validatingWebhookConfigurations, .mutatingWebhookConfigurations] {
        for name in settings.configurations {
          group.addTask {
            // Helm, or somebody else, may have put another bundle there.
            await observe(type, name) { _ in try await publish(try await settled()) }
          }
        }
      }
    }
  }

  /// Looks at the wall clock every minute: timers stand still on a suspended node, and clocks jump.
  private func keepCurrent(_ identity: ServerIdentity) async {
    while !Task.isCancelled {
      do {
        let book = try await settled()
        try await publish(book)
        try identity.set(certificate: book.leaf.certificate, privateKey: book.leaf.privateKey)
      } catch is CancellationError {
        return
      } catch {
        logger.error("cannot renew the certificate; trying again", metadata: ["error": "\(error)"])
      }
      guard (try? await Task.sleep(for: .seconds(60))) != nil else { return }
    }
  }

  private func observe(
    _ type: ResourceType, _ name: String, _ act: @Sendable (KubernetesObject) async throws -> Void
  ) async {
    var failures = 0
    while !Task.isCancelled {
      do {
        let namespace = type.isNamespaced ? settings.namespace : nil
        for try await event in api.observe(type, namespace: namespace, fieldSelector: "metadata.name=\(name)") {
          failures = 0
          switch event {
          case .snapshot(let objects): for object in objects { try await act(object) }
          case .added(let object), .modified(let object): try await act(object)
          case .deleted: break
          }
        }
      } catch is CancellationError {
        return
      } catch {
        failures += 1
        logger.warning("cannot follow \(type.qualifiedResource) \(name)", metadata: ["error": "\(error)"])
        guard (try? await Task.sleep(for: Backoff.reconnecting.delay(afterFailures: failures))) != nil else { return }
      }
    }
  }

  /// The book in the Secret, moved on by one step when it is time.
  private func settled() async throws -> CertificateBook {
    while true {
      do {
        let secret = try await api.find(.secrets, namespace: settings.namespace, name: settings.secretName)
        guard let secret, let book = CertificateBook(secret: secret) else {
          let made = try CertificateBook.made(names: settings.dnsNames, now: now(), terms: terms)
          try await store(made, over: secret)
          logger.info("made a certificate authority", metadata: ["secret": "\(settings.secretName)"])
          return made
        }
        guard let next = try book.advanced(names: settings.dnsNames, now: now(), terms: terms) else { return book }
        // Who is to trust the new authority has to know it before anything is signed by it.
        try await publish(next)
        try await store(next, over: secret)
        logger.info("the certificate moved on", metadata: ["secret": "\(settings.secretName)"])
        return next
      } catch let error as StatusError where error.reason == .conflict || error.reason == .alreadyExists {
        // Another replica was first: take what it wrote.
        try Task.checkCancellation()
      }
    }
  }

  private func store(_ book: CertificateBook, over secret: KubernetesObject?) async throws {
    var object =
      secret
      ?? KubernetesObject(apiVersion: "v1", kind: "Secret", name: settings.secretName, namespace: settings.namespace)
    if secret == nil { object["type"] = "Opaque" }
    object["data"] = book.secretData
    if secret == nil {
      _ = try await api.create(.secrets, object)
    } else {
      _ = try await api.update(.secrets, object)
    }
  }

  /// Puts the authorities' certificates into the webhook configurations, where they differ.
  private func publish(_ book: CertificateBook) async throws {
    let bundle = JSON.string(Base64.encoded(Array(book.bundle.utf8)))
    for type in [ResourceType.validatingWebhookConfigurations, .mutatingWebhookConfigurations] {
      for name in settings.configurations {
        guard let object = try await api.find(type, namespace: nil, name: name) else { continue }
        let webhooks = object["webhooks"]?.arrayValue ?? []
        var patch: [JSON] = []
        for (index, webhook) in webhooks.enumerated() where webhook[path: "clientConfig", "caBundle"] != bundle {
          patch.append(["op": "test", "path": .string("/webhooks/\(index)/name"), "value": webhook["name"] ?? ""])
          patch.append(
            ["op": "add", "path": .string("/webhooks/\(index)/clientConfig/caBundle"), "value": bundle])
        }
        guard !patch.isEmpty else { continue }
        _ = try await api.patch(type, namespace: nil, name: name, .json(.array(patch)))
      }
    }
  }
}

extension CertificateBook {
  private static let keys = (
    certificate: "tls.crt", key: "tls.key", authority: "ca-signing.crt", authorityKey: "ca-signing.key",
    next: "ca-next.crt", nextKey: "ca-next.key", former: "ca-former.crt", since: "since"
  )

  /// nil when something is missing or unreadable.
  init?(secret: KubernetesObject) {
    func text(_ key: String) -> String? {
      secret[path: "data", key]?.stringValue.flatMap(Base64.decoded).map { String(decoding: $0, as: UTF8.self) }
    }
    guard let certificate = text(Self.keys.certificate), let key = text(Self.keys.key),
      let authority = text(Self.keys.authority), let authorityKey = text(Self.keys.authorityKey),
      (try? ServerIdentity(certificate: certificate, privateKey: key)) != nil,
      (try? ServerIdentity(certificate: authority, privateKey: authorityKey)) != nil
    else { return nil }
    self.init(
      authority: .init(certificate: authority, privateKey: authorityKey),
      leaf: .init(certificate: certificate, privateKey: key))
    if let next = text(Self.keys.next), let nextKey = text(Self.keys.nextKey) {
      self.next = .init(certificate: next, privateKey: nextKey)
    }
    former = text(Self.keys.former)
    nextSince = text(Self.keys.since).flatMap(Timestamp.secondsSince1970).map(Date.init(timeIntervalSince1970:))
  }

  /// `data` of the Secret; `ca.crt` is for those who look.
  var secretData: JSON {
    var data: [String: String] = [
      Self.keys.certificate: leaf.certificate, Self.keys.key: leaf.privateKey,
      Self.keys.authority: authority.certificate, Self.keys.authorityKey: authority.privateKey, "ca.crt": bundle,
    ]
    if let next {
      data[Self.keys.next] = next.certificate
      data[Self.keys.nextKey] = next.privateKey
    }
    if let former { data[Self.keys.former] = former }
    if let nextSince {
      data[Self.keys.since] = Timestamp.text(secondsSince1970: Int64(nextSince.timeIntervalSince1970))
    }
    return JSON(data.mapValues { Base64.encoded(Array($0.utf8)) })
  }
}
