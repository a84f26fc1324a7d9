import Foundation
import NIOHTTP1

/// Who a request is from: the headers to send and the certificate to show.
struct Authorizer: Sendable {
  struct Identity: Sendable {
    var headers: [(name: String, value: String)] = []
    var clientCertificate: ClusterConfiguration.ClientCertificate?
  }

  let configuration: ClusterConfiguration

  func identity() async throws -> Identity {
    var identity = Identity(clientCertificate: configuration.clientCertificate)
    func bearer(_ token: String) { identity.headers.append(("Authorization", "Bearer \(token)")) }
    switch configuration.credential {
    case .none: break
    case .token(let token): bearer(token.value)
    case .tokenFile(let path):
      switch FileFault.read(path) {
      case .success(let bytes):
        bearer(String(decoding: bytes, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines))
      case .failure(let fault):
        throw ConnectionError.credentialsUnavailable(
          user: configuration.userName, reason: "cannot read the token file \(path): \(fault.reason)")
      }
    case .basic(let username, let password):
      let pair = Data("\(username):\(password.value)".utf8).base64EncodedString()
      identity.headers.append(("Authorization", "Basic \(pair)"))
    case .plugin(let plugin):
      let result = try await plugin.credentials()
      if let token = result.token { bearer(token.value) }
      if let certificate = result.clientCertificate { identity.clientCertificate = certificate }
    }
    if let impersonation = configuration.impersonation {
      identity.headers.append(("Impersonate-User", impersonation.user))
      if let uid = impersonation.uid { identity.headers.append(("Impersonate-Uid", uid)) }
      for group in impersonation.groups { identity.headers.append(("Impersonate-Group", group)) }
      for (key, values) in impersonation.extra.sorted(by: { $0.key < $1.key }) {
        let escaped = key.addingPercentEncoding(withAllowedCharacters: .alphanumerics.union(.init(charactersIn: "-_.")))
        for value in values { identity.headers.append(("Impersonate-Extra-\(escaped ?? key)", value)) }
      }
    }
    return identity
  }

  /// After the server refused the credentials: whether a new try may use others.
  func refresh() async -> Bool {
    switch configuration.credential {
    case .plugin(let plugin):
      await plugin.invalidate()
      return true
    case .none, .token, .tokenFile, .basic:
      return false
    }
  }
}
