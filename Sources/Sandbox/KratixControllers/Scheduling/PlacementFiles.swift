import Kubernetes
import KratixModel

/// Where the files of WorkPlacements lie in a state store, and what a write or a deletion changes there (contract,
/// sections 8.1 and 8.2). Paths are relative to the state store's own path.
public enum PlacementFiles {
  /// The directory that is a WorkPlacement's own in mode `nestedByMetadata`.
  public static func nestedDirectory(_ placement: WorkPlacement, destination: Destination) -> String {
    let group = String(placement.groupID.prefix(5))
    if placement.resourceName.isEmpty {
      return StateStorePath.join(
        destination.path, "dependencies", placement.promiseName, placement.pipelineName, group)
    }
    return StateStorePath.join(
      destination.path, "resources", placement.namespace, placement.promiseName, placement.resourceName,
      placement.pipelineName, group)
  }

  /// Where mode `none` notes which files a WorkPlacement has written.
  public static func recordPath(_ placement: WorkPlacement, destination: Destination) -> String {
    StateStorePath.join(destination.path, ".kratix", "\(placement.namespace)-\(placement.name).yaml")
  }

  public static func aggregatedPath(_ destination: Destination) -> String {
    StateStorePath.join(destination.path, destination.aggregatedFilename)
  }

  /// What has to be known before a write or a deletion can be planned; a case for each filepath mode.
  public enum Context: Sendable, Hashable {
    case nested
    /// The paths that the WorkPlacement's record names; empty when there is no record.
    case recorded([String])
    /// The WorkPlacements of the destination.
    case aggregated([WorkPlacement])
  }

  /// What writing a WorkPlacement's files changes.
  /// - Throws: `StateStoreError` when a content cannot be decoded.
  public static func write(
    _ placement: WorkPlacement, to destination: Destination, context: Context
  ) throws(StateStoreError) -> StateStoreChange {
    let message = "Update from: \(placement.name)"
    switch context {
    case .nested:
      let directory = nestedDirectory(placement, destination: destination)
      return StateStoreChange(
        replacing: directory, files: try files(of: placement, under: directory), message: message)
    case .recorded(let before):
      var files = try files(of: placement, under: destination.path)
      let paths = files.map(\.path)
      files.append(
        StateStoreFile(path: recordPath(placement, destination: destination), text: recordText(paths)))
      return StateStoreChange(files: files, removals: before.filter { !paths.contains($0) }, message: message)
    case .aggregated(let all):
      return try aggregated(all, at: destination, message: message)
    }
  }

  /// What deleting a WorkPlacement changes.
  public static func delete(
    _ placement: WorkPlacement, from destination: Destination, context: Context
  ) throws(StateStoreError) -> StateStoreChange {
    let message = "Delete from: \(placement.name)"
    switch context {
    case .nested:
      return StateStoreChange(replacing: nestedDirectory(placement, destination: destination), message: message)
    case .recorded(let before):
      return StateStoreChange(
        removals: before + [recordPath(placement, destination: destination)], message: message)
    case .aggregated(let all):
      return try aggregated(
        all.filter { $0.name != placement.name || $0.namespace != placement.namespace }, at: destination,
        message: message)
    }
  }

  private static func aggregated(
    _ all: [WorkPlacement], at destination: Destination, message: String
  ) throws(StateStoreError) -> StateStoreChange {
    let path = aggregatedPath(destination)
    var contents: [[UInt8]] = []
    for placement in all.filter({ !$0.object.isBeingDeleted }).sorted(by: { $0.name < $1.name }) {
      contents += try files(of: placement, under: "").map(\.bytes)
    }
    if contents.isEmpty { return StateStoreChange(removals: [path], message: message) }
    let joined = Array(contents.joined(separator: Array("\n---\n".utf8)))
    return StateStoreChange(files: [StateStoreFile(path: path, bytes: joined)], message: message)
  }

  private static func files(
    of placement: WorkPlacement, under directory: String
  ) throws(StateStoreError) -> [StateStoreFile] {
    var files: [StateStoreFile] = []
    for workload in placement.workloads {
      // A path that leaves its directory is refused in silence (contract, section 8.5).
      guard let inner = StateStorePath.normalized(workload.filepath), !inner.isEmpty else { continue }
      do {
        files.append(StateStoreFile(path: StateStorePath.join(directory, inner), bytes: try workload.bytes()))
      } catch {
        throw StateStoreError("cannot decode the content of \(workload.filepath): \(error)")
      }
    }
    return files
  }

  /// `files:` and the paths, as YAML.
  static func recordText(_ paths: [String]) -> String { YAML.text(["files": JSON(paths)]) }

  /// The paths that a record names.
  /// - Throws: `StateStoreError` when it is not a record.
  static func recordedPaths(_ text: String) throws(StateStoreError) -> [String] {
    let record: JSON
    do {
      record = try YAML.parse(text)
    } catch {
      throw StateStoreError("not YAML: \(error)")
    }
    guard let files = record["files"], !files.isNull else { return [] }
    guard let paths = files.stringArrayValue else { throw StateStoreError("`files` is not a list of paths") }
    return paths
  }
}

/// The two files that show that a destination reads its state store (contract, section 8.3).
public enum CanaryFiles {
  public static let name = "kratix-canary"

  public static func files(of destination: Destination) -> [StateStoreFile] {
    let isNested = destination.filepathMode == .nestedByMetadata
    return [
      StateStoreFile(
        path: StateStorePath.join(destination.path, isNested ? "dependencies" : "", "kratix-canary-namespace.yaml"),
        text: YAML.text([
          "apiVersion": "v1", "kind": "Namespace", "metadata": ["name": "kratix-worker-system"], "spec": [:],
          "status": [:],
        ])),
      StateStoreFile(
        path: StateStorePath.join(destination.path, isNested ? "resources" : "", "kratix-canary-configmap.yaml"),
        text: YAML.text([
          "apiVersion": "v1",
          "data": ["canary": "this confirms your infrastructure is reading from Kratix state stores"],
          "kind": "ConfigMap", "metadata": ["name": "kratix-info", "namespace": "kratix-worker-system"],
        ])),
    ]
  }

  /// Writes them, or deletes them when the destination does not want any or goes away.
  public static func change(of destination: Destination) -> StateStoreChange {
    let files = files(of: destination)
    return destination.writesInitWorkloads && !destination.object.isBeingDeleted
      ? StateStoreChange(files: files, message: "Update from: \(name)")
      : StateStoreChange(removals: files.map(\.path), message: "Delete from: \(name)")
  }
}
