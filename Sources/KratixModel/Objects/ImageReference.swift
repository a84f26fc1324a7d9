/// A container image reference: `[REGISTRY/]REPOSITORY[:TAG][@DIGEST]`. The one place that parses it.
public struct ImageReference: Sendable, Hashable, CustomStringConvertible {
  /// `ghcr.io`, `localhost:5000`; nil when the reference names none (Docker Hub).
  public var registry: String?
  /// Without registry: `syntasso/kratix-marketplace/mongodb-configure-pipeline`.
  public var path: String
  public var tag: String?
  /// `sha256:` and 64 hexadecimal characters.
  public var digest: String?

  public init(registry: String?, path: String, tag: String? = nil, digest: String? = nil) {
    self.registry = registry
    self.path = path
    self.tag = tag
    self.digest = digest
  }

  /// nil when the text is no reference by the distribution grammar.
  public init?(_ text: String) {
    var rest = Substring(text)
    if let at = rest.lastIndex(of: "@") {
      let digest = String(rest[rest.index(after: at)...])
      guard Self.isDigest(digest) else { return nil }
      self.digest = digest
      rest = rest[..<at]
    } else {
      digest = nil
    }
    if let colon = rest.lastIndex(of: ":"), !rest[colon...].contains("/") {
      let tag = String(rest[rest.index(after: colon)...])
      guard Self.isTag(tag) else { return nil }
      self.tag = tag
      rest = rest[..<colon]
    } else {
      tag = nil
    }
    if let slash = rest.firstIndex(of: "/") {
      let first = rest[..<slash]
      if first.contains(".") || first.contains(":") || first == "localhost" {
        guard Self.isRegistry(first) else { return nil }
        registry = String(first)
        rest = rest[rest.index(after: slash)...]
      } else {
        registry = nil
      }
    } else {
      registry = nil
    }
    path = String(rest)
    guard Self.isPath(rest), path.utf8.count <= 255 else { return nil }
  }

  /// Registry and path, without tag and digest: what says that two references are of one image.
  public var repository: String { registry.map { "\($0)/\(path)" } ?? path }

  public var description: String {
    repository + (tag.map { ":\($0)" } ?? "") + (digest.map { "@\($0)" } ?? "")
  }

  private static func isDigest(_ text: String) -> Bool {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, !parts[0].isEmpty, parts[1].utf8.count >= 32 else { return false }
    if parts[0] == "sha256", parts[1].utf8.count != 64 { return false }
    return parts[1].utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
      && parts[0].utf8.allSatisfy { isLowerAlphanumeric($0) || $0 == 0x2B || $0 == 0x2E || $0 == 0x5F || $0 == 0x2D }
  }

  private static func isTag(_ text: String) -> Bool {
    guard let first = text.utf8.first, text.utf8.count <= 128, isWord(first) else { return false }
    return text.utf8.allSatisfy { isWord($0) || $0 == 0x2E || $0 == 0x2D }
  }

  private static func isRegistry(_ text: Substring) -> Bool {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    if parts.count == 2 {
      guard !parts[1].isEmpty, parts[1].utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return false }
    }
    return !parts[0].isEmpty
      && parts[0].split(separator: ".", omittingEmptySubsequences: false).allSatisfy { label in
        !label.isEmpty && label.first != "-" && label.last != "-"
          && label.utf8.allSatisfy { isLowerAlphanumeric($0) || (0x41...0x5A).contains($0) || $0 == 0x2D }
      }
  }

  /// Lower-case components of letters and digits, separated by `.`, `_`, `__` or dashes.
  private static func isPath(_ text: Substring) -> Bool {
    text.split(separator: "/", omittingEmptySubsequences: false).allSatisfy { component in
      guard let first = component.utf8.first, let last = component.utf8.last, isLowerAlphanumeric(first),
        isLowerAlphanumeric(last)
      else { return false }
      return component.utf8.allSatisfy { isLowerAlphanumeric($0) || $0 == 0x2E || $0 == 0x5F || $0 == 0x2D }
        && !component.contains("..") && !component.contains("___")
    }
  }

  private static func isLowerAlphanumeric(_ byte: UInt8) -> Bool {
    (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte)
  }

  private static func isWord(_ byte: UInt8) -> Bool {
    isLowerAlphanumeric(byte) || (0x41...0x5A).contains(byte) || byte == 0x5F
  }
}
