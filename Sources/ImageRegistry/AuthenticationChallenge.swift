/// What a registry asks for with `WWW-Authenticate` (RFC 9110, section 11.6.1; distribution's token specification).
enum AuthenticationChallenge: Sendable, Hashable {
  case basic
  case bearer(realm: String, service: String?, scope: String?)

  /// The challenge of a header that can be met; a token is preferred to a password.
  init?(_ headers: [String]) {
    let challenges = headers.flatMap(Self.parse)
    for (scheme, parameters) in challenges where scheme == "bearer" {
      guard let realm = parameters["realm"] else { continue }
      self = .bearer(realm: realm, service: parameters["service"], scope: parameters["scope"])
      return
    }
    guard challenges.contains(where: { $0.scheme == "basic" }) else { return nil }
    self = .basic
  }

  /// `Bearer realm="https://a/token",service="b", Basic realm=x`.
  private static func parse(_ header: String) -> [(scheme: String, parameters: [String: String])] {
    var challenges: [(scheme: String, parameters: [String: String])] = []
    var rest = Substring(header)
    func skip(_ characters: Set<Character>) {
      while let first = rest.first, characters.contains(first) { rest.removeFirst() }
    }
    while true {
      skip([" ", "\t", ","])
      let token = rest.prefix { !" \t,=\"".contains($0) }
      guard !token.isEmpty else { return challenges }
      rest = rest.dropFirst(token.count)
      guard rest.first == "=" else {
        challenges.append((token.lowercased(), [:]))
        continue
      }
      rest.removeFirst()
      var value = ""
      if rest.first == "\"" {
        rest.removeFirst()
        while let character = rest.popFirst(), character != "\"" {
          value.append(character == "\\" ? rest.popFirst() ?? "\\" : character)
        }
      } else {
        let plain = rest.prefix { !" \t,".contains($0) }
        value = String(plain)
        rest = rest.dropFirst(plain.count)
      }
      guard !challenges.isEmpty else { return challenges }
      challenges[challenges.count - 1].parameters[token.lowercased()] = value
    }
  }
}
