import Foundation
import Kubernetes
import KratixModel

/// Makes the writer that a BucketStateStore or GitStateStore asks for (contract, sections 1.8 and 1.9).
///
/// Two forms are the sandbox's own: a bucket's endpoint may be `file:///DIR` (then the bucket is `DIR/BUCKET`), and a
/// repository's URL may be `file:///…` or an absolute path; neither needs a Secret.
public struct StateStoreFactory: Sendable {
  /// Where clones are kept, a directory for each store.
  public var directory: URL
  public var minimumFetchInterval: Duration
  /// For `authMethod: IAM`: what the machine's role is told by.
  public var environment: [String: String]

  public init(
    directory: URL, minimumFetchInterval: Duration = .seconds(5),
    environment: [String: String] = ProcessInfo.processInfo.environment
  ) {
    self.directory = directory
    self.minimumFetchInterval = minimumFetchInterval
    self.environment = environment
  }

  /// - Throws: `StateStoreAccessError.unusable`, with what is missing.
  public func make(
    _ store: KubernetesObject, _ secret: KubernetesObject?
  ) throws(StateStoreAccessError) -> any StateStoreWriter {
    switch store.kind {
    case ResourceType.bucketStateStores.kind: try bucket(store, secret)
    case ResourceType.gitStateStores.kind: try git(store, secret)
    default: throw .unusable("\(store.kind) is no kind of state store")
    }
  }

  private func bucket(
    _ store: KubernetesObject, _ secret: KubernetesObject?
  ) throws(StateStoreAccessError) -> any StateStoreWriter {
    let spec = store.spec ?? .emptyObject
    let endpoint = spec["endpoint"]?.stringValue ?? ""
    let name = spec["bucketName"]?.stringValue ?? ""
    let path = spec["path"]?.stringValue ?? ""
    if let url = URL(string: endpoint), url.isFileURL {
      return DirectoryStateStore(directory: url.appending(path: name), path: path)
    }
    var settings = BucketStateStore.Settings(
      endpoint: endpoint, isInsecure: spec["insecure"]?.boolValue ?? false, bucket: name, path: path,
      accessKeyID: "", secretAccessKey: "", usesDualStack: spec["useDualStack"]?.boolValue ?? false)
    if spec["authMethod"]?.stringValue == "IAM" {
      guard let id = environment["AWS_ACCESS_KEY_ID"], let key = environment["AWS_SECRET_ACCESS_KEY"] else {
        throw .unusable("authMethod IAM needs AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment")
      }
      settings.accessKeyID = id
      settings.secretAccessKey = key
      settings.sessionToken = environment["AWS_SESSION_TOKEN"]
    } else {
      settings.accessKeyID = try Self.value("accessKeyID", of: secret, for: store)
      settings.secretAccessKey = try Self.value("secretAccessKey", of: secret, for: store)
    }
    return BucketStateStore(settings)
  }

  private func git(
    _ store: KubernetesObject, _ secret: KubernetesObject?
  ) throws(StateStoreAccessError) -> any StateStoreWriter {
    let spec = store.spec ?? .emptyObject
    let url = spec["url"]?.stringValue ?? ""
    let isLocal = url.hasPrefix("file://") || url.hasPrefix("/")
    let credentials: GitCredentials
    switch spec["authMethod"]?.stringValue ?? "basicAuth" {
    case _ where isLocal: credentials = .none
    case "basicAuth":
      guard url.hasPrefix("https://") else { throw .unusable("invalid URL for HTTPS auth method: \(url)") }
      credentials = .basic(
        username: try Self.value("username", of: secret, for: store),
        password: try Self.value("password", of: secret, for: store))
    case "ssh":
      let isSSH = url.hasPrefix("ssh://") || (!url.contains("://") && url.contains("@") && url.contains(":"))
      guard isSSH else { throw .unusable("invalid URL for SSH auth method: \(url)") }
      credentials = .ssh(
        privateKey: try Self.value("sshPrivateKey", of: secret, for: store),
        knownHosts: try Self.value("knownHosts", of: secret, for: store))
    case let method:
      throw .unusable("authMethod \(method) is not supported here: use basicAuth or ssh")
    }
    return GitStateStore(
      GitStateStore.Settings(
        url: url, branch: spec["branch"]?.stringValue ?? "main", path: spec["path"]?.stringValue ?? "",
        authorName: spec[path: "gitAuthor", "name"]?.stringValue ?? "kratix",
        authorEmail: spec[path: "gitAuthor", "email"]?.stringValue ?? "", credentials: credentials,
        minimumFetchInterval: minimumFetchInterval),
      directory: directory.appending(path: "\(store.name)-\(store.uid)-\(store.generation)"))
  }

  /// A value of a Secret, by its key.
  private static func value(
    _ key: String, of secret: KubernetesObject?, for store: KubernetesObject
  ) throws(StateStoreAccessError) -> String {
    guard let secret else { throw .unusable("\(store.kind) \(store.name) names no Secret (spec.secretRef)") }
    if let plain = secret[path: "stringData", key]?.stringValue { return plain }
    guard let encoded = secret[path: "data", key]?.stringValue, let data = Data(base64Encoded: encoded) else {
      throw .unusable("Secret \(secret.qualifiedName) has no key \(key)")
    }
    return String(decoding: data, as: UTF8.self)
  }
}
