import Foundation
import Kubernetes
import Testing

@testable import KubernetesClient

@Suite("Kubeconfig")
struct KubeconfigTests {
  private static let plain = """
    apiVersion: v1
    kind: Config
    current-context: dev
    clusters:
    - name: dev
      cluster: {server: "https://dev.example:6443"}
    - name: prod
      cluster: {server: "https://[2001:db8::1]", insecure-skip-tls-verify: true}
    users:
    - name: ann
      user: {token: s3cret-token}
    contexts:
    - name: dev
      context: {cluster: dev, user: ann, namespace: team-a}
    - name: prod
      context: {cluster: prod, user: ann}
    """

  private func load(
    _ text: String, _ options: ConnectionOptions = ConnectionOptions()
  ) throws -> ClusterConfiguration {
    let directory = try TemporaryDirectory()
    let path = try directory.write(text, to: "config")
    return try ClusterConfiguration.load(options, environment: ["KUBECONFIG": path])
  }

  private func message(_ work: () throws -> ClusterConfiguration) throws -> String {
    let error = #expect(throws: ConnectionError.self) { _ = try work() }
    return "\(try #require(error))"
  }

  @Test("the current context, or the one that is asked for; the namespace likewise")
  func contexts() throws {
    let dev = try load(Self.plain)
    #expect(dev.contextName == "dev" && dev.namespace == "team-a" && dev.userName == "ann")
    #expect(dev.server == .init(isTLS: true, host: "dev.example", port: 6443))
    let prod = try load(Self.plain, ConnectionOptions(context: "prod", namespace: "x"))
    #expect(prod.server == .init(isTLS: true, host: "2001:db8::1", port: 443))
    #expect(prod.namespace == "x" && prod.trust == .anything)
    #expect(prod.server.authority == "[2001:db8::1]:443")
    #expect(try load(Self.plain, ConnectionOptions(context: "prod")).namespace == "default")
  }

  @Test("files are merged: the first that names an entry wins, missing ones are passed over")
  func merging() throws {
    let directory = try TemporaryDirectory()
    let first = try directory.write(
      "clusters: [{name: dev, cluster: {server: 'https://first:1'}}]\ncurrent-context: prod\n", to: "a")
    let second = try directory.write(Self.plain, to: "b")
    let environment = ["KUBECONFIG": "\(directory.path)/missing::\(first):\(second):\(first)"]
    let merged = try ClusterConfiguration.load(environment: environment)
    #expect(merged.contextName == "prod")
    let dev = try ClusterConfiguration.load(ConnectionOptions(context: "dev"), environment: environment)
    #expect(dev.server.host == "first")
  }

  @Test("~/.kube/config, where nothing else is said")
  func home() throws {
    let directory = try TemporaryDirectory()
    try FileManager.default.createDirectory(atPath: "\(directory.path)/.kube", withIntermediateDirectories: true)
    try directory.write(Self.plain, to: ".kube/config")
    #expect(try ClusterConfiguration.load(environment: ["HOME": directory.path]).contextName == "dev")
  }

  @Test("relative paths are relative to the file that they stand in")
  func relativePaths() throws {
    let directory = try TemporaryDirectory()
    let authority = try TestAuthority()
    let ann = try authority.issue("ann")
    try directory.write(authority.certificatePEM, to: "ca.pem")
    try directory.write(ann.certificatePEM, to: "ann.pem")
    try directory.write(ann.keyPEM, to: "ann.key")
    let path = try directory.write(
      """
      current-context: c
      clusters: [{name: c, cluster: {server: "https://h", certificate-authority: ca.pem, tls-server-name: t}}]
      users: [{name: u, user: {client-certificate: ann.pem, client-key: ann.key, as: bob, as-groups: [g]}}]
      contexts: [{name: c, context: {cluster: c, user: u}}]
      """, to: "config")
    let configuration = try ClusterConfiguration.load(
      ConnectionOptions(kubeconfig: path, asGroups: ["h"]), environment: [:])
    #expect(configuration.trust == .authorities(Array(authority.certificatePEM.utf8)))
    #expect(configuration.clientCertificate?.chain == Array(ann.certificatePEM.utf8))
    #expect(configuration.clientCertificate?.key == Secret(Array(ann.keyPEM.utf8)))
    #expect(configuration.tlsServerName == "t")
    #expect(configuration.impersonation == .init(user: "bob", groups: ["h"]))
  }

