import Foundation
import X509

/// What the webhook's Secret holds: the authority that signs, the certificate that serves, and the authority that is to
/// follow. A value with one pure function that says what is next, so that rotation can be tested without a clock.
struct CertificateBook: Sendable {
  var authority: CertificateMint.Authority
  var leaf: CertificateMint.Leaf
  /// Trusted already, but nothing is signed by it yet.
  var next: CertificateMint.Authority?
  /// When `next` was published.
  var nextSince: Date?
  /// Trusted still, since certificates of it may be in use.
  var former: String?

  /// Every certificate that clients have to trust.
  var bundle: String {
    [authority.certificate, next?.certificate, former].compactMap { $0 }.joined()
  }

  struct Terms: Sendable {
    var authorityLifetime: TimeInterval = 5 * 365 * 86_400
    var leafLifetime: TimeInterval = 90 * 86_400
    /// How long a new authority is trusted before anything is signed by it, and an old one after that.
    var overlap: TimeInterval = 3600
    /// Clocks differ; certificates begin so much earlier.
    var backdating: TimeInterval = 3600
  }

  static func made(names: [String], now: Date, terms: Terms) throws -> CertificateBook {
    let authority = try CertificateMint.authority(
      from: now - terms.backdating, until: now + terms.authorityLifetime)
    return CertificateBook(authority: authority, leaf: try leaf(names, authority, now, terms))
  }

  private static func leaf(
    _ names: [String], _ authority: CertificateMint.Authority, _ now: Date, _ terms: Terms
  ) throws -> CertificateMint.Leaf {
    try CertificateMint.leaf(
      names: names, authority: authority, from: now - terms.backdating, until: now + terms.leafLifetime)
  }

  /// The book as it has to be now; nil when nothing has to change. One step at a time: each is stored and published
  /// before the next.
  func advanced(names: [String], now: Date, terms: Terms) throws -> CertificateBook? {
    let authorityEnd = try Certificate(pemEncoded: authority.certificate).notValidAfter
    // Whatever the clocks did, an authority that is over serves nobody: begin anew at once.
    if authorityEnd <= now {
      var anew = try Self.made(names: names, now: now, terms: terms)
      anew.former = next?.certificate
      return anew
    }
    if let next, let nextSince {
      if now < nextSince + terms.overlap, nextSince <= now { return try renewedLeaf(names, now, terms) }
      var turned = self
      turned.former = authority.certificate
      turned.authority = next
      turned.leaf = try Self.leaf(names, next, now, terms)
      turned.next = nil
      turned.nextSince = now
      return turned
    }
    // A third of its life before its end an authority gets its follower.
    if authorityEnd - now < terms.authorityLifetime / 3 {
      var published = self
      published.next = try CertificateMint.authority(from: now - terms.backdating, until: now + terms.authorityLifetime)
      published.nextSince = now
      return published
    }
    if former != nil, let nextSince, now >= nextSince + terms.overlap {
      var settled = self
      settled.former = nil
      settled.nextSince = nil
      return settled
    }
    return try renewedLeaf(names, now, terms)
  }

  private func renewedLeaf(_ names: [String], _ now: Date, _ terms: Terms) throws -> CertificateBook? {
    let certificate = try Certificate(pemEncoded: leaf.certificate)
    let isYoung = certificate.notValidAfter - now > terms.leafLifetime / 3 && certificate.notValidBefore <= now
    let named = try certificate.extensions.subjectAlternativeNames.map { Set($0) } ?? []
    let covers = names.allSatisfy { named.contains(CertificateMint.generalName($0)) }
    if isYoung, covers { return nil }
    var renewed = self
    renewed.leaf = try Self.leaf(names, authority, now, terms)
    return renewed
  }
}

private func - (later: Date, earlier: Date) -> TimeInterval { later.timeIntervalSince(earlier) }
