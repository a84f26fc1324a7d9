import KratixModel
import Kubernetes

/// Installs a Promise, or a new version of it, label and spec in one request, or Kratix would overwrite the current
/// revision in place (contract, section 6.7).
public struct PromiseInstaller: Sendable {
  /// Who manages the fields that we write.
  public static let fieldManager = "kubectl-kratix"
  private static let versionPointer =
    "/metadata/labels/" + KratixLabels.promiseVersion.replacing("/", with: "~1")
  static let lastApplied = "kubectl.kubernetes.io/last-applied-configuration"
  /// Kratix writes a Promise's status many times while it works (contract, section 4.1).
  private static let attempts = 50

  let api: any KubernetesAPI

  public init(api: any KubernetesAPI) { self.api = api }

  /// Makes the live Promise say what `candidate` says: its whole spec, and its labels and annotations merged, by
  /// server-side apply.
  ///
  /// Applying leaves alone what other managers own; so that a field which the candidate drops goes, the ownership of the
  /// spec is taken over first, in a request that changes nothing else.
  /// - Parameter live: the Promise as the plan saw it; nil to create.
  /// - Returns: the Promise as the server stored it.
  /// - Throws: `StatusError`; 409 when the spec or the version was changed meanwhile, or the Promise was created.
  public func apply(_ candidate: Promise, over live: Promise?) async throws -> Promise {
    guard let live else {
      var object = candidate.object
      object["status"] = nil
      return Promise(try await api.create(.promises, object, options: WriteOptions(fieldManager: Self.fieldManager)))
    }
    var seen = live
    var attempt = 1
    while true {
      do {
        if let request = Self.takeover(of: seen, for: candidate) {
          seen = Promise(try await patch(live.name, .json(request)))
        }
        return Promise(try await patch(live.name, .apply(Self.configuration(of: candidate, over: seen)), force: true))
      } catch let error as StatusError where error.reason == .conflict && attempt < Self.attempts {
        seen = Promise(try await api.get(.promises, name: live.name))
        // Its status was written in between, or something else was: only what the plan was made for is replaced.
        guard seen.object.uid == live.object.uid, seen.revisionVersion == live.revisionVersion,
          PromiseSpec.normalized(seen.spec) == PromiseSpec.normalized(live.spec)
        else { throw error }
        attempt += 1
      }
    }
  }

  /// Asks whether the Promise would be admitted; nothing is stored.
  /// - Throws: `StatusError`: the refusal; 409 and 422 also when the Promise was changed or created meanwhile.
  public func ask(_ candidate: Promise, over live: Promise?) async throws {
    let options = WriteOptions(isDryRun: true, fieldManager: Self.fieldManager)
    guard let live else {
      var object = candidate.object
      object["status"] = nil
      _ = try await api.create(.promises, object, options: options)
      return
    }
    _ = try await api.patch(
      .promises, namespace: nil, name: live.name, .json(Self.outcome(of: candidate, over: live)), options: options)
  }

  private func patch(_ name: String, _ body: Patch, force: Bool = false) async throws -> KubernetesObject {
    try await api.patch(
      .promises, namespace: nil, name: name, body,
      options: WriteOptions(fieldManager: Self.fieldManager, force: force))
  }

  // MARK: The requests

  /// The patch that makes us the manager of the spec's fields; nil when nobody else is.
  static func takeover(of live: Promise, for candidate: Promise) -> JSON? {
    var paths = [["spec"]]
    // A label that is to go has to be ours as well.
    if candidate.version == nil { paths.append(["metadata", "labels", KratixLabels.promiseVersion]) }
    guard let fields = FieldOwnership.takenOver(paths, of: live.object, by: fieldManager) else { return nil }
    return [
      ["op": "replace", "path": "/metadata/resourceVersion", "value": .string(live.object.resourceVersion)],
      // A list that is not there cannot be replaced.
      ["op": "add", "path": "/metadata/managedFields", "value": fields],
    ]
  }

