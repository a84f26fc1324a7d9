import Foundation
import Kubernetes
import Testing

/// The objects of a moment that were read from a real API server with real Kratix (shared/recorded), as far as they do not
/// depend on clocks and chance.
struct Recording: Sendable {
  /// What an object says, by the JSONPath that reads it.
  typealias Facets = [String: String]

  var moment: String
  /// By KIND/NAME.
  var objects: [String: Facets]

  /// Whose life was recorded.
  struct Subject: Sendable {
    var promise: String
    /// Of its requests.
    var kind: String
    var resource: String

    static let mongoDB = Subject(promise: "mongodb", kind: "MongoDB", resource: "mongodbs")
    static let queue = Subject(promise: "queue", kind: "Queue", resource: "queues")

    func has(_ object: KubernetesObject) -> Bool {
      switch object.kind {
      case "Promise": object.name == promise
      case "PromiseRevision", "ResourceBinding": object[path: "spec", "promiseRef", "name"]?.stringValue == promise
      default: object.kind == kind
      }
    }
  }

  /// The objects as they were read.
  var documents: [KubernetesObject]

  /// - Parameter moment: folder/file without its ending.
  init(_ moment: String, of subject: Subject = .mongoDB) throws {
    let path = "\(Platform.root)/../shared/recorded/\(moment).yaml"
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

  /// What is served now.
  static func live(_ platform: Platform, of subject: Subject) async throws -> [String: Facets] {
    let list = try await platform.kubectl(
      "get", "promises,promiserevisions,resourcebindings,\(subject.resource)", "-n", "default", "-o", "json"
    ).succeeded()
    let items = try JSON(parsing: list.output)["items"]?.arrayValue ?? []
    return facets(items.map { KubernetesObject($0) }, of: subject)
  }

  private static func facets(_ objects: [KubernetesObject], of subject: Subject) -> [String: Facets] {
    var found: [String: Facets] = [:]
    for object in objects where subject.has(object) {
      found["\(object.kind)/\(object.name)"] = facets(of: object)
    }
    return found
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
      facets["{.metadata.labels.\(name.replacing(".", with: "\\."))}"] = value
    }
    for owner in object[path: "metadata", "ownerReferences"]?.arrayValue ?? [] {
      add(".metadata.ownerReferences[?(@.kind==\"\(owner["kind"]?.stringValue ?? "")\")].name", owner["name"])
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
      for member in ["status", "reason", "message"] {
        add(".status.conditions[?(@.type==\"\(type)\")].\(member)", condition[member])
      }
    }
    for (name, value) in object.status?.objectValue ?? [:] {
      switch (name, value) {
      case (_, .object), (_, .array): break
      case (let name, _) where name.hasSuffix("Time"): break
      // The pipeline's own words, which differ between its versions.
      case ("version", _) where object.kind == "MongoDB": break
      case ("message", _) where object.kind == "MongoDB" && value != "Pending": break
      default: add(".status.\(name)", value)
      }
    }
    return facets
  }
}

extension Platform {
  /// Waits until everything that was recorded is served, then compares the whole.
  /// - Parameters:
  ///   - except: paths that are not compared, by KIND/NAME.
  ///   - without: objects that are not compared, as KIND/NAME.
  func matches(
    _ moment: String, of subject: Recording.Subject = .mongoDB, except: [String: [String]] = [:],
    without: Set<String> = [], sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    var recording = try Recording(moment, of: subject)
    recording.objects = recording.objects.filter { !without.contains($0.key) }
    func look() async throws -> [String: Recording.Facets] {
      try await Recording.live(self, of: subject).filter { !without.contains($0.key) }
    }
    var live = try await look()
    func wanted(_ name: String) -> Recording.Facets {
      (recording.objects[name] ?? [:]).filter { !(except[name] ?? []).contains($0.key) }
    }
    func allowed(_ name: String) -> Set<String> {
      Set((recording.objects[name] ?? [:]).keys).union(except[name] ?? [])
    }
    // Each turn waits for one thing: first for what is recorded and not yet served, then for what is served and was not
    // recorded to be gone. A wait that fails is the difference.
    while true {
      let names = recording.objects.keys.sorted()
      let missing = names.lazy.compactMap { name in
        live[name].flatMap { now in
          wanted(name).filter { $0.value != now[$0.key] }.min { $0.key < $1.key }.map { (name, $0.key, $0.value) }
        }
      }
      if let (name, path, value) = missing.first {
        try await wait(
          name.lowercased(), for: "jsonpath=\(path)=\(value)", seconds: 60, sourceLocation: sourceLocation)
      } else if let name = names.first(where: { name in
        live[name].map { !Set($0.keys).isSubset(of: allowed(name)) } ?? false
      }) {
        let allowed = allowed(name)
        try await watch(name.lowercased(), sourceLocation: sourceLocation) {
          Set(Recording.facets(of: $0).keys).isSubset(of: allowed)
        }
      } else {
        break
      }
      live = try await look()
    }
    #expect(Set(live.keys) == Set(recording.objects.keys), "\(moment)", sourceLocation: sourceLocation)
    for name in recording.objects.keys.sorted() {
      let now = (live[name] ?? [:]).filter { !(except[name] ?? []).contains($0.key) }
      #expect(now == wanted(name), "\(moment): \(name)", sourceLocation: sourceLocation)
    }
  }
}
