import Foundation

/// How to get into a Git repository.
public enum GitCredentials: Sendable, Hashable {
  /// A local repository.
  case none
  case basic(username: String, password: String)
  case ssh(privateKey: String, knownHosts: String)
}

/// A state store in a branch of a Git repository, written by the `git` command (contract, section 8.5).
///
/// A shallow clone is kept. Each write brings it to the branch's head, changes files, commits and pushes without force.
public actor GitStateStore: StateStoreWriter {
  /// Where the repository is and how it is written to.
  public struct Settings: Sendable, Hashable {
    /// `https://…`, `user@host:path`, `ssh://…`, `file://…` or an absolute path.
    public var url: String
    public var branch: String
    /// `spec.path` of the state store.
    public var path: String
    public var authorName: String
    public var authorEmail: String
    public var credentials: GitCredentials
    /// How long a fetched head counts as fresh; a write within it relies on the push being refused (`git.minimumFetchInterval`).
    public var minimumFetchInterval: Duration
    public var timeout: Duration

    public init(
      url: String, branch: String = "main", path: String = "", authorName: String = "kratix", authorEmail: String = "",
      credentials: GitCredentials = .none, minimumFetchInterval: Duration = .seconds(5),
      timeout: Duration = .seconds(90)
    ) {
      self.url = url
      self.branch = branch
      self.path = path
      self.authorName = authorName
      self.authorEmail = authorEmail
      self.credentials = credentials
      self.minimumFetchInterval = minimumFetchInterval
      self.timeout = timeout
    }
  }

  private let settings: Settings
  private let directory: URL
  private let clone: URL
  private let prefix: String
  private let tree: WorkingTree
  private var lastFetch: ContinuousClock.Instant?
  private let gate = SerialGate()

  /// - Parameter directory: for the clone and the credentials' files; this store's own.
  public init(_ settings: Settings, directory: URL) {
    self.settings = settings
    self.directory = directory
    clone = directory.appending(path: "clone")
    prefix = StateStorePath.normalized(settings.path) ?? ""
    tree = WorkingTree(root: clone, staging: directory.appending(path: "incomplete"), hidden: [".git"])
  }

  public func apply(_ change: StateStoreChange) async throws(StateStoreError) -> StateStoreOutcome {
    await gate.enter()
    defer { gate.leave() }
    try await update(always: false)
    _ = try tree.apply(change, prefix: prefix)
    let git = try command()
    try await git.run(["add", "--all", "--force", "."], in: clone)
    guard try await !git.run(["status", "--porcelain"], in: clone).isEmpty else { return .unchanged }
    try await git.run(["commit", "--quiet", "--no-verify", "--message", change.message], in: clone)
    do {
      try await git.run(["push", "--quiet", "origin", "HEAD:refs/heads/\(settings.branch)"], in: clone)
    } catch {
      // Somebody else pushed: the next write begins at the new head.
      lastFetch = nil
      throw error
    }
    let commit = try await git.run(["rev-parse", "HEAD"], in: clone)
    return StateStoreOutcome(versionID: commit.trimmingCharacters(in: .whitespacesAndNewlines), changed: true)
  }

  public func read(_ path: String) async throws(StateStoreError) -> [UInt8]? {
    await gate.enter()
    defer { gate.leave() }
    try await update(always: false)
    return try tree.read(path, prefix: prefix)
  }

  public func files(under directory: String) async throws(StateStoreError) -> [StateStoreFile] {
    await gate.enter()
    defer { gate.leave() }
    try await update(always: false)
    return try tree.files(under: directory, prefix: prefix)
  }

  /// A push that changes nothing, as far as the server tells (`--dry-run`).
  public func checkPermissions() async throws(StateStoreError) {
    await gate.enter()
    defer { gate.leave() }
    try await update(always: true)
    try await command().run(
      ["push", "--quiet", "--dry-run", "origin", "HEAD:refs/heads/\(settings.branch)"], in: clone)
  }

  /// Brings the clone to the head of the branch, with no leftover of a write that failed.
  private func update(always: Bool) async throws(StateStoreError) {
    let git = try command()
    if !FileManager.default.fileExists(atPath: clone.appending(path: ".git/HEAD").path) {
      try? FileManager.default.removeItem(at: clone)
      try await git.run(
        [
          "clone", "--quiet", "--depth", "1", "--single-branch", "--branch", settings.branch, "--", remote, "clone",
        ], in: directory)
      lastFetch = .now
      return
    }
    let isFresh = lastFetch.map { $0.duration(to: .now) < settings.minimumFetchInterval } ?? false
    if always || !isFresh {
      try await git.run(["fetch", "--quiet", "--depth", "1", remote, settings.branch], in: clone)
      try await git.run(["update-ref", "refs/remotes/origin/\(settings.branch)", "FETCH_HEAD"], in: clone)
      lastFetch = .now
    }
    try await git.run(["reset", "--quiet", "--hard", "refs/remotes/origin/\(settings.branch)"], in: clone)
    try await git.run(["clean", "--quiet", "-ffdx"], in: clone)
  }

  /// A depth is kept for a local repository only when it is named as a URL.
  private var remote: String { settings.url.hasPrefix("/") ? "file://\(settings.url)" : settings.url }

  private func command() throws(StateStoreError) -> GitCommand {
    var environment = [
      "HOME": directory.path, "GIT_AUTHOR_NAME": settings.authorName, "GIT_AUTHOR_EMAIL": settings.authorEmail,
      "GIT_COMMITTER_NAME": settings.authorName, "GIT_COMMITTER_EMAIL": settings.authorEmail,
    ]
    // Kratix does not verify the server's certificate (contract, section 8.5).
    var configuration = [("http.sslVerify", "false"), ("commit.gpgSign", "false"), ("gc.auto", "0")]
    do {
      try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
      switch settings.credentials {
      case .none: break
      case .basic(let username, let password):
        let token = Data("\(username):\(password)".utf8).base64EncodedString()
        configuration.append(("http.extraHeader", "Authorization: Basic \(token)"))
      case .ssh(let privateKey, let knownHosts):
        let key = directory.appending(path: "ssh-key")
        let hosts = directory.appending(path: "known-hosts")
        try Self.writeSecret(privateKey.hasSuffix("\n") ? privateKey : privateKey + "\n", to: key)
        try Self.writeSecret(knownHosts, to: hosts)
        environment["GIT_SSH_COMMAND"] =
          "ssh -F /dev/null -o BatchMode=yes -o IdentitiesOnly=yes -o StrictHostKeyChecking=yes "
          + "-o UserKnownHostsFile=\(Self.quoted(hosts.path)) -i \(Self.quoted(key.path))"
      }
    } catch {
      throw StateStoreError("cannot prepare \(directory.path): \(error.localizedDescription)")
    }
    environment["GIT_CONFIG_COUNT"] = String(configuration.count)
    for (index, (key, value)) in configuration.enumerated() {
      environment["GIT_CONFIG_KEY_\(index)"] = key
      environment["GIT_CONFIG_VALUE_\(index)"] = value
    }
    return GitCommand(environment: environment, timeout: settings.timeout)
  }

  private static func writeSecret(_ text: String, to url: URL) throws {
    if (try? String(contentsOf: url, encoding: .utf8)) == text { return }
    try? FileManager.default.removeItem(at: url)
    guard
      FileManager.default.createFile(
        atPath: url.path, contents: Data(text.utf8), attributes: [.posixPermissions: 0o600])
    else { throw CocoaError(.fileWriteUnknown) }
  }

  private static func quoted(_ path: String) -> String { "'" + path.replacing("'", with: "'\\''") + "'" }

}

