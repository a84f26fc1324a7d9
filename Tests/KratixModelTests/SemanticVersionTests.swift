import Testing

@testable import KratixModel

@Suite struct SemanticVersionTests {
  /// In ascending precedence (semver.org, item 11).
  static let ordered = [
    "0.0.1", "v0.1.0", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "v1.0.0-beta.2",
    "1.0.0-beta.11", "1.0.0-rc.1", "1", "1.0.1", "1.2", "1.10.0", "2",
  ]

  @Test func order() throws {
    let versions = try Self.ordered.map { try #require(SemanticVersion($0)) }
    for (index, version) in versions.enumerated() {
      for (other, later) in versions.enumerated() { #expect((version < later) == (index < other)) }
    }
  }

  @Test(arguments: [
    "", "v", "latest", "1.2.3.4", "01.2", "1..2", "1.2.3-", "1.2.3-a..b", "1.x", "1.2.3+", "-1", "1.2.3-ä",
  ])
  func refuses(text: String) {
    #expect(SemanticVersion(text) == nil)
  }

  @Test(arguments: [("v1", "v1.0.0"), ("1.2", "1.2.0"), ("v1.2.3-rc.1+b.2", "v1.2.3-rc.1+b.2")])
  func writes(text: String, expected: String) {
    #expect(SemanticVersion(text)?.description == expected)
  }
}

@Suite struct CanonicalRepositoryTests {
  @Test(
    arguments: [
      ("alpine", "docker.io/library/alpine"), ("docker.io/alpine:3", "docker.io/library/alpine"),
      ("index.docker.io/library/alpine", "docker.io/library/alpine"), ("a/b", "docker.io/a/b"),
      ("ghcr.io/a", "ghcr.io/a"), ("localhost:5000/a", "localhost:5000/a"),
    ])
  func oneNameForEach(text: String, expected: String) {
    #expect(ImageReference(text)?.canonicalRepository == expected)
  }
}
