import Testing

@testable import KratixModel

@Suite struct ImageReferenceTests {
  static let digest = "sha256:" + String(repeating: "a1", count: 32)

  @Test(
    arguments: [
      // text, registry, path, tag, digest
      ("alpine", nil, "alpine", nil, nil),
      ("alpine:3.20", nil, "alpine", "3.20", nil),
      ("syntasso/postgres:v1", nil, "syntasso/postgres", "v1", nil),
      ("ghcr.io/org/app.img:v1.0.0", "ghcr.io", "org/app.img", "v1.0.0", nil),
      // A port is no tag.
      ("localhost:5000/foo", "localhost:5000", "foo", nil, nil),
      ("localhost:5000/foo:1", "localhost:5000", "foo", "1", nil),
      ("localhost/foo", "localhost", "foo", nil, nil),
      ("ghcr.io/a/b@\(digest)", "ghcr.io", "a/b", nil, digest),
      ("ghcr.io/a/b:v2@\(digest)", "ghcr.io", "a/b", "v2", digest),
      ("a__b/c-d--e", nil, "a__b/c-d--e", nil, nil),
    ] as [(String, String?, String, String?, String?)])
  func parses(text: String, registry: String?, path: String, tag: String?, digest: String?) throws {
    let reference = try #require(ImageReference(text))
    #expect(reference == ImageReference(registry: registry, path: path, tag: tag, digest: digest))
    #expect(reference.description == text)
  }

  @Test(arguments: [
    "", ":", "a:", "a@", "A/b", "a//b", "a/", "/a", "a b", "a:b c", "a@sha256:short", "a:-x", "ghcr.io/", "a..b/c",
    "-a.io/b", "a.io:port/b", "a@sha256:" + String(repeating: "G", count: 64),
    "a:" + String(repeating: "x", count: 129),
  ])
  func refuses(text: String) {
    #expect(ImageReference(text) == nil)
  }
}
