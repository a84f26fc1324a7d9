import APIServer
import Foundation
import Kubernetes
import Logging

/// The API servers of a sandbox: the platform's and one for each worker, each on a port that it keeps.
struct ClusterServers: Sendable {
  static let platformContext = "platform"

  /// By context, the platform first.
  var servers: [(context: String, server: APIServer)]

  func server(_ context: String) -> APIServer? { servers.first { $0.context == context }?.server }

  /// Opens every cluster's state; nothing listens yet.
  init(
    contexts: [String], directory: SandboxDirectory, plugins: (String) -> [any AdmissionPlugin], logger: Logger
  ) throws {
    let ports = Dictionary(
      (directory.readRecord()?.servers ?? []).compactMap { server in
        URL(string: server.url)?.port.map { (server.context, $0) }
      }, uniquingKeysWith: { first, _ in first })
    servers = try contexts.map { context in
      var ofContext = logger
      ofContext[metadataKey: "cluster"] = .string(context)
      let port = ports[context].flatMap { Self.isFree($0) ? $0 : nil } ?? 0
      return (
        context,
        try APIServer(
          configuration: .init(
            stateDirectory: URL(filePath: directory.cluster(context), directoryHint: .isDirectory), port: port,
            admissionPlugins: plugins(context), logger: ofContext))
      )
    }
  }

  func start() async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      for (_, server) in servers { group.addTask { try await server.start() } }
      try await group.waitForAll()
    }
  }

  func stop() async {
    for (_, server) in servers { await server.stop() }
  }

  /// One kubeconfig for all, with the sandbox's folder as an extension of each cluster: the plugin finds the images
  /// there that pipelines are run with.
  func kubeconfig(directory: SandboxDirectory) -> JSON {
    var merged: JSON = [
      "apiVersion": "v1", "kind": "Config", "current-context": .string(Self.platformContext),
    ]
    for list in ["clusters", "users", "contexts"] {
      merged[list] = .array(
        servers.flatMap { context, server -> [JSON] in
          (server.kubeconfig(contextName: context)[list]?.arrayValue ?? []).map { entry in
            guard list == "clusters" else { return entry }
            var entry = entry
            entry.set(
              [
                ["name": .string(SandboxExtension.name), "extension": ["directory": .string(directory.path)]]
              ], at: ["cluster", "extensions"])
            return entry
          }
        })
    }
    return merged
  }

  /// Whether a loopback port can be listened on now.
  private static func isFree(_ port: Int) -> Bool {
    guard let number = UInt16(exactly: port), number > 0 else { return false }
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    var yes: Int32 = 1
    setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = number.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    return withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    } == 0
  }
}

/// The kubeconfig extension by which a cluster says that it is a sandbox's.
public enum SandboxExtension {
  public static let name = "kratix.io/sandbox"

  /// The sandbox of a cluster, from its kubeconfig extensions; nil when it is none.
  public static func directory(_ extensions: [String: JSON]) -> SandboxDirectory? {
    extensions[name]?["directory"]?.stringValue.map(SandboxDirectory.init(path:))
  }
}
