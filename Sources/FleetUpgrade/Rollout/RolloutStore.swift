import KratixModel
import Kubernetes

/// A Promise's rollouts in the cluster: one ConfigMap in Kratix's namespace, with the present or last rollout and a
/// short history.
public struct RolloutStore: Sendable {
  /// The record as the cluster has it.
  public struct Stored: Sendable {
    public var record: RolloutRecord
    /// Earlier rollouts, newest first.
    public var history: [RolloutRecord]
    var object: KubernetesObject

    /// The Promise as it was before, where no revision keeps it: its version stays, or it had none.
    public var before: Promise? { promise("before") }

    /// The Promise as it is to be, so that whoever goes on needs no file.
    public var after: Promise? { promise("after") }

    private func promise(_ key: String) -> Promise? {
      guard let content = object[path: "data", key]?.stringValue,
        let bytes = try? Gzip.decodedContent(content, limit: Gzip.defaultLimit),
        let json = try? JSON(parsing: String(decoding: bytes, as: UTF8.self))
      else { return nil }
      return Promise(KubernetesObject(json))
    }
  }

  static let historyLimit = 20

  let api: any KubernetesAPI
  let promise: String

  public init(api: any KubernetesAPI, promise: String) {
    self.api = api
    self.promise = promise
  }

  /// The name of the ConfigMap, and of the lease: bounded, whatever the Promise's name.
  public static func name(promise: String) -> String {
    RolloutNotice.configMapName(promise: promise)
  }

  private var name: String { Self.name(promise: promise) }

  /// nil when the Promise never had a rollout.
  /// - Throws: `StatusError`; `StrategyError` when the record cannot be read.
  public func load() async throws -> Stored? {
    guard let object = try await api.find(.configMaps, namespace: KratixNames.systemNamespace, name: name) else {
      return nil
    }
    return try Self.parse(object)
  }

  static func parse(_ object: KubernetesObject) throws -> Stored {
    let place = "ConfigMap \(object.qualifiedName)"
    func json(_ key: String) throws(StrategyError) -> JSON? {
      guard let text = object[path: "data", key]?.stringValue else { return nil }
      do {
        return try JSON(parsing: text)
      } catch {
        throw StrategyError("\(place): \(key) is not JSON: \(error)")
      }
    }
    guard let present = try json("record") else { throw StrategyError("\(place) has no record") }
    do {
      return Stored(
        record: try RolloutRecord(json: present),
        history: try (json("history")?.arrayValue ?? []).map { try RolloutRecord(json: $0) }, object: object)
    } catch let error as StrategyError {
      throw StrategyError("\(place): \(error.message)")
    }
  }

  /// Begins a rollout; the one before, if there was any, becomes history.
  /// - Throws: `StatusError`; 409 when somebody else began one at the same moment.
  /// - Parameters:
  ///   - live: the Promise as it is, kept when no revision keeps it.
  ///   - candidate: the Promise as it is to be.
  public func begin(
    _ record: RolloutRecord, from live: Promise, to candidate: Promise, after previous: Stored?
  ) async throws -> Stored {
    let isKeptElsewhere = RolloutOptions.whyNotPinned(from: live, to: candidate) == nil
    let kept = ["before": isKeptElsewhere ? nil : Self.kept(live), "after": Self.kept(candidate)]
    guard var previous else {
      var object = KubernetesObject(
        apiVersion: "v1", kind: "ConfigMap", name: name, namespace: KratixNames.systemNamespace)
      object.labels = ["app.kubernetes.io/managed-by": PromiseInstaller.fieldManager]
      object["data"] = ["record": .string(record.json.text()), "history": "[]"]
      for (key, value) in kept { object.json.set(value, at: ["data", key]) }
      return try Self.parse(try await api.create(.configMaps, object, options: Self.options))
    }
    for (key, value) in kept { previous.object.json.set(value, at: ["data", key]) }
    var stored = previous
    stored.history = Array(([previous.record] + previous.history).prefix(Self.historyLimit))
    return try await save(record, over: stored)
  }

  /// A Promise as the record keeps it: what a person wrote of it, compressed.
  private static func kept(_ promise: Promise) -> JSON {
    var object = KubernetesObject(apiVersion: promise.object.apiVersion, kind: "Promise", name: promise.name)
    object.labels = promise.object.labels
    object.annotations = promise.object.annotations
    object.annotations[PromiseInstaller.lastApplied] = nil
    object.spec = promise.spec
    return .string(Gzip.encodedContent(Array(object.json.text(.goCompact).utf8)))
  }

  /// Writes the record, if nobody wrote it since.
  /// - Throws: `StatusError`; 409 when somebody did.
  public func save(_ record: RolloutRecord, over stored: Stored) async throws -> Stored {
    var object = stored.object
    object.json.set(.string(record.json.text()), at: ["data", "record"])
    object.json.set(.string(JSON.array(stored.history.map(\.json)).text()), at: ["data", "history"])
    return try Self.parse(
      try await api.update(.configMaps, object, subresource: nil, options: Self.options))
  }

  /// Changes the record as `change` says; again when somebody else wrote it in between.
  public func change(_ change: @Sendable (inout RolloutRecord) throws -> Void) async throws -> Stored? {
    while let stored = try await load() {
      var record = stored.record
      try change(&record)
      if record == stored.record { return stored }
      do {
        return try await save(record, over: stored)
      } catch let error as StatusError where error.reason == .conflict {
        continue
      }
    }
    return nil
  }

  static let options = WriteOptions(fieldManager: PromiseInstaller.fieldManager)
}
