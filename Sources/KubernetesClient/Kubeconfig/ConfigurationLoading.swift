import Foundation
import Kubernetes

extension ClusterConfiguration {
  /// Reads the configuration as kubectl does: `--kubeconfig`, `$KUBECONFIG`, `~/.kube/config`, and where none of these
  /// says anything, the service account of the pod that this runs in.
  /// - Parameter serviceAccountDirectory: where a pod finds its token and the cluster's authority.
  public static func load(
    _ options: ConnectionOptions = ConnectionOptions(),
    environment: [String: String] = ProcessInfo.processInfo.environment,
    serviceAccountDirectory: String = "/var/run/secrets/kubernetes.io/serviceaccount"
  ) throws(ConnectionError) -> ClusterConfiguration {
    let (kubeconfig, searched) = try Kubeconfig.load(explicitPath: options.kubeconfig, environment: environment)
    var configuration: ClusterConfiguration
    if kubeconfig.isEmpty, options.context == nil,
      let inCluster = try inCluster(environment: environment, directory: serviceAccountDirectory)
    {
      configuration = inCluster
    } else if kubeconfig.paths.isEmpty {
      throw .kubeconfigNotFound(paths: searched)
    } else {
      configuration = try resolve(kubeconfig, context: options.context, environment: environment)
    }
    if let namespace = options.namespace { configuration.namespace = namespace }
    if options.asUser == nil, !options.asGroups.isEmpty, configuration.impersonation == nil {
      throw .unsupportedSetting(setting: "--as-group without --as", advice: "say also which user to act as")
    }
    if let user = options.asUser {
      configuration.impersonation = Impersonation(user: user, groups: options.asGroups)
    } else if !options.asGroups.isEmpty {
      configuration.impersonation?.groups = options.asGroups
    }
    return configuration
  }

