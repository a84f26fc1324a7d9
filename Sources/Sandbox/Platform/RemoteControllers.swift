import APIServer
import Foundation
import KratixControllers
import KratixModel
import Kubernetes
import Logging

/// Kratix's controllers in a process of their own, on an API server that is elsewhere: another sandbox's, or a real one
/// with Kratix's CustomResourceDefinitions.
public struct RemoteControllers: Sendable {
  /// The sandbox that the server belongs to; nil when it is no sandbox's.
  public var sandbox: SandboxDirectory?
  /// Where clones of state stores, the images' directories and the logs of pods are kept.
  public var directory: SandboxDirectory
  public var engine: SandboxConfiguration.Engine
  public var pace: SandboxConfiguration.PaceName
  public var logger: Logger

  public init(
    sandbox: SandboxDirectory?, directory: SandboxDirectory, engine: SandboxConfiguration.Engine = .auto,
    pace: SandboxConfiguration.PaceName = .fast, logger: Logger
  ) {
    self.sandbox = sandbox
    self.directory = directory
    self.engine = engine
    self.pace = pace
    self.logger = logger
  }

  /// What runs Jobs in this process. The logs of a sandbox's pods go to where its server looks for them.
  /// - Parameters:
  ///   - api: as a node and the Job controller.
  ///   - serviceAccount: the API as a pod's ServiceAccount.
  public func node(
    _ api: any KubernetesAPI,
    serviceAccount: @escaping @Sendable (_ namespace: String, _ name: String) throws -> any KubernetesAPI
  ) -> PlatformAccess.Node {
    let place = sandbox.map { "\($0.cluster(ClusterServers.platformContext))/logs" } ?? "\(directory.path)/pod-logs"
    return PlatformAccess.Node(
      api: api, logs: PodLogs(directory: URL(filePath: place, directoryHint: .isDirectory)),
      serviceAccount: serviceAccount)
  }

  /// What the controllers work on.
  private static let kinds: [ResourceType] = [
    .promises, .promiseReleases, .promiseRevisions, .resourceBindings, .works, .workPlacements, .destinations,
    .bucketStateStores, .gitStateStores, .healthRecords,
  ]

  /// The contexts of the sandbox's clusters that get the files of their destinations.
  /// - Throws: `RemoteControllersError.sandboxHasControllers` when they run in its own process.
  public static func contexts(of sandbox: SandboxDirectory) throws(RemoteControllersError) -> [String] {
    guard let record = sandbox.readRecord() else { return [] }
    if SandboxLock.isHeld(sandbox), record.hasControllers { throw .sandboxHasControllers(sandbox.path) }
    return record.servers.map(\.context)
  }

  /// Runs until the task is cancelled; then ends everything that it started.
  /// - Parameter onReady: called when the server has been found to serve Kratix's kinds.
  /// - Throws: `RemoteControllersError` when it does not; `SandboxError` when other controllers have the folder or the
  ///   engine is not to be had; whatever keeps the server from answering at first.
  public func run(_ access: PlatformAccess, onReady: @escaping @Sendable () -> Void) async throws {
    try directory.create()
    let lock = try SandboxLock.ofControllers(sandbox ?? directory)
    defer { withExtendedLifetime(lock) {} }
    var missing: [String] = []
    for type in Self.kinds where try await access.controllers.resourceType(for: type.groupVersionKind) == nil {
      missing.append(type.qualifiedResource)
    }
    guard missing.isEmpty else { throw RemoteControllersError.kratixNotServed(missing: missing) }
    let parts = try ControllerSetup(
      directory: directory, buckets: sandbox, engine: engine, pace: pace, logger: logger
    ).parts(access)
    onReady()
    try await parts.run()
  }
}

/// Why controllers cannot work on a server.
public enum RemoteControllersError: Error, Sendable, Hashable, CustomStringConvertible {
  /// Names of CustomResourceDefinitions.
  case kratixNotServed(missing: [String])
  /// The sandbox in this folder runs them itself.
  case sandboxHasControllers(String)

  public var description: String {
    switch self {
    case .kratixNotServed(let missing):
      "the API server does not serve \(missing.joined(separator: ", ")); install Kratix's CustomResourceDefinitions first"
    case .sandboxHasControllers(let path):
      "the sandbox in \(path) runs its own controllers; start it without them: kubectl kratix sandbox up "
        + "--no-controllers --dir \(path)"
    }
  }
}
