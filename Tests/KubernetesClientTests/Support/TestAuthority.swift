import Crypto
import Foundation
import NIOSSL
import X509

/// A certificate authority of a test, and what it signs.
struct TestAuthority {
  struct Identity {
    var certificatePEM: String
    var keyPEM: String
  }

  let certificate: Certificate
  let key: Certificate.PrivateKey
  let certificatePEM: String

  init(name: String = "Test Authority") throws {
    key = Certificate.PrivateKey(P256.Signing.PrivateKey())
    let subject = try DistinguishedName { CommonName(name) }
    certificate = try Certificate(
      version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: key.publicKey,
      notValidBefore: Date(timeIntervalSinceNow: -86_400 * 30), notValidAfter: Date(timeIntervalSinceNow: 86_400 * 30),
      issuer: subject, subject: subject, signatureAlgorithm: .ecdsaWithSHA256,
      extensions: Certificate.Extensions {
        Critical(BasicConstraints.isCertificateAuthority(maxPathLength: nil))
        Critical(KeyUsage(keyCertSign: true))
      },
      issuerPrivateKey: key)
    certificatePEM = try certificate.serializeAsPEM().pemString
  }

  /// - Parameter validity: days from now.
  func issue(
    _ name: String, names: [GeneralName] = [], validity: ClosedRange<Double> = -1...1
  ) throws -> Identity {
    let leaf = P256.Signing.PrivateKey()
    let leafKey = Certificate.PrivateKey(leaf)
    let certificate = try Certificate(
      version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: leafKey.publicKey,
      notValidBefore: Date(timeIntervalSinceNow: 86_400 * validity.lowerBound),
      notValidAfter: Date(timeIntervalSinceNow: 86_400 * validity.upperBound),
      issuer: self.certificate.subject, subject: try DistinguishedName { CommonName(name) },
      signatureAlgorithm: .ecdsaWithSHA256,
      extensions: Certificate.Extensions {
        if !names.isEmpty { SubjectAlternativeNames(names) }
      },
      issuerPrivateKey: key)
    return Identity(
      certificatePEM: try certificate.serializeAsPEM().pemString, keyPEM: leaf.pemRepresentation)
  }

  /// For 127.0.0.1.
  func issueServer(validity: ClosedRange<Double> = -1...1) throws -> Identity {
    try issue(
      "api-server", names: [.ipAddress(.init(contentBytes: [127, 0, 0, 1])), .dnsName("localhost")],
      validity: validity)
  }
}
