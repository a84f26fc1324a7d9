/// Who owns which fields of an object: `metadata.managedFields`.
struct ManagedFields: Sendable {
  /// What makes an entry another one: appliers have one entry each, updaters one for each version.
  struct Manager: Hashable, Sendable {
    var name: String
    var isApply: Bool
    /// Empty for appliers.
    var apiVersion: String
    var subresource: String
  }

  struct Entry: Sendable {
    var fields: FieldSet
    var apiVersion: String
    var time: String?
  }

  var entries: [Manager: Entry] = [:]

  init() {}

  /// nil when an entry makes no sense.
  init?(_ json: JSON?) {
    for entry in json?.arrayValue ?? [] {
      guard let operation = entry["operation"]?.stringValue, operation == "Apply" || operation == "Update",
        let version = entry["apiVersion"]?.stringValue, !version.isEmpty, entry["fieldsType"] == "FieldsV1"
      else { return nil }
      let manager = Manager(
        name: entry["manager"]?.stringValue ?? "", isApply: operation == "Apply",
        apiVersion: operation == "Apply" ? "" : version, subresource: entry["subresource"]?.stringValue ?? "")
      entries[manager] = Entry(
        fields: FieldSet(fieldsV1: entry["fieldsV1"] ?? [:]), apiVersion: version, time: entry["time"]?.stringValue)
    }
  }

  /// The entries in the server's order: appliers first, then by time and name. nil when there are none.
  var json: JSON? {
    guard !entries.isEmpty else { return nil }
    let sorted = entries.sorted { left, right in
      if left.key.isApply != right.key.isApply { return left.key.isApply }
      let times = [left.value.time ?? "", right.value.time ?? ""]
      if times[0] != times[1] { return times[0] < times[1] }
      let a = [left.key.name, left.value.apiVersion, left.key.subresource]
      let b = [right.key.name, right.value.apiVersion, right.key.subresource]
      return a.lexicographicallyPrecedes(b)
    }
    return .array(
      sorted.map { manager, entry in
        var json: JSON = [
          "apiVersion": .string(entry.apiVersion), "fieldsType": "FieldsV1", "fieldsV1": entry.fields.fieldsV1,
          "manager": .string(manager.name), "operation": manager.isApply ? "Apply" : "Update",
        ]
        if let time = entry.time { json["time"] = .string(time) }
        if !manager.subresource.isEmpty { json["subresource"] = .string(manager.subresource) }
        return json
      })
  }

  /// How messages name a manager.
  static func text(of manager: Manager) -> String {
    var text = GoText.quoted(manager.name)
    if !manager.subresource.isEmpty { text += " with subresource \(GoText.quoted(manager.subresource))" }
    if !manager.isApply { text += " using \(manager.apiVersion)" }
    return text
  }

  /// How many updaters an object has at most; older ones are counted together.
  private static let maximumUpdaters = 10

  /// Folds the oldest updaters of a version into one entry until there are few enough.
  mutating func capUpdaters() {
    var updaters = entries.filter { !$0.key.isApply }.sorted { left, right in
      let times = [left.value.time ?? "", right.value.time ?? ""]
      return times[0] == times[1] ? left.key.name < right.key.name : times[0] < times[1]
    }.map(\.key)[...]
    var count = updaters.count
    var first: [String: Manager] = [:]
    while count > Self.maximumUpdaters, let manager = updaters.popFirst() {
      guard let entry = entries[manager] else { continue }
      guard let oldest = first[entry.apiVersion] else {
        first[entry.apiVersion] = manager
        continue
      }
      let bucket = Manager(
        name: "ancient-changes", isApply: false, apiVersion: entry.apiVersion, subresource: "")
      let base = entries[bucket] ?? entries.removeValue(forKey: oldest)
      entries[manager] = nil
      entries[bucket] = Entry(
        fields: base.map { $0.fields.union(entry.fields) } ?? entry.fields, apiVersion: entry.apiVersion,
        time: entry.time)
      count -= 1
    }
  }
}
