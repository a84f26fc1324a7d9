import Foundation
import KratixModel
import Testing

@testable import ImageRegistry

/// Debian's docker-registry on a free port of loopback, with images that skopeo pushed.
final class DebianRegistry: Sendable {
  let host: String
  let scratch: Scratch
  private let process: Process

  /// - Parameter user: `USER:PASSWORD` that the registry asks for, which must be me:secret.
  init(isProtected: Bool = false) throws {
    scratch = try Scratch()
    let htpasswd = "me:$2b$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a\n"
    try scratch.write("htpasswd", htpasswd)
    let auth = isProtected ? "auth: {htpasswd: {realm: test, path: '\(scratch.file("htpasswd"))'}}\n" : ""
    process = Process()
    let output = Pipe()
    let port = try Self.freePort()
    host = "127.0.0.1:\(port)"
    try scratch.write(
      "config.yml",
      """
      version: 0.1
      log: {level: info}
      storage: {filesystem: {rootdirectory: '\(scratch.file("data"))'}}
      http: {addr: '\(host)', secret: test}
      \(auth)
      """)
    process.executableURL = URL(filePath: "/usr/bin/docker-registry")
    process.arguments = ["serve", scratch.file("config.yml")]
    process.standardError = output
    process.standardOutput = output
    try process.run()
    // It says when it listens; an end of its output before that is its end.
    var log = ""
    while !log.contains("listening on") {
      let data = output.fileHandleForReading.availableData
      if data.isEmpty { throw RegistryFailure(description: "docker-registry did not start: \(log)") }
      log += String(decoding: data, as: UTF8.self)
    }
    output.fileHandleForReading.readabilityHandler = { _ = $0.availableData }
  }

  deinit {
    process.terminate()
    process.waitUntilExit()
  }

  struct RegistryFailure: Error, CustomStringConvertible {
    var description: String
  }

  private static func freePort() throws -> UInt16 {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let result = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        bind(descriptor, address, length) == 0 ? getsockname(descriptor, address, &length) : -1
      }
    }
    guard result == 0 else { throw RegistryFailure(description: "no free port") }
    return UInt16(bigEndian: address.sin_port)
  }

  /// Pushes an image of one empty layer under each tag.
  func push(_ repository: String, _ tags: [String], login: String? = nil) throws {
    let layer = Array("\(repository)".utf8)
    func blob(_ bytes: [UInt8]) throws -> (digest: String, size: Int) {
      let digest = Hashes.sha256(bytes)
      let directory = scratch.file("layout/blobs/sha256")
      try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
      try Data(bytes).write(to: URL(filePath: "\(directory)/\(digest.dropFirst(7))"))
      return (digest, bytes.count)
    }
    let content = try blob(layer)
    let config = try blob(
      Array(
        #"{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":["\#(content.digest)"]}}"#.utf8))
    let manifest = try blob(
      Array(
        #"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"\#(config.digest)","size":\#(config.size)},"layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"\#(content.digest)","size":\#(content.size)}]}"#
          .utf8))
    try scratch.write("layout/oci-layout", #"{"imageLayoutVersion":"1.0.0"}"#)
    try scratch.write(
      "layout/index.json",
      #"{"schemaVersion":2,"manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"\#(manifest.digest)","size":\#(manifest.size)}]}"#
    )
    for tag in tags {
      let skopeo = Process()
      skopeo.executableURL = URL(filePath: "/usr/bin/skopeo")
      skopeo.arguments =
        ["copy", "--quiet", "--insecure-policy", "--dest-tls-verify=false"]
        + (login.map { ["--dest-creds", $0] } ?? [])
        + ["oci:\(scratch.file("layout"))", "docker://\(host)/\(repository):\(tag)"]
      try skopeo.run()
      skopeo.waitUntilExit()
      guard skopeo.terminationStatus == 0 else { throw RegistryFailure(description: "skopeo did not push \(tag)") }
    }
  }

  func image(_ repository: String, _ tag: String) -> ImageReference {
    ImageReference(registry: host, path: repository, tag: tag)
  }
}

@Suite struct DebianRegistryTests {
  @Test func tagsAndDigests() async throws {
    let registry = try DebianRegistry()
    try registry.push("acme/thing", ["v0.1.0", "v0.2.0", "v0.10.0", "v1.0.0-rc.1", "latest"])
    let client = RegistryClient(credentials: CredentialStore(files: []))
    let image = registry.image("acme/thing", "v0.1.0")
    #expect(try await client.tags(of: image).sorted() == ["latest", "v0.1.0", "v0.10.0", "v0.2.0", "v1.0.0-rc.1"])
    let digest = try await client.digest(of: image)
    #expect(ImageReference("a@\(digest)") != nil)
    let pinned = ImageReference(registry: image.registry, path: image.path, digest: digest)
    #expect(try await client.digest(of: pinned) == digest)

    let updates = ImageUpdates(registry: client)
    let latest = try await updates.update(
      of: image, wish: ImageUpdates.Wish(constraint: .latest, pinsDigest: true))
    #expect(latest?.description == "\(registry.host)/acme/thing:v0.10.0@\(digest)")
    let prerelease = try await updates.update(
      of: image, wish: ImageUpdates.Wish(constraint: .latest, includesPrereleases: true))
    #expect(prerelease?.tag == "v1.0.0-rc.1")
    let none = try await updates.update(
      of: image, wish: ImageUpdates.Wish(constraint: try VersionConstraint(parsing: "^7")))
    #expect(none == nil)

    await #expect(throws: RegistryError.noManifest("\(registry.host)/acme/thing:v9")) {
      try await client.digest(of: registry.image("acme/thing", "v9"))
    }
    await #expect(throws: RegistryError.noRepository(registry: registry.host, repository: "acme/none")) {
      try await client.tags(of: registry.image("acme/none", "v1"))
    }
  }

  @Test func logins() async throws {
    let registry = try DebianRegistry(isProtected: true)
    try registry.push("acme/thing", ["v1"], login: "me:secret")
    let image = registry.image("acme/thing", "v1")
    let anonymous = RegistryClient(credentials: CredentialStore(files: []))
    await #expect(
      throws: RegistryError.unauthorized(registry: registry.host, repository: "acme/thing", hasCredentials: false)
    ) { try await anonymous.tags(of: image) }
    for (password, isRight) in [("secret", true), ("wrong", false)] {
      let auth = Data("me:\(password)".utf8).base64EncodedString()
      try registry.scratch.write("auth.json", #"{"auths": {"\#(registry.host)": {"auth": "\#(auth)"}}}"#)
      let client = RegistryClient(credentials: CredentialStore(files: [registry.scratch.file("auth.json")]))
      if isRight {
        #expect(try await client.tags(of: image) == ["v1"])
      } else {
        await #expect(
          throws: RegistryError.unauthorized(registry: registry.host, repository: "acme/thing", hasCredentials: true)
        ) { try await client.tags(of: image) }
      }
    }
  }

  @Test func nobodyListens() async throws {
    let client = RegistryClient(credentials: CredentialStore(files: []))
    // Port 1 is tcpmux, which nobody runs.
    await #expect(throws: RegistryError.unreachable(registry: "127.0.0.1:1", reason: "the connection is refused")) {
      try await client.tags(of: ImageReference(registry: "127.0.0.1:1", path: "a"))
    }
  }
}
