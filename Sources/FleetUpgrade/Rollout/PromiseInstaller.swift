import KratixModel
import Kubernetes

/// Installs a Promise, or a new version of it, in one request: label and spec together, or Kratix would overwrite the
/// current revision in place (contract, section 6.7).
public struct PromiseInstaller: Sendable {
  /// Who manages the fields that we write.
  public static let fieldManager = "kubectl-kratix"
  private static let versionPointer =
    "/metadata/labels/" + KratixLabels.promiseVersion.replacing("/", with: "~1")
  private static let lastApplied = "kubectl.kubernetes.io/last-applied-configuration"

  let api: any KubernetesAPI

  public init(api: any KubernetesAPI) { self.api = api }

  /// Makes the live Promise say what `candidate` says: its whole spec, and its labels and annotations merged.
  ///
  /// A JSON patch that tests the generation and the version label which the plan was made for: somebody else's change in between is a conflict,
  /// not overwritten. Server-side apply would leave the fields in place that other managers own, so that a field which
  /// the candidate drops might stay.
  /// - Parameters:
  ///   - live: the Promise as the plan saw it; nil to create.
  ///   - isDryRun: only ask whether it would be admitted.
  /// - Returns: the Promise as the server stored it.
  /// - Throws: `StatusError`; 409 when the Promise was changed or created meanwhile.
  public func apply(_ candidate: Promise, over live: Promise?, isDryRun: Bool = false) async throws -> Promise {
    let options = WriteOptions(isDryRun: isDryRun, fieldManager: Self.fieldManager)
    guard let live else {
      var object = candidate.object
      object["status"] = nil
      return Promise(try await api.create(.promises, object, options: options))
    }
    return Promise(
      try await api.patch(
        .promises, namespace: nil, name: live.name, .json(Self.patch(from: live, to: candidate)), options: options))
  }

  /// The operations of the patch.
  static func patch(from live: Promise, to candidate: Promise) -> JSON {
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
    var operations: [JSON] = [
      // Kratix writes the status all the while: that is no change to be told of.
      ["op": "test", "path": "/metadata/generation", "value": .int(live.object.generation)],
      ["op": "add", "path": "/spec", "value": candidate.spec],
    ]
    if let version = live.object.labels[KratixLabels.promiseVersion] {
      operations.insert(
        ["op": "test", "path": .string(versionPointer), "value": .string(version)], at: 1)
    }
    operations += changes(of: "labels", from: live.object.labels, to: labels)
    operations += changes(of: "annotations", from: live.object.annotations, to: annotations)
    return .array(operations)
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
