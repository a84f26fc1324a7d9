import KratixModel
import Kubernetes

/// Installs a Promise, or a new version of it, in one request: label and spec together, or Kratix would overwrite the
/// current revision in place (contract, section 6.7).
public struct PromiseInstaller: Sendable {
  /// Who manages the fields that we write.
  public static let fieldManager = "kubectl-kratix"
  private static let lastApplied = "kubectl.kubernetes.io/last-applied-configuration"

  let api: any KubernetesAPI

  public init(api: any KubernetesAPI) { self.api = api }

  /// Makes the live Promise say what `candidate` says: its whole spec, and its labels and annotations merged.
  ///
  /// A JSON patch that tests the version which the plan was made for: somebody else's change in between is a conflict,
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
    let labels = live.object.labels.merging(candidate.object.labels) { _, new in new }
    var operations: [JSON] = [
      ["op": "test", "path": "/metadata/resourceVersion", "value": .string(live.object.resourceVersion)],
      ["op": "add", "path": "/spec", "value": candidate.spec],
    ]
    if labels != live.object.labels {
      operations.append(["op": "add", "path": "/metadata/labels", "value": JSON(labels)])
    }
    if annotations != live.object.annotations {
      operations.append(["op": "add", "path": "/metadata/annotations", "value": JSON(annotations)])
    }
    return .array(operations)
  }
}
