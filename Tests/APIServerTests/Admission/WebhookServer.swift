import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdHTTP2
import HummingbirdTLS
import Kubernetes
import Logging
import NIOCore
import NIOSSL
import Synchronization

@testable import APIServer

/// A webhook on loopback, over TLS, that answers what a test wants and remembers what it was asked.
final class WebhookServer: Sendable {
  struct Call: Sendable {
    var path: String
    var headers: [String: String]
    var review: JSON
  }

  typealias Answer = @Sendable (Call) async -> (status: Int, body: String)

  let port: Int
  let caBundle: JSON
  private let task: Task<Void, any Error>
  private let seen: Box

  final class Box: Sendable { let calls = Mutex<[Call]>([]) }

  var calls: [Call] { seen.calls.withLock { $0 } }

  /// - Parameter hosts: what the certificate is for.
  init(hosts: [String] = ["127.0.0.1", "localhost"], answer: @escaping Answer) async throws {
    let directory = FileManager.default.temporaryDirectory.appending(path: "webhook-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: directory) }
    let authority = try CertificateAuthority(directory: directory)
    let identity = try authority.serverIdentity(hosts: hosts)
    caBundle = .string(Data(authority.certificatePEM.utf8).base64EncodedString())
    let tls = TLSConfiguration.makeServerConfiguration(
      certificateChain: try NIOSSLCertificate.fromPEMBytes(Array(identity.certificate.utf8)).map { .certificate($0) },
      privateKey: .privateKey(try NIOSSLPrivateKey(bytes: Array(identity.key.utf8), format: .pem)))
    let box = Box()
    seen = box
    let (ports, announce) = AsyncStream<Int>.makeStream()
    let responder = CallbackResponder<BasicRequestContext> { request, _ in
      let body = try await request.body.collect(upTo: 32 << 20)
      var headers: [String: String] = [:]
      for field in request.headers { headers[field.name.rawName.lowercased()] = field.value }
      let call = Call(
        path: request.uri.string, headers: headers, review: (try? JSON(parsing: body.readableBytesView)) ?? .null)
      box.calls.withLock { $0.append(call) }
      let (status, text) = await answer(call)
      return Response(
        status: .init(code: status), headers: [.contentType: "application/json"],
        body: .init(byteBuffer: ByteBuffer(string: text)))
    }
    var logger = Logger(label: "webhook")
    logger.logLevel = .critical
    let application = Application(
      responder: responder, server: try .http2Upgrade(tlsConfiguration: tls),
      configuration: .init(address: .hostname("127.0.0.1", port: 0)),
      onServerRunning: { channel in
        announce.yield(channel.localAddress?.port ?? 0)
        announce.finish()
      }, logger: logger)
    task = Task { try await application.run() }
    var found = 0
    for await port in ports { found = port }
    port = found
  }

  func stop() async {
    task.cancel()
    _ = await task.result
  }

  /// An answer that lets the request through, with more members of `response`.
  static func allow(_ call: Call, _ more: JSON = [:]) -> (status: Int, body: String) {
    respond(call, ["allowed": true], more)
  }

  static func deny(_ call: Call, _ status: JSON? = nil, _ more: JSON = [:]) -> (status: Int, body: String) {
    respond(call, status.map { ["allowed": false, "status": $0] } ?? ["allowed": false], more)
  }

  private static func respond(_ call: Call, _ response: JSON, _ more: JSON) -> (status: Int, body: String) {
    var members = response.objectValue ?? [:]
    members["uid"] = call.review[path: "request", "uid"]
    members.merge(more.objectValue ?? [:]) { _, new in new }
    let review: JSON = [
      "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": .object(members),
    ]
    return (200, review.text())
  }

  /// A patch as a response has it.
  static func patch(_ operations: JSON) -> JSON {
    ["patchType": "JSONPatch", "patch": .string(Data(operations.serialized()).base64EncodedString())]
  }

  /// A webhook of a configuration that leads here.
  func webhook(_ name: String, path: String = "/", _ more: JSON = [:]) -> JSON {
    var json: [String: JSON] = [
      "name": .string(name),
      "clientConfig": ["url": .string("https://127.0.0.1:\(port)\(path)"), "caBundle": caBundle],
      "rules": [["operations": ["*"], "apiGroups": ["*"], "apiVersions": ["*"], "resources": ["*/*"], "scope": "*"]],
      "admissionReviewVersions": ["v1"], "sideEffects": "None",
    ]
    json.merge(more.objectValue ?? [:]) { _, new in new }
    return .object(json)
  }
}

extension KubernetesObject {
  static func configuration(mutating: Bool = false, _ webhooks: [JSON]) -> KubernetesObject {
    configuration("c", mutating: mutating, webhooks)
  }

  static func configuration(_ name: String, mutating: Bool, _ webhooks: [JSON]) -> KubernetesObject {
    var object = KubernetesObject(
      apiVersion: "admissionregistration.k8s.io/v1",
      kind: mutating ? "MutatingWebhookConfiguration" : "ValidatingWebhookConfiguration", name: name)
    object["webhooks"] = .array(webhooks)
    return object
  }
}

extension WebhookDispatcher {
  init(_ configurations: KubernetesObject..., resources: [ServedResource] = []) {
    var logger = Logger(label: "test")
    logger.logLevel = .critical
    self.init(configurations: { configurations }, resources: { resources }, logger: logger)
  }
}

extension AdmissionRequest {
  /// A request for a ConfigMap named `a` in `default`.
  static func configMap(
    _ operation: Operation = .create, labels: [String: String] = [:], old: [String: String]? = nil,
    namespaceLabels: [String: String] = [:], isDryRun: Bool = false
  ) -> AdmissionRequest {
    func object(_ labels: [String: String]) -> KubernetesObject {
      var object = KubernetesObject(apiVersion: "v1", kind: "ConfigMap", name: "a", namespace: "default")
      object.labels = labels
      return object
    }
    return AdmissionRequest(
      resource: .builtIn(.configMaps), operation: operation, name: "a", namespace: "default",
      namespaceLabels: namespaceLabels, user: .administrator, object: operation == .delete ? nil : object(labels),
      oldObject: operation == .create ? nil : object(old ?? labels), isDryRun: isDryRun, options: [:])
  }
}
