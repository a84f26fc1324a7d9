import Foundation
import KratixModel
import Testing

@testable import ImageRegistry

@Suite struct RegistryClientTests {
  static let image = ImageReference(registry: "r.example", path: "acme/thing", tag: "v1")

  private func client(
    _ transport: ScriptedTransport, credentials: CredentialStore = CredentialStore(files: []), waits: Waits = Waits(),
    plainHTTP: Set<String> = []
  ) -> RegistryClient {
    RegistryClient(credentials: credentials, plainHTTP: plainHTTP, transport: transport, wait: { waits.wait($0) })
  }

  private func store(_ json: String, in scratch: Scratch) throws -> CredentialStore {
    try Data(json.utf8).write(to: URL(filePath: scratch.file("auth.json")))
    return CredentialStore(files: [scratch.file("none.json"), scratch.file("auth.json")])
  }

  @Test func pagesOfTags() async throws {
    let transport = ScriptedTransport { request in
      switch request.url {
      case "https://r.example/v2/acme/thing/tags/list?n=1000":
        .json(#"{"tags": ["a", "b"]}"#, ["link": "</v2/acme/thing/tags/list?n=1000&last=b>; rel=\"next\""])
      case "https://r.example/v2/acme/thing/tags/list?n=1000&last=b":
        .json(#"{"tags": ["c"]}"#, ["link": "<https://r.example/v2/acme/thing/tags/list?last=c>; rel=next"])
      case "https://r.example/v2/acme/thing/tags/list?last=c":
        // A page that leads to itself ends the walk.
        .json(#"{"tags": null}"#, ["link": "</v2/acme/thing/tags/list?last=c>; rel=\"next\""])
      default: .json("{}", status: 500)
      }
    }
    #expect(try await client(transport).tags(of: Self.image) == ["a", "b", "c"])
    #expect(transport.requests.count == 3)
  }

  @Test func dockerHub() async throws {
    let transport = ScriptedTransport { _ in .json(#"{"tags": []}"#) }
    _ = try await client(transport).tags(of: ImageReference(registry: nil, path: "alpine"))
    #expect(transport.requests.map(\.url) == ["https://registry-1.docker.io/v2/library/alpine/tags/list?n=1000"])
  }

  @Test func digestIsOfTheBytes() async throws {
    let manifest = #"{"schemaVersion": 2}"#
    let digest = Hashes.sha256(Array(manifest.utf8))
    let transport = ScriptedTransport { _ in .json(manifest, ["docker-content-digest": digest]) }
    #expect(try await client(transport).digest(of: Self.image) == digest)
    #expect(transport.requests[0].url.hasSuffix("/manifests/v1"))
    #expect(transport.requests[0].headers["Accept"]?.contains("image.index.v1") == true)
    let lying = ScriptedTransport { _ in
      .json(manifest, ["docker-content-digest": "sha256:" + String(repeating: "0", count: 64)])
    }
    await #expect(throws: RegistryError.self) { try await client(lying).digest(of: Self.image) }
  }

  @Test func anonymousToken() async throws {
    let transport = ScriptedTransport { request in
      if request.url.hasPrefix("https://auth.example/token") { return .json(#"{"token": "T"}"#) }
      guard request.headers["Authorization"] == "Bearer T" else {
        return .challenge(
          "Bearer realm=\"https://auth.example/token?a=b\",service=\"r, s\",scope=\"repository:acme/thing:pull\"")
      }
      return .json(#"{"tags": ["v1"]}"#)
    }
    let client = client(transport)
    #expect(try await client.tags(of: Self.image) == ["v1"])
    #expect(
      transport.requests[1].url
        == "https://auth.example/token?a=b&scope=repository%3Aacme%2Fthing%3Apull&service=r%2C%20s")
    #expect(transport.requests[1].headers["Authorization"] == nil)
    // The token serves further requests for the repository.
    _ = try await client.tags(of: Self.image)
    #expect(transport.requests.count == 4)
  }

  @Test func passwordsAndRefreshTokens() async throws {
    let scratch = try Scratch()
    let transport = ScriptedTransport { request in
      if request.url.hasPrefix("https://auth.example/token") {
        if request.headers["Authorization"] == "Basic " + Data("me:s:ecret".utf8).base64EncodedString() {
          return .json(#"{"access_token": "P"}"#)
        }
        let form = String(decoding: request.body ?? [], as: UTF8.self)
        if request.method == "POST", form.contains("grant_type=refresh_token"), form.contains("refresh_token=R%2B") {
          return .json(#"{"access_token": "P"}"#)
        }
        return .json("{}", status: 401)
      }
      return request.headers["Authorization"] == "Bearer P"
        ? .json(#"{"tags": []}"#) : .challenge("Bearer realm=\"https://auth.example/token\"")
    }
    let auth = Data("me:s:ecret".utf8).base64EncodedString()
    let password = try store(#"{"auths": {"https://r.example/": {"auth": "\#(auth)"}}}"#, in: scratch)
    #expect(try await client(transport, credentials: password).tags(of: Self.image) == [])
    let refresh = try store(#"{"auths": {"r.example": {"auth": "", "identitytoken": "R+"}}}"#, in: scratch)
    #expect(try await client(transport, credentials: refresh).tags(of: Self.image) == [])
    await #expect(
      throws: RegistryError.unauthorized(registry: "r.example", repository: "acme/thing", hasCredentials: false)
    ) {
      try await client(transport).tags(of: Self.image)
    }
  }

  @Test func passwordsAreNotSentInTheClear() async throws {
    let transport = ScriptedTransport { _ in .challenge("Bearer realm=\"http://auth.example/token\"") }
    await #expect(throws: RegistryError.insecureRealm(registry: "r.example", realm: "http://auth.example/token")) {
      try await client(transport).tags(of: Self.image)
    }
    #expect(transport.requests.count == 1)
  }

  @Test(
    arguments: [
      // registry, allowed by name, the schemes that are tried
      ("r.example", false, ["https"]), ("r.example", true, ["http", "https"]),
      ("localhost:5000", false, ["http", "https"]),
      ("127.0.0.1:5000", false, ["http", "https"]), ("[::1]:5000", false, ["http", "https"]),
      ("127.0.0.1.example", false, ["https"]), ("localhost.example", false, ["https"]),
    ])
  func plainHTTP(registry: String, isAllowed: Bool, schemes: [String]) async throws {
    let transport = ScriptedTransport { _ in throw Silence() }
    let client = client(transport, plainHTTP: isAllowed ? [registry] : [])
    let image = ImageReference(registry: registry, path: "a", tag: "1")
    await #expect(
      throws: RegistryError.unreachable(registry: registry, reason: "the connection is closed without an answer")
    ) {
      try await client.tags(of: image)
    }
    #expect(transport.requests.map { String($0.url.prefix { $0 != ":" }) } == schemes)
  }

  @Test func waitsAsLongAsItIsTold() async throws {
    let waits = Waits()
    let transport = ScriptedTransport { _ in
      waits.all.count < 2 ? .json("{}", status: 429, ["retry-after": "7"]) : .json(#"{"tags": ["a"]}"#)
    }
    #expect(try await client(transport, waits: waits).tags(of: Self.image) == ["a"])
    #expect(waits.all == [.seconds(7), .seconds(7)])
  }

  @Test func doesNotWaitForEver() async throws {
    for seconds in ["3600", nil, "0"] {
      let waits = Waits()
      let transport = ScriptedTransport { _ in .json("{}", status: 429, seconds.map { ["retry-after": $0] } ?? [:]) }
      await #expect(throws: RegistryError.rateLimited(registry: "r.example", seconds: seconds.flatMap { Int($0) })) {
        try await client(transport, waits: waits).tags(of: Self.image)
      }
      #expect(waits.all.count <= RegistryClient.longestWait)
    }
  }

  @Test func retryAfterDates() {
    let now = Date(timeIntervalSince1970: 1_445_412_470)
    #expect(RegistryClient.retryAfter("Wed, 21 Oct 2015 07:28:00 GMT", now: now) == 10)
    #expect(RegistryClient.retryAfter("Wed, 21 Oct 2015 07:00:00 GMT", now: now) == 0)
    #expect(RegistryClient.retryAfter("soon", now: now) == nil)
  }

  /// What a registry answers, and the sentence for it.
  static let failures: [(RegistryResponse, String)] = [
    (
      .json("{}", status: 401),
      "the registry r.example refuses acme/thing without a login; log in with \"podman login r.example\" or \"docker login r.example\""
    ),
    (
      .json(#"{"errors": [{"code": "DENIED", "message": "not you"}]}"#, status: 403),
      "the registry r.example forbids you acme/thing: not you"
    ),
    (
      .json(#"{"errors": [{"code": "NAME_UNKNOWN"}]}"#, status: 404),
      "the registry r.example has no repository acme/thing, or does not show it to you"
    ),
    (.json(#"{"errors": [{"code": "MANIFEST_UNKNOWN"}]}"#, status: 404), "there is no image r.example/acme/thing:v1"),
    (.json("oops", status: 500), "the registry r.example answers with status 500"),
    (
      RegistryResponse(status: 200, headers: ["content-type": ["text/html"]], body: Array("<!doctype html>".utf8)),
      "r.example answers with HTML, not as a registry does; check the address"
    ),
    (RegistryResponse(status: 200), "r.example answers with an empty page, not as a registry does; check the address"),
    (
      RegistryResponse(status: 404, body: Array("<HTML><body>".utf8)),
      "r.example answers with HTML, not as a registry does; check the address"
    ),
  ]

  @Test(arguments: failures)
  func sentences(response: RegistryResponse, sentence: String) async throws {
    let transport = ScriptedTransport { _ in response }
    let error = await #expect(throws: RegistryError.self) { try await client(transport).digest(of: Self.image) }
    #expect(error?.description == sentence)
  }

  @Test(
    arguments: [
      (["Basic realm=x"], .basic), (["Negotiate"], nil), ([], nil), (["Bearer service=x"], nil),
      (
        ["bearer realm=\"https://a/\\\"b\" , scope=\"c,d\", Basic realm=\"x\""],
        .bearer(realm: "https://a/\"b", service: nil, scope: "c,d")
      ),
      (["Basic realm=x", "Bearer realm=https://a,service=s"], .bearer(realm: "https://a", service: "s", scope: nil)),
    ] as [([String], AuthenticationChallenge?)])
  func challenges(headers: [String], expected: AuthenticationChallenge?) {
    #expect(AuthenticationChallenge(headers) == expected)
  }
}

/// A directory of a test's own, gone with it.
final class Scratch: Sendable {
  let path: String

  init() throws {
    path = NSTemporaryDirectory() + "registry-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func file(_ name: String) -> String { "\(path)/\(name)" }

  func write(_ name: String, _ text: String) throws { try Data(text.utf8).write(to: URL(filePath: file(name))) }
}