extension GitStateStore {
  /// Makes a bare repository whose branch has one commit, for a sandbox's own state store. One that exists is left as
  /// it is.
  public static func makeBareRepository(at url: URL, branch: String = "main") async throws(StateStoreError) {
    if FileManager.default.fileExists(atPath: url.appending(path: "HEAD").path) { return }
    let building = url.deletingLastPathComponent().appending(path: ".\(url.lastPathComponent)-\(UUID().uuidString)")
    let git = GitCommand(
      environment: [
        "HOME": building.path, "GIT_AUTHOR_NAME": "kratix", "GIT_AUTHOR_EMAIL": "", "GIT_COMMITTER_NAME": "kratix",
        "GIT_COMMITTER_EMAIL": "",
      ], timeout: .seconds(90))
    do {
      try FileManager.default.createDirectory(at: building, withIntermediateDirectories: true)
    } catch {
      throw StateStoreError("cannot make the directory \(building.path): \(error.localizedDescription)")
    }
    defer { try? FileManager.default.removeItem(at: building) }
    try await git.run(["init", "--quiet", "--bare", "--initial-branch", branch, "."], in: building)
    // The empty tree has the same id in every repository.
    let tree = try await git.run(["hash-object", "-t", "tree", "-w", "/dev/null"], in: building)
    let commit = try await git.run(
      ["commit-tree", "-m", "init", tree.trimmingCharacters(in: .whitespacesAndNewlines)], in: building)
    try await git.run(
      ["update-ref", "refs/heads/\(branch)", commit.trimmingCharacters(in: .whitespacesAndNewlines)], in: building)
    guard rename(building.path, url.path) == 0 else {
      throw StateStoreError("cannot make the repository \(url.path): \(String(cString: strerror(errno)))")
    }
  }
}
