import Kubernetes
import Synchronization

/// What is served at present: the built-in kinds and those of established CustomResourceDefinitions.
final class ResourceRegistry: Sendable {
  private struct Path: Hashable {
    var group: String
    var version: String
    var plural: String
  }

  private struct State {
    var kinds: [Path: ServedKind] = [:]
    var byCollection: [String: ServedKind] = [:]
    var byDefinition: [String: [ServedKind]] = [:]
    /// The resourceVersion of each definition that was seen last.
    var definitionVersions: [String: UInt64] = [:]
    var resources: [ServedResource] = []
    var stamp: UInt64 = 1
  }

  private let state = Mutex(State())

  init() {
    let builtIn = BuiltInResources.all.map { ServedKind($0, rules: KindRules.forBuiltIn($0.type)) }
    state.withLock { state in
      for kind in builtIn { Self.add(kind, to: &state) }
      state.resources = builtIn.map(\.resource)
    }
  }

  func kind(group: String, version: String, plural: String) -> ServedKind? {
    state.withLock { $0.kinds[Path(group: group, version: version, plural: plural)] }
  }

  func kind(_ type: ResourceType) -> ServedKind? {
    kind(group: type.group, version: type.version, plural: type.plural)
  }

  func kind(for wanted: GroupVersionKind) -> ServedKind? {
    state.withLock { state in
      state.kinds.values.first { $0.type.groupVersionKind == wanted && !$0.resource.isReview }
    }
  }

  /// A kind of a group in any version: how an ownerReference names one.
  func kind(group: String, kind: String) -> ServedKind? {
    state.withLock { state in
      state.byCollection.values.first { $0.type.group == group && $0.type.kind == kind && !$0.resource.isReview }
    }
  }

  /// The kind that serves what a collection holds, in the version it is kept in where that is served.
  func kind(collection: String) -> ServedKind? { state.withLock { $0.byCollection[collection] } }

  var resources: [ServedResource] { state.withLock { $0.resources } }

  /// Changes whenever what is served changes; discovery documents are made once for each value.
  var stamp: UInt64 { state.withLock { $0.stamp } }

  func serves(group: String) -> Bool { state.withLock { state in state.resources.contains { $0.type.group == group } } }

  func serves(group: String, version: String) -> Bool {
    state.withLock { state in state.resources.contains { $0.type.group == group && $0.type.version == version } }
  }

  /// Serves a definition as it is now; not at all when it is not established, or nil.
  /// - Returns: Whether that changes what is served.
  func setDefinition(_ name: String, _ definition: KubernetesObject?) -> Bool {
    state.withLock { state in
      // Two writes may come here in the other order: the later one counts.
      let version = definition.flatMap { UInt64($0.resourceVersion) } ?? .max
      if definition != nil {
        guard version >= state.definitionVersions[name] ?? 0 else { return false }
        state.definitionVersions[name] = version
      }
      let kinds = definition.map { DefinitionKind.kinds(of: $0, stamp: state.stamp + 1) } ?? []
      let present = state.byDefinition[name] ?? []
      if kinds.map(\.resource) == present.map(\.resource), kinds.map(\.isTerminating) == present.map(\.isTerminating) {
        return false
      }
      state.stamp += 1
      for old in state.byDefinition[name] ?? [] {
        state.kinds[Path(group: old.type.group, version: old.type.version, plural: old.type.plural)] = nil
        state.byCollection[old.collection] = nil
      }
      state.byDefinition[name] = kinds.isEmpty ? nil : kinds
      for kind in kinds { Self.add(kind, to: &state) }
      state.resources.removeAll { $0.definitionName == name }
      state.resources += kinds.map(\.resource)
      return true
    }
  }

  private static func add(_ kind: ServedKind, to state: inout State) {
    state.kinds[Path(group: kind.type.group, version: kind.type.version, plural: kind.type.plural)] = kind
    if state.byCollection[kind.collection] == nil || kind.storageAPIVersion == kind.type.apiVersion {
      state.byCollection[kind.collection] = kind
    }
  }
}
