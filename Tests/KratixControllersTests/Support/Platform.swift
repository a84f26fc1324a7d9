import APIServer
import Foundation
import KratixModel
import Kubernetes
import Logging
import Synchronization
import Testing

@testable import KratixControllers
@testable import Sandbox

/// A platform for one test: an API server in memory, Kratix's kinds and controllers, and somebody who completes the Jobs.
final class Platform: Sendable {
  let api: LocalAPI
  let transitions: TransitionRecorder

  private init(api: LocalAPI, transitions: TransitionRecorder) {
    self.api = api
    self.transitions = transitions
  }

  /// Runs the body on a platform, and takes the platform down.
  static func run(
    pace: Pace = .fast, script: JobScript = JobScript(), recording: [ResourceType] = [],
    configuration: KratixConfiguration = .standard, fetcher: (any PromiseFetcher)? = nil,
    _ body: @Sendable @escaping (Platform) async throws -> Void
  ) async throws {
    var logger = Logger(label: "test")
    logger.logLevel = .error
    let server = try APIServer(configuration: APIServer.Configuration(stateDirectory: nil, logger: logger))
    try await server.start()
    let kratix = server.api(
      as: .serviceAccount(namespace: KratixNames.systemNamespace, name: KratixNames.controllerServiceAccount))
    _ = try await kratix.create(
      .namespaces, KubernetesObject(apiVersion: "v1", kind: "Namespace", name: KratixNames.systemNamespace))
    for definition in KratixDefinitions.all { _ = try await kratix.create(.customResourceDefinitions, definition) }
    let person = server.api(as: .administrator)
    let transitions = TransitionRecorder()
    let manager = KratixManager(
      api: kratix, pace: pace, configuration: configuration, fetcher: fetcher, logger: logger)
    let finished = try await withThrowingTaskGroup(of: Bool.self) { group in
      for type in recording {
        group.addTask {
          try await transitions.record(type, api: person); return false
        }
      }
      group.addTask {
        try await manager.run(); return false
      }
      group.addTask {
        try await JobCompleter(api: kratix, script: script).run(); return false
      }
      group.addTask {
        try await body(Platform(api: person, transitions: transitions))
        return true
      }
      defer { group.cancelAll() }
      return try await group.next() ?? false
    }
    await server.stop()
    #expect(finished, "the controllers ended before the test")
  }

  func apply(_ yaml: String) async throws {
    for document in try YAML.documents(yaml) where !document.isNull {
      let object = KubernetesObject(document)
      let type = try #require(try await resourceType(object.groupVersionKind), "no kind \(object.kind)")
      if let existing = try await api.find(type, namespace: object.namespace, name: object.name) {
        var changed = existing
        changed.spec = object.spec
        changed.labels = object.labels
        _ = try await api.update(type, changed)
      } else {
        _ = try await api.create(type, object)
      }
    }
  }

  private func resourceType(_ kind: GroupVersionKind) async throws -> ResourceType? {
    try await api.resourceType(for: kind)
  }

  /// Waits for a state of an object, however long that takes (a test has a time limit of its own).
  @discardableResult
  func wait(
    for type: ResourceType, _ name: String? = nil, namespace: String? = nil,
    _ isReached: @Sendable (KubernetesObject) -> Bool
  ) async throws -> KubernetesObject {
    for try await event in api.observe(type, namespace: namespace) {
      switch event {
      case .snapshot(let objects):
        if let found = objects.first(where: { (name == nil || $0.name == name) && isReached($0) }) { return found }
      case .added(let object), .modified(let object):
        if name == nil || object.name == name, isReached(object) { return object }
      case .deleted: break
      }
    }
    throw CancellationError()
  }

  func waitUntilGone(_ type: ResourceType, _ name: String, namespace: String? = nil) async throws {
    for try await event in api.observe(type, namespace: namespace) {
      switch event {
      case .snapshot(let objects): if !objects.contains(where: { $0.name == name }) { return }
      case .deleted(let object): if object.name == name { return }
      case .added, .modified: break
      }
    }
    throw CancellationError()
  }

  /// Sets a label, or takes it away.
  func label(_ type: ResourceType, _ name: String, namespace: String? = nil, _ key: String, _ value: String?)
    async throws
  {
    _ = try await api.patch(
      type, namespace: namespace, name: name,
      .merge(["metadata": ["labels": .object([key: value.map(JSON.string) ?? .null])]]))
  }
}
