import Foundation
import NIOCertificateReloading
import NIOSSL
import Synchronization
import X509

/// The certificate that new connections get. Set anew while the server runs; connections that are open keep theirs.
final class ServerIdentity: CertificateReloader {
  private struct State {
    var override: NIOSSLContextConfigurationOverride
    var notValidBefore: Date
    var notValidAfter: Date
  }

  private let state: Mutex<State>

  /// - Throws: `IdentityError` when the texts are no certificate and key, or do not belong together.
  init(certificate: String, privateKey: String) throws {
    state = Mutex(try Self.state(certificate, privateKey))
  }

  func set(certificate: String, privateKey: String) throws {
    let next = try Self.state(certificate, privateKey)
    state.withLock { $0 = next }
  }

  var sslContextConfigurationOverride: NIOSSLContextConfigurationOverride { state.withLock { $0.override } }

  /// Whether clients whose clock says `now` accept the certificate. The wall clock is asked each time, so that a
  /// suspended node or a clock that jumps changes nothing.
  func isValid(at now: Date = Date()) -> Bool {
    state.withLock { $0.notValidBefore <= now && now < $0.notValidAfter }
  }

  var expiry: Date { state.withLock { $0.notValidAfter } }

  private static func state(_ certificateText: String, _ keyText: String) throws -> State {
    let chain = try parse("certificate") { try NIOSSLCertificate.fromPEMBytes(Array(certificateText.utf8)) }
    let key = try parse("private key") { try NIOSSLPrivateKey(bytes: Array(keyText.utf8), format: .pem) }
    let leaf = try parse("certificate") { try Certificate(pemEncoded: firstBlock(of: certificateText)) }
    let ownKey = try parse("private key") { try Certificate.PrivateKey(pemEncoded: keyText) }
    guard leaf.publicKey == ownKey.publicKey else {
      throw IdentityError("the certificate and the private key do not belong together")
    }
    var override = NIOSSLContextConfigurationOverride()
    override.certificateChain = chain.map { .certificate($0) }
    override.privateKey = .privateKey(key)
    return State(override: override, notValidBefore: leaf.notValidBefore, notValidAfter: leaf.notValidAfter)
  }

  private static func parse<Value>(_ what: String, _ body: () throws -> Value) throws -> Value {
    do {
      return try body()
    } catch {
      throw IdentityError("the \(what) cannot be read: \(error)")
    }
  }

  private static func firstBlock(of text: String) -> String {
    let end = "-----END CERTIFICATE-----"
    guard let range = text.range(of: end) else { return text }
    return String(text[..<range.upperBound]) + "\n"
  }
}

/// A certificate that cannot serve, with the reason as a sentence.
public struct IdentityError: Error, Sendable, Hashable, CustomStringConvertible {
  public let description: String
  init(_ description: String) { self.description = description }
}
