import Foundation
import Kubernetes
import Programs

/// A credential plugin of a kubeconfig (`users[].user.exec`): a program that prints an `ExecCredential`
/// (client.authentication.k8s.io/v1 or v1beta1). What it prints is kept until it expires or the server refuses it.
public actor ExecPlugin {
  /// What a plugin gives.
  struct Result: Sendable {
    var token: Secret<String>?
    var clientCertificate: ClusterConfiguration.ClientCertificate?
    /// Seconds since 1970; nil lasts until the server refuses it.
    var expiration: Double?
  }

  enum InteractiveMode: String {
    case never = "Never"
    case ifAvailable = "IfAvailable"
    case always = "Always"
  }

  nonisolated let user: String
  private let apiVersion: String
  private let command: String
  private let arguments: [String]
  private let environment: [String: String]
  private let installHint: String?
  private let interactiveMode: InteractiveMode
  private let clusterInfo: JSON?
  private var current: Result?
  private var running: Task<Result, any Error>?

  /// From the `exec` mapping of a user.
  init(
    _ exec: JSON, user: String, directory: String, kubeconfig: String, clusterInfo: JSON,
    environment: [String: String]
  ) throws(ConnectionError) {
    func invalid(_ reason: String) -> ConnectionError {
      .kubeconfigInvalid(path: kubeconfig, line: nil, column: nil, reason: "exec of user \"\(user)\": \(reason)")
    }
    guard let command = exec["command"]?.stringValue, !command.isEmpty else { throw invalid("no command") }
    let apiVersion = exec["apiVersion"]?.stringValue ?? ""
    guard ["client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1"].contains(apiVersion) else {
      throw invalid(
        "apiVersion \"\(apiVersion)\" is not supported; client.authentication.k8s.io/v1 and /v1beta1 are")
    }
    self.user = user
    self.apiVersion = apiVersion
    // As kubectl: a relative path is relative to the kubeconfig, a bare name is looked up in PATH.
    self.command = command.contains("/") && !command.hasPrefix("/") ? "\(directory)/\(command)" : command
    arguments = exec["args"]?.stringArrayValue ?? []
    installHint = exec["installHint"]?.stringValue
    let mode = exec["interactiveMode"]?.stringValue ?? ""
    guard let interactiveMode = mode.isEmpty ? .ifAvailable : InteractiveMode(rawValue: mode) else {
      throw invalid("interactiveMode \"\(mode)\" is none of Never, IfAvailable, Always")
    }
    self.interactiveMode = interactiveMode
    self.clusterInfo = exec["provideClusterInfo"]?.boolValue == true ? clusterInfo : nil
    var variables = environment
    for entry in exec["env"]?.arrayValue ?? [] {
      if let name = entry["name"]?.stringValue { variables[name] = entry["value"]?.stringValue ?? "" }
    }
    self.environment = variables
  }

  /// `spec.cluster` of the `ExecCredential` that a plugin is given when it asks for it.
  static func clusterInfo(cluster: Kubeconfig.Entry, server: String, trust: ClusterConfiguration.Trust) -> JSON {
    var info: JSON = ["server": .string(server)]
    if let name = cluster.string("tls-server-name") { info["tls-server-name"] = .string(name) }
    switch trust {
    case .systemAuthorities: break
    case .anything: info["insecure-skip-tls-verify"] = true
    case .authorities(let pem):
      info["certificate-authority-data"] = .string(Data(pem).base64EncodedString())
    }
    for entry in cluster.fields["extensions"]?.arrayValue ?? []
    where entry["name"]?.stringValue == "client.authentication.k8s.io/exec" {
      info["config"] = entry["extension"]
    }
    return info
  }

  /// The plugin's credentials: kept ones while they are good, else of a new run, which concurrent callers share.
  func credentials(now: Double = Date().timeIntervalSince1970) async throws -> Result {
    if let current, current.expiration.map({ $0 > now }) ?? true { return current }
    if let running { return try await running.value }
    let task = Task { try await run() }
    running = task
    defer { running = nil }
    let result = try await task.value
    current = result
    return result
  }

  /// Forgets what the server has refused.
  func invalidate() { current = nil }

  private func unavailable(_ reason: String) -> ConnectionError {
    .credentialsUnavailable(user: user, reason: reason)
  }

  private func run() async throws -> Result {
    let hasTerminal = isatty(STDIN_FILENO) == 1
    let isInteractive: Bool
    switch interactiveMode {
    case .never: isInteractive = false
    case .ifAvailable: isInteractive = hasTerminal
    case .always:
      guard hasTerminal else { throw unavailable("plugin \(command) needs a terminal and there is none") }
      isInteractive = true
    }
    var spec: JSON = ["interactive": .bool(isInteractive)]
    if let clusterInfo { spec["cluster"] = clusterInfo }
    let info: JSON = ["apiVersion": .string(apiVersion), "kind": "ExecCredential", "spec": spec]
    var program = Program(command, arguments, environment: environment)
    program.environment["KUBERNETES_EXEC_INFO"] = info.text()
    // Its prompts and complaints are for the person at the terminal, where there is one.
    program.isInteractive = isInteractive
    do {
      let result = try await program.collect(limit: 1 << 20)
      guard result.succeeded else {
        let last = result.errorText.split(whereSeparator: \.isNewline).last.map { ": \($0)" } ?? ""
        let hint = installHint.map { ". \($0)" } ?? ""
        throw unavailable("plugin \(command) failed (\(Self.text(result.ending)))\(last)\(last.isEmpty ? hint : "")")
      }
      return try Self.parse(result.output, apiVersion: apiVersion, command: command, user: user)
    } catch let error as ProgramError {
      guard error.isNotFound else { throw unavailable("plugin \(command) did not run: \(error)") }
      throw unavailable("plugin \(command) is not installed\(installHint.map { ". \($0)" } ?? "")")
    }
  }

  private static func text(_ ending: Program.Ending) -> String {
    switch ending {
    case .exited(let code): "exit code \(code)"
    case .signalled(let signal): "killed by signal \(signal)"
    }
  }

  /// The credentials in what a plugin printed.
  static func parse(
    _ output: [UInt8], apiVersion: String, command: String, user: String
  ) throws(ConnectionError) -> Result {
    func unavailable(_ reason: String) -> ConnectionError {
      .credentialsUnavailable(user: user, reason: "plugin \(command) \(reason)")
    }
    let json: JSON
    do {
      json = try JSON(parsing: output)
    } catch {
      throw unavailable("did not print JSON")
    }
    guard json["kind"]?.stringValue == "ExecCredential", json["apiVersion"]?.stringValue == apiVersion else {
      throw unavailable("did not print an ExecCredential of \(apiVersion)")
    }
    var result = Result()
    let status = json["status"]
    if let token = status?["token"]?.stringValue, !token.isEmpty { result.token = Secret(token) }
    switch (status?["clientCertificateData"]?.stringValue, status?["clientKeyData"]?.stringValue) {
    case (let chain?, let key?) where !chain.isEmpty && !key.isEmpty:
      result.clientCertificate = .init(chain: Array(chain.utf8), key: Secret(Array(key.utf8)))
    case (nil, nil), (""?, ""?), (""?, nil), (nil, ""?): break
    default: throw unavailable("printed one of clientCertificateData and clientKeyData without the other")
    }
    guard result.token != nil || result.clientCertificate != nil else {
      throw unavailable("printed neither a token nor a client certificate")
    }
    if let text = status?["expirationTimestamp"]?.stringValue {
      guard let seconds = Timestamp.secondsSince1970(text) else {
        throw unavailable("printed an expirationTimestamp that is no RFC 3339 time: \(text)")
      }
      result.expiration = seconds
    }
    return result
  }
}
