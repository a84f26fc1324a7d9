import Crypto
import Foundation
import HTTPTypes
import Kubernetes
import NIOCore
import NIOSSL
import SwiftASN1
import Synchronization
import X509

/// Finds out who sends a request: by client certificate, or by bearer token.
final class Authenticator: Sendable {
  private struct State {
    var tokens: [String: UserInfo] = [:]
    var certificates: [[UInt8]: UserInfo] = [:]
  }

  private let state = Mutex(State())

  /// Accepts a bearer token for a user.
  func add(token: String, for user: UserInfo) { state.withLock { $0.tokens[token] = user } }

  /// nil for a client that shows nothing, or nothing that is known.
  func user(of head: HTTPRequest, channel: any Channel) async throws -> UserInfo? {
    guard let user = await identify(head, channel) else { return nil }
    return try impersonated(head, by: user)
  }

  private func identify(_ head: HTTPRequest, _ channel: any Channel) async -> UserInfo? {
    if let authorization = head.headerFields[.authorization] {
      guard authorization.lowercased().hasPrefix("bearer ") else { return nil }
      let token = String(authorization.dropFirst("bearer ".count))
      return state.withLock { $0.tokens[token] }
    }
    // The TLS handler is on the connection: the channel itself with HTTP/1.1, its parent with HTTP/2.
    for candidate in [channel, channel.parent].compactMap({ $0 }) {
      if let certificate = try? await candidate.nioSSL_peerCertificate().get() { return user(of: certificate) }
    }
    return nil
  }

  private func user(of certificate: NIOSSLCertificate) -> UserInfo? {
    guard let bytes = try? certificate.toDERBytes() else { return nil }
    if let known = state.withLock({ $0.certificates[bytes] }) { return known }
    guard let parsed = try? Certificate(derEncoded: bytes) else { return nil }
    var name = ""
    var groups: [String] = []
    for relative in parsed.subject {
      for attribute in relative {
        if attribute.type == .RDNAttributeType.commonName { name = attribute.value.description }
        if attribute.type == .RDNAttributeType.organizationName { groups.append(attribute.value.description) }
      }
    }
    guard !name.isEmpty else { return nil }
    let fingerprint = SHA256.hash(data: bytes).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    let user = UserInfo(
      name: name, groups: groups + ["system:authenticated"],
      extra: ["authentication.kubernetes.io/credential-id": ["X509SHA256=\(fingerprint)"]])
    state.withLock { state in
      if state.certificates.count > 256 { state.certificates = [:] }
      state.certificates[bytes] = user
    }
    return user
  }

  /// The user whom `Impersonate-*` headers name. Only administrators may.
  private func impersonated(_ head: HTTPRequest, by user: UserInfo) throws -> UserInfo {
    func field(_ name: String) -> HTTPField.Name? { HTTPField.Name(name) }
    guard let userField = field("Impersonate-User"), let groupField = field("Impersonate-Group"),
      let uidField = field("Impersonate-Uid")
    else { return user }
    let groups = head.headerFields[values: groupField]
    guard let name = head.headerFields[userField] else {
      if !groups.isEmpty {
        throw StatusError.badRequest("requested [{Group  \(groups[0])  }] without impersonating a user")
      }
      return user
    }
    guard user.groups.contains("system:masters") else {
      throw StatusError(
        code: 403, reason: .forbidden,
        message: "users \"\(name)\" is forbidden: User \"\(user.name)\" cannot impersonate resource \"users\" in API "
          + "group \"\" at the cluster scope", name: name, kind: "users")
    }
    var result = UserInfo(name: name, uid: head.headerFields[uidField] ?? "", groups: groups)
    let parts = name.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
    if groups.isEmpty, parts.count == 4, parts[0] == "system", parts[1] == "serviceaccount" {
      result.groups = UserInfo.serviceAccount(namespace: parts[2], name: parts[3]).groups
    }
    if !result.groups.contains("system:authenticated"), name != "system:anonymous" {
      result.groups.append("system:authenticated")
    }
    for entry in head.headerFields {
      let raw = entry.name.rawName.lowercased()
      guard raw.hasPrefix("impersonate-extra-") else { continue }
      let key = String(raw.dropFirst("impersonate-extra-".count)).removingPercentEncoding ?? raw
      result.extra[key, default: []].append(entry.value)
    }
    return result
  }
}