  /// What is applied over the live Promise as it is seen, and over no other.
  static func configuration(of candidate: Promise, over live: Promise) -> JSON {
    var object = KubernetesObject(apiVersion: live.object.apiVersion, kind: "Promise", name: live.name)
    object.metadata["resourceVersion"] = .string(live.object.resourceVersion)
    let wanted = wanted(candidate, over: live)
    // What we applied before and leave out now would go: labels and annotations are merged.
    let labels = FieldOwnership.keys(of: ["metadata", "labels"], in: live.object, appliedBy: fieldManager)
    let annotations = FieldOwnership.keys(of: ["metadata", "annotations"], in: live.object, appliedBy: fieldManager)
    object.labels = wanted.labels.filter { labels.contains($0.key) || candidate.object.labels[$0.key] != nil }
    object.annotations = wanted.annotations.filter { key, value in
      annotations.contains(key) || value != live.object.annotations[key] || candidate.object.annotations[key] != nil
    }
    object.spec = wanted.spec
    return object.json
  }

  /// The operations that make of the live Promise what applying makes of it: for a dry-run, in which nothing can be taken
  /// over first.
  static func outcome(of candidate: Promise, over live: Promise) -> JSON {
    let wanted = wanted(candidate, over: live)
    var operations: [JSON] = [
      // Kratix writes the status all the while: that is no change to be told of.
      ["op": "test", "path": "/metadata/generation", "value": .int(live.object.generation)],
      ["op": "add", "path": "/spec", "value": wanted.spec],
    ]
    if let version = live.object.labels[KratixLabels.promiseVersion] {
      operations.insert(
        ["op": "test", "path": .string(versionPointer), "value": .string(version)], at: 1)
    }
    operations += changes(of: "labels", from: live.object.labels, to: wanted.labels)
    operations += changes(of: "annotations", from: live.object.annotations, to: wanted.annotations)
    return .array(operations)
  }

  private static func wanted(
    _ candidate: Promise, over live: Promise
  ) -> (spec: JSON, labels: [String: String], annotations: [String: String]) {
    var annotations = live.object.annotations.merging(candidate.object.annotations) { _, new in new }
    if annotations[lastApplied] != nil {
      // So that a later kubectl apply finds what it compares with, as kubectl's own server-side apply leaves it.
      var applied = candidate.object
      applied["status"] = nil
      var metadata = applied.metadata
      metadata["annotations"] = metadata["annotations"] ?? .emptyObject
      applied.metadata = metadata
      annotations[lastApplied] = applied.json.text(.goCompact) + "\n"
    }
    var labels = live.object.labels.merging(candidate.object.labels) { _, new in new }
    if candidate.version == nil { labels[KratixLabels.promiseVersion] = nil }
    return (spec(candidate.spec, over: live.spec), labels, annotations)
  }

  /// The candidate's spec, with the empty objects that Kratix's own writes have added to the live one: without them the
  /// next such write would be another change of the spec, and run the whole fleet again (contract, sections 3.3 and 6.1).
  private static func spec(_ candidate: JSON, over live: JSON) -> JSON {
    var spec = candidate
    guard live["workflows"]?.objectValue != nil else { return spec }
    if spec["workflows"].map(\.isNull) ?? true { spec["workflows"] = .emptyObject }
    for key in ["config", "promise", "resource"] where live[path: "workflows", key]?.objectValue != nil {
      if spec[path: "workflows", key].map(\.isNull) ?? true { spec.set(.emptyObject, at: ["workflows", key]) }
    }
    return spec
  }

  /// One operation for each key, so that what others write meanwhile stays.
  private static func changes(of map: String, from old: [String: String], to new: [String: String]) -> [JSON] {
    if old == new { return [] }
    if old.isEmpty { return [["op": "add", "path": .string("/metadata/\(map)"), "value": JSON(new)]] }
    return Set(old.keys).union(new.keys).sorted().compactMap { key in
      guard old[key] != new[key] else { return nil }
      let pointer = "/metadata/\(map)/" + key.replacing("~", with: "~0").replacing("/", with: "~1")
      guard let value = new[key] else { return ["op": "remove", "path": .string(pointer)] }
      return ["op": "add", "path": .string(pointer), "value": .string(value)]
    }
  }
}
