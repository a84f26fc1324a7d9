/// Field management as the API server does it: server-side apply with its conflicts, and the record of who wrote which
/// field by other requests (k8s.io/apimachinery, managedfields; structured-merge-diff, merge).
public enum ServerSideApply {
  /// Which parts of an object a request can write, by the kind's strategy.
  public enum Scope: Sendable, Hashable {
    case everything
    /// The main resource of a kind with a status subresource.
    case exceptStatus
    /// The status subresource.
    case statusOnly

    func covers(_ field: String) -> Bool {
      switch self {
      case .everything: true
      case .exceptStatus: field != "status"
      case .statusOnly: field != "spec" && field != "metadata"
      }
    }
  }

  /// One request, as far as field management cares.
  public struct Request: Sendable {
    /// `unknown` when the request names none.
    public var manager: String
    /// Empty for the main resource.
    public var subresource: String
    public var scope: Scope
    public var types: FieldTypes
    /// RFC 3339, whole seconds.
    public var time: String

    public init(manager: String, subresource: String = "", scope: Scope, types: FieldTypes, time: String) {
      self.manager = manager.isEmpty ? "unknown" : manager
      self.subresource = subresource
      self.scope = scope
      self.types = types
      self.time = time
    }
  }

  private static let lastApplied = "kubectl.kubernetes.io/last-applied-configuration"

  // MARK: Apply

  /// The object that applying a configuration makes of another, with `managedFields`.
  /// - Parameters:
  ///   - configuration: the fields that the manager wants, complete: what it applied before and leaves out now is
  ///     removed unless somebody else owns it.
  ///   - live: the stored object, or nil when apply creates it.
  ///   - force: take over fields that others own.
  /// - Throws: 409 with one cause for each conflict; 400 when the configuration makes no sense.
  public static func apply(
    _ configuration: KubernetesObject, to live: KubernetesObject?, force: Bool, _ request: Request
  ) throws(StatusError) -> KubernetesObject {
    let version = configuration.apiVersion
    if let live, live.apiVersion != version {
      throw .badRequest(
        "Incorrect version specified in apply patch. Specified patch version: \(version), expected: "
          + live.apiVersion)
    }
    if configuration.metadata["managedFields"].map({ !$0.isNull }) ?? false {
      throw .badRequest("metadata.managedFields must be nil")
    }
    if let problem = FieldWalk.problem(in: configuration.json, request.types.root) {
      throw StatusError(
        code: 500, reason: .internalError,
        message: "failed to create typed patch object (\(name(of: configuration))): \(problem)")
    }
    var managed = ManagedFields()
    if let live {
      guard let stored = ManagedFields(live.metadata["managedFields"]) else {
        throw StatusError(
          code: 500, reason: .internalError,
          message: "failed to decode managed fields: operation must be `Apply` or "
            + "`Update`")
      }
      managed = stored
    }
    var base = live ?? KubernetesObject(["apiVersion": .string(version), "kind": .string(configuration.kind)])
    base.json.set(nil, at: ["metadata", "managedFields"])
    if live != nil, managed.entries.isEmpty {
      // Fields from before anybody applied belong to nobody in particular.
      var before = request
      before.manager = "before-first-apply"
      before.subresource = ""
      let empty: JSON = ["apiVersion": .string(version), "kind": .string(configuration.kind)]
      track(new: base.json, old: empty, version: version, &managed, before)
    }
    var outcome: Outcome
    do throws(Conflicts) {
      outcome = try merged(configuration, base, managed, force: force, request)
    } catch {
      // kubectl may take over what its own client-side apply has written.
      guard request.manager == "kubectl" else { throw error.statusError }
      let own = fieldsOfLastApplied(base, request.types.root)
      let rest = error.list.filter { !own.contains($0.path[...]) }
      guard rest.isEmpty else { throw Conflicts(list: rest).statusError }
      do throws(Conflicts) {
        outcome = try merged(configuration, base, managed, force: true, request)
      } catch {
        throw error.statusError
      }
    }
    var result = KubernetesObject(outcome.object)
    if request.manager == "kubectl", result.annotations[lastApplied].map({ !$0.isEmpty }) ?? false {
      var own = configuration
      own.json.set(nil, at: ["metadata", "annotations", lastApplied])
      result.json.set(.string(own.json.text() + "\n"), at: ["metadata", "annotations", lastApplied])
    }
    result.json.set(outcome.managed.json, at: ["metadata", "managedFields"])
    return result
  }

  private struct Outcome {
    var object: JSON
    var managed: ManagedFields
  }

