import Foundation
import KratixModel
import Kubernetes

/// A fleet in a directory, such as a checkout of the Git repository that its requests are in.
///
/// Requests are the objects of the Promise's kind, wherever their files are. What Kratix has written for them is found
/// by the state store's layout (contract, section 8.1): in mode `nestedByMetadata` by
/// `resources/NAMESPACE/PROMISE/NAME/PIPELINE/ID/FILE`, in mode `none` by the records in `.kratix`, and in mode
/// `aggregatedYAML` by what the versions of the Promise put out. Promises, revisions, bindings and destinations are taken
/// where they are there.
public struct FleetDirectory: Sendable {
  /// Larger files are no manifests.
  static let fileLimit = 16 << 20
  static let depthLimit = 64

  let path: String
  /// Files that are not part of the fleet: the candidate itself.
  let excluded: Set<String>

  /// - Parameter excluding: paths of files that are not part of the fleet.
  public init(path: String, excluding: [String] = []) {
    self.path = path
    excluded = Set(excluding.compactMap(Self.resolved))
  }

  /// - Throws: `FleetDirectoryError` when the directory itself cannot be read.
  public func fleet(of candidate: Promise, selection: FleetSelection = FleetSelection()) throws -> FleetSnapshot {
    guard let root = Self.resolved(path) else { throw FleetDirectoryError("\(path): there is no such directory") }
    var isDirectory: ObjCBool = false
    guard FileManager.default.fileExists(atPath: root, isDirectory: &isDirectory), isDirectory.boolValue else {
      throw FleetDirectoryError("\(path) is no directory")
    }
    var contents = Contents(candidate: candidate)
    try collect(root, relative: [], into: &contents)
    contents.readRecords(below: root)
    contents.readAggregates(below: root)
    return try contents.snapshot(selection)
  }

  private func collect(_ directory: String, relative: [String], into contents: inout Contents) throws {
    guard relative.count < Self.depthLimit else { return }
    let names: [String]
    do {
      names = try FileManager.default.contentsOfDirectory(atPath: directory).sorted()
    } catch {
      let shown = relative.isEmpty ? path : relative.joined(separator: "/")
      if relative.isEmpty { throw FleetDirectoryError("\(path): \(error.localizedDescription)") }
      contents.unreadable.append("\(shown): the directory cannot be read")
      return
    }
    for name in names where name != ".git" {
      let file = "\(directory)/\(name)"
      var status = stat()
      // Links are not followed: what they lead to is read where it is, or is no part of the directory.
      guard lstat(file, &status) == 0 else { continue }
      switch status.st_mode & S_IFMT {
      case S_IFDIR: try collect(file, relative: relative + [name], into: &contents)
      case S_IFREG:
        guard !excluded.contains(file) else { continue }
        read(file, size: Int(status.st_size), relative: relative + [name], into: &contents)
      default: continue
      }
    }
  }

  private func read(_ file: String, size: Int, relative: [String], into contents: inout Contents) {
    let stored = StoredFile(relative, promise: contents.candidate.name)
    let shown = relative.joined(separator: "/")
    guard size <= Self.fileLimit else {
      if stored != nil { contents.unreadable.append("\(shown) is larger than \(Self.fileLimit >> 20) MiB") }
      return
    }
    contents.files.insert(relative)
    if let record = PlacementRecord(relative) {
      contents.records.append(record)
      return
    }
    guard stored != nil || Self.isManifest(file) else { return }
    guard let data = FileManager.default.contents(atPath: file) else {
      contents.unreadable.append("\(shown) cannot be read")
      return
    }
    let bytes = Array(data)
    if let stored {
      contents.outputs[stored.resource, default: Outputs()].files[stored.key] = bytes
    } else {
      contents.add(bytes, file: shown)
    }
  }

  private static func isManifest(_ file: String) -> Bool {
    [".yaml", ".yml", ".json"].contains { file.hasSuffix($0) }
  }

  private static func resolved(_ path: String) -> String? {
    guard let pointer = realpath(path, nil) else { return nil }
    defer { free(pointer) }
    return String(cString: pointer)
  }
}

public struct FleetDirectoryError: Error, Sendable, CustomStringConvertible {
  public var description: String

  init(_ description: String) { self.description = description }
}

/// What was found.
private struct Contents {
  let candidate: Promise
  var outputs: [String: Outputs] = [:]
  var unreadable: [String] = []
  /// Every file that is small enough, by its path below the directory.
  var files: Set<[String]> = []
  var records: [PlacementRecord] = []
  /// Why what a resource has put out cannot be told, by qualified name.
  private var faults: [String: String] = [:]
  /// What the records name.
  private var recorded: Set<[String]> = []
  private var aggregates: [AggregatedFile] = []
  private var promises: [Promise] = []
  private var revisions: [PromiseRevision] = []
  private var bindings: [String: ResourceBinding] = [:]
  private var destinations: [Destination] = []
  /// By qualified name, with the file that each came from.
  private var requests: [String: (object: KubernetesObject, file: String)] = [:]

  init(candidate: Promise) { self.candidate = candidate }

  mutating func add(_ bytes: [UInt8], file: String) {
    let kind = candidate.api?.kind ?? ""
    guard let text = String(validating: bytes, as: UTF8.self) else { return }
    let documents: [JSON]
    do {
      documents = try YAML.documents(text)
    } catch {
      // Templates and the like are no requests; what names the kind is meant to be one.
      if text.contains("kind: \(kind)\n") {
        unreadable.append("\(file):\(error.line):\(error.column): not YAML: \(error.reason)")
      }
      return
    }
    for document in documents where document.objectValue != nil {
      let items =
        document["kind"]?.stringValue?.hasSuffix("List") == true ? document["items"]?.arrayValue : nil
      for item in items ?? [document] { add(KubernetesObject(item), file: file) }
    }
  }

