import Foundation

/// Names and identities that the server makes up.
enum Names {
  private static let alphabet = Array("bcdfghjklmnpqrstvwxz2456789")

  /// Five characters, as `generateName` appends them.
  static func suffix() -> String { String((0..<5).map { _ in alphabet[Int.random(in: 0..<alphabet.count)] }) }

  /// Five characters, the same for the same seed.
  static func suffix(seed: String) -> String {
    var hash = seed.utf8.reduce(UInt64(14_695_981_039_346_656_037)) { ($0 ^ UInt64($1)) &* 1_099_511_628_211 }
    return String(
      (0..<5).map { _ in
        let character = alphabet[Int(hash % UInt64(alphabet.count))]
        hash /= UInt64(alphabet.count)
        return character
      })
  }

  /// A base that is too long is cut, so that the name has 63 characters at most.
  static func generated(from base: String) -> String { String(base.prefix(58)) + suffix() }

  static func uid() -> String { UUID().uuidString.lowercased() }
}

/// The server's clock.
enum Clock {
  static func now() -> Double { Date().timeIntervalSince1970 }
}
