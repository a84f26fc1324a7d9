import Crypto
import Foundation
import SwiftASN1
import X509

/// The server's own certificate authority: kept in the state directory, so that a kubeconfig outlives a restart.
struct CertificateAuthority: Sendable {
  /// A certificate and its key, as PEM.
  struct Identity: Sendable {
    var certificate: String
    var key: String
  }

  let certificatePEM: String
  private let certificate: Certificate
  private let key: P256.Signing.PrivateKey

  /// Reads the authority of a directory, or makes one.
  init(directory: URL) throws {
    let certificateFile = directory.appending(path: "ca.crt")
    let keyFile = directory.appending(path: "ca.key")
    if let certificateText = try? String(contentsOf: certificateFile, encoding: .utf8),
      let keyText = try? String(contentsOf: keyFile, encoding: .utf8)
    {
      certificate = try Certificate(pemEncoded: certificateText)
      key = try P256.Signing.PrivateKey(pemRepresentation: keyText)
      certificatePEM = certificateText
      return
    }
    key = P256.Signing.PrivateKey()
    let name = try DistinguishedName { CommonName("kubernetes") }
    let now = Date()
    certificate = try Certificate(
      version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: Certificate.PublicKey(key.publicKey),
      notValidBefore: now.addingTimeInterval(-300), notValidAfter: now.addingTimeInterval(10 * 365 * 86_400),
      issuer: name, subject: name,
      extensions: Certificate.Extensions {
        Critical(BasicConstraints.isCertificateAuthority(maxPathLength: nil))
        Critical(KeyUsage(digitalSignature: true, keyCertSign: true))
      },
      issuerPrivateKey: Certificate.PrivateKey(key))
    certificatePEM = try certificate.serializeAsPEM().pemString + "\n"
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    try Self.write(key.pemRepresentation + "\n", to: keyFile, isSecret: true)
    try Self.write(certificatePEM, to: certificateFile, isSecret: false)
  }

  /// A certificate for the server, for the given names and addresses.
  func serverIdentity(hosts: [String]) throws -> Identity {
    let names: [GeneralName] = hosts.map { host in
      let address = host.split(separator: ".").compactMap { UInt8($0) }
      if address.count == 4 { return .ipAddress(ASN1OctetString(contentBytes: address[...])) }
      if host == "::1" {
        return .ipAddress(ASN1OctetString(contentBytes: (Array(repeating: UInt8(0), count: 15) + [1])[...]))
      }
      return .dnsName(host)
    }
    return try issue(
      subject: try DistinguishedName { CommonName("kube-apiserver") }, usage: .serverAuth,
      alternativeNames: SubjectAlternativeNames(names))
  }

  /// A certificate for a client: the common name is the user, the organizations are the groups.
  func clientIdentity(user: String, groups: [String]) throws -> Identity {
    try issue(
      subject: try DistinguishedName {
        for group in groups { OrganizationName(group) }
        CommonName(user)
      }, usage: .clientAuth, alternativeNames: nil)
  }

  private func issue(
    subject: DistinguishedName, usage: ExtendedKeyUsage.Usage, alternativeNames: SubjectAlternativeNames?
  ) throws -> Identity {
    let subjectKey = P256.Signing.PrivateKey()
    let now = Date()
    let issued = try Certificate(
      version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: Certificate.PublicKey(subjectKey.publicKey),
      notValidBefore: now.addingTimeInterval(-300), notValidAfter: now.addingTimeInterval(5 * 365 * 86_400),
      issuer: certificate.subject, subject: subject,
      extensions: Certificate.Extensions {
        Critical(BasicConstraints.notCertificateAuthority)
        Critical(KeyUsage(digitalSignature: true, keyEncipherment: true))
        try ExtendedKeyUsage([usage])
        if let alternativeNames { alternativeNames }
      },
      issuerPrivateKey: Certificate.PrivateKey(key))
    return Identity(
      certificate: try issued.serializeAsPEM().pemString + "\n", key: subjectKey.pemRepresentation + "\n")
  }

  /// Reads a client identity of the directory, or issues one.
  func keptClientIdentity(directory: URL, name: String, user: String, groups: [String]) throws -> Identity {
    let certificateFile = directory.appending(path: "\(name).crt")
    let keyFile = directory.appending(path: "\(name).key")
    if let certificate = try? String(contentsOf: certificateFile, encoding: .utf8),
      let key = try? String(contentsOf: keyFile, encoding: .utf8)
    {
      return Identity(certificate: certificate, key: key)
    }
    let identity = try clientIdentity(user: user, groups: groups)
    try Self.write(identity.key, to: keyFile, isSecret: true)
    try Self.write(identity.certificate, to: certificateFile, isSecret: false)
    return identity
  }

  /// Written whole or not at all; a secret for the owner only.
  private static func write(_ text: String, to file: URL, isSecret: Bool) throws {
    let temporary = file.deletingLastPathComponent().appending(path: ".\(file.lastPathComponent).\(UUID().uuidString)")
    let isCreated = FileManager.default.createFile(
      atPath: temporary.path, contents: Data(text.utf8),
      attributes: [.posixPermissions: isSecret ? 0o600 : 0o644])
    guard isCreated else { throw CocoaError(.fileWriteUnknown) }
    _ = try? FileManager.default.removeItem(at: file)
    try FileManager.default.moveItem(at: temporary, to: file)
  }
}
