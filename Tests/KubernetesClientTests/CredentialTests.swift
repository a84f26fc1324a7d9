import Foundation
import Kubernetes
import Testing

@testable import KubernetesClient

@Suite("Credentials")
struct CredentialTests {
  private func authorization(_ server: TestServer) -> [String?] {
    server.requests.map { $0.headers.first(name: "authorization") }
  }

  private func plugin(_ exec: String, directory: TemporaryDirectory, environment: [String: String] = [:]) throws
    -> ExecPlugin
  {
    let cluster = Kubeconfig.Entry(
      fields: [
        "extensions": [["name": "client.authentication.k8s.io/exec", "extension": ["audience": "a"]]]
      ], path: "\(directory.path)/config")
    return try ExecPlugin(
      try YAML.parse(exec), user: "ann", directory: directory.path, kubeconfig: "\(directory.path)/config",
      clusterInfo: ExecPlugin.clusterInfo(cluster: cluster, server: "https://h", trust: .systemAuthorities),
      environment: ProcessInfo.processInfo.environment.merging(environment) { $1 })
  }

  @Test("client certificates, with data in the kubeconfig, from file to server")
  func clientCertificate() async throws {
    let authority = try TestAuthority()
    let ann = try authority.issue("ann")
    let server = try await TestServer.start(
      identity: try authority.issueServer(), clientAuthority: authority.certificatePEM
    ) { _ in .json(200, ["metadata": ["name": "a"]]) }
    func base64(_ text: String) -> String { Data(text.utf8).base64EncodedString() }
    let directory = try TemporaryDirectory()
    let path = try directory.write(
      """
      current-context: c
      clusters:
      - name: c
        cluster:
          server: https://127.0.0.1:\(server.port)
          certificate-authority-data: \(base64(authority.certificatePEM))
      users:
      - name: u
        user:
          client-certificate-data: \(base64(ann.certificatePEM))
          client-key-data: \(base64(ann.keyPEM))
      contexts: [{name: c, context: {cluster: c, user: u}}]
      """, to: "config")
    let client = try KubernetesClient(ConnectionOptions(kubeconfig: path, asUser: "bob", asGroups: ["g", "h"]))
    #expect(try await client.get(ClientFixture.promises, name: "a").name == "a")
    let headers = try #require(server.requests.first?.headers)
    #expect(headers["Impersonate-User"] == ["bob"])
    #expect(headers["Impersonate-Group"] == ["g", "h"])
    #expect(headers.first(name: "authorization") == nil)
  }

