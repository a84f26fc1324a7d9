import Kubernetes
import NIOSSL

/// The TLS configuration of a server and a client certificate.
enum TLSMaterial {
  static func configuration(
    trust: ClusterConfiguration.Trust, clientCertificate: ClusterConfiguration.ClientCertificate?, user: String
  ) throws -> TLSConfiguration {
    var tls = TLSConfiguration.makeClientConfiguration()
    tls.minimumTLSVersion = .tlsv12
    switch trust {
    case .systemAuthorities: break
    case .anything: tls.certificateVerification = .none
    case .authorities(let pem):
      guard let certificates = try? NIOSSLCertificate.fromPEMBytes(pem), !certificates.isEmpty else {
        throw ConnectionError.unsupportedSetting(
          setting: "the cluster's certificate authority", advice: "it holds no certificate in PEM form")
      }
      tls.trustRoots = .certificates(certificates)
    }
    if let clientCertificate {
      do {
        tls.certificateChain = try NIOSSLCertificate.fromPEMBytes(clientCertificate.chain).map { .certificate($0) }
      } catch {
        throw ConnectionError.credentialsUnavailable(user: user, reason: "the client certificate is not PEM")
      }
      do {
        tls.privateKey = .privateKey(try NIOSSLPrivateKey(bytes: clientCertificate.key.value, format: .pem))
      } catch {
        throw ConnectionError.credentialsUnavailable(user: user, reason: "the client key is not PEM, or is encrypted")
      }
      guard !tls.certificateChain.isEmpty else {
        throw ConnectionError.credentialsUnavailable(user: user, reason: "the client certificate is empty")
      }
    }
    return tls
  }
}
