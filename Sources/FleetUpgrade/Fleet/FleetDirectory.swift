import Foundation
import KratixModel
import Kubernetes

/// A fleet in a directory, such as a checkout of the Git repository that its requests are in.
///
/// Requests are the objects of the Promise's kind, wherever their files are. What Kratix has written for them is found
/// by the state store's layout `resources/NAMESPACE/PROMISE/NAME/PIPELINE/ID/FILE` (contract, section 8.1, mode
/// `nestedByMetadata`). Promises, revisions, bindings and destinations are taken where they are there.
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
        guard status.st_size <= Self.fileLimit, !excluded.contains(file) else { continue }
        read(file, relative: relative + [name], into: &contents)
      default: continue
      }
    }
  }

  private func read(_ file: String, relative: [String], into contents: inout Contents) {
    let stored = StoredFile(relative, promise: contents.candidate.name)
    guard stored != nil || Self.isManifest(file) else { return }
    guard let data = FileManager.default.contents(atPath: file) else {
      contents.unreadable.append("\(relative.joined(separator: "/")) cannot be read")
      return
    }
    let bytes = Array(data)
    if let stored {
      contents.outputs[stored.resource, default: Outputs()].files[stored.key] = bytes
    } else {
      contents.add(bytes, file: relative.joined(separator: "/"))
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

/// A file that Kratix wrote for a resource.
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
  private static func isGroupID(_ text: String) -> Bool {
    text.utf8.count == 5 && text.utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
  }
}

/// What was found.
private struct Contents {
  let candidate: Promise
  var outputs: [String: Outputs] = [:]
  var unreadable: [String] = []
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
    return fleet
  }
}