  private mutating func add(_ object: KubernetesObject, file: String) {
    let kind = object.groupVersionKind
    if kind.group == candidate.api?.group, kind.kind == candidate.api?.kind {
      var object = object
      guard !object.name.isEmpty else {
        unreadable.append("\(file): a \(kind.kind) without metadata.name")
        return
      }
      if candidate.api?.isNamespaced ?? true, object.namespace == nil { object.namespace = "default" }
      if let other = requests[object.qualifiedName] {
        unreadable.append("\(file): \(object.qualifiedName) is in \(other.file) already, which was taken")
        return
      }
      requests[object.qualifiedName] = (object, file)
      return
    }
    guard kind.group == ResourceType.promises.groupVersionKind.group else { return }
    switch kind.kind {
    case "Promise": promises.append(Promise(object))
    case "PromiseRevision": revisions.append(PromiseRevision(object))
    case "ResourceBinding":
      let binding = ResourceBinding(object)
      if binding.promiseName == candidate.name { bindings["\(binding.namespace)/\(binding.resourceName)"] = binding }
    case "Destination": destinations.append(Destination(object))
    default: break
    }
  }

  private static func bytes(_ path: [String], below root: String) -> [UInt8]? {
    FileManager.default.contents(atPath: "\(root)/\(path.joined(separator: "/"))").map(Array.init)
  }

  /// The outputs of mode `none`. What its records leave open is a fault of the resources that it is about.
  mutating func readRecords(below root: String) {
    guard !records.isEmpty else { return }
    let versions = [candidate] + promises.filter { $0.name == candidate.name }
    let owners = PlacementOwners(
      versions: versions
        + revisions.filter { $0.promiseName == candidate.name }.map { candidate.with(spec: $0.promiseSpec) },
      promise: candidate.name, resources: requests.values.map(\.object))
    /// By file, for which resources it was written.
    var writers: [[String]: Set<String>] = [:]
    for record in records {
      let fitting = owners.owners(of: record.name)
      guard let owner = fitting.first else { continue }
      let names = Set(fitting.map(\.resource)).sorted()
      guard fitting.count == 1 else {
        for name in names {
          faults[name] = "by its name \(record.shown) is of any of \(names.joined(separator: ", "))"
        }
        continue
      }
      do throws(PlacementRecord.Failure) {
        guard let bytes = Self.bytes(record.file, below: root) else {
          throw PlacementRecord.Failure(reason: "\(record.shown) cannot be read")
        }
        for path in try record.paths(in: bytes) {
          guard let place = record.places(of: path).first(where: { files.contains($0.file) }),
            let contents = Self.bytes(place.file, below: root)
          else {
            throw PlacementRecord.Failure(
              reason: "\(record.shown) names \(path.joined(separator: "/")), which is not there")
          }
          let key = Outputs.Key(pipeline: owner.pipeline, path: place.belowDestination.joined(separator: "/"))
          outputs[owner.resource, default: Outputs()].files[key] = contents
          writers[place.file, default: []].insert(owner.resource)
        }
      } catch {
        faults[owner.resource] = error.reason
      }
    }
    recorded = Set(writers.keys)
    for (file, names) in writers.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) where names.count > 1 {
      let all = names.sorted().joined(separator: ", ")
      for name in names {
        faults[name] =
          "\(file.joined(separator: "/")) is written for each of \(all): whose content it has, nothing says"
      }
    }
  }

  /// Whether a file is a resource's own, in one of the other filepath modes.
  private func isOfOneResource(_ file: [String]) -> Bool {
    recorded.contains(file) || StoredFile(file, promise: candidate.name) != nil
  }

  mutating func readAggregates(below root: String) {
    for file in files.sorted(by: { $0.lexicographicallyPrecedes($1) })
    where AggregatedFile.isOne(file, destinations: destinations) && !isOfOneResource(file) {
      let shown = file.joined(separator: "/")
      guard let bytes = Self.bytes(file, below: root) else { continue }
      do {
        aggregates.append(try AggregatedFile(path: shown, bytes: bytes))
      } catch {
        unreadable.append(error.reason)
      }
    }
  }

  func snapshot(_ selection: FleetSelection) throws -> FleetSnapshot {
    let selector: LabelSelector
    do {
      selector = try LabelSelector(parsing: selection.labelSelector)
    } catch {
      throw FleetDirectoryError("--selector: \(error)")
    }
    let members = requests.values.map(\.object)
      .filter { object in
        selection.takes(object) && selector.matches(object.labels)
          && (selection.namespace == nil || selection.namespace == object.namespace)
      }
      .map { object in
        var member = FleetMember(
          resource: ResourceRequest(object), binding: bindings[object.qualifiedName], works: [])
        member.storedOutputs = outputs[object.qualifiedName]
        member.storedFault = faults[object.qualifiedName]
        return member
      }
    var fleet = FleetSnapshot(
      promise: promises.first { $0.name == candidate.name },
      revisions: revisions.filter { $0.promiseName == candidate.name },
      members: members.sorted { ($0.resource.namespace, $0.resource.name) < ($1.resource.namespace, $1.resource.name) },
      destinations: destinations, installedPromises: promises)
    fleet.isOffline = true
    fleet.isSelection = selection != FleetSelection()
    fleet.unreadable = unreadable
    fleet.aggregates = aggregates
    return fleet
  }
}