  private static func merged(
    _ configuration: KubernetesObject, _ base: KubernetesObject, _ stored: ManagedFields, force: Bool,
    _ request: Request
  ) throws(Conflicts) -> Outcome {
    let type = request.types.root
    let version = configuration.apiVersion
    var managed = stored
    let manager = ManagedFields.Manager(
      name: request.manager, isApply: true, apiVersion: "", subresource: request.subresource)
    let last = managed.entries[manager]
    let fields = FieldWalk.fields(of: configuration.json, type).removingTop { !request.scope.covers($0) }
    managed.entries[manager] = .init(fields: fields, apiVersion: version, time: last?.time)
    let wanted = visible(configuration.json, request.scope)
    var object = FieldWalk.merge(base.json, wanted, type) ?? wanted
    if let last, !last.fields.isEmpty {
      object = pruned(object, last: last.fields, managed: managed, type)
    }
    let isUnchanged = object == base.json
    try record(
      old: base.json, new: object, version: version, &managed, except: manager, force: force, request)
    strip(&managed, manager)
    if !isUnchanged { managed.entries[manager]?.time = request.time }
    return Outcome(object: object, managed: managed)
  }

  /// The parts of a configuration that the request can write. The null that Go's encoder writes for a time that is not
  /// set is none of them.
  private static func visible(_ json: JSON, _ scope: Scope) -> JSON {
    let always: Set<String> = ["apiVersion", "kind", "metadata"]
    var result = JSON.object((json.objectValue ?? [:]).filter { always.contains($0.key) || scope.covers($0.key) })
    if result["metadata"]?["creationTimestamp"]?.isNull ?? false {
      result.set(nil, at: ["metadata", "creationTimestamp"])
    }
    return result
  }

  /// Without what the manager applied last time, no longer applies, and nobody else owns.
  private static func pruned(
    _ merged: JSON, last: FieldSet, managed: ManagedFields, _ type: FieldType
  ) -> JSON {
    func closed(_ set: FieldSet) -> FieldSet { set.withRecordFields(type) }
    func without(_ set: FieldSet) -> JSON { FieldWalk.remove(set, from: merged, type) ?? .emptyObject }
    let owned = managed.entries.values.reduce(FieldSet()) { $0.union($1.fields) }
    let all = closed(FieldWalk.fields(of: merged, type))
    // What others own, or the manager still applies, comes back.
    var pruned = without(closed(last))
    pruned = without(all.subtracting(closed(FieldWalk.fields(of: pruned, type)).union(closed(owned))))
    // So does what the manager never applied.
    return without(all.subtracting(closed(FieldWalk.fields(of: pruned, type))).intersection(closed(last)))
  }

  private static func fieldsOfLastApplied(_ live: KubernetesObject, _ type: FieldType) -> FieldSet {
    guard let text = live.annotations[lastApplied], let json = try? JSON(parsing: text),
      json["apiVersion"]?.stringValue == live.apiVersion
    else { return FieldSet() }
    let comparison = FieldWalk.compare(json, live.json, type)
    return FieldWalk.fields(of: json, type)
      .subtracting(comparison.modified).subtracting(comparison.added).subtracting(comparison.removed)
  }

  // MARK: Other requests

  /// The object with `managedFields` that say what a create, an update or a patch other than apply has written.
  /// - Parameters:
  ///   - object: what is to be stored; what it says of managed fields itself counts where the main resource is written,
  ///     as long as it makes sense; an empty list starts anew.
  ///   - old: the stored object, nil for a create.
  public static func tracking(
    _ object: KubernetesObject, old: KubernetesObject?, _ request: Request
  ) -> KubernetesObject {
    let stored = ManagedFields(old?.metadata["managedFields"]) ?? ManagedFields()
    var managed = stored
    if request.subresource.isEmpty, let given = object.metadata["managedFields"], !given.isNull {
      let own = ManagedFields(given)
      if given == [] || given == [[:]] {
        managed = ManagedFields()
      } else if let own, !own.entries.isEmpty {
        managed = own
      }
    }
    var result = object
    result.json.set(nil, at: ["metadata", "managedFields"])
    // An object that is not tracked yet begins to be when somebody applies.
    guard !managed.entries.isEmpty || old == nil else { return result }
    var before = old?.json ?? ["apiVersion": .string(object.apiVersion), "kind": .string(object.kind)]
    before.set(nil, at: ["metadata", "managedFields"])
    track(new: result.json, old: before, version: object.apiVersion, &managed, request)
    managed.capUpdaters()
    result.json.set(managed.json, at: ["metadata", "managedFields"])
    return result
  }