  @Test("in a cluster: the service account's files")
  func inCluster() throws {
    let directory = try TemporaryDirectory()
    try directory.write("token-1\n", to: "token")
    try directory.write("pem", to: "ca.crt")
    try directory.write("kratix-platform-system", to: "namespace")
    let environment = [
      "HOME": directory.path, "KUBERNETES_SERVICE_HOST": "10.96.0.1", "KUBERNETES_SERVICE_PORT": "443",
    ]
    let configuration = try ClusterConfiguration.load(
      environment: environment, serviceAccountDirectory: directory.path)
    #expect(configuration.server == .init(isTLS: true, host: "10.96.0.1", port: 443))
    #expect(configuration.namespace == "kratix-platform-system" && configuration.contextName == nil)
    guard case .tokenFile(let path) = configuration.credential else {
      Issue.record("no token file")
      return
    }
    #expect(path == "\(directory.path)/token")
  }

  /// Each kubeconfig, and what is said of it after the file's path.
  @Test(
    "what is wrong is said with its place",
    arguments: [
      ("a: b: c\n", ", line 1, column 5: mapping values are not allowed in this context"),
      ("users:\n- name: u\n  user: {token: [\n", ", line 4, column 1: "),
      ("- 1\n", ", line 1, column 1: not a kubeconfig: a mapping is expected"),
      ("kind: Pod\n", ": not a kubeconfig: its kind is Pod, not Config"),
      ("clusters: 3\n", ": clusters is not a list"),
      ("users: [{user: {}}]\n", ": users[0] has no name"),
      (
        "current-context: a\ncontexts: [{name: a, context: {cluster: c}}]\n",
        ": context \"a\" names cluster \"c\", which is not there"
      ),
      (
        "current-context: a\ncontexts: [{name: a, context: {cluster: c, user: u}}]\n"
          + "clusters: [{name: c, cluster: {server: 'https://h'}}]\n",
        ": context \"a\" names user \"u\", which is not there"
      ),
      (
        "current-context: a\ncontexts: [{name: a, context: {cluster: c}}]\nclusters: [{name: c, cluster: {}}]\n",
        ": cluster \"c\" has no server"
      ),
      (
        "current-context: a\ncontexts: [{name: a, context: {cluster: c}}]\n"
          + "clusters: [{name: c, cluster: {server: 'ftp://h'}}]\n",
        ": server of cluster \"c\" is not a URL: ftp://h"
      ),
      (
        "current-context: a\ncontexts: [{name: a, context: {cluster: c}}]\n"
          + "clusters: [{name: c, cluster: {server: 'https://h', certificate-authority-data: '!'}}]\n",
        ": certificate-authority-data of cluster \"c\" is not base64"
      ),
    ])
  func invalid(text: String, expected: String) throws {
    let directory = try TemporaryDirectory()
    let path = try directory.write(text, to: "config")
    let said = try message { try ClusterConfiguration.load(ConnectionOptions(kubeconfig: path), environment: [:]) }
    #expect(said.hasPrefix("kubeconfig \(path)\(expected)"), "\(said)")
  }

  @Test("no kubeconfig, no such file, no such context, no current one: what there is")
  func missing() throws {
    let directory = try TemporaryDirectory()
    #expect(
      try message { try ClusterConfiguration.load(environment: ["HOME": directory.path]) }
        == "no kubeconfig found: \(directory.path)/.kube/config does not exist, and this is not running in a cluster; "
        + "set KUBECONFIG or give --kubeconfig")
    #expect(
      try message { try ClusterConfiguration.load(ConnectionOptions(kubeconfig: "/none"), environment: [:]) }
        == "cannot read kubeconfig /none: no such file")
    #expect(
      try message { try load(Self.plain, ConnectionOptions(context: "stage")) }
        == "no context \"stage\" in the kubeconfig; there are: dev, prod")
    #expect(
      try message { try load(Self.plain.replacing("current-context: dev", with: "")) }
        == "the kubeconfig has no current context; give --context or run kubectl config use-context; "
        + "there are: dev, prod")
  }

  @Test("what is not supported is refused with what to do instead")
  func unsupported() throws {
    let proxied = Self.plain.replacing(
      "{server: \"https://dev", with: "{proxy-url: 'socks5://p', server: \"https://dev")
    #expect(
      try message { try load(proxied) }.hasPrefix("proxy-url of cluster \"dev\" is not supported: run kubectl proxy"))
    let provider = Self.plain.replacing("token: s3cret-token", with: "auth-provider: {name: gcp}")
    #expect(try message { try load(provider) }.hasPrefix("auth-provider \"gcp\" of user \"ann\" is not supported"))
    #expect(
      try message { try load(Self.plain, ConnectionOptions(asGroups: ["g"])) }.hasPrefix("--as-group without --as"))
  }

  @Test("secrets do not show in descriptions and dumps")
  func secrets() throws {
    var configuration = try load(Self.plain)
    configuration.clientCertificate = .init(chain: [1], key: Secret(Array("s3cret-key".utf8)))
    var text = "\(configuration)"
    dump(configuration, to: &text)
    #expect(!text.contains("s3cret") && text.contains("<redacted>"))
  }
}
