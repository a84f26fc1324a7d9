import KratixModel
import Kubernetes

/// A file that Kratix wrote for a resource in filepath mode `nestedByMetadata`.
struct StoredFile: Hashable {
  /// `NAMESPACE/NAME`.
  var resource: String
  var key: Outputs.Key

  /// - Parameter path: below the directory, of any root.
  init?(_ path: [String], promise: String) {
    // The last `resources` that fits, so that a checkout may have a folder of that name above it.
    for index in path.indices.reversed() where path[index] == "resources" {
      let rest = path[(index + 1)...]
      guard rest.count >= 6, rest[rest.startIndex + 1] == promise, Self.isGroupID(rest[rest.startIndex + 4]) else {
        continue
      }
      let start = rest.startIndex
      resource = "\(rest[start])/\(rest[start + 2])"
      key = Outputs.Key(pipeline: rest[start + 3], path: rest[(start + 5)...].joined(separator: "/"))
      return
    }
    return nil
  }

  /// The first five digits of a group's id.
  static func isGroupID(_ text: some StringProtocol) -> Bool {
    text.utf8.count == 5 && text.utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
  }
}

/// What Kratix has noted of a WorkPlacement's files in filepath mode `none`: `ROOT/.kratix/NAMESPACE-WORKPLACEMENT.yaml`
/// (contract, section 8.1).
struct PlacementRecord: Sendable {
  /// Below the directory.
  var file: [String]

  /// - Returns: nil when the path is not one of a record.
  init?(_ path: [String]) {
    guard path.count >= 2, path[path.count - 2] == ".kratix", path.last?.hasSuffix(".yaml") == true else { return nil }
    file = path
  }

  /// `NAMESPACE-WORKPLACEMENT`.
  var name: String { String((file.last ?? "").dropLast(".yaml".count)) }
  var shown: String { file.joined(separator: "/") }

  struct Failure: Error {
    var reason: String
  }

  /// The paths that it names, below the state store's own path.
  func paths(in bytes: [UInt8]) throws(Failure) -> [[String]] {
    guard let text = String(validating: bytes, as: UTF8.self) else { throw Failure(reason: "\(shown) is not UTF-8") }
    let record: JSON
    do {
      record = try YAML.parse(text)
    } catch {
      throw Failure(reason: "\(shown):\(error.line):\(error.column): not YAML: \(error.reason)")
    }
    guard let files = record["files"], !files.isNull else { return [] }
    guard let paths = files.stringArrayValue else { throw Failure(reason: "\(shown): `files` is no list of paths") }
    return paths.map { $0.split(separator: "/").map(String.init) }
  }

  /// Where a file that the record names can lie: its path begins with the destination's, in whose directory the record
  /// is. The longest beginning first.
  func places(of path: [String]) -> [(file: [String], belowDestination: [String])] {
    let root = Array(file.dropLast(2))
    return (0...min(root.count, max(path.count - 1, 0))).reversed().compactMap { count in
      guard root.suffix(count) == path.prefix(count) else { return nil }
      return (root.dropLast(count) + path, Array(path.dropFirst(count)))
    }
  }
}

/// Which resource a WorkPlacement is of, told by its name `WORK.DESTINATION-GROUP`, the Work's being
/// `PROMISE-RESOURCE-PIPELINE-` and five random digits (contract, section 3.2).
struct PlacementOwners {
  struct Owner: Hashable {
    /// `NAMESPACE/NAME`.
    var resource: String
    var pipeline: String
  }

  private let promise: String
  private let pipelines: [String]
  private let pipelineNamespaces: [String?]
  private let resources: [(namespace: String, name: String)]

  /// - Parameters:
  ///   - versions: the Promise as far as its versions are known.
  ///   - resources: all of the Promise's.
  init(versions: [Promise], promise: String, resources: [KubernetesObject]) {
    self.promise = promise
    pipelines = Set(versions.flatMap { $0.pipelines(.resource, .configure).map(\.name) }).sorted()
    pipelineNamespaces = Array(Set(versions.map(\.pipelineNamespace)))
    self.resources = resources.map { ($0.namespace ?? "", $0.name) }
  }