  /// Gives what changed between two objects to the request's manager.
  private static func track(
    new: JSON, old: JSON, version: String, _ managed: inout ManagedFields, _ request: Request
  ) {
    let comparison = comparison(old, new, request)
    take(comparison.modified.union(comparison.added).union(comparison.removed), from: &managed)
    let manager = ManagedFields.Manager(
      name: request.manager, isApply: false, apiVersion: version, subresource: request.subresource)
    let written = comparison.modified.union(comparison.added).subtracting(stripped)
    guard !written.isEmpty else { return }
    let previous = managed.entries[manager]?.fields ?? FieldSet()
    managed.entries[manager] = .init(fields: previous.union(written), apiVersion: version, time: request.time)
  }

  private static func comparison(_ old: JSON, _ new: JSON, _ request: Request) -> FieldWalk.Comparison {
    var comparison = FieldWalk.compare(old, new, request.types.root)
    func inScope(_ set: FieldSet) -> FieldSet { set.removingTop { !request.scope.covers($0) } }
    comparison.added = inScope(comparison.added)
    comparison.modified = inScope(comparison.modified)
    comparison.removed = inScope(comparison.removed)
    return comparison
  }

  /// Takes fields from every entry; entries without fields go.
  private static func take(
    _ fields: FieldSet, from managed: inout ManagedFields, except owner: ManagedFields.Manager? = nil
  ) {
    for (manager, entry) in managed.entries where manager != owner {
      let rest = entry.fields.subtracting(fields)
      if rest.isEmpty { managed.entries[manager] = nil } else { managed.entries[manager]?.fields = rest }
    }
  }

  /// Finds the conflicts of an apply, and takes the fields from their owners when it is forced.
  private static func record(
    old: JSON, new: JSON, version: String, _ managed: inout ManagedFields, except owner: ManagedFields.Manager,
    force: Bool, _ request: Request
  ) throws(Conflicts) {
    let comparison = comparison(old, new, request)
    let changed = comparison.modified.union(comparison.added)
    var conflicts: [Conflicts.Conflict] = []
    for (manager, entry) in managed.entries where manager != owner {
      conflicts += entry.fields.intersection(changed).paths.map { Conflicts.Conflict(manager: manager, path: $0) }
    }
    if !force, !conflicts.isEmpty { throw Conflicts(list: conflicts) }
    take(changed.union(comparison.removed), from: &managed, except: owner)
  }

  /// What no manager owns: the server's own fields, and the object's name.
  private static let stripped: FieldSet = {
    var set = FieldSet()
    for name in ["apiVersion", "kind", "metadata"] { set.insert([.field(name)]) }
    for name in [
      "name", "namespace", "creationTimestamp", "selfLink", "uid", "clusterName", "generation", "managedFields",
      "resourceVersion",
    ] { set.insert([.field("metadata"), .field(name)]) }
    return set
  }()

  private static func strip(_ managed: inout ManagedFields, _ manager: ManagedFields.Manager) {
    guard let fields = managed.entries[manager]?.fields.subtracting(stripped) else { return }
    if fields.isEmpty { managed.entries[manager] = nil } else { managed.entries[manager]?.fields = fields }
  }

  private static func name(of object: KubernetesObject) -> String {
    "\(object.namespace ?? "")/\(object.name); \(object.groupVersionKind)"
  }
}

/// Fields that an apply would change and others own.
struct Conflicts: Error {
  struct Conflict: Sendable {
    let manager: ManagedFields.Manager
    let path: [FieldStep]

    var field: String { path.map(\.text).joined() }
  }

  let list: [Conflict]

  init(list: [Conflict]) {
    self.list = list.stableSorted { ManagedFields.text(of: $0.manager) + " " + $0.field }
  }

  /// 409, with the server's words.
  var statusError: StatusError {
    let message: String
    if list.count == 1 {
      let text = ManagedFields.text(of: list[0].manager)
      message = "Apply failed with 1 conflict: conflict with \(text): \(list[0].field)"
    } else {
      var lines: [String] = []
      var last: ManagedFields.Manager?
      for conflict in list {
        if conflict.manager != last { lines.append("conflicts with \(ManagedFields.text(of: conflict.manager)):") }
        lines.append("- \(conflict.field)")
        last = conflict.manager
      }
      message = "Apply failed with \(list.count) conflicts: \(lines.joined(separator: "\n"))"
    }
    return StatusError(
      code: 409, reason: .conflict, message: message,
      causes: list.map {
        StatusError.Cause(
          reason: "FieldManagerConflict", message: "conflict with \(ManagedFields.text(of: $0.manager))",
          field: $0.field)
      })
  }
}