  @Test("a key that is none is told before anything is sent, and not shown")
  func badKey() async throws {
    let authority = try TestAuthority()
    let configuration = ClusterConfiguration(
      userName: "ann", server: .init(isTLS: true, host: "h", port: 1), trust: .anything,
      clientCertificate: .init(
        chain: Array(try authority.issue("ann").certificatePEM.utf8), key: Secret(Array("s3cret".utf8))))
    let error = #expect(throws: ConnectionError.self) { _ = try KubernetesClient(configuration) }
    #expect(
      "\(try #require(error))" == "no credentials for user \"ann\": the client key is not PEM, or is encrypted")
  }

  @Test("token, basic, and a token file that is rotated")
  func headers() async throws {
    let directory = try TemporaryDirectory()
    let path = try directory.write("one\n", to: "token")
    let token = try await ClientFixture(change: { $0.credential = .token(Secret("t")) }) { _ in .json(200, [:]) }
    _ = try await token.client.get(ClientFixture.promises, name: "a")
    #expect(authorization(token.server) == ["Bearer t"])
    let basic = try await ClientFixture(
      change: { $0.credential = .basic(username: "u", password: Secret("p")) }
    ) { _ in .json(200, [:]) }
    _ = try await basic.client.get(ClientFixture.promises, name: "a")
    #expect(authorization(basic.server) == ["Basic dTpw"])
    let file = try await ClientFixture(change: { $0.credential = .tokenFile(path) }) { _ in .json(200, [:]) }
    _ = try await file.client.get(ClientFixture.promises, name: "a")
    try directory.write("two", to: "token")
    _ = try await file.client.get(ClientFixture.promises, name: "a")
    #expect(authorization(file.server) == ["Bearer one", "Bearer two"])
  }

  @Test("credentials that the server does not accept")
  func unauthorized() async throws {
    let refusal = StatusError(code: 401, reason: .unauthorized, message: "Unauthorized")
    let fixture = try await ClientFixture(change: { $0.credential = .token(Secret("s3cret")) }) { _ in
      .status(refusal)
    }
    let error = await thrown(ConnectionError.self) {
      _ = try await fixture.client.get(ClientFixture.promises, name: "a")
    }
    let text = "\(try #require(error))"
    #expect(
      text == "the API server at 127.0.0.1:\(fixture.server.port) does not accept the credentials of user \"ann\" "
        + "(Unauthorized); they may have expired: log in again")
    #expect(fixture.server.requests.count == 1)
  }

  @Test("a plugin runs once for many requests, and again when its token is refused")
  func plugin() async throws {
    let directory = try TemporaryDirectory()
    // Each run gives another token.
    try directory.write(
      """
      #!/bin/sh
      echo x >> "$COUNT"
      printf '%s' "$KUBERNETES_EXEC_INFO" > "$INFO"
      n=$(wc -l < "$COUNT" | tr -d ' ')
      echo '{"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential",'
      echo '"status": {"token": "'"$1-$n"'", "expirationTimestamp": "2099-01-01T00:00:00Z"}}'
      """, to: "plugin.sh", executable: true)
    let info = "\(directory.path)/info"
    let plugin = try plugin(
      """
      apiVersion: client.authentication.k8s.io/v1
      command: ./plugin.sh
      args: [tok]
      env: [{name: COUNT, value: \(directory.path)/count}]
      provideClusterInfo: true
      interactiveMode: Never
      """, directory: directory, environment: ["INFO": info])
    let fixture = try await ClientFixture(change: { $0.credential = .plugin(plugin) }) { request in
      request.number == 5
        ? .status(StatusError(code: 401, reason: .unauthorized, message: "Unauthorized")) : .json(200, [:])
    }
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 1...4 {
        group.addTask { _ = try await fixture.client.get(ClientFixture.promises, name: "a") }
      }
      try await group.waitForAll()
    }
    _ = try await fixture.client.get(ClientFixture.promises, name: "a")
    #expect(
      authorization(fixture.server)
        == ["Bearer tok-1", "Bearer tok-1", "Bearer tok-1", "Bearer tok-1", "Bearer tok-1", "Bearer tok-2"])
    #expect(
      try JSON(parsing: try String(contentsOfFile: info, encoding: .utf8)) == [
        "apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential",
        "spec": ["interactive": false, "cluster": ["server": "https://h", "config": ["audience": "a"]]],
      ])
  }

  @Test("a plugin's credentials are asked for anew when they have expired")
  func expiry() async throws {
    let directory = try TemporaryDirectory()
    try directory.write(
      """
      #!/bin/sh
      echo x >> "$0.count"
      n=$(wc -l < "$0.count" | tr -d ' ')
      echo '{"apiVersion": "client.authentication.k8s.io/v1beta1", "kind": "ExecCredential",'
      echo '"status": {"token": "'"$n"'", "expirationTimestamp": "2030-01-01T00:00:00Z"}}'
      """, to: "plugin.sh", executable: true)
    let plugin = try plugin(
      "apiVersion: client.authentication.k8s.io/v1beta1\ncommand: \(directory.path)/plugin.sh", directory: directory)
    let expiry = try #require(Timestamp.secondsSince1970("2030-01-01T00:00:00Z"))
    #expect(try await plugin.credentials(now: expiry - 1).token == Secret("1"))
    #expect(try await plugin.credentials(now: expiry - 1).token == Secret("1"))
    #expect(try await plugin.credentials(now: expiry).token == Secret("2"))
  }

  /// What a plugin does, and what is said.
  @Test(
    "a plugin that gives nothing",
    arguments: [
      ("echo 'session over' >&2; exit 3", "failed (exit code 3): session over"),
      ("echo hello", "did not print JSON"),
      ("echo '{\"kind\": \"Pod\"}'", "did not print an ExecCredential of client.authentication.k8s.io/v1"),
      (
        "echo '{\"apiVersion\": \"client.authentication.k8s.io/v1\", \"kind\": \"ExecCredential\", \"status\": {}}'",
        "printed neither a token nor a client certificate"
      ),
    ])
  func badPlugin(script: String, expected: String) async throws {
    let directory = try TemporaryDirectory()
    let path = try directory.write("#!/bin/sh\n\(script)\n", to: "plugin.sh", executable: true)
    let plugin = try plugin(
      "apiVersion: client.authentication.k8s.io/v1\ncommand: \(path)\ninteractiveMode: Never", directory: directory)
    let error = await thrown(ConnectionError.self) { _ = try await plugin.credentials() }
    #expect("\(try #require(error))" == "no credentials for user \"ann\": plugin \(path) \(expected)")
  }

  @Test("a plugin that is not installed: the hint of the kubeconfig")
  func missingPlugin() async throws {
    let plugin = try plugin(
      """
      apiVersion: client.authentication.k8s.io/v1
      command: no-such-plugin-here
      installHint: Get it from the platform team
      interactiveMode: Never
      """, directory: try TemporaryDirectory())
    let error = await thrown(ConnectionError.self) { _ = try await plugin.credentials() }
    #expect(
      "\(try #require(error))"
        == "no credentials for user \"ann\": plugin no-such-plugin-here is not installed. Get it from the platform team"
    )
  }
}
