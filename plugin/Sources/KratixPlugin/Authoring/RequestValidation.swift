import KratixModel
import Kubernetes

/// One resource request against a Promise's API, as the API server would take it.
struct RequestResult: Sendable, Hashable {
  var file: String
  /// Of the document in the file, from 0.
  var index: Int
  var name: String
  /// Why it would be refused: `spec.size: Required value`.
  var messages: [String]
  /// Fields that the API does not know: kubectl refuses them, other clients lose them.
  var pruned: [String] = []
  /// What the API server would fill in.
  var defaults: [(path: String, value: JSON)] = []

  var isValid: Bool { messages.isEmpty }

  static func == (left: RequestResult, right: RequestResult) -> Bool { left.json == right.json }
  func hash(into hasher: inout Hasher) { hasher.combine(json) }

  var json: JSON {
    [
      "file": .string(file), "index": JSON(index), "name": .string(name), "valid": .bool(isValid),
      "messages": JSON(messages), "pruned": JSON(pruned),
      "defaults": .array(defaults.map { ["path": .string($0.path), "value": $0.value] }),
    ]
  }
}

enum RequestValidation {
  /// - Parameter document: of the file, whatever it holds.
  static func result(_ document: JSON, index: Int, file: String, api: PromiseAPI) -> RequestResult {
    let object = KubernetesObject(document)
    var result = RequestResult(file: file, index: index, name: object.name, messages: [])
    guard case .object = document else {
      result.messages = ["the document is no object; a \(api.kind) is expected"]
      return result
    }
    let version = object.apiVersion.split(separator: "/").last.map(String.init) ?? ""
    let served = api.versions.filter { $0["served"]?.boolValue ?? false }
    guard object.kind == api.kind, object.apiVersion == "\(api.group)/\(version)",
      let schema = served.first(where: { $0["name"]?.stringValue == version })?[path: "schema", "openAPIV3Schema"]
    else {
      let names = served.compactMap { $0["name"]?.stringValue }.map { "\(api.group)/\($0)" }
      result.messages = [
        "no matches for kind \"\(object.kind)\" in version \"\(object.apiVersion)\"; the Promise serves \(api.kind) in "
          + names.joined(separator: ", ")
      ]
      return result
    }
    result.messages = nameMessages(object)
    // The status is Kratix's own (contract, section 4.2).
    var request = document
    request["status"] = nil
    let structural = StructuralSchema(json: schema)
    let pruned = structural.pruning(request)
    let defaulted = structural.applyingDefaults(to: pruned.value)
    result.messages += structural.validate(defaulted).map(\.description)
    result.pruned = pruned.removed
    result.defaults = additions(from: pruned.value, to: defaulted, at: "")
    return result
  }

  /// Kratix limits names to 63 characters (contract, section 4.2).
  private static func nameMessages(_ object: KubernetesObject) -> [String] {
    if object.name.isEmpty {
      return object.generateName?.isEmpty == false
        ? [] : ["metadata.name: Required value: name or generateName is required"]
    }
    var errors = NameRules.dns1123Subdomain(object.name).map {
      FieldError.invalid("metadata.name", .string(object.name), $0)
    }
    if object.name.utf8.count > 63 { errors.append(.tooLong("metadata.name", limit: 63)) }
    return errors.map(\.description)
  }

  private static func additions(from old: JSON, to new: JSON, at path: String) -> [(path: String, value: JSON)] {
    if let before = old.objectValue, let after = new.objectValue {
      return after.sorted { JSON.isOrderedByBytes($0.key, $1.key) }.flatMap { key, value in
        let place = path.isEmpty ? key : "\(path).\(key)"
        return before[key].map { additions(from: $0, to: value, at: place) } ?? [(place, value)]
      }
    }
    if let before = old.arrayValue, let after = new.arrayValue, before.count == after.count {
      return before.indices.flatMap { additions(from: before[$0], to: after[$0], at: "\(path)[\($0)]") }
    }
    return old == new ? [] : [(path, new)]
  }
}
