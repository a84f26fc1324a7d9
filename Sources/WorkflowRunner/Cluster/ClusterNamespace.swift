import Foundation
import KratixModel
import Kubernetes
import Programs

/// The namespace that one process runs its pipelines in: everything that it writes is there, and goes with it.
struct ClusterNamespace: Sendable {
  static let label = "app.kubernetes.io/managed-by"
  static let labelValue = "kubectl-kratix-preview"
  /// When its maker last said that it lives, RFC 3339.
  static let aliveAnnotation = "kubectl-kratix/alive-at"
  /// Which process made it.
  static let makerAnnotation = "kubectl-kratix/maker"

  /// How often the maker says that it lives.
  static let beat = Duration.seconds(60)
  /// After how long without a word it is taken for dead; far longer than clocks differ.
  static let silence: Double = 600

  let api: any KubernetesAPI
  let name: String
  /// What owns all that is made in it.
  let owner: OwnerReference

  /// Makes a namespace with what isolates it.
  static func make(in api: any KubernetesAPI, allowsNetwork: Bool) async throws -> ClusterNamespace {
    var namespace = KubernetesObject(apiVersion: "v1", kind: "Namespace", name: KratixNames.random("kratix-preview"))
    namespace.labels = [label: labelValue]
    namespace.annotations = [aliveAnnotation: now, makerAnnotation: Maker.current.text]
    let made = try await api.create(.namespaces, namespace)
    do {
      var anchor = KubernetesObject(apiVersion: "v1", kind: "ConfigMap", name: "preview", namespace: made.name)
      anchor.labels = [label: labelValue]
      anchor = try await api.create(.configMaps, anchor)
      if !allowsNetwork { _ = try await api.create(.networkPolicies, isolation(made.name)) }
      return ClusterNamespace(api: api, name: made.name, owner: OwnerReference(to: anchor, controller: false))
    } catch {
      try? await Task { try await remove(made.name, in: api) }.value
      throw error
    }
  }

  /// Nothing in, nothing out: as much as the cluster's network enforces it.
  private static func isolation(_ namespace: String) -> KubernetesObject {
    var policy = KubernetesObject(
      apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy", name: "no-network", namespace: namespace)
    policy.labels = [label: labelValue]
    policy.spec = ["podSelector": [:], "policyTypes": ["Ingress", "Egress"]]
    return policy
  }

  /// Says again and again that the maker lives, until the task is cancelled.
  func keepAlive() async {
    while (try? await Task.sleep(for: Self.beat)) != nil {
      _ = try? await api.patch(
        .namespaces, namespace: nil, name: name,
        .merge(["metadata": ["annotations": [Self.aliveAnnotation: .string(Self.now)]]]))
    }
  }

  /// Removes it with all that is in it. - Throws: faults of the API, other than that it is gone.
  func remove() async throws { try await Self.remove(name, in: api) }

  /// Removes what processes have left that ended without doing so.
  static func sweep(_ api: any KubernetesAPI) async throws {
    for namespace in try await api.listAll(.namespaces, labelSelector: "\(label)=\(labelValue)").items {
      guard !namespace.isBeingDeleted, isLeft(namespace) else { continue }
      try await remove(namespace.name, in: api)
    }
  }

  private static func remove(_ name: String, in api: any KubernetesAPI) async throws {
    do {
      try await api.delete(.namespaces, namespace: nil, name: name, options: DeleteOptions(propagation: .background))
    } catch let error as StatusError where error.reason == .notFound || error.reason == .conflict {
    }
  }

  /// Whether the maker of a namespace has ended: known at once of processes of this machine, and of others by their
  /// silence.
  static func isLeft(_ namespace: KubernetesObject, now: Double = Date().timeIntervalSince1970) -> Bool {
    if let lives = namespace.annotations[makerAnnotation].flatMap(Maker.init(text:))?.isAlive { return !lives }
    guard let word = namespace.annotations[aliveAnnotation].flatMap(Timestamp.secondsSince1970) else { return false }
    return now - word > silence
  }

  private static var now: String { Timestamp.text(secondsSince1970: Int64(Date().timeIntervalSince1970)) }
}

extension ResourceType {
  static let networkPolicies = ResourceType(
    group: "networking.k8s.io", version: "v1", plural: "networkpolicies", kind: "NetworkPolicy", isNamespaced: true)
}

/// A process, so that another one can tell whether it still runs.
struct Maker: Sendable, Hashable {
  /// Of the machine since it started, and of the view on its processes; empty when the system does not say.
  var machine: String
  var process: Int32
  /// When it was started, in the system's ticks: numbers of processes are used again.
  var started: String

  static let current = Maker(
    machine: machine, process: getpid(), started: started(getpid()) ?? "")

  var text: String { "\(machine)/\(process)/\(started)" }

  init(machine: String, process: Int32, started: String) {
    self.machine = machine
    self.process = process
    self.started = started
  }

  init?(text: String) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 3, let process = Int32(parts[1]) else { return nil }
    self.init(machine: parts[0], process: process, started: parts[2])
  }

  /// nil for a process of another machine.
  var isAlive: Bool? {
    guard !machine.isEmpty, machine == Self.machine else { return nil }
    return Self.started(process) == started
  }

  private static let machine: String = {
    guard let boot = try? String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8),
      let view = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/ns/pid")
    else { return "" }
    return Hashes.md5(boot + view)
  }()

  /// nil when it has ended.
  private static func started(_ process: Int32) -> String? {
    ProcessStatus(of: process).flatMap { $0.isZombie ? nil : $0.start }
  }
}
