import Foundation
import KratixModel

/// A state store in a bucket of an S3 endpoint (contract, section 8.4).
public actor BucketStateStore: StateStoreWriter {
  /// Where the bucket is and how it is reached.
  public struct Settings: Sendable, Hashable {
    /// `host[:port]`.
    public var endpoint: String
    /// Plain HTTP (`spec.insecure`).
    public var isInsecure: Bool
    public var bucket: String
    /// `spec.path` of the state store.
    public var path: String
    public var accessKeyID: String
    public var secretAccessKey: String
    public var sessionToken: String?
    public var usesDualStack: Bool

    public init(
      endpoint: String, isInsecure: Bool = false, bucket: String, path: String = "", accessKeyID: String,
      secretAccessKey: String, sessionToken: String? = nil, usesDualStack: Bool = false
    ) {
      self.endpoint = endpoint
      self.isInsecure = isInsecure
      self.bucket = bucket
      self.path = path
      self.accessKeyID = accessKeyID
      self.secretAccessKey = secretAccessKey
      self.sessionToken = sessionToken
      self.usesDualStack = usesDualStack
    }

    /// The region that an endpoint of AWS names; `us-east-1` for any other.
    var region: String {
      let host = endpoint.split(separator: ":").first.map(String.init) ?? endpoint
      guard host.hasSuffix(".amazonaws.com") || host.hasSuffix(".amazonaws.com.cn") else { return "us-east-1" }
      let parts = host.split(separator: ".").map(String.init)
      let named = parts.first { part in
        part.split(separator: "-").count >= 3 && part.last?.isNumber == true
      }
      if let named { return named.hasPrefix("s3-") ? String(named.dropFirst(3)) : named }
      return "us-east-1"
    }

    /// The endpoint to call: with IPv6 addresses too when asked for, which only AWS has under a name of its own.
    var host: String {
      guard usesDualStack, endpoint == "s3.amazonaws.com" || endpoint == "s3.\(region).amazonaws.com" else {
        return endpoint
      }
      return "s3.dualstack.\(region).amazonaws.com"
    }
  }

  private let client: S3Client
  private let prefix: String
  private let gate = SerialGate()

  public init(_ settings: Settings) {
    prefix = StateStorePath.normalized(settings.path) ?? ""
    client = S3Client(
      S3Client.Settings(
        endpoint: settings.host, isSecure: !settings.isInsecure, bucket: settings.bucket,
        signature: SignatureV4(
          accessKeyID: settings.accessKeyID, secretAccessKey: settings.secretAccessKey,
          sessionToken: settings.sessionToken, region: settings.region)))
  }

  public func apply(_ change: StateStoreChange) async throws(StateStoreError) -> StateStoreOutcome {
    await gate.enter()
    defer { gate.leave() }
    var wanted: [String: [UInt8]] = [:]
    for file in change.files {
      if let key = key(file.path) { wanted[key] = file.bytes }
    }
    var obsolete = Set(change.removals.compactMap(key))
    if let directory = change.replacing.flatMap(key) {
      obsolete.formUnion(try await client.keys(prefix: directory + "/"))
    }
    var versions: [String] = []
    for (key, bytes) in wanted.sorted(by: { $0.key < $1.key })
    where try await client.eTag(of: key) != Hashes.md5(bytes) {
      versions.append(try await client.put(key, bytes))
    }
    let deleted = obsolete.subtracting(wanted.keys).sorted()
    for key in deleted { try await client.delete(key) }
    return StateStoreOutcome(
      versionID: ObjectVersions.hash(versions), changed: !versions.isEmpty || !deleted.isEmpty)
  }

  public func read(_ path: String) async throws(StateStoreError) -> [UInt8]? {
    guard let key = key(path) else { return nil }
    return try await client.get(key)
  }

  public func files(under directory: String) async throws(StateStoreError) -> [StateStoreFile] {
    await gate.enter()
    defer { gate.leave() }
    guard let root = StateStorePath.normalized(directory) else { return [] }
    let start = StateStorePath.join(prefix, root)
    var files: [StateStoreFile] = []
    for key in try await client.keys(prefix: start.isEmpty ? "" : start + "/") where !key.hasSuffix("/") {
      guard let bytes = try await client.get(key) else { continue }
      files.append(StateStoreFile(path: prefix.isEmpty ? key : String(key.dropFirst(prefix.count + 1)), bytes: bytes))
    }
    return files
  }

  public func checkPermissions() async throws(StateStoreError) {
    try await client.checkWritePermission(StateStorePath.join(prefix, ".kratix-write-permission-check"))
  }

  private func key(_ path: String) -> String? {
    guard let path = StateStorePath.normalized(path), !path.isEmpty else { return nil }
    return StateStorePath.join(prefix, path)
  }
}