  private static func inCluster(
    environment: [String: String], directory: String
  ) throws(ConnectionError) -> ClusterConfiguration? {
    guard let host = environment["KUBERNETES_SERVICE_HOST"], !host.isEmpty,
      let port = environment["KUBERNETES_SERVICE_PORT"].flatMap({ Int($0) }),
      FileManager.default.fileExists(atPath: "\(directory)/token")
    else { return nil }
    let trust: Trust
    switch FileFault.read("\(directory)/ca.crt") {
    case .success(let pem): trust = .authorities(pem)
    case .failure(let fault):
      throw .credentialsUnavailable(
        user: "the pod's service account", reason: "cannot read \(directory)/ca.crt: \(fault.reason)")
    }
    var namespace = "default"
    if case .success(let bytes) = FileFault.read("\(directory)/namespace") {
      let text = String(decoding: bytes, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
      if !text.isEmpty { namespace = text }
    }
    return ClusterConfiguration(
      userName: "the pod's service account", namespace: namespace,
      server: Server(isTLS: true, host: host, port: port), trust: trust,
      credential: .tokenFile("\(directory)/token"))
  }

  /// The configuration of one context.
  static func resolve(
    _ kubeconfig: Kubeconfig, context requested: String?, environment: [String: String]
  ) throws(ConnectionError) -> ClusterConfiguration {
    let available = Array(kubeconfig.contexts.keys)
    guard let name = requested ?? kubeconfig.currentContext else { throw .noCurrentContext(available: available) }
    guard let context = kubeconfig.contexts[name] else { throw .noSuchContext(name, available: available) }
    func invalid(_ reason: String, in entry: Kubeconfig.Entry) -> ConnectionError {
      .kubeconfigInvalid(path: entry.path, line: nil, column: nil, reason: reason)
    }
    guard let clusterName = context.string("cluster") else {
      throw invalid("context \"\(name)\" names no cluster", in: context)
    }
    guard let cluster = kubeconfig.clusters[clusterName] else {
      throw invalid("context \"\(name)\" names cluster \"\(clusterName)\", which is not there", in: context)
    }
    let userName = context.string("user") ?? ""
    var user = Kubeconfig.Entry(fields: .emptyObject, path: context.path)
    if !userName.isEmpty {
      guard let entry = kubeconfig.users[userName] else {
        throw invalid("context \"\(name)\" names user \"\(userName)\", which is not there", in: context)
      }
      user = entry
    }
    if cluster.string("proxy-url") != nil {
      throw .unsupportedSetting(
        setting: "proxy-url of cluster \"\(clusterName)\"",
        advice: "run kubectl proxy and use a context whose server is its address")
    }
    guard let serverText = cluster.string("server") else {
      throw invalid("cluster \"\(clusterName)\" has no server", in: cluster)
    }
    let trust = try trust(of: cluster, named: clusterName)
    let clientCertificate = try clientCertificate(of: user, named: userName)
    let isAboutTLS = trust != .systemAuthorities || clientCertificate != nil
    guard let server = Server(serverText, defaultsToTLS: isAboutTLS) else {
      throw invalid("server of cluster \"\(clusterName)\" is not a URL: \(serverText)", in: cluster)
    }
    var configuration = ClusterConfiguration(
      contextName: name, userName: userName, namespace: context.string("namespace") ?? "default", server: server,
      trust: trust, tlsServerName: cluster.string("tls-server-name"), clientCertificate: clientCertificate)
    for item in cluster.fields["extensions"]?.arrayValue ?? [] {
      guard let name = item["name"]?.stringValue else { continue }
      configuration.extensions[name] = item["extension"]
    }
    configuration.credential = try credential(
      of: user, named: userName, cluster: cluster, server: serverText, trust: trust,
      environment: environment)
    configuration.impersonation = impersonation(of: user)
    return configuration
  }

  private static func trust(
    of cluster: Kubeconfig.Entry, named name: String
  ) throws(ConnectionError) -> Trust {
    let isInsecure = cluster.fields["insecure-skip-tls-verify"]?.boolValue ?? false
    let owner = "cluster \"\(name)\""
    var authorities = try cluster.data("certificate-authority-data", of: owner)
    if authorities == nil, let path = cluster.file("certificate-authority") {
      switch FileFault.read(path) {
      case .success(let bytes): authorities = bytes
      case .failure(let fault):
        throw .kubeconfigInvalid(
          path: cluster.path, line: nil, column: nil,
          reason: "cannot read certificate-authority of \(owner), \(path): \(fault.reason)")
      }
    }
    if isInsecure {
      guard authorities == nil else {
        throw .kubeconfigInvalid(
          path: cluster.path, line: nil, column: nil,
          reason: "\(owner) has both insecure-skip-tls-verify and a certificate authority; remove one")
      }
      return .anything
    }
    return authorities.map(Trust.authorities) ?? .systemAuthorities
  }

  private static func clientCertificate(
    of user: Kubeconfig.Entry, named name: String
  ) throws(ConnectionError) -> ClientCertificate? {
    func material(_ key: String) throws(ConnectionError) -> [UInt8]? {
      if let data = try user.data("\(key)-data", of: "user \"\(name)\"") { return data }
      guard let path = user.file(key) else { return nil }
      switch FileFault.read(path) {
      case .success(let bytes): return bytes
      case .failure(let fault):
        throw .credentialsUnavailable(user: name, reason: "cannot read \(key) \(path): \(fault.reason)")
      }
    }
    switch (try material("client-certificate"), try material("client-key")) {
    case (nil, nil): return nil
    case (let chain?, let key?): return ClientCertificate(chain: chain, key: Secret(key))
    case (nil, _): throw .credentialsUnavailable(user: name, reason: "there is a client-key but no client-certificate")
    case (_, nil): throw .credentialsUnavailable(user: name, reason: "there is a client-certificate but no client-key")
    }
  }

  private static func credential(
    of user: Kubeconfig.Entry, named name: String, cluster: Kubeconfig.Entry, server: String, trust: Trust,
    environment: [String: String]
  ) throws(ConnectionError) -> Credential {
    if let path = user.file("tokenFile") { return .tokenFile(path) }
    if let token = user.string("token") { return .token(Secret(token)) }
    if let username = user.string("username") {
      return .basic(username: username, password: Secret(user.string("password") ?? ""))
    }
    if let exec = user.fields["exec"], !exec.isNull {
      return .plugin(
        try ExecPlugin(
          exec, user: name, directory: user.directory, kubeconfig: user.path,
          clusterInfo: ExecPlugin.clusterInfo(cluster: cluster, server: server, trust: trust),
          environment: environment))
    }
    if let provider = user.fields["auth-provider"]?["name"]?.stringValue {
      throw .unsupportedSetting(
        setting: "auth-provider \"\(provider)\" of user \"\(name)\"",
        advice: "Kubernetes has removed auth providers; use an exec credential plugin")
    }
    return .none
  }

  private static func impersonation(of user: Kubeconfig.Entry) -> Impersonation? {
    guard let name = user.string("as") else { return nil }
    var extra: [String: [String]] = [:]
    for (key, value) in user.fields["as-user-extra"]?.objectValue ?? [:] {
      extra[key] = value.stringArrayValue ?? []
    }
    return Impersonation(
      user: name, uid: user.string("as-uid"), groups: user.fields["as-groups"]?.stringArrayValue ?? [], extra: extra)
  }
}

extension ClusterConfiguration.Server {
  /// From the `server` of a kubeconfig: a URL. nil when it is none.
  /// - Parameter defaultsToTLS: what a text without a scheme means; kubectl takes TLS where anything about TLS is set.
  public init?(_ text: String, defaultsToTLS: Bool = true) {
    let full = text.contains("://") ? text : "\(defaultsToTLS ? "https" : "http")://\(text)"
    guard let components = URLComponents(string: full), let scheme = components.scheme?.lowercased(),
      scheme == "https" || scheme == "http", var host = components.host, !host.isEmpty,
      components.query == nil, components.fragment == nil
    else { return nil }
    if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
    if let port = components.port, !(1...65535).contains(port) { return nil }
    var path = components.percentEncodedPath
    while path.hasSuffix("/") { path.removeLast() }
    self.init(
      isTLS: scheme == "https", host: host, port: components.port ?? (scheme == "https" ? 443 : 80), path: path)
  }
}
