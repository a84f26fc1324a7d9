import Kubernetes

extension TableLayout {
  static let namespaces = TableLayout(
    columns: [.name, .text("Status", "Whether the namespace is in use or on its way out."), .age]
  ) { object, now in
    [.string(object.name), object[path: "status", "phase"] ?? "", TableCell.age(object, now)]
  }

  static let configMaps = TableLayout(
    columns: [.name, .text("Data", "How many entries there are."), .age]
  ) { object, now in
    let count = (object["data"]?.objectValue?.count ?? 0) + (object["binaryData"]?.objectValue?.count ?? 0)
    return [.string(object.name), JSON(count), TableCell.age(object, now)]
  }

  static let secrets = TableLayout(
    columns: [
      .name, .text("Type", "What the secret is for."), .text("Data", "How many entries there are."), .age,
    ]
  ) { object, now in
    [
      .string(object.name), object["type"] ?? "", JSON(object["data"]?.objectValue?.count ?? 0),
      TableCell.age(object, now),
    ]
  }

  /// Without the column of secrets, which went with Kubernetes 1.35.
  static let serviceAccounts = TableLayout(columns: [.name, .age]) { object, now in
    [.string(object.name), TableCell.age(object, now)]
  }

  static let leases = TableLayout(columns: [.name, .text("Holder", "Who holds the lease."), .age]) { object, now in
    [.string(object.name), object[path: "spec", "holderIdentity"] ?? "", TableCell.age(object, now)]
  }

  static let webhookConfigurations = TableLayout(
    columns: [.name, .text("Webhooks", "How many webhooks there are."), .age]
  ) { object, now in
    [.string(object.name), JSON(object["webhooks"]?.arrayValue?.count ?? 0), TableCell.age(object, now)]
  }

  static let roleBindings = TableLayout(
    columns: [
      .name,
      .text("Role", "The role that is given."),
      .age,
      .wide("Users", "The users that it is given to."),
      .wide("Groups", "The groups that it is given to."),
      .wide("ServiceAccounts", "The service accounts that it is given to."),
    ]
  ) { object, now in
    func subjects(_ kind: String) -> JSON {
      let names = (object["subjects"]?.arrayValue ?? []).filter { $0["kind"]?.stringValue == kind }.map { subject in
        let name = subject["name"]?.stringValue ?? ""
        return kind == "ServiceAccount" ? "\(subject["namespace"]?.stringValue ?? "")/\(name)" : name
      }
      return .string(names.joined(separator: ", "))
    }
    let role =
      "\(object[path: "roleRef", "kind"]?.stringValue ?? "")/\(object[path: "roleRef", "name"]?.stringValue ?? "")"
    return [
      .string(object.name), .string(role), TableCell.age(object, now), subjects("User"), subjects("Group"),
      subjects("ServiceAccount"),
    ]
  }

  /// Events of the core group and of `events.k8s.io`, which name the same things differently.
  static let events = TableLayout(
    columns: [
      .text("Last Seen", "When it happened the last time."),
      .text("Type", "Normal or Warning."),
      .text("Reason", "Why it happened, in one word."),
      .text("Object", "What it happened to."),
      .wide("Subobject", "The part of the object that it happened to."),
      .wide("Source", "Who reports it."),
      .text("Message", "What happened."),
      .wide("First Seen", "When it happened the first time."),
      .wide("Count", "How often it has happened."),
      TableColumn(name: "Name", format: "name", description: "The name of the event.", priority: 1),
    ]
  ) { event, now in
    func text(_ keys: String...) -> String {
      for key in keys {
        if let value = event[key]?.stringValue, !value.isEmpty { return value }
      }
      return ""
    }
    func age(_ value: String?) -> String? { value.map { HumanDuration.age($0, now: now) } }

    let regarding = event["involvedObject"] ?? event["regarding"] ?? .emptyObject
    let kind = (regarding["kind"]?.stringValue ?? "").lowercased()
    let name = regarding["name"]?.stringValue ?? ""
    let source = event["source"] ?? event["deprecatedSource"]
    let component = firstText(
      source?["component"]?.stringValue, text("reportingComponent", "reportingController"))
    let host = firstText(source?["host"]?.stringValue, event["reportingInstance"]?.stringValue)

    let first =
      age((event["firstTimestamp"] ?? event["deprecatedFirstTimestamp"])?.stringValue)
      ?? age(event["eventTime"]?.stringValue) ?? "<unknown>"
    var last = age((event["lastTimestamp"] ?? event["deprecatedLastTimestamp"])?.stringValue) ?? first
    var count = (event["count"] ?? event["deprecatedCount"])?.intValue ?? 0
    if let series = event["series"], !series.isNull {
      last = age(series["lastObservedTime"]?.stringValue) ?? "<unknown>"
      count = series["count"]?.intValue ?? 0
    } else if count == 0 {
      count = 1
    }
    return [
      .string(last), .string(text("type")), .string(text("reason")),
      .string(name.isEmpty ? kind : "\(kind)/\(name)"), regarding["fieldPath"] ?? "",
      .string(host.isEmpty ? component : "\(component), \(host)"),
      .string(trimmed(text("message", "note"))), .string(first), .int(count), .string(event.name),
    ]
  }

  private static func firstText(_ values: String?...) -> String {
    values.lazy.compactMap { $0 }.first { !$0.isEmpty } ?? ""
  }

  private static func trimmed(_ text: String) -> String {
    let start = text.drop(while: \.isWhitespace)
    guard let end = start.lastIndex(where: { !$0.isWhitespace }) else { return "" }
    return String(start[...end])
  }
}