  /// All that the name fits: one of another Promise has none, and more than one cannot be told from each other.
  /// - Parameter name: `NAMESPACE-WORKPLACEMENT`.
  func owners(of name: String) -> [Owner] {
    let known = Set(
      candidates().flatMap { beginning, resource in
        pipelines.compactMap { pipeline -> Owner? in
          // Long names are cut, and say less.
          let stem = KratixNames.processed("\(beginning.stem)\(pipeline)")
          let start = "\(beginning.namespace)-\(stem)-"
          guard name.hasPrefix(start), Self.isEnd(name.dropFirst(start.count)) else { return nil }
          return Owner(resource: resource, pipeline: pipeline)
        }
      })
    if !known.isEmpty { return known.sorted { $0.resource < $1.resource } }
    // A pipeline that no known version has.
    let others = Set(
      candidates().compactMap { beginning, resource -> Owner? in
        let start = "\(beginning.namespace)-\(beginning.stem)"
        guard name.hasPrefix(start) else { return nil }
        let rest = name.dropFirst(start.count)
        guard let dash = rest.indices.first(where: { rest[$0] == "-" && Self.isEnd(rest[rest.index(after: $0)...]) })
        else { return nil }
        return dash == rest.startIndex ? nil : Owner(resource: resource, pipeline: String(rest[..<dash]))
      })
    return others.sorted { $0.resource < $1.resource }
  }

  private func candidates() -> [(beginning: (namespace: String, stem: String), resource: String)] {
    resources.flatMap { namespace, name in
      pipelineNamespaces.map { home in
        let words = home == nil ? [promise, name] : [promise, name, namespace]
        return ((home ?? namespace, words.joined(separator: "-") + "-"), "\(namespace)/\(name)")
      }
    }
  }

  /// Whether a text is five digits, a dot, the destination, a dash and the group's id.
  private static func isEnd(_ text: Substring) -> Bool {
    let digits = text.prefix(5)
    guard StoredFile.isGroupID(digits), text.dropFirst(5).first == "." else { return false }
    let rest = text.dropFirst(6)
    return rest.count > 6 && StoredFile.isGroupID(rest.suffix(5)) && rest.dropLast(5).last == "-"
  }
}

/// A file of filepath mode `aggregatedYAML`: the manifests of all resources that a destination has, and nothing of whose
/// they are (contract, section 8.1).
struct AggregatedFile: Sendable {
  /// Below the directory.
  var path: String
  var manifests: [ObjectID: JSON]

  /// Whether a path is that of such a file: one that a destination names, or Kratix's default for it.
  static func isOne(_ path: [String], destinations: [Destination]) -> Bool {
    if path.last == "aggregated.yaml" { return true }
    return destinations.contains { destination in
      guard destination.filepathMode == .aggregatedYAML else { return false }
      let file = "\(destination.path)/\(destination.aggregatedFilename)".split(separator: "/").map(String.init)
      return path.suffix(file.count) == file[...]
    }
  }

  struct Failure: Error {
    var reason: String
  }

  init(path: String, bytes: [UInt8]) throws(Failure) {
    self.path = path
    guard let text = String(validating: bytes, as: UTF8.self) else { throw Failure(reason: "\(path) is not UTF-8") }
    let documents: [JSON]
    do {
      documents = try YAML.documents(text)
    } catch {
      throw Failure(reason: "\(path):\(error.line):\(error.column): not YAML: \(error.reason)")
    }
    manifests = [:]
    for (id, manifest) in documents.flatMap({ ObjectID.manifests($0) ?? [] }) { manifests[id] = manifest }
  }

  /// The file of one resource: what it is known to put out, as it is here; nil when nothing of that is.
  /// - Parameter ids: what the versions of the Promise put out for it.
  func part(of ids: Set<ObjectID>) -> (key: Outputs.Key, bytes: [UInt8])? {
    let own = ids.sorted().compactMap { manifests[$0] }
    guard !own.isEmpty else { return nil }
    let text = own.map { YAML.text($0) }.joined(separator: "---\n")
    return (Outputs.Key(pipeline: "", path: "\(path).yaml"), Array(text.utf8))
  }
}
