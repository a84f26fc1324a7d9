import ArgumentParser
import Foundation
import KratixModel
import Kubernetes
import KubernetesClient
import Logging
import Sandbox
import Synchronization

struct SandboxControllers: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "controllers", abstract: "Run the sandbox's Kratix controllers against another API server.",
    discussion: """
      The server is a sandbox's without controllers, or any with Kratix's CustomResourceDefinitions on which Kratix does
      not run. Stays in the foreground until interrupted; killed, it goes on where it was when it is started again.
      Kratix's own admission webhooks are not part of it.

      Exit codes: 0 ended by SIGINT or SIGTERM, 1 it cannot work on the server, 64 wrong usage.

      Example:
        kubectl kratix sandbox up --no-controllers --dir ./api
        kubectl kratix sandbox controllers --kubeconfig ./api/kubeconfig --image ghcr.io/acme/configure:v1=./configure
      """)

  @Option(help: "Path to the kubeconfig file.")
  var kubeconfig: String?

  @Option(help: "The kubeconfig context to use.")
  var context: String?

  @Option(
    help: """
      Where clones, images and the logs of pods are kept. (default: the sandbox's own folder, or else one in your state \
      directory)
      """)
  var dir: String?

  @Option(name: .customLong("image"), help: "REF=PATH: the directory that stands for an image; may be repeated.")
  var images: [ImageMapping] = []

  @Flag(
    inversion: .prefixedNo,
    help: "Run Jobs here. (default: only in a sandbox; a cluster with a Job controller runs them itself)")
  var runJobs: Bool?

  @Option(help: "Where Jobs' pipelines run: process (bubblewrap), container (podman or docker) or auto.")
  var engine: SandboxConfiguration.Engine = .auto

  @Option(help: "fast, or kratix to wait as the real controllers do.")
  var pace: SandboxConfiguration.PaceName = .fast

  func run() async throws {
    let cluster = try ClusterConfiguration.load(ConnectionOptions(kubeconfig: kubeconfig, context: context))
    let sandbox = SandboxExtension.directory(cluster.extensions)
    let directory = dir.map(SandboxDirectory.init(path:)) ?? sandbox ?? .standard("controllers")
    let contexts = try sandbox.map(RemoteControllers.contexts) ?? []
    try directory.create()
    var map = directory.readImages()
    for image in images { map[image.reference] = try image.absolutePath() }
    try directory.writeImages(map)

    var logger = Logger(label: "controllers", factory: { StreamLogHandler.standardError(label: $0) })
    logger.logLevel = .notice
    let controllers = RemoteControllers(
      sandbox: sandbox, directory: directory, engine: engine, pace: pace, logger: logger)
    let manager = try client(cluster, named: KratixNames.controllerServiceAccount)
    var access = PlatformAccess(platform: manager, controllers: manager)
    if runJobs ?? (sandbox != nil) { access.node = try node(controllers, cluster) }
    if let sandbox {
      for context in contexts {
        access.clusters[context] = try client(
          .load(ConnectionOptions(kubeconfig: sandbox.kubeconfig, context: context)), named: "gitops")
      }
    }
    try await TerminationSignals.endingOnSignal { [access] in
      try await controllers.run(access) {
        Console.note("The controllers run against \(cluster.server).")
      }
    }
  }

  /// - Parameter name: the manager of the fields that it writes.
  private func client(_ cluster: ClusterConfiguration, named name: String) throws -> KubernetesClient {
    var settings = KubernetesClient.Settings()
    settings.userAgent = name
    return try KubernetesClient(cluster, settings: settings)
  }

  /// What runs Jobs: pods' ServiceAccounts are impersonated, since a token of theirs is not to be had outside of the pod.
  private func node(_ controllers: RemoteControllers, _ cluster: ClusterConfiguration) throws -> PlatformAccess.Node {
    let accounts = ServiceAccountClients(cluster)
    return controllers.node(try client(cluster, named: "sandbox")) { try accounts.client(namespace: $0, name: $1) }
  }
}

/// A client for each ServiceAccount, kept.
private final class ServiceAccountClients: Sendable {
  private let cluster: ClusterConfiguration
  private let clients = Mutex<[String: KubernetesClient]>([:])

  init(_ cluster: ClusterConfiguration) { self.cluster = cluster }

  func client(namespace: String, name: String) throws -> KubernetesClient {
    let user = "system:serviceaccount:\(namespace):\(name)"
    return try clients.withLock { clients in
      if let known = clients[user] { return known }
      var cluster = cluster
      cluster.impersonation = ClusterConfiguration.Impersonation(
        user: user, groups: ["system:serviceaccounts", "system:serviceaccounts:\(namespace)", "system:authenticated"])
      var settings = KubernetesClient.Settings()
      settings.userAgent = name
      let made = try KubernetesClient(cluster, settings: settings)
      clients[user] = made
      return made
    }
  }
}
