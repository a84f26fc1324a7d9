import Foundation
import KratixModel
import Kubernetes

/// A login at a registry.
public enum RegistryCredential: Sendable, Hashable {
  case password(user: String, password: String)
  /// An OAuth2 refresh token, which docker keeps as `identitytoken`.
  case refreshToken(String)
}

/// The logins that podman and docker keep: auth files, and the credential helpers that they name.
public struct CredentialStore: Sendable {
  /// Where auth files are, in the order in which they are asked.
  public var files: [String]
  private let helper: @Sendable (_ program: String, _ server: String) async throws -> String

  /// - Parameter helper: runs `docker-credential-NAME get` with the server on its standard input and gives its output.
  public init(
    files: [String],
    helper: @escaping @Sendable (_ program: String, _ server: String) async throws -> String = Self.runHelper
  ) {
    self.files = files
    self.helper = helper
  }

  /// The files that containers-auth.json(5) and docker's documentation name.
  public init(environment: [String: String] = ProcessInfo.processInfo.environment) {
    var files: [String] = []
    let home = environment["HOME"] ?? ""
    if let file = environment["REGISTRY_AUTH_FILE"] { files.append(file) }
    if let directory = environment["DOCKER_CONFIG"] { files.append("\(directory)/config.json") }
    if let directory = environment["XDG_RUNTIME_DIR"] { files.append("\(directory)/containers/auth.json") }
    files.append("\(environment["XDG_CONFIG_HOME"] ?? "\(home)/.config")/containers/auth.json")
    files.append("\(home)/.docker/config.json")
    self.init(files: files)
  }

  /// The login for a repository; nil when there is none. The most exact entry of the first file that has one wins.
  /// - Throws: `RegistryError.credentials` for a file that is no JSON, or a helper that fails.
  public func credential(for image: ImageReference) async throws(RegistryError) -> RegistryCredential? {
    for file in files {
      guard let data = FileManager.default.contents(atPath: file) else { continue }
      let json: JSON
      do {
        json = try JSON(parsing: data)
      } catch {
        throw .credentials(source: file, reason: "it is not JSON: \(error)")
      }
      if let found = try await credential(for: image, in: json, of: file) { return found }
    }
    return nil
  }

  private func credential(
    for image: ImageReference, in json: JSON, of file: String
  ) async throws(RegistryError) -> RegistryCredential? {
    let registry = image.registry ?? ImageReference.defaultRegistry
    let servers = Self.servers(registry)
    for server in servers {
      if let name = json["credHelpers"]?[server]?.stringValue { return try await ask(name, servers, file) }
    }
    let auths = json["auths"]?.objectValue ?? [:]
    // podman also keeps logins for a part of a registry: `registry/namespace`.
    var path = image.path.split(separator: "/").map(String.init)
    var keys: [String] = []
    while !path.isEmpty {
      keys.append("\(registry)/\(path.joined(separator: "/"))")
      path.removeLast()
    }
    for key in keys + servers {
      guard let entry = auths.first(where: { Self.host($0.key) == key || $0.key == key })?.value else { continue }
      if let found = try Self.credential(of: entry, in: file) { return found }
    }
    if let name = json["credsStore"]?.stringValue, !name.isEmpty { return try await ask(name, servers, file) }
    return nil
  }

  /// The names that a registry has in auth files.
  private static func servers(_ registry: String) -> [String] {
    guard [ImageReference.defaultRegistry, "index.docker.io", "registry-1.docker.io"].contains(registry) else {
      return [registry]
    }
    return ["https://index.docker.io/v1/", "index.docker.io", "docker.io"]
  }

  /// An entry's key without scheme and trailing slash.
  private static func host(_ key: String) -> String {
    var host = Substring(key)
    for scheme in ["https://", "http://"] where host.hasPrefix(scheme) { host = host.dropFirst(scheme.count) }
    return String(host.hasSuffix("/") ? host.dropLast() : host)
  }

  private static func credential(of entry: JSON, in file: String) throws(RegistryError) -> RegistryCredential? {
    if let token = entry["identitytoken"]?.stringValue, !token.isEmpty { return .refreshToken(token) }
    if let user = entry["username"]?.stringValue, let password = entry["password"]?.stringValue, !user.isEmpty {
      return .password(user: user, password: password)
    }
    guard let auth = entry["auth"]?.stringValue, !auth.isEmpty else { return nil }
    guard let data = Data(base64Encoded: auth), let text = String(data: data, encoding: .utf8),
      let colon = text.firstIndex(of: ":")
    else { throw .credentials(source: file, reason: "an \"auth\" in it is not the base64 of USER:PASSWORD") }
    return .password(user: String(text[..<colon]), password: String(text[text.index(after: colon)...]))
  }

  private func ask(_ name: String, _ servers: [String], _ file: String) async throws(RegistryError)
    -> RegistryCredential?
  {
    let program = "docker-credential-\(name)"
    guard !name.contains("/") else { throw .credentials(source: file, reason: "\"\(name)\" is no credential helper") }
    for server in servers {
      let answer: String
      do {
        answer = try await helper(program, server)
      } catch let error as HelperFailure {
        // The helpers' protocol has no other way to say that there is no login.
        if error.output.contains("credentials not found") { continue }
        throw .credentials(source: program, reason: error.output.isEmpty ? "it failed" : error.output)
      } catch {
        throw .credentials(source: program, reason: "it cannot be run; install it, or log in again")
      }
      guard let json = try? JSON(parsing: answer), let secret = json["Secret"]?.stringValue else {
        throw .credentials(source: program, reason: "what it printed is no login")
      }
      let user = json["Username"]?.stringValue ?? ""
      return user == "<token>" ? .refreshToken(secret) : .password(user: user, password: secret)
    }
    return nil
  }

  /// A helper that ended with an error; what it printed, without line breaks.
  public struct HelperFailure: Error, Sendable {
    public var output: String

    public init(output: String) { self.output = output }
  }

  /// Runs a helper. The server's name goes to it through a file, so that one that ends without reading harms nobody.
  public static func runHelper(_ program: String, _ server: String) async throws -> String {
    try await withCheckedThrowingContinuation { continuation in
      DispatchQueue.global().async {
        continuation.resume(with: Swift.Result { try call(program, server) })
      }
    }
  }

  private static func call(_ program: String, _ server: String) throws -> String {
    let input = NSTemporaryDirectory() + "kubectl-kratix-\(UUID().uuidString)"
    defer { unlink(input) }
    try Data(server.utf8).write(to: URL(filePath: input))
    let process = Process()
    let output = Pipe()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = [program, "get"]
    process.standardInput = FileHandle(forReadingAtPath: input)
    process.standardOutput = output
    process.standardError = output
    try process.run()
    let text = String(decoding: (try output.fileHandleForReading.readToEnd()) ?? Data(), as: UTF8.self)
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      let isMissing = process.terminationStatus == 127
      throw HelperFailure(
        output: isMissing
          ? "it is not installed" : text.split(whereSeparator: \.isNewline).joined(separator: " "))
    }
    return text
  }
}
