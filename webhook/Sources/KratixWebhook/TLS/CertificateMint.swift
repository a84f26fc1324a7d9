import Crypto
import Foundation
import SwiftASN1
import X509

/// Makes certificates: a private authority, and leaves of it for the webhook's Service.
enum CertificateMint {
  struct Authority: Sendable {
    var certificate: String
    var privateKey: String
  }

  struct Leaf: Sendable {
    var certificate: String
    var privateKey: String
  }

  /// An authority for this webhook alone.
  static func authority(from start: Date, until end: Date) throws -> Authority {
    let key = P256.Signing.PrivateKey()
    // Two authorities live side by side while one follows the other, so their names differ.
    let serial = Certificate.SerialNumber()
    let name = try DistinguishedName { CommonName("kratix-webhook-ca \(serial)") }
    let certificate = try Certificate(
      version: .v3, serialNumber: serial, publicKey: Certificate.PublicKey(key.publicKey), notValidBefore: start,
      notValidAfter: end, issuer: name, subject: name, signatureAlgorithm: .ecdsaWithSHA256,
      extensions: Certificate.Extensions {
        Critical(BasicConstraints.isCertificateAuthority(maxPathLength: 0))
        Critical(KeyUsage(keyCertSign: true, cRLSign: true))
        SubjectKeyIdentifier(hash: Certificate.PublicKey(key.publicKey))
      }, issuerPrivateKey: Certificate.PrivateKey(key))
    return Authority(certificate: try certificate.serializeAsPEM().pemString + "\n", privateKey: key.pemRepresentation)
  }

  /// A server's certificate for the names.
  static func leaf(
    names: [String], authority: Authority, from start: Date, until end: Date
  ) throws -> Leaf {
    let issuer = try Certificate(pemEncoded: authority.certificate)
    let issuerKey = try Certificate.PrivateKey(pemEncoded: authority.privateKey)
    let key = P256.Signing.PrivateKey()
    let certificate = try Certificate(
      version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: Certificate.PublicKey(key.publicKey),
      notValidBefore: start, notValidAfter: min(end, issuer.notValidAfter), issuer: issuer.subject,
      subject: try DistinguishedName { CommonName(names.first ?? "kratix-webhook") },
      signatureAlgorithm: .ecdsaWithSHA256,
      extensions: Certificate.Extensions {
        Critical(BasicConstraints.notCertificateAuthority)
        Critical(KeyUsage(digitalSignature: true))
        try ExtendedKeyUsage([.serverAuth])
        SubjectAlternativeNames(names.map(generalName))
        AuthorityKeyIdentifier(keyIdentifier: SubjectKeyIdentifier(hash: issuer.publicKey).keyIdentifier)
      }, issuerPrivateKey: issuerKey)
    return Leaf(certificate: try certificate.serializeAsPEM().pemString + "\n", privateKey: key.pemRepresentation)
  }

  static func generalName(_ name: String) -> GeneralName {
    let parts = name.split(separator: ".", omittingEmptySubsequences: false).map { UInt8($0) }
    let bytes = parts.compactMap { $0 }
    guard parts.count == 4, bytes.count == 4 else { return .dnsName(name) }
    return .ipAddress(ASN1OctetString(contentBytes: bytes[...]))
  }
}
