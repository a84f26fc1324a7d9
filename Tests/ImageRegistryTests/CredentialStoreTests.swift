import Foundation
import KratixModel
import Testing

@testable import ImageRegistry

@Suite struct CredentialStoreTests {
  private func credential(
    _ json: String, for image: String, helper: @escaping @Sendable (String, String) throws -> String = { _, _ in "" }
  ) async throws -> RegistryCredential? {
    let scratch = try Scratch()
    try scratch.write("auth.json", json)
    let store = CredentialStore(files: [scratch.file("auth.json")], helper: { try helper($0, $1) })
    return try await store.credential(for: try #require(ImageReference(image)))
  }

  private static func auth(_ text: String) -> String { Data(text.utf8).base64EncodedString() }

  static let files: [(String, String, RegistryCredential?)] = [
    (#"{"auths": {"ghcr.io": {"auth": "\#(auth("a:b"))"}}}"#, "ghcr.io/x/y", .password(user: "a", password: "b")),
    (#"{"auths": {"ghcr.io": {"auth": "\#(auth("a:b"))"}}}"#, "quay.io/x/y", nil),
    // Docker Hub's key is an address.
    (
      #"{"auths": {"https://index.docker.io/v1/": {"auth": "\#(auth("a:b:c"))"}}}"#, "alpine",
      .password(user: "a", password: "b:c")
    ),
    (
      #"{"auths": {"docker.io": {"username": "u", "password": "p"}}}"#, "docker.io/x/y",
      .password(user: "u", password: "p")
    ),
    // podman's logins for a part of a registry: the longest wins.
    (
      #"{"auths": {"q.io": {"auth": "\#(auth("a:1"))"}, "q.io/x": {"auth": "\#(auth("b:2"))"}}}"#, "q.io/x/y",
      .password(user: "b", password: "2")
    ),
    (
      #"{"auths": {"q.io": {"auth": "\#(auth("a:1"))"}, "q.io/x": {"auth": "\#(auth("b:2"))"}}}"#, "q.io/z/y",
      .password(user: "a", password: "1")
    ),
    // A login that a helper keeps has an empty entry.
    (#"{"auths": {"q.io": {}}}"#, "q.io/x", nil),
    (#"{}"#, "q.io/x", nil),
  ]

  @Test(arguments: files)
  func entries(json: String, image: String, expected: RegistryCredential?) async throws {
    #expect(try await credential(json, for: image) == expected)
  }

  @Test(arguments: [
    #"{"auths": "#, #"{"auths": {"q.io": {"auth": "!!!"}}}"#, #"{"auths": {"q.io": {"auth": "YQ=="}}}"#,
  ])
  func brokenFiles(json: String) async throws {
    await #expect(throws: RegistryError.self) { try await credential(json, for: "q.io/x") }
  }

  @Test func helpers() async throws {
    let answer: @Sendable (String, String) throws -> String = { program, server in
      switch (program, server) {
      case ("docker-credential-one", "q.io"): return #"{"Username": "u", "Secret": "s"}"#
      case ("docker-credential-all", "ghcr.io"): return #"{"Username": "<token>", "Secret": "t"}"#
      case ("docker-credential-all", "broken.io"): throw CredentialStore.HelperFailure(output: "locked")
      default: throw CredentialStore.HelperFailure(output: "credentials not found in native keychain")
      }
    }
    let json = #"{"credHelpers": {"q.io": "one"}, "credsStore": "all", "auths": {"ghcr.io": {}}}"#
    #expect(try await credential(json, for: "q.io/x", helper: answer) == .password(user: "u", password: "s"))
    #expect(try await credential(json, for: "ghcr.io/x", helper: answer) == .refreshToken("t"))
    #expect(try await credential(json, for: "none.io/x", helper: answer) == nil)
    await #expect(throws: RegistryError.credentials(source: "docker-credential-all", reason: "locked")) {
      try await credential(json, for: "broken.io/x", helper: answer)
    }
  }

  /// A program that is not there, and one that fails: what it printed is kept.
  @Test func programs() async throws {
    await #expect(throws: (any Error).self) {
      try await CredentialStore.runHelper("docker-credential-not-there", "q.io")
    }
    // `false` knows no arguments and prints nothing.
    await #expect(throws: CredentialStore.HelperFailure.self) { try await CredentialStore.runHelper("false", "q.io") }
    #expect(try await CredentialStore.runHelper("echo", "q.io") == "get\n")
  }

  @Test func whereFilesAre() {
    let store = CredentialStore(environment: [
      "HOME": "/h", "DOCKER_CONFIG": "/d", "REGISTRY_AUTH_FILE": "/r", "XDG_RUNTIME_DIR": "/x",
    ])
    #expect(
      store.files == [
        "/r", "/d/config.json", "/x/containers/auth.json", "/h/.config/containers/auth.json", "/h/.docker/config.json",
      ])
  }
}
