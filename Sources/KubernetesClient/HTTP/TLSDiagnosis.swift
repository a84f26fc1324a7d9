import Foundation
import Kubernetes
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import NIOSSL
import SwiftASN1
import X509

/// Finds out what is wrong with a server's certificate after a handshake failed: makes one more connection that reads
/// the certificate, sends nothing, and closes.
struct TLSDiagnosis: Sendable {
  let server: ClusterConfiguration.Server
  let expectedName: String?
  let group: any EventLoopGroup

  /// - Returns: nil when the error is none of TLS.
  func failure(for error: any Error) async -> TLSFailure? {
    let text = "\(error)"
    if text.contains("WRONG_VERSION_NUMBER") || text.contains("HTTP_REQUEST") { return TLSFailure(reason: .notTLS) }
    let isWrongHost = error is NIOSSLExtraError && text.contains("failedToValidateHostname")
    if isWrongHost || text.contains("CERTIFICATE_VERIFY_FAILED") {
      let certificate = await presentedCertificate()
      let summary = certificate.map(Self.summary)
      let now = Date()
      if let certificate, certificate.notValidAfter < now { return TLSFailure(reason: .expired, certificate: summary) }
      if let certificate, certificate.notValidBefore > now {
        return TLSFailure(reason: .notYetValid, certificate: summary)
      }
      return TLSFailure(
        reason: isWrongHost ? .wrongHost(expectedName ?? server.host) : .unknownAuthority, certificate: summary)
    }
    // A decrypt error is a signature that did not fit the certificate, or a certificate that did not fit its issuer.
    let alerts = [
      "ALERT_BAD_CERTIFICATE", "ALERT_CERTIFICATE", "ALERT_UNKNOWN_CA", "ALERT_UNKNOWN_CERTIFICATE",
      "ALERT_DECRYPT_ERROR",
    ]
    if alerts.contains(where: text.contains) { return TLSFailure(reason: .clientCertificateRefused) }
    guard error is NIOSSLError || error is NIOSSLExtraError || error is BoringSSLError else { return nil }
    return TLSFailure(reason: .other("the handshake failed (\(text))"))
  }

  /// The leaf that the server shows, whoever signed it.
  private func presentedCertificate() async -> Certificate? {
    let seen = NIOLockedValueBox<[NIOSSLCertificate]>([])
    var tls = TLSConfiguration.makeClientConfiguration()
    tls.certificateVerification = .noHostnameVerification
    guard let context = try? NIOSSLContext(configuration: tls) else { return nil }
    // SNI takes names only; an address goes without.
    let name = expectedName ?? server.host
    let isAddress = (try? SocketAddress(ipAddress: name, port: 0)) != nil
    let bootstrap = ClientBootstrap(group: group).connectTimeout(.seconds(5)).channelInitializer { channel in
      channel.eventLoop.makeCompletedFuture {
        let handler = try NIOSSLClientHandler(
          context: context, serverHostname: isAddress ? nil : name,
          customVerificationCallback: {
            (chain: [NIOSSLCertificate], verdict: EventLoopPromise<NIOSSLVerificationResult>) in
            seen.withLockedValue { $0 = chain }
            verdict.succeed(.failed)
          })
        try channel.pipeline.syncOperations.addHandler(handler)
      }
    }
    guard let channel = try? await bootstrap.connect(host: server.host, port: server.port).get() else { return nil }
    let deadline = channel.eventLoop.scheduleTask(in: .seconds(5)) { channel.close(promise: nil) }
    // The refusal above closes the channel as soon as the certificate is there.
    try? await channel.closeFuture.get()
    deadline.cancel()
    guard let leaf = seen.withLockedValue({ $0.first }), let der = try? leaf.toDERBytes() else { return nil }
    return try? Certificate(derEncoded: der)
  }

  static func summary(_ certificate: Certificate) -> CertificateSummary {
    var names: [String] = []
    for name in (try? certificate.extensions.subjectAlternativeNames) ?? SubjectAlternativeNames([]) {
      switch name {
      case .dnsName(let name): names.append(name)
      case .ipAddress(let octets): names.append(addressText(Array(octets.bytes)))
      default: break
      }
    }
    return CertificateSummary(
      subject: certificate.subject.description, issuer: certificate.issuer.description,
      notBefore: Timestamp.text(secondsSince1970: Int64(certificate.notValidBefore.timeIntervalSince1970)),
      notAfter: Timestamp.text(secondsSince1970: Int64(certificate.notValidAfter.timeIntervalSince1970)),
      names: names)
  }

  private static func addressText(_ octets: [UInt8]) -> String {
    if let address = try? SocketAddress(packedIPAddress: ByteBuffer(bytes: octets), port: 0),
      let text = address.ipAddress
    {
      return text
    }
    return octets.map(String.init).joined(separator: ".")
  }
}
