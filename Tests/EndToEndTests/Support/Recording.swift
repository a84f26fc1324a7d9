import Foundation
import Kubernetes
import Testing

/// The objects of a moment that were read from a real API server with real Kratix (shared/recorded), as far as they do not
/// depend on clocks and chance.
struct Recording: Sendable {
  /// What an object says, by the JSONPath that reads it.
  typealias Facets = [String: String]

  var moment: String
  /// By KIND/NAME, chance characters masked.
  var objects: [String: Facets]

  /// Whose life was recorded.
  struct Subject: Sendable {
    var promise: String
    /// Of its requests.
    var kind: String
    var resource: String

    static let mongoDB = Subject(promise: "mongodb", kind: "MongoDB", resource: "mongodbs")
    static let queue = Subject(promise: "queue", kind: "Queue", resource: "queues")
    static let webApp = Subject(promise: "webapp", kind: "WebApp", resource: "webapps")
    static let stack = Subject(promise: "stack", kind: "Stack", resource: "stacks")
    static let cache = Subject(promise: "cache", kind: "Cache", resource: "caches")
    static let session = Subject(promise: "session", kind: "Session", resource: "sessions")

    func has(_ object: KubernetesObject) -> Bool {
      switch object.kind {
      case "Promise", "PromiseRelease": object.name == promise
      case "PromiseRevision", "ResourceBinding": object[path: "spec", "promiseRef", "name"]?.stringValue == promise
      case "Work", "WorkPlacement": object.labels["kratix.io/promise-name"] == promise
      default: object.kind == kind
      }
    }
  }

  /// The objects as they were read.
  var documents: [KubernetesObject]

  /// Of all scenarios.
  static let root = "\(Platform.root)/../shared/recorded"

  /// - Parameter moment: folder/file without its ending.
  init(_ moment: String, of subject: Subject = .mongoDB) throws {
    let path = "\(Self.root)/\(moment).yaml"
    let text = try String(contentsOfFile: path, encoding: .utf8)
    self.moment = moment
    documents = try YAML.documents(text).map { KubernetesObject($0) }
    objects = Self.facets(documents, of: subject)
  }

  /// What a person had applied to make the recorded Promise what it was.
  func promise(named name: String) throws -> String {
    let recorded = try #require(documents.first { $0.kind == "Promise" && $0.name == name }, "\(moment)")
    var object = KubernetesObject(apiVersion: recorded.apiVersion, kind: "Promise", name: name)
    object.labels = recorded.labels.filter { $0.key == "kratix.io/promise-version" }
    object.spec = recorded.spec
    return object.json.text()
  }

  static func facets(_ objects: [KubernetesObject], of subject: Subject) -> [String: Facets] {
    var found: [String: Facets] = [:]
    for object in objects where subject.has(object) {
      found["\(object.kind)/\(masked(object.name, of: object.kind))"] = facets(of: object)
    }
    return found
  }

  /// A Work's name ends with five characters of chance, which the names of its WorkPlacements have in them (contract,
  /// section 3.2).
  static func masked(_ name: String, of kind: String) -> String {
    switch kind {
    case "Work": name.replacing(#/-[0-9a-f]{5}$/#, with: "-*")
    case "WorkPlacement": name.replacing(#/-[0-9a-f]{5}\./#, with: "-*.")
    default: name
    }
  }

  static func facets(of object: KubernetesObject) -> Facets {
    var facets: Facets = [:]
    func add(_ path: String, _ value: JSON?) {
      guard let value, !value.isNull else { return }
      facets["{\(path)}"] = value.stringValue ?? value.text()
    }
    add(".metadata.generation", object[path: "metadata", "generation"])
    add(".metadata.finalizers", object[path: "metadata", "finalizers"])
    for (name, value) in object.labels {
      facets["{.metadata.labels.\(name.replacing(".", with: "\\."))}"] =
        name == "kratix.io/work" ? masked(value, of: "Work") : value
    }
    for owner in object[path: "metadata", "ownerReferences"]?.arrayValue ?? [] {
      let kind = owner["kind"]?.stringValue ?? ""
      let name = masked(owner["name"]?.stringValue ?? "", of: kind)
      add(".metadata.ownerReferences[?(@.kind==\"\(kind)\")].name", .string(name))
    }
    if object.kind == "ResourceBinding" { add(".spec.version", object.spec?["version"]) }
    if object.kind == "MongoDB" { add(".spec.majorVersion", object.spec?["majorVersion"]) }
    if object.kind == "Queue" { add(".spec.size", object.spec?["size"]) }
    for (index, pipeline) in (object.status?[path: "kratix", "workflows", "pipelines"]?.arrayValue ?? []).enumerated() {
      for member in ["name", "phase", "message"] {
        add(".status.kratix.workflows.pipelines[\(index)].\(member)", pipeline[member])
      }
    }
    for condition in object.status?["conditions"]?.arrayValue ?? [] {
      let type = condition["type"]?.stringValue ?? ""
      // Only a request that was looked at while its Promise was upgraded gets it: with a quick pipeline, not each.
      if type == "PromiseAvailable" { continue }
      for member in ["status", "reason"] {
        add(".status.conditions[?(@.type==\"\(type)\")].\(member)", condition[member])
      }
      let message = condition["message"]?.stringValue?.replacing(#/-[0-9a-f]{5}(?=[,\]])/#, with: "-*")
      add(".status.conditions[?(@.type==\"\(type)\")].message", message.map { .string($0) })
    }
    for member in ["requiredPromises", "requiredBy", "healthStatus"] {
      add(".status.\(member)", object.status?[member])
    }
    for (name, value) in object.status?.objectValue ?? [:] {
      switch (name, value) {
      case (_, .object), (_, .array): break
      case (let name, _) where name.hasSuffix("Time"): break
      case ("versionID", _): break
      // The pipeline's own words, which differ between its versions.
      case ("version", _) where object.kind == "MongoDB": break
      case ("message", _) where object.kind == "MongoDB" && value != "Pending": break
      default: add(".status.\(name)", value)
      }
    }
    return facets
  }
}
